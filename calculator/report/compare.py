"""Two scenarios side by side: which inputs differ, and how much of the gap each explains.

The steps start from the first scenario and change one input after the other to what the second
says, each a run of its own; the last run is the second scenario, so the steps sum to the gap. What
an input explains depends on the order where inputs act on each other, so beside each step stands
what it does alone, changed in the first scenario with nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calculator import fields
from calculator.analysis.moved import worth
from calculator.decision import PlanDecision, StateDecision
from calculator.errors import InputError
from calculator.register import Register
from calculator.report import budget as budgets
from calculator.report.memo.facts import shown
from calculator.report.words import dollars
from calculator.scenario import CHANGES, NAMES, Scenario, scenario_of

MOST_STEPS = 12  # runs of their own; more inputs than that change together in the last step
HALF_A_DOLLAR = 0.5
# Fields that name a scenario or say what is looked at; they move no value.
SILENT = ("name", "label", "program", "extends", "observed", "uncertainty", "success")
# The payer first, then what is assumed, then what is offered and for how long.
ORDER = ("state", "plan", "groups", "uptake", "spending", "own_coverage", "rivals", "therapy",
         "assumptions", "terms", "selection", "horizon")  # fmt: skip
# Whole sections, and fields that only make sense together: the first path is the group's name.
WHOLE = ("spending", "own_coverage", "uptake", "horizon")
TOGETHER = {
    "state.coverage_ends": "state.stance",
    "state.months_covered": "state.stance",
}
GROUP_NAMES = {
    "spending": "Own spending of members",
    "own_coverage": "Own coverage when staying out",
    "uptake": "How use grows",
    "horizon": "Months in the model",
    "state.stance": "Obesity use today",
    "groups.share": "Shares of enrollment by group",
    "terms.package": "Terms package",
    "terms.corridor": "Risk corridor of the terms",
    "terms.obesity_capitation": "Obesity capitation",
    "terms.extra_reinsurance": "Extra reinsurance",
    "therapy.mix": "Products, share of starters",
}
MISSING = "not given"


@dataclass(frozen=True)
class Difference:
    """One input that two scenarios give different values."""

    path: str
    label: str
    group: str  # of inputs that only make sense together
    first: str  # its value in words, in each
    second: str
    first_status: str
    second_status: str


@dataclass(frozen=True)
class Step:
    """What changing some inputs adds to the value: USD, and USD PMPM."""

    label: str
    inputs: tuple[Difference, ...]
    total: float
    pmpm: float
    alone: float | None  # USD, changed in the first scenario with nothing else; none: not possible

    @property
    def still(self) -> bool:
        """Whether it moves nothing that shows."""
        return abs(self.total) < HALF_A_DOLLAR


@dataclass(frozen=True)
class Bridge:
    """From the value of one scenario to that of another, input by input; USD and USD PMPM."""

    first: float
    second: float
    first_pmpm: float
    second_pmpm: float
    steps: tuple[Step, ...]

    @property
    def gap(self) -> float:
        """Value of the second less that of the first, USD."""
        return self.second - self.first

    @property
    def together(self) -> float | None:
        """What inputs do to each other: the gap less what each does alone, USD; none where one of
        them cannot be changed alone."""
        alone = [step.alone for step in self.steps]
        if any(usd is None for usd in alone):
            return None
        return self.gap - sum(usd or 0.0 for usd in alone)


@dataclass(frozen=True)
class Column:
    """A scenario as one column of the comparison; USD, people at the end of the last period."""

    name: str
    program: str
    fingerprint: str
    total: float
    pmpm: float
    present_value: float
    by_period: Mapping[str, float]
    treated: float
    premium: float | None  # a plan's: what joining adds to its premium in the last year, USD
    state: float | None  # a state's: what joining adds to each government's net cost, USD
    federal: float | None
    breakeven: float | None  # guaranteed net price at which joining is worth nothing, USD a fill


# ------------------------------------------------------------------------------- what they come to


def column(name: str, decision: PlanDecision | StateDecision, breakeven: float | None) -> Column:
    """A decision as a column. breakeven: the guaranteed net price that turns it, if one does."""
    value, last = decision.value, decision.periods[-1]
    premium = state = federal = None
    if isinstance(decision, StateDecision):
        found = budgets.budget(decision)
        state, federal = (found.added(payer, "net") for payer in budgets.PAYERS)
    elif decision.evaluation.inputs.has_bid:
        branches = decision.branches()
        premium = branches["join"]["premium"][last] - branches["stay_out"]["premium"][last]
    return Column(
        name=name,
        program=decision.scenario.program,
        fingerprint=decision.fingerprint,
        total=value.total,
        pmpm=value.pmpm,
        present_value=value.present_value,
        by_period=value.by_period,
        treated=float(decision.outcomes["join"]["on_therapy"][last] or 0.0),
        premium=premium,
        state=state,
        federal=federal,
        breakeven=breakeven,
    )


def ranking(columns: Sequence[Column]) -> str:
    """The finding of a few scenarios of one program in one sentence."""
    if len(columns) == 1:
        return f"Joining is worth {dollars(columns[0].total)} in {quoted(columns[0].name)}."
    ordered = sorted(columns, key=lambda one: -one.total)
    best, worst = ordered[0], ordered[-1]
    if abs(best.total - worst.total) < HALF_A_DOLLAR:
        return f"Joining is worth the same in all {len(columns)}: {dollars(best.total)}."
    pays = sum(one.total > 0.0 for one in columns)
    many = f"{pays} of {len(columns)}" if 0 < pays < len(columns) else ("all" if pays else "none")
    return (
        f"Joining pays in {many}; it is worth most in {quoted(best.name)}, {dollars(best.total)},"
        f" and least in {quoted(worst.name)}, {dollars(worst.total)}."
    )


# ------------------------------------------------------------------------------ which inputs differ


def differences(first: Scenario, second: Scenario) -> list[Difference]:
    """Inputs that differ in what a run would read, in a stable order.

    An input that both give alike, one of them by leaving it as shipped, does not differ. Raises
    InputError for scenarios of two programs.

    >>> from calculator.scenario import load_scenario
    >>> first = load_scenario("pdp_regional")
    >>> [one.path for one in differences(first, first.with_settings({"plan.members": 50000}))]
    ['plan.members']
    """
    _same_program(first, second)
    registers = first.register(), second.register()
    found = [*_own(first, second, registers), *_changes(first, second, registers)]
    return sorted(found, key=lambda one: (ORDER.index(one.path.split(".")[0]), one.path))


def _same_program(first: Scenario, second: Scenario) -> None:
    if first.program != second.program:
        allowed = f"two scenarios of one program: both {NAMES[first.program]}"
        raise InputError("compare", allowed, f"one of {NAMES[second.program]}")


def _own(
    first: Scenario, second: Scenario, registers: tuple[Register, Register]
) -> list[Difference]:
    """The scenario's own fields, a mix or a list as one."""
    found = []
    paths = dict(fields.walk(type(first)))
    for path, field in paths.items():
        if path.split(".")[0] in (*SILENT, *CHANGES):
            continue
        values = [fields.value_at(one, path) for one in (first, second)]
        if values[0] == values[1]:
            continue
        unit = next((r.entries[path].unit for r in registers if path in r.entries), "word")
        texts = [_own_text(value, unit) for value in values]
        statuses = [
            _status(register, path) if value is not None else "preset"
            for register, value in zip(registers, values, strict=True)
        ]
        label = field.title or path
        found.append(Difference(path, _placed(path, label), _group(path), *texts, *statuses))
    return found


def _own_text(value: Any, unit: str) -> str:
    if value is None:
        return MISSING
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(part, 'share')}" for key, part in value.items())
    return shown(value, unit)


def _placed(path: str, label: str) -> str:
    """A group's field with the group's name."""
    parts = path.split(".")
    if parts[0] not in ("groups", "spending") or len(parts) < 3:
        return label
    return f"{parts[1].replace('_', ' ').capitalize()}: {label[:1].lower()}{label[1:]}"


def _status(register: Register, path: str) -> str:
    entry = register.entries.get(path)
    return "user" if entry is None else entry.values[max(entry.values)].status


def _changes(
    first: Scenario, second: Scenario, registers: tuple[Register, Register]
) -> list[Difference]:
    """The terms package, levers and assumptions, by entry: all dates of one together."""
    found = []
    packages = [str(one.terms["package"]) for one in (first, second)]
    if packages[0] != packages[1]:
        both = [registers[0].tree.terms[name] for name in packages]
        said = [one.label for one in both] + [one.status for one in both]
        found.append(Difference("terms.package", "Terms package", "terms.package", *said))
    for path in _entries(first, second, registers):
        resolved = [_resolved(register, path) for register in registers]
        texts, statuses = zip(*resolved, strict=True)
        if _numbers(registers[0], path) == _numbers(registers[1], path):
            continue
        label = registers[0].entries[path].label
        found.append(Difference(path, label, _group(path), *texts, *statuses))
    return found


def _entries(first: Scenario, second: Scenario, registers: tuple[Register, Register]) -> list[str]:
    """Entries that one of them changes."""
    changed = [registers[0].locate(path)[0] for one in (first, second) for path in one.changes()]
    return list(dict.fromkeys(changed))


def _numbers(register: Register, path: str) -> list[tuple[dt.date, Any, str | None]]:
    """What an entry comes to, day by day; a value that is repeated is one."""
    rows: list[tuple[dt.date, Any, str | None]] = []
    for day, dated in sorted(register.entries[path].values.items()):
        if not rows or rows[-1][1:] != (dated.value, dated.grow):
            rows.append((day, dated.value, dated.grow))
    return rows


def _resolved(register: Register, path: str) -> tuple[str, str]:
    """An entry's values in words, from the first to the last, and the status of the last."""
    entry = register.entries[path]
    days = sorted(entry.values)
    texts = []
    for day in days:
        dated = entry.values[day]
        value = float(register.number(path, day)[0]) if dated.grow else dated.value
        texts.append("not set" if value is None else shown(value, entry.unit))
    ends = list(dict.fromkeys(texts))
    text = ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"
    return text, entry.values[days[-1]].status


def _group(path: str) -> str:
    """The inputs that it only makes sense together with, by a name."""
    parts = path.split(".")
    if parts[0] in WHOLE:
        return parts[0]
    if parts[0] == "groups" and parts[-1] == "share":
        return "groups.share"
    if parts[0] == "terms" and len(parts) > 2:
        return ".".join(parts[:2])
    for ending in ("_kappa", "_scale"):
        if path.startswith("assumptions.persistence.") and path.endswith(ending):
            return path.removesuffix(ending)
    return TOGETHER.get(path, path)


# --------------------------------------------------------------------------------------- the steps


def bridge(first: Scenario, second: Scenario, resolution: str = "full") -> Bridge:
    """From the first scenario's value to the second's, one input (or group) after the other.

    Inputs that no run can have without the next ones change together with them. The steps sum to
    the gap. Raises InputError for scenarios of two programs, or one that has no answer.

    >>> from calculator.scenario import load_scenario
    >>> first = load_scenario("pdp_regional")
    >>> found = bridge(first, first.with_settings({"terms.copay": 25}), "workbook")
    >>> [step.label for step in found.steps], abs(found.steps[0].total - found.gap) < 1e-9
    (['Member copay'], True)
    """
    groups: dict[str, list[Difference]] = {}
    for one in differences(first, second):
        groups.setdefault(one.group, []).append(one)
    whole = list(groups.items())
    if len(whole) > MOST_STEPS:
        rest = [one for _, found in whole[MOST_STEPS - 1 :] for one in found]
        whole = [*whole[: MOST_STEPS - 1], ("", rest)]
    start, end = _worth(first, resolution), _worth(second, resolution)
    steps: list[Step] = []
    waiting: list[Difference] = []
    mixed, before = first, start
    for number, (name, found) in enumerate(whole, start=1):
        waiting = [*waiting, *found]
        if number == len(whole):
            after: tuple[float, float] | None = end
        else:
            try:
                mixed = mixed_of(mixed, second, waiting)
                after = _worth(mixed, resolution)
            except InputError:
                after = None  # not without the next one
        if after is None:
            continue
        steps.append(
            Step(
                label=_label(name, waiting),
                inputs=tuple(waiting),
                total=after[0] - before[0],
                pmpm=after[1] - before[1],
                # The first step is alone by itself.
                alone=_alone(first, second, waiting, start[0], resolution)
                if steps
                else after[0] - start[0],
            )
        )
        waiting, before = [], after
    return Bridge(start[0], end[0], start[1], end[1], tuple(steps))


def _worth(scenario: Scenario, resolution: str) -> tuple[float, float]:
    total, pmpm = worth(scenario, {}, resolution)
    return float(total[0]), float(pmpm[0])


def _alone(
    first: Scenario, second: Scenario, found: Sequence[Difference], start: float, resolution: str
) -> float | None:
    try:
        return _worth(mixed_of(first, second, found), resolution)[0] - start
    except InputError:
        return None


def _label(name: str, found: Sequence[Difference]) -> str:
    named = GROUP_NAMES.get(name)
    if named is not None and all(one.group == name for one in found):
        return named
    if len(found) == 1:
        return found[0].label
    if not name:
        return f"{len(found)} more inputs, together"
    return f"{found[0].label} and {len(found) - 1} more"


def mixed_of(first: Scenario, second: Scenario, found: Sequence[Difference]) -> Scenario:
    """The first scenario with some of the inputs in which they differ as in the second.

    What was observed in own data is a plain value here: two sources do not fit one scenario.
    """
    data, other = (one.model_dump(mode="json", exclude_none=True) for one in (first, second))
    for key in ("observed", "extends", "uncertainty"):
        data.pop(key, None)
    changes, wanted = first.changes(), second.changes()
    register = first.register()
    for one in found:
        top = one.path.split(".")[0]
        if one.path == "terms.package":
            data["terms"]["package"] = other["terms"]["package"]
        elif top in CHANGES:
            changes = {p: v for p, v in changes.items() if register.locate(p)[0] != one.path}
            changes |= {p: v for p, v in wanted.items() if register.locate(p)[0] == one.path}
        else:
            _copy(data, other, one.path.split("."))
    data["terms"] = {"package": data["terms"]["package"]}
    data["assumptions"] = {}
    for path, value in changes.items():
        fields.place(data, path.split("."), _typed(value))
    return scenario_of(data)


def _copy(data: dict[str, Any], other: dict[str, Any], path: Sequence[str]) -> None:
    """One field as in other data; a section that is not there goes with its fields."""
    *above, last = path
    if path[0] in ("spending", "own_coverage"):
        above, last = [], path[0]
    for key in above:
        data = data.setdefault(key, {})
        other = other.get(key, {})
    if last in other:
        data[last] = other[last]
    else:
        data.pop(last, None)


def _typed(value: Any) -> Any:
    """A change as if it had been typed; ranges move no value."""
    return value["value"] if isinstance(value, Mapping) and "value" in value else value


# ---------------------------------------------------------------------------------------- in words


def bridge_sentence(found: Bridge, first: str, second: str) -> str:
    """The finding: how far apart two scenarios are, and what explains most of it."""
    first, second = quoted(first), quoted(second)
    if not found.steps:
        return f"{first} and {second} have the same inputs."
    gap = found.gap
    if abs(gap) < HALF_A_DOLLAR:
        many = len(found.steps)
        what = "one input differs" if many == 1 else f"{many} inputs differ"
        return f"Joining is worth the same in {first} and {second}, though {what}."
    more = "more" if gap > 0.0 else "less"
    said = f"Joining is worth {dollars(abs(gap))} {more} in {second} than in {first}"
    moving = sorted((s for s in found.steps if not s.still), key=lambda one: -abs(one.total))
    if len(moving) == 1:
        return f"{said}, all of it by one input: {moving[0].label}."
    does = "adds" if moving[0].total > 0.0 else "takes"
    return f"{said}; most by {moving[0].label}, which {does} {dollars(abs(moving[0].total))}."


def quoted(name: str) -> str:
    """A scenario's name inside a sentence."""
    return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"


def order_note(found: Bridge) -> str:
    """That the order matters, and by how much here."""
    base = (
        "Inputs change one after the other in the order shown, each step a run of its own, so the"
        " steps sum to the gap. What a step does depends on those before it; “alone” is"
        " the same input changed in the first scenario with nothing else."
    )
    apart = found.together
    if apart is None:
        return f"{base} Some inputs cannot be changed alone."
    if abs(apart) < HALF_A_DOLLAR:
        return f"{base} Here the inputs do not act on each other."
    side = "more" if apart > 0.0 else "less"
    return f"{base} Together the inputs do {dollars(abs(apart))} {side} than the sum of each alone."
