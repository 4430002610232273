"""Where one input alone turns the answer: today's value, and from where on joining pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calculator.analysis.moved import by_date, unit_of
from calculator.analysis.sensitivity import Breakeven
from calculator.analysis.state_turns import (
    LOAD,
    OWN_REBATE,
    USE,
    breakeven_load,
    breakeven_own_rebate,
    breakeven_use,
)
from calculator.analysis.states import CONDITION, price_turn
from calculator.medicaid_decision import StateDecision
from calculator.model.medicaid import Inputs
from calculator.part_d_decision import PlanDecision
from calculator.report.inputs import amount, here, said
from calculator.report.marks import Marks
from calculator.report.verdict import CAPITATION, NET_PRICE, NOTHING, REINSURANCE, UPTAKE
from calculator.report.words import fill_price

# What each is called where there is little room.
NAMES = {
    NET_PRICE: "Guaranteed net price",
    UPTAKE: "Eligible members",
    CAPITATION: "Obesity capitation",
    REINSURANCE: "Extra reinsurance",
    USE: "Use of the drugs",
    LOAD: "Capitation load of plans",
    OWN_REBATE: "Own supplemental rebate",
}
# What a share is a share of.
OF = {
    UPTAKE: " of members",
    REINSURANCE: " of the net model-drug cost",
    USE: " of it",
    LOAD: " of the rate",
    OWN_REBATE: " of the ingredient cost",
}
PLAN_ORDER = (NET_PRICE, UPTAKE, CAPITATION, REINSURANCE)


@dataclass(frozen=True)
class Turn:
    """One input: its value today, and where the answer turns or that it does not."""

    name: str
    today: str
    answer: str
    turns: bool
    marks: tuple[str, ...] = ()


def plan_turns(
    decision: PlanDecision, found: Mapping[str, Breakeven], marks: Marks
) -> tuple[Turn, ...]:
    """Price, uptake, capitation and reinsurance of a plan, from its verdict's break-evens."""
    register = decision.register
    turns = []
    for path in PLAN_ORDER:
        unit, one = unit_of(register, path), found[path]
        today = here(one.by_date, unit)
        turns.append(_turn(one, today, unit, "pays", marks.of(path)))
    return tuple(turns)


def state_turns(
    decision: StateDecision, marks: Marks, used: tuple[str, ...] = ()
) -> tuple[Turn, ...]:
    """Net price, use and what managed care keeps; a covering state's own rebate as well.

    used: the marks of how many use the drugs.
    """
    register, inputs = decision.register, decision.evaluation.inputs
    turns = [
        _price(decision, marks),
        _turn(breakeven_use(inputs), "as expected", "share of it", "saves", used),
    ]
    load = breakeven_load(inputs, register.bounds(LOAD))
    others = [] if load.still else [load]
    # A net price of its own stands in for the rebate.
    own_price = decision.scenario.state.own_net_price is not None
    if decision.scenario.state.stance != "not_covering" and not own_price:
        others.append(breakeven_own_rebate(decision.scenario, register.bounds(OWN_REBATE)))
    for one in others:
        unit = unit_of(register, one.path)
        own = float(register.number(one.path)[0])
        # Its net prices today may say more than this one share of all of them.
        today = said(_own_rebate(inputs) if one.path == OWN_REBATE else own, unit)
        turns.append(_turn(one, today, unit, "saves", marks.of(one.path)))
    return tuple(turns)


def _own_rebate(inputs: Inputs) -> float:
    """What a state's own supplemental rebate is, a share of ingredient cost over all months."""
    prices = inputs.prices
    rebate, cost = (
        float((prices.share[0] * usd[0]).sum())
        for usd in (prices.own_supplemental, prices.ingredient)
    )
    return rebate / cost


def _price(decision: StateDecision, marks: Marks) -> Turn:
    """The net price of a state, which may join only up to one of its own."""
    found, unit = price_turn(decision), unit_of(decision.register, NET_PRICE)
    most = float(decision.evaluation.inputs.prices.ingredient.max())
    price = Breakeven(
        *(NET_PRICE, 0.0, most, found.price, np.nan, np.nan), pays_below=found.pays_below
    )
    net = here(by_date(decision.scenario, NET_PRICE), unit)
    turn = _turn(price, net, unit, "saves", marks.of(NET_PRICE, CONDITION))
    if not found.conditional or found.price is None:
        return turn
    price_said = f"{fill_price(found.price)} a fill"
    return replace(turn, answer=f"saves up to {price_said}, the state's condition")


def _turn(one: Breakeven, today: str, unit: str, verb: str, marks: tuple[str, ...]) -> Turn:
    """What one break-even says: pays below $217 a fill; nothing from 0% to 100% turns it."""
    of = OF.get(one.path, "")
    if one.root is not None:
        side = "below" if one.pays_below else "above"
        again = ", and turns again" if one.crossings > 1 else ""
        answer = f"{verb} {side} {said(one.root, unit)}{of if one.path == USE else ''}{again}"
    elif not one.read:
        answer = "not used in this run"
    elif one.still:
        answer = "moves nothing here"
    else:
        low, high = (amount(end, unit) for end in (one.low, one.high))
        answer = f"nothing from {low} to {high} turns it"
    now = today if one.path == USE else f"{today}{of}"
    return Turn(NAMES[one.path], now, answer, one.root is not None, marks)


def lead(turns: tuple[Turn, ...], worth: float, verbs: tuple[str, str]) -> str:
    """The words before the turns, which end the sentence.

    worth: value of joining, whose sign may turn; verbs: what it would do then, a gain and a cost.
    """
    if abs(worth) < NOTHING:
        return "Where each of these alone would turn it:"
    does = verbs[0] if worth < 0.0 else verbs[1]
    what = "What" if any(turn.turns for turn in turns) else "Nothing of this"
    return f"{what} alone would make it {does}:"
