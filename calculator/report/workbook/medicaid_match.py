"""Who pays, by payer: the match by federal fiscal year and group, and what it makes of a fill."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calculator.medicaid_groups import MATCH, fiscal_year
from calculator.presets import OCTOBER
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    blank,
    smallest,
    sumproduct,
    where,
)
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.medicaid_groups import GroupCells, group_name
from calculator.report.workbook.medicaid_program import Program


@dataclass(frozen=True)
class Matches:
    """Federal share by federal fiscal year and group, and what it makes of today's fills."""

    years: tuple[int, ...]
    match: Live  # (years, groups)

    def on(self, day: dt.date) -> Live:
        """The row of the federal fiscal year that holds a day."""
        return self.of_year(self.years.index(fiscal_year(day, OCTOBER)))

    def of_year(self, place: int) -> Live:
        """The row of a federal fiscal year."""
        return self.match[place, :]


def matches(program: Program, sheet: Sheet) -> Matches:
    """The table of match rates."""
    inputs = program.inputs
    firsts: dict[int, dt.date] = {}
    for day in program.months:
        firsts.setdefault(fiscal_year(day, OCTOBER), day)
    own = inputs.own("state.fmap")
    more = program.assumed("coverage.chip_enhancement")
    most = program.assumed("coverage.chip_match_limit")
    steps = Steps(
        sheet,
        "Federal share (match) by group",
        "A rate of your own (in_state_fmap) holds in every year; the enhanced rate follows it.",
    )
    steps.heading([group_name(name) for name in program.names])
    top = sheet.row

    def preset(kind: str, day: dt.date) -> Live:
        entry = program.bare[f"state.{kind}"]
        since = max(one for one in entry.values if one <= day)
        dated = entry.values[since]
        return inputs.preset(f"state.{kind}", dated.value, since, status=dated.status)

    for year, day in firsts.items():
        cells: dict[str, Live] = {}
        for kind in {MATCH[name] for name in program.names}:
            if kind == "expansion":
                cells[kind] = program.assumed("coverage.expansion_match", day)
            elif kind == "fmap":
                cells[kind] = where(blank(own), preset("fmap", day), own)
            else:
                enhanced = smallest(own + more * (1 - own), most)
                cells[kind] = where(blank(own), preset("efmap", day), enhanced)
        steps.row(
            f"Federal fiscal year {year}",
            "share of cost",
            [cells[MATCH[name]] for name in program.names],
            "medicaid_groups._match",
            "exact",
        )
    match = sheet.range(top, Steps.VALUES, len(firsts), len(program.names))
    return Matches(tuple(firsts), match)


WEIGHTS = (
    ("fee_state", "Fee for service, state"),
    ("fee_federal", "Fee for service, federal"),
    ("managed", "Managed care"),
    ("managed_state", "Managed care, state"),
    ("managed_federal", "Managed care, federal"),
    ("statutory", "Earning the statutory rebate"),
    ("statutory_state", "Statutory rebate, state"),
    ("statutory_federal", "Statutory rebate, federal by match"),
    ("on_top_state", "Supplemental on top, state"),
    ("on_top_federal", "Supplemental on top, federal"),
    ("alone_state", "Supplemental alone, state"),
    ("alone_federal", "Supplemental alone, federal"),
    ("state", "All, state"),
    ("federal", "All, federal"),
)


def weights_of(spread: Live, facts: GroupCells, match: Live) -> dict[str, Live]:
    """Formulas of the weights. spread: share of each group; match: its federal share."""
    managed = facts.managed
    return {
        "fee_state": sumproduct(spread, 1 - managed, 1 - match),
        "fee_federal": sumproduct(spread, 1 - managed, match),
        "managed": sumproduct(spread, managed),
        "managed_state": sumproduct(spread, managed, 1 - match),
        "managed_federal": sumproduct(spread, managed, match),
        "statutory": sumproduct(spread, facts.statutory),
        "statutory_state": sumproduct(spread, facts.statutory, 1 - match),
        "statutory_federal": sumproduct(spread, facts.statutory, match),
        "on_top_state": sumproduct(spread, facts.on_top, 1 - match),
        "on_top_federal": sumproduct(spread, facts.on_top, match),
        "alone_state": sumproduct(spread, facts.alone, 1 - match),
        "alone_federal": sumproduct(spread, facts.alone, match),
        "state": sumproduct(spread, 1 - match),
        "federal": sumproduct(spread, match),
    }
