"""A state's budget as its picture, its tables and its file share it: by fiscal year and branch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from calculator.medicaid_decision import StateDecision
from calculator.model.arrays import Array
from calculator.report.words import dollars, share

if TYPE_CHECKING:
    import pandas as pd

Basis = Literal["gross", "net", "net_cash"]
BRANCHES = ("stay_out", "join")
PAYERS = ("state", "federal")
WORDS: Mapping[Basis, str] = {
    "gross": "Before rebates",
    "net": "After rebates",
    "net_cash": "After rebates as they arrive",
}
USD, PMPM, PEOPLE, FILLS = "USD", "USD per enrollee a month (PMPM)", "people", "fills"
# What a table and the file say of each branch: key, label, unit.
MEASURES = (
    ("total_computable_gross", "Total computable, gross", USD),
    ("rebates", "Rebates", USD),
    ("total_computable_net", "Total computable, net", USD),
    ("total_computable_net_cash", "Total computable, net, cash", USD),
    ("federal_gross", "Federal, gross", USD),
    ("federal_net", "Federal, net", USD),
    ("federal_net_cash", "Federal, net, cash", USD),
    ("state_gross", "State, gross", USD),
    ("state_net", "State, net", USD),
    ("state_net_uses_today", "of it, uses covered today", USD),
    ("state_net_cash", "State, net, cash", USD),
    ("state_net_pmpm", "State, net, PMPM", PMPM),
    ("premium_tax_to_state", "Premium tax to the state, apart", USD),
    ("fills", "Fills for obesity use", FILLS),
    ("on_therapy", "People on therapy at the end", PEOPLE),
)
# Only in the file.
MORE = (
    (
        "managed_care_plans",
        "Managed care plans' drug cost less capitation (a minus is their gain)",
        USD,
    ),
    ("starts", "Starts of therapy", PEOPLE),
    ("treated_years", "Treated member-years, obesity use", "years"),
    ("member_months", "Member-months", "months"),
)
UNITS = {key: unit for key, _, unit in (*MEASURES, *MORE)}
LABELS = {key: label for key, label, _ in (*MEASURES, *MORE)}
CENT = 0.005


@dataclass(frozen=True)
class Budget:
    """Both branches by state fiscal year: branch -> measure -> (years,), USD or people."""

    state: str
    years: tuple[str, ...]
    months: tuple[int, ...]  # of each fiscal year, in the model
    first: dt.date
    last: dt.date
    measures: Mapping[str, Mapping[str, Array]]

    def paid(self, branch: str, payer: str, basis: Basis) -> Array:
        """What a government pays, USD by fiscal year."""
        return self.measures[branch][f"{payer}_{basis}"]

    def added(self, payer: str, basis: Basis) -> float:
        """What joining adds to a government's cost to the end, USD."""
        return float((self.paid("join", payer, basis) - self.paid("stay_out", payer, basis)).sum())

    def of(self, branch: str, key: str, year: str | None = None) -> float:
        """A measure of one fiscal year, or of all of them together."""
        found = self.measures[branch]
        first = 0 if year is None else self.years.index(year)
        pick = slice(first, None if year is None else first + 1)
        if key == "state_net_pmpm":
            return float(found["state_net"][pick].sum() / found["member_months"][pick].sum())
        amounts = found[key][pick]
        # People at the end of the last year are not a sum over the years.
        return float(amounts[-1] if key == "on_therapy" else amounts.sum())

    @property
    def until(self) -> str:
        """The last month, in words."""
        return f"{self.last:%B %Y}"


def budget(decision: StateDecision) -> Budget:
    """The central run's budget."""
    state = decision.register.tree.states[decision.scenario.state.abbr]["state"]
    months = decision.evaluation.months
    counted = decision.by_fiscal_year(np.ones((1, len(months))))[0]
    return Budget(
        state=state,
        years=decision.periods,
        months=tuple(int(number) for number in counted),
        first=months[0],
        last=months[-1],
        measures={
            branch: {
                key: np.array([amount or 0.0 for amount in by_year.values()])
                for key, by_year in {
                    **decision.budget[branch],
                    "on_therapy": decision.outcomes[branch]["on_therapy"],
                }.items()
            }
            for branch in BRANCHES
        },
    )


def title(found: Budget, basis: Basis) -> str:
    """The finding in one sentence: what joining adds, and who pays it."""
    state, federal = (found.added(payer, basis) for payer in PAYERS)
    total = state + federal
    begin = f"{WORDS[basis]}, joining"
    if abs(state) < CENT and abs(federal) < CENT:
        return f"{begin} changes nothing."
    if state * federal < 0.0:
        both = [
            f"{'costs' if usd > 0 else 'saves'} {who} {dollars(abs(usd))}"
            for who, usd in ((found.state, state), ("the federal government", federal))
        ]
        return f"{begin} {both[0]} and {both[1]} by {found.until}."
    cents = 100.0 * state / total
    parts = f"{cents:.0f} cents of each dollar and the federal government {100.0 - cents:.0f}"
    if total > 0.0:
        return f"{begin} adds {dollars(total)} by {found.until}; {found.state} pays {parts}."
    return f"{begin} saves {dollars(-total)} by {found.until}; {found.state} keeps {parts}."


def note(found: Budget, basis: Basis) -> str:
    """What a reader must know to read the bars."""
    parts = [
        "In each pair the left bar is stay out, the right one join; above it stands what joining"
        " adds."
    ]
    if basis == "net_cash":
        parts.append("A rebate is counted when it arrives, quarters after its fill.")
    short = [year for year, months in zip(found.years, found.months, strict=True) if months < 12]
    if short:
        partial = " and ".join(short)
        parts.append(
            f"Fiscal {'year' if len(short) == 1 else 'years'} {partial} "
            f"{'is' if len(short) == 1 else 'are'} not whole: the model runs from "
            f"{found.first:%B %Y} to {found.until}."
        )
    parts.append("A fiscal year is named by the year in which it ends.")
    return " ".join(parts)


def in_words(found: Budget, basis: Basis) -> str:
    """The picture in words, for whoever cannot see it."""
    totals = {
        branch: sum((found.paid(branch, payer, basis) for payer in PAYERS), np.zeros(1))
        for branch in BRANCHES
    }
    years = [
        f"{year}: stay out {dollars(float(out))}, join {dollars(float(into))}"
        for year, out, into in zip(found.years, totals["stay_out"], totals["join"], strict=True)
    ]
    return (
        "Stacked bars of federal and state cost by state fiscal year, stay out beside join. "
        f"{'; '.join(years)}. The state's part when joining is "
        f"{share(share_of_state(found, basis))}."
    )


def share_of_state(found: Budget, basis: Basis, branch: str = "join") -> float:
    """The state's part of a branch's cost over all years."""
    state, federal = (float(found.paid(branch, payer, basis).sum()) for payer in PAYERS)
    return state / (state + federal) if state + federal else 0.0


def frame(decision: StateDecision) -> pd.DataFrame:
    """The budget as the file has it: a line for each fiscal year and measure, full precision."""
    import pandas as pd

    found = budget(decision)
    abbr = decision.scenario.state.abbr
    rows = []
    years: list[tuple[str | None, int]] = list(zip(found.years, found.months, strict=True))
    for year, months in [*years, (None, sum(found.months))]:
        for key, label, unit in (*MEASURES, *MORE):
            out, into = (found.of(branch, key, year) for branch in BRANCHES)
            rows.append((abbr, year or "all", months, label, unit, out, into, into - out))
    head = ["state", "fiscal_year", "months", "measure", "unit", *BRANCHES, "difference"]
    return pd.DataFrame(rows, columns=head)
