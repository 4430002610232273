"""The only reader of assumptions/: every figure, source, terms package and preset, checked."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from calculator.errors import InputError, in_words
from calculator.register import Register, nearest
from calculator.schema import (
    STATUSES,
    Assumption,
    AssumptionError,
    Dated,
    Scalar,
    Source,
    Status,
    Terms,
    Tree,
    parsed,
)
from calculator.shipped import shipped

__all__ = [
    "STATUSES",
    "Assumption",
    "AssumptionError",
    "Dated",
    "Register",
    "Scalar",
    "Source",
    "Status",
    "Terms",
    "Tree",
    "claims_layouts",
    "load_assumptions",
    "load_tree",
    "nearest",
    "read_yaml",
    "scenario_files",
    "uncited_sources",
]

LEVERS = "levers"
SOURCES = "sources"
A_DAY = "a date as 2028-01-01"


class _Lines(dict[str, Any]):
    """A mapping that remembers the line of each key."""

    lines: dict[str, int]


class NoReferences(yaml.SafeLoader):
    """YAML without references: a few lines with them can stand for data of any size."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """A node that is there itself."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="a reference (& and *)", problem_mark=mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


class _Loader(NoReferences):
    """Refuses a duplicate key and keeps line numbers."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Lines:
    mapping = _Lines()
    mapping.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if isinstance(key, list | dict):
            raise AssumptionError(f"{loader.name}, line {line}", "a key is a word or a date")
        if key in mapping:
            raise AssumptionError(f"{loader.name}, line {line}", f"duplicate key {key}")
        mapping[key] = loader.construct_object(value_node, deep=True)
        mapping.lines[key] = line
    return mapping


def _day(loader: _Loader, node: yaml.ScalarNode) -> dt.date:
    """A date, if a calendar has it."""
    try:
        found: dt.date = loader.construct_yaml_timestamp(node)
    except ValueError:
        where = f"{Path(loader.name).name}, line {node.start_mark.line + 1}"
        raise InputError(where, A_DAY, node.value) from None
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _day)


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
    except RecursionError:
        raise AssumptionError(path.name, "brackets in brackets without end") from None
    except InputError:
        raise
    except ValueError:
        # As a whole number of thousands of digits.
        raise AssumptionError(path.name, "a number that cannot be read") from None


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
                    at, f"allowed is {error.allowed}; given was {in_words(error.given)}"
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
            entry = parsed(Assumption, body, path.name, line)
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
        if len(by_day) > 1 and entry.kind != "number":
            raise AssumptionError(where, f"{lever}: only a number may change by date")
        dated[lever] = {day: parsed(Dated, one, where, line) for day, one in by_day.items()}
        _check_entry(
            entry.model_copy(update={"values": dated[lever]}), f"{where}: {lever}", sources
        )
    return parsed(Terms, {**data, "levers": dated}, path.name, 1)


@lru_cache(maxsize=4)
def load_tree(root: Path | None = None) -> Tree:
    """Every assumption, source and terms package, checked. Fails with file and line."""
    root = root or shipped("assumptions")
    sources_file = root / f"{SOURCES}.yaml"
    raw = read_yaml(sources_file)
    sources = {
        key: parsed(Source, body, sources_file.name, raw.lines[key]) for key, body in raw.items()
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
        leader = entries.get(f"assumptions.{entry.moves_with}") if entry.moves_with else entry
        if leader is None or (leader is not entry and leader.moves_with):
            raise AssumptionError(where[name], f"cannot move with {entry.moves_with}")
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


def claims_layouts() -> dict[str, Any]:
    """The claims layouts that come with the calculator, by name, as plain data."""
    files = sorted(shipped("assumptions/claims").glob("*.yaml"))
    return {path.stem: read_yaml(path) for path in files}


def sponsor_file() -> Path:
    """The illustrative sponsors that come with the calculator, a CSV file."""
    return shipped("assumptions") / "sponsors.csv"


def plans_file() -> Path:
    """The illustrative book of plans that comes with the calculator, a CSV file."""
    return shipped("assumptions") / "plans.csv"
