"""Checks that need more than one row: corrections, reversals, duplicates, enrollment.

Each runs only where a first count says that there is something to do, so that a clean file is
scanned twice and joined never.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import ibis

from calculator.claims.engine import LINE, Engine

KEY = "key_"
UNMATCHED = "reversal without its original"
UNDELETED = "deletion without its original"
DUPLICATE = "duplicate"
# What a claim is worth; among rows with one key it decides which is the claim.
CONTENT = (
    *("gross", "drug_class", "copay", "lis", "brand", "fill_kind", "manufacturer"),
    *("days_supply", "product"),
)


def key_columns(
    raw: Any,
    ours: Mapping[str, Any],
    identity: Sequence[str],
    names: Sequence[str],
    sequenced: bool,
) -> dict[str, Any]:
    """What tells one claim from another, as columns key_0, key_1, ...

    The layout's identity; else member, date and sequence; the whole row where there is none.
    """
    if identity:
        parts = [raw[name] for name in identity]
    elif sequenced:
        alone = ours["sequence"].isnull()
        parts = [ours["member_id"], ours["service_date"], ours["sequence"]]
        parts += [ibis.ifelse(alone, raw[name], ibis.null(raw[name].type())) for name in names]
    else:
        parts = [raw[name] for name in names]
    return {f"{KEY}{index}": part for index, part in enumerate(parts)}


def key_names(table: Any, all_sequenced: bool) -> list[str]:
    """The key columns; where every row has a sequence, member, date and sequence alone."""
    names = [name for name in table.columns if name.startswith(KEY)]
    return names[:3] if all_sequenced else names


def fingerprint(engine: Engine, columns: Sequence[Any]) -> Any:
    """64 bits of the key columns: rows that share none are no duplicates."""
    name, kind = ("hash", "uint64") if engine.name == "duckdb" else ("xxhash64", "int64")
    types = tuple(column.type() for column in columns)

    def hashed(*_: object) -> None: ...

    # ibis asks a built-in for its arguments by name, and this one takes any number.
    places = [
        inspect.Parameter(f"column_{index}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for index in range(len(columns))
    ]
    hashed.__signature__ = inspect.Signature(places)  # type: ignore[attr-defined]
    return ibis.udf.scalar.builtin(hashed, name=name, signature=(types, kind))(*columns)


class Checks:
    """The usable rows of a file, narrowed check by check.

    table: what is left; rejected: tables of (line, reason); counts and set_aside: rows by reason.
    """

    def __init__(
        self, engine: Engine, table: Any, rows: int, reversals: int, actions: int, keys: list[str]
    ) -> None:
        self.engine = engine
        self.table = table
        self.rows = rows
        self.counts: dict[str, int] = {}
        self.set_aside: dict[str, int] = {}
        self.rejected: list[Any] = []
        self._reversals = reversals
        self._actions = actions
        self._keys = keys  # the key columns that differ anywhere

    def _fingerprinted(self) -> Any:
        columns = [self.table[name] for name in self._keys]
        return self.table.mutate(key=fingerprint(self.engine, columns))

    def _remove(self, lines: Any) -> None:
        """Take rows out: `lines` has line, reason, and set_aside for rows that are no rejects."""
        lines = self.engine.keep(lines)
        counted = lines.group_by("reason", "set_aside").agg(rows=lines.count()).to_pandas()
        for row in counted.itertuples():
            place = self.set_aside if row.set_aside else self.counts
            place[str(row.reason)] = place.get(str(row.reason), 0) + int(row.rows)
            self.rows -= int(row.rows)
        if len(counted):
            self.rejected.append(lines.filter(~lines.set_aside).select(LINE, "reason"))
            self.table = self.table.anti_join(lines, LINE)

    def actions(self) -> None:
        """Of the rows of one claim the last counts: an update replaces, a deletion removes."""
        if not self._actions:
            return
        table = self._fingerprinted()
        acting = table.filter(table.action.notnull()).select("key").distinct()
        rows = table.semi_join(acting, "key")
        order = ibis.window(group_by=self._keys, order_by=LINE)
        every = ibis.window(group_by=self._keys)
        deletes = (rows.action == "delete").fill_null(False)
        updates = (rows.action == "update").fill_null(False)
        rows = rows.mutate(
            deletes=deletes,
            # Only a later update or deletion sets a row aside; a repeated row is a duplicate.
            acted=(deletes | updates).cast("int64").sum().over(every)
            - (deletes | updates).cast("int64").cumsum().over(order),
            earlier=ibis.row_number().over(order),
        )
        rows = rows.filter(rows.deletes | (rows.acted > 0))
        undeleted = rows.deletes & (rows.earlier == 0)
        self._remove(
            rows.select(
                LINE,
                reason=ibis.ifelse(undeleted, UNDELETED, "replaced or deleted by a later row"),
                set_aside=~undeleted,
            )
        )

    def reversals(self) -> None:
        """A negative claim takes its original with it: same member, day, class and amount."""
        if not self._reversals:
            return
        match = ["member_id", "service_date", "drug_class", "size"]
        # The words of a claim, where a reversal repeats them; never its place in the file.
        words = ["copay", "lis", "brand", "fill_kind", "manufacturer", "days_supply", "product"]
        table = self.table.mutate(
            size=self.table.gross.abs(),
            negative=self.table.gross < 0,
            place=self.table["sequence"].fill_null(-1),
            copay=self.table.copay.abs(),
        )
        pool = table.semi_join(table.filter(table.negative).select(match).distinct(), match)
        pool = pool.mutate(
            words=ibis.literal("|").join(
                [pool[name].cast("string").fill_null("") for name in words]
            )
        )
        pool = self.engine.keep(pool.select(LINE, *match, "place", "words", "negative"))
        left, matched = pool, []
        # The original that is most like its reversal, then any of the same amount.
        for more in (["place", "words"], ["words"], ["place"], []):
            matched.append(self.engine.keep(_pairs(left, [*match, *more])))
            left = left.anti_join(matched[-1], LINE)
        paired = ibis.union(*matched)
        alone = left.filter(left.negative).select(LINE)
        self._remove(
            paired.mutate(
                reason=ibis.literal("reversals with their originals"), set_aside=True
            ).union(alone.mutate(reason=ibis.literal(UNMATCHED), set_aside=False))
        )

    def duplicates(self) -> None:
        """One row of a claim counts, the smallest by content, so that the file's order is none."""
        table = self._fingerprinted()
        shared = self.engine.keep(
            table.group_by("key").agg(rows=table.count()).filter(lambda t: t.rows > 1).select("key")
        )
        if not int(shared.count().to_pandas()):
            return
        rows = table.semi_join(shared, "key")
        content = [rows[name] for name in CONTENT]
        order = ibis.window(group_by=self._keys, order_by=[*content, LINE])
        rows = rows.mutate(earlier=ibis.row_number().over(order))
        rows = rows.filter(rows.earlier > 0)
        self._remove(rows.select(LINE, reason=ibis.literal(DUPLICATE), set_aside=False))

    def enrollment(self, periods: Any) -> None:
        """Claims on days on which the member was not enrolled. periods: member_id, start, end."""
        table = self.table
        inside = (
            (table.member_id == periods.member_id)
            & (table.service_date >= periods.start)
            & (periods.end.isnull() | (table.service_date <= periods.end))
        )
        outside = table.anti_join(periods, inside).select(LINE, "member_id", "service_date")
        first = periods.group_by("member_id").agg(start=periods.start.min())
        joined = outside.left_join(first, "member_id")
        reason = ibis.cases(
            (joined.start.isnull(), "member not in the enrollment file"),
            (joined.service_date < joined.start, "before enrollment"),
            else_="outside enrollment",
        )
        self._remove(joined.select(LINE, reason=reason, set_aside=False))


def _pairs(pool: Any, by: Sequence[str]) -> Any:
    """Lines of the i-th reversal and the i-th original with the same `by`."""
    order = ibis.window(group_by=[*by, "negative"], order_by=["place", "words", LINE])
    ranked = pool.mutate(rank=ibis.row_number().over(order))
    both = ranked.group_by(*by, "rank").agg(signs=ranked.negative.nunique())
    both = both.filter(both.signs == 2)
    return ranked.semi_join(both, [*by, "rank"]).select(LINE)
