"""Who pays each line of a branch, and the plan's result by line: Who pays and Decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calculator.model import ledger as words
from calculator.model.arrays import MONTHS
from calculator.report.table import LINE_LABELS
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    Ref,
    live,
    rounded,
    smallest,
    summed,
    sumproduct,
    total,
)
from calculator.report.workbook.layout import Steps, values_at
from calculator.report.workbook.part_d_branch import Branch
from calculator.report.workbook.part_d_payment import Settled
from calculator.report.workbook.part_d_people import People
from calculator.report.workbook.part_d_prices import Prices
from calculator.report.workbook.part_d_run import DRUGS, Run

WHO_PAYS, DECISION = "Who pays", "Decision"
BRANCHES = {"stay_out": "Staying out", "join": "Joining"}
PAYER_LABELS = {
    "member": "members",
    "lics": "low-income cost sharing (LICS)",
    "plan": "the plan",
    "manufacturer": "manufacturer discount",
    "selected_subsidy": "selected-drug subsidy",
    "reinsurance": "reinsurance",
    "dir": "manufacturer rebates (DIR)",
    "cms_incentive": "CMS incentive",
    "bridge": "the Bridge",
    "federal": "Medicare",
}
# Lines in which the plan receives what others pay.
CHART_ROWS = 20
RECEIVED = (*words.RECEIPTS, "administration", "selection")
Ledger = dict[tuple[str, str], Live]


@dataclass
class OwnCoverage:
    """Drug rows of staying out that are outside the benefit, by plan year."""

    rows: dict[tuple[str, str], list[Live]]
    plan: list[Live] | None = None  # what own coverage costs the plan


def outside_the_benefit(run: Run, people: People, found: Prices) -> OwnCoverage:
    """The Bridge inside the horizon, or own coverage: drug_costs._bridge and _supplemented."""
    years = range(len(run.years))
    fills = people.stay_out.fills
    assert fills is not None
    number = run.inputs.number
    steps = Steps(run.book.sheet(DRUGS), "Obesity drugs when staying out")
    steps.heading(run.names)
    if run.evaluation.inputs.supplement is None:
        net = run.assumed("bridge.net_price")
        copay = smallest(run.assumed("bridge.copay"), net)
        member = steps.row(
            "Bridge: paid by members",
            "USD",
            [fills[y] * copay for y in years],
            "drug_costs._bridge",
            "usd",
        )
        bridge = steps.row(
            "Bridge: paid by Medicare",
            "USD",
            [fills[y] * (net - copay) for y in years],
            "drug_costs._bridge",
            "usd",
        )
        return OwnCoverage(
            {("model_drugs", "member"): list(member), ("model_drugs", "bridge"): list(bridge)}
        )
    gross = found.mean_gross_today
    engine = "drug_costs._supplemented"
    net_row = steps.row(
        "Own coverage: net price",
        "USD a fill",
        [smallest(number("own_coverage.net_price"), gross[y]) for y in years],
        engine,
        "cents",
    )
    copay_row = steps.row(
        "Own coverage: copay",
        "USD a fill",
        [smallest(number("own_coverage.copay"), net_row[y]) for y in years],
        engine,
        "cents",
    )
    member = steps.row(
        "Own coverage: paid by members",
        "USD",
        [fills[y] * copay_row[y] for y in years],
        engine,
        "usd",
    )
    plan = steps.row(
        "Own coverage: paid by the plan",
        "USD",
        [fills[y] * (net_row[y] - copay_row[y]) for y in years],
        engine,
        "usd",
    )
    rebate = steps.row(
        "Own coverage: DIR",
        "USD",
        [fills[y] * (gross[y] - net_row[y]) for y in years],
        engine,
        "usd",
    )
    rows = {"member": member, "plan": plan, "dir": rebate}
    return OwnCoverage(
        {("model_drugs", payer): list(row) for payer, row in rows.items()}, list(plan)
    )


def _wide(sheet: Sheet, label: float, unit: float, values: int) -> None:
    """Widths of a sheet to be read on paper: the calculator's functions stand beside it."""
    sheet.widths |= {Steps.LABEL: label, Steps.UNIT: unit}
    sheet.engine_at = Steps.ENGINE + values
    sheet.widths |= dict.fromkeys(range(Steps.ENGINE, sheet.engine_at), 16.0)
    sheet.widths[sheet.engine_at] = 14.0


def who_pays(
    run: Run,
    branches: Mapping[str, tuple[Branch, Settled]],
    outside: OwnCoverage,
) -> dict[str, Ledger]:
    """Every row of both ledgers by plan year; the payers' sums below."""
    sheet = run.book.sheet(WHO_PAYS)
    sheet.title(
        "Who pays",
        "Every dollar with its payer. Amounts are what is paid, positive, but for two: a medical"
        " effect that saves, and reinsurance where more of the rebates (DIR) is taken back from it"
        " than it pays.",
    )
    _wide(sheet, 48, 10, len(run.years) + 1)
    sheet.frozen = (0, 1)
    years = range(len(run.years))
    ledgers: dict[str, Ledger] = {}
    steps: Steps | None = None
    for name, (branch, settled) in branches.items():
        heading = f"{BRANCHES[name]}: every row of the ledger"
        if steps is None:
            steps = Steps(sheet, heading)
        else:
            steps.title(heading)
        steps.heading([*run.names, "Total"])
        rows: dict[tuple[str, str], list[list[Live]]] = {
            key: list(parts) for key, parts in branch.rows.items()
        }
        if name == "stay_out":
            for key, cells in outside.rows.items():
                rows.setdefault(key, []).append(cells)
        for key, cells in settled.rows.items():
            rows.setdefault(key, []).append(cells)
        ledger: Ledger = {}
        for line in words.LINES:
            for payer in words.PAYERS:
                parts = rows.get((line, payer))
                if parts is None:
                    continue
                cells = [summed([part[y] for part in parts]) for y in years]
                ledger[line, payer] = _row(
                    steps,
                    f"{LINE_LABELS[line]}: {PAYER_LABELS[payer]}",
                    "USD",
                    cells,
                    f"{line}, {payer}",
                )
        ledgers[name] = ledger
    assert steps is not None
    steps.title(
        "Drug costs by payer",
        "The drug lines together; the manufacturer's rebates are one of the payers.",
    )
    steps.heading([*run.names, "Total"])
    for name, ledger in ledgers.items():
        for payer, label in PAYER_LABELS.items():
            drugs = [ledger[line, payer] for line in words.DRUG_LINES if (line, payer) in ledger]
            if drugs:
                cells = [summed([row[y] for row in drugs]) for y in years]
                _row(steps, f"{BRANCHES[name]}: {label}", "USD", cells)
    return ledgers


def drug_block(run: Run, ledger: Ledger, lines: Sequence[str], year: int | None = None) -> Live:
    """The drug rows of these lines, which lie together: of one year, or of all."""
    places = [
        row.parts[0].first
        for (line, _), row in ledger.items()
        if line in lines and isinstance(row.parts[0], Ref)
    ]
    first, last = min(places), max(places)
    assert last[0] - first[0] + 1 == len(places)
    column, wide = (first[1], len(run.years)) if year is None else (first[1] + year, 1)
    return run.book.sheet(WHO_PAYS).range(first[0], column, len(places), wide)


def _row(
    steps: Steps,
    label: str,
    unit: str,
    cells: Sequence[Live],
    engine: str = "",
    *,
    bold: bool = False,
) -> Live:
    """A row with its total."""
    look = "sum" if bold else None
    row = steps.row(label, unit, cells, engine, "usd", look)
    steps.sheet.put(
        steps.sheet.row - 1, values_at(steps.sheet) + len(cells), total(row), "usd", look
    )
    return row


@dataclass
class Answer:
    """Cells of the answer."""

    value: Live  # by year
    total: Live
    present_value: Live
    pmpm: Live
    lines: dict[str, Live]  # line -> difference by year
    join: Live
    stay_out: Live


def decision(run: Run, people: People, ledgers: Mapping[str, Ledger], months: Live) -> Answer:
    """The plan's result by line in both branches, and what joining is worth. Names its cells."""
    sheet = run.book.sheet(DECISION)
    sheet.title(
        "Decision",
        "The plan's result by line: what others pay it less what it pays. Joining less staying out"
        " is what joining is worth; positive is good for the plan.",
    )
    _wide(sheet, 44, 14, len(run.years) + 1)
    years = range(len(run.years))
    steps: Steps | None = None
    results: dict[str, Live] = {}
    by_line: dict[str, dict[str, Live]] = {}
    for name in ("join", "stay_out"):
        heading = BRANCHES[name]
        if steps is None:
            steps = Steps(sheet, heading)
        else:
            steps.title(heading)
        steps.heading([*run.names, "Total"])
        lines = {}
        for line, label in LINE_LABELS.items():
            cells = [_result(ledgers[name], line, y) for y in years]
            row = _row(steps, label, "USD", cells, "ledger.plan_result_by_line")
            lines[line] = row
            for y in years:
                run.book.name(f"out_{name}_{line}_{run.years[y]}", row[y])
        by_line[name] = lines
        # To a millionth of a dollar, so that nothing is shown as nothing.
        cells = [rounded(total(*(row[y] for row in lines.values())), 6) for y in years]
        results[name] = _row(steps, "Plan's result", "USD", cells, "ledger.plan_result", bold=True)
    assert steps is not None
    steps.title("What joining is worth", "Joining less staying out.")
    steps.heading([*run.names, "Total"])
    gains = {
        line: _row(
            steps,
            label,
            "USD",
            [by_line["join"][line][y] - by_line["stay_out"][line][y] for y in years],
        )
        for line, label in LINE_LABELS.items()
    }
    value = _row(
        steps,
        "Value of joining",
        "USD",
        [results["join"][y] - results["stay_out"][y] for y in years],
        "part_d.settle",
        bold=True,
    )
    rate = run.assumed("payment.discount_rate")
    factor = steps.row(
        "Discount factor, mean of the months",
        "factor",
        [
            sumproduct((1 + rate) ** (-(people.month_numbers[y] + 0.5) / MONTHS)) / MONTHS
            for y in years
        ],
        "result.monthly_discount",
        "exact",
    )
    sheet.row += 1

    def one(label: str, unit: str, cell: Live, name: str, number: str) -> Live:
        put = steps.row(label, unit, [cell], "result.Value", number)
        run.book.name(name, put)
        return put

    whole = one("Value of joining", "USD", total(value), "out_value_total", "usd")
    present = one(
        "Present value", "USD", sumproduct(value, factor), "out_value_present_value", "usd"
    )
    pmpm = one("Value of joining", "USD PMPM", whole / total(months), "out_value_pmpm", "cents")
    for y in years:
        run.book.name(f"out_value_{run.years[y]}", value[y])
    sheet.frozen = (0, 1)
    _lines_chart(sheet, {label: gains[line] for line, label in LINE_LABELS.items()}, len(run.years))
    return Answer(value, whole, present, pmpm, gains, results["join"], results["stay_out"])


def _lines_chart(sheet: Sheet, rows: Mapping[str, Live], years: int) -> None:
    """What each line adds over the horizon, as a native chart."""
    below = sheet.row + 1
    sheet.row = below + CHART_ROWS
    (first, *_, last) = [row.parts[0] for row in rows.values()]
    assert isinstance(first, Ref)
    assert isinstance(last, Ref)
    top, bottom, column = first.first[0], last.first[0], values_at(sheet) + years

    def add(workbook: Any, target: Any) -> None:
        chart = workbook.add_chart({"type": "bar"})
        chart.add_series(
            {
                "name": "Joining less staying out, USD",
                "categories": [sheet.name, top, 0, bottom, 0],
                "values": [sheet.name, top, column, bottom, column],
                "fill": {"color": "#1B6B93"},
                "gap": 40,
            }
        )
        chart.set_title({"name": "What each line adds, USD in all", "name_font": {"size": 11}})
        chart.set_y_axis({"reverse": True, "label_position": "low"})
        chart.set_x_axis({"num_format": "$#,##0,\\K"})
        chart.set_legend({"none": True})
        chart.set_size({"width": 620, "height": 380})
        target.insert_chart(below, 0, chart)

    sheet.finish.append(add)


def _result(ledger: Ledger, line: str, y: int) -> Live:
    """What a line does to the plan: ledger.plan_result_by_line."""
    got = []
    if line in RECEIVED:
        got = [
            ledger[line, payer][y]
            for payer in words.PAYERS
            if payer != "plan" and (line, payer) in ledger
        ]
    found = summed(got) if got else live(0)
    if line != "premium" and (line, "plan") in ledger:
        found = found - ledger[line, "plan"][y] if got else -ledger[line, "plan"][y]
    return found
