"""What would have to be true for joining to pay: break-even of one input, and every range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calculator.analysis.draws import UncertainInput, uncertain_inputs
from calculator.analysis.moved import (
    Beside,
    by_date,
    cases_of,
    linked,
    none_if_nan,
    own_value,
    range_to_try,
    unit_of,
    value_pmpm,
    varied,
    worth,
)
from calculator.assumptions import Register
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.model.arrays import MONTHS, Array, array, sign_changes, straight_root
from calculator.result import Progress
from calculator.scenario import PlanScenario, Scenario, under

__all__ = [
    "Alternatives",
    "Bar",
    "Breakeven",
    "Tornado",
    "Unranged",
    "alternatives",
    "breakeven",
    "breakeven_dict",
    "cases_of",
    "dated_dict",
    "none_if_nan",
    "own_value",
    "range_to_try",
    "tornado",
    "tornado_dict",
    "value_pmpm",
    "varied",
    "worth",
]

# A grid over the range, and how wide a bracket around a root may be, as a share of the range.
GRID, NARROW = 31, 1.0 / 27_000.0
PART_C = "plan.part_c_coding"
NET_PRICE = "terms.guaranteed_net_price"
SAME = 1e-12  # relative: what adding in another order may do to a value


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
    crossings: int = 0  # how often the value changes sign in the range
    pays_below: bool = False  # of the root: joining pays just below it, and not just above
    moved: tuple[str, ...] = ()  # every path that moves: this one, and shares that give way
    linked: tuple[
        str, ...
    ] = ()  # entries that ranges move together with this one, left as they are
    by_date: Mapping[dt.date, float] = field(default_factory=dict)  # the scenario's own values

    @property
    def still(self) -> bool:
        """Whether joining is worth the same at both ends, and nowhere in between nothing."""
        size = max(abs(self.value_at_low), abs(self.value_at_high))
        return self.root is None and abs(self.value_at_high - self.value_at_low) <= SAME * size


def breakeven(
    scenario: Scenario,
    path: str,
    low: float | None = None,
    high: float | None = None,
    resolution: str = "full",
    beside: Beside | None = None,
) -> Breakeven:
    """The value of `path` at which joining is worth nothing, within its bounds or low to high.

    beside: a run of the scenario itself, from which what the path does not move is taken.
    """

    def at(values: Array) -> Array:
        return value_pmpm(scenario, path, values, resolution, beside)

    scenario = varied(scenario, path)
    asked = low, high
    low, high = range_to_try(scenario, path, *asked)
    grid = np.linspace(low, high, GRID)
    try:
        values = at(grid)
    except InputError:
        # Bounds are of one input; together with the others less may be possible.
        low, high = range_to_try(scenario, path, *asked, narrow=True)
        grid = np.linspace(low, high, GRID)
        values = at(grid)
    own = by_date(scenario, path)
    said: dict[str, Any] = {
        "moved": tuple(cases_of(scenario, {path: grid[:1]})),
        "linked": linked(scenario, path),
        "by_date": own,
    }
    ends = float(values[0]), float(values[-1])
    crossing = sign_changes(values)
    if len(crossing) == 0:
        found = Breakeven(path, low, high, None, *ends, **said)
        # With nothing that moves, whether the run reads the path at all is the answer.
        return replace(found, read=not found.still or _reads(scenario, path))
    now = next(iter(own.values()))
    now = grid[0] if np.isnan(now) else now
    count = len(crossing)
    first = int(crossing[np.argmin(np.abs(grid[crossing] - now))])
    widest = NARROW * (high - low)
    while grid[first + 1] - grid[first] > 1.001 * widest:
        grid = _finer(grid, values, first, widest)
        values = at(grid)
        first = int(sign_changes(values)[0])
    return Breakeven(
        *(path, low, high, straight_root(grid, values, first), *ends),
        crossings=count,
        pays_below=bool(values[first] > values[first + 1]),
        **said,
    )


def _finer(grid: Array, values: Array, left: int, widest: float) -> Array:
    """A grid between two points, dense where a straight line between their values is 0.

    Value is mostly straight from one point to the next, and then the root lies there.
    """
    low, high = grid[left], grid[left + 1]
    near = straight_root(grid, values, left) + widest * np.array([-0.5, 0.5])
    return np.unique(np.concatenate([np.linspace(low, high, GRID), np.clip(near, low, high)]))


def breakeven_dict(found: Breakeven, register: Register) -> dict[str, Any]:
    """Plain data, unrounded; `own` is the value in force when the model begins."""
    entry = register.entries[register.locate(found.path)[0]]
    own = dated_dict(found.by_date)
    return {
        **vars(found),
        "moved": list(found.moved),
        "linked": list(found.linked),
        "by_date": own,
        "still": found.still,
        "label": entry.label,
        "unit": unit_of(register, found.path),
        "own": next(iter(own.values())),
    }


def dated_dict(values: Mapping[dt.date, float]) -> dict[str, float | None]:
    """Values by date as plain data."""
    return {day.isoformat(): none_if_nan(value) for day, value in values.items()}


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


def alternatives(
    scenario: PlanScenario, resolution: str = "full", beside: Beside | None = None
) -> Alternatives:
    """Value with none, the chosen share and all of the cost in the bid; discount counted or not.

    beside: a run of the scenario itself.
    """
    register = scenario.register()
    chosen, now = float(register.number(PRICED)[0]), register.flag(COUNTED)
    shares = sorted({0.0, chosen, 1.0})
    values = value_pmpm(scenario, PRICED, np.array(shares), resolution, beside)
    priced = dict(zip(shares, map(float, values), strict=True))
    _, other = worth(scenario.with_settings({COUNTED: not now}), {}, resolution, beside)
    counted = {now: priced[chosen], not now: float(other[0])}
    return Alternatives(priced, {flag: counted[flag] for flag in (True, False)})


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
    # Every path that moves, its dates and what moves with it: own value, low and high.
    ends: Mapping[str, tuple[float, float, float]]

    @property
    def moved(self) -> tuple[str, ...]:
        """Every path that moves."""
        return tuple(self.ends)

    def dates(self) -> list[tuple[float, float, float]]:
        """Own value, low and high of the input itself, date by date."""
        return [ends for path, ends in self.ends.items() if under(path, self.path)]

    def linked(self, register: Register) -> tuple[str, ...]:
        """The other entries that move with it."""
        entries = (register.locate(path)[0] for path in self.ends)
        return tuple(entry for entry in dict.fromkeys(entries) if entry != self.path)

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
    progress: Progress | None = None,
) -> Tornado:
    """Value of joining at both ends of every range that a run reads, all dates of it together.

    The ends of beta and lognormal ranges are those of the 95% interval. Each end is a run of its
    own, known when the bid is filed. Part C coding of a Medicare Advantage plan is always among
    them: no range was published, so it is moved by a year's drug at the guaranteed net price.
    """
    central = evaluate(scenario, resolution=resolution)
    total, pmpm = worth(scenario, {}, resolution, central)
    inputs = uncertain_inputs(scenario)
    bars = []
    for done, one in enumerate(inputs, start=1):
        bars.append(_bar(scenario, one, resolution, central))
        if progress:
            progress(done, len(inputs))
    if isinstance(scenario, PlanScenario) and scenario.plan.type in ("mapd", "dsnp"):
        bars.append(_coding(scenario, resolution, central))
    bars.sort(key=lambda bar: -bar.width)
    return Tornado(float(total[0]), float(pmpm[0]), tuple(bars), _unranged(central.register))


def _bar(scenario: Scenario, one: UncertainInput, resolution: str, central: Beside) -> Bar:
    ends = {
        path: array(np.clip([spread.low, spread.high], *limits))
        for (path, _, spread), limits in zip(one.parts, one.limits, strict=True)
    }
    return _moved(scenario, one.path, one.status, ends, resolution, central)


def _coding(scenario: PlanScenario, resolution: str, central: Beside) -> Bar:
    """Part C coding, up and down by what a treated member's drug costs in a year."""
    register = scenario.register()
    fills = MONTHS * own_value(register, "assumptions.persistence.fills_per_month")
    price, own = own_value(register, NET_PRICE), own_value(register, PART_C)
    floor, ceiling = register.bounds(PART_C)
    step = ceiling if np.isnan(price) else price * fills
    ends = array(np.clip([own - step, own + step], floor, ceiling))
    return _moved(scenario, PART_C, "assumed", {PART_C: ends}, resolution, central)


def _moved(
    scenario: Scenario,
    path: str,
    status: str,
    ends: Mapping[str, Array],
    resolution: str,
    central: Beside,
) -> Bar:
    """The bar of one input; the first of the paths that move is the one shown."""
    register = scenario.register()
    entry, first = register.entries[path], next(iter(ends))
    totals, pmpm = worth(scenario, ends, resolution, central)
    return Bar(
        path=path,
        label=entry.label,
        unit=unit_of(register, path),
        status=status,
        own=own_value(register, first),
        low=float(ends[first][0]),
        high=float(ends[first][1]),
        total_at_low=float(totals[0]),
        total_at_high=float(totals[1]),
        pmpm_at_low=float(pmpm[0]),
        pmpm_at_high=float(pmpm[1]),
        ends={
            one: (own_value(register, one), float(both[0]), float(both[1]))
            for one, both in ends.items()
        },
    )


def _unranged(register: Register) -> tuple[Unranged, ...]:
    found = []
    for path, entry in register.entries.items():
        last = entry.values[max(entry.values)]
        known = entry.kind != "number" or last.status != "not_published"
        if path.startswith("terms.") and path in register.read and not known:
            unit = unit_of(register, path)
            found.append(Unranged(path, entry.label, unit, own_value(register, path)))
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
                "ends": {
                    path: dict(zip(("own", "low", "high"), map(none_if_nan, ends), strict=True))
                    for path, ends in bar.ends.items()
                },
                "turns": bar.turns(found.total),
            }
            for bar in found.bars
        ],
        "without_range": [
            {**vars(one), "value": none_if_nan(one.value)} for one in found.without_range
        ],
    }
