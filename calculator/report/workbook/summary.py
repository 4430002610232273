"""The sheet Summary: the answer in a sentence that follows the inputs, and what lies behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator.report.workbook.book import LOOKS, Book, Sheet
from calculator.report.workbook.cells import (
    Live,
    absolute,
    both,
    money,
    plural,
    rounded,
    said,
    total,
    where,
)
from calculator.report.workbook.limits import Counts
from calculator.result import Decision

SUMMARY = "Summary"
COLOURS = ("#1B6B93", "#9AA5AD", "#C97B2D")
MILLION = 1e6
# Dollars on an axis, in thousands and in millions.
AXES = {False: '$#,##0,"K";\u2212$#,##0,"K"', True: '$#,##0.0,,"M";\u2212$#,##0.0,,"M"'}
# Columns of the summary that a page has room for.
WIDE = 8


@dataclass(frozen=True)
class Told:
    """What the summary shows. Cells, so that it follows the inputs."""

    sentence: Callable[[Live], Live]  # of the total as text, without its sign
    total: Live
    figures: Sequence[tuple[str, Live, str]]  # label, cell, number format
    periods: Sequence[str]
    rows: Sequence[tuple[str, Live]]  # label, a row with a cell for each period
    value: int = -1  # which of the rows the first chart shows
    period: str = "plan year"


@dataclass(frozen=True)
class Full:
    """The calculator's own figure beside this file's, as cells of the sheet Checks."""

    points: Live  # of spending a group, in this file
    value: Live  # USD, in full, for the inputs as written
    gap: Live  # USD, this file less full
    gap_pmpm: Live


@dataclass(frozen=True)
class Checked:
    """What the sheet Checks found."""

    broken: Live
    full: Full | None


def worth_sentence(when: str, until: str, who: str, pmpm: Live, amount: Live) -> Live:
    """The answer in one sentence, as a formula: what joining is worth, to whom, until when.

    amount: the value in total as text, without its sign. As report.verdict.opening says it.
    """
    each = said(money(pmpm), " per member per month (PMPM)")
    to_end = said(", ", amount, f" to {until}.")
    return where(
        rounded(pmpm, 2).same(0),
        f"Joining from {when} changes nothing for {who} to within a cent PMPM.",
        where(
            pmpm < 0,
            said(f"Joining from {when} costs {who} ", each, to_end),
            said(f"Joining from {when} is worth ", each, f" to {who}", to_end),
        ),
    )


# Powers of ten by which an amount is said.
TEN, HUNDRED, THOUSAND, TEN_THOUSAND, HUNDRED_THOUSAND, BILLION = 10, 100, 1e3, 1e4, 1e5, 1e9


def amount_words(sheet: Sheet, row: int, amounts: Mapping[str, Live]) -> dict[str, Live]:
    """Amounts as text, step by step: three significant figures, as report.words.dollars has them.

    Without their signs. One column an amount, below what is printed.
    """
    sheet.put(row, 0, "How the amounts above are said", look="title")
    steps = ("Amount, USD", "Its size", "Said in units of", "In these units", "Decimals", "Rounded",
             "Thousands", "The rest", "Said", "With its sign")  # fmt: skip
    sheet.down(row + 2, 0, steps)
    found = {}
    for place, (name, amount) in enumerate(amounts.items(), start=1):
        sheet.put(row + 1, place, name, look="number head")

        def step(down: int, content: Any, number: str = "", place: int = place) -> Live:
            return sheet.put(row + 2 + down, place, content, number)

        given = step(0, amount, "usd")
        size = step(1, absolute(given))
        million = rounded(size, -3) >= MILLION
        unit = step(2, where(size >= BILLION, BILLION, where(million, MILLION, 1)))
        scaled = step(3, size / unit)
        small = where(
            scaled < HUNDRED,
            2,
            where(
                scaled < THOUSAND,
                0,
                where(scaled < TEN_THOUSAND, -1, where(scaled < HUNDRED_THOUSAND, -2, -3)),
            ),
        )
        large = where(scaled < TEN, 2, where(scaled < HUNDRED, 1, 0))
        digits = step(4, where(unit.same(1), small, large))
        shown = step(5, rounded(scaled, digits))
        thousands = step(6, rounded(shown / THOUSAND - 0.5))
        rest = step(7, shown - thousands * THOUSAND)
        zeros = where(rest < TEN, "00", where(rest < HUNDRED, "0", ""))
        whole = where(shown >= THOUSAND, said(thousands, ",", zeros, rest), said(shown, ""))
        point = where(digits.same(1), ".0", ".00")
        one_place = where(both(digits.same(2), shown.same(rounded(shown, 1))), "0", "")
        ending = where(digits > 0, where(shown.same(rounded(shown)), point, one_place), "")
        letter = where(unit.same(BILLION), "B", where(unit.same(MILLION), "M", ""))
        found[name] = step(8, said("$", whole, ending, letter))
        step(9, said(where(given < 0, "\u2212", ""), found[name]))
    sheet.row = row + 2 + len(steps)
    return found


def summary(
    book: Book,
    decision: Decision,
    told: Told,
    sentence: str,
    counts: Counts,
    checked: Checked,
) -> None:
    """The answer. sentence: the engine's own words for the inputs as they were."""
    sheet = book.sheet(SUMMARY)
    periods = len(told.periods)
    last = max(2 * len(told.figures), periods + 2, WIDE) - 1
    sheet.widths |= {0: 30.0, **dict.fromkeys(range(1, last + 1), 14.0)}
    head, first = 11, 12
    shown, nothing = told.value % len(told.rows), len(told.rows)
    top = first + nothing + 3
    sheet.put(head, 0, f"USD by {told.period}", look="head")
    for place, name in enumerate((*told.periods, "Total")):
        sheet.put(head, 1 + place, name, look="number head")
    for place, (label, row) in enumerate(told.rows):
        at, look = first + place, "sum" if place == shown else None
        sheet.put(at, 0, label, look=look or "text")
        cells = sheet.across(at, 1, [row[p] for p in range(periods)], "usd", look)
        sheet.put(at, 1 + periods, total(cells), "usd", look)
    # Worth nothing: the charts' line, which keeps 0 on their axis.
    sheet.put(first + nothing, 0, "Break-even", look="note")
    sheet.across(first + nothing, 1, [0.0] * (periods + 1), "usd", "note")
    sums = [sheet.range(first + place, 1 + periods, 1, 1) for place in range(len(told.rows))]
    amounts = {"Value": told.total}
    if checked.full is not None:
        amounts |= {"In full": checked.full.value, "Difference": checked.full.gap}
    others = [place for place in range(len(told.rows)) if place != shown]
    amounts |= {told.rows[place][0]: sums[place] for place in others}
    words = amount_words(sheet, top + 22, amounts)
    sheet.heights[top + 23] = 42.0

    sheet.put(0, 0, f"{decision.scenario.name}: {decision.scenario.label}", look="title")
    book.name("summary_sentence", sheet.put(2, 0, told.sentence(words["Value"]), look="sentence"))
    as_written = (
        f"For the inputs as written, at {decision.resolution} resolution (text, not a formula):"
        f" {sentence}"
    )
    sheet.put(3, 0, as_written, look="wrapped note")
    book.name("summary_changed", sheet.put(4, 0, _since(counts.changed), look="note"))
    sheet.merged += [(2, 0, 2, last), (3, 0, 3, last)]
    sheet.heights |= {2: 34.0, 3: 46.0, 6: 28.0, 7: 24.0}
    for place, (label, cell, number) in enumerate(told.figures):
        # The first column is wide enough alone.
        at = 2 * place - 1 if place else 0
        sheet.put(6, at, label, look="head")
        sheet.put(7, at, cell, number, look="figure")
        if place:
            sheet.merged += [(6, at, 6, at + 1), (7, at, 7, at + 1)]
    book.name("summary_full", sheet.put(8, 0, _resolution(checked.full, words), look="note"))
    _verdict_of_checks(sheet, 9, counts.outside, checked.broken)

    note = "Change a cell of the sheet Inputs and everything on this page follows."
    sheet.put(top - 1, 0, note, look="note")
    worth = where(sums[shown] < 0, "Joining costs ", "Joining is worth ")
    finding = said(worth, words["Value"], f" over {periods} {told.period}s, USD a year")
    # A chart's title is a cell above it: it follows the inputs.
    sheet.put(top, 0, finding, look="head")
    sheet.merged.append((top, 0, top, 2))
    sheet.heights[top] = 28.0
    _chart(sheet, (top + 1, 0), first, [shown, nothing], periods)
    if others:
        parts: list[Any] = []
        for place in others:
            name = told.rows[place][0]
            sign = where(sums[place] < 0, "\u2212", "")
            parts += ["; " if parts else "", name, " ", sign, words[name]]
        sheet.put(top, 3, said(*parts), look="head")
        sheet.merged.append((top, 3, top, last))
        _chart(sheet, (top + 1, 3), first, [*others, nothing], periods)
    sheet.print_to = (top + 19, last)


def _since(changed: Live) -> Live:
    """Whether the grey sentence is still of what the formulas have."""
    edited = said(
        plural(changed, "input was", "inputs were"),
        " changed since; the grey sentence is of the file as written.",
    )
    return where(changed > 0, edited, "No input was changed since this file was written.")


def _resolution(full: Full | None, words: Mapping[str, Live]) -> Live | str:
    """Why the file's own figure is not the calculator's."""
    if full is None:
        return (
            "A state has one resolution: as written, these formulas are the calculator's own run."
        )
    apart = where(
        rounded(full.gap_pmpm, 2).same(0),
        "less than half a cent PMPM",
        said(money(full.gap_pmpm), " PMPM"),
    )
    return said(
        "These formulas use ",
        full.points,
        " points of spending a group; in full the value was ",
        where(full.value < 0, "\u2212", ""),
        words["In full"],
        " (difference ",
        words["Difference"],
        ", ",
        apart,
        ") when this file was written.",
    )


ALL_HOLD = "All checks hold."


def _verdict_of_checks(sheet: Sheet, row: int, outside: Live, broken: Live) -> None:
    """Whether the page may be used; red where it may not."""
    ending = ": see Checks; do not use these figures."
    # Inputs come first: with one of them the sums themselves may have no value.
    cell = where(
        outside > 0,
        said(plural(outside, "input is", "inputs are"), " outside what is allowed", ending),
        where(
            broken > 0,
            said(plural(broken, "check does", "checks do"), " not hold", ending),
            ALL_HOLD,
        ),
    )
    sheet.book.name("summary_checks", sheet.put(row, 0, cell, look="note"))

    def red(workbook: Any, target: Any) -> None:
        look = {key: one for key, one in LOOKS["outside"].items() if key != "border"}
        rule = {"type": "formula", "criteria": f'=$A${row + 1}<>"{ALL_HOLD}"',
                "format": workbook.add_format(look)}  # fmt: skip
        target.conditional_format(row, 0, row, WIDE - 1, rule)

    sheet.finish.append(red)


def _chart(
    sheet: Sheet, at: tuple[int, int], first: int, rows: Sequence[int], periods: int
) -> None:
    """Columns by period and the line of the last row, as a native chart."""
    shown = [sheet.range(first + row, 1, 1, periods).value for row in rows]
    large = bool(np.max(np.abs(shown)) >= MILLION)

    def series(row: int, look: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": [sheet.name, first + row, 0],
            "categories": [sheet.name, first - 1, 1, first - 1, periods],
            "values": [sheet.name, first + row, 1, first + row, periods],
            **look,
        }

    def add(workbook: Any, target: Any) -> None:
        chart, line = (workbook.add_chart({"type": kind}) for kind in ("column", "line"))
        *columns, nothing = rows
        for row, colour in zip(columns, COLOURS, strict=False):
            chart.add_series(series(row, {"fill": {"color": colour}, "gap": 60}))
        line.add_series(series(nothing, {"line": {"color": "#16242C", "width": 1}}))
        chart.combine(line)
        chart.set_title({"none": True})
        legend = {"position": "bottom", "delete_series": [len(columns)]}
        chart.set_legend({"none": True} if len(columns) == 1 else legend)
        grid = {"visible": True, "line": {"color": "#E3E8EB"}}
        chart.set_y_axis({"num_format": AXES[large], "major_gridlines": grid})
        chart.set_x_axis({"label_position": "low"})
        chart.set_size({"width": 410, "height": 280})
        target.insert_chart(*at, chart)

    sheet.finish.append(add)
