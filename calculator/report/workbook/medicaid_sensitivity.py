"""Sensitivity: what the engine found around this decision; values, not formulas."""

from __future__ import annotations

from calculator.analysis.sensitivity import tornado
from calculator.analysis.states import price_turn
from calculator.medicaid_decision import StateDecision, evaluate_state
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.limits import in_unit
from calculator.report.workbook.medicaid_result import columns_of
from calculator.therapy_inputs import OFFSETS


def sensitivity_sheet(decision: StateDecision, sheet: Sheet) -> None:
    """Values of the run that this file was written from, with its fingerprint."""
    columns_of(sheet, 5)
    sheet.widths[Steps.UNIT] = 36.0
    sheet.title(
        "Sensitivity: what moves the value",
        "Values of the engine for the inputs as they were when the file was written; they do not"
        " follow the cells. A state has one resolution.",
    )
    sheet.put(sheet.row, 0, f"Fingerprint {decision.fingerprint}", look="note")
    _uptake(decision, sheet)
    _offsets(decision, sheet)
    _turns(decision, sheet)
    _ranges(decision, sheet)
    sheet.frozen = (2, 1)


def _uptake(decision: StateDecision, sheet: Sheet) -> None:
    """The high-uptake run always stands beside the central one."""
    high = decision.high_uptake
    budget = decision.budget["join"]
    central = (
        decision.value.total,
        *(sum(amount or 0.0 for amount in budget[key].values()) for key in ("state_net", "fills")),
    )
    steps = Steps(sheet, "Use: as put in, and at the high end of what other states saw")
    steps.heading(("as put in", "high use"))
    for label, unit, number, here, there in (
        ("Value of joining", "USD", "usd", central[0], high["total"]),
        ("State's own net cost when joining", "USD", "usd", central[1], high["state_net"]),
        ("Fills for obesity use when joining", "fills", "people", central[2], high["fills"]),
    ):
        steps.row(label, unit, [here, there], "StateDecision.high_uptake", number)


def _offsets(decision: StateDecision, sheet: Sheet) -> None:
    """The value under each scenario of what treatment does to other medical cost."""
    steps = Steps(sheet, "Change in other medical cost: each scenario in turn")
    steps.heading(("value",))
    for name in OFFSETS:
        run = evaluate_state(decision.scenario.with_settings({"therapy.offsets": name}))
        chosen = " (as put in)" if name == decision.scenario.therapy.offsets else ""
        entry = decision.register.entries[f"assumptions.offsets.{name}_first_year"]
        steps.row(
            f"{entry.label.split(',')[0]}{chosen}",
            "USD",
            [float(run.result.value[0].sum())],
            "therapy_inputs.offset_effect",
            "usd",
        )


def _turns(decision: StateDecision, sheet: Sheet) -> None:
    """The net price at which the value is nothing."""
    turn = price_turn(decision)
    steps = Steps(sheet, "Where it turns")
    if turn.price is None:
        sheet.put(sheet.row, 0, "No net price alone would change the sign.")
    else:
        steps.row(
            "Highest net price at which the state joins"
            if turn.conditional
            else "Net price at which joining is worth nothing",
            "USD per fill",
            [turn.price],
            "states.price_turn",
            "cents",
        )


def _ranges(decision: StateDecision, sheet: Sheet) -> None:
    """Every input's own range, one at a time, the widest first."""
    found = tornado(decision.scenario, decision.resolution)
    steps = Steps(
        sheet,
        "Each input over its own range, the others held",
        "An asterisk marks an input whose range turns the sign of the value.",
    )
    heads = ("low end", "as put in", "high end", "value at the low end", "value at the high end")
    steps.heading(heads, "Input")
    for bar in found.bars:
        mark = " *" if bar.turns(found.total) else ""
        row = sheet.row
        steps.row(f"{bar.label}{mark}", bar.unit, [], bar.path)
        for place, end in enumerate((bar.low, bar.own, bar.high)):
            number, value = in_unit(bar.unit, end)
            sheet.put(row, Steps.VALUES + place, value, number)
        right = Steps.VALUES + 3
        sheet.across(row, right, [bar.total_at_low, bar.total_at_high], "usd")
