"""What is wrong with a book is one line that names the row and the column; nothing is half done."""

import contextlib
import csv
import datetime as dt
import io
import json
import struct
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.analysis.portfolio_table import MOST_PLANS, read_book
from calculator.errors import InputError
from tests import commands
from tests.commands import ended, workbook, written

HEAD = "name,scenario,plan.members"


def refused(capsys, path, *options):
    """The one line of the command that refuses a book."""
    return commands.refused(capsys, "portfolio", path, "--resolution", "workbook", *options)


TABLES = {
    "an unknown column": ("name,scenario,plan.membrs\nA,mapd,5\n",
        "plans, row 1, plan.membrs", "plan.members", "plan.membrs"),
    "a column of no program here": ("name,scenario,state.abbr\nA,mapd,MN\n",
        "plans, row 1, state.abbr", "a known path", "state.abbr"),
    "a path of the other program": (
        "name,scenario,state.abbr\nA,mapd,MN\nB,state_covering,MN\n",
        "plans, row 2, state.abbr", "nothing: mapd (part_d) has no such path", "MN"),
    "a date the figure has not": (
        "name,scenario,assumptions.uptake.initiation.2050_01_01\nA,mapd,0.1\n",
        "plans, row 1, assumptions.uptake.initiation.2050_01_01", "one of the dates", "2050"),
    "text in a number": (f"{HEAD}\nA,mapd,many\n",
        "plans, row 2, plan.members", "a number from 1", "many"),
    "a decimal comma": (f'{HEAD},plan.lis_share\nA,mapd,5,"0,3"\n',
        "plans, row 2, plan.lis_share", "a number from 0 to 1", "0,3"),
    "a thousand in the wrong place": (f'{HEAD}\nA,mapd,"40,00"\n',
        "plans, row 2, plan.members", "a number", "40,00"),
    "nan": (f"{HEAD}\nA,mapd,nan\n", "plans, row 2, plan.members", "a number", "nan"),
    "infinity": (f"{HEAD}\nA,mapd,inf\n", "plans, row 2, plan.members", "a number", "inf"),
    "an underscore": (f"{HEAD}\nA,mapd,4_0\n", "plans, row 2, plan.members", "a number", "4_0"),
    "too large": (f"{HEAD}\nA,mapd,5\nB,mapd,1e12\n",
        "plans, row 3, plan.members", "to 100,000,000", "1e12"),
    "none where there must be one": (f"{HEAD}\nA,mapd,none\n",
        "plans, row 2, plan.members", "a number from 1", "none"),
    "a name twice": (f"{HEAD}\nA,mapd,5\nB,mapd,5\nA,mapd,6\n",
        "plans", "each name once", "A in rows 2 and 4"),
    "no name": (f"{HEAD}\n,mapd,5\n", "plans, row 2, name", "a text", "nothing"),
    "no scenario": (f"{HEAD}\nA,,5\n", "plans, row 2, scenario", "a text", "nothing"),
    "an unknown scenario": (f"{HEAD}\nA,mapd,5\nB,mapdd,5\n",
        "plans, row 3, scenario", "did you mean mapd?", "mapdd"),
    "a column missing": ("name,plan.members\nA,5\n", "plans", "the columns", "no scenario"),
    "a column twice": ("name,scenario,scenario\nA,mapd,mapd\n", "plans", "each column once",
        "scenario twice"),
    "a column without a name": ("name,scenario,\nA,mapd,5\n", "plans", "", "without a name"),
    "no rows": (f"{HEAD}\n\n,,\n", "plans", "at least one row", "none"),
    "nothing": ("", "plans", "a table with a heading", "table.csv, which is empty"),
    "a cell beyond": (f"{HEAD}\nA,mapd,5,6\n", "plans", "3 cells", "4 in row 2"),
    "a word that is none of them": (
        "name,scenario,therapy.curve\nA,mapd,\nB,mapd,sweden\n",
        "plans, row 3, therapy.curve", "denmark", "sweden"),
    "a terms package that is none": (
        "name,scenario,terms.package\nA,mapd,generous\n",
        "plans, row 2, terms.package", "announced_2025_12", "generous"),
    "a flag that is none": (
        "name,scenario,selection.include\nA,mapd,maybe\n",
        "plans, row 2, selection.include", "yes or no", "maybe"),
    "a date that is none": (
        "name,scenario,horizon.start\nA,mapd,2029-02-01\n",
        "plans, row 2, horizon.start", "1 January", "2029-02-01"),
    "a start after the end of the model": (
        "name,scenario,horizon.start\nA,mapd,2040-01-01\n",
        "plans, row 2, horizon.start", "up to 2031", "2040-01-01"),
    "a mix that does not sum to 1": (
        "name,scenario,therapy.mix.wegovy\nA,mapd,0.45\nB,mapd,0.5\n",
        "plans, row 3, therapy.mix", "sum to 1", "1.05"),
    "both a lever and one of its dates": (
        "name,scenario,terms.copay,terms.copay.2029_01_01\nA,mapd,40,50\n",
        "plans, row 1, terms.copay.2029_01_01", "terms.copay, or columns", "both"),
    "a state without a preset": (
        "name,scenario,state.abbr\nA,state_covering,MN\nB,state_covering,ZZ\n",
        "plans, row 3, state.abbr", "one of", "ZZ"),
    "a total below its groups, found among others": (
        "name,scenario,state.enrollment\n"
        + "".join(f"S{n},state_covering,{9e6 if n != 70 else 9e4:.0f}\n" for n in range(90)),
        "plans, row 72, state.enrollment", "at least", "90,000"),
    "half of a section": (
        "name,scenario,own_coverage.copay\nA,mapd,20\n",
        "plans, row 2, own_coverage", "a value", "nothing"),
    "a name that is too long": (f"{HEAD}\n{'A' * 201},mapd,5\n",
        "plans, row 2, name", "up to 200", "AAA"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_wrong_table_is_one_line(case, tmp_path, capsys):
    text, field, allowed, given_ = TABLES[case]
    target = tmp_path / "out.csv"
    line = refused(capsys, written(tmp_path, text), "--out", target)
    assert line.startswith(field), line
    about, _, rest = line.partition(": allowed is ")
    assert field in about
    assert allowed in rest.partition("; given was ")[0], line
    assert given_ in rest.partition("; given was ")[2], line
    assert not target.exists()


def test_a_sheet_names_the_cell(tmp_path, capsys):
    head = HEAD.split(",")
    good = ["A", "mapd", 5]
    line = refused(capsys, workbook(tmp_path, [head, good, ["B", "mapd", "many"]]))
    assert line.startswith("plans, row 3, plan.members (cell C3): ")
    # Text that looks like a number is text: whoever typed it may have meant another one.
    line = refused(capsys, workbook(tmp_path, [head, good, ["B", "mapd", "5"]]))
    assert line.endswith("given was 5 (text)")
    line = refused(capsys, workbook(tmp_path, [head, good, ["B", "mapd", True]]))
    assert "(cell C3)" in line
    line = refused(capsys, workbook(tmp_path, [head, good, ["B", "mapd", "=2+3"]]))
    assert line == "plans, row 3: allowed is a value, not a formula; given was =2+3 in cell C3"
    line = refused(capsys, workbook(tmp_path, [["name", "scenario", "plan.x"], good]))
    assert "(cell C1)" in line
    line = refused(capsys, workbook(tmp_path, [head, good, [None] * 3, ["C", "mapdd", 5]]))
    assert line.startswith("plans, row 4, scenario (cell B4): ")


def test_a_sheet_is_read_like_a_csv(tmp_path):
    head = ["name", "scenario", "plan.members", "horizon.start", "selection.include", "terms.copay"]
    rows = [["A", "mapd", 40000, dt.datetime(2029, 1, 1), True, 35.5], ["B", "egwp"]]
    text = ",".join(head) + '\nA,mapd,"40,000",2029-01-01,yes,35.5\nB,egwp,,,,\n'
    sheet = read_book(workbook(tmp_path, [head, *rows]))
    table = read_book(written(tmp_path, text))
    assert [entry.settings for entry in sheet.entries] == [e.settings for e in table.entries]
    assert sheet.entries[1].settings == {}


FILES = {
    "a folder": (None, "a file ending in .csv or .xlsx"),
    "plans.txt": (b"name,scenario\nA,mapd\n", "a file ending in .csv or .xlsx"),
    "plans.xlsm": (b"PK", "which may hold macros"),
    "plans.xls": (b"x", "the format before xlsx"),
    "plans.ods": (b"PK", "an OpenDocument sheet"),
    "empty.xlsx": (b"", "a readable xlsx file"),
    "noise.xlsx": (b"\x00\x01\x02", "a readable xlsx file"),
    "locked.xlsx": (bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600, "without a password"),
    "latin.csv": ("name,scenario\nSociété,mapd\n".encode("cp1252"), "not text in UTF-8"),
    "utf16.csv": ("name,scenario\nA,mapd\n".encode("utf-16"), "not text in UTF-8"),
    "quote.csv": (b'name,scenario\n"A,mapd\n', "a readable CSV file"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_is_one_line(name, tmp_path, capsys):
    content, says = FILES[name]
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    line = refused(capsys, path)
    assert line.startswith("plans: allowed is ")
    assert says in line


def test_a_file_that_is_not_there_and_targets_that_cannot_be(tmp_path, capsys):
    assert "that exists" in refused(capsys, tmp_path / "none.csv")
    path = written(tmp_path, f"{HEAD}\nA,mapd,5\n")
    assert "--out" in refused(capsys, path, "--out", tmp_path / "out.pdf")
    assert "folder that exists" in refused(capsys, path, "--out", tmp_path / "no" / "out.csv")
    assert "--out: allowed is another file" in refused(capsys, path, "--out", path)
    assert "resolution" in refused(capsys, path, "--resolution", "fine")


def zipped(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def good(tmp_path):
    return workbook(tmp_path, [HEAD.split(","), ["A", "mapd", 5]], "good.xlsx")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_workbook_cut_short_is_one_line(share, good, tmp_path, capsys):
    path = tmp_path / "cut.xlsx"
    content = good.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "a readable xlsx file; given was cut.xlsx" in refused(capsys, path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(good, tmp_path, capsys):
    path = tmp_path / "bomb.xlsx"
    zipped(path, {**parts_of(good), "xl/media/image1.png": b"\x00" * 120_000_000})
    assert path.stat().st_size < 1_000_000
    line = refused(capsys, path)
    assert "up to 100,000,000 bytes unpacked" in line
    assert "which grows to 120," in line


def test_a_zip_bomb_that_lies_about_its_size_is_refused_too(good, tmp_path, capsys):
    path = tmp_path / "lying.xlsx"
    zipped(path, {**parts_of(good), "xl/media/image1.png": b"\x00" * 120_000_000})
    told = struct.pack("<I", 120_000_000)
    content = path.read_bytes()
    assert content.count(told) >= 2
    path.write_bytes(content.replace(told, struct.pack("<I", 1_000)))
    assert "a readable xlsx file" in refused(capsys, path)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("xl/vbaProject.bin", "without macros"),
        ("xl/externalLinks/externalLink1.xml", "without links to other files"),
    ],
)
def test_macros_and_links_are_refused(part, says, good, tmp_path, capsys):
    path = tmp_path / "more.xlsx"
    zipped(path, {**parts_of(good), part: b"<x/>"})
    assert says in refused(capsys, path)


def test_entities_are_refused(good, tmp_path, capsys):
    parts = parts_of(good)
    parts["xl/workbook.xml"] = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + parts["xl/workbook.xml"]
    )
    path = tmp_path / "entities.xlsx"
    zipped(path, parts)
    assert "a readable xlsx file" in refused(capsys, path)


ROW = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>P{0}</t></is></c></row>'


def test_a_million_rows_are_refused_before_they_are_read(good, tmp_path, capsys):
    """Through the sheet's own text: 60 MB that no reader should go through."""
    parts = parts_of(good)
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    start, end = sheet.index("<row"), sheet.index("</sheetData>")
    head = sheet[start:end]
    rows = "".join(ROW.format(n) for n in range(3, 1_000_001))
    parts["xl/worksheets/sheet1.xml"] = (sheet[:start] + head + rows + sheet[end:]).encode()
    path = tmp_path / "million.xlsx"
    zipped(path, parts)
    line = refused(capsys, path)
    assert line == f"plans: allowed is up to {MOST_PLANS:,} rows; given was 10,001 or more"
    text = f"{HEAD}\n" + "A,mapd,5\n" * 1_000_000
    line = refused(capsys, written(tmp_path, text))
    assert line == f"plans: allowed is up to {MOST_PLANS:,} rows; given was 10,001 or more"


def test_a_row_far_below_and_a_cell_far_to_the_right_are_not_dropped(tmp_path, capsys):
    book = openpyxl.Workbook()
    for row in (HEAD.split(","), ["A", "mapd", 5]):
        book.active.append(row)
    book.active.cell(1_000_000, 1, "B")
    path = tmp_path / "far.xlsx"
    book.save(path)
    assert "lines; given was line 1,000,000" in refused(capsys, path)
    book.active.delete_rows(1_000_000)
    book.active.cell(2, 16_384, "B")
    book.save(path)
    assert "up to 256 columns; given was a cell XFD2" in refused(capsys, path)


def test_what_a_sheet_says_of_its_own_size_is_not_believed(good, tmp_path):
    parts = parts_of(good)
    name = "xl/worksheets/sheet1.xml"
    assert b'<dimension ref="A1:C2"' in parts[name]
    parts[name] = parts[name].replace(b'ref="A1:C2"', b'ref="A1"')
    path = tmp_path / "small.xlsx"
    zipped(path, parts)
    assert read_book(path).entries[0].settings == {"plan.members": 5.0}


def test_an_uploaded_book_cannot_name_a_file_of_this_machine(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("extends: mapd\nname: own\n", encoding="utf-8")
    path = written(tmp_path, f"{HEAD}\nA,own.yaml,5\n")
    assert read_book(path).entries[0].scenario == "own.yaml"
    with pytest.raises(InputError, match=r"row 2, scenario: allowed is one of .*own.yaml"):
        read_book(path, own_files=False)


def test_an_own_scenario_that_is_wrong_is_said_of_its_row(tmp_path, capsys):
    own = tmp_path / "own.yaml"
    own.write_text("extends: mapd\nplan: {members: -4}\n", encoding="utf-8")
    line = refused(capsys, written(tmp_path, f"{HEAD}\nA,mapd,5\nB,own.yaml,5\n"))
    assert line.startswith("plans, row 3, scenario, plan.members: allowed is a number from 1")


EVIL = ["=1+1", "+1", "-2", "@SUM(A1)", '=HYPERLINK("http://x","y")', "plain, with a comma"]


def test_names_that_look_like_formulas_go_out_as_text(tmp_path, capsys):
    rows = [["name", "scenario"], *([name, "egwp"] for name in EVIL)]
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    path = written(tmp_path, stream.getvalue())
    for suffix in (".csv", ".xlsx"):
        out = tmp_path / f"out{suffix}"
        code, _, err = ended(capsys, *["portfolio", path, "--resolution", "workbook", "--out", out])
        assert (code, err) == (0, "")
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        found = list(csv.DictReader(lines))
    names = {row["name"] for row in found}
    assert names == {f"'{name}" if name[0] in "=+-@" else name for name in EVIL}
    assert all(float(row["value"]) > 0 for row in found)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    texts = {cell.value for cell in cells if cell.data_type in ("s", "inlineStr")}
    assert {*EVIL} <= texts


def test_json_is_whole_and_unrounded(tmp_path, capsys):
    path = written(tmp_path, f"{HEAD}\nA,egwp,5000\nB,mapd,7000\nC,state_covering,\n")
    code, out, err = ended(capsys, *["portfolio", path, "--json", "--resolution", "workbook"])
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert list(said["programs"]) == ["part_d", "medicaid"]
    part_d = said["programs"]["part_d"]
    assert part_d["each_may_choose"]["join"] == ["A"]
    total = sum(p["value"]["total"] for p in said["plans"] if p["program"] == "part_d")
    assert part_d["all_or_none"]["total"] == pytest.approx(total, rel=1e-12)
    assert sum(part_d["all_or_none"]["by_period"].values()) == pytest.approx(total, rel=1e-12)
    assert len(said["fingerprint"]) == 64


cell = st.text(max_size=12) | st.sampled_from(["mapd", "egwp", "none", "yes", "0.5", "1e3", "-1"])


@given(
    st.lists(st.sampled_from([*HEAD.split(","), "terms.copay", "horizon.start", "x"]), max_size=5),
    st.lists(st.lists(cell, max_size=5), max_size=4),
)
def test_any_table_is_a_book_or_one_line(tmp_path_factory, head, rows):
    path = tmp_path_factory.mktemp("any") / "plans.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    with contextlib.suppress(InputError):
        read_book(path)
