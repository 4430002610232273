"""Benefit, payment and rebates, formula by formula, against figures worked out by hand.

Each case is a line of a table: what goes in, what must come out, and why it can only be that. The
amounts are chosen so that no two ways of writing a formula wrongly give the same figure.
"""

import numpy as np
import pytest

from calculator.model import benefit, payment, rebates
from calculator.model.arrays import array
from calculator.model.benefit import Fills, Rules

# Deductible and threshold of 2027; shares that all differ, so that none stands for another.
SHARES = (0.25, 0.11, 0.13, 0.22, 0.21, 0.41, 0.43)
RULES = Rules(array(700), array(2400), *(array(share) for share in SHARES))


def fills(**changed):
    """A model fill of 300 dollars with a copay of 50, 1.5 a month."""
    given = {"copay": 50.0, "gross": 300.0, "per_month": 1.5} | changed
    amounts = {name: array(given.pop(name)) for name in ("copay", "gross", "per_month")}
    return Fills(**amounts, **{"deductible_exempt": True, "counts_to_troop": True, **given})


def near(expected):
    return pytest.approx(np.asarray(expected, dtype=float), rel=1e-12, abs=1e-12)


# ------------------------------------------------------------------------------------------ benefit


@pytest.mark.parametrize(
    ("deductible", "threshold", "coinsurance", "spending"),
    [
        (590, 2000, 0.25, 6230),  # D1
        (0, 2000, 0.25, 8000),  # no deductible: all of it at the coinsurance
        (500, 500, 0.25, 500),  # the deductible is the threshold
        (700, 2400, 1.0, 2400),  # the member pays everything
    ],
)
def test_spending_at_the_threshold(deductible, threshold, coinsurance, spending):
    found = benefit.covered_spend_at_threshold(deductible, threshold, coinsurance)
    assert isinstance(found, np.ndarray)
    assert float(found) == pytest.approx(spending)


@pytest.mark.parametrize(
    ("standard", "copays", "owed"),
    [
        (0, 0, 0),
        (700, 0, 700),  # the deductible in full
        (1_100, 0, 800),  # and a quarter of what is above it
        (100, 50, 150),  # copays add
        (7_500, 0, 2_400),
        (7_496, 0, 2_399),
        (7_496, 5, 2_400),  # never beyond the threshold
        (1e9, 1e9, 2_400),
    ],
)
def test_out_of_pocket_cost(standard, copays, owed):
    assert float(benefit.troop(standard, copays, 700, 2400, 0.25)) == pytest.approx(owed)


def reached(*, standard=0.0, first=0, length=0, model=None):
    """Months after which deductible and threshold are met."""
    found = benefit.turning_points(array(standard), array(first), array(length), RULES, model)
    return [float(month) for month in found]


@pytest.mark.parametrize(
    ("case", "met"),
    [
        ({}, (12, 12)),  # nobody who spends nothing gets anywhere
        ({"standard": 12_000}, (0.7, 7.5)),
        ({"standard": 8_400}, (1.0, 1 + 6_800 / 700)),
        ({"standard": 600}, (12, 12)),
        # A copay of 75 a month on a member who spends 100: 7 months of deductible, exempt.
        ({"standard": 1_200, "first": 0, "length": 12, "model": fills()}, (7, 12)),
        # Copays alone: 2,400 / 375 a month; the deductible, never met, ends with it.
        ({"length": 12, "model": fills(copay=250.0)}, (6.4, 6.4)),
        ({"length": 12, "model": fills(copay=250.0, counts_to_troop=False)}, (12, 12)),
        # A copay above the price of the fill is the price: 1.5 x 300.
        ({"length": 12, "model": fills(copay=900.0)}, (2400 / 450, 2400 / 450)),
        # Not exempt: 450 a month of fills meet the deductible, then copays the rest.
        (
            {"length": 12, "model": fills(copay=250.0, deductible_exempt=False)},
            (700 / 450, 700 / 450 + 1700 / 375),
        ),
        # From April on: the deductible is met in April, 150 of it left, 100 and 450 a month.
        (
            {"standard": 1_200, "first": 3, "length": 4,
             "model": fills(copay=0.0, deductible_exempt=False)},
            (3 + 400 / 550, 12),
        ),
        # A copay that does not count moves nothing.
        (
            {"standard": 12_000, "length": 12, "model": fills(counts_to_troop=False)},
            (0.7, 7.5),
        ),
        # No therapy at all: the rest of the year is 1,000 a month.
        (
            {"standard": 12_000, "first": 0, "length": 0, "model": fills()},
            (0.7, 7.5),
        ),
        # 1,000 a month, a copay of 75 a month in the third to sixth month.
        (
            {"standard": 12_000, "first": 2, "length": 4, "model": fills()},
            (0.7, 6 + (2400 - 700 - 250 * 5.3 - 75 * 4) / 250),
        ),
    ],
)  # fmt: skip
def test_when_deductible_and_threshold_are_met(case, met):
    assert reached(**case) == pytest.approx(met, rel=1e-12)


def rules(deductible, threshold=2400):
    return Rules(array(deductible), array(threshold), *(array(share) for share in SHARES))


def test_small_amounts_are_amounts():
    """A deductible below a dollar, and spending below a dollar a month."""
    assert reached_under(rules(0.5), 12.0) == pytest.approx((0.5, 12))
    assert reached_under(rules(3), 6.0) == pytest.approx((6, 12))
    # So little that the months to the threshold are no number any more.
    assert reached_under(rules(1e3, 1e4), 1e-307) == (12, 12)


def test_without_a_deductible_it_is_met_before_anything_is_spent():
    assert reached_under(rules(0), 0.0) == (0, 12)
    year = benefit.year_phases(array(0.0), array(0), array(12), rules(0), fills())
    assert year.fills == near([0, 18, 0])


def reached_under(chosen, standard):
    met = benefit.turning_points(array(standard), array(0), array(0), chosen, None)
    return tuple(float(month) for month in met)


def test_a_year_in_phases():
    year = benefit.year_phases(array(12_000), array(2), array(8), RULES, fills())
    met = 2 + (2400 - 700 - 250 * 1.3) / 325  # 250 and 75 a month from March on
    assert met < 10
    assert year.standard == near([700, 1000 * (met - 0.7), 1000 * (12 - met)])
    assert year.fills == near([0, 1.5 * (met - 2), 1.5 * (10 - met)])


def test_fills_before_the_deductible_is_met_are_in_their_own_phase():
    year = benefit.year_phases(array(1_200), array(1), array(9), RULES, fills())
    assert year.standard == near([700, 500, 0])
    assert year.fills == near([1.5 * 6, 1.5 * 3, 0])


def test_without_model_fills_there_are_none_in_any_phase():
    year = benefit.year_phases(array([1_200, 12_000]), array(1), array(9), RULES, None)
    assert year.fills.shape == year.standard.shape == (2, 3)
    assert year.fills.tolist() == [[0.0] * 3] * 2
    assert year.standard == near([[700, 500, 0], [700, 6_800, 4_500]])


def test_a_month_is_its_part_of_the_year():
    given = (array([600, 12_000]), array([0, 2]), array([0, 8]), RULES, fills())
    months, year = benefit.month_phases(*given), benefit.year_phases(*given)
    assert months.standard.shape == months.fills.shape == (2, 12, 3)
    assert months.standard.sum(axis=1) == near(year.standard)
    assert months.fills.sum(axis=1) == near(year.fills)
    assert months.standard[1, 0] == near([700, 300, 0])
    assert months.standard[1, 11] == near([0, 0, 1000])
    assert months.fills[1].sum(axis=-1) == near([0, 0, *[1.5] * 8, 0, 0])
    assert months.standard[0] == near([[50, 0, 0]] * 12)
    assert not months.fills[0].any()


def test_months_of_many_members_are_each_members_own():
    """Rules, fills and members that all vary along the same axis."""
    several = Rules(array([700, 0]), array([2400, 300]), *(array([s, s]) for s in SHARES))
    model = fills(copay=[50.0, 10.0], gross=[300.0, 100.0], per_month=[1.5, 1.0])
    spending = array([12_000, 1_200])
    months = benefit.month_phases(spending, array([2, 0]), array([8, 12]), several, model)
    both = benefit.year_phases(spending, array([2, 0]), array([8, 12]), several, model)
    assert months.standard.sum(axis=1) == near(both.standard)
    assert months.fills.sum(axis=1) == near(both.fills)
    # 25 + 10 a month without a deductible: 300 after 8.57 months.
    assert both.standard[1] == near([0, 100 * 300 / 35, 1200 - 100 * 300 / 35])


SPENDING = np.array([[100.0, 200.0, 400.0], [1000.0, 2000.0, 3000.0], [500.0, 600.0, 800.0]])


def test_who_owes_standard_claims():
    owed = benefit.standard_liability(SPENDING, RULES)
    assert owed.member == near(700 + 0.25 * 6000)
    assert owed.manufacturer == near(0.11 * 1000 + 0.22 * 500)
    assert owed.selected_subsidy == near(0.13 * 2000)
    assert owed.reinsurance == near(0.21 * 500 + 0.41 * 600 + 0.43 * 800)
    assert owed.gross == near([1600, 2800, 4200])
    assert owed.catastrophic == near([500, 600, 800])
    assert owed.plan == near(8600 - 2200 - 220 - 260 - 695)


def test_each_member_owes_its_own_standard_claims():
    two = benefit.standard_liability(np.stack([SPENDING, 2 * SPENDING]), RULES)
    one = benefit.standard_liability(SPENDING, RULES)
    for payer in ("member", "plan", "manufacturer", "selected_subsidy", "reinsurance"):
        amount = getattr(one, payer)
        assert getattr(two, payer) == near([amount, 2 * amount]), payer
    assert two.gross == near([one.gross, 2 * one.gross])


def test_shares_of_the_payers_may_differ_by_case():
    """Two cases with rules of their own are two cases."""
    doubled = [array([share, 2 * share]) for share in SHARES]
    both = Rules(array([700.0, 700.0]), array([2400.0, 2400.0]), *doubled)
    two = benefit.standard_liability(np.stack([SPENDING, SPENDING]), both)
    assert two.member == near([2200, 700 + 0.5 * 6000])
    assert two.manufacturer == near([220, 440])
    assert two.selected_subsidy == near([260, 520])
    assert two.reinsurance == near([695, 1390])
    assert both.reinsurance == near([[0.21, 0.41, 0.43], [0.42, 0.82, 0.86]])


MIX = array([0.5, 0.3, 0.2])


def owed_for(count, *, before=False, price=300.0, **changed):
    return benefit.fill_liability(array(count), array(price), MIX, RULES, fills(**changed), before)


@pytest.mark.parametrize(
    ("count", "given", "member", "discounted", "late"),
    [
        # fills before the deductible, until the threshold, beyond: what the member owes,
        # gross that is discounted below the threshold, gross above it
        ([2, 4, 8], {}, 6 * 50, 1200, 2400),
        ([2, 4, 8], {"before": True}, 6 * 50, 1800, 2400),
        ([2, 4, 8], {"deductible_exempt": False}, 2 * 300 + 4 * 50, 1200, 2400),
        # Nothing is left to subsidise of a fill that its member pays whole.
        ([2, 4, 8], {"deductible_exempt": False, "before": True}, 800, 1200, 2400),
        ([2, 4, 8], {"copay": 900.0}, 6 * 300, 1200, 2400),
        ([0, 0, 8], {}, 0, 0, 2400),
        ([0, 0, 0], {}, 0, 0, 0),
    ],
)
def test_who_owes_model_fills(count, given, member, discounted, late):
    owed = owed_for(count, **given)
    gross = 300 * sum(count)
    manufacturer = 0.5 * (0.11 * discounted + 0.22 * late)
    subsidy = 0.3 * 0.13 * discounted
    reinsurance = late * (0.5 * 0.21 + 0.3 * 0.41 + 0.2 * 0.43)
    assert owed.member == near(member)
    assert owed.manufacturer == near(manufacturer)
    assert owed.selected_subsidy == near(subsidy)
    assert owed.reinsurance == near(reinsurance)
    assert owed.plan == near(gross - member - manufacturer - subsidy - reinsurance)
    assert owed.gross == near(gross * MIX)
    assert owed.catastrophic == near(late * MIX)


def test_fills_of_many_members_are_each_owed_alone():
    count = array([[2, 4, 8], [1, 0, 3]])
    both = benefit.fill_liability(
        count, array([300.0, 40.0]), np.stack([MIX, MIX[::-1]]), RULES, fills(), False
    )
    one = owed_for(count[0])
    for payer in ("member", "plan", "manufacturer", "selected_subsidy", "reinsurance"):
        assert getattr(both, payer)[0] == near(getattr(one, payer)), payer
    assert both.member[1] == near(40)  # the price, below the copay
    assert both.gross[1] == near(160 * MIX[::-1])
    assert both.catastrophic[1] == near(120 * MIX[::-1])


@pytest.mark.parametrize(("owed", "copays", "pays"), [(600, 150, 150), (100, 150, 100), (0, 9, 0)])
def test_low_income_copay(owed, copays, pays):
    assert float(benefit.low_income_copay(array(owed), array(copays))) == pays


def test_share_above_the_threshold():
    late, gross = array([500, 0, 0.25, 3, 0]), array([1000, 1000, 0.5, 3, 0])
    assert benefit.share_above_threshold(late, gross) == near([0.5, 0, 0.5, 1, 0])
    # One row of classes for many members.
    assert benefit.share_above_threshold(array([[1.0], [2.0]]), array(4.0)).shape == (2, 1)


@pytest.mark.parametrize(
    ("share", "late", "rebates", "above", "paid"),
    [
        (0.2, 500, 0, 0.5, 100),
        (0.2, 500, 100, 0.5, 90),
        (0.2, 500, 100, 0.25, 95),
        (0.2, 500, 1000, 0.5, 0),
        (0.4, 500, 100, 1.0, 160),
        (0.2, 500, 100, 0.0, 100),
    ],
)
def test_reinsurance_after_dir(share, late, rebates, above, paid):
    found = benefit.reinsurance_after_dir(array(share), array(late), array(rebates), array(above))
    assert float(found) == pytest.approx(paid)


# ------------------------------------------------------------------------------------------ payment


@pytest.mark.parametrize(
    ("prior", "bid", "reinsurance", "floor", "premium"),
    [
        (40, 300, 60, 0.0, 42.40),  # the cap: 6%
        (40, 100, 60, 0.0, 40.80),  # 25.5% of 160, below the cap
        (40, 300, 60, 0.20, 72.00),  # the floor: 20% of 360
        (40, 100, 60, 0.20, 40.80),  # the floor of 32 is below
        (0, 300, 60, 0.0, 0.0),
    ],
)
def test_base_premium(prior, bid, reinsurance, floor, premium):
    found = payment.base_premium(prior, bid, reinsurance, 0.255, 0.06, floor)
    assert float(found) == pytest.approx(premium)


def test_the_floor_is_off_unless_it_is_given():
    assert float(payment.base_premium(40, 300, 60, 0.255, 0.06)) == pytest.approx(42.40)


def test_base_premiums_of_several_cases():
    found = payment.base_premiums(
        np.array([40.0, 40.0]),
        np.array([[300.0, 310, 320], [300, 310, 320]]),
        np.array([[60.0, 60, 60], [60, 60, 60]]),
        [2028, 2029, 2030],
        np.array([0.255, 0.255]),
        np.array([0.06, 0.06]),
        np.array([0.20, 0.20]),
        np.array([2030.0, 2028.0]),
    )
    assert found == near([[42.4, 42.4 * 1.06, 0.2 * 380], [72.0, 0.2 * 370, 0.2 * 380]])


@pytest.mark.parametrize(
    ("bid", "risk_score", "premium", "subsidy"),
    [
        (296.05, 1.0, 41.33, 254.72),  # D13
        (300.05, 1.0, 45.33, 254.72),
        (300.00, 2.0, 45.28, 554.72),
        (296.05, 0.0, 41.33, -41.33),
        (0.0, 1.0, -254.72, 254.72),
    ],
)
def test_premium_and_direct_subsidy(bid, risk_score, premium, subsidy):
    assert float(payment.basic_premium(bid, 296.05, 41.33)) == pytest.approx(premium)
    found = payment.direct_subsidy(bid, risk_score, 296.05, 41.33)
    assert float(found) == pytest.approx(subsidy)


@pytest.mark.parametrize(
    ("target", "actual", "given", "paid"),
    [
        (200, 200, {}, 0),
        (200, 209, {}, 0),
        (200, 214, {}, 2),  # half of 4
        (200, 220, {}, 5),
        (200, 240, {}, 5 + 16),  # 80% of 20
        (200, 160, {}, -21),
        (200, 230, {"thresholds": (0.1, 0.05)}, 0.8 * 20),  # no band between
        (200, 230, {"thresholds": (0.0, 0.0)}, 0.8 * 30),
        (200, 230, {"shares": (0.0, 1.0)}, 10),
        (200, 230, {"shares": (1.0, 0.0)}, 10),
        (0, 10, {}, 8),  # nothing was expected: all of it is beyond
    ],
)
def test_risk_corridor(target, actual, given, paid):
    assert float(payment.risk_corridor(target, actual, **given)) == pytest.approx(paid)


@pytest.mark.parametrize(
    ("cost", "priced", "risk_score", "load", "change"),
    [
        (9.0, 1.0, 1.0, 0.0, 9.0),
        (9.0, 0.5, 1.0, 0.0, 4.5),
        (9.0, 1.0, 1.5, 0.0, 6.0),
        (9.0, 1.0, 1.5, 0.25, 8.0),
        (9.0, 0.0, 1.5, 0.25, 0.0),
    ],
)
def test_bid_change(cost, priced, risk_score, load, change):
    assert float(payment.bid_change(cost, priced, risk_score, load)) == pytest.approx(change)


@pytest.mark.parametrize(("weight", "moved"), [(0.0, 2.0), (0.25, 1.5), (1.0, 0.0)])
def test_premium_change(weight, moved):
    assert float(payment.premium_change(2.0, weight)) == pytest.approx(moved)


COST = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0], [11.0, 70.0]])


@pytest.mark.parametrize(
    ("credibility", "draws", "expected", "known"),
    [
        (0.0, 2, None, [[2, 20], [2, 20], [8, 60], [8, 60]]),  # two worlds of two draws
        (0.5, 2, None, [[1.5, 15], [2.5, 25], [6.5, 55], [9.5, 65]]),
        (1.0, 2, None, COST),
        (0.25, 4, None, 0.25 * COST + 0.75 * np.array([5.0, 40.0])),
        (0.25, 1, None, COST),  # a world of one draw is known
        (0.25, 2, lambda cost: cost + 4, 0.25 * COST + 0.75 * (COST + 4)),
        (0.25, 1, lambda cost: cost + 4, 0.25 * COST + 0.75 * (COST + 4)),
    ],
)
def test_experience_in_a_bid(credibility, draws, expected, known):
    found = payment.with_experience(COST, np.array([[credibility]]), draws, expected)
    assert found == near(known)


def test_a_single_case_is_its_own_experience_in_any_world():
    one = COST[:1]
    assert payment.with_experience(one, np.array([[0.25]]), 8) is one


def test_share_leaving():
    rise = np.array([[1.0, 1.0, -2.0], [40.0, -40.0, 0.0]])
    found = payment.share_leaving(rise, np.array([0.1, 0.1]), np.array([0.2, 0.5]))
    first = [0.02, 1 - 0.98**2, 1 - 0.98**2 * 1.04]
    # At most all who look leave, and at most as many come.
    assert found == near([first, [0.5, 1 - 0.5 * 1.5, 1 - 0.5 * 1.5]])


def test_loss_of_the_benchmark():
    change = np.array([[2.0, 2.5, 1.0], [2.0, 2.0, 2.0], [9.0, 9.0, 9.0]])
    rivals = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, -0.5], [0.0, 0.0, 0.0]])
    found = payment.loses_benchmark(change, rivals, np.array([2.0, 2.0, np.nan]))
    # At the headroom it is kept; once lost it stays lost; nan: it was not at stake.
    assert found.tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]


# ------------------------------------------------------------------------------------------ rebates


@pytest.mark.parametrize(
    ("best_price", "basic", "offset"),
    [
        (1000, 231, 80),
        (900, 231, 80),
        (840, 231, 71),  # 16% off: between the earlier minimum and today's
        (769, 231, 0),
        (600, 400, 0),
        (0, 1000, 0),
    ],
)
def test_basic_rebate_and_what_of_it_is_federal(best_price, basic, offset):
    assert float(rebates.basic_rebate(1000, best_price, 0.231)) == pytest.approx(basic)
    found = rebates.federal_offset(1000, best_price, 0.231, 0.151, 0.08)
    assert float(found) == pytest.approx(offset, abs=1e-9)


def test_the_offset_is_capped_whatever_the_minimum_was():
    assert float(rebates.federal_offset(1000, 1000, 0.30, 0.10, 0.08)) == pytest.approx(80)


@pytest.mark.parametrize(("base", "rebate"), [(950, 50), (1000, 0), (1050, 0), (0, 1000)])
def test_inflation_rebate(base, rebate):
    assert float(rebates.inflation_rebate(1000, base)) == rebate


@pytest.mark.parametrize(
    ("ingredient", "statutory", "net", "topped_up"),
    [(1300, 300, 245, 755), (650, 500, 245, 0), (545, 300, 245, 0), (1300, 300, np.nan, 0)],
)
def test_top_up(ingredient, statutory, net, topped_up):
    assert float(rebates.top_up(ingredient, statutory, net)) == topped_up


@pytest.mark.parametrize(
    ("gross", "given_back", "offset", "match", "state", "federal"),
    [
        (1000, 0, 0, 0.6, 400, 600),
        (1000, 231, 0, 0.6, 307.6, 461.4),
        (1000, 231, 80, 0.6, 339.6, 429.4),  # the offset is federal alone
        (1000, 231, 80, 0.0, 849, -80),
        (1000, 231, 80, 1.0, 0, 769),
        (0, 0, 0, 0.6, 0, 0),
    ],
)
def test_state_and_federal_share(gross, given_back, offset, match, state, federal):
    amounts = (gross, given_back, offset, match)
    assert float(rebates.state_share_of_net(*amounts)) == pytest.approx(state)
    assert float(rebates.federal_share_of_net(*amounts)) == pytest.approx(federal)


@pytest.mark.parametrize(
    ("months_old", "months", "match"),
    [(0, 12, 0.7), (12, 12, 0.5), (3, 12, 0.65), (3, 6, 0.6), (9, 12, 0.55)],
)
def test_blended_match(months_old, months, match):
    assert float(rebates.blended_match(0.5, 0.7, months_old, months)) == pytest.approx(match)
