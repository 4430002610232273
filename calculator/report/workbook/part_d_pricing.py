"""How the added cost is priced, by plan year: national averages, incentives, change of the bid.

The first half of model.part_d.settle.
"""

from __future__ import annotations

import datetime as dt

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    blank,
    largest,
    live,
    smallest,
    summed,
    where,
)
from calculator.report.workbook.part_d_payment import Bids, Enrolled, Payment, Received
from calculator.report.workbook.part_d_run import Cells, chosen


def base_premiums(pay: Payment) -> list[Live]:
    """Published base premiums, and the statute's from the last published one on."""
    run = pay.run
    path = "assumptions.payment.base_premium"
    last = max(run.evaluation.register.entries[path].values).year
    known = {
        year: run.inputs.number(path, dt.date(year, 1, 1)) for year in run.years if year <= last
    }
    later = list(range(last + 1, run.years[-1] + 1))
    if not later:
        return [known[year] for year in run.years]
    pay.steps.title("The base beneficiary premium")
    pay.steps.heading([str(year) for year in later])
    averages = run.inputs.yearly("assumptions.payment.national_average_bid", later)
    reinsured = run.inputs.yearly("assumptions.payment.national_average_reinsurance", later)
    together = pay.pmpm(
        "Average bid and reinsurance",
        [bid + other for bid, other in zip(averages, reinsured, strict=True)],
    )
    share, cap, floor, reset = (
        run.assumed(f"payment.base_premium_{name}")
        for name in ("share", "growth_cap", "floor_share", "reset_year")
    )
    uncapped = pay.pmpm(
        "Uncapped", [share * together[i] for i in range(len(later))], "payment.base_premium"
    )
    lowest = pay.pmpm(
        "Floor in the year it is set again",
        [where(reset.same(year), floor, 0) * together[i] for i, year in enumerate(later)],
        "payment.base_premiums",
    )
    last_published = run.inputs.number(path)

    def premium(before: Live | None, i: int) -> Live:
        prior = last_published if before is None else before
        fresh = largest(smallest(prior * (1 + cap), uncapped[i]), lowest[i])
        # The percentage of the year before is held once it was set again.
        held = live(0) if before is None else before / together[i - 1] * together[i]
        return where(reset < later[i], held, fresh)

    computed = pay.steps.running(
        "Base beneficiary premium",
        "USD PMPM",
        len(later),
        premium,
        "payment.base_premiums",
        "cents",
    )
    return [known[year] if year in known else computed[later.index(year)] for year in run.years]


def bids(pay: Payment) -> Bids:
    """What stands before the model moves anything."""
    run, years = pay.run, pay.years
    base = base_premiums(pay)
    pay.section("Bid and national average")
    base_row = pay.pmpm("Base beneficiary premium", base, "payment.base_premiums")
    national = run.yearly("assumptions.payment.national_average_bid")
    rivals = run.inputs.number("rivals.bid_change")
    average = pay.pmpm(
        "National average bid, others' joining in it", [one + rivals for one in national]
    )
    stay = pay.plan_cost["stay_out"]
    at_cost = pay.pmpm(
        "Bid at the cost of staying out",
        [
            (stay["baseline_drugs"][y] + stay["existing_glp1"][y])
            / pay.months[y]
            / (pay.own_risk * (1 - pay.load))
            for y in years
        ],
        "part_d.settle",
    )
    given = run.inputs.number("plan.bid")
    bid = pay.pmpm(
        "Standardised bid when staying out",
        [where(blank(given), at_cost[y], given * national[y] / national[0]) for y in years],
        "part_d_inputs.build_inputs",
    )
    return Bids(base_row, average, bid, at_cost)


def _received(
    pay: Payment, who: str, cost: dict[str, Live], paid_for: Cells, at_risk: Cells
) -> Received:
    run = pay.run
    late = run.is_word("terms.extra_reinsurance.phase", "catastrophic")
    share = run.terms("extra_reinsurance.share")
    extra = pay.row(
        f"Extra reinsurance, {who}",
        "USD",
        [
            share[y] * largest(where(late, cost["late"][y], cost["model_drugs"][y]), 0)
            for y in pay.years
        ],
        "incentives.extra_reinsurance",
    )
    amount = run.terms("obesity_capitation.amount")
    by_risk = run.said("terms.obesity_capitation.risk_adjusted")
    capitation = pay.row(
        f"Obesity capitation, {who}",
        "USD",
        [amount[y] * where(by_risk, at_risk[y], paid_for[y]) for y in pay.years],
        "incentives.obesity_capitation",
    )
    return Received(extra, capitation)


def _paid_for(pay: Payment, who: str, enrolled: Cells, eligible: Cells, treated: Live) -> Live:
    per = pay.run.inputs.word("terms.obesity_capitation.per")
    return pay.row(
        f"Months the obesity capitation is paid for, {who}",
        "months",
        [
            chosen(
                per,
                {
                    "enrolled": enrolled[y],
                    "eligible": eligible[y],
                    "treated": treated[y] * MONTHS,
                },
            )
            for y in pay.years
        ],
        "part_d._paid_for",
        "tenths",
    )


def _added(pay: Payment, who: str, cost: dict[str, Live], received: Received) -> Live:
    stay = pay.plan_cost["stay_out"]
    return pay.row(
        f"Drug cost that joining adds, less incentives, {who}",
        "USD",
        [
            cost["model_drugs"][y]
            + (cost["existing_glp1"][y] - stay["existing_glp1"][y])
            + (cost["baseline_drugs"][y] - stay["baseline_drugs"][y])
            - received.extra[y]
            - received.capitation[y]
            for y in pay.years
        ],
        "part_d._added",
    )


def priced(pay: Payment, bid: Live) -> tuple[Cells | None, Received, Enrolled, Enrolled, Live]:
    """The change of the bid, what is received, and who is paid for."""
    years, people, run = pay.years, pay.people, pay.run
    pay.section("Pricing the added cost of own members")
    eligible = [one * MONTHS for one in people.eligible]
    paid_for = _paid_for(pay, "own members", pay.months, eligible, people.own_years)
    at_risk = [one * pay.own_risk for one in paid_for]
    alone = _received(pay, "own members", pay.plan_cost["alone"], paid_for, at_risk)
    added = _added(pay, "own members", pay.plan_cost["alone"], alone)
    net = pay.pmpm(
        "Net cost known at the bid", [added[y] / pay.months[y] for y in years], "part_d.settle"
    )
    priced_share = run.assumed("payment.priced_share")

    def bid_change(label: str, cost: Live, risk: Cells) -> Live:
        return pay.pmpm(
            label,
            [priced_share * cost[y] / (risk[y] * (1 - pay.load)) for y in years],
            "payment.bid_change",
        )

    if not pay.run.has_bid:
        return None, alone, pay.own, pay.own, net
    change = bid_change("Change of the bid", net, pay.own.risk)
    found = people.movers
    assert found is not None
    pay.section("With those who come in order to use the drug")
    ratio = found.risk_ratio
    come = pay.row(
        "Member-months of those who come",
        "months",
        [summed([group[y] for group in found.people]) * MONTHS for y in years],
        "",
        "tenths",
    )
    every = pay.row(
        "Member-months when joining",
        "months",
        [pay.months[y] + come[y] for y in years],
        "",
        "people",
    )
    risk = pay.row(
        "Risk score when joining",
        "score",
        [pay.own_risk * (pay.months[y] + ratio * come[y]) / every[y] for y in years],
        "part_d.settle",
        "exact",
    )
    lis = pay.row(
        "Members with low-income subsidy when joining",
        "share",
        [(pay.lis * pay.months[y] + found.people[1][y] * MONTHS) / every[y] for y in years],
        "part_d.settle",
        "share",
    )
    joined = Enrolled(every, risk, lis, [ratio * come[y] for y in years])
    staying = Enrolled(
        pay.months,
        pay.own.risk,
        pay.own.lis,
        [-(ratio * found.leaving[y] * MONTHS) for y in years],
    )
    with_them = _paid_for(
        pay, "with those who come", every, [eligible[y] + come[y] for y in years], people.join.years
    )
    at_risk = [pay.own_risk * (paid_for[y] + ratio * (with_them[y] - paid_for[y])) for y in years]
    received = _received(pay, "joining", pay.plan_cost["join"], with_them, at_risk)
    added = _added(pay, "joining", pay.plan_cost["join"], received)
    paid = pay.row(
        "They pay for themselves at the bid",
        "USD",
        [ratio * come[y] * pay.own_risk * bid[y] * (1 - pay.load) for y in years],
        "part_d.settle",
    )
    net_with = pay.pmpm(
        "Net cost with them", [(added[y] - paid[y]) / every[y] for y in years], "part_d.settle"
    )
    with_change = bid_change("Change of the bid with them", net_with, risk)
    change = pay.pmpm(
        "Change of the bid in the model",
        [where(found.priced[y] > 0, with_change[y], change[y]) for y in years],
        "part_d.settle",
    )
    return change, received, joined, staying, net_with
