"""One plan year's strata: spending, class shares, and their year without model fills.

A stratum a column, those without low-income subsidy first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator.model import spending
from calculator.model.arrays import MONTHS
from calculator.model.benefit import CLASSES
from calculator.report.workbook.cells import (
    Live,
    largest,
    smallest,
    summed,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.part_d_grid import GROUP_NAMES, Grid
from calculator.report.workbook.part_d_prices import Prices
from calculator.report.workbook.part_d_run import LEAST_FLOW, Run


@dataclass
class Strata:
    """Rows of one year's strata."""

    users: Live  # share of all members who are users in the stratum
    within: Live  # share of the group's users
    in_group: list[Live]  # users' share by group, one cell each
    members: Live  # share of all members
    spend: Live
    mix: list[Live]  # class shares
    base: list[Live]  # standard claims by phase without model fills
    flow: Live
    after: Live  # coinsurance x flow
    deductible: Live
    threshold: Live
    coinsurance: Live
    least: Live
    in_deductible: Live  # most spending before the deductible is met
    at_threshold: Live  # spending at which standard claims reach the threshold
    rest: Live | None  # share of spending that is not on GLP-1 drugs in use today


def strata(run: Run, grid: Grid, year: int, found: Prices) -> Strata:
    """Spending and class shares of the strata, and their year without model fills."""
    inputs = run.evaluation.inputs

    def of_year(name: str) -> Live:
        return run.yearly(f"assumptions.benefit.{name}")[year]

    grid.title("The standard benefit")
    deductible = grid.one("Deductible", "USD a year", of_year("deductible"), number="usd")
    threshold = grid.one(
        "Out-of-pocket threshold", "USD a year", of_year("oop_threshold"), number="usd"
    )
    coinsurance = grid.one(
        "Coinsurance until the threshold",
        "share",
        of_year("initial_coinsurance"),
        number="share",
    )
    least = grid.one("Least flow, so that nothing is divided by 0", "USD a month", LEAST_FLOW)
    in_deductible = grid.one(
        "Most spending before the deductible is met",
        "USD a year",
        smallest(deductible, threshold),
        "benefit.year_phases",
        "usd",
    )
    at_threshold = grid.one(
        "Spending at the threshold",
        "USD a year",
        largest(threshold, deductible + (threshold - deductible) / largest(coinsurance, least)),
        "benefit.covered_spend_at_threshold",
        "usd",
    )
    grid.title("Strata", "Equal-probability points of yearly spending, the first spends nothing.")
    shape = grid.each

    def engine_row(label: str, unit: str, values: Any, engine: str, number: str = "exact") -> Live:
        flat = np.asarray(values, dtype=float).reshape(-1)
        return grid.row(label, unit, lambda k: float(flat[k]), engine, number)

    members = engine_row(
        "Members", "share of all members", inputs.weights[0], "spending.member_weights"
    )
    users = engine_row("GLP-1 users", "share of all users", inputs.user_weights[0], "spending.tilt")
    in_group = [
        grid.one(f"Users {name}", "share of all users", total(grid.part(users, g)), "", "exact")
        for g, name in enumerate(GROUP_NAMES)
    ]
    within = grid.row(
        "Users within their group",
        "share of the group's users",
        lambda k: where(in_group[k // shape] > 0, users[k] / in_group[k // shape], 0),
        "drug_costs.drug_costs",
        "exact",
    )
    rest = None
    if run.scenario.spending is not None:
        spend = engine_row(
            "Other drug spending",
            "USD a year",
            inputs.spend[0, year],
            "spending_inputs.own_strata",
            "usd",
        )
        mix = [
            engine_row(
                f"Share of {kind.replace('_', '-')} drugs",
                "share of spending",
                inputs.class_mix[0, year, ..., place],
                "own_spending.own_class_mix",
            )
            for place, kind in enumerate(CLASSES)
        ]
    else:
        spend, mix, rest = _national(run, grid, year, found, members)
    flow = grid.row(
        "Flow of standard claims", "USD a month", lambda k: spend[k] / MONTHS, "", "cents"
    )
    after = grid.row(
        "Members' share of it after the deductible",
        "USD a month",
        lambda k: coinsurance * flow[k],
        "",
        "cents",
    )

    def below(k: int) -> Live:
        return smallest(spend[k], at_threshold) - smallest(spend[k], in_deductible)

    base = [
        grid.row(
            "Before the deductible is met",
            "USD a year",
            lambda k: smallest(spend[k], in_deductible),
            "benefit.year_phases",
            "usd",
        ),
        grid.row("Until the threshold", "USD a year", below, "benefit.year_phases", "usd"),
        grid.row(
            "Above the threshold",
            "USD a year",
            lambda k: spend[k] - smallest(spend[k], at_threshold),
            "benefit.year_phases",
            "usd",
        ),
    ]
    return Strata(
        users,
        within,
        in_group,
        members,
        spend,
        mix,
        base,
        flow,
        after,
        deductible,
        threshold,
        coinsurance,
        least,
        in_deductible,
        at_threshold,
        rest,
    )


def _national(
    run: Run, grid: Grid, year: int, found: Prices, members: Live
) -> tuple[Live, list[Live], Live]:
    """The nation's strata at the plan's ratio, less the GLP-1 drugs in use today."""
    register = run.evaluation.register
    number = register.number
    points = grid.each - 1

    def shown(name: str) -> Any:
        run.inputs.fixed(f"assumptions.spending.{name}")
        return number(f"assumptions.spending.{name}")

    zero = shown("zero_share")
    unit_points = spending.unit_points(
        shown("body_sigma"), shown("tail_start"), shown("tail_index"), points
    )
    per_dollar = spending.strata(
        np.ones((1, 1)), zero, shown("lis_spend_ratio"), shown("national_lis_share"), unit_points
    )[0, 0].reshape(-1)
    shown("user_spend_ratio")
    day = run.january[year]
    relative = grid.row(
        "Spending against the nation's mean",
        "ratio",
        lambda k: float(per_dollar[k]),
        "spending.strata",
        "exact",
    )
    mean = grid.one(
        "Mean spending at the plan's ratio to the nation",
        "USD a year",
        run.assumed("spending.mean_gross", day) * run.inputs.number("plan.spend_ratio"),
        "spending_inputs.national_strata",
        "usd",
    )
    per_month = run.assumed("drugs.existing_fills_per_month", run.january[0])
    in_use = grid.one(
        "GLP-1 drugs in use today",
        "USD a member-year",
        per_month * MONTHS * summed([p.share * p.gross[year] for p in found.existing]),
        "spending_inputs.in_use_cost",
        "usd",
    )
    rest = grid.one(
        "Spending without them",
        "share",
        1 - in_use / (mean * sumproduct(members, relative)),
        "spending_inputs.national_strata",
        "exact",
    )
    spend = grid.row(
        "Other drug spending",
        "USD a year",
        lambda k: mean * relative[k] * rest,
        "spending_inputs.national_strata",
        "usd",
    )
    floor, rise, half = (
        run.assumed(f"spending.brand_share_{n}") for n in ("floor", "rise", "half")
    )
    under_mfp = run.assumed("spending.selected_share_of_brand", day)
    brand = grid.row(
        "Share of brand drugs",
        "share of spending",
        lambda k: floor + rise * spend[k] / (spend[k] + half),
        "spending.class_mix",
        "share",
    )
    selected = grid.row(
        "Share of selected drugs",
        "share of spending",
        lambda k: brand[k] * under_mfp,
        "spending.class_mix",
        "share",
    )
    applicable = grid.row(
        "Share of applicable drugs",
        "share of spending",
        lambda k: brand[k] - selected[k],
        "spending.class_mix",
        "share",
    )
    other = grid.row(
        "Share of non-applicable drugs",
        "share of spending",
        lambda k: 1 - brand[k],
        "spending.class_mix",
        "share",
    )
    return spend, [applicable, selected, other], rest
