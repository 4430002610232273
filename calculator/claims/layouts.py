"""Where the columns of a claims file are: the shipped layouts, or a mapping file of the user's.

A mapping file has the form of the shipped layouts (assumptions/claims/); see docs/claims.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calculator.assumptions import claims_layouts, read_yaml
from calculator.errors import InputError

REQUIRED = ("member_id", "service_date", "drug_class", "gross_cost")
OPTIONAL = (
    *("sequence", "copay", "lis", "brand", "fill_kind", "manufacturer", "days_supply", "product"),
    *("paid_member", "paid_lics", "paid_plan", "paid_below", "paid_above"),
)
MOST_BYTES = 50_000  # of a mapping file: its parser is slow


class Column(BaseModel):
    """How one column is made: from one column, the first of several, a sum, or a constant."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str | None = None
    first: tuple[str, ...] = ()
    sum: tuple[str, ...] = ()
    constant: str | None = None
    values: Mapping[str, str] | None = None  # word in the file -> word of this project
    positive: str | None = None  # the word where a number is above zero
    otherwise: str | None = None  # the word where nothing else gives one

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        given = [self.column is not None, bool(self.first), bool(self.sum), self.constant]
        if sum(map(bool, given)) != 1:
            raise ValueError("give one of column, first, sum, constant")
        return self

    def names(self) -> tuple[str, ...]:
        """The columns of the file that this one may be made of."""
        return (self.column,) if self.column else (*self.first, *self.sum)


class Action(BaseModel):
    """A column that says that a row replaces or deletes an earlier one."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


class Covered(BaseModel):
    """A column whose words say that the drug is covered."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    values: tuple[str, ...]


class Codes(BaseModel):
    """A CSV table of drug codes: `code` and any of drug_class, product, brand, fill_kind, ..."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    file: Path


class Layout(BaseModel):
    """A layout of claims files."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    delimiter: str = Field(",", min_length=1, max_length=1)
    dates: tuple[Literal["iso", "day_month_name", "compact", "us"], ...] = ("iso",)
    columns: Mapping[str, Column]
    recognised_by: tuple[str, ...] = ()
    identity: tuple[tuple[str, ...], ...] = ()
    actions: tuple[Action, ...] = ()
    covered: Covered | None = None
    codes: Codes | None = None
    assumed: str | None = None

    @model_validator(mode="after")
    def _known_columns(self) -> Layout:
        unknown = sorted(set(self.columns) - {*REQUIRED, *OPTIONAL})
        if unknown:
            raise ValueError(
                f"columns: {unknown[0]} is not one of {', '.join(REQUIRED + OPTIONAL)}"
            )
        return self


def _layout(data: Any, where: str) -> Layout:
    try:
        return Layout.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "layout"
        raise InputError(
            f"{where}: {field}", "a layout as docs/claims.md says", first["msg"]
        ) from None


def shipped_layouts() -> dict[str, Layout]:
    """The layouts that come with the calculator, by name.

    >>> list(shipped_layouts())
    ['own', 'pde', 'tuva']
    """
    return {name: _layout(data, f"{name}.yaml") for name, data in claims_layouts().items()}


def named_layout(name: str) -> Layout:
    """A shipped layout by name, or a mapping file by its path."""
    layouts = shipped_layouts()
    if name in layouts:
        return layouts[name]
    path = Path(name)
    if not path.is_file():
        raise InputError("--layout", f"one of {', '.join(layouts)}, or a mapping file", name)
    size = path.stat().st_size
    if size > MOST_BYTES:
        allowed = f"a mapping file of up to {MOST_BYTES:,} bytes"
        raise InputError("--layout", allowed, f"{path.name}, which has {size:,}")
    layout = _layout(read_yaml(path), path.name)
    if layout.codes is None:
        return layout
    # A table of codes lies beside its mapping file.
    codes = layout.codes.model_copy(update={"file": path.parent / layout.codes.file})
    return layout.model_copy(update={"codes": codes})


def recognised(names: Iterable[str], layouts: Mapping[str, Layout]) -> Layout:
    """The shipped layout of a file with these lower-case columns; by default our own."""
    known = set(names)
    for layout in layouts.values():
        if layout.recognised_by and {name.lower() for name in layout.recognised_by} <= known:
            return layout
    return layouts["own"]


@dataclass(frozen=True)
class Found:
    """A layout against the columns that a file really has (lower case)."""

    layout: Layout
    names: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether the file has this column."""
        return name.lower() in self.names

    def identity(self) -> tuple[str, ...]:
        """The columns that tell one claim from another; empty: sequence or the whole row."""
        for key in self.layout.identity:
            if self.has(key[0]):
                return tuple(name.lower() for name in key if self.has(name))
        return ()

    def check(self) -> None:
        """An InputError where a needed column is missing.

        It names what is missing, and only counts the columns there are: without a line of column
        names those would be the cells of somebody's claim.
        """
        codes = self.layout.codes
        if codes is not None and not self.has(codes.column):
            raise InputError("codes.column", "a column of the file", codes.column)
        missing = []
        for name in REQUIRED:
            column = self.layout.columns.get(name)
            given = column is not None and (
                column.constant is not None or any(map(self.has, column.names()))
            )
            if not given and not (codes is not None and name == "drug_class"):
                missing.append(" or ".join(column.names()) if column else name)
        if missing:
            wanted = ", the column ".join(missing)
            raise InputError(
                "columns",
                f"a file with the column {wanted} in its first line ({self.layout.label}); "
                "--layout names another layout",
                f"{len(self.names):,} columns without {'them' if len(missing) > 1 else 'it'}",
            )
