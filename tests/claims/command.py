"""Running `balance adjudicate` on files, and the benefit of each year, for the tests of claims."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from calculator import load_assumptions
from calculator.cli import main
from tests.claims.claims_adjudicator import AMOUNTS, COLUMNS, Benefit, Row

# USD, as published (2027: as final): deductible, out-of-pocket threshold.
PUBLISHED = {2025: (590, 2000), 2026: (615, 2100), 2027: (700, 2400)}
# Low-income copays, USD a fill: generic and brand.
COPAYS = {
    2025: {"full_low": ("1.60", "4.80"), "full_other": ("4.90", "12.15")},
    2026: {"full_low": ("1.60", "4.90"), "full_other": ("5.10", "12.65")},
}


def benefit_of(year: int) -> Benefit:
    """The benefit of a year: written down where published, else the shipped projection."""
    register = load_assumptions()

    def shipped(name: str) -> Decimal:
        value = register.yearly(f"assumptions.benefit.{name}", [year])[0, 0]
        return Decimal(f"{value:.2f}")

    deductible, threshold = PUBLISHED.get(year) or (
        int(shipped("deductible")),
        int(shipped("oop_threshold")),
    )
    copays = {
        (level, brand): Decimal(COPAYS[year][level][brand])
        if year in COPAYS
        else shipped(f"lis_copay_{'brand' if brand else 'generic'}_{level.removeprefix('full_')}")
        for level in ("full_low", "full_other")
        for brand in (False, True)
    }
    return Benefit(year, deductible, threshold, copays)


@dataclass(frozen=True)
class Ran:
    """How a run of the command ended."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def said(self) -> str:
        return self.out + self.err


def balance(*arguments: object, capfd: pytest.CaptureFixture[str] | None = None) -> Ran:
    """Run `balance` in this process; with capfd also what it said, whatever library said it."""
    if capfd:
        capfd.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    code = stopped.value.code
    assert isinstance(code, int)
    return Ran(code, *capfd.readouterr()) if capfd else Ran(code)


def write_table(path: Path, header: Iterable[str], lines: Iterable[Iterable[str]]) -> Path:
    """A CSV file of these cells."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
    return path


def write_claims(path: Path, rows: Iterable[Row]) -> Path:
    """A claims file in the project's columns."""
    return write_table(path, COLUMNS, (row.texts() for row in rows))


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_members(path: Path) -> dict[str, tuple[str, ...]]:
    """AMOUNTS of each member as the text in the file; the file's form is checked on the way."""
    table = read_table(path)
    with path.open(encoding="utf-8") as stream:
        assert stream.readline() == ",".join(("member_id", *AMOUNTS)) + "\n"
    ids = [line["member_id"] for line in table]
    assert ids == sorted(set(ids)), "one row a member, sorted by member_id"
    return {line["member_id"]: tuple(line[name] for name in AMOUNTS) for line in table}


def adjudicated(claims: Path, year: int, *options: object) -> dict[str, tuple[str, ...]]:
    """AMOUNTS of each member of a file that has nothing wrong."""
    out = claims.with_name(f"{claims.stem}-members.csv")
    out.unlink(missing_ok=True)
    assert balance("adjudicate", claims, "--year", year, "--out", out, "--strict", *options) == Ran(
        0
    )
    return read_members(out)
