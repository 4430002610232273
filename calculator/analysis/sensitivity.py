"""What would have to be true for joining to pay: break-even of one input, and every range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator.analysis.draws import UncertainInput, uncertain_inputs
from calculator.assumptions import Register
from calculator.decision import decide, evaluate
from calculator.errors import InputError
from calculator.model.arrays import MONTHS, Array, array, sign_changes, straight_root
from calculator.scenario import PlanScenario, Scenario, under

# Each round divides the bracket by this; three rounds place a root within 1/27,000 of the range.
GRID, ROUNDS = 31, 3
# Halvings that place the end of what a run allows.
HALVINGS = 16
PART_C = "plan.part_c_coding"
NET_PRICE = "terms.guaranteed_net_price"


def worth(
    scenario: Scenario, cases: Mapping[str, Array], resolution: str = "full"
) -> tuple[Array, Array]:
    """Value of joining by case, USD in total and PMPM, (C,) each; every case a world of its own."""
    count = max((len(values) for values in cases.values()), default=1)
    result = evaluate(scenario, cases, resolution).result
    total = result.value.sum(axis=1)
    # An input that moves nothing leaves one case for all; members may be the same in all cases.
    months = np.broadcast_to(result.member_months, result.value.shape).sum(axis=1)
    return (
        array(np.broadcast_to(total, (count,))),
        array(np.broadcast_to(total / months, (count,))),
    )


def value_pmpm(scenario: Scenario, path: str, values: Array, resolution: str = "full") -> Array:
    """Value of joining, USD PMPM, at each of `values` of one numeric path, (C,)."""
    return worth(scenario, cases_of(scenario, {path: values}), resolution)[1]


def cases_of(scenario: Scenario, moved: Mapping[str, Array]) -> dict[str, Array]:
    """Cases in which some paths move; shares that must sum to 1 give way in proportion.

    path -> (C,), of one length. A share of the mix of 1 leaves nothing to the others.
    """
    register = scenario.register()
    cases = {path: array(values) for path, values in moved.items()}
    for path, values in moved.items():
        others = _together(register, path)
        if others & set(moved):
            raise InputError(path, "one share of a whole: the others give way", min(others))
        left = 1.0 - float(register.number(path)[0]) if others else 0.0
        for other in others:
            part = float(register.number(other)[0]) / left if left else 1.0 / len(others)
            cases[other] = array((1.0 - array(values)) * part)
    return cases


def _together(register: Register, path: str) -> set[str]:
    """The other shares of a whole that must sum to 1; those without a number are not in it."""
    whole: set[str] = set()
    if path.startswith("therapy.mix."):
        whole = {one for one in register.entries if under(one, "therapy.mix")}
    if path.startswith("groups.") and path.endswith(".share"):
        shares = {one for one in register.entries if one.startswith("groups.")}
        whole = {one for one in shares if one.endswith(".share")}
        whole = {one for one in whole if not np.isnan(own_value(register, one))}
        if path not in whole:
            allowed = "a share that the scenario gives, as it does for every included group"
            raise InputError(path, allowed, "none")
    return whole - {path}


def varied(scenario: Scenario, path: str) -> Scenario:
    """The scenario with an entry at the path's date, if it is a new one; InputError if unknown.

    A lever may change on any date; until it does, the value in force holds.
    """
    register = scenario.register()
    if path not in register.entries and path in scenario.paths():
        raise InputError(path, "a path with a number", "one with a word, a date or none")
    entry, day = register.locate(path)
    register.bounds(path)
    if day is None or day in register.entries[entry].values:
        return scenario
    now = float(register.number(entry, day)[0])
    return scenario.with_settings({path: None if np.isnan(now) else now})


def own_value(register: Register, path: str) -> float:
    """The value of a path in the scenario (at its last date without one); nan for none."""
    entry, day = register.locate(path)
    return float(register.number(entry, day)[0])


def range_to_try(
    scenario: Scenario,
    path: str,
    low: float | None,
    high: float | None,
    default: tuple[float, float] | None = None,
    *,
    narrow: bool = False,
) -> tuple[float, float]:
    """The range to try: as given, else `default`, else the bounds.

    narrow: of the bounds, as far as a run allows. An InputError for a range outside the bounds or
    without width.
    """
    register = scenario.register()
    floor, ceiling = register.bounds(path)
    own = own_value(register, path)
    found = []
    for given, usual, bound in zip(
        (low, high), default or (None, None), (floor, ceiling), strict=True
    ):
        end = usual if given is None else given
        if end is None:
            end = _as_far_as_it_runs(scenario, path, own, bound) if narrow else bound
        found.append(end)
    if not floor <= found[0] < found[1] <= ceiling:
        allowed = f"a range, low before high, inside {floor:,.12g} to {ceiling:,.12g}"
        raise InputError(path, allowed, " to ".join(f"{end:,.12g}" for end in found))
    return found[0], found[1]


def _as_far_as_it_runs(scenario: Scenario, path: str, own: float, bound: float) -> float:
    """The bound, or how far from the own value towards it a run takes its inputs."""

    def runs(value: float) -> bool:
        try:
            worth(scenario, cases_of(scenario, {path: np.array([value])}), "workbook")
        except InputError:
            return False
        return True

    if np.isnan(own) or runs(bound):
        return bound
    inside, outside = own, bound
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2.0
        inside, outside = (middle, outside) if runs(middle) else (inside, middle)
    return inside


# ------------------------------------------------------------------------------------ break-even


@dataclass(frozen=True)
class Breakeven:
    """Where value crosses 0 along one input, the crossing nearest to the input's own value."""

    path: str
    low: float
    high: float
    root: float | None  # None: value does not change sign in the range
    value_at_low: float  # USD PMPM
    value_at_high: float
    read: bool = True  # False: the run does not use this input, so nothing could move


def breakeven(
    scenario: Scenario,
    path: str,
    low: float | None = None,
    high: float | None = None,
    resolution: str = "full",
) -> Breakeven:
    """The value of `path` at which joining is worth nothing, within its bounds or low to high."""
    scenario = varied(scenario, path)
    register = scenario.register()
    asked = low, high
    low, high = range_to_try(scenario, path, *asked)
    grid = np.linspace(low, high, GRID)
    try:
        values = value_pmpm(scenario, path, grid, resolution)
    except InputError:
        # Bounds are of one input; together with the others less may be possible.
        low, high = range_to_try(scenario, path, *asked, narrow=True)
        grid = np.linspace(low, high, GRID)
        values = value_pmpm(scenario, path, grid, resolution)
    ends = float(values[0]), float(values[-1])
    crossing = sign_changes(values)
    if len(crossing) == 0:
        # With nothing that moves, whether the run reads the path at all is the answer.
        still = bool(np.ptp(values) == 0.0)
        return Breakeven(path, low, high, None, *ends, read=not still or _reads(scenario, path))
    now = own_value(register, path)
    now = grid[0] if np.isnan(now) else now
    first = int(crossing[np.argmin(np.abs(grid[crossing] - now))])
    for _ in range(ROUNDS - 1):
        grid = np.linspace(grid[first], grid[first + 1], GRID)
        values = value_pmpm(scenario, path, grid, resolution)
        first = int(sign_changes(values)[0])
    return Breakeven(path, low, high, straight_root(grid, values, first), *ends)


def _reads(scenario: Scenario, path: str) -> bool:
    register = evaluate(scenario, resolution="workbook").register
    return register.locate(path)[0] in register.read


PRICED = "assumptions.payment.priced_share"
COUNTED = "terms.net_includes_discount"


@dataclass(frozen=True)
class Alternatives:
    """Value PMPM under readings that no source settles, beside the one chosen."""

    priced: dict[float, float]  # share of the cost put into the bid -> USD PMPM
    discount_counted: dict[bool, float]  # counts towards the net price -> USD PMPM


def alternatives(scenario: PlanScenario, resolution: str = "full") -> Alternatives:
    """Value with none, the chosen share and all of the cost in the bid; discount counted or not."""
    chosen = float(scenario.register().number(PRICED)[0])
    shares = sorted({0.0, chosen, 1.0})
    values = value_pmpm(scenario, PRICED, np.array(shares), resolution)
    counted = {
        flag: decide(scenario.with_settings({COUNTED: flag}), resolution=resolution).value.pmpm
        for flag in (True, False)
    }
    return Alternatives(dict(zip(shares, map(float, values), strict=True)), counted)


# --------------------------------------------------------------------------------------- tornado


@dataclass(frozen=True)
class Bar:
    """What joining is worth at both ends of one input's own range, all else as in the scenario."""

    path: str
    label: str
    unit: str
    status: str
    own: float  # the input's value in the scenario, and the ends of its range
    low: float
    high: float
    total_at_low: float  # USD
    total_at_high: float
    pmpm_at_low: float
    pmpm_at_high: float
    moved: tuple[str, ...]  # every path that moves: its dates, and what moves with it

    @property
    def width(self) -> float:
        """How far it moves the answer, USD PMPM."""
        return abs(self.pmpm_at_high - self.pmpm_at_low)

    def turns(self, central: float) -> bool:
        """Whether an end has another sign than the scenario's own total, USD."""
        return any(
            (end > 0.0) != (central > 0.0) for end in (self.total_at_low, self.total_at_high)
        )


@dataclass(frozen=True)
class Unranged:
    """A lever with no published number, and so with no range to move it over."""

    path: str
    label: str
    unit: str
    value: float  # what the run takes


@dataclass(frozen=True)
class Tornado:
    """Every uncertain input over its own range, the widest first."""

    total: float
    pmpm: float
    bars: tuple[Bar, ...]
    without_range: tuple[Unranged, ...]


def tornado(
    scenario: Scenario,
    resolution: str = "full",
    progress: Callable[[int, int], None] | None = None,
) -> Tornado:
    """Value of joining at both ends of every range that a run reads, all dates of it together.

    The ends of beta and lognormal ranges are those of the 95% interval. Each end is a run of its
    own, known when the bid is filed. Part C coding of a Medicare Advantage plan is always among
    them: no range was published, so it is moved by a year's drug at the guaranteed net price.
    """
    total, pmpm = worth(scenario, {}, resolution)
    register = evaluate(scenario, resolution=resolution).register
    inputs = uncertain_inputs(scenario)
    bars = []
    for done, one in enumerate(inputs, start=1):
        bars.append(_bar(scenario, one, resolution))
        if progress:
            progress(done, len(inputs))
    if isinstance(scenario, PlanScenario) and scenario.plan.type in ("mapd", "dsnp"):
        bars.append(_coding(scenario, resolution))
    bars.sort(key=lambda bar: -bar.width)
    return Tornado(float(total[0]), float(pmpm[0]), tuple(bars), _unranged(register))


def _bar(scenario: Scenario, one: UncertainInput, resolution: str) -> Bar:
    ends = {
        path: array(np.clip([spread.low, spread.high], *limits))
        for (path, _, spread), limits in zip(one.parts, one.limits, strict=True)
    }
    return _moved(scenario, one.path, one.status, ends, resolution)


def _coding(scenario: PlanScenario, resolution: str) -> Bar:
    """Part C coding, up and down by what a treated member's drug costs in a year."""
    register = scenario.register()
    fills = MONTHS * own_value(register, "assumptions.persistence.fills_per_month")
    price, own = own_value(register, NET_PRICE), own_value(register, PART_C)
    floor, ceiling = register.bounds(PART_C)
    step = ceiling if np.isnan(price) else price * fills
    ends = array(np.clip([own - step, own + step], floor, ceiling))
    return _moved(scenario, PART_C, "assumed", {PART_C: ends}, resolution)


def _moved(
    scenario: Scenario, path: str, status: str, ends: Mapping[str, Array], resolution: str
) -> Bar:
    """The bar of one input; the first of the paths that move is the one shown."""
    register = scenario.register()
    entry, first = register.entries[path], next(iter(ends))
    totals, pmpm = worth(scenario, ends, resolution)
    return Bar(
        path=path,
        label=entry.label,
        unit=entry.unit,
        status=status,
        own=own_value(register, first),
        low=float(ends[first][0]),
        high=float(ends[first][1]),
        total_at_low=float(totals[0]),
        total_at_high=float(totals[1]),
        pmpm_at_low=float(pmpm[0]),
        pmpm_at_high=float(pmpm[1]),
        moved=tuple(ends),
    )


def _unranged(register: Register) -> tuple[Unranged, ...]:
    found = []
    for path, entry in register.entries.items():
        last = entry.values[max(entry.values)]
        known = entry.kind != "number" or last.status != "not_published"
        if path.startswith("terms.") and path in register.read and not known:
            found.append(Unranged(path, entry.label, entry.unit, own_value(register, path)))
    return tuple(found)


def tornado_dict(found: Tornado) -> dict[str, Any]:
    """Plain data, unrounded."""
    return {
        "value": {"total": found.total, "pmpm": found.pmpm},
        "inputs": [
            {
                **vars(bar),
                "own": none_if_nan(bar.own),
                "moved": list(bar.moved),
                "turns": bar.turns(found.total),
            }
            for bar in found.bars
        ],
        "without_range": [
            {**vars(one), "value": none_if_nan(one.value)} for one in found.without_range
        ],
    }


def none_if_nan(value: float) -> float | None:
    """A number for plain data: nan is none."""
    return None if np.isnan(value) else value
