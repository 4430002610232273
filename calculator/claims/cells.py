"""One cell of a claims file as a value: ibis expressions that mean the same on every engine.

Each reader returns the value (null where there is none) and, first problem first, the conditions
under which the row is refused, with the reason in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

# Money is a whole number of ten-thousandths of a dollar.
UNIT = 10_000
LARGEST = 10_000_000  # USD; above it sums of a year could leave 64 bits
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")

Problems = list[tuple[Any, str]]


@ibis.udf.scalar.builtin(name="trim")  # type: ignore[untyped-decorator]
def _trimmed(text: str) -> str: ...  # type: ignore[empty-body]


def text(column: Any) -> Any:
    """A cell as text without the blanks around it; empty is null."""
    # ibis's own strip() also takes the letters v and f off on Spark.
    return _trimmed(column.cast("string")).nullif("")


def money(column: Any, name: str) -> tuple[Any, Problems]:
    """USD as a whole number of ten-thousandths."""
    kind = column.type()
    if kind.is_decimal() and kind.scale is not None and kind.scale <= 4 and kind.precision <= 15:
        # Never too fine and never unreadable, and exact in a double.
        fits = column.abs() <= LARGEST
        units = (ibis.ifelse(fits, column, ibis.null(kind)).cast("float64") * UNIT).round()
        return units.cast("int64"), [(~fits, f"{name} above 10 million dollars")]
    given = text(column) if column.type().is_string() else column
    number = given.try_cast("float64") if column.type().is_string() else given.cast("float64")
    finite = number.abs() <= LARGEST
    inside = ibis.ifelse(finite, number, ibis.null("float64"))
    units = (inside * UNIT).round().cast("int64")
    return units, [
        (given.notnull() & (number.isnull() | number.isnan()), f"unreadable {name}"),
        (given.notnull() & ~finite, f"{name} above 10 million dollars"),
        ((inside * UNIT - units).abs() > 0.001, f"{name} with more than four decimals"),
    ]


def whole(column: Any, name: str) -> tuple[Any, Problems]:
    """A whole number."""
    if column.type().is_integer():
        return column.cast("int64"), []
    given = text(column)
    number = given.try_cast("float64")
    usable = (number.abs() < 2**53) & (number == number.floor())
    value = ibis.ifelse(usable, number, ibis.null("float64")).cast("int64")
    return value, [(given.notnull() & value.isnull(), f"unreadable {name}")]


def date(column: Any, forms: Sequence[str], name: str) -> tuple[Any, Problems]:
    """A day, in one of the forms iso, day_month_name, compact, us."""
    if column.type().is_date():
        return column, [(column.isnull(), f"no {name}")]
    if column.type().is_timestamp():
        return column.date(), [(column.isnull(), f"no {name}")]
    given = text(column)
    length = given.length()

    def part(start: int, count: int) -> Any:
        return given.substr(start, count)

    def joined(year: Any, month: Any, day: Any) -> Any:
        return year + "-" + month + "-" + day

    branches = []
    if "iso" in forms:
        alone = (length == 10) | ((length > 10) & part(10, 1).isin([" ", "T"]))
        dashed = (part(4, 1) == "-") & (part(7, 1) == "-")
        branches.append((alone & dashed, part(0, 10)))
    if "day_month_name" in forms:
        name_of_month = part(3, 3).upper()
        month = ibis.cases(
            *((name_of_month == word, f"{index:02d}") for index, word in enumerate(MONTHS, 1)),
            else_=ibis.null("string"),
        )
        branches.append(
            ((length == 11) & (part(2, 1) == "-"), joined(part(7, 4), month, part(0, 2)))
        )
    if "compact" in forms:
        branches.append((length == 8, joined(part(0, 4), part(4, 2), part(6, 2))))
    if "us" in forms:
        slashed = (length == 10) & (part(2, 1) == "/")
        branches.append((slashed, joined(part(6, 4), part(0, 2), part(3, 2))))
    day = ibis.cases(*branches, else_=ibis.null("string")).try_cast("date")
    return day, [
        (given.isnull(), f"no {name}"),
        (day.isnull(), f"unreadable {name}"),
    ]


def word(column: Any, allowed: Sequence[str], name: str, empty: str | None) -> tuple[Any, Problems]:
    """One of a list of words, in any case; an empty cell is `empty` (None: refused)."""
    given = text(column).lower()
    if column.type().is_string():
        # Nearly every cell is one of the words as it stands.
        given = ibis.ifelse(column.isin(list(allowed)), column, given)
    unknown = given.notnull() & given.notin(list(allowed))
    if empty is not None:
        return given.fill_null(empty), [(unknown, f"unknown {name}")]
    return given, [(given.isnull(), f"no {name}"), (unknown, f"unknown {name}")]


def yes_or_no(column: Any, name: str) -> tuple[Any, Problems]:
    """true or false, null where empty."""
    if column.type().is_boolean():
        return column, []
    given = text(column).lower()
    value = ibis.cases(
        (given.isin(TRUE), True), (given.isin(FALSE), False), else_=ibis.null("boolean")
    )
    return value, [(given.notnull() & value.isnull(), f"unknown {name}")]
