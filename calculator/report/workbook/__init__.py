"""The live workbook: a decision whose formulas recompute it, cell by cell."""

from __future__ import annotations

from pathlib import Path

from calculator.decision import PlanDecision, StateDecision, decide
from calculator.errors import InputError
from calculator.exports import check_target
from calculator.scenario import Scenario

SUFFIX = ".xlsx"


def write_workbook(decision: PlanDecision | StateDecision | Scenario, path: str | Path) -> None:
    """Write a decision, or a scenario's, as a workbook of live formulas, whole or not at all.

    The formulas are the engine at the workbook's resolution; each carries its value. What is said
    beside them, such as the figure at full resolution, comes from the decision that is given.
    Raises InputError where the file cannot be written.
    """
    path = Path(path)
    check_path(path)
    if isinstance(decision, Scenario):
        decision = decide(decision)
    # A spreadsheet's writer takes a tenth of a second to import.
    from calculator.report.workbook.frame import base_register

    base = base_register(decision.scenario)
    if isinstance(decision, StateDecision):
        from calculator.report.workbook.medicaid import state_book

        state_book(decision, base).write(path)
        return
    from calculator.report.workbook.part_d import plan_book

    plan_book(decision, base).write(path)


def check_path(path: Path) -> None:
    """An InputError where no workbook can be written, before anything is worked out."""
    if path.suffix.lower() != SUFFIX:
        raise InputError("file", "a name that ends in .xlsx", path.name)
    check_target(path)
