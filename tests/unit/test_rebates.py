"""Rebates of one fill: what the statute gives, what tops it up, and who keeps it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.model import rebates

MINIMUM, EARLIER, CAP = 0.231, 0.151, 0.08

prices = st.floats(1, 5_000)
shares = st.floats(0, 1)
matches = st.floats(0.5, 0.9)


def offset(amp, best_price):
    return float(rebates.federal_offset(amp, best_price, MINIMUM, EARLIER, CAP))


# ------------------------------------------------------------------------------ statutory rebate


@given(prices, shares)
def test_the_basic_rebate_is_the_larger_of_its_two_parts(amp, best_share):
    found = float(rebates.basic_rebate(amp, amp * best_share, MINIMUM))
    minimum, difference = MINIMUM * amp, amp - amp * best_share
    assert found == (minimum if minimum >= difference else difference)


@given(prices, shares, st.floats(0, 3))
def test_the_inflation_rebate_is_what_amp_rose_beyond_the_index_and_never_negative(
    amp, share, ratio
):
    found = float(rebates.inflation_rebate(amp, amp * ratio))
    assert found == pytest.approx(amp * max(0.0, 1 - ratio), abs=1e-9)


def test_an_inflation_rebate_may_take_the_whole_rebate_above_amp():
    """The cap at AMP ended on 2024-01-01."""
    whole = rebates.basic_rebate(1_000, 200, MINIMUM) + rebates.inflation_rebate(1_000, 500)
    assert float(whole) == pytest.approx(1_300)


# ----------------------------------------------------------------- the part that is wholly federal


@pytest.mark.parametrize(
    ("best_share", "expected_share"),
    [
        (1.00, 0.080),  # no discount at all: the minimum binds in both laws
        (0.90, 0.080),  # 10% is below the earlier minimum of 15.1%
        (0.849, 0.080),  # just at the earlier minimum
        (0.80, 0.031),  # 20%: the increase from 20 to 23.1 is federal
        (0.77, 0.001),
        (0.769, 0.000),  # at the minimum of today
        (0.40, 0.000),  # a large discount is shared in full
    ],
)
def test_the_offset_is_what_the_higher_minimum_added(best_share, expected_share):
    assert offset(1_000, 1_000 * best_share) == pytest.approx(1_000 * expected_share, abs=1e-9)


@given(prices, shares)
def test_the_offset_lies_between_nothing_and_eight_points_and_inside_the_basic_rebate(
    amp, best_share
):
    best = amp * best_share
    kept = offset(amp, best)
    assert 0 <= kept <= CAP * amp * (1 + 1e-12)
    basic = float(rebates.basic_rebate(amp, best, MINIMUM))
    # Without the increase the rebate would have been what is left.
    assert basic - kept == pytest.approx(max(EARLIER * amp, amp - best), rel=1e-9, abs=1e-9)


# ----------------------------------------------------------------------------------------- top-up


@given(prices, prices, prices)
def test_a_top_up_brings_a_fill_to_the_guaranteed_net_or_leaves_it_lower(
    ingredient, given_back, net
):
    found = float(rebates.top_up(ingredient, given_back, net))
    assert found >= 0
    after = ingredient - given_back - found
    assert after == pytest.approx(min(net, ingredient - given_back), rel=1e-9, abs=1e-9)


def test_no_guarantee_tops_nothing_up():
    assert float(rebates.top_up(1_300, 300, float("nan"))) == 0


@given(prices, shares, shares, shares, prices, matches)
def test_a_top_up_beside_the_states_own_rebate_never_makes_it_pay_more(
    listed, amp_share, best_share, own_share, net, match
):
    amp = listed * amp_share
    statutory = float(rebates.basic_rebate(amp, amp * best_share, MINIMUM))
    kept = offset(amp, amp * best_share)
    own = listed * own_share
    joined = max(own, float(rebates.top_up(listed, statutory, net)))
    alone, together = (
        float(rebates.state_share_of_net(listed, statutory + supplemental, kept, match))
        for supplemental in (own, joined)
    )
    assert together <= alone + 1e-9 * listed


# ------------------------------------------------------------------------------- who pays the rest


@given(prices, prices, prices, matches)
def test_federal_and_state_pay_the_whole_net(gross, rebate, kept, match):
    parts = [
        float(share(gross, rebate, kept, match))
        for share in (rebates.state_share_of_net, rebates.federal_share_of_net)
    ]
    assert sum(parts) == pytest.approx(gross - rebate, abs=1e-9 * (gross + rebate + kept))


@given(prices, prices, matches)
def test_a_dollar_of_offset_moves_its_state_share_from_the_state_to_the_federal_side(
    gross, kept, match
):
    state = [float(rebates.state_share_of_net(gross, kept, part, match)) for part in (0.0, kept)]
    assert state[1] - state[0] == pytest.approx(kept * (1 - match), abs=1e-9 * (gross + kept))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 12))
def test_a_blended_match_is_the_mean_of_its_months(old, new, months_old):
    by_month = [old] * months_old + [new] * (12 - months_old)
    found = float(rebates.blended_match(old, new, months_old, 12))
    assert found == pytest.approx(sum(by_month) / 12, abs=1e-12)


def test_amounts_broadcast_over_cases_months_and_products():
    amp = np.full((3, 1, 2), 1_000.0)
    best = np.full((1, 4, 1), 900.0)
    assert rebates.basic_rebate(amp, best, MINIMUM).shape == (3, 4, 2)
    assert rebates.federal_offset(amp, best, MINIMUM, EARLIER, CAP).shape == (3, 4, 2)
