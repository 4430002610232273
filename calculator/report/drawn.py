"""What draws of a decision say, as a short block of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from calculator.drawn import Uncertain
from calculator.model import risk
from calculator.model.arrays import Array
from calculator.report.table import align, cents
from calculator.report.words import dollars, share

# Between the 5th and the 95th percentile lie 90% of draws.
PERCENTS = (5, 50, 95)
PROTECTIONS = {
    "without_corridor": "without the risk corridor",
    "without_reinsurance": "without Medicare's reinsurance",
    "without_extra_reinsurance": "without the extra reinsurance of the terms",
}
HALF_A_CENT = 0.005
# A table's error below this is shown as less than it, USD PMPM.
SMALLEST = 1e-4
# Fewer draws say little; further from the middle than this the central run is placed among them.
FEW, FAR = 128, 0.05
BRANCHES = {"join": "joining", "stay_out": "staying out"}


def sentence(found: Uncertain) -> str:
    """How likely joining is to pay, and the middle 90% of draws."""
    low, middle, high = np.percentile(found.pmpm, PERCENTS)
    return (
        f"Joining pays in {share(found.pays)} of {found.draws.count:,} draws of"
        f" {len(found.draws.inputs)} uncertain inputs; the middle draw is {cents(middle, 2)} PMPM,"
        f" and 90% of them lie between {cents(low, 2)} and {cents(high, 2)}."
    )


def text(found: Uncertain, central: float) -> str:
    """The sentence, the distribution in PMPM and dollars and by year, and the risk measures.

    central: value of the central run, USD PMPM.
    """
    head = ["", *(f"{percent}%" for percent in PERCENTS), "worst 5%", "pays"]
    rows = [
        _row("PMPM", found.pmpm, lambda amount: cents(amount, 2)),
        _row("Total", found.total, dollars),
        _row("Present value", found.present_value, dollars),
        *(
            _row(period, usd, dollars)
            for period, usd in zip(found.periods, found.value.T, strict=True)
        ),
    ]
    return "\n".join(
        [sentence(found), "", align(head, rows, total=False), "", *_lines(found, central)]
    )


def _row(label: str, values: Array, said: Callable[[float], str]) -> list[str]:
    """Percentiles, the mean of the worst 5%, and how often it is above 0."""
    amounts = [*np.percentile(values, PERCENTS), risk.worst_mean(values)]
    return [label, *(said(float(amount)) for amount in amounts), share(float(risk.pays(values)))]


def _lines(found: Uncertain, central: float) -> list[str]:
    losses = found.losses()
    error = risk.standard_error(found.pmpm)
    # A bid that knew would be priced on it: what `information` counts apart.
    kept = ", if the bid is not priced on it" if found.inside_corridor else ""
    lines = [
        f"Mean {cents(float(found.pmpm.mean()), 2)} PMPM (standard error {cents(error, 3)})",
        *beside_central(found.pmpm, central),
        "Knowing every input before a decision that is then kept is worth"
        f" {dollars(found.evpi)}{kept}",
        f"Joining loses more than {dollars(losses['usd'])} in"
        f" {share(losses['probability_over_usd'])} of draws, more than"
        f" {share(losses['share'])} of {losses['share_of']} in"
        f" {share(losses['probability_over_share'])}",
        *_protections(found),
    ]
    if found.inside_corridor:
        lines.append(corridor(found.inside_corridor))
    checked = found.interpolation
    if checked.draws:
        far = (
            f"less than {cents(SMALLEST, 4)}"
            if checked.pmpm < SMALLEST
            else f"at most {cents(checked.pmpm, 4)}"
        )
        lines.append(
            "Draws read drug costs from one table, between its lines, to be fast:"
            f" {checked.draws} of them worked out in full differ by {far} PMPM"
        )
    count = found.draws.count
    if count < FEW:
        lines.append(
            f"{count:,} draw{'' if count == 1 else 's'} say little of shares and of the worst 5%:"
            f" ask for {FEW} or more"
        )
    return [*lines, *(note[0].upper() + note[1:] for note in found.notes)]


def beside_central(pmpm: Array, central: float) -> list[str]:
    """Where the central run lies among the draws, where that is far from their middle.

    >>> beside_central(np.arange(100.0) - 80.0, -10.5)[0]
    'The central run (−$10.50 PMPM) lies at the 70th percentile of the draws: 70% of them are worse'
    >>> beside_central(np.arange(100.0), 49.5)
    []
    """
    worse = float(np.mean(pmpm < central))
    alike = float(np.mean(pmpm == central))
    if abs(worse + alike / 2.0 - 0.5) < FAR:
        return []
    at = min(max(round(100.0 * worse), 0), 100)
    side = f"{share(worse)} of them are worse"
    if worse < 0.5:
        side = f"{share(1.0 - worse - alike)} of them are better"
    return [
        f"The central run ({cents(central, 2)} PMPM) lies at the {_ordinal(at)} percentile of the"
        f" draws: {side}"
    ]


def _ordinal(number: int) -> str:
    """1st, 22nd, 13th.

    >>> [_ordinal(number) for number in (1, 22, 13, 57)]
    ['1st', '22nd', '13th', '57th']
    """
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def corridor(inside: Mapping[str, float]) -> str:
    """How often the corridor shares nothing, by branch.

    >>> corridor({"join": 1.0, "stay_out": 1.0})
    'The risk corridor shares nothing in any draw and year, joining or staying out'
    """
    parts = {share(part) for part in inside.values()}
    if len(parts) == 1:
        (part,) = parts
        when = "any draw and year" if part == share(1.0) else f"{part} of years"
        return f"The risk corridor shares nothing in {when}, joining or staying out"
    each = " and ".join(
        f"{share(part)} of years when {BRANCHES[name]}" for name, part in inside.items()
    )
    return f"The risk corridor shares nothing in {each}"


def _protections(found: Uncertain) -> list[str]:
    """The worst draws as they are and without each protection."""
    tails = found.protections()
    if not tails:
        return []
    # Where the stay-out result is not 0, the plan's own result when joining is another matter.
    same = all(
        abs(tail["tail_mean_5_pmpm"] - tail["result"]["tail_mean_5_pmpm"]) < HALF_A_CENT
        for tail in tails.values()
    )
    kinds = {"value": dict(tails)}
    if not same:
        kinds["plan's own result when joining"] = {n: t["result"] for n, t in tails.items()}
    lines = []
    for kind, own in kinds.items():
        without = "; ".join(
            f"{PROTECTIONS[name]} {cents(tail['tail_mean_5_pmpm'], 2)}"
            for name, tail in own.items()
            if name in PROTECTIONS
        )
        settled = cents(own["as_settled"]["tail_mean_5_pmpm"], 2)
        lines.append(f"Worst 5% of the same draws, {kind} PMPM: {settled}; {without}")
    gain = (
        tails["without_reinsurance"]["tail_mean_5_pmpm"] - tails["as_settled"]["tail_mean_5_pmpm"]
        if "without_reinsurance" in tails
        else 0.0
    )
    if gain > HALF_A_CENT:
        lines.append(
            "Reinsurance makes the worst draws worse: what Medicare takes back of it for the"
            " plan's price concessions (DIR) is more than it pays on model drugs"
        )
    return lines
