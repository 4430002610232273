"""A decision as tables of text: by year and by line, stay out | join | difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calculator.analysis.sensitivity import Alternatives
from calculator.model import ledger as words
from calculator.part_d_decision import PlanDecision
from calculator.report.words import MINUS, dollars, share

LINE_LABELS = {
    "premium": "Premium",
    "direct_subsidy": "Direct subsidy",
    "stabilisation": "Premium stabilisation",
    "obesity_capitation": "Obesity capitation",
    "extra_reinsurance": "Extra reinsurance",
    "corridor": "Risk corridor",
    "part_c_coding": "Part C coding",
    "baseline_drugs": "Other drugs",
    "existing_glp1": "GLP-1 covered today",
    "model_drugs": "Model drugs",
    "offsets": "Medical effect kept",
    "selection": "Members who leave or come",
    "administration": "Administration and margin",
}
COLUMNS = ("stay out", "join", "difference")


def by_line(
    decision: PlanDecision, year: int | None = None
) -> list[tuple[str, float, float, float]]:
    """Lines of the plan's result, USD PMPM: label, stay out, join, difference; the result last."""
    result = decision.evaluation.result
    pick = slice(None) if year is None else slice(*[decision.years.index(year) + n for n in (0, 1)])
    months = float(result.member_months[0, pick].sum())
    both = [
        {
            line: float(np.broadcast_to(amounts, result.value.shape)[0, pick].sum()) / months
            for line, amounts in words.plan_result_by_line(branch.ledger).items()
        }
        for branch in (result.stay_out, result.join)
    ]
    rows = [
        (label, both[0][line], both[1][line], both[1][line] - both[0][line])
        for line, label in LINE_LABELS.items()
        if both[0][line] or both[1][line]
    ]
    out, into = (sum(lines.values()) for lines in both)
    return [*rows, ("Plan's result", out, into, into - out)]


def by_year(decision: PlanDecision) -> list[tuple[str, float, float, float, float]]:
    """Plan's result by year, USD: year, stay out, join, difference, and the difference PMPM."""
    result = decision.evaluation.result
    stay_out, join = (
        np.broadcast_to(words.plan_result(branch.ledger), result.value.shape)[0]
        for branch in (result.stay_out, result.join)
    )
    months = result.member_months[0]
    rows = [
        (str(year), float(out), float(into), float(into - out), float((into - out) / month))
        for year, out, into, month in zip(decision.years, stay_out, join, months, strict=True)
    ]
    out, into = float(stay_out.sum()), float(join.sum())
    return [*rows, ("Total", out, into, into - out, (into - out) / float(months.sum()))]


def beside(decision: PlanDecision, found: Alternatives) -> list[str]:
    """The value under readings that no source settles, one line each."""
    lines = []
    if decision.evaluation.inputs.has_bid:
        priced = "; ".join(
            f"{share(part)} of the added cost in the bid {cents(worth, 2)}"
            for part, worth in found.priced.items()
        )
        lines.append(f"PMPM with {priced}")
    counted, not_counted = (cents(found.discount_counted[flag], 2) for flag in (True, False))
    lines.append(
        f"PMPM if the manufacturer's discount counts towards the net price {counted}; if not"
        f" {not_counted}"
    )
    return lines


def remarks(decision: PlanDecision) -> list[str]:
    """What a reader of the tables should know, one line each."""
    lines = []
    if decision.evaluation.inputs.has_bid:
        out = decision.branches()["stay_out"]["result"].values()
        if decision.scenario.plan.bid is None and all(abs(usd) < 0.5 for usd in out):
            lines.append(
                "Staying out is 0 by construction: without a bid of its own a plan bids cost"
            )
        join = decision.evaluation.result.join
        first = decision.evaluation.inputs.levers.corridor_thresholds[0]
        miss = (join.actual / join.target - 1.0)[0]
        worst = float(miss[np.argmax(np.abs(miss))])
        inside = bool(np.all(np.abs(miss) <= first[0]))
        side = "above" if worst > 0 else "below"
        lines.append(
            f"Cost is {side} the corridor's target by {share(abs(worst))} at most: "
            + ("inside the first threshold, so nothing is shared" if inside else "partly shared")
        )
    if any(change for _, change in decision.scenario.rivals):
        months = float(decision.evaluation.result.member_months[0].sum())
        against = cents(decision.value_against_no_model / months, 2)
        lines.append(f"PMPM against no model at all, where nobody else has joined, {against}")
    if decision.scenario.plan.type in ("pdp", "mapd"):
        lines.append(
            "Nationally, to 2029, the cap on the base premium leaves nearly all of a priced cost to"
            " Medicare: premiums of joining plans rise, those of the others fall"
        )
    return lines


def text(decision: PlanDecision, each_year: bool = False) -> str:
    """Both tables as text a person reads in a terminal."""
    yearly = align(
        ["Plan's result", *COLUMNS, "PMPM"],
        [
            [label, *(cents(amount, 0) for amount in amounts[:3]), cents(amounts[3], 2)]
            for label, *amounts in by_year(decision)
        ],
    )
    parts = [yearly]
    for year in (None, *(decision.years if each_year else ())):
        title = "All years, USD PMPM" if year is None else f"{year}, USD PMPM"
        rows = [
            [label, *(cents(amount, 2) for amount in amounts)]
            for label, *amounts in by_line(decision, year)
        ]
        parts.append(align([title, *COLUMNS], rows))
    return "\n\n".join(parts)


def cents(amount: float, decimals: int) -> str:
    """Dollars with that many decimals and no minus before a zero.

    >>> cents(-0.001, 2), cents(-1234.5, 0)
    ('$0.00', '−$1,234')
    """
    shown = dollars(amount, decimals)
    return shown if any(digit in "123456789" for digit in shown) else shown.removeprefix(MINUS)


def signed(amount: float, decimals: int | None = None) -> str:
    """A change in dollars: a plus, a true minus, or neither where nothing shows.

    >>> signed(1.2), signed(-1.2), signed(0.001, 2)
    ('+$1.20', '−$1.20', '$0.00')
    """
    text = dollars(amount) if decimals is None else cents(amount, decimals)
    shows = any(digit in text for digit in "123456789")
    return f"+{text}" if shows and amount > 0 else text


def align(head: Sequence[str], rows: Sequence[Sequence[str]], *, total: bool = True) -> str:
    """Columns of text, the first to the left, the others to the right; the last row is a total."""
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    rule = "-" * max(len(line) for line in lines)
    body = [*lines[1:-1], rule, lines[-1]] if total else lines[1:]
    return "\n".join([lines[0], rule, *body])
