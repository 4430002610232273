"""The workbook of a book's results: values, labelled as such, and whole or not there."""

import openpyxl
import pytest
from openxml_audit import OpenXmlValidator

from calculator.analysis.portfolio import run
from calculator.analysis.portfolio_table import read_book
from calculator.assumptions import plans_file
from calculator.errors import InputError
from calculator.report import portfolio as report
from calculator.report.portfolio_workbook import write

SHEETS = ["Summary", "Plans", "By year", "Inputs", "About"]


@pytest.fixture(scope="module")
def results():
    book = read_book(plans_file())
    return book, run(book, "workbook")


@pytest.fixture(scope="module")
def path(results, tmp_path_factory):
    book, found = results
    place = tmp_path_factory.mktemp("results") / "results.xlsx"
    write(found, book, place)
    return place


@pytest.fixture(scope="module")
def workbook(path):
    return openpyxl.load_workbook(path)


def table(sheet, first):
    """The rows below the heading whose first cell is `first`, as mappings; empty lines left out."""
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    at = next(n for n, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[at], row, strict=True)) for row in rows[at + 1 :] if any(row)]


def test_every_plan_stands_there_in_full(workbook, results):
    _, found = results
    assert workbook.sheetnames == SHEETS
    rows = table(workbook["Plans"], "Rank")
    assert len(rows) == len(found.plans)
    running = {"part_d": 0.0, "medicaid": 0.0}
    for row, plan in zip(rows, found.plans, strict=True):
        running[plan.program] += plan.value.total
        assert row["Plan"] == plan.name
        assert row["Rank"] == plan.rank
        assert row["Joins if each may choose"] == ("yes" if plan.joins else "no")
        assert row["Value, USD"] == pytest.approx(plan.value.total, rel=1e-12)
        assert row["Value, USD PMPM"] == pytest.approx(plan.value.pmpm, rel=1e-12)
        assert row["Running total, USD"] == pytest.approx(running[plan.program], rel=1e-9)
        by_period = {
            head.removesuffix(", USD"): cell
            for head, cell in row.items()
            if head and head[:2] == "20" and cell is not None
        }
        assert by_period == pytest.approx(plan.value.by_period, rel=1e-12)


def test_sums_by_year_are_those_of_the_plans(workbook, results):
    _, found = results
    rows = [list(row) for row in workbook["By year"].iter_rows(values_only=True)]
    totals = [row for row in rows if row[0] == "Total"]
    for program, row in zip(found.programs.values(), totals, strict=True):
        assert row[1] == pytest.approx(program.chosen.total, rel=1e-12)
        assert row[2] == pytest.approx(program.all_in.total, rel=1e-12)
        assert row[3] - row[4] == pytest.approx(program.all_in.total, rel=1e-6)


def test_inputs_are_the_book_as_read(workbook, results):
    book, _ = results
    rows = table(workbook["Inputs"], "name")
    for row, entry in zip(rows, book.entries, strict=True):
        assert (row["name"], row["scenario"]) == (entry.name, entry.scenario)
        given = {path: row[path] for path in book.columns if row[path] is not None}
        assert given == entry.settings


def test_it_says_what_it_is_on_every_sheet(workbook, results):
    _, found = results
    for sheet in workbook:
        texts = [cell.value for row in sheet.iter_rows() for cell in row if cell.value]
        assert any(found.fingerprint in str(text) for text in texts), sheet.title
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    summary = [row[0] for row in workbook["Summary"].iter_rows(values_only=True)]
    assert {*report.sentences(found)} <= {*summary}


def test_it_prints_and_scrolls(workbook, results):
    _, found = results
    for sheet in workbook:
        assert sheet.print_area
        assert sheet.page_setup.orientation == "landscape"
    for name in ("Plans", "By year", "Inputs"):
        assert workbook[name].freeze_panes
        assert workbook[name].print_title_rows
    assert workbook["Plans"].auto_filter.ref
    assert len(workbook["Summary"]._charts) == 2 * len(found.programs)
    value = next(cell for cell in workbook["Plans"][6] if isinstance(cell.value, float))
    assert "$" in value.number_format


def test_it_is_a_valid_file(path):
    assert OpenXmlValidator().validate(path).is_valid


def test_it_is_whole_or_not_there(results, tmp_path, monkeypatch):
    book, found = results
    with pytest.raises(InputError, match="ends in"):
        write(found, book, tmp_path / "results.pdf")
    with pytest.raises(InputError, match="folder that exists"):
        write(found, book, tmp_path / "no" / "results.xlsx")
    target = tmp_path / "results.xlsx"
    target.write_text("before", encoding="utf-8")

    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr("xlsxwriter.Workbook.close", broken)
    with pytest.raises(RuntimeError):
        write(found, book, target)
    assert target.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [target]
