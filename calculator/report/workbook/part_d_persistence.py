"""Share still on therapy by age of therapy, and the months of the Bridge and the horizon.

Ages of therapy run from the longest down, so that a column of starts and the column of shares
still on therapy stand the right way round for one SUMPRODUCT a month.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from calculator.bridge_inputs import months_between
from calculator.model.arrays import MONTHS
from calculator.model.cohort import survival_through_points
from calculator.report.workbook.cells import (
    Live,
    exponential,
    largest,
    live,
    smallest,
    where,
)
from calculator.report.workbook.layout import FIRST, HEAD_HEIGHT, NAME, Block, Column, Steps
from calculator.report.workbook.part_d_run import PERSISTENCE, Run, chosen
from calculator.therapy_inputs import OFFSETS

CURVES = ("prime_2021", "denmark", "prime_2024", "blue_health")


@dataclass(frozen=True)
class Calendar:
    """Months of the Bridge and of the horizon on one axis."""

    first: dt.date  # of the axis
    before: int  # months before the horizon
    count: int  # months of the horizon
    opens: int  # the Bridge's first month on the axis, and the one after its last
    closes: int

    @property
    def precedes(self) -> bool:
        """Whether the Bridge opens before the horizon."""
        return self.opens < self.before

    @property
    def converts(self) -> bool:
        """Whether somebody is on the Bridge on the day before joining."""
        return self.opens < self.before <= self.closes

    def active(self, month: int) -> int:
        """Whether the Bridge runs in a month of the axis."""
        return int(self.opens <= month < self.closes)

    def date(self, month: int) -> dt.date:
        """The first day of a month of the axis."""
        place = self.first.month - 1 + month
        return dt.date(self.first.year + place // MONTHS, place % MONTHS + 1, 1)


def calendar(run: Run) -> Calendar:
    """The calendar as bridge_inputs has it."""
    register = run.evaluation.register
    start = dt.date(run.years[0], 1, 1)
    opens = register.day("assumptions.timeline.bridge_start")
    closes = register.day("assumptions.timeline.bridge_end") + dt.timedelta(days=1)
    first = min(opens, start)
    first = first.replace(day=1)
    return Calendar(
        first=first,
        before=months_between(first, start),
        count=len(run.years) * MONTHS,
        opens=months_between(first, opens),
        closes=months_between(first, closes),
    )


@dataclass(frozen=True)
class Ages:
    """A column by age of therapy, the longest first."""

    column: Column
    count: int

    def at(self, age: int) -> Live:
        """The cell of an age."""
        return self.column[self.count - 1 - age]

    def span(self, low: int, high: int) -> Live:
        """Ages from `high` down to `low`."""
        return self.column.part(self.count - 1 - high, self.count - low)


@dataclass
class Persistence:
    """Cells of the sheet of persistence."""

    stay: Live  # share of members who stay a month
    restart: Live
    fade: Live
    fills_per_month: Live
    first_effect: Live
    curve: Ages
    kept: Ages
    alive: Ages
    curve_effect: Ages
    alive_effect: Ages
    bridge_alive: Ages
    bridge_effect: Ages
    own_curve: Ages | None = None  # of own coverage today: no lifestyle support
    own_alive: Ages | None = None
    own_curve_effect: Ages | None = None
    own_alive_effect: Ages | None = None
    stock: Ages | None = None  # people who come from the Bridge, by age of therapy
    per_survivor: Ages | None = None  # the same over the share who come that far
    block: Block | None = None


def persistence(run: Run, axis: Calendar) -> Persistence:
    """The sheet of persistence: rates on the left, shares by age of therapy beside them."""
    sheet = run.book.sheet(PERSISTENCE)
    sheet.title(
        "Persistence",
        "Share still on therapy by months since the start, with the effects that the scenario"
        " names; ages run from the longest down.",
    )
    own_points = run.scenario.therapy.persistence_points
    steps = Steps(sheet, "Rates")
    steps.heading(["Value"])

    def one(label: str, unit: str, cell: Live, engine: str = "") -> Live:
        return steps.row(label, unit, [cell], engine, "exact")

    word = run.inputs.word
    if not own_points:
        curve = word("therapy.curve")
        shape, scale = (
            one(
                f"{name} of the curve",
                unit,
                chosen(
                    curve, {one: run.assumed(f"persistence.{one}_{name.lower()}") for one in CURVES}
                ),
                "cohort.survival",
            )
            for name, unit in (("Kappa", "number"), ("Scale", "months"))
        )
    else:
        run.inputs.fixed("therapy.persistence_points")

    def effect(label: str, path: str, ratio: str) -> Live:
        cell = where(run.said(path), run.assumed(f"persistence.{ratio}"), 1)
        return one(label, "ratio", cell, "therapy_inputs.persistence")

    age = dual = live(1)
    if not own_points:
        age = effect("Hazard at 65 and over", "therapy.age_65_effect", "hazard_ratio_age_65")
        dual = effect("Hazard of dual eligibles", "therapy.dual_effect", "hazard_ratio_dual")
    lifestyle = effect(
        "Hazard with lifestyle support", "terms.lifestyle_support", "hazard_ratio_lifestyle"
    )
    ratio = one("Stopping hazard in the model", "ratio", age * dual * lifestyle)
    bridge_ratio = one("Stopping hazard under the Bridge", "ratio", age)
    kind = "pdp" if run.scenario.plan.type == "pdp" else "ma"
    yearly = run.assumed(f"persistence.annual_disenrollment_{kind}")
    churn = one(
        "Members who leave in a month",
        "share",
        1 - (1 - yearly) ** (live(1) / MONTHS),
        "arrays.monthly_probability",
    )
    stay = one("Members who stay a month", "share", 1 - churn)
    restart = one(
        "Start again in a month",
        "share of stopped",
        1 - (1 - run.assumed("persistence.restart_one_year")) ** (live(1) / MONTHS),
        "arrays.monthly_probability",
    )
    decay = run.assumed("offsets.offset_decay_months")
    fade = one(
        "Effect still carried a month later",
        "share",
        stay * exponential(-1 / decay),
        "cohort.carried_effect",
    )
    chosen_effect = word("therapy.offsets")
    first, step, limit = (
        one(
            label,
            "USD a member-year",
            chosen(
                chosen_effect,
                {name: run.assumed(f"offsets.{name}_{part}") for name in OFFSETS},
            ),
            "therapy_inputs.offset_effect",
        )
        for label, part in (
            ("Part A and B effect, first year on therapy", "first_year"),
            ("Step with each further year", "yearly_step"),
            ("Not beyond", "limit"),
        )
    )
    ages = axis.before + axis.count + 1
    effects = []
    for year in range((ages - 1) // MONTHS + 1):
        path = first + year * step
        moved = where(step < 0, largest(path, limit), smallest(path, limit))
        effects.append(
            one(
                f"Effect in year {year + 1} on therapy",
                "USD a member-year",
                where(step.same(0), first, moved),
                "offsets.effect_by_year_on_therapy",
            )
        )

    block = Block(sheet, Steps.VALUES + 2, ages)
    for column in range(4):
        sheet.widths[column] = (38.0, 18.0, 30.0, 12.0)[column]
    sheet.heights |= {NAME: HEAD_HEIGHT}
    sheet.frozen = (FIRST, 1)
    block.section("By age of therapy")
    age_of = block.filled("Months since the start", "months", lambda place: ages - 1 - place)

    def by_age(name: str, unit: str, make: object, engine: str = "", number: str = "exact") -> Ages:
        column = block.filled(name, unit, lambda place: make(ages - 1 - place), engine, number)  # type: ignore[operator]
        return Ages(column, ages)

    if own_points:
        month = np.arange(ages, dtype=float)
        at, shares = np.array(list(own_points), dtype=float), np.array(list(own_points.values()))
        through = -np.log(survival_through_points(month, at, shares))
        hazard = by_age("Hazard so far", "own points", lambda age: float(through[age]))
    else:
        hazard = by_age(
            "Hazard so far",
            "number",
            lambda age: (age_of[ages - 1 - age] / scale) ** shape,
            "cohort.survival",
        )
    kept = by_age("Still members", "share", lambda age: stay ** age_of[ages - 1 - age])

    def group(title: str, ratio: Live) -> tuple[Ages, Ages]:
        curve = by_age(
            f"Still on therapy, {title}",
            "share",
            lambda age: exponential(-(ratio * hazard.at(age))),
            "cohort.survival",
        )
        alive = by_age(
            f"Members on therapy, {title}", "share", lambda age: curve.at(age) * kept.at(age)
        )
        return curve, alive

    def weighed(title: str, shares: Ages) -> Ages:
        return by_age(
            f"Effect, {title}",
            "USD a year",
            lambda age: shares.at(age) * effects[age // MONTHS],
            number="cents",
        )

    curve_, alive = group("in the model", ratio)
    _, bridge_alive = group("Bridge", bridge_ratio)
    found = Persistence(
        stay=stay,
        restart=restart,
        fade=fade,
        fills_per_month=run.assumed("persistence.fills_per_month"),
        first_effect=effects[0],
        curve=curve_,
        kept=kept,
        alive=alive,
        curve_effect=weighed("came with therapy", curve_),
        alive_effect=weighed("in the model", alive),
        bridge_alive=bridge_alive,
        bridge_effect=weighed("Bridge", bridge_alive),
        block=block,
    )
    if run.evaluation.inputs.supplement is not None:
        found.own_curve, found.own_alive = group("own coverage today", age * dual)
        found.own_curve_effect = weighed("came with therapy, own coverage", found.own_curve)
        found.own_alive_effect = weighed("own coverage", found.own_alive)
    return found
