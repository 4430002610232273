"""Claims as they lie, in one normalised table; what cannot be used is counted, never dropped.

Every row of the file ends in one of three places: accepted, rejected with a reason and its line, or
set aside because a later row reverses, replaces or deletes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis

from calculator.claims import cells, crossing, files
from calculator.claims.engine import LINE, SPARE, Engine
from calculator.claims.layouts import (
    Column,
    Found,
    Layout,
    named_layout,
    recognised,
    shipped_layouts,
)

CLASSES = ("applicable", "selected", "non_applicable")
LEVELS = ("none", "institutional", "full_low", "full_other")
KINDS = ("standard", "insulin", "vaccine", "bridge")
MANUFACTURERS = ("standard", "specified", "specified_small")
PAID = ("paid_member", "paid_lics", "paid_plan", "paid_below", "paid_above")

COLUMNS = (
    *(LINE, "member_id", "service_date", "sequence", "drug_class", "gross", "copay", "lis"),
    *("brand", "fill_kind", "manufacturer", "days_supply", "product", *PAID),
)


@dataclass(frozen=True)
class Rejects:
    """Rows that were not used: counts by reason, and (line, reason) of each as an ibis table."""

    counts: dict[str, int]
    table: Any

    @property
    def total(self) -> int:
        """All rejected rows."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Claims:
    """The accepted claims of a file.

    table: an ibis table with COLUMNS, money in whole ten-thousandths of a dollar.
    """

    engine: Engine
    path: str
    layout: Layout
    table: Any
    count: int
    rejects: Rejects
    set_aside: dict[str, int]
    given: frozenset[str]  # which columns of ours the file brings
    text: bool = True  # CSV, not Parquet
    sequenced: bool = False  # every claim has a sequence, and none of a member's day twice
    duplicates_open: bool = False  # not yet looked for
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """Rows of the file: accepted, rejected and set aside."""
        return self.count + self.rejects.total + sum(self.set_aside.values())

    @cached_property
    def sha256(self) -> str:
        """The hash of the file, as its name in a scenario; empty where it is not a local file."""
        if not Path(self.path).is_file():
            return ""
        with Path(self.path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def read(
    backend: Engine,
    path: str | Path,
    *,
    layout: str | Layout | None = None,
    enrollment: str | Path | None = None,
    year: int | None = None,
    later: bool = False,
) -> Claims:
    """Read a file of claims, CSV or Parquet.

    layout: a shipped name, a mapping file, or None to recognise the columns. enrollment: a CSV or
    Parquet file of member_id, start, end; claims outside it are rejected. year: claims of other
    years are rejected. later: leave duplicates to adjudication where its sort will show them
    (`duplicates_open` of the result says so). Raises InputError on a file that cannot be read or
    misses a column.
    """
    chosen = named_layout(layout) if isinstance(layout, str) else layout
    raw, names, chosen = files.scan(backend, str(path), chosen, recognise)
    found = Found(chosen, frozenset(names))
    found.check()
    raw = files.with_codes(backend, raw, found)
    wide, given, sequenced = _normalised(raw, found, year)
    with files.plain_errors(str(path)):
        # Text is taken apart once, in one pass; and a plan on Spark must not grow any longer.
        if SPARE[0] in raw.columns or backend.name == "spark":
            wide = backend.keep(wide)
        usable = wide.reason.isnull()
        counts = wide.agg(
            refused=wide.reason.count(),
            rows=usable.sum(),
            reversals=(usable & (wide.gross < 0)).sum(),
            actions=(usable & wide.action.notnull()).sum(),
            sequenced=(usable & wide["sequence"].notnull()).sum(),
            # Values named beside the reason are computed once, not at each place it looks at them.
            **{f"values_{name}": wide[name].count() for name in sorted(given - {"service_date"})},
        )
        # Sums of nothing are null.
        clean = counts.to_pandas().fillna(0).iloc[0]
        by_reason: dict[str, int] = {}
        if clean.refused:
            refused = wide.filter(wide.reason.notnull()).reason.value_counts(name="rows")
            by_reason = {str(reason): int(rows) for reason, rows in refused.to_pandas().to_numpy()}
        rows = int(clean.rows)
        sequenced = sequenced and int(clean.sequenced) == rows
        checks = crossing.Checks(
            backend,
            # A file in which every row is usable needs no test of each row again.
            wide.filter(wide.reason.isnull()) if by_reason else wide,
            rows=rows,
            reversals=int(clean.reversals),
            actions=int(clean.actions),
            keys=crossing.key_names(wide, sequenced),
        )
        checks.actions()
        checks.reversals()
        # A duplicate ties in service order, unless its key is another than the order's.
        shown = sequenced or not (found.identity() or "sequence" in given)
        if not (later and shown):
            checks.duplicates()
        if enrollment is not None:
            checks.enrollment(files.enrollment(backend, str(enrollment)))
    listed = wide.filter(wide.reason.notnull()).select(LINE, "reason")
    for rejected in checks.rejected:
        listed = listed.union(rejected)
    counts = {**by_reason}
    for reason, number in checks.counts.items():
        counts[reason] = counts.get(reason, 0) + number
    return Claims(
        engine=backend,
        path=str(path),
        layout=chosen,
        table=checks.table.select(*COLUMNS),
        count=checks.rows,
        rejects=Rejects(dict(sorted(counts.items())), listed),
        set_aside={reason: number for reason, number in checks.set_aside.items() if number},
        given=given,
        text=SPARE[0] in raw.columns,
        sequenced=sequenced,
        duplicates_open=later and shown,
        notes=_notes(found, names),
    )


def recognise(names: Sequence[str]) -> Layout:
    """The shipped layout whose columns these are."""
    return recognised(names, shipped_layouts())


def _notes(found: Found, names: Sequence[str]) -> tuple[str, ...]:
    """What the user should know of how the file was read; column names, never cells."""
    layout, notes = found.layout, []
    if layout.assumed is not None and layout.codes is None:
        notes.append(layout.assumed + ".")
    used = {name.lower() for column in layout.columns.values() for name in column.names()}
    used |= set(found.identity()) | {action.column.lower() for action in layout.actions}
    unused = [name for name in names if name not in used]
    # A slip in the name of an optional column must not pass unseen.
    if unused and layout.label == "balance-calculator":
        notes.append(f"Columns not used: {', '.join(unused)}.")
    return tuple(notes)


def _source(raw: Any, column: Column | None, found: Found) -> Any | None:
    """The column of the file behind one of ours, or None where the file has none."""
    if column is None:
        return None
    if column.constant is not None:
        return ibis.literal(column.constant)
    present = [raw[name.lower()] for name in column.names() if found.has(name)]
    if not present:
        return None
    if column.sum:
        parts = [cells.money(part, "amount")[0].fill_null(0) for part in present]
        return sum(parts[1:], parts[0]).cast("float64") / cells.UNIT
    source = ibis.coalesce(*map(cells.text, present)) if len(present) > 1 else present[0]
    if column.values is not None:
        word = cells.text(source).lower()
        known = [(word == key.lower(), value) for key, value in column.values.items()]
        source = ibis.cases(*known, else_=word if column.otherwise is None else column.otherwise)
    elif column.positive is not None:
        amount, _ = cells.money(source, "amount")
        source = ibis.ifelse(amount > 0, column.positive, column.otherwise or "none")
    elif column.otherwise is not None:
        source = cells.text(source).fill_null(column.otherwise)
    return source


def _normalised(raw: Any, found: Found, year: int | None) -> tuple[Any, frozenset[str], bool]:
    """The raw table with our columns, `reason` (null: usable), `action` and the key columns.

    Also which of our columns the file brings, and whether a sequence tells claims apart.
    """
    layout = found.layout
    source = {name: _source(raw, column, found) for name, column in layout.columns.items()}
    for name in ("drug_class", "product", "fill_kind", "brand", "manufacturer"):
        code = f"code_{name}"
        if code in raw.columns:
            own = source.get(name)
            coded = cells.text(raw[code])
            source[name] = coded if own is None else ibis.coalesce(coded, cells.text(own))
    problems: cells.Problems = []
    ours: dict[str, Any] = {}

    def keep(name: str, read: tuple[Any, cells.Problems]) -> None:
        ours[name] = read[0]
        problems.extend(read[1])

    # A typed file holds an identifier as it is; text may have blanks around it.
    named: Any = source["member_id"]
    plain_text = SPARE[0] not in raw.columns and named.type().is_string()
    member = named.nullif("") if plain_text else cells.text(named)
    keep("member_id", (member, [(member.isnull(), "no member_id")]))
    keep("service_date", cells.date(source["service_date"], layout.dates, "service_date"))
    if year is not None:
        problems.append((ours["service_date"].year() != year, f"service_date outside {year}"))
    gross, problem = cells.money(source["gross_cost"], "gross_cost")
    keep("gross", (gross, [*problem, (gross.isnull(), "no gross_cost")]))
    keep("drug_class", cells.word(source["drug_class"], CLASSES, "drug_class", None))
    for name, words in (("lis", LEVELS), ("fill_kind", KINDS), ("manufacturer", MANUFACTURERS)):
        column = source.get(name)
        if column is None:
            keep(name, (ibis.literal(words[0]), []))
        else:
            keep(name, cells.word(column, words, name, words[0]))
    for name in ("sequence", "days_supply"):
        column = source.get(name)
        keep(name, (ibis.null("int64"), []) if column is None else cells.whole(column, name))
    problems.append((ours["days_supply"] < 0, "negative days_supply"))
    for name in ("copay", *PAID):
        column = source.get(name)
        # An amount that only serves the back-test never costs a claim its place.
        value, problem = (ibis.null("int64"), []) if column is None else cells.money(column, name)
        keep(name, (value, problem if name == "copay" else []))
    problems.append(((ours["copay"] < 0) & (gross >= 0), "negative copay"))
    brand = source.get("brand")
    keep("brand", (ibis.null("boolean"), []) if brand is None else cells.yes_or_no(brand, "brand"))
    product = source.get("product")
    keep("product", (ibis.null("string") if product is None else cells.text(product), []))

    covered = layout.covered
    if covered is not None and found.has(covered.column):
        status = cells.text(raw[covered.column.lower()])
        problems.append(
            (status.notnull() & status.notin(list(covered.values)), "not covered under Part D")
        )
    action = ibis.null("string")
    for rule in layout.actions:
        if found.has(rule.column):
            said = cells.text(raw[rule.column.lower()]).upper()
            deletes, updates = said.isin(list(rule.delete)), said.isin(list(rule.update))
            named = ibis.cases((deletes, "delete"), (updates, "update"), else_=ibis.null("string"))
            action = ibis.coalesce(action, named)
    spare = [raw[name] for name in SPARE if name in raw.columns]
    if spare:
        problems.insert(0, (ibis.or_(*(cell.notnull() for cell in spare)), "too many cells"))
    reason = ibis.cases(*problems, else_=ibis.null("string"))
    identity = found.identity()
    sequenced = source.get("sequence") is not None and not identity
    names = [name for name in raw.columns if name not in (LINE, *SPARE)]
    wide = raw.select(
        LINE, **ours, reason=reason, action=action,
        **crossing.key_columns(raw, ours, identity, names, sequenced),
    )  # fmt: skip
    given = {name for name in (*ours, "drug_class") if source.get(name) is not None}
    return wide, frozenset(given), sequenced
