"""Payment, line by line: what fills cost and earn by month, and who pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    where,
)
from calculator.report.workbook.layout import Block, Column
from calculator.report.workbook.medicaid_cohort import Treated
from calculator.report.workbook.medicaid_people import CohortCells
from calculator.report.workbook.medicaid_prices import Fill
from calculator.report.workbook.medicaid_program import Program

GOVERNMENTS = ("state", "federal")
# Lines of the ledger that are in a state's own result, as `ledger.LINES` orders them.
LINES = (
    "existing_glp1",
    "model_drugs",
    "capitation",
    "statutory_rebate",
    "supplemental_rebate",
    "offsets",
    "administration",
)
REBATES = ("statutory_rebate", "supplemental_rebate")


@dataclass(frozen=True)
class Rows:
    """One branch's dollars by month: columns that sum to a line, by line and payer."""

    lines: dict[tuple[str, str], list[Column]]
    today: dict[str, list[Column]]  # what each government pays for today's uses, after rebates
    tax: list[Column]  # premium tax that comes back to the state, from federal money
    plans: dict[str, list[Column]]  # managed care plans: drugs they pay, capitation they get
    earned: Column | None  # fills for obesity use that earn rebates
    cost: list[Column]  # what the drugs cost, whoever pays, less copays
    gross: dict[str, Column]  # by government, before rebates
    rebates: dict[str, Column]  # by government, negative
    arriving: dict[str, Column]  # the same in the month in which they arrive


@dataclass(frozen=True)
class Spread:
    """Weights and factors of one use, cell by month."""

    weights: Sequence[dict[str, Live]]
    factor: Sequence[Live]  # capitation per dollar of drugs in managed care
    tax: Live  # premium tax per dollar of capitation
    earning: Live  # share of fills that earn rebates


def drugs(block: Block, line: str, fills: Column, mean: Sequence[Fill], spread: Spread) -> Rows:
    """What fills cost, before rebates: fee for service, managed care, capitation, premium tax."""
    source, weights = "medicaid._post_fills", spread.weights
    gross = block.filled("Drugs", "USD", lambda t: fills[t] * mean[t].gross, source, "usd")

    def part(label: str, key: str) -> Column:
        return block.filled(label, "USD", lambda t: gross[t] * weights[t][key], source, "usd")

    lines = {
        (line, "state"): [part("Fee for service, state", "fee_state")],
        (line, "federal"): [part("Fee for service, federal", "fee_federal")],
    }
    plans = part("Managed care plans", "managed")

    def capitation(payer: str) -> Column:
        return block.filled(
            f"Capitation, {payer}",
            "USD",
            lambda t: gross[t] * weights[t][f"managed_{payer}"] * spread.factor[t],
            source,
            "usd",
        )

    for payer in GOVERNMENTS:
        lines["capitation", payer] = [capitation(payer)]
    tax = block.filled(
        "Premium tax from federal money",
        "USD",
        lambda t: lines["capitation", "federal"][0][t] * spread.tax,
        source,
        "usd",
    )
    return Rows(
        lines=lines,
        today={},
        tax=[tax],
        plans={
            "drugs": [plans],
            "capitation": [lines["capitation", payer][0] for payer in GOVERNMENTS],
        },
        earned=None,
        cost=[gross],
        gross={},
        rebates={},
        arriving={},
    )


def statutory(block: Block, earning: Column, mean: Sequence[Fill], spread: Spread) -> dict[
    tuple[str, str], list[Column]
]:  # fmt: skip
    source, weights = "rebates.state_share_of_net", spread.weights
    return {
        ("statutory_rebate", "state"): [
            block.filled(
                "Statutory rebate, state",
                "USD",
                lambda t: -earning[t] * mean[t].shared * weights[t]["statutory_state"],
                source,
                "usd",
            )
        ],
        ("statutory_rebate", "federal"): [
            block.filled(
                "Statutory rebate, federal",
                "USD",
                lambda t: (
                    -earning[t]
                    * (
                        mean[t].offset * weights[t]["statutory"]
                        + mean[t].shared * weights[t]["statutory_federal"]
                    )
                ),
                "rebates.federal_share_of_net",
                "usd",
            )
        ],
    }


def supplemental(
    block: Block, earning: Column, mean: Sequence[Fill], spread: Spread
) -> dict[tuple[str, str], list[Column]]:
    """Supplemental rebates, on top of a statutory one or alone."""
    weights = spread.weights

    def column(payer: str) -> Column:
        return block.filled(
            f"Supplemental rebate, {payer}",
            "USD",
            lambda t: (
                -earning[t]
                * (
                    mean[t].supplemental * weights[t][f"on_top_{payer}"]
                    + mean[t].alone * weights[t][f"alone_{payer}"]
                )
            ),
            "medicaid._post_fills",
            "usd",
        )

    return {("supplemental_rebate", payer): [column(payer)] for payer in GOVERNMENTS}


def administration_rows(program: Program, block: Block, rows: Rows, treated: Treated) -> None:
    cost = program.assumed("coverage.prior_authorization_cost")
    match = program.assumed("coverage.prior_authorization_match")
    fixed = program.assumed("coverage.administration_fixed")
    half = program.assumed("coverage.administration_match")
    source = "medicaid._branch"
    each = block.filled(
        "Prior authorizations", "USD", lambda t: treated.starts[t] * cost, source, "usd"
    )
    part = block.filled(
        "Fixed cost of covering", "USD", lambda t: treated.active[t] * fixed / MONTHS, source, "usd"
    )
    rows.lines["administration", "state"] = [
        block.filled(
            "Administration, state",
            "USD",
            lambda t: each[t] * (1 - match) + part[t] * (1 - half),
            source,
            "usd",
        )
    ]
    rows.lines["administration", "federal"] = [
        block.filled(
            "Administration, federal",
            "USD",
            lambda t: each[t] * match + part[t] * half,
            source,
            "usd",
        )
    ]


def offsets_rows(
    program: Program,
    block: Block,
    rows: Rows,
    treated: Treated,
    weights: dict[str, Column],
    cohort: CohortCells,
) -> None:
    """What managed care saves reaches the governments when its rates are rebased."""
    lag = program.assumed("coverage.capture_lag_months")
    effect = treated.effect
    assert effect is not None

    def column(payer: str) -> Column:
        every, fee = weights[payer], weights[f"fee_{payer}"]
        return block.filled(
            f"Medical cost, {payer}",
            "USD",
            lambda t: effect[t] * where(cohort.number[t] >= lag, every[t], fee[t]),
            "medicaid._branch",
            "usd",
        )

    for payer in GOVERNMENTS:
        rows.lines["offsets", payer] = [column(payer)]


def with_today(rows: Rows, shared: Rows, extra: dict[tuple[str, str], list[Column]]) -> None:
    """Lay today's uses, which both branches have, beside a branch's obesity use."""
    for key, columns in (*shared.lines.items(), *extra.items()):
        rows.lines.setdefault(key, [])
        rows.lines[key] = [*rows.lines[key], *columns]
    rows.tax.extend(shared.tax)
    rows.cost.extend(shared.cost)
    for plan, columns in shared.plans.items():
        rows.plans[plan].extend(columns)
    for payer in GOVERNMENTS:
        rows.today[payer] = [
            *(columns[0] for (_, who), columns in shared.lines.items() if who == payer),
            *extra["supplemental_rebate", payer],
        ]
