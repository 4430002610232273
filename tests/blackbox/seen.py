"""What a black-box test may see of a decision: its inputs by path, and the figures it reports."""

from __future__ import annotations

from calculator import decide, load_scenario
from calculator.result import Decision

KEPT: dict[tuple[str, str], Decision] = {}


def decision(shipped: str, settings: dict | None = None) -> Decision:
    """A shipped scenario with some settings, decided as a user would; the same one only once."""
    key = shipped, repr(settings or {})
    if key not in KEPT:
        scenario = load_scenario(shipped).with_settings(settings or {})
        KEPT[key] = decide(scenario, resolution="workbook")
        if len(KEPT) > 40:
            del KEPT[next(iter(KEPT))]
    return KEPT[key]


def amount(found: Decision, branch: str, lines: str = "", payers: str = "") -> float:
    """USD of a branch's rows over the horizon; lines and payers by name, or all of them."""
    rows = found.ledger()
    rows = rows[rows.branch == branch]
    if lines:
        rows = rows[rows.line.isin(lines.split())]
    if payers:
        rows = rows[rows.payer.isin(payers.split())]
    return float(rows.amount.sum())


def count(found: Decision, of: str, branch: str = "join") -> float:
    """Fills, starters or member-years of a branch over the horizon."""
    return float(sum(found.outcomes[branch][of].values()))


def rows(found: Decision) -> dict[tuple[str, ...], float]:
    """Every row of the ledger by branch, period, line and payer."""
    table = found.ledger()
    return {tuple(row[:4]): row[4] for row in table.itertuples(index=False)}
