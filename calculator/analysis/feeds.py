"""Which results each input feeds: one run with a case for each input, and what moves in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calculator.analysis.moved import by_date, cases_of
from calculator.assumptions import Register
from calculator.decision import evaluate
from calculator.errors import IdentityError, InputError
from calculator.fields import value_at
from calculator.medicaid_decision import StateEvaluation
from calculator.model import ledger as words
from calculator.model import medicaid, offsets, outcomes
from calculator.model.arrays import Array
from calculator.part_d_decision import Evaluation
from calculator.register import day_word
from calculator.result import Decision, Progress, monthly_discount, yearly_discount
from calculator.scenario import CHANGES, Scenario
from calculator.schema import Assumption
from calculator.therapy_inputs import OFFSETS, offset_effect, weight_inputs

RISE = 0.1  # how far an input is moved, of its own value
POINT = 0.01  # a share of nothing is moved to this
# Units that are counted whole; a year or month of the calendar moves by one.
CALENDAR = ("month", "year")
WHOLE = (*CALENDAR, "months", "quarters")
# Relative to the largest amount: what adding in another order may do to a sum.
SAME = 1e-10
# Results beside the ledger's lines, in the order in which they are said; the rest only where an
# input moves none of these.
PEOPLE, FILLS, PREMIUM, MEDICAL = "people", "fills", "plan_premium", "medical"
BESIDE = (PEOPLE, FILLS, PREMIUM, MEDICAL)
WEIGHT, PRESENT, CASH, THESIS = "weight", "present_value", "cash", "thesis"
YEARS = "fiscal_years"
LAST = (WEIGHT, CASH, PRESENT, THESIS, YEARS)
RESULTS = (*words.LINES, *BESIDE, *LAST)


@dataclass(frozen=True)
class Feed:
    """What one input does: the results that move with it, and how far joining's worth does."""

    results: tuple[str, ...]  # of RESULTS, what moves most first; none: it moves nothing here
    pmpm: float  # change of the value of joining, USD PMPM
    own: float  # the input's value, and where it was moved to
    moved_to: float


def nudged(entry: Assumption, value: float) -> float | None:
    """A value a tenth further from 0, inside its bounds; None where there is no other.

    What is counted whole moves by one at the least. From 0 it moves to the end of its range, to
    one per cent of a share, or to 1.

    >>> from calculator.fields import user_entry
    >>> share = user_entry("x", "share", (0.0, 1.0), 0.5)
    >>> nudged(share, 0.5), nudged(share, 1.0), nudged(share, 0.0)
    (0.55, 0.9, 0.01)
    """
    if np.isnan(value) or entry.bounds is None:
        return None
    low, high = entry.bounds
    step = RISE * value
    if not value:
        ends = [one.range for one in entry.values.values() if one.range is not None]
        step = POINT if entry.unit.startswith("share") else 1.0
        if ends:
            step = max(ends[0].high, ends[0].low, key=abs) or step
    if entry.unit in WHOLE:
        step = 1.0 if entry.unit in CALENDAR else float(max(1, round(abs(step))))
    for other in (value + step, value - step):
        if low <= other <= high:
            return float(round(other, 12))
    return None


def feeds(
    scenario: Scenario,
    entries: Sequence[str],
    progress: Progress | None = None,
) -> dict[str, Feed | None]:
    """What each numeric entry feeds, all its dates moved together, all else as in the scenario.

    entries: of the scenario's register. A tenth more of one input a case; shares of a whole give
    way to each other. None for what has no number, or cannot be moved alone. Each case is a world
    of its own, known when a bid is filed.

    >>> from calculator.scenario import load_scenario
    >>> found = feeds(load_scenario("pdp_regional"), ["terms.copay", "plan.bid"])
    >>> found["terms.copay"].pmpm > 0, found["plan.bid"]
    (True, None)
    """
    register = scenario.register()
    steps = {}
    for path in entries:
        step = _step(scenario, register, path)
        if step is not None:
            steps[path] = step
    # What a preset fills is read in another way once it is given, so each is a run of its own.
    filled = {path for path in steps if _filled(scenario, path)}
    together = {path: step for path, step in steps.items() if path not in filled}
    found: dict[str, Feed | None] = dict.fromkeys(entries)
    found.update(_run(scenario, register, together, progress))
    found.update(_alone(scenario, {path: steps[path] for path in steps if path in filled}))
    return found


Step = tuple[float, float, dict[str, float]]  # own value, moved to, every path with its value


def _step(scenario: Scenario, register: Register, path: str) -> Step | None:
    """Where an entry and what gives way to it are moved."""
    entry = register.entries[path]
    if _filled(scenario, path):
        own = next(iter(by_date(scenario, path).values()))
        end = nudged(entry, own)
        return None if end is None else (own, end, {path: end})
    values = {
        day: float(dated.value)
        for day, dated in entry.values.items()
        if isinstance(dated.value, int | float) and not isinstance(dated.value, bool)
    }
    ends = {day: nudged(entry, value) for day, value in values.items()}
    some = {day: value for day, value in ends.items() if value is not None}
    if not some:
        return None
    last = max(some)
    to = some[last]
    if len(entry.values) > 1:
        dated = {f"{path}.{day_word(day)}": value for day, value in some.items()}
        return values[last], to, dated
    # Shares of a whole give way to each other.
    whole = path.startswith("therapy.mix.") or path.endswith(".share")
    cases = {path: np.array([to])}
    if whole:
        cases = cases_of(scenario, cases)
    return values[last], to, {one: float(found[0]) for one, found in cases.items()}


def _filled(scenario: Scenario, path: str) -> bool:
    """Whether a scenario's own number is not given, but comes from its state's preset."""
    return path.split(".")[0] not in (*CHANGES, "therapy") and value_at(scenario, path) is None


def _run(
    scenario: Scenario,
    register: Register,
    steps: Mapping[str, Step],
    progress: Progress | None,
) -> Iterator[tuple[str, Feed | None]]:
    """Every step in one run; where one of them stops it, in two halves."""
    if not steps:
        return
    paths = list(steps)
    try:
        evaluation = evaluate(
            scenario, _cases(register, steps), interpolate=True, progress=progress
        )
    except (InputError, IdentityError):
        if len(paths) == 1:
            yield paths[0], None
            return
        for half in (paths[: len(paths) // 2], paths[len(paths) // 2 :]):
            yield from _run(scenario, register, {path: steps[path] for path in half}, progress)
        return
    count = len(paths) + 1
    worth = _worth(evaluation, count)
    far = _moved(evaluation, scenario, count)
    for case, path in enumerate(paths, start=1):
        own, to, _ = steps[path]
        yield path, Feed(_said(far, case), float(worth[case] - worth[0]), own, to)


def _worth(evaluation: Evaluation | StateEvaluation, count: int) -> Array:
    """Value of joining by case, USD PMPM."""
    shape = (count, evaluation.result.value.shape[-1])
    months = np.broadcast_to(evaluation.result.member_months, shape).sum(axis=1)
    found: Array = np.broadcast_to(evaluation.result.value, shape).sum(axis=1) / months
    return found


def _moved(
    evaluation: Evaluation | StateEvaluation, scenario: Scenario, count: int
) -> dict[str, Array]:
    """How far each result moves from the first case, (count,): 0 where it does not."""
    found: dict[str, Array] = {}
    for name, amounts in _results(evaluation, scenario):
        far = moved(amounts, count)
        found[name] = found.get(name, 0.0) + far
    return found


def _said(moves: Mapping[str, Array], case: int) -> tuple[str, ...]:
    """The results that a case moves: lines by how far, then people, else what stands beside."""
    far = {name: float(amounts[case]) for name, amounts in moves.items() if amounts[case] > 0.0}
    lines = sorted((name for name in far if name in words.LINES), key=lambda name: -far[name])
    first = [*lines, *(name for name in BESIDE if name in far)]
    return tuple(first or (name for name in LAST if name in far))


def _cases(register: Register, steps: Mapping[str, Step]) -> dict[str, Array]:
    """A case for each step behind one in which nothing moves: path -> (1 + steps,)."""
    cases: dict[str, Array] = {}
    for case, (_, _, values) in enumerate(steps.values(), start=1):
        for path, value in values.items():
            if path not in cases:
                entry, day = register.locate(path)
                cases[path] = np.full(len(steps) + 1, float(register.number(entry, day)[0]))
            cases[path][case] = value
    return cases


def moved(amounts: Array, count: int) -> Array:
    """How far a result is from that of the first case, summed over periods, (count,).

    amounts (C, periods). What only rounding moves is not moved.

    >>> moved(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.5]]), 3).tolist()
    [0.0, 0.0, 0.5]
    """
    wide = np.nan_to_num(np.broadcast_to(amounts, (count, amounts.shape[-1])))
    far = np.abs(wide - wide[:1])
    size = float(np.max(np.abs(wide), initial=0.0))
    found: Array = np.where(far > SAME * size, far, 0.0).sum(axis=1)
    return found


def _results(
    evaluation: Evaluation | StateEvaluation, scenario: Scenario
) -> Iterator[tuple[str, Array]]:
    """Everything a run says, (C, periods) each."""
    if isinstance(evaluation, StateEvaluation):
        yield from _of_state(evaluation, scenario)
    else:
        yield from _of_plan(evaluation)
    register, periods = evaluation.register, evaluation.result.value.shape[-1]
    for name in OFFSETS:
        effect = offset_effect(register, name)
        yield THESIS, offsets.effect_by_year_on_therapy(*effect, years=periods)
    decay = register.number("assumptions.offsets.offset_decay_months")
    yield THESIS, decay[:, None]


def _of_plan(evaluation: Evaluation) -> Iterator[tuple[str, Array]]:
    inputs, costs, result = evaluation.inputs, evaluation.costs, evaluation.result
    for people, branch in (
        (costs.join_people, result.join),
        (costs.stay_out_people, result.stay_out),
    ):
        for (line, _), amounts in branch.ledger.items():
            yield line, amounts
        yield PREMIUM, branch.premium
        yield PEOPLE, people.starters
        yield PEOPLE, people.on_therapy
        yield FILLS, people.fills
        yield MEDICAL, branch.offsets
        for key, amounts in outcomes.by_year(inputs, people, branch).items():
            if key == "mean_weight_kept" or key.startswith("responders_"):
                yield WEIGHT, amounts
    yield PEOPLE, result.member_months
    rate = evaluation.register.number("assumptions.payment.discount_rate")
    yield PRESENT, result.value * yearly_discount(len(inputs.years), rate)


def _of_state(evaluation: StateEvaluation, scenario: Scenario) -> Iterator[tuple[str, Array]]:
    register, result = evaluation.register, evaluation.result
    for branch in (result.join, result.stay_out):
        for (line, _), amounts in branch.rows.items():
            yield line, amounts
        yield PEOPLE, branch.starts
        yield PEOPLE, branch.on_therapy
        yield FILLS, branch.fills
        yield MEDICAL, branch.medical_effect
        lag = evaluation.inputs.rebate_lag_quarters
        for amounts in medicaid.cash(branch.rows, lag, result.stay_out.rows).values():
            yield CASH, amounts
    yield PEOPLE, result.member_months
    rate = register.number("assumptions.payment.discount_rate")
    yield PRESENT, result.value * monthly_discount(result.value.shape[-1], rate)
    yield YEARS, register.number("state.fiscal_year_start_month")[:, None]
    for supported in (True, False):
        # What people lose is read off by these.
        clinical = weight_inputs(scenario.therapy, register, supported=supported)
        yield WEIGHT, clinical.full_loss
        for part in (
            clinical.loss_standard_deviation,
            clinical.months_to_full_loss,
            clinical.regain_months,
            clinical.regain_reduction,
        ):
            yield WEIGHT, part[:, None]


def _alone(scenario: Scenario, steps: Mapping[str, Step]) -> Iterator[tuple[str, Feed | None]]:
    """Every step in a run of its own, against the scenario as it is."""
    if not steps:
        return
    before = evaluate(scenario)
    worth = _worth(before, 1)[0]
    for path, (own, to, values) in steps.items():
        try:
            cases = {one: np.array([value]) for one, value in values.items()}
            after = evaluate(scenario, cases)
        except (InputError, IdentityError):
            yield path, None
            continue
        change = float(_worth(after, 1)[0] - worth)
        yield path, Feed(_between(before, after, scenario), change, own, to)


# ----------------------------------------------------------------------------------- other words


@dataclass(frozen=True)
class Other:
    """What joining would be worth with another word, and what would move with it."""

    word: str | bool
    pmpm: float | None  # value of joining, USD PMPM; None: the scenario does not allow it
    results: tuple[str, ...]


def others(
    scenario: Scenario,
    path: str,
    choices: Sequence[str | bool],
    runs: Callable[[Scenario], Decision],
) -> list[Other]:
    """What each other word or yes or no of a path would do. runs: how a scenario is decided."""
    before = runs(scenario)
    found = []
    for word in choices:
        try:
            after = runs(scenario.with_settings({path: word}))
        except (InputError, IdentityError):
            found.append(Other(word, None, ()))
            continue
        found.append(
            Other(word, after.value.pmpm, _between(before.evaluation, after.evaluation, scenario))
        )
    return found


def _between(
    before: Evaluation | StateEvaluation, after: Evaluation | StateEvaluation, scenario: Scenario
) -> tuple[str, ...]:
    """The results that the central cases of two runs do not share."""
    both: list[dict[str, list[Array]]] = [{}, {}]
    for rows, evaluation in zip(both, (before, after), strict=True):
        for name, amounts in _results(evaluation, scenario):
            rows.setdefault(name, []).append(np.atleast_1d(amounts[0]))
    far = {}
    for name in dict.fromkeys([*both[0], *both[1]]):
        one, other = (rows.get(name, []) for rows in both)
        # Another number of periods, or of rows of a ledger, is another result.
        shapes = [[row.shape for row in rows] for rows in (one, other)]
        if shapes[0] == shapes[1]:
            far[name] = sum((moved(np.stack(pair), 2) for pair in zip(one, other, strict=True)),
                            start=np.zeros(2))  # fmt: skip
        else:
            far[name] = np.array([0.0, 1.0])
    return _said(far, 1)
