"""Whatever is wrong with a workbook is one line that names the cell; nothing is half read."""

import contextlib
import re
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName

from calculator import cli, load_scenario
from calculator.errors import InputError
from calculator.report.template import write
from calculator.workbook_input import Cell, Filled, read_cells
from calculator.workbook_input import settings as cell_settings
from tests.workbook.written import cell, edited, exported


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "template.xlsx"
    write(path)
    return path


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "live.xlsx"
    return exported(load_scenario("state_covering"), path)


def refused(path):
    """The sentence with which a workbook is refused."""
    with pytest.raises(InputError) as error:
        load_scenario(path)
    said = str(error.value)
    assert "\n" not in said
    return said


def place(path, name):
    """Where a named cell is, as Inputs!B7."""
    at = cell(openpyxl.load_workbook(path), name)
    return f"{at.parent.title}!{at.coordinate}"


CELLS = {
    "text in a number": ("in_plan_members", "many", "a number from 1", "many (text)"),
    "a number as text": ("in_plan_members", "40000", "a number from 1", "40000 (text)"),
    "spaces in a number": ("in_plan_members", "  ", "a number from 1", "spaces (text)"),
    "yes in a number": ("in_plan_members", True, "a number from 1", "True (no number)"),
    "too small": ("in_plan_members", 0, "a number from 1", "0"),
    "too large": ("in_plan_lis_share", 15, "a number from 0 to 1", "15"),
    "a formula": ("in_plan_members", "=4+5", "a value, not a formula", "=4+5"),
    "an error": ("in_plan_members", "#DIV/0!", "a value", "#DIV/0!"),
    "a word that is none": ("in_therapy_curve", "sweden", "denmark", "sweden"),
    "a number for a word": ("in_therapy_curve", 5, "denmark", "5"),
    "a flag that is none": ("in_selection_include", "maybe", "yes or no", "maybe"),
    "a number for a flag": ("in_selection_include", 7, "yes or no", "7"),
    "a date that is none": ("in_horizon_start", "soon", "a date", "soon"),
    "half a day": ("in_horizon_start", 47_119.5, "a date", "2029-01-01 12:00:00"),
    "not the first of a year": ("in_horizon_start", 47_200, "1 January", "2029"),
    "a package that is none": ("in_terms_package", "generous", "announced_2025_12", "generous"),
    "none where there must be one": ("in_plan_members", "none", "a number from 1", "none"),
    "a list that is none": ("in_therapy_persistence_points", "[1", "named fields", "[1"),
    "no scenario": ("start_from", None, "one of", "nothing"),
    "an unknown scenario": ("start_from", "nowhere", "one of", "nowhere"),
    "a scenario by formula": ("start_from", '="mapd"', "a value, not a formula", "mapd"),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_wrong_cell_is_named(case, template, tmp_path):
    name, value, allowed, given_ = CELLS[case]
    path = edited(template, tmp_path / "wrong.xlsx", {name: value})
    said = refused(path)
    assert said.startswith(place(template, name)), said
    assert re.escape(allowed) in re.escape(said.partition("; given was ")[0]), said
    assert given_ in said.partition("; given was ")[2], said


def merged(book):
    row = cell(book, "in_plan_members").row
    book["Inputs"].merge_cells(f"B{row}:C{row}")


def hidden_row(book):
    book["Inputs"].row_dimensions[cell(book, "in_plan_members").row].hidden = True


def hidden_column(book):
    book["Inputs"].column_dimensions["B"].hidden = True


def hidden_sheet(book):
    book["Inputs"].sheet_state = "hidden"


def very_hidden_sheet(book):
    book["Assumptions"].sheet_state = "veryHidden"


def renamed_sheet(book):
    book["Inputs"].title = "My inputs"


def missing_sheet(book):
    del book["Assumptions"]


def missing_name(book):
    del book.defined_names["in_plan_members"]


def renamed_name(book):
    told = book.defined_names.pop("in_plan_members").attr_text
    book.defined_names["in_plan_membrs"] = DefinedName("in_plan_membrs", attr_text=told)


def swapped_names(book):
    one, other = (book.defined_names[name] for name in ("in_plan_members", "in_plan_lis_share"))
    one.attr_text, other.attr_text = other.attr_text, one.attr_text


def name_of_nothing(book):
    book.defined_names["in_plan_members"].attr_text = "#REF!"


def name_of_a_number(book):
    book.defined_names["in_plan_members"].attr_text = "40000"


def name_of_a_range(book):
    book.defined_names["in_plan_members"].attr_text = "Inputs!$B$7:$B$9"


def name_elsewhere(book):
    book.defined_names["in_plan_members"].attr_text = "About!$B$3"


def name_in_another_column(book):
    row = cell(book, "in_plan_members").row
    book.defined_names["in_plan_members"].attr_text = f"Inputs!$C${row}"


def no_start(book):
    del book.defined_names["start_from"]


SHAPES = {
    merged: ("Inputs!B", "a cell of its own", "merged in B"),
    hidden_row: ("Inputs!B", "a row in sight", "a hidden one"),
    hidden_column: ("Inputs!B", "a column in sight", "a hidden one"),
    hidden_sheet: ("sheet Inputs", "a sheet in sight", "a hidden one"),
    very_hidden_sheet: ("sheet Assumptions", "a sheet in sight", "a veryHidden one"),
    renamed_sheet: ("workbook", "a sheet named Inputs", "My inputs"),
    missing_sheet: ("workbook", "a sheet named Assumptions", "Inputs, Defaults"),
    missing_name: ("Inputs!B", "a cell named in_plan_members", "one without a name"),
    renamed_name: ("Inputs!B", "the cell named in_plan_members", "in_plan_membrs"),
    swapped_names: ("Inputs!B", "the cell named in_plan_", "in_plan_"),
    name_of_nothing: ("in_plan_members", "one cell of the sheet Inputs", "#REF!"),
    name_of_a_number: ("in_plan_members", "one cell of the sheet Inputs", "40000"),
    name_of_a_range: ("in_plan_members", "one cell of the sheet Inputs", "$B$9"),
    name_elsewhere: ("in_plan_members", "one cell of the sheet Inputs", "About"),
    name_in_another_column: ("in_plan_members", "a cell of column B", "Inputs!C"),
    no_start: ("workbook", "balance template wrote", "without a cell named"),
}


@pytest.mark.parametrize("change", SHAPES, ids=lambda change: change.__name__)
def test_a_workbook_out_of_shape_is_said(change, template, tmp_path):
    field, allowed, given_ = SHAPES[change]
    said = refused(edited(template, tmp_path / "shape.xlsx", change))
    assert said.startswith(field), said
    assert allowed in said.partition("; given was ")[0], said
    assert given_ in said.partition("; given was ")[2], said


def test_inputs_that_do_not_go_together_are_said_at_their_cell(template, tmp_path):
    path = edited(template, tmp_path / "half.xlsx", {"in_own_coverage_copay": 20})
    said = refused(path)
    assert said.startswith("Inputs!B")
    assert "own_coverage" in said
    path = edited(template, tmp_path / "mix.xlsx", {"in_therapy_mix_wegovy": 0.7})
    assert "shares that sum to 1" in refused(path)


LIVE = {
    "text in a number": ("in_terms_guaranteed_net_price", "cheap", "a number from", "(text)"),
    "a formula": ("in_terms_guaranteed_net_price", "=200+5", "not a formula", "=200+5"),
    "nothing where there must be one": (
        "in_assumptions_coverage_capitation_load", None, "a number from", "nothing",
    ),
    "a mix above 1": ("in_therapy_mix_wegovy", 0.9, "sum to 1", "1.35"),
    "no share": ("in_therapy_mix_wegovy", None, "a share", "nothing"),
}  # fmt: skip


@pytest.mark.parametrize("case", LIVE)
def test_a_wrong_cell_of_a_live_workbook_is_named(case, live, tmp_path):
    name, value, allowed, given_ = LIVE[case]
    said = refused(edited(live, tmp_path / "wrong.xlsx", {name: value}))
    assert said.startswith(place(live, name)), said
    assert allowed in said
    assert given_ in said.partition("; given was ")[2], said


def test_the_scenario_in_a_live_workbook_must_be_one(live, tmp_path):
    def lines(book):
        ((sheet, area),) = book.defined_names["scenario_file"].destinations
        return [row[0] for row in book[sheet][area.replace("$", "")]]

    def emptied(book):
        for one in lines(book):
            one.value = None

    def formula(book):
        lines(book)[2].value = "=1+1"

    def nonsense(book):
        lines(book)[0].value = "name: [1"

    def wrong(book):
        for one in lines(book):
            if str(one.value).startswith("program"):
                one.value = "program: part_c"

    def elsewhere(book):
        book.defined_names["scenario_file"].attr_text = "Nowhere!$A$1:$A$9"

    for change, says in (
        (emptied, "scenario_file: allowed is the scenario as a file"),
        (formula, "(scenario_file): allowed is a line of the scenario; given was =1+1"),
        (nonsense, "scenario_file: allowed is the scenario as a file"),
        (wrong, "program: allowed is one of part_d, medicaid"),
        (elsewhere, "scenario_file: allowed is a column of cells"),
    ):
        assert says in refused(edited(live, tmp_path / "text.xlsx", change))


FILES = {
    "empty.xlsx": (b"", "a readable xlsx file"),
    "noise.xlsx": (b"PK\x03\x04 and no more", "a readable xlsx file"),
    "locked.xlsx": (bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600, "without a password"),
    "macros.xlsm": (b"PK", "a file ending in .yaml, .json or .xlsx"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_workbook_is_one_line(name, tmp_path, capsys):
    content, says = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["decide", str(path)])
    said = capsys.readouterr()
    assert (stopped.value.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert says in line
    assert name in line


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_bombs_macros_and_links_are_refused(template, tmp_path):
    parts = parts_of(template)
    path = tmp_path / "more.xlsx"
    bomb = {**parts, "xl/media/image1.png": b"\x00" * 120_000_000}
    assert "bytes unpacked" in refused(zipped(path, bomb))
    assert "without macros" in refused(zipped(path, {**parts, "xl/vbaProject.bin": b"x"}))
    link = {**parts, "xl/externalLinks/externalLink1.xml": b"<x/>"}
    assert "links to other files" in refused(zipped(path, link))


def test_a_merged_or_linked_range_of_a_whole_sheet_is_refused_before_it_is_read(template, tmp_path):
    parts = parts_of(template)
    name = "xl/worksheets/sheet1.xml"
    for tag in (
        '<mergeCells count="1"><mergeCell ref="H2000:XFD1048576"/></mergeCells>',
        '<hyperlinks><hyperlink display="x" ref="A1:XFD900000"/></hyperlinks>',
        "<mergeCells count='1'><mergeCell ref='A:XFD'/></mergeCells>",
    ):
        text = parts[name].decode().replace("</sheetData>", f"</sheetData>{tag}")
        path = zipped(tmp_path / "wide.xlsx", {**parts, name: text.encode()})
        assert "cells in merged and linked ranges" in refused(path)


def test_a_million_rows_are_refused(template, tmp_path):
    parts = parts_of(template)
    name = "xl/worksheets/sheet1.xml"
    text = parts[name].decode()
    end = text.index("</sheetData>")
    rows = "".join(f'<row r="{n}"><c r="H{n}"><v>1</v></c></row>' for n in range(1_000, 1_000_001))
    path = zipped(
        tmp_path / "rows.xlsx", {**parts, name: (text[:end] + rows + text[end:]).encode()}
    )
    assert "up to 3,000,000 XML tags; given was rows.xlsx" in refused(path)


FUZZ = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(data=st.data())
def test_a_damaged_workbook_is_a_scenario_or_one_line(data, template, tmp_path):
    """Bytes of any part changed, cut or doubled."""
    parts = parts_of(template)
    name = data.draw(st.sampled_from(sorted(parts)))
    content = bytearray(parts[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        kind = data.draw(st.sampled_from(["cut", "change", "double", "drop"]))
        if kind == "cut":
            del content[at:]
        elif kind == "change":
            content[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
        elif kind == "double":
            content[at:at] = content[at : at + 40]
        else:
            del content[at : at + 7]
    path = zipped(tmp_path / "damaged.xlsx", {**parts, name: bytes(content)})
    with contextlib.suppress(InputError):
        load_scenario(path)


ANYTHING = (
    st.none()
    | st.text(max_size=20)
    | st.integers(-(10**12), 10**12)
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
)


@FUZZ
@given(data=st.data())
def test_any_content_of_any_cell_is_a_scenario_or_one_line(data, template):
    filled = read_cells(template)
    names = data.draw(st.lists(st.sampled_from(sorted(filled.cells)), max_size=3))
    cells = {name: Cell(name, filled.cells[name].place, data.draw(ANYTHING)) for name in names}
    changed = Filled(filled.file, None, filled.start, {**filled.cells, **cells})
    base = load_scenario(filled.start)
    said = ""
    try:
        base.with_settings(cell_settings(changed, base))
    except InputError as error:
        said = str(changed.wrong(error))
    assert "\n" not in said


def test_a_cell_cannot_grow_without_limit(template, tmp_path):
    """References in a list: forty of them would stand for a trillion numbers."""
    levels = ",".join(f"&a{n} [*a{n - 1},*a{n - 1}]" for n in range(1, 41))
    path = edited(template, tmp_path / "grows.xlsx", {
        "in_therapy_persistence_points": f"[&a0 [1,1],{levels}]",
    })  # fmt: skip
    assert "therapy.persistence_points" in refused(path)
