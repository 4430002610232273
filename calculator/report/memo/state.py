"""A state's part of the memo: its answer, budget, break-even and the high end of use."""

from __future__ import annotations

from dataclasses import replace

from calculator.analysis.sensitivity import breakeven
from calculator.analysis.states import price_turn
from calculator.medicaid_decision import StateDecision
from calculator.report import budget as budgets
from calculator.report.budget import BRANCHES, MEASURES, UNITS, USD, Budget
from calculator.report.memo import charts, common, facts
from calculator.report.memo.html import Html, joined, listed, p, table
from calculator.report.state import rests_on, verdict
from calculator.report.table import COLUMNS, cents, signed
from calculator.report.verdict import NET_PRICE
from calculator.report.words import many, share

DISCOUNT = "assumptions.payment.discount_rate"
METHOD = (
    ("People", "Enrollment by group, who is eligible, starts, months on therapy",
        "sections 1, 2, 9"),
    ("Prices and rebates", "Basic and inflation rebate, supplemental rebate up to the guaranteed"
     " net, federal offset", "section 9"),
    ("Who pays", "Federal and state dollars by each group's match, capitation of managed care",
     "section 9"),
    ("Timing", "Months summed to state and federal fiscal years; rebates as they accrue and as they"
     " arrive", "section 9"),
    ("Sensitivity and draws", "Break-even, ranges one at a time, all inputs together",
     "sections 15, 16"),
)  # fmt: skip
LIMITS = (
    "Average manufacturer prices, best prices and supplemental rebates are confidential; what"
    " stands here is an inference unless the state gave its own.",
    "Unless another form of uptake is chosen, use grows as in the states that were observed; launch"
    " estimates have missed by multiples, so the high end of that use stands beside the answer.",
    "Match rates after the last published fiscal year are held.",
    "Effects on other medical cost are not part of a state's value unless the scenario says so.",
)


def told(decision: StateDecision) -> common.Told:
    """The state's part of the memo."""
    found = budgets.budget(decision)
    months = decision.evaluation.months
    return common.Told(
        payer=found.state,
        question=(
            f"Should {found.state} join the model from {found.first:%B %Y} to {found.until} on the"
            " terms of section 3, or stay out with its coverage of today, everyone else's choices"
            " being the same?"
        ),
        sentence=verdict(decision),
        notes=rests_on(decision),
        figures=_figures(decision, found),
        method=METHOD,
        results=_results(decision, found),
        sensitivity=_sensitivity(decision, found),
        selection=p(
            "Enrollees do not choose a state's program by what it covers, so that selection of the"
            " kind a plan faces does not apply."
        ),
        limits=LIMITS,
        days=(months[0], months[-1]),
    )


def _figures(decision: StateDecision, found: Budget) -> list[tuple[str, str, str]]:
    value = decision.value
    rate = facts.per_cent(decision.register, DISCOUNT)
    return [
        (f"Value to {found.state}", signed(value.total), f"own dollars to {found.until}"),
        ("Per enrollee a month", cents(value.pmpm, 2), "PMPM, all years"),
        ("Present value", signed(value.present_value), f"at {share(rate)} a year"),
        (
            "Federal spending, net",
            signed(found.added("federal", "net")),
            "added by joining",
        ),
    ]


def _write(key: str, usd: float) -> str:
    if UNITS[key] == USD:
        return facts.money(usd)
    return cents(usd, 2) if UNITS[key] == budgets.PMPM else facts.count(usd)


def _results(decision: StateDecision, found: Budget) -> Html:
    yearly, paid = [], []
    for year in (*found.years, None):
        out, into = (found.of(branch, "state_net", year) for branch in BRANCHES)
        months = found.of("join", "member_months", year)
        label = "Total" if year is None else _year(found, year)
        yearly.append(
            [label, *map(facts.money, (out, into, into - out, out - into)),
             cents((out - into) / months, 2)]
        )  # fmt: skip
        both = [
            found.of("join", f"{payer}_net", year) - found.of("stay_out", f"{payer}_net", year)
            for payer in budgets.PAYERS
        ]
        paid.append([label, *map(facts.money, (*both, sum(both)))])
    lines = []
    for key, label, _ in MEASURES:
        out, into = (found.of(branch, key) for branch in BRANCHES)
        lines.append([label, *(_write(key, usd) for usd in (out, into, into - out))])
    return joined(
        [
            table(
                ["Fiscal year", *COLUMNS, "value", "value, PMPM"],
                yearly,
                caption=f"{found.state}'s own money, net of rebates, USD",
                total=True,
            ),
            charts.by_period(
                "years",
                f"Value to {found.state} by state fiscal year, USD",
                found.years,
                list(decision.value.by_period.values()),
            ),
            table(
                ["Fiscal year", found.state, "Federal", "Together"],
                paid,
                caption="Who pays what joining adds, net of rebates, USD",
                total=True,
            ),
            table(["Line", *COLUMNS], lines, caption="Both branches by line, all years, USD"),
            listed(
                [
                    "A fiscal year is named by the year in which it ends.",
                    "A difference is joining less staying out; value is the other way round, as"
                    " spending less is good for the state.",
                    *(common.p_text(f"{kind}: {note}") for kind, note in decision.remarks),
                ]
            ),
        ]
    )


def _year(found: Budget, year: str) -> str:
    months = found.months[found.years.index(year)]
    return year if months == 12 else f"{year} ({many(months, 'month')})"


def _sensitivity(decision: StateDecision, found: Budget) -> Html:
    high = decision.high_uptake
    rows = [
        [f"Value to {found.state}", facts.money(decision.value.total), facts.money(high["total"])],
        ["State, net, when joining", facts.money(found.of("join", "state_net")),
         facts.money(high["state_net"])],
        ["Fills when joining", facts.count(found.of("join", "fills")), facts.count(high["fills"])],
    ]  # fmt: skip
    # The price of the answer's sentence: where value is flat at 0, another search finds another.
    turn = price_turn(decision)
    found_price = breakeven(decision.scenario, NET_PRICE, resolution=decision.resolution)
    root = replace(
        found_price,
        root=turn.price,
        pays_below=turn.pays_below,
        crossings=0 if turn.conditional else found_price.crossings,
    )
    condition = (
        f"Up to {facts.money(turn.price, 2)} a fill, the condition of {found.state}: above it the"
        " state does not join, and nothing changes."
        if turn.conditional and turn.price is not None
        else ""
    )
    return joined(
        [
            common.breakevens(decision, [root]),
            p(condition, of="note") if condition else "",
            table(
                ["USD and fills", "central", "high use"],
                rows,
                caption="At the high end of the use seen in other states",
            ),
            p(
                "High use takes the upper end of the 95% band of fills that states saw after they"
                " began to cover obesity use.",
                of="note",
            ),
        ]
    )
