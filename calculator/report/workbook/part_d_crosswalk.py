"""What the decision moves in CMS's Prescription Drug Bid Pricing Tool, PMPM, by branch and year.

The words are those of the form for contract year 2026 (CMS-10142, PD-2026.1), worksheet 1, Rx base
period experience, section III, whose columns the projection worksheets repeat. Line numbers of
those worksheets change from year to year and are not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calculator.model import ledger as words
from calculator.report.workbook.cells import Live, live, summed, total
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.part_d_ledger import BRANCHES, Ledger, drug_block
from calculator.report.workbook.part_d_payment import Payment, Settled
from calculator.report.workbook.part_d_run import Run

CROSSWALK = "Bid crosswalk"
FORM = "CMS-10142, Prescription Drug Bid Pricing Tool for contract year 2026 (PD-2026.1)"


def crosswalk(
    run: Run, payment: Payment, ledgers: Mapping[str, Ledger], settled: Mapping[str, Settled]
) -> None:
    """Write the sheet: what to carry over if the plan joins, if it stays out, and the change."""
    sheet = run.book.sheet(CROSSWALK)
    sheet.title(
        "Bid crosswalk",
        f"What the decision moves on {FORM}.",
    )
    sheet.put(
        sheet.row - 1,
        0,
        "Carry over the branch that is filed. The second column has the form's words; where it is"
        " empty, no line of that name was found on it.",
        look="note",
    )
    for column, width in enumerate((52, 44, 16, *[13] * len(run.years))):
        sheet.widths[column] = float(width)
    sheet.frozen = (0, 1)
    if not run.has_bid:
        sheet.put(
            sheet.row,
            0,
            "An employer group waiver plan files no Part D bid: only the drug lines are shown.",
        )
    rows: dict[str, list[Live]] = {}
    steps: Steps | None = None
    order = ("join", "stay_out")
    for name in order:
        heading = f"{BRANCHES[name]}: PMPM to carry over"
        if steps is None:
            steps = Steps(sheet, heading)
        else:
            steps.title(heading)
        _head(steps, run.names)
        rows[name] = _branch(run, steps, payment, ledgers[name], settled[name], name)
    assert steps is not None
    steps.title("Change: joining less staying out")
    _head(steps, run.names)
    for (label, word, unit), one, two in zip(
        _labels(rows["join"]), rows["join"], rows["stay_out"], strict=True
    ):
        cells = [one[y] - two[y] for y in range(len(run.years))]
        _row(steps, label, word, unit, cells)


LINES: list[tuple[str, str, str]] = [
    ("Member-months", "Member Months", "months"),
    ("Allowed", "Average Allowed Amount per Member", "USD PMPM"),
    ("Cost sharing, low-income subsidy in it", "Average Cost Sharing per Member", "USD PMPM"),
    ("of it low-income cost-sharing subsidy", "Reimb for LIS per Member", "USD PMPM"),
    ("Federal reinsurance, net of rebates", "Reimb for Fed Reins. per Member", "USD PMPM"),
    ("Rebates and other concessions (DIR)", "Minus Rebates", "USD PMPM"),
    ("Manufacturer discount", "Minus Manufacturer Discount", "USD PMPM"),
    ("Selected-drug subsidy", "", "USD PMPM"),
    ("Left to the plan", "Net Average Paid Amount PMPM", "USD PMPM"),
    ("Extra reinsurance and obesity capitation of the model", "", "USD PMPM"),
    ("Risk score", "Risk Score", "score"),
]
WITH_BID: list[tuple[str, str, str]] = [
    ("Bid at the plan's risk score", "", "USD PMPM"),
    ("Non-benefit expense in the bid", "Total Non-Benefit Expenses", "USD PMPM"),
    ("Gain in the bid", "Gain/(Loss) Margin", "USD PMPM"),
    ("Standardised bid", "", "USD PMPM"),
    ("Basic premium", "", "USD PMPM"),
    ("Direct subsidy", "CMS Part D Payment", "USD PMPM"),
]


def _labels(rows: Sequence[object]) -> list[tuple[str, str, str]]:
    return [*LINES, *WITH_BID][: len(rows)]


def _head(steps: Steps, years: Sequence[str]) -> None:
    sheet, row = steps.sheet, steps.sheet.row
    sheet.heading(row, 0, ("", "On the form", "Unit"))
    for place, year in enumerate(years):
        sheet.put(row, Steps.VALUES + place, year, look="number head")


def _row(steps: Steps, label: str, word: str, unit: str, cells: Sequence[Live]) -> Live:
    """A line; here the second column has the form's words and the third the unit."""
    number = {"months": "people", "score": "exact"}.get(unit, "cents")
    return steps.row(label, word, cells, unit, number)


def _branch(
    run: Run, steps: Steps, payment: Payment, ledger: Ledger, settled: Settled, name: str
) -> list[Live]:
    years = range(len(run.years))
    months = settled.months
    # What is outside the basic benefit when staying out is not in its bid.
    lines = words.DRUG_LINES if name == "join" else ("baseline_drugs", "existing_glp1")

    def paid(*payers: str) -> list[Live]:
        return [
            summed([ledger[line, payer][y] for line in lines for payer in payers]) / months[y]
            for y in years
        ]

    incentive = [live(0) for _ in years]
    if name == "join":
        incentive = [
            (
                ledger["extra_reinsurance", "cms_incentive"][y]
                + ledger["obesity_capitation", "cms_incentive"][y]
            )
            / months[y]
            for y in years
        ]
    risk = settled.risk
    cells: list[Sequence[Live]] = [
        list(months),
        [total(drug_block(run, ledger, lines, y)) / months[y] for y in years],
        paid("member", "lics"),
        paid("lics"),
        paid("reinsurance"),
        paid("dir"),
        paid("manufacturer"),
        paid("selected_subsidy"),
        paid("plan"),
        incentive,
        list(risk),
    ]
    if run.has_bid:
        assert settled.bid is not None
        assert settled.premium is not None
        assert settled.subsidy is not None
        margin = run.assumed("payment.margin_share")
        at_risk = [settled.bid[y] * risk[y] for y in years]
        cells += [
            at_risk,
            [one * (payment.load - margin) for one in at_risk],
            [one * margin for one in at_risk],
            [settled.bid[y] for y in years],
            [settled.premium[y] for y in years],
            [settled.subsidy[y] for y in years],
        ]
    return [
        _row(steps, label, word, unit, row)
        for (label, word, unit), row in zip([*LINES, *WITH_BID], cells, strict=False)
    ]
