"""Which results each input feeds: one run with a case for each input, and what moves in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from calculator.analysis.nudges import OTHER_WAYS, Step, Way, down, filled, step_of, up
from calculator.assumptions import Register
from calculator.decision import evaluate
from calculator.errors import IdentityError, InputError
from calculator.medicaid_decision import StateDecision, StateEvaluation
from calculator.model import ledger as words
from calculator.model import medicaid, offsets, outcomes
from calculator.model.arrays import Array
from calculator.part_d_decision import Evaluation, PlanDecision
from calculator.result import Decision, Progress, monthly_discount, yearly_discount
from calculator.scenario import PlanScenario, Scenario
from calculator.therapy_inputs import OFFSETS, offset_effect, weight_inputs

Key = TypeVar("Key", bound=Hashable)
INCLUDE = "selection.include"
# Relative to the largest amount: what adding in another order may do to a sum.
SAME = 1e-10
# Results beside the ledger's lines, in the order in which they are said; the rest only where an
# input moves none of these.
PEOPLE, FILLS, PREMIUM, MEDICAL = "people", "fills", "plan_premium", "medical"
BESIDE = (PEOPLE, FILLS, PREMIUM, MEDICAL)
WEIGHT, PRESENT, CASH, THESIS = "weight", "present_value", "cash", "thesis"
YEARS, CHECK = "fiscal_years", "selection_check"
LAST = (WEIGHT, CASH, PRESENT, THESIS, YEARS, CHECK)
RESULTS = (*words.LINES, *BESIDE, *LAST)


@dataclass(frozen=True)
class Feed:
    """What one input does: the results that move with it, and how far joining's worth does."""

    results: tuple[str, ...]  # of RESULTS, what moves most first; none: it moves nothing here
    pmpm: float  # change of the value of joining, USD PMPM
    own: float  # the input's value, and where it was moved to
    moved_to: float


def feeds(
    scenario: Scenario,
    entries: Sequence[str],
    progress: Progress | None = None,
) -> dict[str, Feed | None]:
    """What each numeric entry feeds, all its dates moved together, all else as in the scenario.

    entries: of the scenario's register. A tenth more of one input a case; shares of a whole give
    way to each other. Where that moves nothing, a tenth less and both ends of its range are tried
    too. None for what has no number, or cannot be moved alone. Each case is a world of its own,
    known when a bid is filed.

    >>> from calculator.scenario import load_scenario
    >>> found = feeds(load_scenario("pdp_regional"), ["terms.copay", "plan.bid"])
    >>> found["terms.copay"].pmpm > 0, found["plan.bid"]
    (True, None)
    """
    register = scenario.register()
    steps = {}
    for path in entries:
        step = step_of(scenario, register, path, up)
        if step is not None:
            steps[path] = step
    # What a preset fills is read in another way once it is given, so each is a run of its own.
    preset = {path for path in steps if filled(scenario, path)}
    together = {path: step for path, step in steps.items() if path not in preset}
    found: dict[str, Feed | None] = dict.fromkeys(entries)
    found.update(_run(scenario, register, together, progress=progress))
    found.update(_alone(scenario, {path: steps[path] for path in steps if path in preset}))
    still = [path for path in together if not _moves(found[path])]
    found.update(_other_ways(scenario, still))
    found.update(_of_check(scenario, [path for path in still if not _moves(found[path])]))
    for path in preset:
        step = None if _moves(found[path]) else step_of(scenario, register, path, down)
        if step is not None:
            found.update(_alone(scenario, {path: step}))
    return found


def _moves(feed: Feed | None) -> bool:
    return feed is not None and bool(feed.results)


def read_by(decision: PlanDecision | StateDecision) -> frozenset[str]:
    """The entries that a decision rests on: those of its run, its outcomes and selection check.

    >>> from calculator import decide, load_scenario
    >>> "assumptions.selection.movers" in read_by(decide(load_scenario("pdp_regional")))
    True
    """
    # Everything that pages say of the run is asked for, so that what it reads is all known.
    _ = decision.value, decision.outcomes
    within = _with_movers(decision.scenario)
    more = evaluate(within, resolution="workbook").register.read if within is not None else set()
    return frozenset(decision.register.read | more)


def _with_movers(scenario: Scenario) -> Scenario | None:
    """The scenario that a plan's selection check runs; None where it is run so or has no check."""
    if not isinstance(scenario, PlanScenario) or scenario.plan.type == "egwp":
        return None
    return None if scenario.selection.include else scenario.with_settings({INCLUDE: True})


def _of_check(scenario: Scenario, paths: Sequence[str]) -> dict[str, Feed | None]:
    """What moves in the selection check alone, which the value of joining leaves out."""
    within = _with_movers(scenario)
    if within is None or not paths:
        return {}
    ways = (up, *OTHER_WAYS)
    return {
        path: Feed((CHECK,), 0.0, own, to)
        for path, (own, to, _) in _first_way(within, paths, ways).items()
    }


def _other_ways(scenario: Scenario, paths: Sequence[str]) -> dict[str, Feed | None]:
    """What moves with a tenth less or at an end of its range, though not with a tenth more."""
    register = scenario.register()
    return dict(_run(scenario, register, _first_way(scenario, paths, OTHER_WAYS)))


def _first_way(scenario: Scenario, paths: Sequence[str], ways: Sequence[Way]) -> dict[str, Step]:
    """The first way in which each path moves something, by a coarse run of all of them at once."""
    register = scenario.register()
    tries = {}
    for path in paths:
        for number, way in enumerate(ways):
            step = step_of(scenario, register, path, way)
            if step is not None:
                tries[path, number] = step
    found: dict[str, Step] = {}
    for (path, number), feed in _run(scenario, register, tries, "workbook"):
        if _moves(feed):
            found.setdefault(path, tries[path, number])
    return found


def _run(
    scenario: Scenario,
    register: Register,
    steps: Mapping[Key, Step],
    resolution: str = "full",
    *,
    progress: Progress | None = None,
) -> Iterator[tuple[Key, Feed | None]]:
    """Every step in one run; where one of them stops it, in two halves."""
    if not steps:
        return
    keys = list(steps)
    cases = cases_of_steps(register, list(steps.values()))
    try:
        evaluation = evaluate(
            scenario, cases, resolution=resolution, interpolate=True, progress=progress
        )
    except (InputError, IdentityError):
        if len(keys) == 1:
            yield keys[0], None
            return
        for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
            some = {key: steps[key] for key in half}
            yield from _run(scenario, register, some, resolution, progress=progress)
        return
    count = len(keys) + 1
    worth = _worth(evaluation, count)
    far = _moved(evaluation, scenario, count)
    for case, key in enumerate(keys, start=1):
        own, to, _ = steps[key]
        yield key, Feed(_said(far, case), float(worth[case] - worth[0]), own, to)


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


def cases_of_steps(register: Register, steps: Sequence[Step]) -> dict[str, Array]:
    """A case for each step behind one in which nothing moves: path -> (1 + steps,)."""
    cases: dict[str, Array] = {}
    for case, (_, _, values) in enumerate(steps, start=1):
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
