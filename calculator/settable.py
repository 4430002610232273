"""What may be set in a scenario: every path with its kind and limits, and a cell as its value."""

from __future__ import annotations

import datetime as dt
import re
from functools import cached_property
from typing import Any, Literal, get_args, get_origin

from calculator import fields
from calculator.errors import InputError
from calculator.scenario import CHANGES, Scenario, known_products, read_value
from calculator.schema import Assumption

# What names a scenario is no input of its run.
IDENTITY = ("name", "label", "program", "extends")
PACKAGE, MIX = "terms.package", "therapy.mix"
YES, NO, NONE = ("yes", "true", "1"), ("no", "false", "0"), "none"
A_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)
A_DATE = "a date as 2028-01-01"
# Day 0 of a spreadsheet's dates, from 1900-03-01 on, and the last one it has.
EPOCH, LAST_DAY = dt.date(1899, 12, 30), 2_958_465


class Settable:
    """A scenario's paths."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.register = scenario.register()
        self._fields = dict(fields.walk(type(scenario)))
        self._limits: dict[str, Assumption | None] = {}

    @cached_property
    def paths(self) -> list[str]:
        """Every path that may be set, without the dates of those that have several."""
        own = [path for path in self.scenario.paths() if path not in IDENTITY]
        return [*own, *(p for p in self.register.entries if p.split(".")[0] in CHANGES)]

    def knows(self, path: str) -> bool:
        """Whether the path can be set here; a wrong date of a right path is an InputError."""
        if path.split(".")[0] in CHANGES and path != PACKAGE:
            known = path if path in self.register.entries else path.rpartition(".")[0]
            if known not in self.register.entries:
                return False
            self.register.locate(path)
            return True
        return path in self.paths

    def limits(self, path: str) -> Assumption | None:
        """Limits of a number, an assumption or a lever; None for other fields."""
        if path not in self._limits:
            self._limits[path] = self._found(path)
        return self._limits[path]

    def _found(self, path: str) -> Assumption | None:
        if path == PACKAGE:
            return None
        if path.split(".")[0] in CHANGES:
            return self.register.entries[self.register.locate(path)[0]]
        field = self._fields.get(path)
        if field is not None and fields.unit(field) is not None:
            title, unit = field.title or path, str(fields.unit(field))
            optional = not field.is_required()
            return fields.user_entry(title, unit, fields.limits(field), None, optional=optional)
        product = path.removeprefix(f"{MIX}.")
        if product != path and product in known_products(self.register):
            label = f"Share of starters on {product}"
            return fields.user_entry(label, "share of starters", (0.0, 1.0), None)
        return None

    def is_number(self, path: str) -> bool:
        """Whether the path holds a number."""
        limits = self.limits(path)
        return limits is not None and limits.kind == "number"

    def is_flag(self, path: str) -> bool:
        """Whether it is yes or no."""
        limits, field = self.limits(path), self._fields.get(path)
        if limits is not None:
            return limits.kind == "yes or no"
        return field is not None and field.annotation is bool

    def is_date(self, path: str) -> bool:
        """Whether it is a day."""
        limits, field = self.limits(path), self._fields.get(path)
        if limits is not None:
            return limits.kind == "date"
        return field is not None and dt.date in (field.annotation, *get_args(field.annotation))

    def is_word(self, path: str) -> bool:
        """Whether it is text as it stands: NO is no yes or no."""
        limits, field = self.limits(path), self._fields.get(path)
        if limits is not None:
            return limits.kind == "word"
        return path == PACKAGE or (field is not None and _is_text(field.annotation))

    def choices(self, path: str) -> tuple[str, ...]:
        """The words a path may be; empty where it is no word or any."""
        limits, field = self.limits(path), self._fields.get(path)
        if path == PACKAGE:
            return tuple(self.register.tree.terms)
        if path == "state.abbr":
            return tuple(sorted(self.register.tree.states))
        if limits is not None:
            return limits.choices or ()
        if field is None or not _is_text(field.annotation):
            return ()
        found = [get_args(one) or (one,) for one in (field.annotation, *get_args(field.annotation))]
        return tuple(dict.fromkeys(word for words in found for word in words
                                   if isinstance(word, str)))  # fmt: skip

    def value(self, path: str, given: object, *, text_only: bool) -> Any:
        """What a cell says of a path, as its kind; InputError where it cannot.

        text_only: a CSV file, whose cells are all text; in a sheet a number is no text.
        """
        said = " ".join(given.split()) if isinstance(given, str) else given
        limits = self.limits(path)
        if limits is not None and limits.kind == "number":
            number = _number(path, said, limits, text_only=text_only)
            try:
                return limits.checked(path, number)
            except InputError as error:
                raise InputError(path, error.allowed, _shown(given)) from None
        word = str(said)
        if self.is_flag(path):
            if word.lower() not in (*YES, *NO):
                raise InputError(path, "yes or no", _shown(given))
            return word.lower() in YES
        if self.is_date(path):
            return _date(path, said)
        if self.is_word(path):
            return None if word.lower() == NONE and NONE not in self.choices(path) else word
        return read_value(said) if isinstance(said, str) else said


def _is_text(annotation: Any) -> bool:
    """Whether a field holds text, one of some words, or none."""
    if get_origin(annotation) is Literal:
        return True
    options = [option for option in get_args(annotation) if option is not type(None)]
    return annotation is str or (bool(options) and all(map(_is_text, options)))


def _number(path: str, said: object, limits: Assumption, *, text_only: bool) -> float | None:
    """A number as it stands in a cell; None where the cell says none."""
    if isinstance(said, str):
        if said.lower() == NONE and limits.optional:
            return None
        if not text_only:
            raise InputError(path, limits.allowed(), f"{said or 'spaces'} (text)")
        try:
            if A_NUMBER.fullmatch(said):
                return float(said.replace(",", ""))
        except ValueError:
            pass
        raise InputError(path, limits.allowed(), said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise InputError(path, limits.allowed(), f"{_shown(said)} (no number)")
    return float(said)


def _date(path: str, said: object) -> dt.date | None:
    """A day, as a date, in words, or as a spreadsheet counts it."""
    if isinstance(said, dt.datetime) and said.time() == dt.time():
        return said.date()
    if isinstance(said, dt.date) and not isinstance(said, dt.datetime):
        return said
    if isinstance(said, str):
        if said.lower() == NONE:
            return None
        try:
            return dt.date.fromisoformat(said)
        except ValueError:
            raise InputError(path, A_DATE, said) from None
    if (
        isinstance(said, int | float)
        and not isinstance(said, bool)
        and 0 < said <= LAST_DAY
        and float(said).is_integer()
    ):
        return EPOCH + dt.timedelta(days=int(said))
    raise InputError(path, A_DATE, _shown(said))


def _shown(given: object) -> str:
    """A cell's content in an error, on one line."""
    return " ".join(str(given).split()) or "nothing"
