"""Formulas with their values: arithmetic on cells that is written and computed at once.

An operand knows its value and its formula, so a sheet is laid out by writing the model once.
What is written is therefore what is stored beside it, and a test holds both to the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from xlsxwriter.utility import xl_col_to_name

# How tightly a formula binds, from a comparison to an atom.
COMPARED, SUMMED, MULTIPLIED, NEGATED, POWERED, ATOM = range(6)


_column = lru_cache(maxsize=None)(xl_col_to_name)


class Ref(NamedTuple):
    """A cell or a range of one sheet, from first to last row and column, 0-based."""

    sheet: str
    first: tuple[int, int]
    last: tuple[int, int]

    def text(self, on: str) -> str:
        """As a formula on sheet `on` writes it."""
        (row, column), last = self.first, self.last
        found = f"${_column(column)}${row + 1}"
        if self.first != last:
            found += f":${_column(last[1])}${last[0] + 1}"
        return found if on == self.sheet else f"'{self.sheet}'!{found}"


@dataclass(frozen=True)
class Name:
    """A defined name, given when all inputs are known."""

    key: object
    names: dict[object, str]

    def text(self, on: str) -> str:
        """The name itself: it is known in the whole workbook."""
        return self.names[self.key]


Part = str | Ref | Name


def _number(value: float) -> str:
    """A constant of a formula. Figures about the world are cells, never constants."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


class Live:
    """A formula and its value: a number, or an array of rows and columns where it is a range."""

    __slots__ = ("parts", "rank", "value")

    def __init__(self, value: Any, parts: tuple[Part, ...], rank: int = ATOM) -> None:
        self.value = value
        self.parts = parts
        self.rank = rank

    def text(self, on: str) -> str:
        """The formula as sheet `on` writes it, without the equals sign."""
        return "".join(part if isinstance(part, str) else part.text(on) for part in self.parts)

    def _bound(self, rank: int) -> tuple[Part, ...]:
        return self.parts if self.rank >= rank else ("(", *self.parts, ")")

    def _joined(self, sign: str, other: Any, rank: int, value: Any) -> Live:
        second = live(other)
        # What stands on the right of - or / is bound one step more tightly; so is a power.
        right = rank + 1 if sign in "-/^" or rank == COMPARED else rank
        left = rank + 1 if sign == "^" or rank == COMPARED else rank
        return Live(value, (*self._bound(left), sign, *second._bound(right)), rank)

    def __add__(self, other: Any) -> Live:
        return self._joined("+", other, SUMMED, self.value + live(other).value)

    def __radd__(self, other: Any) -> Live:
        return live(other) + self

    def __sub__(self, other: Any) -> Live:
        return self._joined("-", other, SUMMED, self.value - live(other).value)

    def __rsub__(self, other: Any) -> Live:
        return live(other) - self

    def __mul__(self, other: Any) -> Live:
        return self._joined("*", other, MULTIPLIED, self.value * live(other).value)

    def __rmul__(self, other: Any) -> Live:
        return live(other) * self

    def __truediv__(self, other: Any) -> Live:
        return self._joined("/", other, MULTIPLIED, _over(self.value, live(other).value))

    def __rtruediv__(self, other: Any) -> Live:
        return live(other) / self

    def __pow__(self, other: Any) -> Live:
        return self._joined("^", other, POWERED, self.value ** live(other).value)

    def __rpow__(self, other: Any) -> Live:
        return live(other) ** self

    def __neg__(self) -> Live:
        # In a spreadsheet a leading minus binds before a power: -2^2 is 4.
        return Live(-self.value, ("-", *self._bound(ATOM)), NEGATED)

    def __lt__(self, other: Any) -> Live:
        return self._joined("<", other, COMPARED, self.value < live(other).value)

    def __le__(self, other: Any) -> Live:
        return self._joined("<=", other, COMPARED, self.value <= live(other).value)

    def __gt__(self, other: Any) -> Live:
        return self._joined(">", other, COMPARED, self.value > live(other).value)

    def __ge__(self, other: Any) -> Live:
        return self._joined(">=", other, COMPARED, self.value >= live(other).value)

    def same(self, other: Any) -> Live:
        """Whether both are the same number or text (== stays identity, so that cells are keys)."""
        return self._joined("=", other, COMPARED, self.value == live(other).value)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        if isinstance(self.value, np.ndarray):
            rows, columns = self.value.shape
            return rows, columns
        return 1, 1

    def __getitem__(self, at: int | slice | tuple[int | slice, int | slice]) -> Live:
        """A part of a range: a cell by its place, or a range by slices (0-based, as numpy)."""
        (ref,) = self.parts
        if not isinstance(ref, Ref):
            raise TypeError("only a range of cells has parts")
        rows, columns = self.shape
        if not isinstance(at, tuple):
            at = (at, 0) if columns == 1 else (0, at) if rows == 1 else (at, slice(None))
        top, bottom = _span(at[0], rows)
        left, right = _span(at[1], columns)
        row, column = ref.first
        part = Ref(ref.sheet, (row + top, column + left), (row + bottom - 1, column + right - 1))
        if part.first == part.last:
            single = self.value[top, left].item() if rows * columns > 1 else self.value
            return Live(single, (part,))
        return Live(self.value[top:bottom, left:right], (part,))

    def __iter__(self) -> Any:
        """The cells of one row or one column."""
        rows, columns = self.shape
        if min(rows, columns) > 1:
            raise TypeError("a block has rows and columns: take one of them")
        return (self[place] for place in range(max(rows, columns)))

    def __len__(self) -> int:
        return max(self.shape)


def _span(at: int | slice, size: int) -> tuple[int, int]:
    """First place and the one after the last, of `size`."""
    if isinstance(at, slice):
        first, stop, step = at.indices(size)
        if step != 1 or stop <= first:
            raise IndexError("a range is one block of cells")
        return first, stop
    place = at + size if at < 0 else at
    if not 0 <= place < size:
        raise IndexError(f"{at} of {size}")
    return place, place + 1


def _over(value: Any, by: Any) -> Any:
    """A quotient; without a value where it has none, for the branch of an IF that does not hold."""
    if isinstance(value, float) and isinstance(by, float) and by:
        return value / by
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.divide(value, by)
    return found if np.shape(found) else float(found)


def live(value: Any) -> Live:
    """A cell, or a constant of a formula: a number, yes or no, or text in quotes.

    >>> live(2).text(""), live("treated").text("")
    ('2', '"treated"')
    """
    if isinstance(value, Live):
        return value
    if isinstance(value, str):
        return Live(value, ('"' + value.replace('"', '""') + '"',))
    if isinstance(value, bool | int | float | np.floating | np.integer):
        number = value if isinstance(value, bool) else float(value)
        if not math.isfinite(number):
            raise ValueError("a formula has no constant that is not a number")
        return Live(number, (_number(number),), ATOM if number >= 0 else NEGATED)
    raise TypeError(f"not a cell: {type(value).__name__}")


def _called(function: str, value: Any, *given: Any) -> Live:
    parts: list[Part] = [f"{function}("]
    for place, one in enumerate(given):
        parts += [","] if place else []
        parts += live(one).parts
    return Live(value, (*parts, ")"))


def total(*cells: Any) -> Live:
    """SUM of cells and ranges."""
    return _called("SUM", float(sum(np.sum(live(one).value) for one in cells)), *cells)


def sumproduct(*ranges: Any) -> Live:
    """SUMPRODUCT: the sum over all cells of the product of ranges or of arithmetic on them.

    A column times a row is a table, as in a spreadsheet. Give a table as one argument
    (`a * b`), since separate arguments must have one shape.
    """
    product: Any = 1.0
    for one in ranges:
        product = product * np.asarray(live(one).value, dtype=float)
    return _called("SUMPRODUCT", float(np.sum(product)), *ranges)


def smallest(*cells: Any) -> Live:
    """MIN of single cells."""
    return _called("MIN", min(_single(one) for one in cells), *cells)


def largest(*cells: Any) -> Live:
    """MAX of single cells."""
    return _called("MAX", max(_single(one) for one in cells), *cells)


def clipped(cell: Any, low: Any, high: Any) -> Live:
    """A single cell held between two limits."""
    return smallest(largest(cell, low), high)


def _single(cell: Any) -> Any:
    value = live(cell).value
    if isinstance(value, np.ndarray):
        raise TypeError("MIN and MAX take a range as a whole: use lesser")
    return value


def lesser(first: Any, second: Any) -> Live:
    """The smaller of each pair along ranges, inside SUMPRODUCT, where MIN cannot do it."""
    one, other = live(first), live(second)
    # Multiplied by what is true: every spreadsheet works that out along a range.
    return (one < other) * one + (one >= other) * other


def where(condition: Any, then: Any, otherwise: Any) -> Live:
    """IF on single cells; only the branch that holds has to have a value."""
    chosen = then if live(condition).value else otherwise
    return _called("IF", live(chosen).value, condition, then, otherwise)


def either(*conditions: Any) -> Live:
    """OR."""
    return _called("OR", any(live(one).value for one in conditions), *conditions)


def both(*conditions: Any) -> Live:
    """AND."""
    return _called("AND", all(live(one).value for one in conditions), *conditions)


def blank(cell: Live) -> Live:
    """Whether a cell is empty."""
    empty = cell.value == "" or cell.value != cell.value  # an empty number has no value: nan
    return Live(bool(empty), (*cell.parts, '=""'), COMPARED)


def exponential(cell: Any) -> Live:
    """EXP, of a cell or along a range inside SUMPRODUCT."""
    return _called("EXP", _plain(np.exp(live(cell).value)), cell)


def logarithm(cell: Any) -> Live:
    """LN."""
    return _called("LN", _plain(np.log(live(cell).value)), cell)


def absolute(cell: Any) -> Live:
    """ABS, of a cell or along a range inside SUMPRODUCT."""
    return _called("ABS", _plain(np.abs(live(cell).value)), cell)


def rounded(cell: Any, digits: Any = 0) -> Live:
    """ROUND, half away from zero as a spreadsheet rounds; below zero digits, to tens and so on.

    >>> [rounded(live(1254.5), digits).value for digits in (0, -1, -2)]
    [1255.0, 1250.0, 1300.0]
    """
    value, places = live(cell).value, int(live(digits).value)
    if places >= 0:
        found = math.floor(abs(value) * 10.0**places + 0.5) / 10.0**places
    else:
        found = math.floor(abs(value) / 10.0**-places + 0.5) * 10.0**-places
    return _called("ROUND", math.copysign(found, value), cell, digits)


def _plain(value: Any) -> Any:
    return value if np.shape(value) else float(value)


def picked(cells: Live, place: Any) -> Live:
    """INDEX: the cell of a row or a column at a place, counted from 1."""
    values, at = np.ravel(cells.value), int(live(place).value)
    found = float(values[at - 1]) if 1 <= at <= len(values) else math.nan
    return _called("INDEX", found, cells, place)


def said(*parts: Any) -> Live:
    """Text and numbers joined to a sentence with &; a number is shown as a cell would show it.

    >>> found = said("costs $", live(1.5) * 2, " a month")
    >>> found.value, found.text("")
    ('costs $3 a month', '"costs $"&1.5*2&" a month"')
    """
    written: tuple[Part, ...] = ()
    for part in parts:
        written += (*(("&",) if written else ()), *live(part)._bound(SUMMED))
    shown = (live(part).value for part in parts)
    value = "".join(one if isinstance(one, str) else f"{one:.15g}" for one in shown)
    # & binds more tightly than a comparison only.
    return Live(value, written, COMPARED)


def money(amount: Any) -> Live:
    """A number of dollars and cents as text, without its sign.

    >>> [money(live(one)).value for one in (-0.5, 12, 3.456)]
    ['$0.50', '$12.00', '$3.46']
    """
    size = rounded(absolute(amount), 2)
    ending = where(size.same(rounded(size)), ".00", where(size.same(rounded(size, 1)), "0", ""))
    return said("$", size, ending)


def plural(count: Any, one: str, more: str) -> Live:
    """A count with its noun.

    >>> plural(live(2), "input was", "inputs were").value
    '2 inputs were'
    """
    return said(count, " ", where(live(count).same(1), one, more))


def differing(marks: Live, now: Live, then: Live) -> Live:
    """How many cells of a column differ from those of another, in the rows that are marked.

    An empty cell is not 0. The columns' values are lists, a missing cell None.
    """
    told = zip(marks.value, now.value, then.value, strict=True)
    count = sum(mark is not None and not _alike(one, other) for mark, one, other in told)
    emptied = _bare(now, '=""', "<>", then, '=""')
    parts = ("SUMPRODUCT((", *marks.parts, '<>"")*((', *now.parts, "<>", *then.parts, ")+(",
             *emptied, ")>0))")  # fmt: skip
    return Live(float(count), parts)


def _bare(one: Live, ending: str, sign: str, other: Live, last: str) -> tuple[Part, ...]:
    return ("(", *one.parts, ending, ")", sign, "(", *other.parts, last, ")")


def _alike(one: Any, other: Any) -> bool:
    empty, none = (value is None or value != value for value in (one, other))
    return bool(empty and none) or one == other


def summed(cells: Iterable[Any]) -> Live:
    """Cells added one by one, for a few that do not lie together.

    >>> summed([live(1), live(2)]).text("")
    '1+2'
    """
    first, *rest = cells
    found = live(first)
    for one in rest:
        found = found + one
    return found
