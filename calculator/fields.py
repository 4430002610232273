"""How a scenario's fields become paths: bounds and units from the field itself, one grammar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from calculator.assumptions import Assumption, Dated, nearest
from calculator.errors import MOST_WHOLE, InputError

ANY_DAY = dt.date(1900, 1, 1)
SHARE_TOLERANCE = 1e-6
# What pydantic's kinds of error ask for, in a user's words.
PLAIN = {
    "dict_type": "named fields",
    "model_type": "named fields",
    "list_type": "a list",
    "string_type": "text (in quotes where it could be read as something else)",
    "bool_type": "yes or no",
    "bool_parsing": "yes or no",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "finite_number": "a number",
    "date_type": "a date as 2028-01-01",
    "date_parsing": "a date as 2028-01-01",
    "date_from_datetime_parsing": "a date as 2028-01-01",
    "date_from_datetime_inexact": "a date as 2028-01-01",
}


class Section(BaseModel):
    """A part of a scenario: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def number(title: str, unit: str, low: float, high: float, default: Any = ...) -> Any:
    """A numeric field with its unit and limits; a default of None allows none."""
    # Strict: yes is not 1 and text is not a number.
    return Field(
        default, title=title, ge=low, le=high, strict=True, json_schema_extra={"unit": unit}
    )


def checked_shares(path: str, shares: Mapping[str, float]) -> None:
    """Shares from 0 to 1 that sum to 1, or an InputError."""
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(f"{path}.{name}", "a share from 0 to 1", share)
    total = sum(shares.values())
    if not abs(total - 1) <= SHARE_TOLERANCE:
        raise InputError(path, "shares that sum to 1", f"a sum of {total:g}")


def section_of(annotation: Any) -> type[Section] | None:
    """The section a field holds, if it holds one (also where it may be none)."""
    for option in (annotation, *get_args(annotation)):
        if isinstance(option, type) and issubclass(option, Section):
            return option
    return None


@lru_cache
def walk(model: type[Section], prefix: str = "") -> tuple[tuple[str, FieldInfo], ...]:
    """Every field below a section with its path, sections themselves left out."""
    found: list[tuple[str, FieldInfo]] = []
    for key, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is None:
            found.append((f"{prefix}{key}", field))
        else:
            found += walk(inner, f"{prefix}{key}.")
    return tuple(found)


def limits(field: FieldInfo) -> tuple[float, float]:
    """Lowest and highest value of a numeric field."""
    found = {type(part).__name__: part for part in field.metadata}
    return found["Ge"].ge, found["Le"].le


def unit(field: FieldInfo) -> str | None:
    """Unit of a numeric field; None for any other."""
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else None


def value_at(scenario: BaseModel, path: str) -> Any:
    """The value of a path; None inside a section that is not there."""
    found: Any = scenario
    for key in path.split("."):
        found = getattr(found, key, None)
    return found


def entries(scenario: Section) -> dict[str, Assumption]:
    """The scenario's own numbers as entries of a register."""
    found: dict[str, Assumption] = {}
    for path, field in walk(type(scenario)):
        if unit(field) is None or value_at(scenario, path.rpartition(".")[0] or path) is None:
            continue
        found[path] = user_entry(
            field.title or path,
            str(unit(field)),
            limits(field),
            value_at(scenario, path),
            optional=not field.is_required(),
        )
    return found


@lru_cache(maxsize=1024, typed=True)
def user_entry(
    label: str, unit: str, bounds: tuple[float, float], value: Any, *, optional: bool = False
) -> Assumption:
    """A number the user typed, as an entry of a register."""
    dated = Dated(value=value, status="user", source="user")
    return Assumption(
        label=label, unit=unit, bounds=bounds, optional=optional, values={ANY_DAY: dated}
    )


def observed_entry(entry: Assumption, source: str) -> Assumption:
    """The same number, read from data of the payer's own."""
    values = {
        day: dated.model_copy(update={"status": "observed", "source": source})
        for day, dated in entry.values.items()
    }
    return entry.model_copy(update={"values": values})


def _word(key: object) -> str:
    """A key as part of a path: dates with underscores, which YAML reads as a number otherwise."""
    if isinstance(key, int) and len(str(key)) == len("20290101"):
        text = str(key)
        return f"{text[:4]}_{text[4:6]}_{text[6:]}"
    return str(key).replace("-", "_")


def flat(prefix: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Nested changes as path -> value; dates become parts of a path."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        path = f"{prefix}.{_word(key)}"
        if isinstance(value, Mapping) and "value" not in value:
            found.update(flat(path, value))
        else:
            found[path] = value
    return found


def numbers(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same nested data with whole numbers as numbers.

    >>> numbers({"copay": 35, "dated": {"2029_01_01": {"value": 40}}, "word": "x", "flag": True})
    {'copay': 35.0, 'dated': {'2029_01_01': {'value': 40.0}}, 'word': 'x', 'flag': True}
    """

    def number(value: Any) -> Any:
        if isinstance(value, Mapping):
            return numbers(value)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if whole and abs(value) < MOST_WHOLE else value

    return {key: number(value) for key, value in data.items()}


def spread(data: Mapping[str, Any], path: list[str], days: Iterable[dt.date]) -> None:
    """A value given for all dates as the same value for each, so that one date can differ.

    >>> data = {"terms": {"copay": 35.0}}
    >>> spread(data, ["terms", "copay"], [dt.date(2026, 1, 1)])
    >>> data
    {'terms': {'copay': {'2026_01_01': 35.0}}}
    """
    for part in path[:-1]:
        inner = data.get(part)
        if not isinstance(inner, Mapping):
            return
        data = inner
    value = data.get(path[-1])
    if value is None or (isinstance(value, Mapping) and "value" not in value):
        return
    assert isinstance(data, dict)
    data[path[-1]] = {_word(day.isoformat()): value for day in days}


def place(data: dict[str, Any], path: list[str], value: Any) -> None:
    """Set one path in nested data; an assumption's dated and undated values do not mix."""
    for part in path[:-1]:
        inner = data.get(part)
        data[part] = inner if isinstance(inner, dict) else {}
        data = data[part]
    data[path[-1]] = value


def sentence(error: ValidationError, model: type[Section]) -> InputError:
    """The first thing wrong with a scenario: which field, what is allowed, what was given."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    known = dict(walk(model))
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        if cause.field.split(".")[0] == path.split(".")[0]:
            return cause
        # A section that stands in several places names its own field only.
        return InputError(f"{path}.{cause.field}", cause.allowed, cause.given)
    if first["type"] == "extra_forbidden":
        return InputError(path, nearest(path, known), path.rsplit(".", 1)[-1])
    if first["type"] == "missing":
        return InputError(path, "a value: it has no default", "nothing")
    if first["type"] == "literal_error":
        choices = str(first["ctx"]["expected"]).replace("'", "")
        return InputError(path, f"one of {choices}", first["input"])
    if path in known and unit(known[path]) is not None:
        low, high = limits(known[path])
        allowed = f"a number from {low:,.12g} to {high:,.12g} {unit(known[path])}"
        return InputError(path, allowed, first["input"])
    return InputError(path, PLAIN.get(first["type"], first["msg"].lower()), first["input"])
