"""What is worth learning, and what the spread of value comes from, in words and tables of text."""

from __future__ import annotations

from collections.abc import Sequence

from calculator.analysis.indices import Indices
from calculator.analysis.learning import Information
from calculator.report.inputs import MOST_ROWS, NOTHING, inside
from calculator.report.table import align, cents
from calculator.report.words import MINUS, dollars, share

# ------------------------------------------------------------------------- value of information

WORTH_SAYING = 1.0  # USD
CHOICES = {"join": "joining", "wait": "waiting a year", "stay_out": "staying out"}


def information_sentence(found: Information) -> str:
    """What to learn first, or that nothing is worth learning; and what is best today."""
    who = "state" if found.program == "medicaid" else "plan"
    when = "the bid" if found.has_bid else "the decision"
    everything = found.perfect.with_exit
    now = f"Today {_choice(found)}."
    top = found.inputs[0] if found.inputs else None
    if everything < WORTH_SAYING or top is None:
        return (
            f"Nothing is worth learning before {when}: no value of the uncertain inputs would"
            f" change what is best for this {who}. {now}"
        )
    best = top.with_exit
    if best.value <= best.error:
        return (
            f"No single input is worth learning before {when}, to within the error of"
            f" {found.draws:,} draws; knowing every input would be worth {_usd(found, everything)}."
            f" {now}"
        )
    committed = top.committed.value
    kept = f"; {_usd(found, committed) if committed >= WORTH_SAYING else 'nothing'} to one that"
    kept += " could do neither"
    return (
        f"Learn this first: {top.label}. Knowing it before {when} is worth"
        f" {_usd(found, best.value)} to a {who} that may leave or wait{kept}. Knowing every input"
        f" would be worth {_usd(found, everything)}. {now}"
    )


def _usd(found: Information, usd: float) -> str:
    pmpm = found.pmpm(usd)
    return f"{dollars(usd)} ({cents(pmpm, 2)} PMPM)" if abs(pmpm) >= NOTHING else dollars(usd)


def _choice(found: Information) -> str:
    """What is best today, with leaving and waiting open."""
    now, word = found.now, CHOICES[found.now.choice]
    join = f"joining is worth {dollars(now.join)}"
    if found.now.choice == "join":
        return f"{word} is best, worth {dollars(now.join)} with leaving open"
    if found.now.choice == "wait" and now.wait is not None:
        return f"{word} is best, worth {dollars(now.wait)}; {join} with leaving open"
    return f"{word} is best; {join} with leaving open"


def information_text(found: Information) -> str:
    """The inputs as a ranked list, USD with standard errors; everything together last."""
    when = ("before the bid", "after the bid") if found.has_bid else ("before", "after")
    rows = []
    for one in found.inputs:
        estimates = (one.with_exit, one.committed, one.after)
        if all(part.value < WORTH_SAYING for part in estimates):
            continue
        cells = [_estimate(part.value, part.error) for part in estimates]
        rows.append([one.label, *cells, cents(found.pmpm(one.with_exit.value), 3)])
    shown = rows[:MOST_ROWS]
    perfect = found.perfect
    total = [
        dollars(usd) if usd >= WORTH_SAYING else "$0"
        for usd in (perfect.with_exit, perfect.committed, perfect.after)
    ]
    last = ["Everything", *total, cents(found.pmpm(perfect.with_exit), 3)]
    head = [
        "Worth of knowing, USD (standard error)",
        f"with exit, {when[0]}",
        f"committed, {when[0]}",
        f"with exit, {when[1]}",
        "PMPM",
    ]
    lines = [align(head, [*shown, last])]
    left, nothing = len(rows) - len(shown), len(found.inputs) - len(rows)
    if left:
        lines.append(f"{left} more are worth less.")
    if nothing:
        lines.append(f"{nothing} more are worth nothing at this number of draws.")
    return "\n".join([*lines, "", *information_notes(found)])


def _estimate(value: float, error: float) -> str:
    return f"{dollars(value)} ({dollars(error)})" if value >= WORTH_SAYING else "$0"


def information_notes(found: Information) -> list[str]:
    """What the figures mean, one line each."""
    basis = " (assumed: a further year of the fixed cost)" if found.exit_assumed else ""
    leave = f"leaving after the first year costs {dollars(found.exit_cost)}{basis}"
    wait = "entering a year later is open" if found.can_wait else "nobody can enter later"
    lines = [
        f"With exit: {leave}, and {wait}. Committed: join to the end, or never.",
    ]
    if found.has_bid:
        lines += [
            "Before the bid: the choice is made on what was learned, and the bid is priced on it."
            " After the bid: only leaving can change; a plan that cannot leave gains nothing.",
            "Committed, if the bid were not priced on it, everything would be worth"
            f" {dollars(found.perfect.as_filed)}.",
        ]
    else:
        lines.append("Before: the choice is made on what was learned. After: only leaving changes.")
    if found.chosen:
        of = len(found.chosen) + len(found.inputs)
        names = " and ".join(inside(one.label) for one in found.chosen)
        lines.append(
            f"{len(found.chosen)} of the {of} inputs that are drawn {_are(found.chosen)} left out,"
            f" as whoever decides sets {'them' if len(found.chosen) > 1 else 'it'}: {names}."
        )
    rounded = f" ({found.asked:,} asked for)" if found.asked != found.draws else ""
    lines.append(
        f"{found.draws:,} draws{rounded}, seed {found.seed}: joining to the end pays in"
        f" {share(found.pays)} of them, on average {_usd(found, found.mean)}."
    )
    return lines


# ------------------------------------------------------------------------------- global indices


def indices_sentence(found: Indices) -> str:
    """Which input explains most of the spread of value."""
    if found.deviation < NOTHING:
        return "The value hardly varies over the ranges: there is no spread to explain."
    label, index = inside(found.inputs[0].label), found.found[0]
    together = (
        f"{_part(index.total)} with what it does together with others"
        if index.total > index.first
        else "and nothing more that these draws can tell with what it does together with others"
    )
    return (
        f"Most of the spread of value comes from {label}: {_part(index.first)} by itself,"
        f" {together}. All inputs by themselves explain {_part(found.alone)}."
    )


def _part(part: float) -> str:
    """A share of the variance in whole per cent; an estimate may lie a little outside 0 to 1."""
    return f"{min(max(part, 0.0), 1.0):.0%}"


def indices_text(found: Indices) -> str:
    """First-order and total indices, the greatest total first, with 95% half-widths."""
    shown = [
        (one, index)
        for one, index in zip(found.inputs, found.found, strict=True)
        if index.total >= NOTHING
    ][:MOST_ROWS]
    rows = [
        [
            one.label,
            f"{index.first:.3f}".replace("-", MINUS),
            f"{index.first_error:.3f}",
            f"{index.total:.3f}",
            f"{index.total_error:.3f}",
        ]
        for one, index in shown
    ]
    head = ["Share of the variance of value", "by itself", "± 95%", "in total", "± 95%"]
    lines = [align(head, rows, total=False)]
    if len(found.found) > len(shown):
        lines.append(f"{len(found.found) - len(shown)} more explain less.")
    rounded = f" ({found.asked:,} asked for)" if found.asked != found.draws else ""
    lines += [
        "",
        f"{found.draws:,} draws{rounded}, seed {found.seed}, {found.runs:,} runs; value"
        f" {cents(found.mean, 2)} PMPM on average, standard deviation"
        f" {cents(found.deviation, 2)}.",
        "Indices below their half-width may be nothing; more draws narrow it.",
    ]
    return "\n".join(lines)


def _are(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"
