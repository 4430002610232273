"""Cohort: how use grows, as initiation or as fills that are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calculator.medicaid_inputs import PER_THOUSAND, QUARTERS_OBSERVED
from calculator.model.medicaid import QUARTER
from calculator.report.workbook.cells import (
    Live,
    smallest,
)
from calculator.report.workbook.layout import Block, Column
from calculator.report.workbook.medicaid_program import Program


@dataclass(frozen=True)
class Path:
    """Fills by month: a rate or a number that is given, and the fills it makes."""

    unit: str
    given: Callable[[int], Any]  # by months since coverage began
    fills: Callable[[Live, Live], Live]  # from the enrollees of the month and what is given


@dataclass(frozen=True)
class Use:
    """How use grows: yearly initiation, or fills, by month in each branch."""

    initiation: dict[str, Column] | None
    fills: dict[str, Column] | None
    path: Path | None
    ratio: Live  # own use against the model's
    rated: Column


def uptake(program: Program, block: Block, rated: Column, threshold: Live, span: int) -> Use:
    """Initiation, or fills by the user's or the observed path. span: months covered before."""
    months = program.months
    ratio = program.inputs.number("state.own_uptake_ratio")
    source = "medicaid_inputs._coverages"
    block.gap()
    block.section("Use")
    if program.scenario.uptake.form == "share_of_eligibles":
        joined = block.filled(
            "Initiation when joining",
            "share a year",
            lambda t: program.assumed("coverage.initiation", months[t]),
            source,
            "share",
        )
        own = block.filled(
            "Initiation under the state's own coverage",
            "share a year",
            lambda t: joined[t] * ratio,
            source,
            "share",
        )
        return Use({"join": joined, "stay_out": own}, None, None, ratio, rated)
    path = _path(program, threshold)

    def on_path(since: int, when: str) -> Column:
        given = block.filled(
            f"Given, coverage begins {when}",
            path.unit,
            lambda t: path.given(t if path.unit == "fills" else t + since),
            "medicaid_inputs._fills",
            "tenths",
        )
        return block.filled(
            f"Fills, coverage begins {when}",
            "fills",
            lambda t: path.fills(rated[t], given[t]),
            "medicaid_inputs._at_rate",
            "people",
        )

    joined = new = own = on_path(0, "now")
    if span:
        own = on_path(span, "as it did")
        known = smallest(ratio, 1)
        joined = block.filled(
            "Fills when joining",
            "fills",
            lambda t: known * own[t] + (1 - known) * new[t],
            source,
            "people",
        )
    mine = block.filled(
        "Fills under the state's own coverage", "fills", lambda t: ratio * own[t], source, "people"
    )
    return Use(None, {"join": joined, "stay_out": mine}, path, ratio, rated)


def _path(program: Program, threshold: Live) -> Path:
    uptake, inputs = program.scenario.uptake, program.inputs
    if uptake.form == "monthly_fills":
        inputs.fixed("uptake.monthly_fills")
        monthly = uptake.monthly_fills or []
        return Path(
            "fills",
            lambda month: float(monthly[min(month, len(monthly) - 1)]),
            lambda _, given: given,
        )
    unit = "fills per 1,000 a quarter"
    own = uptake.quarterly_fills_per_1000
    if own is not None:
        inputs.fixed("uptake.quarterly_fills_per_1000")
        return Path(
            unit,
            lambda month: float(own[min(month // QUARTER, len(own) - 1)]),
            lambda people, rate: people / int(PER_THOUSAND) * rate / QUARTER,
        )

    def observed(month: int) -> Live:
        quarter = min(month // QUARTER, QUARTERS_OBSERVED - 1)
        return program.assumed(f"coverage.fills_per_1000_q{quarter}")

    return Path(
        unit,
        observed,
        lambda people, rate: people / int(PER_THOUSAND) * rate / QUARTER * threshold,
    )
