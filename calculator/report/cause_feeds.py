"""Which causes a change or an example moves: each change is taken back, each example moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from calculator import fields
from calculator.analysis.feeds import cases_of_steps, moved
from calculator.analysis.nudges import OTHER_WAYS, Step, step_of, up
from calculator.assumptions import scenario_files
from calculator.decision import evaluate
from calculator.errors import IdentityError, InputError
from calculator.medicaid_decision import StateDecision, StateEvaluation
from calculator.model.arrays import Array
from calculator.part_d_decision import Evaluation, PlanDecision
from calculator.register import Register, day_word
from calculator.report.causes import Causes, plan_branch, plan_causes, state_branch, state_causes
from calculator.report.marks import Marks
from calculator.scenario import Scenario, load_scenario

# Beside the causes: people on therapy.
PEOPLE = "people"
COARSE = "workbook"  # whether a cause moves is the same as in full
MOST_RUNS = 4  # words and lists that are undone, a run each; what is left may move every cause


def causes_of(decision: PlanDecision | StateDecision, marks: Marks) -> Causes:
    """A decision's causes, with what is illustrative or changed of what moves each.

    >>> from calculator import decide, load_scenario
    >>> from calculator.report.marks import days_of, marks
    >>> changed = load_scenario("pdp_regional").with_settings({"plan.part_c_coding": 1})
    >>> run = decide(changed)
    >>> found = causes_of(run, marks(run, days_of(run))).fed
    >>> found["part_c_coding"], found["corridor"]
    (frozenset({'plan.part_c_coding'}), frozenset())
    """
    found = plan_causes(decision) if isinstance(decision, PlanDecision) else state_causes(decision)
    names = [*(cause.kind.key for cause in found.causes), PEOPLE]
    return replace(found, fed=_fed(decision.scenario, marks, names))


def _fed(scenario: Scenario, marks: Marks, names: Collection[str]) -> dict[str, frozenset[str]]:
    """Cause -> what moves it: a change where it is taken back, an example where it is moved."""
    paths, changed = marks.moving, marks.changed
    if not paths:
        return {}
    register, shipped = scenario.register(), _shipped(scenario)
    before = None if shipped is None else shipped.register()
    found: dict[str, set[str]] = {name: set() for name in names}
    steps: dict[tuple[str, int], Step] = {}
    others = []
    for path in sorted(paths):
        number = path in register.entries and register.entries[path].kind == "number"
        back = _back(register, before, path) if number and path in changed else None
        ways = (up, *OTHER_WAYS) if number and path not in changed else ()
        tries = [back, *(step_of(scenario, register, path, way) for way in ways)]
        steps |= {(path, at): step for at, step in enumerate(tries) if step is not None}
        if back is None and path in changed:
            others.append(path)
    # Taken back alone, one of two changes that need each other stops the run: it may move all.
    stopped = _of_numbers(scenario, steps, found)
    others += [path for path, at in stopped if at == 0 and path in changed]
    here = by_cause(evaluate(scenario, resolution=COARSE)) if others else []
    for at, path in enumerate(others):
        undone = _undone(scenario, shipped, path) if at < MOST_RUNS else None
        moves = names if undone is None else _between(here, by_cause(undone))
        for name in found.keys() & set(moves):
            found[name].add(path)
    return {name: frozenset(fed) for name, fed in found.items()}


def _shipped(scenario: Scenario) -> Scenario | None:
    """The shipped scenario that it started from, on its own terms."""
    base = scenario.name if scenario.name in scenario_files() else scenario.extends
    if base not in scenario_files():
        return None
    package = {"terms.package": scenario.terms["package"]}
    return load_scenario(str(base)).with_settings(package)


def _back(register: Register, shipped: Register | None, path: str) -> Step | None:
    """An entry's numbers back to what is shipped; None where a date has no number there or here."""
    if shipped is None or path not in shipped.entries:
        return None
    days = list(register.entries[path].values)
    try:
        here, there = (
            [float(one.number(path, day)[0]) for day in days] for one in (register, shipped)
        )
    except InputError:
        return None  # a preset may not reach as far back
    if np.isnan([*here, *there]).any():
        return None
    names = [f"{path}.{day_word(day)}" for day in days] if len(days) > 1 else [path]
    return here[-1], there[-1], dict(zip(names, there, strict=True))


def _of_numbers(
    scenario: Scenario, steps: Mapping[tuple[str, int], Step], found: Mapping[str, set[str]]
) -> list[tuple[str, int]]:
    """Add what moves each cause; where a step stops the run, in two halves. Those that do alone."""
    if not steps:
        return []
    keys = list(steps)
    try:
        cases = cases_of_steps(scenario.register(), list(steps.values()))
        run = evaluate(scenario, cases, COARSE, interpolate=True)
    except (InputError, IdentityError):
        if len(keys) == 1:
            return keys
        halves = (keys[: len(keys) // 2], keys[len(keys) // 2 :])
        return [
            key
            for half in halves
            for key in _of_numbers(scenario, {key: steps[key] for key in half}, found)
        ]
    for branch in by_cause(run):
        for name in found.keys() & branch.keys():
            far = moved(branch[name], len(keys) + 1)[1:]
            found[name].update(path for (path, _), much in zip(keys, far, strict=True) if much)
    return []


def _undone(
    scenario: Scenario, shipped: Scenario | None, path: str
) -> Evaluation | StateEvaluation | None:
    """A run with one input as shipped; None where that cannot be said."""
    if shipped is None:
        return None
    try:
        if path in dict(fields.walk(type(scenario))):
            value = fields.value_at(shipped, path)
        else:
            entry = shipped.register().entries[path]
            value = entry.values[max(entry.values)].value
        return evaluate(scenario.with_settings({path: value}), resolution=COARSE)
    except (InputError, IdentityError):
        return None


def by_cause(evaluation: Evaluation | StateEvaluation) -> list[dict[str, Array]]:
    """Both branches by cause, USD by case and period, and people on therapy."""
    if isinstance(evaluation, StateEvaluation):
        return [
            {**state_branch(branch.rows), PEOPLE: branch.on_therapy}
            for branch in (evaluation.result.stay_out, evaluation.result.join)
        ]
    costs, result = evaluation.costs, evaluation.result
    return [
        {**plan_branch(evaluation, branch.ledger), PEOPLE: people.on_therapy}
        for branch, people in (
            (result.stay_out, costs.stay_out_people),
            (result.join, costs.join_people),
        )
    ]


def _between(before: list[dict[str, Array]], after: list[dict[str, Array]]) -> set[str]:
    """The causes whose sums two runs do not share."""
    found = set()
    for one, other in zip(before, after, strict=True):
        for name in one.keys() | other.keys():
            sums = [np.sum(branch.get(name, np.zeros((1, 1)))[:1]) for branch in (one, other)]
            if moved(np.array(sums)[:, None], 2)[1]:
                found.add(name)
    return found
