"""The memo: a decision as one page of HTML that prints, in the order a reviewer expects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calculator import __version__
from calculator.analysis.feeds import read_by
from calculator.analysis.sensitivity import Tornado
from calculator.analysis.sensitivity import tornado as tornado_of
from calculator.decision import decide
from calculator.errors import InputError
from calculator.exports import check_target
from calculator.medicaid_decision import StateDecision
from calculator.part_d_decision import PlanDecision
from calculator.report.memo import closing, common, facts, plan, state
from calculator.report.memo.html import Html, joined, section, tag
from calculator.report.memo.style import PAGES, STYLE
from calculator.report.words import changed

__all__ = ["check_memo", "memo_html"]

SUFFIXES = (".html", ".htm")
# Nothing is loaded and nothing runs, whatever a text says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def check_memo(path: Path) -> None:
    """Refuse a file that could not be written, or that no browser would open, before any work."""
    check_target(path, "--memo")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("--memo", "a file ending in .html", path.name)


def memo_html(
    decision: PlanDecision | StateDecision,
    *,
    prepared: str | None = None,
    sensitivity: Tornado | None = None,
) -> str:
    """A decision as a memo: one file of HTML without scripts, pictures or anything else to load.

    prepared: the date of preparation as text; without one the line is left for the signer.
    sensitivity: the tornado of the same scenario and resolution, where it is there already. The
    same run gives the same bytes.

    >>> from calculator import decide, load_scenario
    >>> run = decide(load_scenario("pdp_regional"), resolution="workbook")
    >>> text = memo_html(run)
    >>> text.startswith("<!DOCTYPE html>"), run.fingerprint in text, "<script" in text
    (True, True, False)
    """
    scenario = decision.scenario
    found = sensitivity or tornado_of(scenario, decision.resolution)
    # A run of its own: what others have looked up in the register since was not read by the run.
    run = decide(scenario, resolution=decision.resolution)
    assert isinstance(run, PlanDecision | StateDecision)
    told = plan.told(run) if isinstance(run, PlanDecision) else state.told(run)
    register = run.register
    known = [path for path in read_by(run) if not facts.apart(path, told.without)]
    read = facts.read(register, known, told.days)
    pieces = [
        common.head(decision, told, prepared),
        common.purpose(told),
        common.answer(told),
        common.terms(run, told),
        common.data(run, told),
        common.method(told),
        section("6", "Results", told.results),
        section(
            "7",
            "Sensitivity",
            told.sensitivity,
            common.tornado(found),
            common.draws(decision.uncertainty, decision.value.pmpm),
        ),
        section("8", "Adverse selection", told.selection),
        closing.unknowns(read, changed(scenario, register)),
        closing.limits(told),
        closing.reliance(decision),
        closing.repeat(decision),
        closing.appendices(scenario, read),
    ]
    title = f"{scenario.name}: joining the BALANCE model"
    return _page(title, decision.fingerprint[:8], pieces)


def _page(title: str, mark: str, pieces: Sequence[Html]) -> str:
    """Sections as one file that loads nothing. mark: of the run, at the foot of each page."""
    top = joined(
        [
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            tag("title", title),
            Html(f"<style>{STYLE + PAGES % (__version__, mark)}</style>"),
        ]
    )
    body = tag("body", tag("main", joined(pieces)))
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{top}\n</head>\n{body}\n</html>\n'
