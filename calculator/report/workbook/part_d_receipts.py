"""Corridor, administration, margin of movers and medical effects of a branch, by plan year."""

from __future__ import annotations

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    absolute,
    largest,
    live,
    smallest,
    summed,
    where,
)
from calculator.report.workbook.part_d_payment import Enrolled, Payment, Received, Settled
from calculator.report.workbook.part_d_run import Cells


def signed(
    pay: Payment, found: Settled, line: str, payer: str, otherwise: str, amount: Cells
) -> None:
    found.rows[line, payer] = [largest(amount[y], 0) for y in pay.years]
    found.rows[line, otherwise] = [largest(-amount[y], 0) for y in pay.years]


def corridor(pay: Payment, found: Settled, *, stay: bool) -> None:
    run, years = pay.run, pay.years
    assert found.target is not None
    assert found.actual is not None
    target, actual = found.target, found.actual

    def lever(name: str) -> list[Live]:
        path = f"terms.corridor.{name}"
        return [run.inputs.neutral(path) for _ in years] if stay else run.yearly(path)

    one, two = lever("first_threshold"), lever("second_threshold")
    share_one, share_two = lever("first_share"), lever("second_share")
    gap = pay.row("Deviation", "USD", [actual[y] - target[y] for y in years])
    between = pay.row(
        "Between the thresholds",
        "USD",
        [
            smallest(
                largest(absolute(gap[y]) - one[y] * target[y], 0),
                largest(two[y] * target[y] - one[y] * target[y], 0),
            )
            for y in years
        ],
        "payment.risk_corridor",
    )
    beyond = pay.row(
        "Beyond the second threshold",
        "USD",
        [largest(absolute(gap[y]) - two[y] * target[y], 0) for y in years],
        "payment.risk_corridor",
    )
    corridor = pay.row(
        "Corridor: Medicare pays (+) or recovers (\N{MINUS SIGN})",
        "USD",
        [
            where(gap[y] > 0, 1, where(gap[y] < 0, -1, 0))
            * (share_one[y] * between[y] + share_two[y] * beyond[y])
            for y in years
        ],
        "payment.risk_corridor",
    )
    signed(pay, found, "corridor", "federal", "plan", corridor)


def administration(
    pay: Payment,
    found: Settled,
    enrolled: Enrolled,
    revenue: Cells,
    received: Received | None,
) -> None:
    run, years = pay.run, pay.years
    months = enrolled.months
    loaded = pay.row(
        "Administration and margin in the bid",
        "USD",
        [(revenue[y] - found.funded[y]) * months[y] * pay.load for y in years]
        if run.has_bid
        else [revenue[y] * months[y] * pay.load for y in years],
        "part_d._settle_branch",
    )
    parts: list[Cells] = [loaded]
    if received is not None:
        fixed, each = (run.assumed(f"administration.{n}") for n in ("fixed_cost", "pmpm_cost"))
        parts.append(
            pay.row("Cost of taking part", "USD", [fixed + months[y] * each for y in years])
        )
        support = run.terms("administrative_support.pmpm")
        found.rows["administration", "cms_incentive"] = list(
            pay.row("Administrative support", "USD", [months[y] * support[y] for y in years])
        )
    treated = pay.people.stay_out if received is None else pay.people.join
    if treated.starts is not None:
        starts = treated.starts
        each = run.assumed("administration.prior_authorization_cost")
        parts.append(pay.row("Prior authorizations", "USD", [starts[y] * each for y in years]))
    found.rows["administration", "plan"] = [summed([p[y] for p in parts]) for y in years]


def selection(pay: Payment, found: Settled, enrolled: Enrolled, bid: Live) -> None:
    run, years, people = pay.run, pay.years, pay.people
    share = run.assumed("payment.margin_share")
    leaving = found.leaving
    if leaving is None:
        # Nobody leaves an employer's plan for a premium.
        nothing = [live(0) for _ in years]
        found.rows["selection", "plan"] = nothing
        found.rows["selection", "member"] = nothing
        return
    moving = enrolled.moving
    lost = pay.row(
        "Margin lost with who leaves, less what who comes brings",
        "USD",
        [
            (
                leaving[y] * people.members[y] * MONTHS - moving[y]
                if moving is not None
                else leaving[y] * people.members[y] * MONTHS
            )
            * (bid[y] * pay.own_risk * share)
            for y in years
        ],
        "part_d._settle_branch",
    )
    signed(pay, found, "selection", "plan", "member", lost)


def medical(pay: Payment, found: Settled, *, stay: bool) -> None:
    run, years = pay.run, pay.years
    treated = pay.people.stay_out if stay else pay.people.join
    kept = run.inputs.number("plan.retained_share")
    found.rows["offsets", "plan"] = [treated.effect[y] * kept for y in years]
    found.rows["offsets", "federal"] = [treated.effect[y] * (1 - kept) for y in years]
    coding = run.inputs.number("plan.part_c_coding")
    revenue = pay.row(
        "Part C payment change from coding",
        "USD",
        [coding * treated.years[y - 1] if y else live(0) for y in years],
        "offsets.coding_revenue",
    )
    signed(pay, found, "part_c_coding", "federal", "plan", revenue)
