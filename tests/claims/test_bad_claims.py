"""Files and claims that are not as they should be: said in a line, counted, listed, never kept."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from calculator.claims import engine
from tests.claims.claims_adjudicator import COLUMNS, Row, amounts
from tests.claims.command import (
    balance,
    benefit_of,
    read_members,
    read_table,
    write_claims,
    write_table,
)

GOOD = [
    Row("SECRET-1234", date(2026, 1, 10), "applicable", Decimal("700.10"), sequence=1),
    Row("SECRET-1234", date(2026, 2, 10), "selected", Decimal("274"), sequence=1),
    Row("SECRET-5678", date(2026, 1, 10), "non_applicable", Decimal("15"), sequence=1),
]
NUL = b"\x00"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty current folder, and a folder for temporary files of this test's own."""
    here, scratch = tmp_path / "here", tmp_path / "scratch"
    here.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(here)
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield here
    left = sorted(path.name for path in scratch.rglob("*"))
    assert left == [], "temporary files were left"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def refused(desk: Path, capfd, *arguments: object) -> str:
    """The one line with which the command refuses; nothing was written."""
    before = names(desk)
    ran = balance("adjudicate", *arguments, capfd=capfd)
    assert ran.code == 2, ran.said
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1, ran.err
    assert "Traceback" not in ran.err
    assert "a bug" not in ran.err
    assert "SECRET" not in ran.err
    assert names(desk) == before, "something was written"
    return ran.err


# Files that cannot be read at all.


def csv_bytes() -> bytes:
    lines = [",".join(COLUMNS), *(",".join(row.texts()) for row in GOOD)]
    return ("\n".join(lines) + "\n").encode()


def parquet_bytes(folder: Path) -> bytes:
    path = folder / "whole.parquet"
    (folder / "whole.csv").write_bytes(csv_bytes())
    duckdb.sql(f"COPY (FROM read_csv('{folder}/whole.csv')) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def unreadable(name: str, folder: Path) -> bytes:
    whole = parquet_bytes(folder)
    return {
        "empty.csv": b"",
        "empty.parquet": b"",
        "only_newlines.csv": b"\n\n\n",
        "binary.csv": NUL.join(random.Random(1).randbytes(8) for _ in range(200)),
        "parquet_called.csv": whole,
        "picture.csv": b"\x89PNG\r\n\x1a\n" + random.Random(3).randbytes(900),
        "zip.csv": b"PK\x03\x04" + random.Random(4).randbytes(900),
        "utf16.csv": csv_bytes().decode().encode("utf-16"),
        "binary.parquet": random.Random(2).randbytes(4_000),
        "truncated.parquet": whole[: len(whole) // 2],
        "without_its_end.parquet": whole[:-1],
        "csv_called.parquet": csv_bytes(),
    }[name]


UNREADABLE = [
    *("empty.csv", "empty.parquet", "only_newlines.csv", "binary.csv", "parquet_called.csv"),
    *("picture.csv", "zip.csv", "utf16.csv", "binary.parquet", "truncated.parquet"),
    *("without_its_end.parquet", "csv_called.parquet"),
]


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_claims_file_is_one_clear_line(desk, tmp_path, capfd, name):
    (desk / name).write_bytes(unreadable(name, tmp_path))
    out = ("--out", "members.csv", "--rejects", "rejects.csv")
    said = refused(desk, capfd, name, "--year", 2026, *out)
    assert name in said or "claims" in said.lower()


def test_a_missing_file_and_a_directory_are_one_clear_line(desk, capfd):
    out = ("--year", 2026, "--out", "members.csv", "--rejects", "rejects.csv")
    assert "nowhere.csv" in refused(desk, capfd, "nowhere.csv", *out)
    (desk / "folder").mkdir()
    (desk / "folder.csv").mkdir()
    for folder in ("folder", "folder.csv"):
        assert folder in refused(desk, capfd, folder, *out)


@pytest.mark.parametrize("column", COLUMNS[:4])
def test_a_missing_column_is_named(desk, capfd, column):
    header = [name for name in COLUMNS if name != column]
    lines = [
        [text for name, text in zip(COLUMNS, row.texts(), strict=True) if name != column]
        for row in GOOD
    ]
    write_table(desk / "claims.csv", header, lines)
    said = refused(desk, capfd, "claims.csv", "--year", 2026, "--out", "members.csv")
    assert column in said


def test_a_column_twice_or_one_nobody_knows_is_not_read_in_silence(desk, capfd):
    rows = [row.texts() for row in GOOD]
    write_table(desk / "twice.csv", [*COLUMNS, "gross_cost"], [[*row, "1"] for row in rows])
    refused(desk, capfd, "twice.csv", "--year", 2026, "--out", "members.csv")
    # A slip in an optional name must not turn into a default.
    header = ["manufacturers" if name == "manufacturer" else name for name in COLUMNS]
    write_table(desk / "slip.csv", header, rows)
    ran = balance("adjudicate", "slip.csv", "--year", 2026, "--out", "members.csv", capfd=capfd)
    assert ran.code == 2 or "manufacturers" in ran.said


@pytest.mark.parametrize("suffix", [".xlsx", ".txt.gz", "", ".json"])
def test_a_suffix_that_is_not_written_is_refused_before_anything_is_read(desk, capfd, suffix):
    write_claims(desk / "claims.csv", GOOD)
    said = refused(desk, capfd, "claims.csv", "--year", 2026, "--out", f"members{suffix}")
    assert ".csv" in said
    assert ".parquet" in said


def test_an_output_in_no_folder_or_that_is_a_folder_is_refused(desk, capfd):
    write_claims(desk / "claims.csv", GOOD)
    (desk / "folder.csv").mkdir()
    for out in ("nowhere/members.csv", "folder.csv"):
        refused(desk, capfd, "claims.csv", "--year", 2026, "--out", out)
        refused(desk, capfd, "claims.csv", "--year", 2026, "--out", "m.csv", "--rejects", out)


def test_the_claims_file_is_never_written_over(desk, capfd):
    claims = write_claims(desk / "claims.csv", GOOD)
    before = claims.read_bytes()
    for option in ("--out", "--rejects"):
        balance("adjudicate", "claims.csv", "--year", 2026, option, "claims.csv", capfd=capfd)
        assert claims.read_bytes() == before
    same = ("--out", "same.csv", "--rejects", "same.csv")
    refused(desk, capfd, "claims.csv", "--year", 2026, *same)


@pytest.mark.parametrize("year", ["2024", "1999", "0", "-1", "20260", "next", "2026.5", ""])
def test_a_year_that_cannot_be_adjudicated_is_refused(desk, capfd, year):
    write_claims(desk / "claims.csv", GOOD)
    said = refused(desk, capfd, "claims.csv", f"--year={year}", "--out", "members.csv")
    assert "year" in said.lower()


def test_an_engine_nobody_knows_is_refused(desk, capfd):
    write_claims(desk / "claims.csv", GOOD)
    options = ("--engine", "oracle", "--out", "members.csv")
    said = refused(desk, capfd, "claims.csv", "--year", 2026, *options)
    assert "duckdb" in said
    assert "spark" in said


# Claims that cannot be adjudicated, one bad line among good ones.


BAD_CELLS = {
    "member_id": ["", "   "],
    "service_date": ["", "2026-02-30", "2026-13-01", "yesterday", "0000-00-00", "20260110x"],
    "drug_class": ["", "brand", "applicable selected"],
    "gross_cost": ["", "-5", "-0.01", "ten", "NaN", "inf", "-inf", "1e400", "1 000", "--1"],
    "sequence": ["first", "1.5"],
    "copay": ["-1", "fifty", "NaN"],
    "lis": ["yes", "full"],
    "brand": ["maybe", "2"],
    "fill_kind": ["injection"],
    "manufacturer": ["lilly"],
    "days_supply": ["-30", "month"],
}


def spoiled(column: str, cell: str) -> list[str]:
    """A line of a third member with one bad cell."""
    good = Row("SECRET-9999", date(2026, 5, 5), "applicable", Decimal(50), sequence=7)
    return [
        cell if name == column else text for name, text in zip(COLUMNS, good.texts(), strict=True)
    ]


def run_with_rejects(capfd, claims: str, *options: object, year: int = 2026) -> dict:
    """The summary of a run that reads on over bad lines; members and rejects in the folder."""
    files = ("--out", "members.csv", "--rejects", "rejects.csv")
    command = ("adjudicate", claims, "--year", year, *files, "--json", *options)
    ran = balance(*command, capfd=capfd)
    assert ran.code == 0, ran.said
    assert "SECRET" not in ran.said
    assert "SECRET" not in Path("rejects.csv").read_text(encoding="utf-8")
    summary = json.loads(ran.out)
    listed = read_table(Path("rejects.csv"))
    # A reversal and its original are neither: they are set aside, and counted.
    aside = sum(summary["set_aside"].values())
    assert summary["accepted"] + summary["rejected"] + aside == summary["claims"]
    assert summary["rejected"] == len(listed)
    reasons = [line["reason"] for line in listed]
    assert summary["reasons"] == {reason: reasons.count(reason) for reason in set(reasons)}
    return summary


def rejected_lines() -> list[tuple[int, str]]:
    """Line in the file (its first line is 1) and reason."""
    return [(int(line["line"]), line["reason"]) for line in read_table(Path("rejects.csv"))]


def good_members() -> dict[str, tuple[str, ...]]:
    benefit = benefit_of(2026)
    return {"SECRET-1234": amounts(GOOD[:2], benefit), "SECRET-5678": amounts(GOOD[2:], benefit)}


@pytest.mark.parametrize("column", BAD_CELLS)
def test_a_bad_cell_is_listed_with_line_and_reason_and_the_rest_is_adjudicated(desk, capfd, column):
    bad = [spoiled(column, cell) for cell in BAD_CELLS[column]]
    good = [row.texts() for row in GOOD]
    write_table(desk / "claims.csv", COLUMNS, [good[0], *bad, *good[1:]])
    summary = run_with_rejects(capfd, "claims.csv")
    assert summary["claims"] == len(good) + len(bad)
    assert [line for line, _ in rejected_lines()] == [3 + number for number in range(len(bad))]
    assert all(reason.strip() for _, reason in rejected_lines())
    assert read_members(desk / "members.csv") == good_members()


@pytest.mark.parametrize("column", ["service_date", "gross_cost", "lis"])
def test_strict_refuses_the_file_and_writes_nothing(desk, capfd, column):
    bad = spoiled(column, BAD_CELLS[column][0])
    write_table(desk / "claims.csv", COLUMNS, [*(row.texts() for row in GOOD), bad])
    options = ("--year", 2026, "--out", "members.csv", "--strict")
    refused(desk, capfd, "claims.csv", *options)


def test_good_claims_are_all_accepted(desk, capfd):
    write_claims(desk / "claims.csv", GOOD)
    summary = run_with_rejects(capfd, "claims.csv")
    assert (summary["claims"], summary["accepted"], summary["rejected"]) == (3, 3, 0)
    assert rejected_lines() == []
    assert read_members(desk / "members.csv") == good_members()


@pytest.mark.parametrize("sequence", [None, 1])
def test_a_claim_that_is_there_twice_counts_once(desk, capfd, sequence):
    rows = [replace(row, sequence=sequence) for row in GOOD]
    write_claims(desk / "claims.csv", [*rows, rows[0], rows[0]])
    summary = run_with_rejects(capfd, "claims.csv")
    assert (summary["accepted"], summary["rejected"]) == (3, 2)
    assert {line for line, _ in rejected_lines()} < {2, 5, 6}
    assert all("duplicate" in reason.lower() for _, reason in rejected_lines())
    assert read_members(desk / "members.csv") == good_members()


def test_two_claims_of_one_day_that_differ_are_both_claims(desk, capfd):
    rows = [replace(row, sequence=None) for row in GOOD]
    rows.append(replace(rows[0], drug_class="selected"))
    write_claims(desk / "claims.csv", rows)
    assert run_with_rejects(capfd, "claims.csv")["rejected"] == 0


def test_which_of_two_claims_with_one_sequence_stays_does_not_hang_on_their_order(desk, capfd):
    # A duplicate repeats member, date and sequence, whatever else it says.
    other = replace(GOOD[0], gross_cost=Decimal("33"))
    written = []
    for rows in ([*GOOD, other], [other, *GOOD]):
        write_claims(desk / "claims.csv", rows)
        summary = run_with_rejects(capfd, "claims.csv")
        assert summary["accepted"] + summary["rejected"] == 4
        assert summary["rejected"] >= 1
        written.append(read_members(desk / "members.csv"))
    assert written[0] == written[1]


def test_a_negative_claim_without_its_original_is_rejected(desk, capfd):
    reversal = replace(GOOD[0], gross_cost=Decimal("-44.44"), sequence=9)
    write_claims(desk / "claims.csv", [*GOOD, reversal])
    run_with_rejects(capfd, "claims.csv")
    assert [line for line, _ in rejected_lines()] == [5]
    assert read_members(desk / "members.csv") == good_members()


def test_a_reversal_takes_its_original_with_it_and_neither_is_adjudicated(desk, capfd):
    original = replace(GOOD[0], gross_cost=Decimal("44.44"), sequence=9)
    reversal = replace(original, gross_cost=Decimal("-44.44"))
    for rows in ([*GOOD, original, reversal], [reversal, *GOOD, original]):
        write_claims(desk / "claims.csv", rows)
        run_with_rejects(capfd, "claims.csv")
        assert rejected_lines() == []
        assert read_members(desk / "members.csv") == good_members()


def test_a_reversal_takes_one_of_two_and_a_second_reversal_the_other(desk, capfd):
    one = replace(GOOD[0], gross_cost=Decimal("44.44"), sequence=8)
    two, reversal = replace(one, sequence=9), replace(one, gross_cost=Decimal("-44.44"))
    write_claims(desk / "claims.csv", [*GOOD, one, two, reversal])
    run_with_rejects(capfd, "claims.csv")
    left = amounts([GOOD[0], two, GOOD[1]], benefit_of(2026))
    assert read_members(desk / "members.csv")["SECRET-1234"] == left
    write_claims(desk / "claims.csv", [*GOOD, one, two, reversal, replace(reversal, sequence=9)])
    run_with_rejects(capfd, "claims.csv")
    assert read_members(desk / "members.csv") == good_members()


def test_which_claim_a_reversal_takes_does_not_hang_on_the_order_of_rows(desk, capfd):
    # Two claims of one day cost the same; one is a model fill. Only one fits the reversal.
    standard = replace(GOOD[0], gross_cost=Decimal("300"), sequence=None)
    fill = replace(standard, copay=Decimal(50))
    for reversed_ in (standard, fill):
        reversal = replace(reversed_, gross_cost=Decimal("-300"))
        written = []
        for rows in ([standard, fill, reversal], [reversal, fill, standard]):
            write_claims(desk / "claims.csv", rows)
            run_with_rejects(capfd, "claims.csv")
            assert rejected_lines() == []
            written.append(read_members(desk / "members.csv"))
        kept = fill if reversed_ is standard else standard
        assert written[0] == written[1]
        assert written[0] == {"SECRET-1234": amounts([kept], benefit_of(2026))}


def test_claims_outside_enrollment_are_listed(desk, capfd):
    before = replace(GOOD[0], service_date=date(2026, 1, 9))
    after = replace(GOOD[0], service_date=date(2026, 3, 1))
    stranger = replace(GOOD[0], member_id="SECRET-0000")
    periods = [("SECRET-1234", "2026-01-10", "2026-02-28"), ("SECRET-5678", "2025-01-01", "")]
    write_table(desk / "enrollment.csv", ("member_id", "start", "end"), periods)
    write_claims(desk / "claims.csv", [before, *GOOD, after, stranger])
    enrollment = ("--enrollment", "enrollment.csv")
    run_with_rejects(capfd, "claims.csv", *enrollment)
    assert [line for line, _ in rejected_lines()] == [2, 6, 7]
    assert "before enrollment" in rejected_lines()[0][1]
    assert read_members(desk / "members.csv") == good_members()
    out = ("--out", "other.csv", "--strict")
    refused(desk, capfd, "claims.csv", "--year", 2026, *enrollment, *out)


@pytest.mark.parametrize(
    "content", ["", "member_id,end\n", "member_id,start,end\nSECRET-1234,soon,2026-12-31\n"]
)
def test_an_enrollment_file_that_is_none_is_one_clear_line(desk, capfd, content):
    (desk / "enrollment.csv").write_text(content)
    write_claims(desk / "claims.csv", GOOD)
    options = ("--enrollment", "enrollment.csv", "--out", "members.csv")
    refused(desk, capfd, "claims.csv", "--year", 2026, *options)
    refused(desk, capfd, "claims.csv", "--year", 2026, "--enrollment", "nowhere.csv")


def test_a_low_income_copay_that_is_not_published_is_an_input_and_said_not_to_be_final(desk, capfd):
    fill = Row("SECRET-1", date(2027, 1, 1), "applicable", Decimal(100), lis="full_low")
    write_claims(desk / "claims.csv", [fill])
    shipped = run_with_rejects(capfd, "claims.csv", year=2027)
    assert "lis_copay_brand_low" in shipped["not_final"]
    given = ("--set", "assumptions.benefit.lis_copay_brand_low.2027_01_01=7.77")
    run_with_rejects(capfd, "claims.csv", *given, year=2027)
    (members,) = read_members(desk / "members.csv").values()
    assert members[:3] == ("100.00", "7.77", "92.23")


def test_claims_of_another_year_are_not_dropped_in_silence(desk, capfd):
    late = replace(GOOD[0], service_date=date(2027, 1, 1))
    early = replace(GOOD[0], service_date=date(2025, 12, 31))
    write_claims(desk / "claims.csv", [late, *GOOD, early])
    run_with_rejects(capfd, "claims.csv")
    assert [line for line, _ in rejected_lines()] == [2, 6]
    assert read_members(desk / "members.csv") == good_members()


def test_a_file_of_bad_lines_only_gives_no_members(desk, capfd):
    lines = [spoiled("gross_cost", "ten"), spoiled("service_date", "yesterday")]
    write_table(desk / "claims.csv", COLUMNS, lines)
    ran = balance(
        *("adjudicate", "claims.csv", "--year", 2026),
        *("--out", "members.csv", "--rejects", "rejects.csv"),
        capfd=capfd,
    )
    assert ran.code in (0, 2)
    assert "a bug" not in ran.said
    assert "SECRET" not in ran.said
    if ran.code == 0:
        assert read_members(desk / "members.csv") == {}
        assert len(rejected_lines()) == 2
    else:
        assert names(desk) == {"claims.csv"}


def test_a_file_with_a_header_and_no_claims_gives_no_members(desk, capfd):
    write_table(desk / "claims.csv", COLUMNS, [])
    summary = run_with_rejects(capfd, "claims.csv")
    assert (summary["claims"], summary["members"]) == (0, 0)
    assert read_members(desk / "members.csv") == {}
    assert rejected_lines() == []


def test_a_line_break_inside_quotes_is_part_of_a_cell_or_refused(desk, capfd):
    good = [row.texts() for row in GOOD]
    broken = ["SECRET\n-9999", *spoiled("gross_cost", "50")[1:]]
    write_table(desk / "claims.csv", COLUMNS, [*good, broken])
    ran = balance("adjudicate", "claims.csv", "--year", 2026, "--out", "members.csv", capfd=capfd)
    assert "a bug" not in ran.said
    assert "SECRET" not in ran.said
    if ran.code == 0:
        assert len(read_members(desk / "members.csv")) == 3
    else:
        assert (ran.code, names(desk)) == (2, {"claims.csv"})


def test_a_line_with_a_column_too_few_or_too_many_is_one_bad_line(desk, capfd):
    good = [row.texts() for row in GOOD]
    short = good[0][:3]
    long = [*spoiled("gross_cost", "50"), "and", "more"]
    write_table(desk / "claims.csv", COLUMNS, [good[0], short, long, *good[1:]])
    run_with_rejects(capfd, "claims.csv")
    assert {line for line, _ in rejected_lines()} == {3, 4}
    assert read_members(desk / "members.csv") == good_members()


def test_bytes_that_are_no_text_in_one_line_are_no_traceback(desk, capfd):
    lines = csv_bytes().splitlines(keepends=True)
    lines.insert(2, lines[1].replace(b"applicable", b"applic\xff\xfeble"))
    (desk / "claims.csv").write_bytes(b"".join(lines))
    command = ("adjudicate", "claims.csv", "--year", 2026, "--out", "members.csv")
    ran = balance(*command, "--rejects", "rejects.csv", capfd=capfd)
    assert ran.code in (0, 2)
    assert "a bug" not in ran.said
    assert "SECRET" not in ran.said
    if ran.code == 0:
        assert [line for line, _ in rejected_lines()] == [3]
        assert read_members(desk / "members.csv") == good_members()
    else:
        assert names(desk) == {"claims.csv"}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("SECRET-1234", '"SECRET-1234"'),
        lambda text: text.replace("700.10", "0700.100"),
    ],
    ids=["windows_ends", "byte_order_mark", "no_last_end", "quotes", "zeros"],
)
def test_other_ways_to_write_the_same_file_are_the_same_file(desk, capfd, change):
    text = change(csv_bytes().decode())
    (desk / "claims.csv").write_bytes(text.encode())
    assert run_with_rejects(capfd, "claims.csv")["rejected"] == 0
    assert read_members(desk / "members.csv") == good_members()


@pytest.mark.parametrize("cost", ["700.105", "0.001", "12.3456", "1e3", "99999999999999999999"])
def test_an_amount_that_is_not_in_cents_is_exact_or_rejected(desk, capfd, cost):
    write_table(desk / "claims.csv", COLUMNS, [spoiled("gross_cost", cost)])
    summary = run_with_rejects(capfd, "claims.csv")
    wanted = Row("A", date(2026, 5, 5), "applicable", Decimal(cost))
    if summary["accepted"]:
        assert read_members(desk / "members.csv") == {
            "SECRET-9999": amounts([wanted], benefit_of(2026))
        }
    else:
        assert [line for line, _ in rejected_lines()] == [2]


def test_line_numbers_hold_far_into_a_large_file(desk, capfd):
    good = Row("SECRET-1", date(2026, 1, 10), "applicable", Decimal("10.00")).texts()
    lines = [[f"SECRET-{number}", *good[1:]] for number in range(150_000)]
    bad = [7, 70_001, 149_999]
    for number in bad:
        lines[number - 2][3] = "ten"
    write_table(desk / "claims.csv", COLUMNS, lines)
    summary = run_with_rejects(capfd, "claims.csv")
    assert [line for line, _ in rejected_lines()] == bad
    assert (summary["claims"], summary["rejected"]) == (150_000, 3)


def test_members_named_in_bad_cells_are_never_repeated(desk, capfd):
    # An identifier in the wrong column must not come back in a message either.
    lines = [spoiled(column, "SECRET-4321") for column in COLUMNS[1:]]
    write_table(desk / "claims.csv", COLUMNS, [*(row.texts() for row in GOOD), *lines])
    assert run_with_rejects(capfd, "claims.csv")["rejected"] == len(lines)
    refused(desk, capfd, "claims.csv", "--year", 2026, "--out", "other.csv", "--strict")


def test_without_files_to_write_a_run_still_counts_and_names_nobody(desk, capfd):
    lines = [*(row.texts() for row in GOOD), spoiled("gross_cost", "-5")]
    write_table(desk / "claims.csv", COLUMNS, lines)
    ran = balance("adjudicate", "claims.csv", "--year", 2026, capfd=capfd)
    assert ran.code == 0, ran.said
    assert "SECRET" not in ran.said
    assert names(desk) == {"claims.csv"}
    assert "3" in ran.out
    assert "1" in ran.out


def test_files_that_were_there_stay_whole_when_a_run_is_refused(desk, capfd):
    for name in ("members.csv", "rejects.csv"):
        (desk / name).write_text("from before\n")
    write_table(desk / "claims.csv", COLUMNS, [spoiled("gross_cost", "ten")])
    options = ("--out", "members.csv", "--rejects", "rejects.csv", "--strict")
    ran = balance("adjudicate", "claims.csv", "--year", 2026, *options, capfd=capfd)
    assert ran.code == 2
    assert (desk / "members.csv").read_text() == "from before\n"


def test_bad_rows_of_a_parquet_file_are_listed_too(desk, capfd):
    lines = [*(row.texts() for row in GOOD), spoiled("gross_cost", "-5")]
    write_table(desk / "claims.csv", COLUMNS, lines)
    duckdb.sql(
        "COPY (SELECT * REPLACE (CAST(service_date AS DATE) AS service_date, "
        "CAST(gross_cost AS DECIMAL(12, 2)) AS gross_cost) "
        "FROM read_csv('claims.csv', all_varchar = true)) TO 'claims.parquet' (FORMAT parquet)"
    )
    summary = run_with_rejects(capfd, "claims.parquet")
    assert (summary["accepted"], summary["rejected"]) == (3, 1)
    assert read_members(desk / "members.csv") == good_members()


@pytest.mark.parametrize("member", ["SECRET-1", "SECRET-2,SECRET-2"], ids=["names", "twice"])
def test_a_file_without_a_line_of_names_shows_none_of_its_cells(desk, capfd, member):
    text = "".join(f"{member},2026-01-{day:02},applicable,5.00\n" for day in range(1, 20))
    (desk / "claims.csv").write_text(text)
    said = refused(desk, capfd, "claims.csv", "--year", 2026, "--out", "members.csv")
    assert "secret" not in said.lower()
    assert ("the column gross_cost" in said and "given was 4 columns" in said) or (
        "columns 1 and 2 have one name" in said
    )


def test_what_is_missing_is_named_and_what_is_there_is_counted(desk, capfd):
    write_table(desk / "claims.csv", ["member_id", "drug_class", "ssn"], [["A", "selected", "1"]])
    said = refused(desk, capfd, "claims.csv", "--year", 2026, "--out", "members.csv")
    assert "the column service_date, the column gross_cost in its first line" in said
    assert "given was 3 columns without them" in said
    assert "ssn" not in said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("SECRET-1,2026-01-01,2026-12-31\n", "given was 3 columns without"),
        ("SECRET-1,SECRET-1\n", "whose columns 1 and 2 have one name"),
    ],
    ids=["names", "twice"],
)
def test_an_enrollment_file_without_names_shows_none_of_its_cells(desk, capfd, content, sentence):
    write_claims(desk / "claims.csv", GOOD)
    (desk / "enrollment.csv").write_text(content)
    options = ("--year", 2026, "--enrollment", "enrollment.csv")
    said = refused(desk, capfd, "claims.csv", *options)
    assert "secret" not in said.lower()
    assert sentence in said


def test_more_columns_than_anybody_has_are_refused_before_they_are_read(desk, capfd):
    names = ",".join(f"column_{number}" for number in range(2_001))
    (desk / "claims.csv").write_text(names + "\n")
    said = refused(desk, capfd, "claims.csv", "--year", 2026)
    assert "2,001 columns: up to 2,000" in said


def test_a_mapping_file_of_any_size_is_not_taken_apart(desk, capfd):
    write_claims(desk / "claims.csv", GOOD)
    (desk / "mapping.yaml").write_text("label: ours\ncolumns:\n" + "  a: b\n" * 10_000)
    said = refused(desk, capfd, "claims.csv", "--year", 2026, "--layout", "mapping.yaml")
    assert "up to 50,000 bytes" in said


def test_what_spills_leaves_room_on_the_disk(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    with engine.duckdb(threads=1, temp=tmp_path) as running:
        ((bound,),) = running.con.raw_sql(
            "select value from duckdb_settings() where name = 'max_temp_directory_size'"
        ).fetchall()
    number, unit = bound.split()
    sizes = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
    assert float(number) * sizes[unit] == pytest.approx(0.8 * free, rel=0.05)
