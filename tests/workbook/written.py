"""Workbooks for the tests of reading: written as `decide --xlsx` does, then changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from calculator.decision import decide
from calculator.report.workbook.frame import base_register
from calculator.report.workbook.medicaid import state_book
from calculator.report.workbook.part_d import plan_book
from calculator.scenario import PlanScenario, Scenario


def exported(scenario: Scenario, path: Path) -> Path:
    """A scenario's live workbook."""
    decision = decide(scenario, resolution="workbook")
    base = base_register(scenario)
    book = plan_book(decision, base) if isinstance(scenario, PlanScenario) else (
        state_book(decision, base)
    )  # fmt: skip
    book.write(path)
    return path


def edited(path: Path, to: Path, change: Callable[[Any], None] | dict[str, Any]) -> Path:
    """The workbook with its cells changed, by input name or by a function of the book."""
    book = openpyxl.load_workbook(path)
    if callable(change):
        change(book)
    else:
        for name, value in change.items():
            cell(book, name).value = value
    book.save(to)
    return to


def cell(book: Any, name: str) -> Any:
    """The cell of a name."""
    ((sheet, place),) = book.defined_names[name].destinations
    return book[sheet][place.replace("$", "")]
