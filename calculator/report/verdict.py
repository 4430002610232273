"""The answer in one sentence, and how numbers are said."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.analysis.sensitivity import Breakeven, breakeven
from calculator.part_d_decision import PlanDecision
from calculator.report.words import MINUS, changed, dollars, either, people, share  # noqa: F401
from calculator.scenario import PlanScenario

CAPITATION = "terms.obesity_capitation.amount"
REINSURANCE = "terms.extra_reinsurance.share"
NET_PRICE = "terms.guaranteed_net_price"
# Half a cent PMPM is shown as nothing.
NOTHING = 0.005
PAYERS = {
    "pdp": "this plan",
    "mapd": "this plan",
    "dsnp": "this plan",
    "egwp": "this employer plan",
}


@dataclass(frozen=True)
class Verdict:
    """The answer, what would turn it, and the break-evens behind it."""

    sentence: str
    breakevens: dict[str, Breakeven]


def verdict(decision: PlanDecision, resolution: str = "full") -> Verdict:
    """What joining is worth in one sentence, and what would turn it."""
    scenario = decision.scenario
    found = {
        path: breakeven(scenario, path, resolution=resolution)
        for path in (REINSURANCE, CAPITATION, NET_PRICE)
    }
    if abs(decision.value.pmpm) < NOTHING:
        return Verdict(opening(decision), found)
    return Verdict(f"{opening(decision)} {_turn(decision, found)}", found)


def opening(decision: PlanDecision) -> str:
    """The first sentence: when, how much, to whom, until when."""
    pmpm, total = decision.value.pmpm, decision.value.total
    who = PAYERS[decision.scenario.plan.type]
    first, last = decision.years[0], decision.years[-1]
    if abs(pmpm) < NOTHING:
        return f"Joining from January {first} changes nothing for {who} to within a cent PMPM."
    amount = f"{dollars(abs(pmpm), 2)} per member per month (PMPM)"
    to_end = f"{dollars(abs(total))} to December {last}"
    if pmpm < 0:
        return f"Joining from January {first} costs {who} {amount}, {to_end}."
    return f"Joining from January {first} is worth {amount} to {who}, {to_end}."


def _turn(decision: PlanDecision, found: dict[str, Breakeven]) -> str:
    """The second sentence: what would change the sign."""
    pays = decision.value.total >= 0
    register = decision.register
    reinsurance, capitation, net_price = (
        found[path].root for path in (REINSURANCE, CAPITATION, NET_PRICE)
    )
    only = "only " if pays else ""
    ways = []
    if reinsurance is not None:
        late = register.word("terms.extra_reinsurance.phase") == "catastrophic"
        where = " above the threshold" if late else ""
        further = f"{only}a further {share(reinsurance)}"
        ways.append(f"Medicare reinsured {further} of its net model-drug cost{where}")
    if capitation is not None:
        per = register.word("terms.obesity_capitation.per")
        ways.append(f"Medicare paid {only}{dollars(capitation, 2)} a month per {per} member")
    if net_price is not None:
        side = "above" if pays else "below"
        ways.append(f"the guaranteed net price were {side} {dollars(net_price, 0)} a fill")
    if not ways:
        tried = "extra reinsurance, obesity capitation or net price alone"
        return f"No level of {tried} within its range would change the sign."
    return f"It would {'stop paying' if pays else 'pay'} if {either(ways)}."


def rests_on(scenario: PlanScenario, decision: PlanDecision) -> list[tuple[str, str]]:
    """What the answer rests on, as (badge, sentence): unknown, illustrative, projected, changed."""
    register = decision.register
    package = register.tree.terms[str(scenario.terms["package"])]
    notes = []
    for path, entry in register.entries.items():
        if not path.startswith("terms."):
            continue
        for dated in entry.values.values():
            number = isinstance(dated.value, float | int) and not isinstance(dated.value, bool)
            shown = f"{dated.value:,g}" if number else "none"
            if dated.status == "not_published":
                sentence = f"{entry.label}: no number was published; {shown} is used here"
                notes.append(("not published", sentence))
            if dated.status == "illustrative" and number:
                notes.append(("illustrative", f"{entry.label}: {shown}, nobody's proposal"))
    start = register.dated("assumptions.timeline.part_d_start", max(
        register.entries["assumptions.timeline.part_d_start"].values))[1]  # fmt: skip
    if scenario.horizon.start is None and start.status == "assumed":
        notes.append(
            ("assumed", f"The start in January {decision.years[0]}: CMS has set no new date")
        )
    notes.append(("terms", f"{package.label} ({package.status})"))
    last_published = max(
        day.year
        for day, dated in register.entries["assumptions.benefit.deductible"].values.items()
        if dated.status != "projected"
    )
    if decision.years[-1] > last_published:
        first = max(decision.years[0], last_published + 1)
        notes.append(("projected", f"Benefit parameters, bids and prices from {first} on"))
    return [*notes, *changed(scenario, register)]
