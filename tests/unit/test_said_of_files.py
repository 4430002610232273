"""Files that cannot be used, told apart; and options that say the same thing twice."""

import zipfile

import pytest

from tests.commands import done, refused
from tests.unit.test_uncertainty_commands import FAST


def book_of(folder, text, name="plans.csv"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name;scenario\nA;mapd\n", "columns divided by commas; given was semicolons"),
        ("name\tscenario\nA\tmapd\n", "columns divided by commas; given was tabs"),
        ("Our plans 2028\nname,scenario\nA,mapd\n", "in row 1; given was them in row 2"),
        ("Our plans 2028,\n,\nname,scenario\nA,mapd\n", "in row 1; given was them in row 3"),
        ("name\nA,B\n", "1 cell in every row; given was 2 in row 2"),
    ],
)
def test_a_book_that_is_laid_out_otherwise(capsys, tmp_path, text, said):
    assert said in refused(capsys, "portfolio", book_of(tmp_path, text))


def test_workbooks_that_are_none_are_told_apart(capsys, tmp_path):
    whole = tmp_path / "whole.xlsx"
    done(capsys, "template", "--out", whole)
    content = whole.read_bytes()
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("letter.txt", "Dear plan")
    files = {
        "empty.xlsx": (b"", "empty.xlsx, which is empty"),
        "letter.xlsx": (b"Dear plan", "letter.xlsx, which is no xlsx file inside"),
        "cut.xlsx": (content[: len(content) // 2], "cut.xlsx, which is cut off or damaged"),
        "other.xlsx": (other.read_bytes(), "other.xlsx, a zip without a workbook in it"),
    }
    for name, (bytes_, said) in files.items():
        path = tmp_path / name
        path.write_bytes(bytes_)
        line = refused(capsys, "decide", path)
        assert line.endswith(said), line
        assert "a readable xlsx file" in line


def test_the_same_path_twice_is_refused(capsys):
    twice = ("--set", "plan.members=3000", "--set", "plan.members=4000")
    line = refused(capsys, "decide", "egwp", *FAST, *twice)
    assert line == "--set: allowed is each path once; given was plan.members twice"
    dated = ("--set", "terms.copay.2029-01-01=20", "--set", "terms.copay.2029_01_01=30")
    assert "twice" in refused(capsys, "decide", "egwp", *FAST, *dated)


def test_a_template_of_the_other_program_is_refused_in_words(capsys, tmp_path):
    out = ("template", "--out", tmp_path / "mine.xlsx", "--program", "part_d")
    line = refused(capsys, *out, "--scenario", "state_covering")
    assert "a Part D scenario: one of dsnp, egwp, mapd, pdp_national, pdp_regional" in line
    assert line.endswith("state_covering, which is a state's")
    misspelt = refused(capsys, *out, "--scenario", "mapdd")
    assert "a Part D scenario: one of dsnp, egwp, mapd, pdp_national, pdp_regional" in misspelt
    either = refused(capsys, "template", "--out", tmp_path / "mine.xlsx", "--scenario", "mapdd")
    assert "state_covering" in either


@pytest.mark.parametrize(
    ("start", "given"), [("state_covering", ", which is a state's"), ("mapdd", "mapdd")]
)
def test_a_filled_template_that_starts_from_another_program(capsys, tmp_path, start, given):
    from openpyxl import load_workbook

    path = tmp_path / "mine.xlsx"
    done(capsys, "template", "--out", path)
    book = load_workbook(path)
    (place,) = book.defined_names["start_from"].destinations
    book[place[0]][place[1].replace("$", "")].value = start
    book.save(path)
    line = refused(capsys, "decide", path)
    assert "a Part D scenario: one of dsnp, egwp, mapd, pdp_national, pdp_regional" in line
    assert line.endswith(given)


def test_a_template_without_its_sheet_about_is_read(capsys, tmp_path):
    from openpyxl import load_workbook

    path = tmp_path / "mine.xlsx"
    done(capsys, "template", "--out", path)
    book = load_workbook(path)
    del book["About"]
    book.save(path)
    assert "pdp_regional: " in done(capsys, "decide", path)
