"""What a run was told and what it read, as rows of tables: terms, inputs, assumptions."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator import fields
from calculator.analysis.sensitivity import Breakeven
from calculator.assumptions import scenario_files
from calculator.register import Register
from calculator.report.inputs import amount, said, shown
from calculator.report.memo.html import Html, badge, breakable, link, safe, tag
from calculator.report.table import cents
from calculator.report.words import MINUS
from calculator.scenario import CHANGES, Scenario, StateScenario, under
from calculator.schema import Assumption, Dated

TYPED = ("user", "observed")
# Fields that say what a scenario is, not what its payer is like.
NAMING = ("name", "label", "program", "extends", "observed", "uncertainty", "success")
# What a reader must know at the number, worst first.
KINDS = ("not_published", "illustrative", "assumed", "projected")
WORDS = {
    "not_published": "Not published: nobody has given a number; what stands here is a placeholder",
    "illustrative": "Illustrative: a number to think with, nobody's proposal",
    "assumed": "Assumed: a judgement of this project, with a range where it is uncertain",
    "projected": "Projected: carried forward from the last published figure",
}


@dataclass(frozen=True)
class Read:
    """One assumption as the run read it."""

    path: str
    label: str
    value: str
    statuses: tuple[str, ...]
    changed: bool
    source: Html


def in_force(entry: Assumption, first: dt.date, last: dt.date) -> list[tuple[dt.date, Dated]]:
    """The values of an entry in force between two days, each with the day from which it holds."""
    before = [day for day in entry.values if day <= first]
    days = [max(before)] if before else []
    days += sorted(day for day in entry.values if first < day <= last)
    return [(day, entry.values[day]) for day in days or [min(entry.values)]]


def _said(register: Register, path: str, day: dt.date, dated: Dated) -> str:
    entry = register.entries[path]
    if dated.grow is not None:
        number = float(register.number(path, day)[0])
        return said(float(f"{number:.4g}"), entry.unit)
    if entry.kind == "number" and dated.value is None:
        return "not set"
    return shown(dated.value, entry.unit)


def _source(register: Register, dated: Dated) -> Html:
    source = register.tree.sources.get(dated.source)
    if source is None:
        return safe("typed" if dated.source == "user" else dated.source)
    return link(f"{source.title} ({source.date})", source.url)


# --------------------------------------------------------------------------------------- the terms


def terms_rows(
    register: Register, first: dt.date, last: dt.date, without: Sequence[str] = ()
) -> list[list[str]]:
    """Each lever: what it is, its value from when, its status, and whether the run reads it.

    without: paths that do not apply to the payer, with all below them.
    """
    rows = []
    for path, entry in register.entries.items():
        if not path.startswith("terms.") or apart(path, without):
            continue
        for number, (day, dated) in enumerate(in_force(entry, first, last)):
            value = _said(register, path, day, dated)
            if dated.status == "not_published":
                value = f"not published; {value} is used"
            if day > first:
                value = f"{value} from {day.isoformat()}"
            label = entry.label if path in register.read else f"{entry.label} (not used here)"
            rows.append(
                [
                    label if number == 0 else "",
                    value,
                    badge("changed" if _changed(register, path, day) else dated.status),
                    _source(register, dated),
                ]
            )
    return rows


def apart(path: str, without: Sequence[str]) -> bool:
    """Whether a path is one of some, or below one.

    >>> apart("terms.corridor.first_share", ["terms.corridor"]), apart("terms.copay", [])
    (True, False)
    """
    return any(under(path, one) for one in without)


def _changed(register: Register, path: str, day: dt.date) -> bool:
    dated_path = f"{path}.{day.isoformat().replace('-', '_')}"
    return bool({path, dated_path} & register.changed)


# ------------------------------------------------------------------------------- the payer's inputs


def example(scenario: Scenario) -> str | None:
    """The shipped scenario that it is, or that it starts from."""
    known = scenario_files()
    base = scenario.name if scenario.name in known else scenario.extends
    return base if base in known else None


@dataclass(frozen=True)
class _Whose:
    """Who gave an input, in words."""

    example: str | None
    changed: Mapping[str, str]
    observed: Sequence[str]

    def __call__(self, path: str, entry: Assumption | None, value: Any) -> str:
        if path in self.observed:
            return "observed in own data"
        if path in self.changed or (self.example is None and value is not None):
            return "given by the user"
        status = None if entry is None else entry.values[max(entry.values)].status
        if status is not None and status not in TYPED:
            return f"preset, {status.replace('_', ' ')}"
        return "example"


def _whose(scenario: Scenario) -> _Whose:
    observed = scenario.observed.paths if scenario.observed is not None else []
    return _Whose(example(scenario), scenario.changed_fields(), observed)


def input_rows(
    scenario: Scenario, register: Register, without: Sequence[str] = ()
) -> list[list[str]]:
    """The scenario's own inputs: what it is, its value, and whose it is."""
    whose = _whose(scenario)
    first: list[list[str]] = []
    last: list[list[str]] = []
    for path, field in fields.walk(type(scenario)):
        top = path.split(".")[0]
        if top in (*CHANGES, *NAMING, "groups") or path == "therapy.mix":
            continue
        if apart(path, without):
            continue
        value = fields.value_at(scenario, path)
        entry = register.entries.get(path)
        if fields.value_at(scenario, path.rpartition(".")[0] or path) is None:
            continue
        unit = entry.unit if entry is not None else "word"
        now = _last(entry) if entry is not None and value is None else value
        if now is None and "none:" not in unit:
            continue  # neither given nor preset
        text = shown(now, unit)
        if now is None:
            text = f"none: {unit.partition('none:')[2].strip()}"
        row = [field.title or path, text, whose(path, entry, value)]
        (first if top in ("plan", "state") else last).append(row)
    mix = ", ".join(
        f"{product} {shown(part, 'share')}" for product, part in scenario.therapy.mix.items()
    )
    mixed = ["Products, share of starters", mix, whose("therapy.mix", None, mix)]
    return [*first, mixed, *last]


def group_rows(scenario: StateScenario, register: Register) -> list[list[str]]:
    """A state's groups: enrollment, whose number it is, and what else was given of the group."""
    whose = _whose(scenario)
    rows = []
    for name, group in scenario.groups:
        path = f"groups.{name}.enrollment"
        entry = register.entries[path]
        now = group.enrollment if group.enrollment is not None else _last(entry)
        more = [] if group.included else ["not in this budget"]
        for key in ("share", "trend", "eligible_share", "managed_share"):
            value = getattr(group, key)
            if value is not None:
                own = register.entries[f"groups.{name}.{key}"]
                more.append(f"{own.label.lower()} {shown(value, own.unit)}")
        if not group.supplemental_eligible:
            more.append("fills earn no supplemental rebate")
        count_ = "gap: no number found" if now is None else shown(now, entry.unit)
        label = name.replace("_", " ").replace("chip", "CHIP").replace("medicaid", "Medicaid")
        said_ = whose(path, entry, group.enrollment)
        rows.append([label[0].upper() + label[1:], count_, said_, ", ".join(more)])
    return rows


def _last(entry: Assumption) -> Any:
    return entry.values[max(entry.values)].value


# ----------------------------------------------------------------------------- what the run read


def read(register: Register, paths: Collection[str], days: Sequence[dt.date]) -> list[Read]:
    """Every assumption and lever of some paths, in order. days: on which values are read."""
    known = set(paths) & set(register.entries)
    return [_read(register, path, days) for path in sorted(known)]


def _read(register: Register, path: str, days: Iterable[dt.date]) -> Read:
    entry = register.entries[path]
    known = [max(day, min(entry.values)) for day in days]
    dated = [register.dated(path, day) for day in known]
    texts = [_said(register, path, day, one) for day, (_, one) in zip(known, dated, strict=True)]
    ends = list(dict.fromkeys((texts[0], texts[-1])))
    return Read(
        path=path,
        label=entry.label,
        value=" to ".join(ends),
        statuses=tuple(dict.fromkeys(one.status for _, one in dated)),
        changed=any(_changed(register, path, since) for since, _ in dated),
        source=_source(register, dated[0][1]),
    )


def read_rows(found: Sequence[Read]) -> list[list[str]]:
    """Label with path, value, statuses, source."""
    rows = []
    for one in found:
        marks = [badge(status) for status in one.statuses]
        if one.changed:
            marks.append(badge("changed"))
        path = tag("span", breakable(one.path), of="note")
        name = Html(f"{safe(one.label)}<br>{path}")
        rows.append([name, one.value, Html(" ".join(marks)), one.source])
    return rows


def by_kind(found: Sequence[Read]) -> dict[str, list[str]]:
    """Of what was read, the labels with a status that a reader must know."""
    kinds: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for one in found:
        for kind in KINDS:
            if kind in one.statuses:
                kinds[kind].append(f"{one.label}: {one.value}")
    return {kind: labels for kind, labels in kinds.items() if labels}


def per_cent(register: Register, path: str) -> float:
    """A rate of the register, of the central run."""
    number = float(np.asarray(register.number(path))[0])
    return 0.0 if math.isnan(number) else number


def money(usd: float, decimals: int = 0) -> str:
    """Dollars in a table; no minus before a zero."""
    return cents(usd, decimals)


def count(number: float) -> str:
    """People or fills, whole, with a true minus."""
    return f"{number:,.0f}".replace("-", MINUS) if round(number) else "0"


def by_date(found: Breakeven, unit: str) -> str:
    """An input's value here; from the least to the most where it moves by date."""
    known = list(found.by_date.values())
    ends = dict.fromkeys([amount(min(known), unit), amount(max(known), unit)])
    return " to ".join(ends)
