"""A drug plan's part of the memo: its answer, results, break-evens and selection check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from calculator.analysis.sensitivity import Alternatives
from calculator.part_d_decision import PlanDecision
from calculator.report import figures_part_d as payers_of
from calculator.report import selection
from calculator.report import table as tables
from calculator.report.dates import shelved
from calculator.report.memo import charts, common, facts
from calculator.report.memo.html import Html, joined, listed, p, table
from calculator.report.table import cents, signed
from calculator.report.verdict import PAYERS, rests_on, verdict
from calculator.report.words import dollars, people, share

HALF_A_CENT = 0.005
DISCOUNT = "assumptions.payment.discount_rate"
METHOD = (
    ("People", "Starters, months on therapy, those who stop and start again; the Bridge's users",
     "sections 1, 2"),
    ("Price", "Gross, guaranteed net, manufacturer's discount, rebate (DIR)", "section 3"),
    ("Benefit", "Each month of therapy through the phases of the Part D benefit, by strata of"
     " spending and low-income status", "section 4"),
    ("Payment", "Bid, direct subsidy, premium, reinsurance, risk corridor, members who leave",
     "section 5"),
    ("Incentives and offsets", "What the terms pay, effects on other medical cost, outcomes",
     "section 6"),
    ("Readings", "Where a rule leaves room, which reading was taken", "sections 7, 10"),
    ("Adverse selection", "Members who come in order to use the drug", "section 11"),
    ("Sensitivity and draws", "Break-evens, ranges one at a time, all inputs together",
     "sections 15, 16"),
)  # fmt: skip
NO_BID = (
    "Bids, premiums, the risk corridor and members who choose by premium or come for the drug do"
    " not apply to an employer plan; their inputs are left out of this memo."
)
# What moves nothing where no bid is filed.
WITHOUT_BID = (
    *("terms.corridor", "terms.premium_stabilisation"),
    "terms.obesity_capitation.in_corridor_target",
    *("plan.bid", "plan.national_weight", "plan.rebate_funded_share", "plan.auto_assigned_share"),
    *("plan.benchmark_headroom", "plan.waive_de_minimis", "plan.low_income_benchmark"),
    *("rivals.premium_change", "rivals.lis_bid_change", "selection", "assumptions.selection"),
    *(f"assumptions.payment.experience_weight_{year}" for year in range(1, 5)),
    *("assumptions.payment.priced_share", "assumptions.payment.margin_share"),
    "assumptions.payment.de_minimis_premium",
)


def _method(decision: PlanDecision) -> Sequence[tuple[str, str, str]]:
    """The steps; an employer plan is paid in another way."""
    if decision.evaluation.inputs.has_bid:
        return METHOD
    paid = "National average payment by risk score, reinsurance; no bid, premium or risk corridor"
    return [(step, paid if step == "Payment" else how, where) for step, how, where in METHOD]


def _limits(decision: PlanDecision) -> list[str]:
    """What the program's own part of the model leaves out."""
    bids = decision.evaluation.inputs.has_bid
    return [
        *(
            f"CMS shelved the Part D arm of the model on {day.isoformat()} and has set no new"
            " start; the first month here is an assumption unless the user gave one."
            for day in shelved(decision.register)
        ),
        "Benefit parameters, national average bids and prices after the last published year are"
        " projected.",
        "Without a bid of its own a plan that bids, bids its cost of staying out: nobody moving and"
        " rivals as they were, staying out is worth nothing and the corridor rests."
        if bids
        else "An employer plan files no bid: what it is paid follows from national averages, and"
        " the rest is the employer's cost.",
        "Spending of members is a distribution fitted to national figures unless the plan's own is"
        " given; it is adjudicated by year, not by claim.",
    ]


def told(decision: PlanDecision) -> common.Told:
    """The plan's part of the memo."""
    found = verdict(decision)
    payer = PAYERS[decision.scenario.plan.type]
    first, last = decision.years[0], decision.years[-1]
    return common.Told(
        payer=payer,
        question=(
            f"Should {payer} join the model from January {first} to December {last} on the terms of"
            " section 3, or stay out with its policy of today, everyone else's choices being the"
            " same?"
        ),
        sentence=found.sentence,
        notes=rests_on(decision),
        figures=_figures(decision),
        method=_method(decision),
        results=_results(decision),
        sensitivity=joined(
            [
                common.breakevens(decision, list(found.breakevens.values())),
                _readings(decision, found.alternatives),
            ]
        ),
        selection=_selection(decision),
        limits=_limits(decision),
        days=(dt.date(first, 1, 1), dt.date(last, 1, 1)),
        without=() if decision.evaluation.inputs.has_bid else WITHOUT_BID,
        does_not_apply="" if decision.evaluation.inputs.has_bid else NO_BID,
    )


def _figures(decision: PlanDecision) -> list[tuple[str, str, str]]:
    value, last = decision.value, str(decision.years[-1])
    rate = facts.per_cent(decision.register, DISCOUNT)
    both = [decision.outcomes[name]["on_therapy"][last] for name in ("join", "stay_out")]
    return [
        ("Value, per member per month", cents(value.pmpm, 2), "PMPM, all years"),
        (f"Value to December {last}", signed(value.total), "joining less staying out"),
        ("Present value", signed(value.present_value), f"at {share(rate)} a year"),
        (f"On therapy, end of {last}", f"{both[0]:,.0f}", f"{both[1]:,.0f} if staying out"),
    ]


def _results(decision: PlanDecision) -> Html:
    years = tables.by_year(decision)
    lines = tables.by_line(decision)
    yearly = [
        [label, *(facts.money(usd) for usd in amounts[:3]), cents(amounts[3], 2)]
        for label, *amounts in years
    ]
    causes = [
        charts.Step(label, change)
        for label, _, _, change in lines[:-1]
        if abs(change) >= HALF_A_CENT
    ]
    _, out, into, _ = lines[-1]
    steps = [
        charts.Step("Stay out", out, total=True),
        *causes,
        charts.Step("Join", into, total=True),
    ]
    return joined(
        [
            table(
                ["Plan year", *tables.COLUMNS, "difference, PMPM"],
                yearly,
                caption="The plan's result by year, USD",
                total=True,
            ),
            charts.by_period(
                "years",
                "Value of joining by year, USD",
                decision.periods,
                list(decision.value.by_period.values()),
            ),
            table(
                ["Line", *tables.COLUMNS],
                [[label, *(cents(usd, 2) for usd in row)] for label, *row in lines],
                caption="The plan's result by line, USD PMPM, all years",
                total=True,
            ),
            charts.walk("lines", "From staying out to joining by line, USD PMPM", steps),
            p("A line that moves by less than half a cent PMPM is not drawn.", of="note"),
            _payers(decision),
            _premium(decision),
            _members(decision),
            listed(common.p_text(line) for line in tables.remarks(decision)),
        ]
    )


def _payers(decision: PlanDecision) -> Html:
    """Who pays for the model drugs, over all years."""
    found = payers_of.drug_payers(decision)
    months = float(found.months.sum())
    rows, sums = [], [0.0, 0.0]
    cents_of = found.cents()
    for layer in payers_of.LAYERS:
        amounts = [
            float(paid[layer.payer] @ found.months) / months if layer.payer in paid else 0.0
            for paid in (found.stay_out, found.join)
        ]
        if not any(amounts):
            continue
        sums = [total + usd for total, usd in zip(sums, amounts, strict=True)]
        part = share(cents_of.get(layer.payer, 0.0) / 100.0)
        rows.append([NAMES[layer.payer], *_three(*amounts), part])
    if not rows:
        return p(payers_of.payers_title(found))
    rows.append(["Gross cost", *_three(*sums), share(1.0 if sums[1] else 0.0)])
    return joined(
        [
            table(
                ["Payer", *tables.COLUMNS, "of a dollar, join"],
                rows,
                caption="Who pays for the model drugs, USD PMPM, all years",
                total=True,
            ),
            p(" ".join(_payers_notes(found, cents_of)), of="note"),
        ]
    )


def _payers_notes(found: payers_of.DrugPayers, cents_of: Mapping[str, float]) -> list[str]:
    notes = ["Incentives of the terms are taken off the plan's part, up to all of it."]
    if not found.stay_out:
        notes.append("Staying out, the plan covers none of these fills.")
    if cents_of.get("reinsurance", 0.0) < 0.0:
        notes.append(
            "Reinsurance is below zero where Medicare's part of the rebate is more than the"
            " reinsurance that these fills earn."
        )
    if found.beyond > HALF_A_CENT:
        notes.append(f"Incentives also pay {dollars(found.beyond, 2)} PMPM more than that.")
    return notes


NAMES = {
    "plan": "Plan",
    "dir": "Manufacturer, rebate (DIR)",
    "manufacturer": "Manufacturer, discount",
    "member": "Members",
    "lics": "Low-income cost-sharing subsidy",
    "reinsurance": "Medicare, reinsurance",
    "selected_subsidy": "Medicare, selected-drug subsidy",
    "cms_incentive": "Medicare, incentives of the terms",
    "bridge": "Medicare, the Bridge",
}


def _three(out: float, into: float) -> list[str]:
    return [cents(out, 2), cents(into, 2), cents(into - out, 2)]


def _premium(decision: PlanDecision) -> Html:
    if not decision.evaluation.inputs.has_bid:
        return p("An employer plan files no bid, so no premium is shown.")
    branches = decision.branches()
    rows = [
        [year, *_three(branches["stay_out"]["premium"][year], branches["join"]["premium"][year])]
        for year in decision.periods
    ]
    return table(
        ["Plan year", *tables.COLUMNS],
        rows,
        caption="Basic premium, USD a month, before any rebate",
    )


def _members(decision: PlanDecision) -> Html:
    outcomes = decision.outcomes
    rows = []
    for key, label in (
        ("starters", "People who start"),
        ("on_therapy", "On therapy at the end of the year"),
        ("responders_10", "Have lost a tenth of their weight at 12 months"),
    ):
        for year in decision.periods:
            both = [outcomes[name][key][year] or 0.0 for name in ("stay_out", "join")]
            texts = [facts.count(number) for number in (*both, both[1] - both[0])]
            rows.append([label if year == decision.periods[0] else "", year, *texts])
    criteria = [
        f"{name.replace('_', ' ')}: wanted {one['wanted']:g}, {one['result']}"
        for name, one in outcomes["success"].items()
    ]
    return joined(
        [
            table(
                ["People", "Year", *tables.COLUMNS],
                rows,
                caption="Who is treated, and what they get",
                words=(0, 1),
            ),
            p(f"The user's criteria of success: {'; '.join(criteria)}.") if criteria else "",
        ]
    )


def _readings(decision: PlanDecision, found: Alternatives) -> Html:
    """Readings that no source settles."""
    rows = []
    if decision.evaluation.inputs.has_bid:
        chosen = facts.per_cent(decision.register, "assumptions.payment.priced_share")
        for part, pmpm in found.priced.items():
            mark = " (as chosen)" if part == chosen else ""
            rows.append([f"{share(part)} of the added cost is in the bid{mark}", cents(pmpm, 2)])
    now = decision.register.flag("terms.net_includes_discount")
    for flag, pmpm in found.discount_counted.items():
        does = "counts" if flag else "does not count"
        mark = " (as chosen)" if flag == now else ""
        rows.append(
            [f"The manufacturer's discount {does} towards the net price{mark}", cents(pmpm, 2)]
        )
    return table(["Reading", "Value, USD PMPM"], rows, caption="Readings that no source settles")


def _selection(decision: PlanDecision) -> Html:
    check = decision.selection
    said = p(selection.headline(check))
    if check.per_mover is None or check.verdict == "not_applicable":
        return said
    root = (
        "none from 0 to 100%" if check.breakeven_movers is None else share(check.breakeven_movers)
    )
    rows = [
        ["Eligible people outside who move to the plan in a year", share(check.movers)],
        ["Its range", f"{share(check.movers_low)} to {share(check.movers_high)}"],
        ["Break-even", root],
        ["Enrollment in plans that joined", share(check.joining_share)],
        ["Value without movers, PMPM", cents(check.pmpm_without, 2)],
        ["Value with them, PMPM", cents(check.pmpm_with, 2)],
        ["Margin lost to movers by staying out", dollars(check.lost_when_staying_out)],
    ]
    extra = check.extra_joiners or {}
    if extra:
        year = max(extra)
        rows.append([f"Members who came, {year}", people(extra[year])])
    brought = [[label, cents(usd, 2)] for label, usd in selection.mover_rows(check)]
    return joined(
        [
            said,
            table(["The plan check", ""], rows),
            table(["What a member who comes brings and costs", "USD a month"], brought, total=True),
            p(
                "The value of section 2 "
                + ("holds" if decision.scenario.selection.include else "leaves out")
                + " members who come in order to use the drug.",
                of="note",
            ),
        ]
    )
