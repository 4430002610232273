"""What values of a run feed and rest on, in words and in a file."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calculator.analysis import feeds
from calculator.analysis.feeds import Feed
from calculator.analysis.nudges import RISE
from calculator.report.assumptions import Row
from calculator.report.inputs import said
from calculator.report.table import LINE_LABELS, cents
from calculator.schema import Scalar

NOTHING, NOT_READ = "moves nothing here", "not read by this run"
NO_NUMBER, WORD = "no number is set", "read by this run"
NOT_ALONE = "cannot be moved alone"
THIS_PROJECT = "This project"  # publisher of its own judgement and arithmetic
MOST_NAMED = 3
LABELS = {
    **LINE_LABELS,
    "capitation": "Capitation for drugs",
    "premium_tax": "Premium tax",
    "statutory_rebate": "Statutory rebate",
    "supplemental_rebate": "Supplemental rebate",
    feeds.PEOPLE: "People",
    feeds.FILLS: "Fills",
    feeds.PREMIUM: "Premium of the plan",
    feeds.MEDICAL: "Medical effect",
    feeds.WEIGHT: "Weight lost",
    feeds.PRESENT: "Present value",
    feeds.CASH: "Rebates as they arrive",
    feeds.THESIS: "When medical savings overtake",
    feeds.YEARS: "What a fiscal year holds",
    feeds.CHECK: "Adverse selection check",
}
COLUMNS = (
    *("label", "path", "value", "from", "unit", "status", "low", "high", "distribution"),
    *("source", "publisher", "source date", "link", "note", "group", "read", "feeds"),
    *("moved to", "value of joining moves by, USD PMPM", "changed", "was"),
)


def feeds_words(row: Row, feed: Feed | None, most: int = MOST_NAMED) -> str:
    """Which results a row feeds, in words.

    >>> from types import SimpleNamespace
    >>> row = SimpleNamespace(read=True, kind="number", value=1.0)
    >>> feeds_words(row, Feed(("model_drugs", "premium", "corridor", "people"), 0.1, 1.0, 1.1))
    'Model drugs, premium, risk corridor and 1 more'
    >>> feeds_words(row, Feed((), 0.0, 1.0, 1.1))
    'moves nothing here'
    """
    if not row.read:
        return NOT_READ
    if row.kind != "number":
        return WORD
    if feed is None:
        return NO_NUMBER if row.value is None else NOT_ALONE
    return results_words(feed.results, most) if feed.results else NOTHING


def results_words(results: Sequence[str], most: int = MOST_NAMED) -> str:
    """Results as one phrase.

    >>> results_words(["model_drugs"]), results_words(["model_drugs", "people"])
    ('Model drugs', 'Model drugs and people')
    """
    names = [LABELS[name] for name in results]
    names = [names[0], *(_inside(name) for name in names[1:])] if names else names
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _inside(name: str) -> str:
    kept = ("GLP-1", "Part")
    return name if name.startswith(kept) else name[:1].lower() + name[1:]


def step_words(feed: Feed, unit: str) -> str:
    """How far an input was moved: "10% higher", or to what.

    >>> step_words(Feed((), 0.0, 0.5, 0.55), "share"), step_words(Feed((), 0.0, 1.0, 0.9), "share")
    ('10% higher', '10% lower')
    >>> step_words(Feed((), 0.0, 2.0, 3.0), "quarters")
    'at 3 quarters'
    """
    if higher(feed):
        return f"{RISE:.0%} higher"
    if math.isclose(feed.moved_to, (1.0 - RISE) * feed.own, rel_tol=1e-6):
        return f"{RISE:.0%} lower"
    return f"at {said(feed.moved_to, unit)}"


def higher(feed: Feed) -> bool:
    """Whether an input was moved a tenth further from 0.

    >>> higher(Feed((), 0.0, 0.5, 0.55)), higher(Feed((), 0.0, 1.0, 0.9))
    (True, False)
    """
    return bool(feed.own) and math.isclose(feed.moved_to, (1.0 + RISE) * feed.own, rel_tol=1e-6)


def moved(count: int, now: float, before: float) -> str:
    """What joining is worth with the changes and without, USD PMPM; empty where there are none.

    >>> moved(3, -0.22, -0.51)
    'Your 3 changes move the value of joining from −$0.51 to −$0.22 PMPM.'
    >>> moved(1, -0.51, -0.51), moved(0, 1.0, 1.0)
    ('Your change leaves the value of joining at −$0.51 PMPM.', '')
    """
    if not count:
        return ""
    one = count == 1
    yours = "Your change" if one else f"Your {count} changes"
    was, here = cents(before, 2), cents(now, 2)
    if was == here:
        return f"{yours} {'leaves' if one else 'leave'} the value of joining at {here} PMPM."
    moves = "moves" if one else "move"
    return f"{yours} {moves} the value of joining from {was} to {here} PMPM."


def rests_on(now: float, used: int, judged: int, unpublished: int) -> str:
    """How many values the value of joining, USD PMPM, rests on, and how sure they are.

    >>> rests_on(-0.51, 215, 93, 2)
    'The value of joining, −$0.51 PMPM, rests on 215 values: 93 projected or assumed, 2 not \
published.'
    >>> rests_on(0.33, 177, 35, 0)
    'The value of joining, $0.33 PMPM, rests on 177 values: 35 projected or assumed.'
    """
    counts = ((judged, "projected or assumed"), (unpublished, "not published"))
    kinds = ", ".join(f"{count} {kind}" for count, kind in counts if count)
    rest = f": {kinds}" if kinds else ""
    return f"The value of joining, {cents(now, 2)} PMPM, rests on {used} values{rest}."


# ---------------------------------------------------------------------------------------- tables


def cells(row: Row, feed: Feed | None) -> list[object]:
    """A row of the file, unrounded; see COLUMNS."""
    return [
        row.label,
        row.path,
        _cell(row.value),
        row.since.isoformat() if row.since else "",
        row.unit,
        row.status.replace("_", " "),
        row.low,
        row.high,
        row.dist,
        row.source,
        row.publisher,
        row.published,
        row.url,
        row.note,
        row.group,
        _cell(row.read),
        feeds_words(row, feed, len(LABELS)),
        feed.moved_to if feed else None,
        feed.pmpm if feed else None,
        _cell(row.changed),
        _cell(row.was) if row.changed else None,
    ]


def _cell(value: Scalar) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return value.isoformat() if isinstance(value, dt.date) else value


@dataclass(frozen=True)
class SourceUse:
    """A source, and how many values rest on it."""

    title: str
    publisher: str
    published: str
    url: str
    values: int


def sources(every: Iterable[Row]) -> list[SourceUse]:
    """Each source that rows rest on once, the one with most values first."""
    count = Counter(
        (row.source, row.publisher, row.published, row.url)
        for row in every
        if row.publisher and row.status != "user"
    )
    return [SourceUse(*source, values) for source, values in count.most_common()]


def published(found: Sequence[SourceUse]) -> int:
    """How many of the sources somebody else published.

    >>> law = SourceUse("Law", "Congress", "undated", "", 3)
    >>> published([law, SourceUse("Expert judgement", THIS_PROJECT, "2026-01-01", "", 9)])
    1
    """
    return sum(one.publisher != THIS_PROJECT for one in found)


def sources_title(found: Sequence[SourceUse]) -> str:
    """What a list of sources is called, by the same count as `published`.

    >>> sources_title([SourceUse("Law", "Congress", "undated", "", 3)])
    'The 1 published source of these values'
    """
    count = published(found)
    own = ", and what the project judged itself" if count < len(found) else ""
    return f"The {count} published {'source' if count == 1 else 'sources'} of these values{own}"
