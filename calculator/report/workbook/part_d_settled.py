"""Premium, subsidy and who leaves, by plan year, in both branches: model.part_d._settle_branch."""

from __future__ import annotations

from calculator.report.workbook.cells import (
    Live,
    blank,
    both,
    clipped,
    largest,
    live,
    smallest,
    summed,
    where,
)
from calculator.report.workbook.part_d_payment import Bids, Enrolled, Payment, Received, Settled
from calculator.report.workbook.part_d_pricing import bids, priced
from calculator.report.workbook.part_d_receipts import (
    administration,
    corridor,
    medical,
    selection,
    signed,
)
from calculator.report.workbook.part_d_run import Cells


def settle(pay: Payment) -> tuple[Settled, Settled]:
    """Price the cost, then settle both branches: model.part_d.settle."""
    found = bids(pay)
    change, received, joined, staying, net = priced(pay, found.bid)
    stay_out = _branch(pay, found, "Staying out", staying, None, None)
    join = _branch(pay, found, "Joining", joined, change, received)
    join.net_cost = net
    stay_out.at_cost = join.at_cost = found.at_cost
    return stay_out, join


def _branch(
    pay: Payment,
    before: Bids,
    title: str,
    enrolled: Enrolled,
    change: Cells | None,
    received: Received | None,
) -> Settled:
    run, years = pay.run, pay.years
    found = Settled(months=enrolled.months, risk=enrolled.risk)
    stay = received is None
    pay.section(f"{title}: premium and subsidy")
    name = "stay_out" if stay else "join"
    if run.has_bid:
        _with_bid(pay, before, found, enrolled, change, stay=stay)
    else:
        found.bid, found.premium = before.bid, before.base
        found.subsidy = pay.pmpm(
            "Direct subsidy",
            [before.average[y] * enrolled.risk[y] - before.base[y] for y in years],
            "payment.direct_subsidy",
        )
    assert found.subsidy is not None
    premium = found.premium if run.has_bid else None
    months = enrolled.months
    signed(
        pay,
        found,
        "direct_subsidy",
        "federal",
        "plan",
        pay.row("Direct subsidy", "USD", [found.subsidy[y] * months[y] for y in years]),
    )
    revenue = [
        found.subsidy[y] + premium[y] if premium is not None else found.subsidy[y] for y in years
    ]
    pay.section(f"{title}: target, cost and corridor")
    target = [revenue[y] * months[y] * (1 - pay.load) for y in years]
    cost = pay.plan_cost[name]
    actual = [
        summed(
            [
                cost[line][y]
                for line in ("baseline_drugs", "existing_glp1", "model_drugs")
                if line in cost
            ]
        )
        for y in years
    ]
    if received is not None:
        counted = run.said("terms.obesity_capitation.in_corridor_target")
        target = [target[y] + where(counted, received.capitation[y], 0) for y in years]
        actual = [actual[y] - received.extra[y] for y in years]
        found.rows["extra_reinsurance", "cms_incentive"] = list(received.extra)
        found.rows["obesity_capitation", "cms_incentive"] = list(received.capitation)
    found.target = pay.row("Target", "USD", target, "part_d._settle_branch")
    found.actual = pay.row("Actual", "USD", actual, "part_d._settle_branch")
    if run.has_bid:
        corridor(pay, found, stay=stay)
    pay.section(f"{title}: administration, margin and medical effects")
    administration(pay, found, enrolled, revenue, received)
    selection(pay, found, enrolled, before.bid)
    medical(pay, found, stay=stay)
    return found


def _with_bid(
    pay: Payment,
    bids: Bids,
    found: Settled,
    enrolled: Enrolled,
    change: Cells | None,
    *,
    stay: bool,
) -> None:
    """Bid, premium, direct subsidy and who pays the premium."""
    run, years = pay.run, pay.years
    base, average, bid = bids.base, bids.average, bids.bid
    if change is None:
        change = [live(0) for _ in years]
    zero = stay
    after = bid if zero else pay.pmpm("Bid", [bid[y] + change[y] for y in years])
    before = pay.pmpm(
        "Basic premium before the model",
        [base[y] + bid[y] - average[y] for y in years],
        "payment.basic_premium",
    )
    basic = (
        before
        if zero
        else pay.pmpm(
            "Basic premium",
            [before[y] + change[y] * (1 - pay.weight) for y in years],
            "payment.premium_change",
        )
    )
    moved = (
        average
        if zero
        else pay.pmpm(
            "National average bid, own change in it",
            [average[y] + pay.weight * change[y] for y in years],
        )
    )
    premium = pay.pmpm(
        "Premium, never below zero",
        [largest(basic[y], 0) for y in years],
        "part_d._settle_branch",
    )
    rise = pay.pmpm("Rise of the premium", [premium[y] - largest(before[y], 0) for y in years])
    relief: Cells = [live(0) for _ in years]
    if not stay:
        amount = run.terms("premium_stabilisation.amount")
        cap = run.terms("premium_stabilisation.cap_on_rise")
        relief = pay.pmpm(
            "Taken off the premium by stabilisation",
            [
                smallest(
                    amount[y] + where(blank(cap[y]), 0, largest(rise[y] - amount[y] - cap[y], 0)),
                    premium[y],
                )
                for y in years
            ],
            "incentives.premium_stabilisation",
        )
    subsidy = pay.pmpm(
        "Direct subsidy",
        [
            after[y] * enrolled.risk[y] - (base[y] + after[y] - moved[y]) + smallest(basic[y], 0)
            for y in years
        ],
        "payment.direct_subsidy",
    )
    felt = [rise[y] - relief[y] if not stay else rise[y] for y in years]
    funded = pay.pmpm(
        "Rise paid from the plan's own A/B rebate",
        [pay.funded_share * felt[y] for y in years],
        "part_d._settle_branch",
    )
    found.funded = funded
    found.bid, found.premium, found.subsidy = after, premium, subsidy
    found.leaving = _leaving(pay, change, felt)
    charged = premium if stay else [premium[y] - relief[y] for y in years]
    _post_premium(pay, found, enrolled, charged, funded, change, stay=stay)
    if not stay:
        found.rows["stabilisation", "cms_incentive"] = list(
            pay.row("Premium stabilisation", "USD", [relief[y] * enrolled.months[y] for y in years])
        )


def _leaving(pay: Payment, change: Cells, felt: Cells) -> Live:
    """Share of members gone by each year: part_d._leaving."""
    run, years = pay.run, pay.years
    number = run.inputs.number
    rivals = number("rivals.premium_change")
    response = run.assumed("selection.premium_semi_elasticity")
    active = run.assumed("selection.active_choosers_share")
    rate = pay.row(
        "Choosers who leave in a year",
        "share of members",
        [
            active * clipped(response * (felt[y] * (1 - pay.funded_share) - rivals), -1, 1)
            for y in years
        ],
        "payment.share_leaving",
        "share",
    )
    kept = pay.steps.running(
        "Choosers who have stayed",
        "share of members",
        len(years),
        lambda before, y: 1 - rate[y] if before is None else before * (1 - rate[y]),
        "payment.share_leaving",
        "share",
    )
    headroom = number("plan.benchmark_headroom")
    others = number("rivals.lis_bid_change")
    waive = run.said("plan.waive_de_minimis")
    least = run.assumed("payment.de_minimis_premium")
    room = headroom + where(waive, least, 0)

    def lost(before: Live | None, y: int) -> Live:
        above = where(blank(headroom), 0, where(change[y] - others > room, 1, 0))
        return above if before is None else largest(before, above)

    gone = pay.steps.running(
        "Benchmark status is lost", "1 or 0", len(years), lost, "payment.loses_benchmark"
    )
    assigned = number("plan.auto_assigned_share")
    return pay.row(
        "Members gone by the year",
        "share of members",
        [(1 - kept[y]) * (1 - pay.lis) + gone[y] * pay.lis * assigned for y in years],
        "part_d._leaving",
        "share",
    )


def _post_premium(
    pay: Payment,
    found: Settled,
    enrolled: Enrolled,
    charged: Cells,
    funded: Live,
    change: Cells,
    *,
    stay: bool,
) -> None:
    """Who pays the basic premium: part_d._post_premium."""
    run, years = pay.run, pay.years
    number = run.inputs.number
    months, lis = enrolled.months, enrolled.lis
    paid = pay.pmpm("Premium paid by members and Medicare", [charged[y] - funded[y] for y in years])
    benchmark = number("plan.low_income_benchmark")
    headroom = number("plan.benchmark_headroom")
    others = number("rivals.lis_bid_change")
    waive = run.said("plan.waive_de_minimis")
    least = run.assumed("payment.de_minimis_premium")
    owed = pay.pmpm(
        "Premium above the low-income benchmark",
        [where(blank(benchmark), 0, largest(paid[y] - benchmark, 0)) for y in years],
        "part_d._post_premium",
    )
    may_waive = pay.pmpm(
        "May be waived",
        [
            where(
                both(waive, headroom >= 0),
                clipped(change[y] - others - headroom, 0, least),
                0,
            )
            for y in years
        ],
        "part_d._post_premium",
    )
    low_income = pay.pmpm(
        "Paid by low-income members",
        [where(blank(benchmark), 0, largest(owed[y] - may_waive[y], 0)) for y in years],
    )
    waived = pay.pmpm(
        "Waived",
        [where(blank(benchmark), may_waive[y], smallest(may_waive[y], owed[y])) for y in years],
    )
    federal = [lis[y] * (paid[y] - low_income[y] - waived[y]) for y in years]
    member = [(1 - lis[y]) * paid[y] + lis[y] * low_income[y] for y in years]
    zero_premium = run.evaluation.inputs.zero_premium
    if zero_premium:
        # What the A/B rebate paid before joining is Medicare's money.
        bought = pay.funded_share > 0
        federal = [federal[y] + where(bought, member[y], 0) for y in years]
        member = [where(bought, 0, member[y]) for y in years]
    federal_row = [federal[y] * months[y] for y in years]
    member_row = [member[y] * months[y] for y in years]
    supplement = pay.supplement if stay else None
    if supplement is not None:
        if zero_premium:
            federal_row = [federal_row[y] + supplement[y] for y in years]
        else:
            member_row = [member_row[y] + supplement[y] for y in years]
    for payer, cells in (
        ("federal", federal_row),
        ("member", member_row),
        ("plan", [(funded[y] + lis[y] * waived[y]) * months[y] for y in years]),
    ):
        found.rows["premium", payer] = list(
            pay.row(f"Premium paid by: {payer}", "USD", cells, "part_d._post_premium")
        )
