"""What an assumption is: dated values with unit, bounds, status, source and range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calculator.errors import InputError

Status = Literal[
    "law", "final", "proposed", "announced", "published", "observed", "derived", "expert",
    "projected", "assumed", "illustrative", "not_published", "user",
]  # fmt: skip
STATUSES: tuple[str, ...] = get_args(Status)
Scalar = bool | float | str | dt.date | None
Model = TypeVar("Model", bound=BaseModel)


class AssumptionError(InputError):
    """A file under assumptions/ that cannot be used: says the file, the line and what is wrong."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, "a well-formed assumption", problem)
        self.args = (f"{where}: {problem}",)


class Range(BaseModel):
    """What an uncertain value may be: a 95% interval, or the ends of a judged range."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    low: float
    high: float
    dist: Literal["beta", "lognormal", "normal", "triangular", "uniform"]


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
    moves_with: str | None = None  # uncertain together with another entry: one quantile for both
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
            form = ".12g" if self.unit == "year" else ",.12g"
            return f"a number from {low:{form}} to {high:{form}} {self.unit}{none}"
        return {"yes or no": "yes or no", "date": "a date as 2028-01-01"}.get(self.kind, "a number")

    def checked(self, path: str, value: object) -> Scalar:
        """The value as this assumption's type, or an InputError."""
        problem = InputError(path, self.allowed(), value)
        if value is None and "none" in (self.choices or ()):
            return "none"
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


@dataclass(frozen=True, eq=False)
class Tree:
    """Everything under assumptions/ but the scenarios. Read once, so a tree is like itself only."""

    entries: Mapping[str, Assumption]
    sources: Mapping[str, Source]
    terms: Mapping[str, Terms]
    states: Mapping[str, Mapping[str, str]]  # by two-letter code: columns of states.csv
    match_rates: Mapping[str, tuple[Mapping[str, str], ...]]  # rows of match_rates.csv by state


def parsed(model: type[Model], data: Any, where: str, line: int) -> Model:
    """Data as a model, or an AssumptionError that names file, line and field."""
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
