"""The plan check in words and tables of text."""

from __future__ import annotations

from calculator.analysis.movers import RegionChoice, Stated
from calculator.analysis.selection_curves import Curves
from calculator.plan_selection import SelectionCheck
from calculator.report.inputs import NOTHING
from calculator.report.table import LINE_LABELS, align, cents
from calculator.report.words import dollars, share

VERDICTS = {
    "does_not_pay": "Joining does not pay by itself",
    "not_adverse": "Selection is not adverse",
    "robust": "The value survives selection",
    "exposed": "The value is exposed to selection",
    "fails": "Selection turns the value",
    "not_applicable": "Selection does not apply",
}


def headline(check: SelectionCheck) -> str:
    """The verdict and its reason, two or three sentences."""
    if check.verdict == "does_not_pay":
        return check.reason
    return f"{VERDICTS[check.verdict]}. {check.reason}"


def with_movers(check: SelectionCheck, *, included: bool) -> str:
    """What the value is with those who may come for the drug, where it leaves them out."""
    if included or abs(check.pmpm_with - check.pmpm_without) < NOTHING:
        return ""
    return (
        f"That leaves out members who come in order to use the drug: with {share(check.movers)} of"
        f" the eligible outside a year, as assumed, it is {cents(check.pmpm_with, 2)} PMPM."
    )


def opening(check: SelectionCheck) -> str:
    """The verdict with its reason in one sentence; `further` says the rest."""
    first, _, _ = check.reason.partition(". ")
    first = first.removesuffix(".")
    if check.verdict == "does_not_pay":
        loss = cents(-check.pmpm_without, 2)
        return f"{first}: it costs this plan {loss} per member per month (PMPM)."
    return f"{VERDICTS[check.verdict]}: {first[0].lower()}{first[1:]}."


def further(check: SelectionCheck) -> str:
    """What the reason says after its first sentence."""
    return check.reason.partition(". ")[2]


def check_text(check: SelectionCheck) -> str:
    """What the verdict rests on, as a person reads it in a terminal."""
    if check.verdict == "not_applicable" or check.per_mover is None:
        return ""
    assert check.multiplier is not None
    assert check.extra_joiners is not None
    assert check.relative_premium is not None
    assert check.leaving is not None
    root = (
        "none from 0 to 100%" if check.breakeven_movers is None else share(check.breakeven_movers)
    )
    multiple = (
        ""
        if check.breakeven_multiple is None
        else f" ({check.breakeven_multiple:.2f} times the eligible)"
    )
    facts = [
        ["Eligible outside who move in a year", share(check.movers)],
        ["  range", f"{share(check.movers_low)} to {share(check.movers_high)}"],
        ["  break-even", root + multiple],
        ["Share of enrollment in plans that joined", share(check.joining_share)],
        ["Value without movers, PMPM", cents(check.pmpm_without, 2)],
        ["Value with them, PMPM", cents(check.pmpm_with, 2)],
        ["Margin lost to movers by staying out", dollars(check.lost_when_staying_out)],
    ]
    brought = [[f"  {label}", cents(amount, 2)] for label, amount in mover_rows(check)]
    years = align(
        [
            "By year",
            "eligible, times own",
            "extra members",
            "premium against rivals",
            "members gone",
        ],
        [
            [
                year,
                f"{check.multiplier[year]:.3f}",
                f"{check.extra_joiners[year]:,.0f}",
                cents(check.relative_premium[year], 2),
                share(check.leaving[year]),
            ]
            for year in check.multiplier
        ],
        total=False,
    )
    return "\n\n".join(
        [
            align(["The plan check", ""], facts, total=False),
            align(["What a member who comes brings and costs, USD a month", ""], brought),
            years,
        ]
    )


def mover_rows(check: SelectionCheck) -> list[tuple[str, float]]:
    """What a member who comes brings (+) and costs, USD a month; together last."""
    each = check.per_mover or {}
    rows = [(LINE_LABELS[line], usd) for line, usd in each.items() if abs(usd) >= 0.005]
    return [*rows, ("Together", sum(each.values()))]


def curves_text(found: Curves) -> str:
    """The cost curves' finding in one or two sentences."""
    direction = "falls" if found.adverse else "rises"
    first, last = found.average_cost[0], found.average_cost[-1]
    said = (
        f"The average cost of a plan that joined {direction} from {cents(float(first), 2)} PMPM"
        f" where {share(float(found.share[0]))} of enrollment joins to {cents(float(last), 2)}"
        " where all do."
    )
    if found.welfare_loss is None or found.equilibrium is None or found.efficient is None:
        return said + " Demand does not cross the cost curves from 5% to all."
    return said + (
        f" Members' choice settles at {share(found.equilibrium)} of enrollment; at marginal cost it"
        f" would be {share(found.efficient)}, and the difference wastes"
        f" {cents(found.welfare_loss, 2)} PMPM of all members."
    )


def stated_text(found: Stated) -> str:
    """Stated against realised switching in one sentence."""
    path = ", ".join(share(rate) for rate in found.realised)
    return (
        f"{share(found.stated)} of the eligible say they would switch plan; those who also know of"
        f" cover are {path} by year. The check takes {share(found.base)} a year, range"
        f" {share(found.low)} to {share(found.high)}; a letter with personal costs would bring the"
        f" first year to {share(found.with_letter[0])}."
    )


def choice_text(found: RegionChoice) -> str:
    """What a table of plans says, as a table of text."""
    net = found.outcome.net_leaving()[0]
    capture = found.outcome.capture()[0]
    rows = [
        [
            name,
            "yes" if covers else "no",
            share(float(size)),
            f"{capture[index]:.2f}" if covers else "",
            share(float(net[0, index])),
            share(float(net[-1, index])),
        ]
        for index, (name, covers, size) in enumerate(
            zip(found.region.names, found.region.covers, found.region.shares, strict=True)
        )
    ]
    moving = ", ".join(share(float(rate)) for rate in found.outcome.movers[0])
    return "\n".join(
        [
            align(
                ["Plans", "covers", "members", "capture", "gone, year 1", f"year {len(net)}"],
                rows,
                total=False,
            ),
            "",
            f"Of the eligible outside, {moving} move for the drug by year"
            f" ({share(found.attention)} look in a year; changing costs"
            f" {dollars(found.switching_cost)}).",
        ]
    )
