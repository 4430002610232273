"""Which inputs of two scenarios differ, and one scenario with some of them as in the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calculator import fields
from calculator.errors import InputError
from calculator.register import Register
from calculator.report.inputs import shown
from calculator.scenario import CHANGES, NAMES, Scenario, scenario_of

# Fields that name a scenario or say what is looked at; they move no value.
SILENT = ("name", "label", "program", "extends", "observed", "uncertainty", "success")
# The payer first, then what is assumed, then what is offered and for how long.
ORDER = ("state", "plan", "groups", "uptake", "spending", "own_coverage", "rivals", "therapy",
         "assumptions", "terms", "selection", "horizon")  # fmt: skip
PACKAGE = "terms.package"
# Whole sections, and fields that only make sense together: the first path is the group's name.
WHOLE = ("spending", "own_coverage", "uptake", "horizon")
TOGETHER = {
    "state.coverage_ends": "state.stance",
    "state.months_covered": "state.stance",
}
GROUP_NAMES = {
    "spending": "Own spending of members",
    "own_coverage": "Own coverage when staying out",
    "uptake": "How use grows",
    "horizon": "Months in the model",
    "state.stance": "Obesity use today",
    "groups.share": "Shares of enrollment by group",
    PACKAGE: "Terms package",
    "terms.corridor": "Risk corridor of the terms",
    "terms.obesity_capitation": "Obesity capitation",
    "terms.extra_reinsurance": "Extra reinsurance",
    "therapy.mix": "Products, share of starters",
}
MISSING = "not given"


@dataclass(frozen=True)
class Difference:
    """One input that two scenarios give different values."""

    path: str
    label: str
    group: str  # of inputs that only make sense together
    first: str  # its value in words, in each
    second: str
    first_status: str
    second_status: str


def differences(first: Scenario, second: Scenario) -> list[Difference]:
    """Inputs that differ in what a run would read, in a stable order.

    An input that both give alike, one of them by leaving it as shipped, does not differ. Raises
    InputError for scenarios of two programs.

    >>> from calculator.scenario import load_scenario
    >>> first = load_scenario("pdp_regional")
    >>> [one.path for one in differences(first, first.with_settings({"plan.members": 50000}))]
    ['plan.members']
    """
    _same_program(first, second)
    registers = first.register(), second.register()
    found = [*_own(first, second, registers), *_changes(first, second, registers)]
    return sorted(found, key=lambda one: (ORDER.index(one.path.split(".")[0]), one.path))


def _same_program(first: Scenario, second: Scenario) -> None:
    if first.program != second.program:
        allowed = f"two scenarios of one program: both {NAMES[first.program]}"
        raise InputError("compare", allowed, f"one of {NAMES[second.program]}")


def _own(
    first: Scenario, second: Scenario, registers: tuple[Register, Register]
) -> list[Difference]:
    """The scenario's own fields, a mix or a list as one."""
    found = []
    paths = dict(fields.walk(type(first)))
    for path, field in paths.items():
        if path.split(".")[0] in (*SILENT, *CHANGES):
            continue
        values = [fields.value_at(one, path) for one in (first, second)]
        if values[0] == values[1]:
            continue
        unit = next((r.entries[path].unit for r in registers if path in r.entries), "word")
        texts = [_own_text(value, unit) for value in values]
        statuses = [
            _status(register, path) if value is not None else "preset"
            for register, value in zip(registers, values, strict=True)
        ]
        label = field.title or path
        found.append(Difference(path, _placed(path, label), _group(path), *texts, *statuses))
    return found


def _own_text(value: Any, unit: str) -> str:
    if value is None:
        return MISSING
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(part, 'share')}" for key, part in value.items())
    return shown(value, unit)


def _placed(path: str, label: str) -> str:
    """A group's field with the group's name."""
    parts = path.split(".")
    if parts[0] not in ("groups", "spending") or len(parts) < 3:
        return label
    return f"{parts[1].replace('_', ' ').capitalize()}: {label[:1].lower()}{label[1:]}"


def _status(register: Register, path: str) -> str:
    entry = register.entries.get(path)
    return "user" if entry is None else entry.values[max(entry.values)].status


def _changes(
    first: Scenario, second: Scenario, registers: tuple[Register, Register]
) -> list[Difference]:
    """The terms package, levers and assumptions, by entry: all dates of one together."""
    found = []
    packages = [str(one.terms["package"]) for one in (first, second)]
    other_terms = packages[0] != packages[1]
    if other_terms:
        both = [registers[0].tree.terms[name] for name in packages]
        said = [one.label for one in both] + [one.status for one in both]
        found.append(Difference(PACKAGE, "Terms package", PACKAGE, *said))
    for path in _entries(first, second, registers):
        if _numbers(registers[0], path) == _numbers(registers[1], path):
            continue
        texts = _values(registers, path)
        statuses = [_status(register, path) for register in registers]
        label = registers[0].entries[path].label
        # A lever's own change stands on its package: with another one it means something else.
        group = PACKAGE if other_terms and path.startswith("terms.") else _group(path)
        found.append(Difference(path, label, group, *texts, *statuses))
    return found


def _entries(first: Scenario, second: Scenario, registers: tuple[Register, Register]) -> list[str]:
    """Entries that one of them changes."""
    changed = [registers[0].locate(path)[0] for one in (first, second) for path in one.changes()]
    return list(dict.fromkeys(changed))


def _numbers(register: Register, path: str) -> list[tuple[dt.date, Any, str | None]]:
    """What an entry comes to, day by day; a value that is repeated is one."""
    rows: list[tuple[dt.date, Any, str | None]] = []
    for day, dated in sorted(register.entries[path].values.items()):
        if not rows or rows[-1][1:] != (dated.value, dated.grow):
            rows.append((day, dated.value, dated.grow))
    return rows


def _values(registers: tuple[Register, Register], path: str) -> list[str]:
    """An entry's values in words, in both: short where that tells them apart."""
    short = [_short(register, path) for register in registers]
    return short if short[0] != short[1] else [_by_date(register, path) for register in registers]


def _short(register: Register, path: str) -> str:
    """From the first value to the last; every one where a value comes back."""
    texts = [text for _, text in _texts(register, path)]
    if len(set(texts)) < len(texts):
        return _by_date(register, path)
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def _by_date(register: Register, path: str) -> str:
    """Every value with the day from which it holds: $50 a fill, $25 a fill from 2029."""
    (_, first), *later = _texts(register, path)
    return ", ".join([first, *(f"{text} from {_from(day)}" for day, text in later)])


def _from(day: dt.date) -> str:
    return f"{day.year}" if (day.month, day.day) == (1, 1) else day.isoformat()


def _texts(register: Register, path: str) -> list[tuple[dt.date, str]]:
    """An entry's values in words with their days; one that is repeated is said once."""
    entry = register.entries[path]
    rows: list[tuple[dt.date, str]] = []
    for day, dated in sorted(entry.values.items()):
        value = float(register.number(path, day)[0]) if dated.grow else dated.value
        text = "not set" if value is None else shown(value, entry.unit)
        if not rows or rows[-1][1] != text:
            rows.append((day, text))
    return rows


def _group(path: str) -> str:
    """The inputs that it only makes sense together with, by a name."""
    parts = path.split(".")
    if parts[0] in WHOLE:
        return parts[0]
    if parts[0] == "groups" and parts[-1] == "share":
        return "groups.share"
    if parts[0] == "terms" and len(parts) > 2:
        return ".".join(parts[:2])
    for ending in ("_kappa", "_scale"):
        if path.startswith("assumptions.persistence.") and path.endswith(ending):
            return path.removesuffix(ending)
    return TOGETHER.get(path, path)


def mixed_of(first: Scenario, second: Scenario, found: Sequence[Difference]) -> Scenario:
    """The first scenario with some of the inputs in which they differ as in the second.

    What was observed in own data is a plain value here: two sources do not fit one scenario.
    """
    data, other = (one.model_dump(mode="json", exclude_none=True) for one in (first, second))
    for key in ("observed", "extends", "uncertainty"):
        data.pop(key, None)
    changes, wanted = first.changes(), second.changes()
    register = first.register()
    for one in found:
        top = one.path.split(".")[0]
        if one.path == PACKAGE:
            # With all that lies on it, also a lever that both give alike.
            data["terms"]["package"] = other["terms"]["package"]
            changes = {p: v for p, v in changes.items() if not p.startswith("terms.")}
            changes |= {p: v for p, v in wanted.items() if p.startswith("terms.")}
        elif top in CHANGES:
            changes = {p: v for p, v in changes.items() if register.locate(p)[0] != one.path}
            changes |= {p: v for p, v in wanted.items() if register.locate(p)[0] == one.path}
        else:
            _copy(data, other, one.path.split("."))
    data["terms"] = {"package": data["terms"]["package"]}
    data["assumptions"] = {}
    for path, value in changes.items():
        fields.place(data, path.split("."), _typed(value))
    return scenario_of(data)


def _copy(data: dict[str, Any], other: dict[str, Any], path: Sequence[str]) -> None:
    """One field as in other data; a section that is not there goes with its fields."""
    *above, last = path
    if path[0] in ("spending", "own_coverage"):
        above, last = [], path[0]
    for key in above:
        data = data.setdefault(key, {})
        other = other.get(key, {})
    if last in other:
        data[last] = other[last]
    else:
        data.pop(last, None)


def _typed(value: Any) -> Any:
    """A change as if it had been typed; ranges move no value."""
    return value["value"] if isinstance(value, Mapping) and "value" in value else value
