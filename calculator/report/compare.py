"""Two scenarios side by side: which inputs differ, and how much of the gap each explains.

The steps start from the first scenario and change one input after the other to what the second
says, each a run of its own; the last run is the second scenario, so the steps sum to the gap. What
an input explains depends on the order where inputs act on each other, so beside each step stands
what it does alone, changed in the first scenario with nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calculator.analysis.moved import worth
from calculator.decision import PlanDecision, StateDecision
from calculator.errors import InputError
from calculator.report import budget as budgets
from calculator.report.differences import GROUP_NAMES, PACKAGE, Difference, differences, mixed_of
from calculator.report.flow import CENT, listed
from calculator.report.words import dollars
from calculator.scenario import Scenario

MOST_STEPS = 12  # runs of their own; more inputs than that change together in the last step
HALF_A_DOLLAR = 0.5


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
    most, least = (
        listed([quoted(one.name) for one in ordered if abs(one.total - end.total) < HALF_A_DOLLAR])
        for end in (best, worst)
    )
    return (
        f"Joining pays in {many}; it is worth most in {most}, {dollars(best.total)},"
        f" and least in {least}, {dollars(worst.total)}."
    )


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
        return f"{named} and its levers" if name == PACKAGE and len(found) > 1 else named
    if len(found) == 1:
        return found[0].label
    if not name:
        return f"{len(found)} more inputs, together"
    return f"{found[0].label} and {len(found) - 1} more"


# ---------------------------------------------------------------------------------------- in words


def bridge_sentence(found: Bridge, first: str, second: str) -> str:
    """The finding: how far apart two scenarios are, and what explains most of it."""
    first, second = quoted(first), quoted(second)
    if not found.steps:
        return f"{first} and {second} have the same inputs."
    gap = found.gap
    if abs(gap) < HALF_A_DOLLAR:
        many = sum(len(step.inputs) for step in found.steps)
        what = "one input differs" if many == 1 else f"{many} inputs differ"
        return f"Joining is worth the same in {first} and {second}, though {what}."
    more = "more" if gap > 0.0 else "less"
    said = f"Joining is worth {dollars(abs(gap))} {more} in {second} than in {first}"
    return f"{said}{_by_what(found)}."


def _by_what(found: Bridge) -> str:
    """Which inputs make the gap: those that go its way, largest first."""
    largest = sorted(found.steps, key=lambda step: -abs(step.total))
    if sum(abs(step.total) for step in largest[1:]) < CENT:
        (step, *_), many = largest, len(largest[0].inputs)
        what = "by one input" if many == 1 else f"by {many} inputs together"
        return f", all of it {what}: {step.label}"
    way = [step for step in largest if step.total * found.gap > 0.0]
    if way[0].still:
        return ", in steps of less than $0.50 each"
    alike = [step for step in way if abs(step.total - way[0].total) < HALF_A_DOLLAR]
    does = "adds" if found.gap > 0.0 else "takes"
    if len(alike) > 1:
        names = listed([step.label for step in alike])
        return f"; most by {names}, of which each {does} {dollars(abs(alike[0].total))}"
    said = f"; most by {way[0].label}, which {does} {dollars(abs(way[0].total))}"
    if largest[0] is not way[0]:
        other = "takes" if found.gap > 0.0 else "adds"
        said += f", while {largest[0].label} {other} {dollars(abs(largest[0].total))}"
    return said


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
