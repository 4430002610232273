"""All 51 Medicaid programs under one set of terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from calculator.analysis.sensitivity import GRID
from calculator.assumptions import load_assumptions, load_tree
from calculator.bridge_inputs import months_between
from calculator.decision import decide
from calculator.errors import InputError
from calculator.medicaid_decision import StateDecision
from calculator.medicaid_groups import above_bmi
from calculator.model import medicaid
from calculator.model.arrays import MONTHS
from calculator.scenario import Scenario, StateScenario, load_scenario

CONDITION = "assumptions.coverage.conditional_net_price"
NOT_COVERING, COVERING = "state_not_covering", "state_covering"
# How states.csv says that obesity use is covered at the end of 2026.
COVERED = ("yes", "restricted")


@dataclass(frozen=True)
class StateRow:
    """One state's answer. USD over the horizon; positive value is good for the state."""

    abbr: str
    state: str
    covers_today: str
    value: float | None  # None: a gap leaves nobody to treat
    value_per_enrollee_year: float | None
    state_net_join: float | None
    state_net_stay_out: float | None
    state_share_of_added_cost: float | None
    breakeven_net_price: float | None
    treated_at_end: float | None
    high_uptake_value: float | None
    gaps: list[str]

    def to_dict(self) -> dict[str, object]:
        """The row as plain data."""
        return asdict(self)


def state_scenario(abbr: str, terms: str | None = None) -> StateScenario:
    """A state as its coverage stands today, gaps accepted and named.

    >>> state_scenario("MN").state.stance
    'covering'
    """
    covers = load_tree().states[abbr]["covers"] in COVERED
    base = load_scenario(COVERING if covers else NOT_COVERING)
    settings: dict[str, object] = {"state.abbr": abbr, "state.accept_gaps": True}
    if terms is not None:
        settings["terms.package"] = terms
    begun = load_tree().states[abbr]["coverage_start"]
    if covers and begun:
        # Some say only the month.
        since = dt.date.fromisoformat(begun if len(begun) > len("2024-01") else f"{begun}-01")
        start = load_assumptions().day("assumptions.coverage.medicaid_start")
        settings["state.months_covered"] = max(months_between(since, start), 0)
    own = load_tree().states[abbr]["bmi_threshold"]
    if covers and own:
        register = load_assumptions()
        # A state that covers only the heaviest has so much of the use that the model would bring.
        severe, extreme = (
            register.number(f"assumptions.coverage.share_above_bmi_{bmi}") for bmi in (35, 40)
        )
        settings["state.own_uptake_ratio"] = float(
            above_bmi(np.array([float(own)]), severe, extreme)[0]
        )
    state: Scenario = base.with_settings(settings)
    assert isinstance(state, StateScenario)
    return state


def screen(
    terms: str | None = None, settings: Mapping[str, object] | None = None
) -> list[StateRow]:
    """Every state's answer, best value per enrollee first.

    settings: path -> value, laid over every state alike, such as a guaranteed net price.
    """
    rows = []
    for abbr in load_tree().states:
        scenario = state_scenario(abbr, terms).with_settings(settings or {})
        try:
            rows.append(row(decide(scenario)))
        except InputError as error:
            if error.field != "groups":
                raise
            rows.append(_gap(abbr, error))
    known = [found for found in rows if found.value_per_enrollee_year is not None]
    known.sort(key=lambda found: -(found.value_per_enrollee_year or 0.0))
    return [*known, *(found for found in rows if found.value_per_enrollee_year is None)]


def _gap(abbr: str, error: InputError) -> StateRow:
    """The row of a state whose published numbers leave nobody to treat."""
    preset = load_tree().states[abbr]
    return StateRow(
        abbr=abbr,
        state=preset["state"],
        covers_today=preset["covers"],
        value=None,
        value_per_enrollee_year=None,
        state_net_join=None,
        state_net_stay_out=None,
        state_share_of_added_cost=None,
        breakeven_net_price=None,
        treated_at_end=None,
        high_uptake_value=None,
        gaps=[str(error)],
    )


def row(decision: StateDecision) -> StateRow:
    """The screening row of one state."""
    result = decision.evaluation.result
    abbr = decision.scenario.state.abbr
    preset = load_tree().states[abbr]
    enrollee_years = float(result.member_months[0].sum()) / MONTHS
    join, stay_out = (
        float(medicaid.state_cost(branch.rows)[0].sum())
        for branch in (result.join, result.stay_out)
    )
    added = float(
        (medicaid.net_cost(result.join.rows) - medicaid.net_cost(result.stay_out.rows))[0].sum()
    )
    return StateRow(
        abbr=abbr,
        state=preset["state"],
        covers_today=preset["covers"],
        value=decision.value.total,
        value_per_enrollee_year=decision.value.total / enrollee_years,
        state_net_join=join,
        state_net_stay_out=stay_out,
        state_share_of_added_cost=(join - stay_out) / added if added > 0 else None,
        breakeven_net_price=price_turn(decision).price,
        treated_at_end=float(result.join.on_therapy[0, -1]),
        high_uptake_value=decision.high_uptake["total"],
        gaps=[sentence for kind, sentence in decision.remarks if kind == "gap"],
    )


@dataclass(frozen=True)
class PriceTurn:
    """The net price at which a state's answer turns, and whether its own condition sets it."""

    price: float | None  # USD per fill; None: no net price turns the answer
    conditional: bool = False  # it is the highest price at which the state joins
    pays_below: bool = True


def price_turn(decision: StateDecision) -> PriceTurn:
    """Where a net price turns a state's answer, as the state joins only on its own condition.

    The lower of the price at which joining is worth nothing and of the condition, where there is
    one. The only place that knows both.

    >>> from calculator import decide, load_scenario
    >>> at_most = {"assumptions.coverage.conditional_net_price": 120}
    >>> price_turn(decide(load_scenario("state_not_covering").with_settings(at_most)))
    PriceTurn(price=120.0, conditional=True, pays_below=True)
    """
    inputs = decision.evaluation.inputs
    root, saves = _root(inputs)
    most = float(decision.register.number(CONDITION)[0])
    dearest = float(inputs.prices.ingredient.max())
    if np.isnan(most) or most >= (dearest if root is None else root):
        return PriceTurn(root, pays_below=saves)
    # Up to the condition joining is worth what it is worth at no price.
    return PriceTurn(most, conditional=True) if saves else PriceTurn(None, pays_below=False)


def breakeven_net_price(inputs: medicaid.Inputs) -> float | None:
    """Guaranteed net price at which joining is worth nothing to the state, USD per fill.

    None where its value does not change sign between nothing and the dearest product's cost. That
    the state may not join at this price is for `price_turn`.
    """
    return _root(inputs)[0]


def _root(inputs: medicaid.Inputs) -> tuple[float | None, bool]:
    """The lowest price at which the value is 0, and whether it is above 0 at no price."""
    low, high = 0.0, float(inputs.prices.ingredient.max())
    saves = False
    for number in range(2):
        grid = np.linspace(low, high, GRID)
        tried = replace(inputs, guaranteed_net_price=grid[:, None], adopts=np.ones(1))
        worth = medicaid.run(tried).value.sum(axis=1)
        if number == 0:
            saves = bool(worth[0] > 0.0)
        crossing = np.flatnonzero(np.diff(np.sign(worth)) != 0)
        if len(crossing) == 0:
            return None, saves
        first = int(crossing[0])
        low, high = float(grid[first]), float(grid[first + 1])
    share = worth[first] / (worth[first] - worth[first + 1])
    return float(low + share * (high - low)), saves
