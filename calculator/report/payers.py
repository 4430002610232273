"""Who pays each dollar of a drug plan, read off its ledger: at the counter, then after settling.

Three scopes: the model drugs, all drugs, and the whole plan with what it is paid and what it
spends on administration. In each, payers sum to the same dollars before and after reconciliation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from calculator.model import ledger as words
from calculator.model.arrays import Array
from calculator.part_d_decision import PlanDecision
from calculator.report.added import Added, verb
from calculator.report.flow import CENT, Flow, Line, Node, connected, listed, too_thin
from calculator.report.table import LINE_LABELS, signed
from calculator.report.verdict import PAYERS
from calculator.report.words import dollars, from_to

Scope = Literal["model", "drugs", "plan"]
SCOPES: Mapping[Scope, str] = {"model": "Model drugs", "drugs": "All drugs", "plan": "Whole plan"}
BRANCHES = ("stay_out", "join")
BRANCH_NAMES: Mapping[str, str] = {"stay_out": "staying out", "join": "joining"}
PLAN, MEMBERS, MEDICARE, MANUFACTURER = "plan", "members", "Medicare", "manufacturers"
DRUGS: Mapping[Scope, tuple[str, ...]] = {
    "model": ("model_drugs",),
    "drugs": words.DRUG_LINES,
    "plan": words.DRUG_LINES,
}
# Incentives that pay for drugs; the whole plan has them all.
DRUG_INCENTIVES = ("obesity_capitation", "extra_reinsurance")
INCENTIVES = (*DRUG_INCENTIVES, "stabilisation", "administration")


@dataclass(frozen=True)
class Payer:
    """One who pays: its label, its colour's name, and who that is in a sentence."""

    label: str
    colour: str
    party: str
    counter: bool = False  # pays at the counter


# In the order of bars and tables. What the plan is paid comes after the counter.
EVERY: Mapping[str, Payer] = {
    "plan": Payer("Plan", "plan", PLAN, counter=True),
    "dir": Payer("Rebate", "manufacturer", MANUFACTURER),
    "manufacturer": Payer("Discount", "manufacturer", MANUFACTURER, counter=True),
    "member": Payer("Member", "member", MEMBERS, counter=True),
    "member_premium": Payer("Premium", "member", MEMBERS),
    "lics": Payer("Low-income", "low_income", MEDICARE, counter=True),
    "reinsurance": Payer("Reinsurance", "medicare", MEDICARE),
    "selected_subsidy": Payer("Drug subsidy", "medicare", MEDICARE),
    "direct_subsidy": Payer("Direct subsidy", "medicare", MEDICARE),
    "federal_premium": Payer("Fed. premium", "medicare", MEDICARE),
    "corridor": Payer("Corridor", "medicare", MEDICARE),
    "cms_incentive": Payer("Incentives", "medicare", MEDICARE),
    "bridge": Payer("Bridge", "medicare", MEDICARE, counter=True),
}
PARTIES = (MANUFACTURER, MEDICARE, MEMBERS, PLAN)


@dataclass(frozen=True)
class Settled:
    """One branch by plan year, USD: (Y,) for each payer; both sides sum to the same dollars."""

    before: Mapping[str, Mapping[str, Array]]  # use -> who pays for it at the counter
    later: Mapping[str, Array]  # what the plan is paid afterwards; below 0 it pays
    total: Array

    @property
    def counter(self) -> dict[str, Array]:
        """Who pays at the counter, all uses together."""
        found: dict[str, Array] = {}
        for paid in self.before.values():
            for payer, usd in paid.items():
                found[payer] = found.get(payer, 0.0) + usd
        return found

    @property
    def after(self) -> dict[str, Array]:
        """Who has paid in the end; the plan has what nobody pays it."""
        found = {**self.counter, **self.later}
        others = sum((usd for payer, usd in found.items() if payer != "plan"), np.zeros(1))
        own = self.total - others
        # What rounding leaves is nobody's.
        found["plan"] = np.where(np.abs(own) < CENT, 0.0, own)
        return {payer: found[payer] for payer in EVERY if np.any(found.get(payer, 0.0))}


def settled(decision: PlanDecision, scope: Scope, branch: str) -> Settled:
    """One branch's dollars in a scope, by plan year."""
    ledger = decision.ledgers()[branch]

    def usd(line: str, *payers: str) -> Array:
        shape = (1, len(decision.years))
        return np.asarray(np.broadcast_to(words.total(ledger, [line], payers), shape)[0])

    before: dict[str, dict[str, Array]] = {}
    later: dict[str, Array] = {}
    for line in DRUGS[scope]:
        gross = usd(line, *words.PAYERS)
        if not np.any(gross):
            continue
        counter = {
            payer: usd(line, payer)
            for payer, one in EVERY.items()
            if one.counter and payer != "plan" and (line, payer) in ledger
        }
        # The pharmacy has the rest from the plan, which is made good of a part of it later.
        before[line] = {"plan": gross - sum(counter.values(), np.zeros(1)), **counter}
        for payer in ("dir", "reinsurance", "selected_subsidy"):
            if (line, payer) in ledger:
                later[payer] = later.get(payer, 0.0) + usd(line, payer)
    incentives = INCENTIVES if scope == "plan" else DRUG_INCENTIVES
    later["cms_incentive"] = sum((usd(line, "cms_incentive") for line in incentives), np.zeros(1))
    if scope == "plan":
        before["administration"] = {"plan": usd("administration", "plan")}
        later["member_premium"] = usd("premium", "member")
        later["federal_premium"] = usd("premium", "federal")
        for line in ("direct_subsidy", "corridor"):
            later[line] = usd(line, "federal") - usd(line, "plan")
    total = sum((sum(paid.values(), np.zeros(1)) for paid in before.values()), np.zeros(1))
    total = np.broadcast_to(total, (len(decision.years),))
    return Settled(before, {k: v for k, v in later.items() if np.any(v)}, total)


# ---------------------------------------------------------------------------------- what is added


def added(decision: PlanDecision) -> Added:
    """What joining adds, and who pays it in the end: premiums and subsidies are in it.

    Effects on medical care, Part C coding, and the margin of members who leave or come are not.
    """
    out, into = (settled(decision, "plan", branch) for branch in BRANCHES)
    names = party_names(decision, "plan")
    parties = {names[party]: 0.0 for party in PARTIES}
    for sign, branch in ((-1.0, out), (1.0, into)):
        for payer, usd in branch.after.items():
            parties[names[EVERY[payer].party]] += sign * float(usd.sum())
    total = float((into.total - out.total).sum())
    return Added(total, parties, f"December {decision.years[-1]}")


def party_names(decision: PlanDecision, scope: Scope) -> dict[str, str]:
    """What a sentence calls each party; few companies make the model drugs."""
    names = {party: party for party in PARTIES}
    names[PLAN] = PAYERS[decision.scenario.plan.type]
    if scope == "model":
        names[MANUFACTURER] = "the manufacturer"
    return names


# --------------------------------------------------------------------------------------- the flow

EFFECTS = {
    "offsets": "effects on medical care",
    "selection": "the margin of members who leave or come",
    "part_c_coding": "Part C coding",
}


def to_value(decision: PlanDecision) -> str:
    """How the plan's added cost becomes what joining is worth; "" where they are the same."""
    shape = (1, len(decision.years))
    out, into = (words.plan_result_by_line(decision.ledgers()[branch]) for branch in BRANCHES)
    moved = {
        name: float(np.broadcast_to(into[line] - out[line], shape).sum())
        for line, name in EFFECTS.items()
    }
    shown = [f"{name}, {signed(usd)}" for name, usd in moved.items() if abs(usd) >= CENT]
    if not shown:
        return ""
    own = -added(decision).parties[party_names(decision, "plan")[PLAN]]
    return (
        f"What joining is worth to the plan on Decide, {signed(own + sum(moved.values()))}, is its"
        f" {signed(own)} here and {listed(shown)}."
    )


def _netted(found: Flow) -> list[str]:
    """What the title nets: a party that pays in some ways and is paid in others."""
    by_label = {payer.label: payer.party for payer in EVERY.values()}
    notes = []
    for party in (MEDICARE, MEMBERS, MANUFACTURER):
        own = [line.after for line in found.lines if by_label[line.label] == party]
        pays = sum(usd for usd in own if usd > 0.0)
        takes = -sum(usd for usd in own if usd < 0.0)
        if pays >= CENT and takes >= CENT:
            net = pays - takes
            notes.append(
                f"The title nets {party}: {dollars(pays)} paid less {dollars(takes)} taken is"
                f" {dollars(net)}."
            )
    return notes


def by_payer(
    decision: PlanDecision, scope: Scope, year: int | None = None
) -> list[tuple[str, float, float]]:
    """Each payer's dollars PMPM in one plan year or all: payer, stay out, join; all of them last,
    under ""."""
    months = np.broadcast_to(decision.evaluation.result.member_months, (1, len(decision.years)))[0]
    pick = slice(None) if year is None else slice(*(decision.years.index(year) + n for n in (0, 1)))
    both = {}
    for branch in BRANCHES:
        paid = settled(decision, scope, branch)
        both[branch] = {**paid.after, "": paid.total}

    def pmpm(branch: str, payer: str) -> float:
        usd = np.broadcast_to(both[branch].get(payer, 0.0), months.shape)
        return float(usd[pick].sum() / months[pick].sum())

    return [(payer, pmpm("stay_out", payer), pmpm("join", payer)) for payer in (*EVERY, "")]


USES = {**LINE_LABELS, "administration": "Administration"}


def plan_flow(decision: PlanDecision, scope: Scope, branch: str, year: int | None = None) -> Flow:
    """From what is bought to who has paid, in one plan year or in all, USD."""
    pick = slice(None) if year is None else slice(*(decision.years.index(year) + n for n in (0, 1)))
    found = settled(decision, scope, branch)

    def usd(amounts: Array) -> float:
        return float(np.broadcast_to(amounts, found.total.shape)[pick].sum())

    counter = {payer: usd(amounts) for payer, amounts in found.counter.items()}
    after = {payer: usd(amounts) for payer, amounts in found.after.items()}
    payers = [payer for payer in EVERY if payer in counter or payer in after]
    nodes = [Node(line, USES[line], "text", 0) for line in found.before]
    nodes += [
        Node(f"{payer}, counter", EVERY[payer].label, EVERY[payer].colour, 1)
        for payer in payers
        if payer in counter
    ]
    back = {PLAN: "Plan keeps", MEDICARE: "To Medicare"}
    nodes += [
        Node(payer, one.label, one.colour, 2, back.get(one.party, ""))
        # What comes to the plan stands together, so that bands cross less.
        for payer in sorted(payers, key=lambda payer: payer != "plan" and payer in counter)
        for one in (EVERY[payer],)
    ]
    amounts = {
        (line, f"{payer}, counter"): usd(paid)
        for line, by_payer in found.before.items()
        for payer, paid in by_payer.items()
    }
    for payer in payers:
        # Who pays at the counter has paid; the plan has what comes to it afterwards from others.
        source = f"{payer}, counter" if payer in counter else "plan, counter"
        amounts[source, payer] = after.get(payer, 0.0)
    lines = [
        Line(
            EVERY[payer].label, EVERY[payer].colour, counter.get(payer, 0.0), after.get(payer, 0.0)
        )
        for payer in payers
    ]
    return connected(nodes, amounts, lines)


def flow_title(decision: PlanDecision, scope: Scope, branch: str, year: int | None) -> str:
    """The finding: what is bought, and who has paid for it in the end."""
    found = plan_flow(decision, scope, branch, year)
    when = f"in {year}" if year else from_to(decision.years[0], decision.years[-1])
    if found.total < CENT:
        return f"No model drug is paid for {when} when {BRANCH_NAMES[branch]}."
    by_label = {payer.label: payer.party for payer in EVERY.values()}
    parties = dict.fromkeys(PARTIES, 0.0)
    for line in found.lines:
        parties[by_label[line.label]] += line.after
    names = party_names(decision, scope)
    (first, most), *rest = sorted(parties.items(), key=lambda part: -part[1])
    paid = [f"{names[first]} {verb(names[first], 'pay')} {dollars(most)}"]
    paid += [f"{names[party]} {dollars(usd)}" for party, usd in rest if usd >= CENT]
    gets = [f"{dollars(-usd)} goes to {names[party]}" for party, usd in rest if usd <= -CENT]
    what = {
        "model": "for model drugs",
        "drugs": "for drugs",
        "plan": "for drugs and administration",
    }
    back = f"; {listed(gets)}" if gets else ""
    return f"Of {dollars(found.total)} {what[scope]} {when}, {listed(paid)}{back}."


def flow_note(found: Flow, scope: Scope, branch: str) -> str:
    """What a reader must know to read the flow, and what it cannot draw."""
    notes = [
        "From left to right: what is bought, who pays at the counter, who has paid once the year"
        " is settled."
    ]
    turned = {node.key.removeprefix("to "): found.out_of(node.key) for node in found.turned}
    for payer, usd in turned.items():
        if payer == "reinsurance":
            notes.append(
                f"Reinsurance is {dollars(-usd)} here: Medicare shares in the rebate, and that is"
                " more than the reinsurance these fills earn. A band cannot be below zero, so what"
                " Medicare takes stands on the left and passes through the plan."
            )
        elif payer == "plan":
            notes.append(
                f"The plan is paid {dollars(usd)} more than it spends here; what it keeps stands"
                " on the left."
            )
        else:
            notes.append(f"{EVERY[payer].label} is {dollars(-usd)}: the plan pays it, on the left.")
    notes += _netted(found)
    notes.append(too_thin(found))
    if scope == "plan":
        notes.append(
            "Left out: effects on medical care, the margin of members who leave or come, and Part C"
            " coding, which is how a Medicare Advantage plan's Part C payment moves with the"
            " diagnoses of treated members."
        )
    elif branch == "join":
        notes.append("The plan's own part is paid from premium and subsidy: see the whole plan.")
    return " ".join(filter(None, notes))
