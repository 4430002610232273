"""What may be typed into an input: shown, counted and coloured; and how its unit is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from xlsxwriter.utility import xl_col_to_name

from calculator.report.workbook.book import ENGINE, LOOKS, Sheet
from calculator.report.workbook.cells import SUMMED, Live, Ref, differing, either, where

# Columns of the sheet Inputs: the value, and beside the headings that are read what is counted when
# an input is changed in the file.
VALUE = 1
LIMITS = ("Lowest", "Highest", "May be empty", "Not in its list", "As written")
LOWEST, HIGHEST, OPTIONAL, UNLISTED, WRITTEN = range(7, 7 + len(LIMITS))
OUTSIDE, CHANGED = "inputs_outside", "inputs_changed"
THOUSAND = 1000  # dollars from which cents are left out
LEAST_SHARE = 1e-4  # of which a hundredth of a per cent still shows something
# A value that is none is an empty cell.
EMPTY = float("nan")


class Limited(Protocol):
    """What is known of an input's limits: inputs.Row."""

    label: str
    allowed: str
    number: str
    bounds: tuple[float, float] | None
    choices: tuple[str, ...] | None
    optional: bool


@dataclass(frozen=True)
class Counts:
    """How many inputs are outside their limits, and how many were changed in the file."""

    outside: Live
    changed: Live


def counted(sheet: Sheet, first: int, last: int) -> Counts:
    """The two counts over all rows, named, and the colours that follow them."""

    def column(at: int) -> Live:
        cells = [sheet.cells.get((row, at), (None,))[0] for row in range(first, last + 1)]
        told = [one.value if isinstance(one, Live) else one for one in cells]
        return Live(
            [None if one is None or one != one or one == "" else one for one in told],
            (Ref(sheet.name, (first, at), (last, at)),),
        )

    value, low, high, optional, listed, written = map(
        column, (VALUE, LOWEST, HIGHEST, OPTIONAL, UNLISTED, WRITTEN)
    )
    unlisted = Live(float(sum(one or 0.0 for one in listed.value)), ("SUM(", *listed.parts, ")"))
    outside = _outside(value, low, high, optional) + unlisted
    counts = []
    for row, name, label, count in (
        (2, OUTSIDE, "Inputs outside their limits or not in their list", outside),
        (3, CHANGED, "Inputs changed since this file was written",
         differing(optional, value, written)),
    ):  # fmt: skip
        sheet.put(row, 0, label)
        cell = sheet.put(row, VALUE, count, "people")
        sheet.book.name(name, cell)
        counts.append(cell)
    sheet.finish.append(lambda workbook, target: _coloured(workbook, target, first, last))
    return Counts(*counts)


def limited(sheet: Sheet, line: int, row: Limited, cell: Live, content: Any) -> None:
    """What may be typed into an input: as cells, which are counted, and as data validation."""
    empty = row.optional and "none" not in (row.choices or ())
    sheet.put(line, OPTIONAL, "yes" if empty else "no", look=ENGINE)
    sheet.put(line, WRITTEN, EMPTY if content is None else content, row.number, ENGINE)
    rule: dict[str, Any]
    if row.choices:
        known = [cell.same(one) for one in row.choices]
        # An empty cell equals no word.
        wrong = where(either(*known) if len(known) > 1 else known[0], 0, 1)
        if empty:
            wrong = where(cell.same(""), 0, wrong)
            wrong.value = 0.0 if content is None or content == "" else wrong.value
        sheet.put(line, UNLISTED, wrong)
        rule = {"validate": "list", "source": list(row.choices)}
    elif row.bounds:
        low, high = row.bounds
        sheet.put(line, LOWEST, low, row.number, ENGINE)
        sheet.put(line, HIGHEST, high, row.number, ENGINE)
        rule = {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high}
    else:
        return
    rule |= {"error_title": row.label[:32], "error_message": row.allowed[:255]}
    sheet.finish.append(lambda _, target: target.data_validation(line, VALUE, line, VALUE, rule))


def _outside(value: Live, low: Live, high: Live, optional: Live) -> Live:
    """How many numbers of a column are below or above their limits, or missing where they may not.

    A text is above every number, as a spreadsheet compares them.
    """
    count = 0
    for one, least, most, empty in zip(
        value.value, low.value, high.value, optional.value, strict=True
    ):
        if empty is None or least is None:
            continue
        count += empty == "no" if one is None else not least <= one <= most
    b, h, i, j = (one.parts for one in (value, low, high, optional))
    wrong = ("SUMPRODUCT((", *h, '<>"")*(', *b, '<>"")*(((', *b, "<", *h, ")+(", *b, ">", *i,
             ")+(", *i, '=""))>0))')  # fmt: skip
    missing_too = ("+SUMPRODUCT((", *j, '="no")*(', *h, '<>"")*(', *b, '=""))')
    return Live(float(count), (*wrong, *missing_too), SUMMED)


def _coloured(workbook: Any, target: Any, first: int, last: int) -> None:
    """Red where an input is outside its limits, orange where it was changed in the file."""
    b, h, i, j, k, w = (
        f"${xl_col_to_name(column)}{first + 1}"
        for column in (VALUE, LOWEST, HIGHEST, OPTIONAL, UNLISTED, WRITTEN)
    )
    outside = f'=OR(AND({h}<>"",{b}<>"",OR({b}<{h},{b}>{i})),AND({j}="no",{b}=""),{k}=1)'
    changed = f'=AND({j}<>"",OR({b}<>{w},({b}="")<>({w}="")))'
    for rule, look in ((outside, "outside"), (changed, "changed")):
        form = {key: one for key, one in LOOKS[look].items() if key != "border"}
        target.conditional_format(
            first, VALUE, last, VALUE,
            {"type": "formula", "criteria": rule, "format": workbook.add_format(form)},
        )  # fmt: skip


def number_of(unit: str) -> str:
    """How a number of a unit is shown."""
    if unit.startswith("share"):
        return "share"
    if unit in ("people", "member-months"):
        return "people"
    return "amount" if unit.startswith("USD") else ""


def shown_as(number: str, value: Any) -> str:
    """The same for a value that has more digits than that: none is hidden.

    >>> shown_as("share", 0.125), shown_as("share", 0.0125), shown_as("amount", 0.0375)
    ('share', 'thousandth', '')
    """
    if not isinstance(value, float) or value != value:
        return number
    digits = {"share": 3, "amount": 2}.get(number)
    if digits is None or math.isclose(round(value, digits), value, abs_tol=1e-12):
        return number
    fine = number == "share" and math.isclose(round(value, 4), value, abs_tol=1e-12)
    return "thousandth" if fine else ""


def in_unit(unit: str, value: float) -> tuple[str, float]:
    """How a figure beside the inputs is shown, with its sign of a dollar, and its six digits."""
    known, shown = number_of(unit), float(f"{value:.6g}")
    number = shown_as(known, shown)
    if known == "amount":
        whole = shown.is_integer() and abs(shown) >= THOUSAND
        cents = number == "amount" or abs(shown) >= 1
        number = "usd" if whole else "cents" if cents else "fine"
    if known == "share" and not number and abs(shown) >= LEAST_SHARE:
        number = "thousandth"
    return number, shown
