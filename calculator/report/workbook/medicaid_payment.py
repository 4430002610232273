"""Payment: every dollar by month and payer, in both branches, and the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calculator.model.arrays import MONTHS
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    picked,
    summed,
    total,
    where,
)
from calculator.report.workbook.layout import Block, Column, Steps
from calculator.report.workbook.medicaid_cohort import BRANCHES, Treated
from calculator.report.workbook.medicaid_groups import GroupCells, group_name
from calculator.report.workbook.medicaid_lines import (
    GOVERNMENTS,
    LINES,
    REBATES,
    Rows,
    Spread,
    administration_rows,
    drugs,
    offsets_rows,
    statutory,
    supplemental,
    with_today,
)
from calculator.report.workbook.medicaid_match import WEIGHTS, Matches, weights_of
from calculator.report.workbook.medicaid_people import CohortCells
from calculator.report.workbook.medicaid_prices import Fill, FillCells
from calculator.report.workbook.medicaid_program import Program


@dataclass(frozen=True)
class PaymentCells:
    """Both branches, and the value by month."""

    rows: dict[str, Rows]
    factor: Column  # capitation per dollar of drugs for obesity use
    value: Column
    discount: Column
    present: Column


def today_weights(
    program: Program, sheet: Sheet, facts: GroupCells, cohort: CohortCells, matches: Matches
) -> list[dict[str, Live]]:
    """Today's uses spread over the groups as they begin: what falls to whom, by federal year."""
    steps = Steps(sheet, "Fills of today's uses: spread over the groups, and what falls to whom")
    steps.heading([group_name(name) for name in program.names])
    source = "medicaid_groups._existing_share"
    people = [
        one * flag for one, flag in zip(cohort.first_people, cohort.today_groups, strict=True)
    ]
    row = steps.row("People with these uses, first month", "people", people, source, "people")
    spread = steps.row(
        "Share of these fills",
        "share",
        [where(total(row) > 0, one / total(row), 0) for one in row],
        source,
        "share",
    )
    steps.heading([f"Federal fiscal year {year}" for year in matches.years])
    by_year = [
        weights_of(spread, facts, matches.of_year(place)) for place in range(len(matches.years))
    ]
    found: list[dict[str, Live]] = [{} for _ in by_year]
    for key, label in WEIGHTS:
        cells = steps.row(
            label, "share of fills", [one[key] for one in by_year], "medicaid._post_fills", "exact"
        )
        for place, cell in enumerate(cells):
            found[place][key] = cell
    return found


def _weights(
    program: Program, block: Block, facts: GroupCells, cohort: CohortCells, matches: Matches
) -> dict[str, Column]:
    """Of a fill for obesity use, spread over the groups: what falls to whom, by month."""
    block.section("Of a fill for obesity use, what falls to whom")
    months = program.months
    by_month = [
        weights_of(cohort.spread[t], facts, matches.on(day)) for t, day in enumerate(months)
    ]

    def column(key: str, label: str) -> Column:
        return block.filled(
            label, "share of fills", lambda t: by_month[t][key], "medicaid._post_fills", "exact"
        )

    return {key: column(key, label) for key, label in WEIGHTS}


def payment(
    program: Program,
    block: Block,
    facts: GroupCells,
    matches: Matches,
    cohort: CohortCells,
    treated: dict[str, Treated],
    fills: FillCells,
    today: Sequence[dict[str, Live]],
    adopts: Live,
    lag: Live,
) -> PaymentCells:
    """All months of both branches."""
    months = program.months
    weights = _weights(program, block, facts, cohort, matches)
    rated = program.assumed("coverage.months_until_rebased")
    expected = program.assumed("coverage.priced_fills_share")
    load = program.assumed("coverage.capitation_load")
    block.gap()
    block.section("Managed care")
    priced = block.filled(
        "Fills the capitation pays for",
        "share of expected fills",
        lambda t: where(cohort.number[t] >= rated, 1, expected),
        "medicaid_inputs.build_inputs",
        "share",
    )
    factor = block.filled(
        "Capitation per dollar of drugs",
        "USD",
        lambda t: priced[t] / (1 - load),
        "medicaid._post_fills",
        "exact",
    )
    full = block.filled(
        "The same for today's uses", "USD", lambda _: 1 / (1 - load), "medicaid._post_fills",
        "exact",
    )  # fmt: skip
    tax = program.assumed("coverage.premium_tax")
    earning_share = 1 - program.assumed("rebates.share_340b")
    place = [matches.years.index(year) for year in program.federal_years]
    spreads = {
        "obesity": Spread(
            [{key: column[t] for key, column in weights.items()} for t in range(len(months))],
            [factor[t] for t in range(len(months))],
            tax / (1 - tax),
            earning_share,
        ),
        "today": Spread(
            [today[one] for one in place],
            [full[t] for t in range(len(months))],
            tax / (1 - tax),
            earning_share,
        ),
    }

    def of_month(cells: tuple[Fill, ...]) -> list[Fill]:
        return [cells[one] for one in fills.stretch]

    block.gap()
    block.section("Today's uses, in both branches")
    spread, mean = spreads["today"], of_month(fills.today["stay_out"])
    shared = drugs(block, "existing_glp1", cohort.today, mean, spread)
    earning = block.filled(
        "Fills that earn rebates",
        "fills",
        lambda t: cohort.today[t] * earning_share,
        "medicaid._post_fills",
        "people",
    )
    shared.lines.update(statutory(block, earning, mean, spread))
    extra = {}
    for branch, title in BRANCHES.items():
        block.gap()
        block.section(f"Today's uses: {title.lower()}")
        extra[branch] = supplemental(block, earning, of_month(fills.today[branch]), spread)

    def obesity(branch: str) -> Rows:
        block.gap()
        block.section(f"Obesity use: {BRANCHES[branch].lower()}")
        one, spread, mean = treated[branch], spreads["obesity"], of_month(fills.obesity[branch])
        used = one.fills
        assert used is not None
        bare = drugs(block, "model_drugs", used, mean, spread)
        earned = block.filled(
            "Fills that earn rebates",
            "fills",
            lambda t: used[t] * earning_share,
            "medicaid._post_fills",
            "people",
        )
        rows = replace(bare, earned=earned)
        rows.lines.update(statutory(block, earned, mean, spread))
        rows.lines.update(supplemental(block, earned, mean, spread))
        administration_rows(program, block, rows, one)
        offsets_rows(program, block, rows, one, weights, cohort)
        with_today(rows, shared, extra[branch])
        return rows

    found = {branch: obesity(branch) for branch in BRANCHES}
    for branch, title in BRANCHES.items():
        block.gap()
        block.section(f"Totals: {title.lower()}")
        _totals(block, found, branch, lag, cohort)
    block.gap()
    block.section("Value to the state")

    def own_cost(branch: str) -> Column:
        rows = found[branch]
        return block.filled(
            f"State's own cost, {BRANCHES[branch].lower()}",
            "USD",
            lambda t: rows.gross["state"][t] + rows.rebates["state"][t],
            "medicaid.state_cost",
            "usd",
        )

    stay_out, join = own_cost("stay_out"), own_cost("join")
    value = block.filled(
        "Value",
        "USD",
        lambda t: adopts * (stay_out[t] - join[t]),
        "medicaid.run",
        "usd",
    )
    rate = program.assumed("payment.discount_rate")
    discount = block.filled(
        "Discount factor",
        "from mid-month",
        lambda t: (1 + rate) ** (-((cohort.number[t] + 0.5) / MONTHS)),
        "result.monthly_discount",
        "exact",
    )
    present = block.filled(
        "Present value", "USD", lambda t: value[t] * discount[t], "result.monthly_discount", "usd"
    )
    return PaymentCells(found, factor, value, discount, present)


def _totals(
    block: Block, found: dict[str, Rows], branch: str, lag: Live, cohort: CohortCells
) -> None:
    """Before rebates, rebates, and rebates as they arrive, by government."""
    rows = found[branch]

    def of(payer: str, lines: Sequence[str]) -> list[Column]:
        return [
            column
            for (line, who), columns in rows.lines.items()
            if who == payer and line in lines
            for column in columns
        ]

    def added(label: str, columns: Sequence[Column], engine: str) -> Column:
        return block.filled(
            label, "USD", lambda t: summed([column[t] for column in columns]), engine, "usd"
        )

    def arriving(payer: str) -> Column:
        accrued = rows.rebates[payer]
        # What comes in the first months was earned before them, as staying out earns it.
        earlier = found["stay_out"].rebates[payer][0]
        return block.filled(
            f"{payer.title()}, rebates as they arrive",
            "USD",
            lambda t: where(
                cohort.number[t] >= lag,
                picked(accrued.whole, cohort.number[t] - lag + 1),
                earlier,
            ),
            "medicaid.cash",
            "usd",
        )

    for payer in GOVERNMENTS:
        before = of(payer, [line for line in LINES if line not in REBATES])
        rows.gross[payer] = added(f"{payer.title()}, before rebates", before, "medicaid.gross_cost")
    for payer in GOVERNMENTS:
        rows.rebates[payer] = added(
            f"{payer.title()}, rebates", of(payer, REBATES), "medicaid.REBATE_LINES"
        )
    for payer in GOVERNMENTS:
        rows.arriving[payer] = arriving(payer)
