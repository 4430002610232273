"""Assumptions and terms as one scenario sees them: overlays, cases and reading by path.

A path is `assumptions.<file>.<key>[.<date>]`, `terms.<lever>` or a field of the scenario; dates
are written 2028_01_01.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from calculator.errors import InputError
from calculator.model.arrays import Array
from calculator.schema import Assumption, Dated, Range, Scalar, Tree, parsed

STATUTORY = "terms.corridor."
A_DATE = re.compile(r"\d{4}_\d{2}_\d{2}")


def nearest(path: str, known: Iterable[str]) -> str:
    """The nearest known paths, for an answer to a wrong one."""
    known = list(known)
    last = path.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(path, known, n=3, cutoff=0.6)
    close += [other for other in known if last and last in other.rsplit(".", 1)[-1]]
    chosen = list(dict.fromkeys(close))[:3]
    return "a known path, such as " + ", ".join(chosen) if chosen else "a known path"


def day_word(day: dt.date) -> str:
    """A date as a part of a path: 2028_01_01."""
    return day.isoformat().replace("-", "_")


class Register:
    """Assumptions and terms as one scenario sees them, each value with where it comes from.

    Numbers are read as arrays whose first axis is `cases`: (1,), or (C,) where a path varies.
    """

    def __init__(self, tree: Tree, entries: Mapping[str, Assumption]) -> None:
        self.tree = tree
        self.entries = entries
        self.cases: Mapping[str, Array] = {}
        self.changed: frozenset[str] = frozenset()
        self.read: set[str] = set()
        self.own_source: str | None = None
        self._known: dict[tuple[str, dt.date], Array] = {}
        self._known_yearly: dict[tuple[str, tuple[int, ...]], Array] = {}

    # -- overlays

    def _replaced(self, entries: dict[str, Assumption], changed: Iterable[str]) -> Register:
        new = Register(self.tree, {**self.entries, **entries})
        new.cases = self.cases
        new.changed = self.changed | set(changed)
        new.read = self.read
        new.own_source = self.own_source
        return new

    def with_terms(self, package: str) -> Register:
        """Lay a terms package over the levers' neutral values."""
        if package not in self.tree.terms:
            raise InputError("terms.package", "one of " + ", ".join(self.tree.terms), package)
        return self._replaced(dict(_laid(self.tree)[package]), ())

    def with_entries(self, entries: Mapping[str, Assumption]) -> Register:
        """Add entries, such as a scenario's own numbers."""
        return self._replaced(dict(entries), ())

    def with_own_source(self, source: str) -> Register:
        """Let values cite data of the scenario's own beside the shipped sources."""
        new = self._replaced({}, ())
        new.own_source = source
        return new

    def locate(self, path: str) -> tuple[str, dt.date | None]:
        """A path as its entry and date; an InputError names the nearest right ones."""
        if path in self.entries:
            return path, None
        entry, _, last = path.rpartition(".")
        if entry in self.entries:
            days = {day_word(day): day for day in self.entries[entry].values}
            if last in days:
                return entry, days[last]
            # The terms may change on any date; a figure has the dates it was published for.
            lever = entry.startswith("terms.") and self.entries[entry].kind == "number"
            if lever and A_DATE.fullmatch(last):
                try:
                    return entry, dt.date.fromisoformat(last.replace("_", "-"))
                except ValueError:
                    raise InputError(path, "a date as 2029_01_01", last) from None
            new = ", or a new one as 2029_01_01" if lever else ""
            allowed = f"{entry} with one of the dates {', '.join(days)}{new}"
            raise InputError(path, allowed, last)
        raise InputError("path", nearest(path, self.entries), path)

    def with_value(self, path: str, value: object) -> Register:
        """Lay one value over a path, for one date or (without a date) for all of them.

        `value` is a plain value, or a mapping with value, and optionally status, source, range.
        A plain value has status `user` and no range.
        """
        entry_path, day = self.locate(path)
        entry = self.entries[entry_path]
        if isinstance(value, dict):
            dated = parsed(Dated, {"status": "user", "source": "user", **value}, path, 0)
            own = () if self.own_source is None else (self.own_source,)
            if dated.source not in (*self.tree.sources, "user", *own):
                allowed = "a source of sources.yaml, or user"
                if own:
                    allowed += ", or the scenario's observed.source"
                raise InputError(f"{path}.source", allowed, dated.source)
        else:
            dated = Dated(value=None, status="user", source="user")
        plain = value.get("value") if isinstance(value, dict) else value
        dated = dated.model_copy(update={"value": entry.checked(path, plain), "grow": None})
        number = dated.value
        if (
            dated.range
            and isinstance(number, float)
            and not dated.range.low <= number <= dated.range.high
        ):
            raise InputError(f"{path}.range", "a range that holds the value", dated.range.low)
        values = {**entry.values, **dict.fromkeys([day] if day else entry.values, dated)}
        return self._replaced({entry_path: entry.model_copy(update={"values": values})}, [path])

    def with_range(self, path: str, spread: Range) -> Register:
        """Give the values of a numeric path a range: one date's, or those of all its own dates.

        A range holds the value it is of; what grows from another date moves with that one.
        """
        entry_path, day = self.locate(path)
        entry = self.entries[entry_path]
        self.bounds(path)
        given = f"{spread.low:g} to {spread.high:g}"
        own = {
            at: dated
            for at, dated in entry.values.items()
            if day in (None, at) and isinstance(dated.value, float | int)
        }
        if not own:
            raise InputError(f"uncertainty.ranges.{path}", "a path with a value of its own", given)
        for dated in own.values():
            if not spread.low <= float(str(dated.value)) <= spread.high:
                allowed = f"a range that holds the value {dated.value:g}"
                raise InputError(f"uncertainty.ranges.{path}", allowed, given)
        ranged = {at: dated.model_copy(update={"range": spread}) for at, dated in own.items()}
        values = {**entry.values, **ranged}
        return self._replaced({entry_path: entry.model_copy(update={"values": values})}, ())

    def with_cases(self, cases: Mapping[str, Array]) -> Register:
        """Let paths vary along the cases axis: path -> (C,). Bounds are checked at both ends."""
        for path, values in cases.items():
            entry_path, _ = self.locate(path)
            for end in (float(np.min(values)), float(np.max(values))):
                self.entries[entry_path].checked(path, end)
        lengths = {len(values) for values in cases.values()}
        if len(lengths) > 1:
            allowed = "as many values on every path"
            raise InputError("cases", allowed, ", ".join(map(str, sorted(lengths))))
        new = self._replaced({}, ())
        new.cases = {**self.cases, **cases}
        return new

    def with_known(self, other: Register) -> Register:
        """Take over the numbers another register worked out, where no case and no change is.

        What it read counts as read here too.
        """
        moved = {one.locate(path)[0] for one in (self, other) for path in one.cases}
        theirs = other.entries
        alike: dict[str, bool] = {}

        def known(path: str) -> bool:
            if path not in alike:
                entry = self.entries.get(path)
                alike[path] = (
                    entry is not None
                    and path not in moved
                    and (entry is theirs[path] or entry == theirs[path])
                    and all(
                        known(f"assumptions.{dated.grow}")
                        for dated in entry.values.values()
                        if dated.grow
                    )
                )
            return alike[path]

        new = self._replaced({}, ())
        new.read = self.read | other.read
        # Another session may add to it meanwhile.
        numbers, rows = list(other._known.items()), list(other._known_yearly.items())
        new._known = {at: number for at, number in numbers if known(at[0])}
        new._known_yearly = {at: row for at, row in rows if known(at[0])}
        return new

    def bounds(self, path: str) -> tuple[float, float]:
        """Bounds of a numeric path; an InputError for a word, a date or an unknown path."""
        entry = self.entries[self.locate(path)[0]]
        if entry.kind != "number" or entry.bounds is None:
            raise InputError(path, "a path with a number", entry.unit)
        return entry.bounds

    # -- reading

    def dated(self, path: str, day: dt.date) -> tuple[dt.date, Dated]:
        """The entry in force on a day. An InputError where there is none."""
        entry = self.entries[path]
        self.read.add(path)
        since = max((since for since in entry.values if since <= day), default=None)
        first = min(entry.values)
        if since is None:
            raise InputError(f"{path} on {day}", f"a date from {first}", day.isoformat())
        if entry.every_year and since.year != day.year:
            years = f"a year from {first.year} to {max(entry.values).year}"
            raise InputError(f"{path} in {day.year}", years, str(day.year))
        return since, entry.values[since]

    def _exact(self, path: str, day: dt.date) -> float | Array:
        """The number in force, not rounded: growth compounds on unrounded values."""
        since, dated = self.dated(path, day)
        for key in (f"{path}.{day_word(since)}", path):
            if key in self.cases:
                return self.cases[key]
        if dated.grow is not None:
            index = self._exact(f"assumptions.{dated.grow}", since)
            return self._exact(path, since - dt.timedelta(days=1)) * (1.0 + index)
        if dated.value is None:
            return float("nan")
        if isinstance(dated.value, bool) or not isinstance(dated.value, float | int):
            raise TypeError(f"{path} is not a number")
        return float(dated.value)

    def number(self, path: str, day: dt.date | None = None) -> Array:
        """The number in force on a day (the last one given, without a day), (C,); nan for none."""
        day = day or max(self.entries[path].values)
        known = self._known.get((path, day))
        if known is None:
            since, dated = self.dated(path, day)
            exact = np.atleast_1d(np.asarray(self._exact(path, day), dtype=np.float64))
            step = self.entries[path].round_to
            given = {path, f"{path}.{day_word(since)}"} & set(self.cases)
            # Projections are rounded as the statute rounds; what is given stays as given.
            known = np.round(exact / step) * step if step and dated.grow and not given else exact
            self._known[path, day] = known
        return known

    def fair_price(self, product: str, day: dt.date) -> Array:
        """The maximum fair price of a selected drug, USD per fill, (C,).

        Raises InputError where none is known: a drug without one cannot be a selected drug.
        """
        path = f"assumptions.drugs.{product}"
        if f"{path}_maximum_fair_price" not in self.entries:
            allowed = "applicable or non_applicable, for no maximum fair price is known for it"
            raise InputError(f"{path}_class", allowed, "selected")
        return self.number(f"{path}_maximum_fair_price", day)

    def neutral(self, path: str) -> Array:
        """A lever's value when no terms set it (the statute's, for corridors), (1,)."""
        value = next(iter(self.tree.entries[path].values.values())).value
        self.read.add(path)
        return np.array([float(value)]) if isinstance(value, int | float) else np.full(1, np.nan)

    def yearly(self, path: str, years: Iterable[int]) -> Array:
        """The numbers in force on 1 January of each year, (C, Y)."""
        years = tuple(years)
        known = self._known_yearly.get((path, years))
        if known is None:
            columns = [self.number(path, dt.date(year, 1, 1)) for year in years]
            known = np.stack(np.broadcast_arrays(*columns), axis=-1)
            known.flags.writeable = False
            self._known_yearly[path, years] = known
        return known

    def _value(self, path: str, day: dt.date | None) -> Scalar:
        return self.dated(path, day or max(self.entries[path].values))[1].value

    def word(self, path: str, day: dt.date | None = None) -> str:
        """The word in force (the last one given, without a day)."""
        return str(self._value(path, day))

    def flag(self, path: str) -> bool:
        """The yes or no in force."""
        return bool(self._value(path, None))

    def day(self, path: str) -> dt.date:
        """The date last said."""
        value = self._value(path, None)
        if not isinstance(value, dt.date):
            raise TypeError(f"{path} is not a date")
        return value

    def status(self, path: str, day: dt.date | None = None) -> str:
        """The status of the value in force."""
        return self.dated(path, day or max(self.entries[path].values))[1].status

    def resolved(self) -> dict[str, Any]:
        """Every value as plain data, for the fingerprint and the record of a run."""
        return {path: _plain(entry) for path, entry in self._fixed()}

    def resolved_text(self) -> str:
        """The same as JSON, keys in order, for the fingerprint: shipped entries are written once.

        >>> from calculator.assumptions import load_assumptions
        >>> register = load_assumptions("announced_2025_12")
        >>> register.resolved_text() == as_json(register.resolved())
        True
        """
        shipped = _shipped_texts(self.tree)
        parts = []
        for path, entry in self._fixed():
            _, text = shipped.get(id(entry)) or (entry, as_json(_plain(entry)))
            parts.append(f"{as_json(path)}:{text}")
        return "{" + ",".join(parts) + "}"

    def _fixed(self) -> list[tuple[str, Assumption]]:
        """Every entry that a run rests on, in the order of the paths."""
        # Staying out is settled on the statutory corridor, whatever the terms lay over it.
        statutory = {
            f"neutral.{path}": entry
            for path, entry in self.tree.entries.items()
            if path.startswith(STATUTORY)
        }
        return sorted({**self.entries, **statutory}.items())


def as_json(data: object) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(entry: Assumption) -> dict[str, Any]:
    return {day_word(day): dated.model_dump(mode="json") for day, dated in entry.values.items()}


@lru_cache(maxsize=4)
def _laid(tree: Tree) -> Mapping[str, Mapping[str, Assumption]]:
    """The levers as each terms package lays them: package -> path -> entry."""
    found = {}
    for package, terms in tree.terms.items():
        levers = {f"terms.{lever}": values for lever, values in terms.levers.items()}
        found[package] = {
            # Before the first date a package names, the lever is neutral.
            path: entry.model_copy(update={"values": {**entry.values, **values}})
            for path, values in levers.items()
            for entry in (tree.entries[path],)
        }
    return found


@lru_cache(maxsize=4)
def _shipped_texts(tree: Tree) -> Mapping[int, tuple[Assumption, str]]:
    """The JSON of every shipped entry and lever: id -> the entry, held so that no other gets it,
    and its text."""
    entries = [*tree.entries.values()]
    entries += [entry for levers in _laid(tree).values() for entry in levers.values()]
    return {id(entry): (entry, as_json(_plain(entry))) for entry in entries}
