"""What draws of a decision say, as a short block of text."""

from __future__ import annotations

from collections.abc import Callable

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
BRANCHES = {"join": "joining", "stay_out": "staying out"}


def sentence(found: Uncertain) -> str:
    """How likely joining is to pay, and the middle 90% of draws."""
    low, middle, high = np.percentile(found.pmpm, PERCENTS)
    return (
        f"Joining pays in {share(found.pays)} of {found.draws.count:,} draws of"
        f" {len(found.draws.inputs)} uncertain inputs; the middle draw is {cents(middle, 2)} PMPM,"
        f" and 90% of them lie between {cents(low, 2)} and {cents(high, 2)}."
    )


def text(found: Uncertain) -> str:
    """The sentence, the distribution in PMPM and dollars and by year, and the risk measures."""
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
    return "\n".join([sentence(found), "", align(head, rows, total=False), "", *_lines(found)])


def _row(label: str, values: Array, said: Callable[[float], str]) -> list[str]:
    """Percentiles, the mean of the worst 5%, and how often it is above 0."""
    amounts = [*np.percentile(values, PERCENTS), risk.worst_mean(values)]
    return [label, *(said(float(amount)) for amount in amounts), share(float(risk.pays(values)))]


def _lines(found: Uncertain) -> list[str]:
    losses = found.losses()
    error = risk.standard_error(found.pmpm)
    lines = [
        f"Mean {cents(float(found.pmpm.mean()), 2)} PMPM (standard error {cents(error, 3)});"
        f" knowing everything before a decision that is then kept is worth {dollars(found.evpi)}",
        f"Joining loses more than {dollars(losses['usd'])} in"
        f" {share(losses['probability_over_usd'])} of draws, more than"
        f" {share(losses['share'])} of {losses['share_of']} in"
        f" {share(losses['probability_over_share'])}",
    ]
    tails = found.protections()
    # Where the stay-out result is not 0, the plan's own result when joining is another matter.
    same = all(
        abs(tail["tail_mean_5_pmpm"] - tail["result"]["tail_mean_5_pmpm"]) < HALF_A_CENT
        for tail in tails.values()
    )
    kinds = {"value": dict(tails)} if tails else {}
    if tails and not same:
        kinds["plan's own result when joining"] = {n: t["result"] for n, t in tails.items()}
    for kind, own in kinds.items():
        without = "; ".join(
            f"{PROTECTIONS[name]} {cents(tail['tail_mean_5_pmpm'], 2)}"
            for name, tail in own.items()
            if name in PROTECTIONS
        )
        settled = cents(own["as_settled"]["tail_mean_5_pmpm"], 2)
        lines.append(f"Worst 5% of the same draws, {kind} PMPM: {settled}; {without}")
    if found.inside_corridor:
        parts = " and ".join(
            f"{share(part)} of years when {BRANCHES[name]}"
            for name, part in found.inside_corridor.items()
        )
        lines.append(f"The corridor shares nothing in {parts}")
    checked = found.interpolation
    if checked.draws:
        lines.append(
            f"The benefit table is read between nodes: on {checked.draws} draws run in full, value"
            f" is within {cents(checked.pmpm, 4)} PMPM ({checked.share_of_value:.4%} of it)"
        )
    return [*lines, *(note[0].upper() + note[1:] for note in found.notes)]
