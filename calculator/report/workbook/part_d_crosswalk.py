"""What the decision moves in CMS's Prescription Drug Bid Pricing Tool, PMPM, by branch and year.

The words are those of the form for contract year 2026 (CMS-10142, PD-2026.1), worksheet 1, Rx base
period experience, section III, whose columns the projection worksheets repeat. Line numbers of
those worksheets change from year to year and are not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calculator.model import ledger as words
from calculator.part_d_decision import PlanDecision
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import Live, Ref, live, rounded, summed, total
from calculator.report.workbook.layout import Steps, printed_by_block
from calculator.report.workbook.part_d_ledger import BRANCHES, Ledger, drug_block
from calculator.report.workbook.part_d_levels import BASIC, levels
from calculator.report.workbook.part_d_payment import Payment, Settled
from calculator.report.workbook.part_d_run import Run

CROSSWALK = "Bid crosswalk"
FORM = "CMS-10142, Prescription Drug Bid Pricing Tool for contract year 2026 (PD-2026.1)"
READING = (
    "Black: these formulas, which follow the inputs but have few points of spending. Grey: the"
    " calculator in full, for the inputs as written. Beside them: the first less the second.",
    "Carry over a level in full: the grey one if the plan stays out; if it joins, the one at the"
    " foot of this sheet, which is the grey level of staying out plus the live change.",
    "Where an input is changed that moves staying out itself, write the file anew for its levels in"
    " full. Where the second column is empty, no line of that name was found on the form.",
)
PMPM = "USD PMPM"
BID = "Bid at the plan's risk score"
# Label, the form's words, unit; in the order in which they foot.
LINES: list[tuple[str, str, str]] = [
    ("Member-months", "Member Months", "months"),
    ("Allowed", "Average Allowed Amount per Member", PMPM),
    ("less cost sharing, low-income subsidy in it", "Average Cost Sharing per Member", PMPM),
    ("(of it low-income cost-sharing subsidy)", "Reimb for LIS per Member", PMPM),
    ("less federal reinsurance, net of rebates", "Reimb for Fed Reins. per Member", PMPM),
    ("less rebates and other concessions (DIR)", "Minus Rebates", PMPM),
    ("less manufacturer discount", "Minus Manufacturer Discount", PMPM),
    ("less selected-drug subsidy", "", PMPM),
    ("Left to the plan", "Net Average Paid Amount PMPM", PMPM),
    ("less extra reinsurance and obesity capitation of the model", "", PMPM),
]
SCORE = ("Risk score", "Risk Score", "score")
WITH_BID: list[tuple[str, str, str]] = [
    ("less added cost that is not priced", "", PMPM),
    ("less cost that the bid entered for the plan does not carry", "", PMPM),
    ("plus non-benefit expense in the bid", "Total Non-Benefit Expenses", PMPM),
    ("plus gain in the bid", "Gain/(Loss) Margin", PMPM),
    (BID, "", PMPM),
    SCORE,
    ("Standardised bid", "", PMPM),
    ("Basic premium", "", PMPM),
    ("Direct subsidy", "CMS Part D Payment", PMPM),
]
# Lines that end a sum.
SUMS = ("Left to the plan", BID)
GAP = 2.0


def crosswalk(
    run: Run,
    payment: Payment,
    ledgers: Mapping[str, Ledger],
    settled: Mapping[str, Settled],
    full: PlanDecision,
) -> list[tuple[str, Live]]:
    """Write the sheet: both branches beside the calculator in full, the change, what to carry over.

    full: the decision at full resolution. Returns what the lines miss of their sums, for the
    checks.
    """
    sheet = run.book.sheet(CROSSWALK)
    sheet.title("Bid crosswalk", f"What the decision moves on {FORM}.")
    sheet.row -= 1
    for note in READING:
        sheet.put(sheet.row, 0, note, look="note")
    _widths(sheet, len(run.years))
    sheet.frozen = (0, 1)
    if not run.has_bid:
        sheet.put(
            sheet.row,
            0,
            "An employer group waiver plan files no Part D bid: only the drug lines are shown.",
        )
    names = [*LINES, *(WITH_BID if run.has_bid else [SCORE])]
    best = levels(full)
    rows: dict[str, list[Live]] = {}
    printed_by_block(sheet, _full_at(len(run.years)) + 2 * len(run.years) + 1)
    gaps = []
    for name in ("join", "stay_out"):
        steps = Steps(sheet, f"{BRANCHES[name]}: PMPM by these formulas, and in full")
        _head(sheet, run.names, beside=True)
        cells = _branch(run, payment, ledgers[name], settled, name)
        rows[name] = [_row(steps, line, row) for line, row in zip(names, cells, strict=True)]
        for row, level in zip(rows[name], best[name], strict=True):
            _beside(sheet, row, level.tolist(), len(run.years))
        gaps += _footing(rows[name], BRANCHES[name], [line for line, *_ in names])
    steps = Steps(sheet, "Change: joining less staying out, by these formulas")
    _head(sheet, run.names)
    change = [
        _row(steps, line, [one[y] - two[y] for y in range(len(run.years))])
        for line, one, two in zip(names, rows["join"], rows["stay_out"], strict=True)
    ]
    steps = Steps(
        sheet,
        "To carry over if the plan joins: staying out in full, plus the change",
        "If it stays out: the grey lines of staying out above.",
    )
    _head(sheet, run.names)
    first = _full_at(len(run.years))
    for line, moved, out in zip(names, change, rows["stay_out"], strict=True):
        at = _line_of(out)
        grey = sheet.range(at, first, 1, len(run.years))
        _row(steps, line, [grey[y] + moved[y] for y in range(len(run.years))])
    return gaps


def _widths(sheet: Sheet, years: int) -> None:
    first = _full_at(years)
    sheet.widths |= {0: 50.0, 1: 34.0, 2: 10.0}
    sheet.widths |= dict.fromkeys(range(Steps.VALUES, first + 2 * years + 1), 11.0)
    sheet.widths |= {first - 1: GAP, first + years: GAP}


def _full_at(years: int) -> int:
    """The column in which the levels in full begin."""
    return Steps.VALUES + years + 1


def _line_of(cells: Live) -> int:
    (ref,) = cells.parts
    assert isinstance(ref, Ref)
    return ref.first[0]


def _head(sheet: Sheet, years: Sequence[str], *, beside: bool = False) -> None:
    row, count = sheet.row, len(years)
    sheet.heading(row, 0, ("", "On the form", "Unit"))
    blocks = [(Steps.VALUES, "")]
    if beside:
        first = _full_at(count)
        blocks += [(first, "In full\n"), (first + count + 1, "Less full\n")]
    for column, said in blocks:
        for place, year in enumerate(years):
            sheet.put(row, column + place, f"{said}{year}", look="number head")
    if beside:
        sheet.heights[row] = 28.0


def _row(steps: Steps, line: tuple[str, str, str], cells: Sequence[Live] | Live) -> Live:
    """A line; here the second column has the form's words and the third the unit."""
    label, word, unit = line
    look = "sum" if label in SUMS else None
    return steps.row(label, word, cells, unit, _number(unit), look)


def _number(unit: str) -> str:
    return {"months": "people", "score": "exact"}.get(unit, "cents")


def _beside(sheet: Sheet, cells: Live, level: Sequence[float], years: int) -> None:
    """The level in full beside a line, and the line less it."""
    row = _line_of(cells)
    number = sheet.cells[row, Steps.VALUES][2]
    first = _full_at(years)
    full = sheet.across(row, first, level, number)
    # To a cent, so that nothing is shown as nothing.
    digits = 4 if number == "exact" else 2
    apart = [rounded(cells[y] - full[y], digits) for y in range(years)]
    sheet.across(row, first + years + 1, apart, number)


def _footing(rows: Sequence[Live], branch: str, labels: Sequence[str]) -> list[tuple[str, Live]]:
    """What the two sums of a branch miss over all years, USD: PMPM times all member-months."""
    at = dict(zip(labels, rows, strict=True))
    months = total(at["Member-months"])
    found = []
    start = "Allowed"
    for last in SUMS:
        if last not in at:
            continue
        first, stop = labels.index(start), labels.index(last)
        gap = total(at[start]) - total(at[last])
        for label in labels[first + 1 : stop]:
            if label.startswith("less "):
                gap = gap - total(at[label])
            elif label.startswith("plus "):
                gap = gap + total(at[label])
        found.append((f"{branch}: lines of the bid crosswalk sum to: {last[0].lower()}{last[1:]}",
                      gap * months))  # fmt: skip
        start = last
    return found


def _branch(
    run: Run, payment: Payment, ledger: Ledger, settled: Mapping[str, Settled], name: str
) -> list[Sequence[Live]]:
    """The cells of every line of a branch."""
    years = range(len(run.years))
    branch, stay_out = settled[name], settled["stay_out"]
    months, risk = branch.months, branch.risk
    # What is outside the basic benefit when staying out is not in its bid.
    lines = words.DRUG_LINES if name == "join" else BASIC

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
    ]
    if not run.has_bid:
        return [*cells, list(risk)]
    assert branch.bid is not None
    assert branch.premium is not None
    assert branch.subsidy is not None
    assert stay_out.bid is not None
    assert stay_out.at_cost is not None
    margin = run.assumed("payment.margin_share")
    benefit = 1 - payment.load
    at_risk = [branch.bid[y] * risk[y] for y in years]
    unpriced: Sequence[Live] = [live(0) for _ in years]
    if name == "join":
        assert branch.net_cost is not None
        unpriced = [
            branch.net_cost[y] - (branch.bid[y] - stay_out.bid[y]) * risk[y] * benefit
            for y in years
        ]
    below = [
        (stay_out.at_cost[y] - stay_out.bid[y])
        * payment.own_risk
        * benefit
        * payment.months[y]
        / months[y]
        for y in years
    ]
    return [
        *cells,
        unpriced,
        below,
        [one * (payment.load - margin) for one in at_risk],
        [one * margin for one in at_risk],
        at_risk,
        list(risk),
        [branch.bid[y] for y in years],
        [branch.premium[y] for y in years],
        [branch.subsidy[y] for y in years],
    ]
