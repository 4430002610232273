"""Every dollar has a payer: the fixed words of the ledger and its sums.

A ledger maps (line, payer) to USD by case and year, (C, Y), or month, (C, T). Amounts are paid and
positive; an offset that saves and a rebate received are negative. Value is the only signed result.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from calculator.model.arrays import Array

PAYERS = (
    "member",
    "lics",
    "plan",
    "manufacturer",
    "selected_subsidy",
    "reinsurance",
    "dir",
    "cms_incentive",
    "bridge",
    "federal",
    "state",
    "mco",
)
DRUG_LINES = ("baseline_drugs", "existing_glp1", "model_drugs")
RECEIPTS = (
    "premium",
    "direct_subsidy",
    "corridor",
    "obesity_capitation",
    "extra_reinsurance",
    "stabilisation",
    "part_c_coding",
)
STATE_LINES = ("capitation", "premium_tax", "statutory_rebate", "supplemental_rebate")
LINES = (*DRUG_LINES, *RECEIPTS, *STATE_LINES, "offsets", "selection", "administration")

Ledger = dict[tuple[str, str], Array]


def post(ledger: Ledger, line: str, payer: str, amount: Array) -> None:
    """Add an amount to a row. A word that is not in LINES or PAYERS is a KeyError.

    >>> book: Ledger = {}
    >>> post(book, "premium", "member", np.ones((1, 1)))
    >>> post(book, "premium", "member", np.ones((1, 1)))
    >>> float(book["premium", "member"][0, 0])
    2.0
    """
    if line not in LINES or payer not in PAYERS:
        raise KeyError(f"not a row of the ledger: {line}, {payer}")
    before = ledger.get((line, payer))
    ledger[line, payer] = amount if before is None else before + amount


def post_signed(ledger: Ledger, line: str, payer: str, amount: Array, otherwise: str) -> None:
    """Post an amount that may turn round: `payer` pays what is positive, `otherwise` the rest.

    >>> book: Ledger = {}
    >>> post_signed(book, "corridor", "federal", np.array([[5.0, -3.0]]), otherwise="plan")
    >>> book["corridor", "federal"].tolist(), book["corridor", "plan"].tolist()
    ([[5.0, 0.0]], [[0.0, 3.0]])
    """
    post(ledger, line, payer, np.maximum(amount, 0.0))
    post(ledger, line, otherwise, np.maximum(-amount, 0.0))


def total(ledger: Ledger, lines: Iterable[str] = LINES, payers: Iterable[str] = PAYERS) -> Array:
    """Sum of the rows with these lines and payers, (C, Y) (0 where there are none)."""
    lines, payers = set(lines), set(payers)
    rows = [rows for (line, payer), rows in ledger.items() if line in lines and payer in payers]
    return np.asarray(sum(rows, start=np.zeros((1, 1))))


def plan_result(ledger: Ledger) -> Array:
    """The plan's result by case and year, USD: what others pay it less what it pays.

    A premium the plan pays itself (a rise bought down with its own A/B rebate, or waived) is
    neither received nor paid.
    """
    others = [payer for payer in PAYERS if payer != "plan"]
    costs = [line for line in LINES if line != "premium"]
    # Whatever another payer puts into `administration` or `selection` reaches the plan as well.
    received = total(ledger, (*RECEIPTS, "administration", "selection"), others)
    return received - total(ledger, costs, ["plan"])


def plan_result_by_line(ledger: Ledger) -> dict[str, Array]:
    """What each line does to the plan, USD by case and year: what it gets is positive.

    Sums to `plan_result`.
    """
    return {
        line: plan_result({row: amount for row, amount in ledger.items() if row[0] == line})
        for line in LINES
    }
