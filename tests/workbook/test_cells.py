"""A formula's text and its value say the same, and it is written as a spreadsheet reads it."""

import datetime as dt
import math
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.errors import InputError
from calculator.report.words import dollars
from calculator.report.workbook.book import Book, serial
from calculator.report.workbook.cells import (
    Live,
    absolute,
    blank,
    both,
    clipped,
    either,
    exponential,
    largest,
    lesser,
    live,
    logarithm,
    money,
    picked,
    rounded,
    said,
    smallest,
    summed,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.summary import amount_words
from tests.workbook.recalculated import recalculated

A, B, C = live(2), live(3), live(4)


@pytest.mark.parametrize(
    ("cell", "text", "value"),
    [
        (A + B * C, "2+3*4", 14),
        ((A + B) * C, "(2+3)*4", 20),
        (A - (B - C), "2-(3-4)", 3),
        (A - B - C, "2-3-4", -5),
        (A / (B / C), "2/(3/4)", 8 / 3),
        (A / B / C, "2/3/4", 2 / 12),
        (A / (B * C), "2/(3*4)", 2 / 12),
        ((A**B) ** C, "(2^3)^4", 4096),
        (A ** (B**C), "2^(3^4)", 2.0**81),
        # A spreadsheet's minus binds before its power.
        ((-A) ** B, "(-2)^3", -8),
        (-(A**B), "-(2^3)", -8),
        (A - -B, "2--3", 5),
        (A * -B, "2*-3", -6),
        (1 - A, "1-2", -1),
        (1 / A, "1/2", 0.5),
        ((A < B) * C, "(2<3)*4", 4),
        ((A + B).same(5), "2+3=5", True),
        (where(A > B, A, B), "IF(2>3,2,3)", 3),
        (both(A < B, B < C), "AND(2<3,3<4)", True),
        (either(A > B, B > C), "OR(2>3,3>4)", False),
        (smallest(A, B + C), "MIN(2,3+4)", 2),
        (largest(A, B + C), "MAX(2,3+4)", 7),
        (clipped(C, A, B), "MIN(MAX(4,2),3)", 3),
        (absolute(A - C), "ABS(2-4)", 2),
        (exponential(live(0)), "EXP(0)", 1),
        (logarithm(live(1)), "LN(1)", 0),
        (rounded(live(2.5)), "ROUND(2.5,0)", 3),
        (rounded(live(-2.5)), "ROUND(-2.5,0)", -3),
        (total(A, B), "SUM(2,3)", 5),
        (summed([A, B, C]), "2+3+4", 9),
        (live('say "so"'), '"say ""so"""', 'say "so"'),
        (live(True), "TRUE", True),
        (said("a", A + B, "b"), '"a"&2+3&"b"', "a5b"),
    ],
)
def test_a_formula_and_its_value(cell: Live, text: str, value: object) -> None:
    assert cell.text("Any") == text
    assert cell.value == pytest.approx(value) if isinstance(value, float) else cell.value == value


def test_only_the_branch_that_holds_needs_a_value() -> None:
    nothing = live(0)
    assert where(nothing > 0, 1 / nothing, 7).value == 7
    assert math.isnan(Live(float("nan"), ("X",)).value)
    assert blank(Live(float("nan"), ("X",))).value is True
    assert blank(Live(0.0, ("X",))).value is False


def test_a_constant_that_is_no_number_is_refused() -> None:
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not a number"):
            live(wrong)
    with pytest.raises(TypeError):
        live(None)


def test_min_and_max_take_no_ranges() -> None:
    sheet = Book().sheet("One")
    row = sheet.across(0, 0, [1.0, 2.0, 3.0])
    with pytest.raises(TypeError):
        smallest(row, 2)


def test_parts_of_a_range() -> None:
    sheet = Book().sheet("One")
    for row in range(3):
        sheet.across(row, 1, [float(10 * row + column) for column in range(4)])
    block = sheet.range(0, 1, 3, 4)
    assert block[1, 2].text("One") == "$D$2"
    assert block[1, 2].value == 12.0
    assert block[:, 1].text("Two") == "'One'!$C$1:$C$3"
    assert block[2, 1:3].value.tolist() == [[21.0, 22.0]]
    assert [cell.value for cell in block[:, 0]] == [0.0, 10.0, 20.0]
    assert block[-1, -1].value == 23.0
    for wrong in ((3, 0), (0, 4), (slice(2, 2), 0)):
        with pytest.raises(IndexError):
            block[wrong]


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), st.floats(-1e6, 1e6))
def test_the_smaller_along_a_range(values: list[float], limit: float) -> None:
    row = Book().sheet("One").across(0, 0, values)
    assert sumproduct(lesser(row, limit)).value == pytest.approx(
        float(np.minimum(values, limit).sum())
    )


def test_a_book_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    book = Book()
    sheet = book.sheet("One")
    cell = sheet.put(0, 0, 2.0)
    sheet.put(1, 0, 1 / (cell - 2))
    path = tmp_path / "book.xlsx"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="row 2 has no value"):
        book.write(path)
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_cell_or_a_name_is_given_once() -> None:
    book = Book()
    sheet = book.sheet("One")
    cell = sheet.put(0, 0, 1.0)
    with pytest.raises(ValueError, match="written twice"):
        sheet.put(0, 0, 2.0)
    book.name("in_one", cell)
    with pytest.raises(ValueError, match="given twice"):
        book.name("in_one", cell)


def test_only_a_workbook_s_name(tmp_path: Path) -> None:
    book = Book()
    book.sheet("One").put(0, 0, 1.0)
    with pytest.raises(InputError):
        book.write(tmp_path / "book.xls")


def test_libreoffice_calculates_every_operation_alike(tmp_path: Path, needs: object) -> None:
    assert callable(needs)
    soffice = needs("libreoffice")
    book = Book()
    sheet = book.sheet("One")
    numbers = sheet.down(0, 0, [0.5, -3.0, 12.0, 700.0])
    across = sheet.across(5, 0, [1.0, 2.0, 3.0])
    a, b, c, d = numbers
    day = sheet.put(7, 0, serial(dt.date(2028, 2, 29)), "date")
    found = [
        a + b * c,
        (a + b) * c,
        a - (b - c),
        d / (c / a),
        (-a) ** 2,
        -(a**2),
        a**c,
        where(b < 0, c, d),
        sumproduct(lesser(numbers, 5)),
        sumproduct(lesser(numbers, 5), numbers),
        sumproduct(numbers * across),
        sumproduct((1 + a) ** (-(across + 0.5) / 12)),
        sumproduct((numbers > 0) * (numbers - 1)),
        total(numbers, across),
        rounded(live(2.5) * 1),
        rounded(b / 7, 3),
        exponential(a),
        logarithm(c),
        picked(across, 2),
        clipped(d, a, c),
        day + 1,
        where(both(a < c, either(b > 0, d > 0)), 1, 0),
        said("costs ", money(b), " or ", money(c), " or ", money(a * 5)),
    ]
    for place, cell in enumerate(found):
        book.name(f"out_{place}", sheet.put(10 + place, 0, cell))
    path = tmp_path / "book.xlsx"
    book.write(path)
    values = recalculated(path, tmp_path / "work", soffice)
    for place, cell in enumerate(found):
        wanted = cell.value
        near = wanted if isinstance(wanted, str) else pytest.approx(wanted, rel=1e-12)
        assert values[f"out_{place}"] == near, cell.text("One")
    assert values["out_22"] == "costs $3.00 or $12.00 or $2.50"


def test_text_stays_text_and_a_number_a_number(tmp_path: Path) -> None:
    book = Book()
    sheet = book.sheet("One")
    texts = ("=1+1", "+1", "-1", "@a", "12", "http://a.b", "{=1}")
    sheet.down(0, 0, list(texts))
    path = tmp_path / "book.xlsx"
    book.write(path)
    back = openpyxl.load_workbook(path)["One"]
    for place, text in enumerate(texts, start=1):
        cell = back.cell(row=place, column=1)
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


@pytest.mark.parametrize(
    "amount",
    [0.0, 0.5, 12.345, 99.994, 100.4, 999.4, 1000.0, 1009.0, 2940.0, 69_449.0, 100_049.0, 982_415.2,
     999_400.0, 1.0e6, 1_111_061.0, 2.0e6, 9_870_000.0, 38_455_920.7, 120_400_000.0, 2.05e9],
)  # fmt: skip
def test_an_amount_is_said_as_the_engine_says_it(amount: float) -> None:
    for sign in (1.0, -1.0):
        sheet = Book().sheet("Summary")
        said = amount_words(sheet, 0, {"one": live(sign * amount)})["one"]
        assert said.value == dollars(amount)
        assert sheet.cells[11, 1][0].value == dollars(sign * amount)
