"""Medicaid's published results: steps of those that take a run, and what a run says of them.

The files m1 to m7 are read by test_published.py. A file whose `call` names a function here needs a
state's scenario; the function takes the file's numbers and makes the runs.
"""

from pathlib import Path

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.medicaid_decision import StateDecision
from calculator.model import medicaid
from calculator.scenario import StateScenario

# New cost alone, without rebates, in fee for service: what a fiscal note divides.
COST_ONLY = {
    "state.rebate_share_of_gross": 0.0,
    "assumptions.coverage.existing_fills_per_enrollee": 0.0,
    "assumptions.coverage.administration_fixed": 0.0,
    "assumptions.coverage.prior_authorization_cost": 0.0,
    "assumptions.coverage.managed_care_share": 0.0,
    "assumptions.coverage.enrollment_trend": 0.0,
    "terms.guaranteed_net_price": None,
}
GROUPS = (
    "children",
    "base_adults",
    "expansion_adults",
    "disabled",
    "duals",
    "medicaid_chip",
    "separate_chip",
)


def groups_in_shares(shares: dict[str, float]) -> dict[str, object]:
    """Settings that leave only these groups, in these shares of a million enrollees."""
    return {
        "state.enrollment": 1_000_000,
        **{f"groups.{name}.included": name in shares for name in GROUPS},
        **{f"groups.{name}.share": share for name, share in shares.items()},
        **{f"groups.{name}.eligible_share": 0.05 for name in shares},
    }


def fiscal_note(abbr: str, fmap: float, cost: float, shares: dict[str, float]) -> StateDecision:
    """A year in which new obesity fills cost `cost` in all, spread over groups by their shares."""
    settings = {
        **COST_ONLY,
        "state.abbr": abbr,
        "state.fmap": fmap,
        "horizon.start": "2026-07-01",
        "horizon.end": "2027-06-30",
        "uptake.form": "monthly_fills",
        "uptake.monthly_fills": [1.0],
        "state.fiscal_year_start_month": 7,
        **groups_in_shares(shares),
    }
    scenario = load_scenario("state_not_covering").with_settings(settings)
    assert isinstance(scenario, StateScenario)
    one_a_month = decide(scenario).budget["join"]["total_computable_net"]["2027"]
    fills = cost / one_a_month
    return decide(scenario.with_settings({"uptake.monthly_fills": [fills]}))


def in_the_year(decision: StateDecision, measure: str) -> float:
    """A measure of the joining branch in the only year of a fiscal note, USD."""
    ((_, amount),) = decision.budget["join"][measure].items()
    assert amount is not None
    return amount


def virginia(total, base_share, fmap):
    """Total, and general fund: the state's share of the base population alone."""
    cost, base, match = float(total), float(base_share), float(fmap)
    both = fiscal_note("VA", match, cost, {"base_adults": base, "expansion_adults": 1 - base})
    alone = fiscal_note("VA", match, cost * base, {"base_adults": 1.0})
    # The budget of the whole is the sum of its groups', so that the rest is the expansion's own.
    expansion = in_the_year(both, "state_net") - in_the_year(alone, "state_net")
    assert expansion == pytest.approx(cost * (1 - base) * 0.10, rel=1e-9)
    return np.array([in_the_year(both, "total_computable_net"), in_the_year(alone, "state_net")])


class Outcome(dict):
    """A run's answers by name, as the runner of the files takes them."""

    def tolist(self) -> dict[str, float]:
        return dict(self)


def joins_at(net_price, most):
    """Whether Virginia joins at a net price under its own condition, and what that is worth."""
    settings = {
        "state.abbr": "VA",
        "terms.guaranteed_net_price": float(net_price),
        "assumptions.coverage.conditional_net_price": float(most),
    }
    decision = decide(load_scenario("state_covering").with_settings(settings))
    return Outcome(adopted=float(decision.adopted), value=decision.value.total)


def virginia_match(fiscal_year):
    """Mean match of base adults over the months of one of Virginia's fiscal years, in a run."""
    year = int(fiscal_year)
    settings = {
        "state.abbr": "VA",
        "horizon.start": f"{year - 1}-07-01",
        "horizon.end": f"{year}-06-30",
        "uptake.form": "monthly_fills",
        "uptake.monthly_fills": [1.0],
    }
    run = evaluate(load_scenario("state_covering").with_settings(settings))
    groups = run.inputs.groups
    return groups.match[0, :, groups.names.index("base_adults")].mean()


# ------------------------------------------------------------------------- and what a run says


def test_no_published_medicaid_result_has_gone_missing():
    found = {path.stem for path in Path(__file__).parent.glob("m*.yaml")}
    assert found >= {f"m{number}" for number in range(1, 8)}


def test_texas_note_is_split_by_a_run_as_it_was_by_its_budget_board():
    note = fiscal_note("TX", 0.5983, 689_029_989, {"base_adults": 1.0})
    assert in_the_year(note, "state_net") == pytest.approx(276_777_016, rel=1e-4)
    assert in_the_year(note, "federal_net") == pytest.approx(412_252_973, rel=1e-4)


def test_a_single_match_would_put_half_of_virginias_cost_on_its_general_fund():
    total, general_fund = virginia(46_688_318, 0.297, 0.5054)
    single = in_the_year(fiscal_note("VA", 0.5054, total, {"base_adults": 1.0}), "state_net")
    assert single / total == pytest.approx(0.495, abs=0.0005)
    assert general_fund / total == pytest.approx(0.147, abs=0.0005)
    assert single > 3 * 6_858_938


def test_the_naive_net_of_the_minimum_rebate_leaves_out_the_federal_offset():
    """M5 through a run: a fill of Wegovy, minimum rebate only, no supplemental, at 60%."""
    settings = {
        **COST_ONLY,
        "state.rebate_share_of_gross": None,
        "state.abbr": "VA",
        "state.fmap": 0.60,
        **groups_in_shares({"base_adults": 1.0}),
        "horizon.start": "2026-07-01",
        "horizon.end": "2026-12-31",
        "therapy.mix": {"wegovy": 1.0},
        "uptake.form": "monthly_fills",
        "uptake.monthly_fills": [1.0],
        "assumptions.rebates.amp_share_of_list": 0.97,
        "assumptions.rebates.best_price_share_of_amp": 0.90,
        "assumptions.rebates.ingredient_share_of_list": 1.0,
        "assumptions.rebates.dispensing_fee": 0.0,
    }
    run = evaluate(load_scenario("state_not_covering").with_settings(settings))
    state = medicaid.state_cost(run.result.join.rows)[0]
    assert state == pytest.approx(np.full(6, 460.57), abs=0.005)
    federal = medicaid.net_cost(run.result.join.rows, ("federal",))[0]
    assert state + federal == pytest.approx(np.full(6, 1349.02 - 302.27), abs=0.005)
