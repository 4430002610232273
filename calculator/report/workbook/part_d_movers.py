"""Who comes in order to use the drug, by plan year (model section 9), on the sheet Selection."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.report.workbook.cells import Live, smallest, summed, where
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.part_d_run import Run, flag

SELECTION = "Selection"
GROUPS = ("without low-income subsidy", "with low-income subsidy")


@dataclass
class Movers:
    """Rows by plan year; all are 0 where selection is left out."""

    people: list[Live]  # who has come, by group
    bridge: list[Live]  # Bridge users among them against own Bridge users; one cell a group
    initiation: Live
    leaving: Live  # own eligible members who move away when the plan stays out
    priced: Live  # 1 where the bid expects them
    risk_ratio: Live  # one cell


def movers(run: Run, eligible: Live, bridge_users: Live | float) -> Movers:
    """Write who comes, as part_d_inputs.movers reads it."""
    sheet = run.book.sheet(SELECTION)
    sheet.title(
        "Selection",
        "Eligible members of plans outside who come in order to use the drug. They count where"
        " selection.include is yes on the sheet Inputs.",
    )
    for column, width in enumerate((50, 22, 30, *[14] * len(run.years))):
        sheet.widths[column] = float(width)
    sheet.frozen = (2, 1)
    steps = Steps(sheet, "Readings")
    steps.heading(["Value"])
    years = range(len(run.years))

    def assumed(name: str) -> Live:
        return run.assumed(f"selection.{name}")

    include = steps.row(
        "Those who come are in the value", "1 or 0", [flag(run.said("selection.include"))]
    )
    share = assumed("joining_share")
    outside = steps.row(
        "Eligible members outside for each own one",
        "people",
        [assumed("capture") * (1 - share) / share],
        "selection.outside_per_own",
        "exact",
    )
    risk = steps.row("Risk score against the plan's", "ratio", [assumed("mover_risk_ratio")])
    lis = run.inputs.fixed("plan.lis_share")
    rate = run.yearly("assumptions.selection.movers")
    people, bridge, leaving = [], [], []
    for place, name in enumerate(GROUPS):
        steps.title(f"Members {name}")
        steps.heading(run.names)
        ratio = assumed("lis_movers_ratio") if place else None
        part = lis if place else 1 - lis
        own = steps.row(
            "Move in a year",
            "share of the eligible",
            [smallest(rate[y] * ratio if ratio is not None else rate[y], 1) for y in years],
            "part_d_inputs.movers",
            "share",
        )
        on_bridge = steps.row(
            "Bridge users who move in the first year",
            "share of Bridge users",
            [smallest(own[0] * assumed("bridge_movers_ratio"), 1)],
            "part_d_inputs.movers",
            "share",
        )
        stayed = _stayed(steps, "Have not moved", [own[y] for y in years])
        stayed_bridge = _stayed(
            steps, "Bridge users who have not moved", [on_bridge, *(own[y] for y in years[1:])]
        )
        moving = steps.row(
            "Have moved, in this plan's numbers",
            "people",
            [
                part
                * (
                    (eligible[y] - bridge_users) * (1 - stayed[y])
                    + bridge_users * (1 - stayed_bridge[y])
                )
                for y in years
            ],
            "selection.joiners",
            "tenths",
        )
        people.append(
            steps.row(
                "Have come",
                "people",
                [include * outside * moving[y] for y in years],
                "part_d_inputs.movers",
                "tenths",
            )
        )
        bridge.append(
            steps.row(
                "Bridge users among them, against own",
                "ratio",
                [include * on_bridge * part * outside],
                "part_d_inputs.movers",
                "exact",
            )
        )
        leaving.append(moving)
    steps.title("All members")
    steps.heading(run.names)
    away = steps.row(
        "Move away when staying out",
        "people",
        [include * summed([row[y] for row in leaving]) for y in years],
        "part_d_inputs.movers",
        "tenths",
    )
    priced_from = assumed("priced_from_year")
    priced = steps.row(
        "The bid expects those who come",
        "1 or 0",
        [where(priced_from <= y + 1, include, 0) for y in years],
        "part_d_inputs.movers",
    )
    initiation = steps.row(
        "Those of them never treated who start in a year",
        "share",
        run.yearly("assumptions.selection.mover_initiation"),
        "",
        "share",
    )
    return Movers(people, bridge, initiation, away, priced, risk)


def _stayed(steps: Steps, label: str, rates: list[Live]) -> Live:
    """1 less the rate, compounded: model.selection.moved."""

    def make(before: Live | None, place: int) -> Live:
        return 1 - rates[place] if before is None else before * (1 - rates[place])

    return steps.running(label, "share", len(rates), make, "selection.moved", "share")
