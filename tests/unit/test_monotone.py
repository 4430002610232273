"""Which way the answer moves when one input does (all else as it was)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator.decision import evaluate
from tests.unit.plans import plans

# A step against the direction is allowed as rounding only, of all that is spent in the year.
ROUNDING = 1e-12


def along(scenario, path: str, values):
    """One run with a path at rising values, each a world of its own."""
    return evaluate(scenario, {path: np.asarray(values, dtype=float)}, resolution="workbook")


def steps(run, name: str) -> np.ndarray:
    """How a result moves from each case to the next, as a share of a year's gross."""
    amounts = getattr(run.result, name)
    if name == "net_cost":
        amounts = amounts * run.result.member_months
    return np.diff(amounts, axis=0) / run.costs.join.gross.max()


# Where a price can turn, and so is left out: a fill that is subject to the deductible carries its
# member to the threshold sooner the dearer it is, and above it the plan bears less; reinsurance of
# everything the model costs leaves the plan only what it moves elsewhere.
PRICE = ("terms.guaranteed_net_price", "terms.deductible_exempt", "terms.extra_reinsurance.share")
NO_REINSURANCE = {"terms.extra_reinsurance.share": 0.0}


@settings(max_examples=30)
@given(plans(without=PRICE))
def test_a_higher_guaranteed_net_price_never_costs_the_plan_less(scenario):
    # Up to what the plan pays today for drugs that it covers already (453): beyond, a guarantee
    # that is charged at the counter is no price cut but a higher gross price at the same net.
    scenario = scenario.with_settings(NO_REINSURANCE)
    run = along(scenario, "terms.guaranteed_net_price", [100, 200, 245, 246, 300, 450])
    assert np.all(steps(run, "net_cost") >= -ROUNDING)


@settings(max_examples=30)
@given(plans(without=PRICE), st.sampled_from(["zepbound", "foundayo"]))
def test_a_higher_list_price_without_a_guarantee_never_costs_the_plan_less(scenario, product):
    # Under a guaranteed net price it can: the net is fixed, and the manufacturer's discount, a
    # share of list, counts in what Medicare reinsures.
    scenario = scenario.with_settings({**NO_REINSURANCE, "terms.guaranteed_net_price": None})
    path = f"assumptions.drugs.{product}_list_price"
    run = along(scenario, path, [250, 400, 649, 800, 1_086, 1_500])
    assert np.all(np.isnan(run.inputs.levers.guaranteed_net_price))
    assert np.all(steps(run, "net_cost") >= -ROUNDING)


@settings(max_examples=30)
@given(plans(without=("terms.copay",)))
def test_a_higher_copay_never_costs_the_plan_more(scenario):
    run = along(scenario, "terms.copay", [0, 10, 25, 50, 75, 100])
    assert np.all(steps(run, "net_cost") <= ROUNDING)


# Priced in full, more reinsurance only lowers the bid, and with it the corridor around it: a plan
# whose bid left it a gain at the corridor's edge then pays a little back. Hence priced at cost.
REINSURANCE = ("terms.extra_reinsurance.share", "assumptions.payment.priced_share", "plan.bid")


@pytest.mark.parametrize("priced_share", [0.0, 0.5, 1.0])
@settings(max_examples=20)
@given(scenario=plans(without=REINSURANCE))
def test_more_reinsurance_is_never_worth_less(priced_share, scenario):
    scenario = scenario.with_settings({"assumptions.payment.priced_share": priced_share})
    run = along(scenario, "terms.extra_reinsurance.share", [0, 0.1, 0.4, 0.8, 1])
    assert np.all(steps(run, "value") >= -ROUNDING)


@settings(max_examples=30)
@given(plans(without=("terms.obesity_capitation.amount",)))
def test_a_higher_obesity_capitation_is_never_worth_less(scenario):
    run = along(scenario, "terms.obesity_capitation.amount", [0, 5, 10, 20, 40])
    assert np.all(steps(run, "value") >= -ROUNDING)
