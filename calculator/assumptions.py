"""The only reader of assumptions/: dated, sourced, bounded values, and overlays on them.

A path is `assumptions.<file>.<key>[.<date>]` or `terms.<lever>`; dates are written 2028_01_01.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calculator.errors import InputError
from calculator.model.arrays import Array
from calculator.shipped import shipped

Status = Literal[
    "law", "final", "proposed", "announced", "published", "observed", "derived", "expert",
    "projected", "assumed", "illustrative", "not_published", "user",
]  # fmt: skip
STATUSES: tuple[str, ...] = get_args(Status)
Scalar = bool | float | str | dt.date | None
LEVERS = "levers"
Model = TypeVar("Model", bound=BaseModel)
SOURCES = "sources"


class AssumptionError(InputError):
    """A file under assumptions/ that cannot be used: says the file, the line and what is wrong."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, "a well-formed assumption", problem)
        self.args = (f"{where}: {problem}",)


class Range(BaseModel):
    """What an uncertain value may be: a 95% interval, or the ends of a judged range."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    low: float
    high: float
    dist: Literal["beta", "lognormal", "triangular", "uniform"]


class Dated(BaseModel):
    """One value from a day on, with what it rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    value: Scalar = None
    grow: str | None = None
    status: Status
    source: str
    range: Range | None = None
    note: str | None = None


class Assumption(BaseModel):
    """A figure with its unit, bounds and dated values."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    unit: str
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] | None = None
    optional: bool = False
    every_year: bool = False
    round_to: float | None = None
    note: str | None = None
    values: dict[dt.date, Dated] = Field(min_length=1)

    @property
    def kind(self) -> str:
        """number, word, yes or no, or date."""
        if self.choices is not None:
            return "word"
        return self.unit if self.unit in ("yes or no", "date") else "number"

    def allowed(self) -> str:
        """What a value may be, in words."""
        none = " or none" if self.optional else ""
        if self.choices is not None:
            return "one of " + ", ".join(self.choices) + none
        if self.kind == "number" and self.bounds is not None:
            low, high = self.bounds
            return f"a number from {low:,.12g} to {high:,.12g} {self.unit}{none}"
        return {"yes or no": "yes or no", "date": "a date as 2028-01-01"}.get(self.kind, "a number")

    def checked(self, path: str, value: object) -> Scalar:
        """The value as this assumption's type, or an InputError."""
        problem = InputError(path, self.allowed(), value)
        if value is None:
            if self.optional:
                return None
            raise problem
        if self.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise problem
            low, high = self.bounds or (-np.inf, np.inf)
            if not low <= value <= high:
                raise problem
            return float(value)
        if self.kind == "word":
            if value not in (self.choices or ()):
                raise problem
            return str(value)
        if self.kind == "date":
            if isinstance(value, str):
                try:
                    return dt.date.fromisoformat(value)
                except ValueError:
                    raise problem from None
            if not isinstance(value, dt.date):
                raise problem
            return value
        if not isinstance(value, bool):
            raise problem
        return value


class Source(BaseModel):
    """Where a figure comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    publisher: str
    date: str | dt.date | int
    url: str | None = None


class Terms(BaseModel):
    """A terms package: what it sets, lever by lever."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    note: str
    status: Status
    levers: dict[str, dict[dt.date, Dated]]


@dataclass(frozen=True)
class Tree:
    """Everything under assumptions/ but the scenarios."""

    entries: Mapping[str, Assumption]
    sources: Mapping[str, Source]
    terms: Mapping[str, Terms]
    states: Mapping[str, Mapping[str, str]]  # by two-letter code: columns of states.csv
    match_rates: Mapping[str, tuple[Mapping[str, str], ...]]  # rows of match_rates.csv by state


# ------------------------------------------------------------------------------------- reading


class _Lines(dict[str, Any]):
    """A mapping that remembers the line of each key."""

    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a duplicate key and keeps line numbers."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Lines:
    mapping = _Lines()
    mapping.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if key in mapping:
            raise AssumptionError(f"{loader.name}, line {line}", f"duplicate key {key}")
        mapping[key] = loader.construct_object(value_node, deep=True)
        mapping.lines[key] = line
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """A YAML file as plain data; duplicate keys and broken syntax are refused with their line."""
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}, line {mark.line + 1}" if mark else path.name
        raise AssumptionError(where, str(getattr(error, "problem", "not YAML"))) from None
    except UnicodeDecodeError:
        raise AssumptionError(path.name, "not a text file") from None


def _parse(model: type[Model], data: Any, where: str, line: int) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = []
        for part in first["loc"]:
            # pydantic names a date key by its repr; a union member or "[key]" is no key at all.
            named = {repr(key): key for key in data} if isinstance(data, dict) else {}
            key = named.get(str(part), part)
            line = getattr(data, "lines", {}).get(key, line)
            data = data.get(key) if isinstance(data, dict) else None
            field.append(str(key))
        message = f"{'.'.join(field)}: {first['msg']}"
        raise AssumptionError(f"{where}, line {line}" if line else where, message) from None


def _check_entry(entry: Assumption, where: str, sources: Iterable[str]) -> None:
    """Bounds, sources and ranges of every dated value; `where` says file and line."""
    if entry.kind == "number" and entry.bounds is None:
        raise AssumptionError(where, "a number needs bounds")
    for day, dated in entry.values.items():
        at = f"{where}, {day}"
        if dated.source not in sources:
            raise AssumptionError(at, f"unknown source {dated.source}")
        if dated.grow is None:
            try:
                entry.checked(at, dated.value)
            except InputError as error:
                raise AssumptionError(
                    at, f"allowed is {error.allowed}; given was {error.given}"
                ) from None
        elif dated.value is not None or day == min(entry.values):
            raise AssumptionError(at, "either a value or a growth from an earlier one")
        value = dated.value
        if dated.range and isinstance(value, float | int):
            inside = dated.range.low <= value <= dated.range.high
            if not inside:
                raise AssumptionError(at, "the range excludes the value")


def _entries(path: Path, sources: Iterable[str], where: dict[str, str]) -> dict[str, Assumption]:
    """The entries of one file; `where` learns the file and line of each."""
    prefix = "terms" if path.stem == LEVERS else f"assumptions.{path.stem}"
    found: dict[str, Assumption] = {}

    def collect(data: Any, at: str) -> None:
        for key, body in data.items():
            line = data.lines[key]
            name = f"{at}.{key}"
            if isinstance(body, _Lines) and "values" not in body and "label" not in body:
                collect(body, name)
                continue
            entry = _parse(Assumption, body, path.name, line)
            _check_entry(entry, f"{path.name}, line {line}: {key}", sources)
            found[name] = entry
            where[name] = f"{path.name}, line {line}: {key}"

    collect(read_yaml(path), prefix)
    return found


def _terms(path: Path, levers: Mapping[str, Assumption], sources: Iterable[str]) -> Terms:
    """A terms package; a lever has one value, or `values` by the date from which each holds."""
    data = read_yaml(path)
    flat: dict[str, tuple[Any, int]] = {}
    given = data.get("levers", {})
    for key, body in given.items():
        if isinstance(body, _Lines) and not {"status", "values"} & set(body):
            flat.update({f"{key}.{inner}": (body[inner], body.lines[inner]) for inner in body})
        else:
            flat[key] = (body, given.lines[key])
    dated: dict[str, dict[dt.date, Dated]] = {}
    for lever, (body, line) in flat.items():
        where = f"{path.name}, line {line}"
        if f"terms.{lever}" not in levers:
            raise AssumptionError(where, f"{lever} is not a lever of levers.yaml")
        entry = levers[f"terms.{lever}"]
        by_day = body["values"] if "values" in body else {min(entry.values): body}
        dated[lever] = {day: _parse(Dated, one, where, line) for day, one in by_day.items()}
        _check_entry(
            entry.model_copy(update={"values": dated[lever]}), f"{where}: {lever}", sources
        )
    return _parse(Terms, {**data, "levers": dated}, path.name, 1)


@lru_cache(maxsize=4)
def load_tree(root: Path | None = None) -> Tree:
    """Every assumption, source and terms package, checked. Fails with file and line."""
    root = root or shipped("assumptions")
    sources_file = root / f"{SOURCES}.yaml"
    raw = read_yaml(sources_file)
    sources = {
        key: _parse(Source, body, sources_file.name, raw.lines[key]) for key, body in raw.items()
    }
    entries: dict[str, Assumption] = {}
    where: dict[str, str] = {}
    for path in sorted(
        [*root.glob("*.yaml"), *root.glob("part_d/*.yaml"), *root.glob("medicaid/*.yaml")]
    ):
        if path == sources_file:
            continue
        added = _entries(path, sources, where)
        clash = set(added) & set(entries)
        if clash:
            raise AssumptionError(path.name, f"a second file of that name: {min(clash)}")
        entries.update(added)
    for name, entry in entries.items():
        for dated in entry.values.values():
            if dated.grow and f"assumptions.{dated.grow}" not in entries:
                raise AssumptionError(where[name], f"grows by an unknown index {dated.grow}")
    terms = {
        path.stem: _terms(path, entries, sources) for path in sorted(root.glob("terms/*.yaml"))
    }
    workbook_names: dict[str, str] = {}
    for name in entries:
        other = workbook_names.setdefault(name.replace(".", "_"), name)
        if other != name:
            raise AssumptionError(name, f"has the same workbook name as {other}")
    rows = _rows(root / "medicaid" / "states.csv", sources)
    rates: dict[str, list[Mapping[str, str]]] = {}
    for row in _rows(root / "medicaid" / "match_rates.csv", sources):
        rates.setdefault(row["abbr"], []).append(row)
    return Tree(
        entries=entries,
        sources=sources,
        terms=terms,
        states={row["abbr"]: row for row in rows},
        match_rates={abbr: tuple(found) for abbr, found in rates.items()},
    )


def _rows(path: Path, sources: Iterable[str]) -> list[Mapping[str, str]]:
    """Rows of a table; every source column must name a known source."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows: list[Mapping[str, str]] = list(csv.DictReader(stream, strict=True))
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise AssumptionError(f"{path.name}, line {line}", "not as many cells as columns")
        for column, value in row.items():
            if column.endswith("source") and value and value not in sources:
                raise AssumptionError(f"{path.name}, line {line}", f"unknown source {value}")
    return rows


# ---------------------------------------------------------------------------------- the register


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
        self._known: dict[tuple[str, dt.date], Array] = {}

    # -- overlays

    def _replaced(self, entries: dict[str, Assumption], changed: Iterable[str]) -> Register:
        new = Register(self.tree, {**self.entries, **entries})
        new.cases = self.cases
        new.changed = self.changed | set(changed)
        new.read = self.read
        return new

    def with_terms(self, package: str) -> Register:
        """Lay a terms package over the levers' neutral values."""
        if package not in self.tree.terms:
            raise InputError("terms.package", "one of " + ", ".join(self.tree.terms), package)
        levers = {}
        for lever, values in self.tree.terms[package].levers.items():
            entry = self.entries[f"terms.{lever}"]
            # Before the first date a package names, the lever is neutral.
            merged = {"values": {**entry.values, **values}}
            levers[f"terms.{lever}"] = entry.model_copy(update=merged)
        return self._replaced(levers, ())

    def with_entries(self, entries: Mapping[str, Assumption]) -> Register:
        """Add entries, such as a scenario's own numbers."""
        return self._replaced(dict(entries), ())

    def locate(self, path: str) -> tuple[str, dt.date | None]:
        """A path as its entry and date; an InputError names the nearest right ones."""
        if path in self.entries:
            return path, None
        entry, _, last = path.rpartition(".")
        if entry in self.entries:
            days = {day_word(day): day for day in self.entries[entry].values}
            if last in days:
                return entry, days[last]
            raise InputError(path, f"{entry} with one of the dates {', '.join(days)}", last)
        raise InputError("path", nearest(path, self.entries), path)

    def with_value(self, path: str, value: object) -> Register:
        """Lay one value over a path, for one date or (without a date) for all of them.

        `value` is a plain value, or a mapping with value, and optionally status, source, range.
        A plain value has status `user` and no range.
        """
        entry_path, day = self.locate(path)
        entry = self.entries[entry_path]
        if isinstance(value, dict):
            dated = _parse(Dated, {"status": "user", "source": "user", **value}, path, 0)
            if dated.source not in (*self.tree.sources, "user"):
                allowed = "a source of sources.yaml, or user"
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

    def with_cases(self, cases: Mapping[str, Array]) -> Register:
        """Let paths vary along the cases axis: path -> (C,). Bounds are checked at both ends."""
        for path, values in cases.items():
            entry_path, _ = self.locate(path)
            for end in (float(np.min(values)), float(np.max(values))):
                self.entries[entry_path].checked(path, end)
        new = self._replaced({}, ())
        new.cases = {**self.cases, **cases}
        return new

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
        since, dated = self.dated(path, day)
        known = self._known.get((path, since))
        if known is None:
            exact = np.atleast_1d(np.asarray(self._exact(path, day), dtype=np.float64))
            step = self.entries[path].round_to
            given = {path, f"{path}.{day_word(since)}"} & set(self.cases)
            # Projections are rounded as the statute rounds; what is given stays as given.
            known = np.round(exact / step) * step if step and dated.grow and not given else exact
            self._known[path, since] = known
        return known

    def neutral(self, path: str) -> Array:
        """A lever's value when no terms set it (the statute's, for corridors), (1,)."""
        value = next(iter(self.tree.entries[path].values.values())).value
        self.read.add(path)
        return np.array([float(value)]) if isinstance(value, int | float) else np.full(1, np.nan)

    def yearly(self, path: str, years: Iterable[int]) -> Array:
        """The numbers in force on 1 January of each year, (C, Y)."""
        columns = [self.number(path, dt.date(year, 1, 1)) for year in years]
        return np.stack(np.broadcast_arrays(*columns), axis=-1)

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
        return {
            path: {
                day_word(day): dated.model_dump(mode="json") for day, dated in entry.values.items()
            }
            for path, entry in sorted(self.entries.items())
        }


def scenario_files() -> dict[str, Path]:
    """The scenarios that come with the calculator, by name."""
    return {path.stem: path for path in sorted(shipped("assumptions/scenarios").glob("*.yaml"))}


def load_assumptions(terms: str | None = None) -> Register:
    """The shipped assumptions, with a terms package laid over the levers if one is named."""
    tree = load_tree()
    register = Register(tree, dict(tree.entries))
    return register.with_terms(terms) if terms else register


def uncited_sources(tree: Tree, also: Iterable[str] = ()) -> list[str]:
    """Sources that no value, terms package or scenario cites."""
    cited = {dated.source for entry in tree.entries.values() for dated in entry.values.values()}
    for terms in tree.terms.values():
        cited |= {dated.source for values in terms.levers.values() for dated in values.values()}
    for row in (*tree.states.values(), *(r for rows in tree.match_rates.values() for r in rows)):
        cited |= {value for column, value in row.items() if column.endswith("source")}
    return sorted(set(tree.sources) - cited - set(also) - {"user"})
