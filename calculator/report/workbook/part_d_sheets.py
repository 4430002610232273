"""A plan's sheets beside the model: the engine's selection check, sensitivity, checks, summary."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from calculator.analysis.sensitivity import tornado
from calculator.model import ledger as words
from calculator.model.cohort import WINDOW_LENGTH
from calculator.part_d_decision import RESOLUTIONS, PlanDecision
from calculator.report.selection import headline, mover_rows
from calculator.report.verdict import PAYERS, Verdict
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    both,
    smallest,
    summed,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.layout import FIRST, TWO_LINES, Steps
from calculator.report.workbook.limits import in_unit
from calculator.report.workbook.part_d_benefit import Benefit
from calculator.report.workbook.part_d_branch import Branch, Costs
from calculator.report.workbook.part_d_ledger import Answer, Ledger, OwnCoverage, drug_block
from calculator.report.workbook.part_d_movers import SELECTION
from calculator.report.workbook.part_d_payment import Settled
from calculator.report.workbook.part_d_people import People
from calculator.report.workbook.part_d_run import WINDOWS, Run
from calculator.report.workbook.summary import Told, worth_sentence

SENSITIVITY = "Sensitivity"
STALE = (
    "Values of the calculator for the inputs as they were when this file was written; they do not"
    " follow the cells."
)
SHEETS = {
    "Summary": "The answer: what joining is worth, by year, live.",
    "Inputs": "Every number and word that the formulas read. Change them here.",
    "Assumptions": "Every figure with unit, status, source and range.",
    "Persistence": "Share still on therapy by months since the start.",
    "Cohort": "Who starts, stays, stops and starts again, month by month.",
    "Windows": "Spells by window of therapy in each plan year.",
    "Benefit": "One sheet a year: strata of spending, the months in which deductible and threshold"
    " are met, fills and claims by phase.",
    "Drug costs": "Prices, DIR, and who owes each drug line in both branches.",
    "Who pays": "Every dollar with its payer, by year and branch.",
    "Payment": "Pricing, premium, subsidy, incentives and the risk corridor.",
    "Selection": "Who comes in order to use the drug, live; below, the calculator's own check.",
    "Decision": "The plan's result by line in both branches, and the value of joining.",
    "Sensitivity": "What moves the value; values, not formulas.",
    "Bid crosswalk": "What to carry over to CMS's bid pricing tool, PMPM.",
    "Checks": "Sums that must hold, and the figure at full resolution.",
    "About": "This page.",
}


def selection_check(run: Run, decision: PlanDecision) -> None:
    """What the calculator says of adverse selection, below the live rows."""
    sheet = run.book.sheet(SELECTION)
    check = decision.selection
    if not run.has_bid:
        sheet.title("Selection", check.reason)
        sheet.frozen = (2, 1)
    steps = Steps(sheet, "The plan check", f"{STALE} Fingerprint {decision.fingerprint}.")
    sheet.put(sheet.row, 0, headline(check))
    if check.per_mover is None:
        return
    assert check.multiplier is not None
    assert check.extra_joiners is not None
    assert check.leaving is not None
    assert check.relative_premium is not None
    steps.heading(["Value"])
    root = check.breakeven_movers
    for label, unit, value, number in (
        ("Eligible outside who move in a year", "share", check.movers, "share"),
        ("Low end of its range", "share", check.movers_low, "share"),
        ("High end of its range", "share", check.movers_high, "share"),
        ("Share of enrollment in plans that joined", "share", check.joining_share, "share"),
        ("Value without those who come", "USD", check.value_without, "usd"),
        ("Value with them", "USD", check.value_with, "usd"),
        ("Value without those who come", "USD PMPM", check.pmpm_without, "cents"),
        ("Value with them", "USD PMPM", check.pmpm_with, "cents"),
        ("Margin lost to movers by staying out", "USD", check.lost_when_staying_out, "usd"),
    ):
        steps.row(label, unit, [value], "plan_selection.check", number)
    if root is None:
        sheet.put(sheet.row, 0, "Break-even: the value does not change its sign from 0 to 100%")
    else:
        steps.row("Break-even share who move", "share", [root], "plan_selection.check", "share")
    steps.title("What a member who comes brings (+) and costs, USD a month")
    for label, amount in mover_rows(check):
        steps.row(label, "USD a month", [amount], "plan_selection.check", "cents")
    steps.title("By year")
    steps.heading(list(check.multiplier))
    for label, unit, by_year, number in (
        ("Eligible against the plan's own", "times", check.multiplier, "exact"),
        ("Extra members", "people", check.extra_joiners, "people"),
        ("Premium against rivals", "USD PMPM", check.relative_premium, "cents"),
        ("Members gone", "share", check.leaving, "share"),
    ):
        steps.row(label, unit, list(by_year.values()), "plan_selection.check", number)


def sensitivity(run: Run, decision: PlanDecision, said: Verdict) -> None:
    """Break-evens, readings that no source settles, and every input's own range."""
    sheet = run.book.sheet(SENSITIVITY)
    for column, width in enumerate((58, 26, 18, 14, 14, 14, 16, 16)):
        sheet.widths[column] = float(width)
    sheet.frozen = (2, 1)
    sheet.title("Sensitivity", f"{STALE} Fingerprint {decision.fingerprint}.")
    register = decision.register
    sheet.row += 1
    sheet.put(sheet.row, 0, "Where it turns: one input alone", look="title")
    sheet.put(
        sheet.row, 0, f"At {decision.resolution} resolution: {_points(decision.resolution)}.",
        look="note",
    )  # fmt: skip
    _heads(
        sheet,
        (
            "Input",
            "Unit",
            "",
            "Tried from",
            "to",
            "Turns at",
            "PMPM at the low end",
            "PMPM at the high end",
        ),
    )
    for path, found in said.breakevens.items():
        entry, _ = register.locate(path)
        row = sheet.row
        sheet.put(row, 0, register.entries[entry].label)
        sheet.put(row, 1, register.entries[entry].unit, look="note")
        root, unit = found.root, register.entries[entry].unit
        _amounts(sheet, row, 3, unit, [found.low, found.high])
        if root is None:
            sheet.put(row, 5, "nowhere in this range")
        else:
            _amounts(sheet, row, 5, unit, [root])
        sheet.across(row, 6, [found.value_at_low, found.value_at_high], "cents")
    sheet.row += 1
    sheet.put(sheet.row, 0, "Readings that no source settles", look="title")
    _heads(sheet, ("Reading", "", "", "USD PMPM"))
    readings = [
        (
            f"The manufacturer's discount {'counts' if flag else 'does not count'} towards the net"
            " price",
            worth,
        )
        for flag, worth in said.alternatives.discount_counted.items()
    ]
    if run.has_bid:
        readings += [
            (f"{part:.0%} of the added cost is priced into the bid", worth)
            for part, worth in said.alternatives.priced.items()
        ]
    for label, worth in readings:
        row = sheet.row
        sheet.put(row, 0, label)
        sheet.put(row, 3, worth, "cents")
    _ranges(sheet, decision)


def _points(resolution: str) -> str:
    return f"{RESOLUTIONS[resolution]} points of spending a group"


def _heads(sheet: Sheet, names: Sequence[str]) -> None:
    """Headings in two lines: texts, then numbers from the fourth column on."""
    row = sheet.row
    sheet.heights[row] = TWO_LINES
    for place, name in enumerate(names):
        sheet.put(row, place, name, look="number head" if place >= Steps.VALUES else "head")


def _amounts(sheet: Sheet, row: int, column: int, unit: str, values: Sequence[float]) -> None:
    """Values of one unit, six digits of each, as their unit is shown."""
    for place, value in enumerate(values):
        number, sheet_value = in_unit(unit, value)
        sheet.put(row, column + place, sheet_value, number)


def _ranges(sheet: Sheet, decision: PlanDecision) -> None:
    found = tornado(decision.scenario, "workbook")
    sheet.row += 1
    sheet.put(sheet.row, 0, "Each input over its own range, the others held", look="title")
    sheet.put(
        sheet.row,
        0,
        f"At workbook resolution: {_points('workbook')}; widest first. An asterisk: the range turns"
        " the sign.",
        look="note",
    )
    _heads(
        sheet,
        (
            "Input",
            "Unit",
            "Status",
            "Low end",
            "As put in",
            "High end",
            "PMPM at the low end",
            "PMPM at the high end",
        ),
    )
    first = sheet.row
    for bar in found.bars:
        row = sheet.row
        sheet.put(row, 0, f"{bar.label}{' *' if bar.turns(found.total) else ''}")
        sheet.put(row, 1, bar.unit, look="note")
        sheet.put(row, 2, bar.status.replace("_", " "), look="note")
        _amounts(sheet, row, 3, bar.unit, [bar.low, bar.own, bar.high])
        sheet.across(row, 6, [bar.pmpm_at_low, bar.pmpm_at_high], "cents")
    shown = min(len(found.bars), 12)
    if not shown:
        return

    def add(workbook: object, target: object) -> None:
        chart = workbook.add_chart({"type": "bar", "subtype": "clustered"})  # type: ignore[attr-defined]
        for column, name, color in ((6, "low end", "#9AA5AD"), (7, "high end", "#1B6B93")):
            chart.add_series(
                {
                    "name": name,
                    "categories": [sheet.name, first, 0, first + shown - 1, 0],
                    "values": [sheet.name, first, column, first + shown - 1, column],
                    "fill": {"color": color},
                    "overlap": 100,
                    "gap": 40,
                }
            )
        chart.set_title({"name": "USD PMPM at the ends of each range", "name_font": {"size": 11}})
        chart.set_y_axis({"reverse": True, "label_position": "low"})
        chart.set_x_axis({"num_format": "$0.00"})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 760, "height": 460})
        target.insert_chart(2, 9, chart)  # type: ignore[attr-defined]

    sheet.finish.append(add)


def identities(
    run: Run,
    people: People,
    costs: Costs,
    outside: OwnCoverage,
    ledgers: dict[str, Ledger],
    settled: dict[str, Settled],
    answer: Answer,
) -> list[tuple[str, Live]]:
    """Sums that must be 0, over the horizon: part_d.identities, and the value from its lines."""
    years = range(len(run.years))
    found = []
    length = run.book.sheet(WINDOWS).range(FIRST, 1, len(WINDOW_LENGTH), 1)
    for y, name in enumerate(run.names):
        own = sumproduct(people.windows[y], length)
        found.append((f"Windows of {name} sum to user-months", own - people.own_months[y]))
    branches: dict[str, Branch] = {"stay_out": costs.stay_out, "join": costs.join}
    for name, title in (("stay_out", "Staying out"), ("join", "Joining")):
        ledger = ledgers[name]
        paid = total(drug_block(run, ledger, words.DRUG_LINES))
        gross = summed([summed(branches[name].gross[y]) for y in years])
        if name == "stay_out":
            gross = gross + total(*(c for row in outside.rows.values() for c in row))
        found.append((f"{title}: payers, rebates among them, sum to gross", paid - gross))
        if not run.has_bid:
            continue
        one = settled[name]
        assert one.premium is not None
        assert one.subsidy is not None
        revenue = summed([one.months[y] * (one.premium[y] + one.subsidy[y]) for y in years])
        if outside.plan is not None and name == "stay_out":
            revenue = revenue + total(*outside.plan)
        got = total(
            *(
                row
                for (line, payer), row in ledger.items()
                if line in ("premium", "direct_subsidy", "stabilisation")
                and (line, payer) != ("direct_subsidy", "plan")
            )
        )
        turned = ledger["direct_subsidy", "plan"]
        found.append(
            (
                f"{title}: premium, subsidy and stabilisation are the bid",
                got - total(turned) - revenue,
            )
        )
    lines = total(*answer.lines.values())
    found.append(("The value's lines sum to the value", lines - answer.total))
    found.append(
        ("Years sum to the total", summed([answer.value[y] for y in years]) - answer.total)
    )
    return found


def refusals(run: Run, by_year: list[Benefit]) -> list[tuple[str, Live]]:
    """What the calculator would refuse, 1 where it would."""
    found = []
    rests = [one.rows.rest for one in by_year if one.rows.rest is not None]
    if rests:
        least = smallest(*rests) if len(rests) > 1 else rests[0]
        found.append(
            ("GLP-1 drugs in use today cost less than all drug spending", where(least > 0, 0, 1))
        )
    mix = list(run.scenario.therapy.mix)
    if len(mix) > 1:
        last = run.inputs.shares("therapy.mix", mix)[-1]
        found.append(
            (
                "Products' shares of starters are between 0 and 1 and sum to 1",
                where(both(last >= 0, last <= 1), 0, 1),
            )
        )
    return found


def told(run: Run, decision: PlanDecision, answer: Answer, people: People) -> Told:
    """What the summary shows."""
    first, last = run.years[0], run.years[-1]
    end = dt.date(last, 12, 31)
    who = PAYERS[decision.scenario.plan.type]

    def sentence(amount: Live) -> Live:
        return worth_sentence(f"January {first}", f"{end:%B} {last}", who, answer.pmpm, amount)

    return Told(
        sentence=sentence,
        total=answer.total,
        figures=(
            ("Value, USD PMPM", answer.pmpm, "cents"),
            (f"Value to December {last}", answer.total, "usd"),
            ("Present value", answer.present_value, "usd"),
            (f"Treated in {last}, member-years", people.join.years[len(run.years) - 1], "people"),
        ),
        periods=run.names,
        rows=(
            ("Plan's result when joining", answer.join),
            ("Plan's result when staying out", answer.stay_out),
            ("Value of joining", answer.value),
        ),
    )
