"""Who pays each GLP-1 dollar of a state, read off its ledger: at the pharmacy, then after rebates.

Three scopes: obesity use, all GLP-1 drugs, and those with administration. In each, payers sum to
the same dollars before and after rebates. Premium tax goes round and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from calculator.medicaid_decision import StateDecision
from calculator.model import ledger as words
from calculator.model import medicaid
from calculator.model.arrays import Array
from calculator.model.ledger import Ledger
from calculator.report.added import Added, verb
from calculator.report.flow import CENT, Flow, Line, Node, connected, listed, too_thin
from calculator.report.payers import BRANCHES
from calculator.report.words import dollars

Scope = Literal["model", "drugs", "budget"]
SCOPES: Mapping[Scope, str] = {
    "model": "Obesity use",
    "drugs": "All GLP-1 drugs",
    "budget": "With administration",
}
# What a sentence calls the dollars of each.
SAID: Mapping[Scope, str] = {
    "model": "obesity use",
    "drugs": "all GLP-1 drugs",
    "budget": "GLP-1 drugs and administration",
}
LINES = ("existing_glp1", "model_drugs")
REBATES = medicaid.REBATE_LINES
USES = {
    "existing_glp1": "Uses covered today",
    "model_drugs": "Obesity use",
    "administration": "Administration",
}
PLANS, MANUFACTURERS, FEDERAL = "managed care plans", "manufacturers", "the federal government"


@dataclass(frozen=True)
class Payer:
    """One who pays: its label, its colour's name, a pattern where a colour repeats, its party."""

    label: str
    colour: str
    pattern: str
    party: str  # "" for the state
    brief: str = ""

    @property
    def short(self) -> str:
        """The label where there is little room."""
        return self.brief or self.label


EVERY: Mapping[str, Payer] = {
    "state": Payer("State", "state", "", ""),
    "federal": Payer("Federal", "federal", "", FEDERAL),
    "statutory_rebate": Payer("Statutory", "manufacturer", "", MANUFACTURERS),
    "supplemental_rebate": Payer("Supplemental", "manufacturer", "/", MANUFACTURERS, "Suppl."),
    "mco": Payer("Plans", "plan", "", PLANS),
    "member": Payer("Member", "member", "", "members"),
}


@dataclass(frozen=True)
class StateSettled:
    """One branch by fiscal year, USD: (Y,). Payers sum to total before and after rebates."""

    pharmacy: Mapping[str, Mapping[str, Array]]  # line -> fee for service, managed care, member
    administration: Array
    capitation: Array  # paid to managed care plans
    before: Mapping[str, Array]  # payer -> USD before rebates
    after: Mapping[str, Array]
    total: Array


def ledgers(decision: StateDecision, scope: Scope) -> dict[str, Ledger]:
    """Both branches' rows by fiscal year; of obesity use alone, without today's covered fills.

    The engine is run without them: every amount is so much a fill.
    """
    if scope != "model":
        return decision.ledgers()
    run = decision.evaluation
    none = replace(run.inputs, existing_fills=np.zeros((1, len(run.months))))
    alone = replace(decision, evaluation=replace(run, result=medicaid.run(none)))
    return alone.ledgers()


def settled(decision: StateDecision, rows: Ledger, scope: Scope) -> StateSettled:
    """One branch's dollars in a scope, by fiscal year; rows from `ledgers`."""
    shape = (1, len(decision.periods))

    def usd(lines: tuple[str, ...], *payers: str) -> Array:
        return np.asarray(np.broadcast_to(words.total(rows, lines, payers), shape)[0])

    pharmacy = {
        line: {
            "fee_for_service": usd((line,), "federal", "state"),
            "managed_care": usd((line,), "mco"),
            "member": usd((line,), "member"),
        }
        for line in (LINES if scope != "model" else ("model_drugs",))
    }
    extra = ("administration",) if scope == "budget" else ()
    lines = (*pharmacy, "capitation", *extra)
    before = {payer: usd(lines, payer) for payer in ("state", "federal", "mco", "member")}
    after = {payer: before[payer] + usd(medicaid.REBATE_LINES, payer) for payer in before}
    for line in medicaid.REBATE_LINES:
        after[line] = usd((line,), "manufacturer")
    administration = usd(extra, "federal", "state")
    total = sum((sum(paid.values()) for paid in pharmacy.values()), administration)
    return StateSettled(
        pharmacy=pharmacy,
        administration=administration,
        capitation=-usd(("capitation",), "mco"),
        before=before,
        after={payer: after[payer] for payer in EVERY},
        total=np.asarray(total),
    )


def both(decision: StateDecision, scope: Scope) -> dict[str, StateSettled]:
    """Both branches in a scope."""
    rows = ledgers(decision, scope)
    return {branch: settled(decision, rows[branch], scope) for branch in BRANCHES}


def name_of(decision: StateDecision) -> str:
    """The state's name."""
    return str(decision.register.tree.states[decision.scenario.state.abbr]["state"])


def added(decision: StateDecision) -> Added:
    """What joining adds, and who pays it in the end. Effects on other care are left out."""
    found = both(decision, "budget")
    state = name_of(decision)
    parties = dict.fromkeys((MANUFACTURERS, FEDERAL, state, PLANS, "members"), 0.0)
    for sign, branch in zip((-1.0, 1.0), BRANCHES, strict=True):
        for payer, usd in found[branch].after.items():
            parties[EVERY[payer].party or state] += sign * float(usd.sum())
    total = float((found["join"].total - found["stay_out"].total).sum())
    return Added(total, parties, f"{decision.evaluation.months[-1]:%B %Y}")


def state_flow(decision: StateDecision, found: StateSettled, period: str | None = None) -> Flow:
    """From fills to who has paid, in one fiscal year or in all, USD."""
    place = None if period is None else decision.periods.index(period)

    def usd(amounts: Array) -> float:
        return float(amounts.sum() if place is None else amounts[place])

    names = {"fee_for_service": "Fee for service", "managed_care": "Managed care"}
    nodes = [Node(line, label, "text", 0) for line, label in USES.items()]
    nodes += [
        Node("fee_for_service", names["fee_for_service"], "federal", 1),
        Node("managed_care", names["managed_care"], "plan", 1),
        Node("member, pharmacy", "Member", "member", 1),
        Node("medicaid", "Medicaid", "low_income", 2),
    ]
    back = {"mco": "Plans' margin"}
    nodes += [
        Node(payer, one.label, one.colour, 3, back.get(payer, "")) for payer, one in EVERY.items()
    ]
    amounts: dict[tuple[str, str], float] = {}
    for line, paid in found.pharmacy.items():
        for payer, amount in paid.items():
            amounts[line, "member, pharmacy" if payer == "member" else payer] = usd(amount)
    amounts["administration", "medicaid"] = usd(found.administration)
    amounts["fee_for_service", "medicaid"] = sum(
        usd(paid["fee_for_service"]) for paid in found.pharmacy.values()
    )
    amounts["managed_care", "medicaid"] = usd(found.capitation)
    for payer, amount in found.after.items():
        source = {"mco": "managed_care", "member": "member, pharmacy"}.get(payer, "medicaid")
        amounts[source, payer] = usd(amount)
    lines = [
        Line(
            one.label,
            one.colour,
            usd(found.before[payer]) if payer in found.before else 0.0,
            usd(found.after[payer]),
        )
        for payer, one in EVERY.items()
    ]
    return connected(nodes, amounts, lines)


def flow_title(decision: StateDecision, flow: Flow, period: str | None) -> str:
    """The finding: what fills cost, and who has paid for them in the end."""
    when = f"in fiscal {period}" if period else f"to {decision.evaluation.months[-1]:%B %Y}"
    if flow.total < CENT:
        return f"No fill is paid for {when}."
    by_label = {one.label: one.party or name_of(decision) for one in EVERY.values()}
    parties: dict[str, float] = {}
    for line in flow.lines:
        party = by_label[line.label]
        parties[party] = parties.get(party, 0.0) + line.after
    (first, most), *rest = sorted(parties.items(), key=lambda part: -part[1])
    paid = [f"{first} {verb(first, 'pay')} {dollars(most)}"]
    paid += [f"{name} {dollars(usd)}" for name, usd in rest if usd >= CENT]
    kept = [f"{dollars(-usd)} goes to {name}" for name, usd in rest if usd <= -CENT]
    back = f"; {listed(kept)}" if kept else ""
    return f"Of {dollars(flow.total)} {when}, {listed(paid)}{back}."


def flow_note(flow: Flow) -> str:
    """What a reader must know to read the flow, and what it cannot draw."""
    notes = [
        "From left to right: what is bought, who pays the pharmacy, Medicaid before rebates, who"
        " has paid once rebates are in."
    ]
    for node in flow.turned:
        usd = flow.out_of(node.key)
        if node.key == "to mco":
            notes.append(
                f"Managed care plans are paid {dollars(usd)} more than fills cost them, for"
                " administration and margin. A band cannot be below zero, so it stands on the left."
            )
        else:
            who = node.label.removeprefix("To ")
            notes.append(
                f"Rebates exceed what the {who} government pays by {dollars(usd)}, which stands on"
                " the left."
            )
    return " ".join(filter(None, [*notes, too_thin(flow)]))
