"""The answer in one sentence, and how numbers are said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.analysis.sensitivity import (
    COUNTED,
    Alternatives,
    Breakeven,
    alternatives,
    breakeven,
)
from calculator.part_d_decision import PlanDecision
from calculator.register import Register
from calculator.report.words import (
    MINUS,  # noqa: F401
    changed,
    dollars,
    either,
    people,  # noqa: F401
    share,
    terms_note,
)

CAPITATION = "terms.obesity_capitation.amount"
REINSURANCE = "terms.extra_reinsurance.share"
NET_PRICE = "terms.guaranteed_net_price"
UPTAKE = "assumptions.uptake.eligible_share"
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
    alternatives: Alternatives
    reading: str = ""  # its last sentence, where a reading that no source settles turns it


def verdict(decision: PlanDecision) -> Verdict:
    """What joining is worth in one sentence, and what would turn it."""
    scenario, resolution = decision.scenario, decision.resolution
    found = {
        path: breakeven(scenario, path, resolution=resolution, beside=decision.evaluation)
        for path in (REINSURANCE, CAPITATION, NET_PRICE, UPTAKE)
    }
    readings = alternatives(scenario, resolution, decision.evaluation)
    if abs(decision.value.pmpm) < NOTHING:
        return Verdict(opening(decision), found, readings)
    reading = _reading(decision, readings.discount_counted)
    said = " ".join(filter(None, (opening(decision), _turn(decision, found), reading)))
    return Verdict(said, found, readings, reading)


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
    """The second sentence: what would change the sign. A lever already used is said in all."""
    pays = decision.value.total >= 0
    register = decision.register
    moved = "fell below" if pays else "were above"
    ways = []
    reinsurance = found[REINSURANCE].root
    if reinsurance is not None:
        late = register.word("terms.extra_reinsurance.phase") == "catastrophic"
        of = "of its net model-drug cost" + (" above the threshold" if late else "")
        if np.any(decision.evaluation.inputs.levers.extra_reinsurance > 0.0):
            ways.append(f"the extra reinsurance {moved} {share(reinsurance)} {of}")
        else:
            ways.append(f"Medicare reinsured a further {share(reinsurance)} {of}")
    capitation = found[CAPITATION].root
    if capitation is not None:
        per = f"a month per {register.word('terms.obesity_capitation.per')} member"
        amount = dollars(capitation, 2)
        if np.any(decision.evaluation.inputs.levers.capitation > 0.0):
            ways.append(f"the obesity capitation {moved} {amount} {per} in every year")
        else:
            ways.append(f"Medicare paid {amount} {per}")
    price = found[NET_PRICE]
    if price.root is not None:
        side = "above" if pays == price.pays_below else "below"
        again = " (until it turns again)" if price.crossings > 1 else ""
        ways.append(f"the guaranteed net price were {side} {dollars(price.root, 0)} a fill{again}")
    if not ways:
        tried = "extra reinsurance, obesity capitation or net price alone"
        return f"No level of {tried} would make it {'stop paying' if pays else 'pay'}."
    return f"It would {'stop paying' if pays else 'pay'} if {either(ways)}."


def _reading(decision: PlanDecision, counted: dict[bool, float]) -> str:
    """A third sentence where the sign hangs on a reading that no source settles."""
    chosen = decision.register.flag(COUNTED)
    other = counted[not chosen]
    if (other >= 0) == (decision.value.pmpm >= 0) or abs(other) < NOTHING:
        return ""
    does = "does not count" if chosen else "counts"
    worth = f"is worth {dollars(other, 2)}" if other > 0 else f"costs {dollars(-other, 2)}"
    return (
        f"One thing no source says turns it: if the manufacturer's discount {does} towards the"
        f" guaranteed net price, joining {worth} PMPM."
    )


def _of_terms(register: Register) -> list[tuple[str, str]]:
    """What of the terms was not published, or is an example."""
    notes = []
    for path, entry in register.entries.items():
        if not path.startswith("terms."):
            continue
        days = sorted(entry.values)
        for day, dated in sorted(entry.values.items()):
            number = isinstance(dated.value, float | int) and not isinstance(dated.value, bool)
            shown = f"{dated.value:,g}" if number else "not set"
            later = [other for other in days if other > day]
            until = f" until {later[0]}" if later else ""
            if dated.status == "not_published":
                sentence = f"{entry.label}: no number was published; {shown} is used here{until}"
                notes.append(("not published", sentence))
            if dated.status == "illustrative" and number:
                notes.append(("illustrative", f"{entry.label}: {shown}{until}, nobody's proposal"))
    return notes


def rests_on(decision: PlanDecision) -> list[tuple[str, str]]:
    """What the answer rests on, as (badge, sentence): unknown, illustrative, projected, changed."""
    scenario, register = decision.scenario, decision.register
    notes = _of_terms(register)
    start = register.dated("assumptions.timeline.part_d_start", max(
        register.entries["assumptions.timeline.part_d_start"].values))[1]  # fmt: skip
    if scenario.horizon.start is None and start.status == "assumed":
        notes.append(
            ("assumed", f"The start in January {decision.years[0]}: CMS has set no new date")
        )
    notes.append(terms_note(scenario, register))
    if register.word("terms.existing_users") != "none":
        reading = register.word("terms.existing_users")
        repriced = "GLP-1 drugs covered today take the net price too"
        notes.append(("assumed", f"{repriced} (terms.existing_users: {reading})"))
    counts = "counts" if register.flag(COUNTED) else "does not count"
    notes.append(
        ("assumed", f"The manufacturer's discount {counts} towards the net price; no source says")
    )
    fixed, each = (
        dollars(float(register.number(f"assumptions.administration.{key}")[0]))
        for key in ("fixed_cost", "prior_authorization_cost")
    )
    notes.append(
        ("assumed", f"Taking part costs {fixed} a year and {each} per prior authorization")
    )
    if decision.evaluation.inputs.has_bid:
        priced = share(float(register.number("assumptions.payment.priced_share")[0]))
        notes.append(("assumed", f"{priced} of the added cost goes into the bid"))
    last_published = max(
        day.year
        for day, dated in register.entries["assumptions.benefit.deductible"].values.items()
        if dated.status != "projected"
    )
    if decision.years[-1] > last_published:
        first = max(decision.years[0], last_published + 1)
        bids = "bids" if decision.evaluation.inputs.has_bid else "national averages"
        notes.append(("projected", f"Benefit parameters, {bids} and prices from {first} on"))
    return [*notes, *changed(scenario, register)]
