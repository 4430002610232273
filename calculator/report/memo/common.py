"""What the memo says of either program: what it is for, what it rests on, what it is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calculator.analysis.sensitivity import Bar, Breakeven, Tornado
from calculator.drawn import Uncertain
from calculator.model import risk
from calculator.report import drawn
from calculator.report.inputs import NOTHING, amount
from calculator.report.memo import charts, facts
from calculator.report.memo.html import (
    Html,
    badge,
    joined,
    listed,
    p,
    safe,
    section,
    strong,
    table,
    tag,
)
from calculator.report.table import cents
from calculator.report.uncertainty import tornado_sentence
from calculator.report.words import dollars, share
from calculator.result import Decision
from calculator.scenario import Scenario, StateScenario

METHOD = "docs/method.md"
BARS = 10  # of the tornado, in the memo
Note = tuple[str, str]  # badge, sentence


@dataclass(frozen=True)
class Told:
    """What a program's own part of the memo says; the rest is the same for both."""

    payer: str  # in words: this plan, Georgia
    question: str
    sentence: str  # the answer
    notes: Sequence[Note]
    figures: Sequence[tuple[str, str, str]]  # label, figure, what stands beside
    method: Sequence[tuple[str, str, str]]  # step, how, section of the method
    results: Html
    sensitivity: Html  # before the tornado
    selection: Html
    limits: Sequence[str]
    days: tuple[dt.date, dt.date] = field(default=(dt.date.min, dt.date.max))  # first and last
    # Paths that do not apply to this payer, left out with what is below them, and what says so.
    without: Sequence[str] = ()
    does_not_apply: str = ""


def head(decision: Decision, told: Told, prepared: str | None) -> Html:
    """Whose memo it is, and the lines that its signer fills in."""
    scenario = decision.scenario
    blank = Html('<dd class="blank"></dd>')
    rows = [
        ("Scenario", tag("dd", f"{scenario.name}: {scenario.label}")),
        ("Prepared for", blank),
        ("Prepared by", blank),
        ("Qualification", blank),
        ("Date", tag("dd", prepared) if prepared else blank),
    ]
    lines = [Html(f"{tag('dt', name)}{value}") for name, value in rows]
    return tag(
        "header",
        p("Memorandum", of="kind"),
        tag("h1", f"Whether {told.payer} should join the BALANCE model for GLP-1 drugs"),
        tag("dl", *lines),
    )


def purpose(told: Told) -> Html:
    """Section 1."""
    return section(
        "1",
        "Purpose and intended user",
        p(
            f"This memo says what joining CMS's BALANCE model is worth to {told.payer} against"
            " staying out, who pays each dollar, and what would have to be true for the answer to"
            f" change. It is meant for those who make this decision for {told.payer} and those who"
            " review it. It is not meant for anybody else, nor for any other decision."
        ),
        p(
            "The figures were calculated from the inputs named below. The memo holds no opinion of"
            " an actuary until a qualified person has reviewed it, completed the lines above and"
            " taken responsibility for it."
        ),
    )


def answer(told: Told) -> Html:
    """Section 2."""
    boxes = [
        tag("div", tag("span", label), tag("b", figure), tag("span", beside))
        for label, figure, beside in told.figures
    ]
    rests = [Html(f"{badge(kind)} {p_text(sentence)}") for kind, sentence in told.notes]
    return section(
        "2",
        "The question and the answer",
        p(told.question),
        tag("p", told.sentence, of="answer"),
        tag("div", *boxes, of="four"),
        p("Value is joining less staying out, from the payer's side: positive is good for it."),
        tag("h3", "What the answer rests on"),
        listed(rests),
    )


def p_text(sentence: str) -> Html:
    """A sentence with its capital and its full stop."""
    whole = f"{sentence[:1].upper()}{sentence[1:]}"
    return safe(whole if whole.endswith((".", "!", "?")) else f"{whole}.")


def terms(decision: Decision, told: Told) -> Html:
    """Section 3."""
    register = decision.register
    package = register.tree.terms[str(decision.scenario.terms["package"])]
    rows = facts.terms_rows(register, *told.days, told.without)
    return section(
        "3",
        "Terms",
        p(
            Html(
                f"{strong(package.label)} {badge(package.status)}. "
                f"{p_text(package.note)} Each lever stands below with its value and its status;"
                " where no number was published, that is said and the number used is a placeholder."
            )
        ),
        p(told.does_not_apply) if told.does_not_apply else "",
        table(
            ["Lever", "Value", "Status", "Source"], rows, words=range(4), widths=(33, 21, 13, 33)
        ),
    )


def data(decision: Decision, told: Told) -> Html:
    """Section 4."""
    scenario = decision.scenario
    observed = scenario.observed
    seen = (
        "None of them was read from the payer's own claims."
        if observed is None
        else f"{len(observed.paths)} of them were read from the payer's own data: {observed.title}"
        f" ({observed.source})."
    )
    example = facts.example(scenario)
    preset = ", or come from the state's preset where it says so"
    whose = (
        f" They were given by the user{preset if scenario.program == 'medicaid' else ''}."
        if example is None
        else f" What says example is the example {example} as shipped: nobody's in particular."
    )
    return section(
        "4",
        "Data relied on",
        p(
            f"The payer's inputs are those of the scenario {scenario.name}. {seen}{whose} The"
            " calculator checked that each value lies within what its field may be and that values"
            " fit each other; it has not audited them, and whoever signs should say what else was"
            " reviewed. Figures of law, of CMS and of the literature are in Appendix A, each with"
            " its source."
        ),
        table(
            ["Input", "Value", "Whose"],
            facts.input_rows(scenario, decision.register, told.without),
            words=range(3),
            widths=(48, 26, 26),
        ),
        _groups(scenario, decision),
    )


def _groups(scenario: Scenario, decision: Decision) -> Html:
    """A state's eligibility groups."""
    if not isinstance(scenario, StateScenario):
        return Html("")
    return table(
        ["Eligibility group", "Enrollment", "Whose", "Also given"],
        facts.group_rows(scenario, decision.register),
        words=(0, 2, 3),
        caption="Eligibility groups",
    )


def method(told: Told) -> Html:
    """Section 5."""
    return section(
        "5",
        "Method in brief",
        p(
            "Both branches, staying out and joining, are run over the same months and the same"
            " people with the same code, and the value is their difference. Sums that must hold are"
            " checked on every run; a broken one stops it. Each step's equations stand, with the"
            f" function that computes them, in {METHOD}."
        ),
        table(["Step", "How", "Section"], told.method, words=range(3), widths=(20, 64, 16)),
    )


# ----------------------------------------------------------------------------------- sensitivity


def breakevens(decision: Decision, found: Sequence[Breakeven]) -> Html:
    """Where joining is worth nothing along one input, all else as it is."""
    register = decision.register
    rows = []
    for one in found:
        entry = register.entries[register.locate(one.path)[0]]
        tried = f"{amount(one.low, entry.unit)} to {amount(one.high, entry.unit)}"
        root, pays = "none", "at neither end" if one.value_at_low <= 0 else "at both ends"
        if one.root is not None:
            root = amount(one.root, entry.unit)
            again = ", and it turns again" if one.crossings > 1 else ""
            pays = f"{'below' if one.pays_below else 'above'} it{again}"
        if not one.read:
            pays = "not used in this run"
        row = [entry.label, entry.unit.partition(";")[0], tried, root, pays]
        rows.append([*row[:2], facts.by_date(one, entry.unit), *row[2:]])
    return table(
        ["Lever", "Unit", "Here", "Range tried", "Break-even", "Joining pays"],
        rows,
        caption="Break-evens: where joining is worth nothing, one input at a time",
        words=(0, 1, 5),
    )


def tornado(found: Tornado) -> Html:
    """The widest bars as a picture and a table."""
    bars = [bar for bar in found.bars if bar.width >= NOTHING][:BARS]
    if not bars:
        return p(tornado_sentence(found))
    spans = [
        charts.Span(
            bar.label,
            bar.pmpm_at_low,
            bar.pmpm_at_high,
            amount(bar.low, bar.unit),
            amount(bar.high, bar.unit),
        )
        for bar in bars
    ]
    left = len(found.bars) - len(bars)
    unranged = [
        f"{one.label} has no range: no number was published, {amount(one.value, one.unit)} is used"
        for one in found.without_range
    ]
    return joined(
        [
            tag("h3", "Every uncertain input over its own range"),
            p(tornado_sentence(found)),
            charts.spans(
                "tornado", "Value of joining, USD PMPM, over each input's range", found.pmpm, spans
            ),
            table(
                ["Input", "From", "Here", "To", "Value at from", "Value at to", "Status"],
                [_bar_row(bar, found.total) for bar in bars],
                caption="The inputs that move the answer most, USD PMPM",
                words=(0, 6),
            ),
            p(
                f"{left} more inputs with a range move it less. An input marked “turns”"
                " changes the sign alone. " + (". ".join(unranged) + "." if unranged else ""),
                of="note",
            ),
        ]
    )


def _bar_row(bar: Bar, total: float) -> list[str]:
    ends = [amount(value, bar.unit) for value in (bar.low, bar.own, bar.high)]
    marks = [badge(bar.status)] + ([badge("turns")] if bar.turns(total) else [])
    return [
        bar.label,
        *ends,
        cents(bar.pmpm_at_low, 2),
        cents(bar.pmpm_at_high, 2),
        Html(" ".join(marks)),
    ]


def draws(found: Uncertain | None, central: float) -> Html:
    """What draws say; that none were made where none were."""
    if found is None:
        return p(
            "No draws were made for this memo. To see how likely joining is to pay with all inputs"
            " uncertain together, run it with --draws 4096."
        )
    percents = drawn.PERCENTS
    amounts = [("PMPM", found.pmpm), ("Total", found.total), ("Present value", found.present_value)]
    rows = []
    for label, values in amounts:
        write = (lambda usd: cents(usd, 2)) if label == "PMPM" else dollars
        ends = [*np.percentile(values, percents), risk.worst_mean(values)]
        row = [label, *(write(float(usd)) for usd in ends), share(float(risk.pays(values)))]
        rows.append(row)
    losses = found.losses()
    more = [
        *drawn.beside_central(found.pmpm, central),
        f"Joining loses more than {dollars(losses['usd'])} in"
        f" {share(losses['probability_over_usd'])} of draws, and more than"
        f" {share(losses['share'])} of {losses['share_of']} in"
        f" {share(losses['probability_over_share'])}",
        *([drawn.corridor(found.inside_corridor)] if found.inside_corridor else []),
        *found.notes,
    ]
    head_ = ["", *(f"{percent}%" for percent in percents), "worst 5%", "pays"]
    caption = f"{found.draws.count:,} draws of seed {found.draws.seed}, USD"
    return joined(
        [
            tag("h3", "All inputs uncertain together"),
            p(drawn.sentence(found)),
            table(head_, rows, caption=caption),
            listed(p_text(line) for line in more),
        ]
    )
