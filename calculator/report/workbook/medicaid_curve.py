"""Cohort, by month of therapy: who is still treated, and what a year of therapy does to cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator.model.arrays import MONTHS
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    blank,
    exponential,
    largest,
    live,
    logarithm,
    smallest,
    where,
)
from calculator.report.workbook.layout import Block, Column
from calculator.report.workbook.medicaid_program import Program
from calculator.sections import Curve
from calculator.therapy_inputs import OFFSETS

SHARE = "share"
# Curves by name, as a scenario may choose them.
CURVES: tuple[str, ...] = Curve.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Life:
    """One branch's therapy by months since the start, rising and reversed."""

    starting: Column  # share still on therapy: who starts is read off it
    treated: Column  # the same where a cap ends therapy
    starting_back: Column  # the same with enrollment, the latest month last
    treated_back: Column
    effect_back: Column  # times the effect of that year on therapy
    rows_back: int


@dataclass(frozen=True)
class Facts:
    """Numbers of therapy that hold in every month."""

    stay: Live  # share of enrollees who stay a month
    restart: Live
    fills: Live  # fills per month on therapy
    fade: Live  # of the effect after stopping, a month
    first_effect: Live
    cap: Live | None
    kept: Column  # still enrolled, by month of therapy
    effect: Column  # USD per treated year, by month of therapy
    join: Life
    stay_out: Life


def _chosen(word: Live, names: tuple[str, ...], cells: list[Live]) -> Live:
    """The cell of the name that was chosen."""
    found = cells[-1]
    for name, cell in list(zip(names, cells, strict=True))[-2::-1]:
        found = where(word.same(name), cell, found)
    return found


def therapy(program: Program, sheet: Sheet, column: int, span: int) -> tuple[Facts, int]:
    """Columns by month of therapy, right of `column`; also the next free column.

    span: months of own coverage before the horizon, hence ages of those already treated.
    """
    inputs, scenario = program.inputs, program.scenario
    horizon = len(program.months)
    ages = span + horizon
    facts = Block(sheet, column, ages)
    facts.section("Therapy (not by the month on the left)")
    label, value = facts.column("What", ""), facts.column("Value", "", number="exact")
    sheet.widths[label.column] = 40.0

    def fact(text: str, content: Any) -> Live:
        label.put(text)
        return value.put(content)

    own = scenario.therapy.persistence_points
    one = live(1)

    def ratio(flag: str, path: str) -> Live:
        return where(inputs.word(flag).same("yes"), program.assumed(path), 1)

    of_members = one
    if not own:
        age = fact(
            "Hazard at 65 and over, times",
            ratio("therapy.age_65_effect", "persistence.hazard_ratio_age_65"),
        )
        dual = fact(
            "Hazard with dual eligibility, times",
            ratio("therapy.dual_effect", "persistence.hazard_ratio_dual"),
        )
        of_members = fact("Hazard of these members, times", age * dual)
        word = inputs.word("therapy.curve")
        kappa, scale = (
            fact(
                f"Curve: {name} ({part})",
                _chosen(
                    word, CURVES, [program.assumed(f"persistence.{one}_{part}") for one in CURVES]
                ),
            )
            for name, part in (("shape", "kappa"), ("months", "scale"))
        )
    else:
        inputs.fixed("therapy.persistence_points")
    lifestyle = fact(
        "Hazard with lifestyle support, times",
        ratio("terms.lifestyle_support", "persistence.hazard_ratio_lifestyle"),
    )
    joined = fact("Hazard when joining, times", of_members * lifestyle)
    stay = fact("Stay enrolled a month", 1 - program.assumed("coverage.churn_monthly"))
    restart = fact(
        "Start again in a month, of those who stopped",
        1 - (1 - program.assumed("persistence.restart_one_year")) ** (one / MONTHS),
    )
    fills = fact("Fills a month on therapy", program.assumed("persistence.fills_per_month"))
    fade = fact(
        "Effect carried on a month after stopping",
        stay * exponential(-(one / program.assumed("offsets.offset_decay_months"))),
    )
    chosen = inputs.word("therapy.offsets")
    first, step, limit = (
        fact(
            f"Medical effect: {text}",
            _chosen(chosen, OFFSETS, [program.assumed(f"offsets.{one}_{part}") for one in OFFSETS]),
        )
        for text, part in (
            ("first year, USD", "first_year"),
            ("more each year, USD", "yearly_step"),
            ("limit, USD", "limit"),
        )
    )
    points = []
    if own:
        points = [
            (
                month,
                fact(f"Own point {place}: months", float(month)),
                fact(f"Own point {place}: still on therapy", float(share)),
            )
            for place, (month, share) in enumerate(own.items(), start=1)
        ]

    years = Block(sheet, facts.next + 1, (ages - 1) // MONTHS + 1)
    sheet.widths[facts.next] = 2.0
    years.section("By year of therapy")
    number = years.filled("Year on therapy", "0: the first", float)
    path = years.filled(
        "Path", "USD a year", lambda n: first + step * number[n],
        "offsets.effect_by_year_on_therapy", "cents",
    )  # fmt: skip
    yearly = years.filled(
        "Effect",
        "USD a year",
        lambda n: where(
            step < 0,
            largest(path[n], limit),
            where(step > 0, smallest(path[n], limit), path[n]),
        ),
        "offsets.effect_by_year_on_therapy",
        "cents",
    )

    block = Block(sheet, years.next + 1, ages)
    sheet.widths[years.next] = 2.0
    block.section("By month of therapy (not by the month on the left)")
    age_of = block.filled("Months since the start", "months", float)
    source = "cohort.survival_through_points" if own else "cohort.survival"
    hazard = block.filled(
        "Cumulative hazard",
        "before ratios",
        (lambda a: _through(points, a, age_of[a]))
        if own
        else (lambda a: (age_of[a] / scale) ** kappa),
        source,
        "exact",
    )
    cap = None
    if scenario.uptake.form != "monthly_fills":
        cap = program.assumed("coverage.duration_cap_months")
        covered = block.filled(
            "Within the cap",
            "1: yes",
            lambda a: where(blank(cap), 1, where(age_of[a] < cap, 1, 0)),
            "medicaid_inputs._curve",
        )
    given = scenario.uptake.form != "share_of_eligibles"

    def curves_of(title: str, times: Live) -> tuple[Column, Column]:
        """Still on therapy: for who starts, and within the cap."""
        free = block.filled(
            f"Still on therapy, {title}",
            SHARE,
            lambda a: exponential(-(times * hazard[a])),
            source,
            "exact",
        )
        if cap is None:
            return free, free
        within = block.filled(
            f"Still on therapy and covered, {title}",
            SHARE,
            lambda a: free[a] * covered[a],
            "medicaid_inputs._curve",
            "exact",
        )
        # Given fills were seen without a cap: who starts is read off them, then the cap ends it.
        return (free if given else within), within

    curves = {
        "join": curves_of("joining", joined),
        "stay_out": curves_of("staying out", of_members),
    }
    kept = block.filled(
        "Still enrolled", SHARE, lambda a: stay ** age_of[a], "cohort.project", "exact"
    )
    effect = block.filled(
        "Effect of that year", "USD a year", lambda a: yearly[a // MONTHS], number="cents"
    )

    def life(branch: str, title: str, rows: int, at: int) -> tuple[Life, int]:
        """The curves of a branch with enrollment, the latest month last."""
        sheet.widths[at] = 2.0
        back = Block(sheet, at + 1, rows)
        back.section(f"The latest month last, {title}")
        back.filled("Months since the start", "months", lambda r: float(rows - 1 - r))
        starting, treated = curves[branch]

        def turned(name: str, curve: Column, times: Column | None, unit: str) -> Column:
            def cell(r: int) -> Live:
                found = curve[rows - 1 - r] * kept[rows - 1 - r]
                return found if times is None else found * times[rows - 1 - r]

            return back.filled(name, unit, cell, "cohort.project", "exact")

        starting_back = turned("Still enrolled and on therapy", starting, None, SHARE)
        treated_back = starting_back
        if treated is not starting:
            treated_back = turned("The same within the cap", treated, None, SHARE)
        effect_back = turned("Medical effect", treated, effect, "USD a year")
        found = Life(starting, treated, starting_back, treated_back, effect_back, rows)
        return found, back.next

    join, at = life("join", "joining", horizon, block.next)
    stay_out, at = life("stay_out", "staying out", max(horizon, span), at)
    return Facts(stay, restart, fills, fade, yearly[0], cap, kept, effect, join, stay_out), at


def _through(points: list[tuple[int, Live, Live]], month: int, age: Live) -> Live:
    """Cumulative hazard through the user's own points: straight between and beyond them."""
    knots = [0, *(at for at, _, _ in points)]
    at = [live(0), *(cell for _, cell, _ in points)]
    hazards = [live(0), *(-logarithm(share) for _, _, share in points)]
    left = min(int(np.searchsorted(knots, month, side="right")) - 1, len(knots) - 2)
    slope = (hazards[left + 1] - hazards[left]) / (at[left + 1] - at[left])
    return hazards[left] + slope * (age - at[left])
