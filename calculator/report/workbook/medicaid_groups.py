"""Who pays, by group: who is enrolled and eligible, managed care, and the rebates earned."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.medicaid_groups import USES_TODAY, WITHOUT_STATUTORY_REBATE
from calculator.presets import ADULT_GROUPS
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    blank,
    live,
    rounded,
    smallest,
    total,
    where,
)
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.medicaid_program import Program, preset_people


@dataclass(frozen=True)
class GroupCells:
    """Rows of facts, one column a group; the budget's groups first, then the others."""

    used: Live  # people in the first month, or in the month of the count
    since: Live  # months from the count to the first month
    kept: Live  # share kept after work requirements
    trend: Live
    eligible: Live
    today: Live  # 1: has today's covered uses
    managed: Live  # the budget's groups only, as all below
    statutory: Live
    on_top: Live  # 1: a supplemental rebate on top of the statutory one
    alone: Live  # 1: a supplemental rebate alone
    counted_others: Live  # 1: groups outside the budget are counted
    threshold: Live  # share of adults with obesity above the state's BMI


def group_facts(program: Program, sheet: Sheet) -> GroupCells:
    """Tables of the state's counts and of its groups."""
    inputs = program.inputs
    threshold, adults = _eligible_adults(program, sheet)
    preset, gap = ({}, live(0)) if program.shares else preset_people(program, sheet)
    names = (*program.names, *program.others)
    steps = Steps(sheet, "Groups: who is enrolled and eligible, and what their fills earn")
    steps.heading([group_name(name) for name in names])
    own = [inputs.own(f"groups.{name}.enrollment") for name in names] if not program.shares else []
    if program.shares:
        used, since = _by_share(program, steps)
    else:
        used = steps.row(
            "People, as counted or as given",
            "people",
            [
                where(blank(cell), preset[name], cell) if name in preset else cell
                for name, cell in zip(names, own, strict=True)
            ],
            "medicaid_groups._enrollment",
            "people",
        )
        since = steps.row(
            "Months it moves before the first one; none for an own number",
            "months",
            [where(blank(cell), gap, 0) if name in preset else live(0)
             for name, cell in zip(names, own, strict=True)],
            "medicaid_groups._enrollment",
        )  # fmt: skip
    loss = program.assumed("coverage.work_requirement_expansion_loss")
    kept = steps.row(
        "Kept after work requirements",
        "share",
        [1 - loss if name == "expansion_adults" else live(1) for name in names],
        "medicaid_groups._enrollment",
        "share",
    )
    every = program.assumed("coverage.enrollment_trend")
    own_trend = [inputs.number(f"groups.{name}.trend") for name in names]
    trend = steps.row(
        "Yearly change of enrollment",
        "share a year",
        [where(blank(cell), every, cell) for cell in own_trend],
        "medicaid_groups._enrollment",
        "share",
    )
    own_share = [inputs.number(f"groups.{name}.eligible_share") for name in names]
    eligible = steps.row(
        "Newly eligible",
        "share of the group",
        [
            where(blank(cell), adults if name in ADULT_GROUPS else live(0), cell)
            for name, cell in zip(names, own_share, strict=True)
        ],
        "medicaid_groups._eligible_share",
        "share",
    )
    today = steps.row(
        "Has GLP-1 uses covered today",
        "1: yes",
        [float(name in USES_TODAY) for name in names],
        "medicaid_groups.USES_TODAY",
    )
    carved = program.assumed("coverage.managed_care_share")
    managed = steps.row(
        "Pharmacy benefit in managed care",
        "share of the group",
        [
            _managed(program, name, carved)
            for name in program.names
        ],
        "medicaid_groups.build_groups",
        "share",
    )  # fmt: skip
    statutory = steps.row(
        "Fills earn the statutory rebate",
        "1: yes",
        [float(name not in WITHOUT_STATUTORY_REBATE) for name in program.names],
        "medicaid_groups.WITHOUT_STATUTORY_REBATE",
    )
    supplemental = steps.row(
        "Fills earn a supplemental rebate",
        "1: yes",
        [
            where(inputs.word(f"groups.{name}.supplemental_eligible").same("yes"), 1, 0)
            for name in program.names
        ],
        "medicaid_groups.build_groups",
    )
    pairs = list(zip(statutory, supplemental, strict=True))
    on_top = steps.row(
        "of it, on top of the statutory one", "1: yes", [one * two for one, two in pairs]
    )
    alone = steps.row("of it, alone", "1: yes", [(1 - one) * two for one, two in pairs])
    counted_others = live(1)
    if program.others:
        left = steps.row(
            "Enrollment left to the preset",
            "1: yes",
            [where(blank(cell), 1, 0) for cell in own[: len(program.names)]],
        )
        counted_others = Steps(sheet, "Groups outside this budget").row(
            "They are counted, unless every group of it is given",
            "1: yes",
            [where(total(left) > 0, 1, 0)],
            "medicaid_groups._counted_too",
        )
    return GroupCells(
        used, since, kept, trend, eligible, today, managed, statutory, on_top, alone,
        counted_others, threshold,
    )  # fmt: skip


def _managed(program: Program, name: str, everywhere: Live) -> Live:
    path = f"groups.{name}.managed_share"
    own = program.inputs.own(path)
    found = program.bare.get(path)
    if found is not None:
        # Nothing of the pharmacy benefit is in managed care there.
        dated = next(iter(found.values.values()))
        everywhere = program.inputs.preset(path, dated.value, status=dated.status)
    return where(blank(own), everywhere, own)


def _eligible_adults(program: Program, sheet: Sheet) -> tuple[Live, Live]:
    """Share of adults with obesity above the state's BMI threshold, and of adults who qualify."""
    bmi = program.assumed("coverage.bmi_threshold")
    above_35 = program.assumed("coverage.share_above_bmi_35")
    above_40 = program.assumed("coverage.share_above_bmi_40")
    steps = Steps(sheet, "Adults who are newly eligible, and the state's own BMI threshold")
    source = "medicaid_groups.above_bmi"
    # Straight lines between 30 (all of them), 35 and 40, five points of BMI apart.
    knots = [steps.row(f"Knot of BMI {knot:.0f}", "BMI", [knot], source) for knot in (30.0, 35.0)]
    span = steps.row("Points between knots", "BMI", [5.0], source)
    parts = []
    for knot, more, fewer in zip(knots, (live(1), above_35), (above_35, above_40), strict=True):
        way = steps.row(
            f"Way from {knot.value:.0f} to {knot.value + span.value:.0f}",
            "share",
            [where(blank(bmi), 0, smallest(where(bmi > knot, (bmi - knot) / span, 0), 1))],
            source,
            "share",
        )
        parts.append(
            steps.row(
                "of it, lost", "share of obese adults", [way * (more - fewer)], source, "share"
            )
        )
    threshold = steps.row(
        "Adults with obesity at or above the threshold",
        "share of obese adults",
        [rounded(1 - parts[0] - parts[1], 12)],
        source,
        "share",
    )
    return threshold, _adult_share(program, steps, threshold)


def _by_share(program: Program, steps: Steps) -> tuple[Live, Live]:
    """Groups given as shares of the state's enrollment: the last share is what others leave."""
    inputs = program.inputs
    every = inputs.number("state.enrollment")
    shares = [inputs.number(f"groups.{name}.share") for name in program.names[:-1]]
    rest = live(1)
    for one in shares:
        rest = rest - one
    used = [share * every for share in (*shares, rest)]
    source = "medicaid_groups._enrollment"
    return (
        steps.row("People, as counted or as given", "people", used, source, "people"),
        steps.row(
            "Months it moves before the first month", "months", [0.0] * len(program.names), source
        ),
    )


def _adult_share(program: Program, steps: Steps, threshold: Live) -> Live:
    """Newly eligible among adults: with obesity, above the threshold, without a covered use."""
    inputs, path = program.inputs, "state.obesity_share"
    own = inputs.own(path)
    found = program.bare.get(path)
    obese = own
    if found is not None:
        dated = next(iter(found.values.values()))
        obese = where(blank(own), inputs.preset(path, dated.value, status=dated.status), own)
    source = "medicaid_groups._eligible"
    of_all = steps.row("Adults with obesity", "share of adults", [obese], source, "share")
    return steps.row(
        "Adults newly eligible",
        "share of adults",
        [
            smallest(
                of_all
                * program.assumed("coverage.prevalence_ratio")
                * program.assumed("coverage.newly_eligible_share_of_obese")
                * threshold,
                1,
            )
        ],
        source,
        "share",
    )


def group_name(name: str) -> str:
    """A group as a heading.

    >>> group_name("medicaid_chip"), group_name("expansion_adults")
    ('Medicaid CHIP', 'Expansion adults')
    """
    words = name.replace("_", " ").replace("chip", "CHIP")
    return words[0].upper() + words[1:]
