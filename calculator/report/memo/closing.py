"""How the memo ends: what is not known, what it is not for, and how to repeat the run."""

from __future__ import annotations

from collections.abc import Sequence

from calculator import __version__
from calculator.report.memo import facts
from calculator.report.memo.common import Note, Told
from calculator.report.memo.html import (
    Html,
    joined,
    listed,
    p,
    section,
    table,
    tag,
    verbatim,
)
from calculator.report.words import file_stem
from calculator.result import Decision
from calculator.scenario import Scenario


def unknowns(found: Sequence[facts.Read], changed: Sequence[Note]) -> Html:
    """Section 9."""
    kinds = facts.by_kind(found)
    parts: list[str] = []
    for kind, labels in kinds.items():
        parts.append(tag("h3", f"{facts.WORDS[kind]} ({len(labels)})"))
        parts.append(listed(labels, of="two"))
    own = [sentence for kind, sentence in changed if kind in ("changed", "observed")]
    parts.append(tag("h3", f"Changed from what is shipped ({len(own)})"))
    parts.append(listed(own, of="two") if own else p("Nothing."))
    return section(
        "9",
        "What is not known",
        p("Of the assumptions that this run read (Appendix A), these are not published figures."),
        *parts,
    )


def limits(told: Told) -> Html:
    """Section 10."""
    general = [
        "A model is a simplification. Results differ from what will happen, by more than the ranges"
        " shown where an assumption itself is wrong.",
        "One payer decides and everyone else's choices are held fixed; what others do is an input.",
        "Offsets of other medical cost and what people keep of their weight rest on trials and on"
        " judgement, and are shown apart from drug cost.",
        "Ranges are moved one at a time; inputs that would move together are said where they are"
        " linked.",
    ]
    never = [
        "as a bid, a rate filing, a certification or a statement of actuarial opinion",
        "as a prediction of what CMS, a manufacturer or another payer will do",
        "for another payer, another contract year or other terms than those named here",
        "to decide what any one person is treated with",
    ]
    return section(
        "10",
        "Limitations",
        listed([*told.limits, *general]),
        tag("h3", "What this memo must not be used for"),
        listed(f"{line[0].upper()}{line[1:]}." for line in never),
    )


def reliance(decision: Decision) -> Html:
    """Section 11."""
    return section(
        "11",
        "Reliance and responsibility",
        p(
            "The calculation relies on the payer's inputs (section 4), on published figures as they"
            " stood when the assumptions were last checked (Appendix A gives each source and its"
            f" date), and on the model of balance-calculator {__version__}, an open model that the"
            " signer did not necessarily write. Assumptions marked assumed or illustrative are"
            " choices of that project or of the user, prescribed by no law. Nothing that happened"
            " after the dates of the sources is reflected."
        ),
        p(
            "Whoever signs says here on what else they rely, which assumptions they took over"
            " without judging them reasonable, and any conflict of interest:"
        ),
        Html('<dl><dt>Statement</dt><dd class="blank"></dd><dt></dt><dd class="blank"></dd></dl>'),
    )


def command(decision: Decision) -> str:
    """The command that makes the same run again."""
    parts = [f"balance decide {file_stem(decision)}.yaml --resolution {decision.resolution}"]
    found = decision.uncertainty
    if found is not None:
        parts.append(f"--draws {found.draws.count} --seed {found.draws.seed}")
        parts.append(f"--loss-usd {found.limits.usd:.12g} --loss-share {found.limits.share:.12g}")
    return " ".join(parts)


def repeat(decision: Decision) -> Html:
    """Section 12."""
    return section(
        "12",
        "To repeat this run",
        p(
            f"Save Appendix B as {file_stem(decision)}.yaml (it is also what the page Export and"
            " compare hands over) and run:"
        ),
        verbatim(command(decision)),
        table(
            ["", ""],
            [
                ["Program", decision.scenario.program],
                ["Calculator", f"balance-calculator {__version__}"],
                ["Resolution", decision.resolution],
                ["Fingerprint", decision.fingerprint],
            ],
            words=(0, 1),
        ),
        p(
            "The fingerprint is the SHA-256 of the inputs, every resolved assumption, the"
            " resolution and the version: the same fingerprint is the same run.",
            of="note",
        ),
    )


def appendices(scenario: Scenario, found: Sequence[facts.Read]) -> Html:
    """Every assumption that was read, and the scenario as a file."""
    assumptions = tag(
        "section",
        tag("h2", "Appendix A: every assumption this run read"),
        p(
            f"{len(found)} values. “Changed” means other than shipped. Where two values"
            " stand, they are those of the first and the last year."
        ),
        table(
            ["Assumption", "Value", "Status", "Source"],
            facts.read_rows(found),
            words=range(4),
            widths=(36, 19, 13, 32),
        ),
        of="appendix",
    )
    file = tag(
        "section",
        tag("h2", "Appendix B: the scenario as a file"),
        verbatim(scenario.to_yaml()),
        of="appendix",
    )
    return joined([assumptions, file])
