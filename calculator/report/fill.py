"""One Medicaid fill: what the pharmacy is paid, what rebates bring back, and who has paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calculator.medicaid_decision import StateDecision
from calculator.model import ledger as words
from calculator.model import medicaid
from calculator.model.ledger import Ledger
from calculator.model.medicaid import Prices
from calculator.report.flow import CENT, listed
from calculator.report.payers import BRANCHES
from calculator.report.payers_state import name_of
from calculator.report.words import dollars, share
from calculator.spending_inputs import EXISTING

NEW, TODAY = "obesity", "today"
USES: Mapping[str, str] = {NEW: "obesity use", TODAY: "a use covered today"}
NOT_COVERED = "not covered"


@dataclass(frozen=True)
class Chosen:
    """Which fill: its use, product, group and month of the model."""

    use: str
    product: str
    group: str
    month: int  # place among the months of the model


@dataclass(frozen=True)
class Fill:
    """One fill in one branch, USD. Payers and rebates sum to gross."""

    gross: float
    statutory: float
    supplemental: float
    federal: float
    state: float
    plans: float
    member: float
    capitation: float  # what both governments pay managed care for it
    match: float  # federal share of what is matched

    @property
    def net(self) -> float:
        """What is left of gross after rebates."""
        return self.gross - self.statutory - self.supplemental


def products(decision: StateDecision, use: str) -> dict[str, str]:
    """The products of a use: name -> label."""
    register = decision.register
    if use == TODAY:
        return {
            name: register.entries[f"assumptions.coverage.existing_mix_{name}"].label.split(" ")[0]
            for name in EXISTING
        }
    return {
        name: register.entries[f"assumptions.clinical.{name}_trial_loss"].label.split(",")[0]
        for name in decision.scenario.therapy.mix
    }


def covered(decision: StateDecision, chosen: Chosen, branch: str) -> bool:
    """Whether Medicaid pays for such a fill in a branch."""
    if chosen.use == TODAY:
        return True
    if branch == "join" and not decision.adopted:
        return covered(decision, chosen, "stay_out")
    coverage = getattr(decision.evaluation.inputs, branch)
    return bool(coverage.active[0, min(chosen.month, coverage.active.shape[1] - 1)] > 0.0)


def one_fill(decision: StateDecision, chosen: Chosen, branch: str) -> Fill | None:
    """The engine's economics of one fill; none where the branch does not cover it."""
    inputs = decision.evaluation.inputs
    if not covered(decision, chosen, branch):
        return None
    prices = inputs.prices if chosen.use == NEW else inputs.existing_prices
    names = list(products(decision, chosen.use))
    alone = _alone(prices, names.index(chosen.product))
    guaranteed = branch == "join" and decision.adopted
    if chosen.use == TODAY:
        guaranteed = guaranteed and inputs.reprices_existing
    group = inputs.groups.names.index(chosen.group)
    rows = medicaid.one_fill(inputs, alone, group, guaranteed=guaranteed, new=chosen.use == NEW)

    def usd(lines: tuple[str, ...], *payers: str) -> float:
        return _at(rows, lines, payers, chosen.month)

    match = inputs.groups.match[0, :, group]
    return Fill(
        gross=usd(words.DRUG_LINES, *words.PAYERS),
        statutory=usd(("statutory_rebate",), "manufacturer"),
        supplemental=usd(("supplemental_rebate",), "manufacturer"),
        federal=usd(medicaid.BUDGET_LINES, "federal"),
        state=usd(medicaid.BUDGET_LINES, "state"),
        plans=usd(medicaid.BUDGET_LINES, "mco"),
        member=usd(words.DRUG_LINES, "member"),
        capitation=-usd(("capitation",), "mco"),
        match=float(match[min(chosen.month, len(match) - 1)]),
    )


def _alone(prices: Prices, product: int) -> Prices:
    share_ = np.zeros((1, prices.share.shape[1]))
    share_[0, product] = 1.0
    return replace(prices, share=share_)


def _at(rows: Ledger, lines: tuple[str, ...], payers: tuple[str, ...], month: int) -> float:
    amounts = words.total(rows, lines, payers)[0]
    return float(amounts[min(month, len(amounts) - 1)])


def rows(found: Mapping[str, Fill | None]) -> list[tuple[str, float | None, float | None]]:
    """Line, stay out, join; a branch that does not cover the fill has none."""
    lines = (
        ("Gross, paid to the pharmacy", "gross", 1.0),
        ("Statutory rebate", "statutory", -1.0),
        ("Supplemental rebate", "supplemental", -1.0),
        ("Net of rebates", "net", 1.0),
        ("Federal", "federal", 1.0),
        ("State", "state", 1.0),
        ("Managed care plans", "plans", 1.0),
        ("Member", "member", 1.0),
    )
    table: list[tuple[str, float | None, float | None]] = []
    for label, name, sign in lines:
        out, into = (
            None if one is None else sign * float(getattr(one, name))
            for one in (found[branch] for branch in BRANCHES)
        )
        always = name in ("gross", "net", "federal", "state")
        if always or any(amount and abs(amount) >= CENT for amount in (out, into)):
            table.append((label, out, into))
    return table


def title(decision: StateDecision, chosen: Chosen, found: Mapping[str, Fill | None]) -> str:
    """The finding: what a fill costs the state."""
    name = products(decision, chosen.use)[chosen.product]
    state = name_of(decision)
    into, out = found["join"], found["stay_out"]
    what = f"A fill of {name} for {USES[chosen.use]}"
    if into is None:
        return f"{what} is not covered."
    begin = (
        f"{what} costs {dollars(into.gross, 2)} and {state} {dollars(into.state, 2)} after rebates"
    )
    if out is None:
        return f"{begin} when joining; staying out it is not covered."
    return f"{begin} when joining, {dollars(out.state, 2)} when staying out."


def note(decision: StateDecision, chosen: Chosen, found: Mapping[str, Fill | None]) -> str:
    """What a reader must know to read the table."""
    when = decision.evaluation.months[chosen.month]
    parts = [f"Prices of {when:%B %Y}"]
    known = [one for one in found.values() if one is not None]
    if known:
        parts.append(f"a federal match of {share(round(known[0].match, 4))}")
    text = f"{listed(parts)}."
    if known and known[0].plans <= -CENT:
        text += (
            " Managed care plans are below zero: the capitation rate pays them more than the fill"
            " costs, for administration and margin."
        )
    elif known and known[0].plans >= CENT:
        text += " Until rates are rebased, managed care plans carry what the rate does not price."
    return f"{text} The federal part of the rebate that the state does not share is in Federal."


def last_month(decision: StateDecision, period: str) -> int:
    """The place of a fiscal year's last month in the model."""
    numbers = decision.by_fiscal_year(np.ones((1, len(decision.evaluation.months))))[0]
    return int(numbers[: decision.periods.index(period) + 1].sum()) - 1
