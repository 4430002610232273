"""The sponsors of a market, from a table: one row each."""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from calculator.assumptions import scenario_files, sponsor_file
from calculator.errors import InputError
from calculator.scenario import PlanScenario, load_scenario

REQUIRED = ("name", "scenario", "members")
OPTIONAL = ("eligible_share", "retained_share", "hurdle_pmpm", "application_cost", "counted")
MOST = 1000
YES, NO = ("yes", "true", "1", ""), ("no", "false", "0")


@dataclass(frozen=True)
class Sponsor:
    """A sponsor: its members, and the scenario that its plans are like. None: as the scenario."""

    name: str
    scenario: str
    members: float
    eligible_share: float | None = None
    retained_share: float | None = None
    hurdle_pmpm: float | None = None
    application_cost: float | None = None
    counted: bool = True  # in the launch rule's denominator


def read_sponsors(path: str | Path | None = None) -> list[Sponsor]:
    """Sponsors of a CSV or xlsx table; without a path the illustrative ones that are shipped.

    Columns: name, scenario (a shipped Part D scenario), members; optional eligible_share,
    retained_share, hurdle_pmpm, application_cost, counted (yes or no). InputError says which row.
    """
    place = Path(path) if path is not None else sponsor_file()
    rows = _rows(place)
    if not rows:
        raise InputError("sponsors", "at least one sponsor", "none")
    if len(rows) > MOST:
        raise InputError("sponsors", f"up to {MOST:,} sponsors", f"{len(rows):,}")
    missing = [column for column in REQUIRED if column not in rows[0][1]]
    if missing:
        raise InputError("sponsors", "the columns " + ", ".join(REQUIRED), f"no {missing[0]}")
    unknown = [column for column in rows[0][1] if column not in (*REQUIRED, *OPTIONAL)]
    if unknown:
        allowed = "only the columns " + ", ".join((*REQUIRED, *OPTIONAL))
        raise InputError("sponsors", allowed, unknown[0] or "a column without a name")
    sponsors = [_sponsor(line, row) for line, row in rows]
    seen: dict[str, int] = {}
    for (line, _), sponsor in zip(rows, sponsors, strict=True):
        if sponsor.name in seen:
            given = f"{sponsor.name} in rows {seen[sponsor.name]} and {line}"
            raise InputError("sponsors", "each sponsor once", given)
        seen[sponsor.name] = line
    if not any(sponsor.counted for sponsor in sponsors):
        raise InputError("sponsors", "at least one who counts for the launch rule", "none")
    return sponsors


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """(row number, column -> text) of a table; empty rows are left out."""
    if not path.exists():
        raise InputError("sponsors", "a CSV or xlsx file that exists", str(path))
    if path.is_dir() or path.suffix.lower() not in (".csv", ".xlsx"):
        raise InputError("sponsors", "a file ending in .csv or .xlsx", path.name)
    if path.suffix.lower() == ".xlsx":
        table = _sheet(path)
    else:
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                table = list(csv.reader(stream, strict=True))
        except (UnicodeDecodeError, csv.Error):
            raise InputError("sponsors", "a readable CSV file", path.name) from None
    if not table:
        raise InputError("sponsors", "a table with a heading", f"{path.name}, which is empty")
    head = [cell.strip().lower() for cell in table[0]]
    found = []
    for line, cells in enumerate(table[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            given = f"{len(cells)} in row {line}"
            raise InputError("sponsors", f"{len(head)} cells in every row", given)
        found.append((line, dict(zip(head, (cell.strip() for cell in cells), strict=True))))
    return found


def _sheet(path: Path) -> list[list[str]]:
    """The first sheet of a workbook as text."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [
            ["" if cell is None else str(cell) for cell in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, OSError):
        raise InputError("sponsors", "a readable xlsx file", path.name) from None
    width = max((index + 1 for index, cell in enumerate(rows[0]) if cell), default=0) if rows else 0
    return [row[:width] for row in rows]


def _sponsor(line: int, row: Mapping[str, str]) -> Sponsor:
    """One row, checked."""

    def number(column: str, low: float, high: float, *, optional: bool = True) -> float | None:
        text = row.get(column, "").replace(",", "")
        if not text and optional:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            allowed = f"a number from {low:g} to {high:,g}"
            raise InputError(f"sponsors, row {line}, {column}", allowed, text or "nothing")
        return value

    if not row["name"]:
        raise InputError(f"sponsors, row {line}, name", "a name", "nothing")
    kinds = plan_scenarios()
    if row["scenario"] not in kinds:
        allowed = "one of " + ", ".join(kinds)
        raise InputError(f"sponsors, row {line}, scenario", allowed, row["scenario"] or "nothing")
    counted = row.get("counted", "").lower()
    if counted not in (*YES, *NO):
        raise InputError(f"sponsors, row {line}, counted", "yes or no", counted)
    members = number("members", 1, 1e8, optional=False)
    assert members is not None
    return Sponsor(
        name=row["name"],
        scenario=row["scenario"],
        members=members,
        eligible_share=number("eligible_share", 0, 1),
        retained_share=number("retained_share", 0, 1),
        hurdle_pmpm=number("hurdle_pmpm", 0, 1000),
        application_cost=number("application_cost", 0, 1e9),
        counted=counted in YES,
    )


def plan_scenarios() -> list[str]:
    """The shipped Part D scenarios a sponsor's plans may be like."""
    return [name for name in scenario_files() if isinstance(load_scenario(name), PlanScenario)]
