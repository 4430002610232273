"""Every value of a run as a row: what sets it, what it rests on, what it was, how it is changed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from calculator.fields import value_at, walk
from calculator.medicaid_decision import StateDecision
from calculator.model.arrays import MONTHS
from calculator.part_d_decision import PlanDecision
from calculator.register import Register, day_word
from calculator.report.inputs import inside
from calculator.scenario import CHANGES, Scenario, under
from calculator.schema import Assumption, Dated, Scalar
from calculator.settable import Settable

OWN, TERMS = "Your inputs", "Terms"
# Nobody has said what these are.
NOT_PUBLISHED = ("not_published", "illustrative")
JUDGED = ("projected", "assumed")
MIX = "therapy.mix"
# A value of an earlier year than this has no date of its own.
ANY_YEAR = 1990
A_LIST = "A list of numbers: it is set in the sidebar or in a scenario file."
BY_FILE = "It is set in a scenario file."
BY_PRESET = "It follows from what is known of the state and is not set by itself."


@dataclass(frozen=True)
class Row:
    """One value of a run."""

    path: str  # what sets it
    entry: str  # its entry of the register, or its field of the scenario
    since: dt.date | None  # from when it holds, where there are several
    label: str
    group: str
    kind: str  # number, word, yes or no, date, or list
    unit: str
    value: Scalar
    later: tuple[tuple[dt.date, Scalar], ...]  # the same row's values from other days on
    grown: bool  # it follows from an earlier value and an index
    status: str
    low: float | None  # the range that uncertainty takes it over
    high: float | None
    dist: str
    source: str
    publisher: str
    published: str
    url: str
    note: str
    read: bool
    allowed: str
    choices: tuple[str, ...]
    fixed: str  # why it cannot be edited here; empty where it can
    origins: tuple[str, ...]  # the paths that changed it
    was: Scalar

    @property
    def changed(self) -> bool:
        """Whether it differs from what the scenario started from."""
        return bool(self.origins)


@dataclass(frozen=True)
class Start:
    """What a scenario started from, and what was changed since."""

    scenario: Scenario
    register: Register
    changed: Collection[str]  # paths
    fields: Collection[str]  # paths that the sidebar shows: they are set as it sets them


# ------------------------------------------------------------------------------------------ rows


def span(decision: PlanDecision | StateDecision) -> tuple[dt.date, dt.date]:
    """First and last day of the model."""
    if isinstance(decision, PlanDecision):
        return dt.date(decision.years[0], 1, 1), dt.date(decision.years[-1], MONTHS, 31)
    return decision.evaluation.months[0], decision.evaluation.months[-1]


def rows(
    scenario: Scenario,
    register: Register,
    days: tuple[dt.date, dt.date],
    read: Collection[str],
    start: Start,
) -> list[Row]:
    """A row for each value: the scenario's own first, then the terms, then the assumptions.

    register: of the run; days: first and last of the model; read: the entries that the run read.
    """
    needed, own = in_force(register, *days), frozenset(scenario.paths())
    found = []
    for path, entry in register.entries.items():
        if path.startswith(f"{MIX}."):
            continue
        found += _entry_rows(register, path, entry, needed[path], own, read, start)
    found += _own_rows(scenario, register, start)
    order = {OWN: 0, TERMS: 1}
    return sorted(found, key=lambda row: order.get(row.group, 2))


def in_force(register: Register, first: dt.date, last: dt.date) -> dict[str, list[dt.date]]:
    """The dates of each entry whose value holds between two days, or that one of those grows from.

    >>> from calculator.scenario import load_scenario
    >>> register = load_scenario("pdp_regional").register()
    >>> days = in_force(register, dt.date(2028, 1, 1), dt.date(2031, 12, 31))
    >>> [day.year for day in days["assumptions.benefit.oop_threshold"]]
    [2027, 2028, 2029, 2030, 2031]
    """
    found: dict[str, set[dt.date]] = {path: set() for path in register.entries}

    def need(path: str, day: dt.date) -> None:
        values = register.entries[path].values
        at = max((since for since in values if since <= day), default=min(values))
        if at in found[path]:
            return
        found[path].add(at)
        index = values[at].grow
        if index is not None:
            need(f"assumptions.{index}", at)
            need(path, at - dt.timedelta(days=1))

    for path, entry in register.entries.items():
        for day in (first, *(since for since in entry.values if first < since <= last)):
            need(path, day)
    return {path: sorted(days) for path, days in found.items()}


def _entry_rows(
    register: Register,
    path: str,
    entry: Assumption,
    days: Sequence[dt.date],
    own: Collection[str],
    read: Collection[str],
    start: Start,
) -> list[Row]:
    """One row, or one for each date that is set for itself."""
    dated = [f"{path}.{day_word(day)}" for day in days]
    mine = path.split(".")[0] not in CHANGES
    alone = len(days) == 1 and dated[0] not in start.fields
    if not (path in start.fields or mine or alone):
        return [
            _row(register, one, path, day, (), read, start)
            for one, day in zip(dated, days, strict=True)
        ]
    later = tuple((day, value_on(register, path, day)) for day in days[1:])
    row = _row(register, path, path, days[0], later, read, start)
    return [replace(row, fixed=BY_PRESET) if mine and path not in own else row]


def _row(
    register: Register,
    path: str,
    entry_path: str,
    day: dt.date,
    later: tuple[tuple[dt.date, Scalar], ...],
    read: Collection[str],
    start: Start,
) -> Row:
    entry = register.entries[entry_path]
    dated = entry.values[day]
    source = register.tree.sources.get(dated.source)
    whole = entry_path == path
    origins = tuple(
        one
        for one in start.changed
        if one in (path, entry_path) or (whole and under(one, entry_path))
    )
    before = start.register.entries.get(entry_path)
    there = before is not None and day in before.values
    wanted = entry_path.startswith("success.") and dated.value is not None
    named = whole and not later
    return Row(
        path=path,
        entry=entry_path,
        since=None if named or day.year < ANY_YEAR else day,
        label=_label(entry_path, entry.label),
        group=_group(entry_path),
        kind=entry.kind,
        unit="" if entry.kind != "number" else entry.unit,
        value=value_on(register, entry_path, day),
        later=later,
        grown=dated.grow is not None,
        status=dated.status,
        low=dated.range.low if dated.range else None,
        high=dated.range.high if dated.range else None,
        dist=dated.range.dist if dated.range else "",
        source=source.title if source else dated.source,
        publisher=source.publisher if source else "",
        published=str(source.date) if source and dated.source != "user" else "",
        url=(source.url or "") if source else "",
        note=" ".join(note for note in (dated.note, entry.note) if note),
        read=wanted or entry_path in read,
        allowed=entry.allowed(),
        choices=entry.choices or (),
        fixed="",
        origins=origins,
        was=value_on(start.register, entry_path, day) if there else None,
    )


def _label(path: str, label: str) -> str:
    """A label; that of a group of a state with the group's name.

    >>> _label("groups.base_adults.enrollment", "Enrollment"), _label("plan.members", "Members")
    ('Base adults, enrollment', 'Members')
    """
    section, _, rest = path.partition(".")
    if section != "groups":
        return label
    name = rest.partition(".")[0].replace("_", " ").replace("chip", "CHIP")
    of_group = name.casefold() in label.casefold()
    return label if of_group else f"{name[:1].upper()}{name[1:]}, {inside(label)}"


def _group(path: str) -> str:
    first, _, rest = path.partition(".")
    if first == "assumptions":
        return rest.partition(".")[0].capitalize()
    return TERMS if first == "terms" else OWN


def value_on(register: Register, path: str, day: dt.date) -> Scalar:
    """A value in force on a day: as it stands, or as it grows."""
    entry = register.entries[path]
    dated = entry.values[day]
    if entry.kind != "number" or dated.grow is None:
        return dated.value
    number = float(register.number(path, day)[0])
    return None if math.isnan(number) else number


def _own_rows(scenario: Scenario, register: Register, start: Start) -> Iterable[Row]:
    """The scenario's own fields that are no entries: the mix, words, dates and lists."""
    known = Settable(scenario)
    for path in known.paths:
        section = path.partition(".")[0]
        share = path.startswith(f"{MIX}.")
        absent = value_at(scenario, section) is None
        if path == MIX or absent or (path in register.entries and not share):
            continue
        if share:
            yield _mix_row(scenario, register, path, start)
            continue
        title, value, was = (
            "Terms package",
            scenario.terms["package"],
            start.scenario.terms["package"],
        )
        if path != "terms.package":
            title = _title(scenario, path)
            value, was = value_at(scenario, path), value_at(start.scenario, path)
        kind = (
            "yes or no" if known.is_flag(path)
            else "date" if known.is_date(path)
            else "word" if known.choices(path)
            else "list"
        )  # fmt: skip
        row = _own_row(path, title, kind, value, was, known.choices(path), start)
        # A list that nobody gave is no value.
        if kind != "list" or row.value is not None or row.changed:
            yield row


def _title(scenario: Scenario, path: str) -> str:
    """What a field is called."""
    return dict(walk(type(scenario)))[path].title or path


def _mix_row(scenario: Scenario, register: Register, path: str, start: Start) -> Row:
    """The share of a product; the others give way to it."""
    product = path.split(".")[-1]
    entry = register.entries.get(path)
    name = register.entries[f"assumptions.clinical.{product}_trial_loss"].label.split(",")[0]
    row = _own_row(
        path,
        f"{name}, share of starters",
        "number",
        scenario.therapy.mix.get(product, 0.0),
        start.scenario.therapy.mix.get(product, 0.0),
        (),
        start,
    )
    dated = next(iter(entry.values.values())) if entry else Dated(status="user", source="user")
    allowed = "a number from 0 to 1 share of starters; the other shares give way to it"
    return replace(row, unit="share of starters", status=dated.status, allowed=allowed)


def _own_row(
    path: str,
    title: str,
    kind: str,
    value: object,
    was: object,
    choices: tuple[str, ...],
    start: Start,
) -> Row:
    origins = tuple(one for one in start.changed if under(one, path))
    fixed = ""
    if kind == "list":
        fixed = BY_FILE if path.startswith("uncertainty.") else A_LIST
        value, was = _listed(value), _listed(was)
    return Row(
        path=path, entry=path, since=None, label=_label(path, title),
        group=_group(path), kind=kind, unit="",
        value=value, later=(), grown=False,  # type: ignore[arg-type]
        status="user", low=None, high=None, dist="",
        source="user", publisher="", published="", url="", note="",
        read=True,
        allowed={"yes or no": "yes or no", "date": "a date as 2028-01-01, or none"}.get(
            kind, "one of " + ", ".join(choices)
        ),
        choices=choices, fixed=fixed, origins=origins, was=was,  # type: ignore[arg-type]
    )  # fmt: skip


def _listed(value: object) -> str | None:
    """A list in a few words.

    >>> _listed([1.0, 2.0]), _listed({12: 0.6}), _listed(None)
    ('2 numbers', '12: 0.6', None)
    """
    if not value and value != 0:
        return None
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {one}" for key, one in value.items())
    return f"{len(value)} numbers" if isinstance(value, list) else str(value)


# --------------------------------------------------------------------------------------- filters


def found(
    every: Sequence[Row],
    search: str = "",
    statuses: Collection[str] = (),
    groups: Collection[str] = (),
    *,
    not_published: bool = False,
    changed: bool = False,
    unread: bool = False,
) -> list[Row]:
    """The rows that have all words of a search in their label, path or source.

    statuses, groups: only of these; empty: of all. unread: also what the run does not read.
    """
    words = search.casefold().split()
    return [
        row
        for row in every
        if (unread or row.read)
        and (not statuses or row.status in statuses)
        and (not groups or row.group in groups)
        and (not not_published or row.status in NOT_PUBLISHED)
        and (not changed or row.changed)
        and all(word in _searched(row) for word in words)
    ]


def _searched(row: Row) -> str:
    return f"{row.label} {row.path} {row.source} {row.publisher}".casefold()
