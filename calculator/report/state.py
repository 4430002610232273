"""A state's budget in words and tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calculator.analysis.states import CONDITION, StateRow, price_turn
from calculator.medicaid_decision import StateDecision
from calculator.model.arrays import MONTHS
from calculator.report.budget import LABELS, UNITS, USD
from calculator.report.table import align, cents
from calculator.report.words import changed, dollars, fill_price, many, share, terms_note

# A part of the value from this size on is named in the sentence.
WORTH_SAYING = 0.05
CENT = 0.005
CERTAIN = "high"
STANCES = {
    "not_covering": "does not cover obesity use today",
    "covering": "covers obesity use today",
    "ending": "covers obesity use today, until a date",
}
COVERS = {
    "yes": "covers obesity use",
    "restricted": "covers obesity use, restricted",
    "no": "does not cover obesity use",
    "no_report": "no report that it covers obesity use",
    "unconfirmed": "coverage of obesity use not confirmed",
}
YEARS = "By state fiscal year, named by the year in which it ends; USD but for fills and years."
# The measures of a terminal's tables, in their order.
SHOWN = (
    "total_computable_gross",
    "rebates",
    "total_computable_net",
    "federal_net",
    "state_net",
    "state_net_uses_today",
    "state_net_cash",
    "premium_tax_to_state",
    "fills",
    "treated_years",
)


def verdict(decision: StateDecision) -> str:
    """What joining does to the state's budget, in one or two sentences, and what would turn it."""
    said = opening(decision)
    return f"{said} {_turn(decision)}" if moves(decision) or not decision.adopted else said


def moves(decision: StateDecision) -> bool:
    """Whether joining changes the state's own spending at all."""
    return abs(decision.value.total) >= CENT


def opening(decision: StateDecision) -> str:
    """What joining does to the state's budget, also at high uptake."""
    state = decision.register.tree.states[decision.scenario.state.abbr]["state"]
    start = decision.evaluation.months[0]
    last = decision.evaluation.months[-1]
    total, until = decision.value.total, f"{last:%B %Y}"
    if not decision.adopted:
        most = float(decision.register.number(CONDITION)[0])
        return (
            f"{state} does not join: the net price is above the {fill_price(most)} a fill at"
            " which it would, so nothing changes."
        )
    if not moves(decision):
        return f"Joining from {start:%B %Y} changes nothing in {state}'s own spending."
    verb = "saves" if total > 0 else "costs"
    added = decision.high_uptake["total"]
    high_verb = "saves" if added > 0 else "costs"
    sentence = (
        f"Joining from {start:%B %Y} {verb} {state} {dollars(abs(total))} of its own money to"
        f" {until}, {dollars(abs(decision.value.pmpm), 2)} per enrollee a month; at the high end of"
        f" the use seen in other states it {high_verb} {dollars(abs(added))}."
    )
    today = decision.from_uses_today
    if abs(today) >= WORTH_SAYING * abs(total):
        does = "save" if today > 0 else "cost"
        rest = total - today
        if abs(rest) < CENT:
            return f"{sentence} All of it comes from GLP-1 drugs covered today, at the new price."
        left = f"{'save' if rest > 0 else 'cost'} {dollars(abs(rest))}"
        uses = f"GLP-1 drugs covered today, which {does} {dollars(abs(today))} at the new price"
        sentence = f"{sentence} Without {uses}, it would {left}."
    return sentence


def coverage_marks(decision: StateDecision) -> tuple[str, ...]:
    """How sure it is what a state covers today; none where that is certain or the user's own."""
    preset = decision.register.tree.states[decision.scenario.state.abbr]
    own = "state.stance" in decision.scenario.changed_fields()
    if own or preset["coverage_confidence"] == CERTAIN:
        return ()
    sure = f"{preset['coverage_confidence']} confidence"
    return f"coverage: {preset['coverage_status']}", sure


def _whose(decision: StateDecision) -> list[tuple[str, str]]:
    """What is known of the state's coverage today, and that the state is not the example's."""
    scenario, states = decision.scenario, decision.register.tree.states
    preset = states[scenario.state.abbr]
    stance = f"{preset['state']} {STANCES[scenario.state.stance]} in this scenario"
    notes = [("coverage", f"{stance} ({scenario.name})")]
    if coverage_marks(decision):
        known = f"{preset['state']}, end of 2026: {COVERS[preset['covers']]}"
        sure = f"{preset['coverage_confidence']} confidence"
        notes.append((preset["coverage_status"], f"{known}, {sure}. {preset['coverage_note']}"))
    if "state.abbr" in scenario.changed_fields():
        notes.append(
            (
                "changed",
                f"{preset['state']} was chosen: it starts from the example {scenario.name}, with"
                f" {preset['state']}'s own presets",
            )
        )
    return notes


def _turn(decision: StateDecision) -> str:
    """Where the net price alone would turn it."""
    turn = price_turn(decision)
    if turn.price is None:
        return "No net price alone would change the sign."
    does = "stop saving" if decision.value.total > 0 else "save"
    price = f"{dollars(turn.price, 0)} a fill"
    if turn.conditional:
        price = f"{fill_price(turn.price)} a fill"
        side = "above" if decision.value.total > 0 else "of at most"
        name = decision.register.tree.states[decision.scenario.state.abbr]["state"]
        return f"It would {does} at a net price {side} {price}, the highest at which {name} joins."
    side = "above" if (decision.value.total > 0) == turn.pays_below else "below"
    return f"It would {does} at a net price {side} {price}."


def text(decision: StateDecision) -> str:
    """The budget by state fiscal year: stay out, join, difference."""
    parts = [YEARS]
    for key in SHOWN:
        rows = []
        both = [decision.budget[branch][key] for branch in ("stay_out", "join")]
        for period in decision.periods:
            out, into = (amounts[period] or 0.0 for amounts in both)
            rows.append([period, *_shown(key, out, into)])
        out, into = (sum(value or 0.0 for value in amounts.values()) for amounts in both)
        rows.append(["Total", *_shown(key, out, into)])
        parts.append(align([LABELS[key], "stay out", "join", "difference"], rows))
    return "\n\n".join([*parts, *_late(decision)])


def _late(decision: StateDecision) -> list[str]:
    """Why cash is not what accrues, where the rebates of the last quarters are still on the way."""
    join = decision.budget["join"]
    accrued, paid = (
        sum(amount or 0.0 for amount in join[key].values())
        for key in ("state_net", "state_net_cash")
    )
    if round(paid) <= round(accrued):
        return []
    last = decision.evaluation.months[-1]
    return [
        "Cash when joining is above what accrues, as rebates of the last quarters arrive after"
        f" {last:%B %Y}, when the model ends."
    ]


def _shown(key: str, out: float, into: float) -> list[str]:
    amounts = (out, into, into - out)
    if UNITS[key] != USD:
        return [f"{amount:,.0f}".replace("-", "−") for amount in amounts]
    return [cents(amount, 0) for amount in amounts]


def rests_on(decision: StateDecision) -> list[tuple[str, str]]:
    """What the answer rests on, as (badge, sentence)."""
    register = decision.register
    notes = [terms_note(decision.scenario, register)]
    notes += [*_whose(decision), *decision.remarks]
    confidential = "AMP, best price and own supplemental rebates are confidential: use your own"
    notes.append(("assumed", confidential))
    months = decision.evaluation.months
    number = decision.by_fiscal_year(np.ones((1, len(months))))[0]
    for period, count in zip(decision.periods, number, strict=True):
        if count < MONTHS:
            notes.append(("partial year", f"fiscal year {period} holds {many(count, 'month')}"))
    register_trend = share(float(register.number("assumptions.coverage.enrollment_trend")[0]))
    notes.append(("assumed", f"Enrollment moves by {register_trend} a year"))
    fixed, each = (
        dollars(float(register.number(f"assumptions.coverage.{key}")[0]))
        for key in ("administration_fixed", "prior_authorization_cost")
    )
    notes.append(("assumed", f"Covering costs {fixed} a year and {each} per prior authorization"))
    return [*notes, *changed(decision.scenario, register)]


def states_text(rows: list[StateRow]) -> str:
    """All states as a table; an empty cell is a number that was not found."""

    def shown(amount: float | None, how: Callable[[float], str]) -> str:
        return "" if amount is None else how(amount)

    return align(
        [
            "State",
            "covers today",
            "value, all years",
            "per enrollee year",
            "state share",
            "turns at a net of",
            "on therapy at the end",
        ],
        [
            [
                f"{row.abbr} {row.state}" + (" *" if row.gaps else ""),
                row.covers_today.replace("_", " "),
                shown(row.value, dollars),
                shown(row.value_per_enrollee_year, lambda amount: cents(amount, 2)),
                shown(row.state_share_of_added_cost, share),
                shown(row.breakeven_net_price, lambda amount: dollars(amount, 0)),
                shown(row.treated_at_end, lambda count: f"{count:,.0f}"),
            ]
            for row in rows
        ],
        total=False,
    )
