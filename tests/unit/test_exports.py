"""Text that a spreadsheet would run goes out as text, from every command that writes a file."""

import csv
import io

import pandas as pd
import pytest

from calculator import cli
from calculator.exports import FORMULA, csv_rows, csv_text

EVIL = [f"{start}1+1" for start in FORMULA]


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([*map(str, arguments)])
    assert int(stopped.value.code or 0) == 0


@pytest.mark.parametrize("evil", EVIL)
def test_both_ways_of_writing_csv_mark_text_and_leave_numbers(evil):
    frame = pd.DataFrame({evil: [evil, "plain"], "usd": [-1.5, -2.0]})
    plain = csv_rows([evil, "usd"], [[evil, -1.5], ["plain", -2.0]])
    assert csv_text(frame) == plain
    head, first, second = csv.reader(io.StringIO(plain, newline=""))
    said = f"'{evil}".replace("\r", "\n")
    assert head == [said, "usd"]
    assert first == [said, "-1.5"]
    assert second == ["plain", "-2.0"]


def test_no_text_ends_its_line():
    lines = csv.reader(io.StringIO(csv_rows(["name"], [["a\r=1+1"], ["b\n=1+1"]]), newline=""))
    assert [*lines] == [["name"], ["a\n=1+1"], ["b\n=1+1"]]


def test_numbers_are_written_in_full():
    assert csv_rows(["usd"], [[1 / 3], [None]]) == 'usd\n0.3333333333333333\n""\n'


def test_a_members_identifier_is_no_formula(tmp_path, capsys):
    claims = tmp_path / "claims.csv"
    head = "member_id,service_date,drug_class,gross_cost\n"
    ids = ["=1+1", "-7", "+A", "@x", "plain"]
    rows = [f"{one},2026-01-05,applicable,100.00\n" for one in ids]
    claims.write_text(head + "".join(rows), encoding="utf-8")
    out = tmp_path / "members.csv"
    run("adjudicate", claims, "--year", 2026, "--out", out)
    with out.open(encoding="utf-8") as lines:
        found = {row["member_id"] for row in csv.DictReader(lines)}
    assert found == {"'=1+1", "'-7", "'+A", "'@x", "plain"}
    parquet = tmp_path / "members.parquet"
    run("adjudicate", claims, "--year", 2026, "--out", parquet)
    assert {*pd.read_parquet(parquet).member_id} == {*ids}
    capsys.readouterr()


def test_the_ledger_and_the_states_are_written_that_way(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr("calculator.cli.decide.csv_text", lambda frame: written.append(1) or "x\n")
    run("decide", "egwp", "--resolution", "workbook", "--ledger", tmp_path / "ledger.csv")
    run("states", "--out", tmp_path / "states.csv")
    assert len(written) == 2
