"""Who is on therapy, on examples small enough to count by hand (model section 3)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator.model import cohort
from calculator.model.arrays import monthly_probability

EXACT = 1e-12


def group(months=12, eligible=1_000.0, **given_inputs):
    """A quiet population: nobody starts, stops, leaves or starts again, unless said otherwise."""
    quiet = {
        "eligible": np.full((1, months), eligible),
        "initiation": np.zeros((1, months)),
        "curve": np.ones((1, months + 60)),
        "churn": np.zeros(1),
        "restart": np.zeros(1),
        "opening_stock": np.zeros((1, 0)),
        "opening_stopped": np.zeros(1),
    }
    arrays = {name: np.asarray(value, dtype=float) for name, value in given_inputs.items()}
    return cohort.project(**{**quiet, **arrays})


def starting_in(month: int, share: float, months=12):
    """Yearly shares under which `share` of the never-treated start in one month alone."""
    path = np.zeros((1, months))
    path[0, month] = share * 12
    return path


def curve(*shares, months=72):
    """A persistence curve that is 0 after the shares given."""
    return np.array([[*shares, *[0.0] * (months - len(shares))]])


# ----------------------------------------------------------------------------------------- starters


def test_a_yearly_share_of_12_percent_starts_12_percent_of_the_never_treated_in_the_year():
    # Each month a twelfth of 12% of the 1,000 who were never treated at the start of the year.
    of_one_year = group(initiation=np.full((1, 12), 0.12))
    assert of_one_year.starters[0] == pytest.approx(np.full(12, 10.0), rel=EXACT)
    # The next year starts from the 880 who are left.
    of_two_years = group(months=24, initiation=np.full((1, 24), 0.12))
    assert of_two_years.starters[0, 12:] == pytest.approx(np.full(12, 8.8), rel=EXACT)


def test_nobody_is_started_twice_and_never_more_than_there_are():
    everyone = group(initiation=starting_in(0, 1.0))
    assert everyone.starters[0, 0] == pytest.approx(1_000, rel=EXACT)
    assert everyone.starters[0, 1:] == pytest.approx(0, abs=EXACT)
    again = group(months=36, initiation=np.full((1, 36), 1.0), curve=curve(1, 0.5, 0.2, months=96))
    assert again.starters.sum() <= 1_000 + 1e-9


# ----------------------------------------------------------------------------------------- survival


def test_a_spell_is_on_therapy_in_the_month_it_starts():
    one = group(initiation=starting_in(3, 0.1), curve=curve(1, 0.6, 0.3))
    assert one.on_therapy[0] == pytest.approx([0, 0, 0, 100, 60, 30, *[0] * 6], abs=EXACT)


def test_those_who_stop_are_stopped_members():
    one = group(initiation=starting_in(0, 0.1), curve=curve(1, 0.6, 0.3))
    assert one.stops[0, :4] == pytest.approx([0, 40, 30, 30], rel=EXACT)
    assert one.stopped[0, :4] == pytest.approx([0, 40, 70, 100], rel=EXACT)


def test_survival_is_one_at_the_start_and_a_hazard_ratio_is_a_power_of_it():
    months = np.arange(0, 37)
    plain = cohort.survival(months, 0.939, 16.98)
    assert plain[0] == 1.0
    assert np.all(np.diff(plain) < 0)
    assert cohort.survival(months, 0.939, 16.98, 1.25) == pytest.approx(plain**1.25, rel=EXACT)


def test_published_points_are_met_and_joined_log_linearly():
    at = np.array([0.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0])
    shares = cohort.survival_through_points(at, [6, 12], [0.64, 0.32])
    assert shares == pytest.approx([1, 0.8, 0.64, 0.64 / 2**0.5, 0.32, 0.16, 0.08], rel=EXACT)
    doubled = cohort.survival_through_points(at, [6, 12], [0.64, 0.32], 2.0)
    assert doubled == pytest.approx(shares**2, rel=EXACT)


# ------------------------------------------------------------------------------- churn and restarts


def test_members_who_leave_the_plan_are_neither_on_therapy_nor_stopped():
    # 100 start; each month 10% of members leave; of those still here half have stopped.
    one = group(initiation=starting_in(0, 0.1), curve=curve(1, 0.5, 0.5), churn=[0.1])
    assert one.on_therapy[0, :3] == pytest.approx([100, 100 * 0.9 * 0.5, 100 * 0.81 * 0.5])
    assert one.stops[0, 1] == pytest.approx(100 * 0.9 - 45)
    assert one.stopped[0, :3] == pytest.approx([0, 45, 45 * 0.9])


def test_a_tenth_of_those_who_stopped_by_last_month_start_again():
    # Month 0: 100 start. Month 1: 40 stop. Month 2: 30 stop, 4 of the 40 are back.
    # Month 3: 30 stop and 1.6 of the 4; of the 66 stopped 6.6 are back.
    one = group(initiation=starting_in(0, 0.1), curve=curve(1, 0.6, 0.3), restart=[0.1])
    assert one.restarts[0, :4] == pytest.approx([0, 0, 4, 6.6])
    assert one.stopped[0, :4] == pytest.approx([0, 40, 66, 66 + 31.6 - 6.6])
    assert one.on_therapy[0, :4] == pytest.approx([100, 60, 34, 2.4 + 6.6])
    assert one.starts[0, :4] == pytest.approx([100, 0, 4, 6.6])


def test_restarting_at_the_monthly_probability_brings_back_the_yearly_share():
    restart = monthly_probability(0.363)
    back = group(months=12, eligible=0.0, opening_stopped=[1_000.0], restart=[restart],
                 curve=np.ones((1, 72)))  # fmt: skip
    assert back.restarts.sum() == pytest.approx(363)


def test_treated_and_stopped_members_and_those_who_left_are_everyone_who_ever_started():
    churn = 0.02
    one = group(
        months=48,
        initiation=np.full((1, 48), 0.3),
        curve=cohort.survival(np.arange(108.0), 0.8, 10.0)[None],
        restart=[0.03],
        churn=[churn],
    )
    here = one.on_therapy[0] + one.stopped[0]
    arrived = one.starters[0]
    for month in range(1, 48):
        assert here[month] == pytest.approx(here[month - 1] * (1 - churn) + arrived[month])


# ------------------------------------------------------------------------------------ opening stock


def test_the_opening_stock_goes_on_from_its_therapy_age():
    # 10 people with no months behind them, 20 with one, 30 with two, on a curve of halves.
    halves = 0.5 ** np.arange(72.0)[None]
    uneven = curve(1, 0.8, 0.4, 0.2, 0.1)
    one = group(opening_stock=[[10, 20, 30]], curve=uneven)
    assert one.opening.tolist() == [60]
    assert one.on_therapy[0, 0] == pytest.approx(60)
    assert one.on_therapy[0, 1] == pytest.approx(10 * 0.8 + 20 * 0.4 / 0.8 + 30 * 0.2 / 0.4)
    assert one.on_therapy[0, 2] == pytest.approx(10 * 0.4 + 20 * 0.2 / 0.8 + 30 * 0.1 / 0.4)
    assert group(opening_stock=[[10, 20, 30]], curve=halves).on_therapy[0, :3] == pytest.approx(
        [60, 30, 15]
    )


def test_the_opening_stock_was_treated_and_so_does_not_start_anew():
    one = group(
        opening_stock=[[0.0, 600.0]],
        opening_stopped=[300.0],
        initiation=starting_in(0, 0.5),
    )
    assert one.starters[0, 0] == pytest.approx(0.5 * (1_000 - 600 - 300))
    assert one.starts[0, 0] == pytest.approx(50 + 600)


# -------------------------------------------------------------------------------- windows of a year


def test_a_window_holds_the_spells_on_therapy_in_exactly_its_months():
    one = group(months=24, initiation=starting_in(10, 0.1, 24), curve=curve(1, 0.6, 0.3, 0.1))
    windows = cohort.windows(one)[0]
    assert windows.shape == (2, 78)

    def spells(year, first, length):
        chosen = (first == cohort.WINDOW_FIRST) & (length == cohort.WINDOW_LENGTH)
        return float(windows[year, chosen].sum())

    # Of 100 who start in November 40 stop after it; 60 go to the year's end. 30 go on in January
    # and 10 of them in February.
    assert spells(0, 10, 1) == pytest.approx(40)
    assert spells(0, 10, 2) == pytest.approx(60)
    assert spells(1, 0, 1) == pytest.approx(20)
    assert spells(1, 0, 2) == pytest.approx(10)
    assert windows.sum() == pytest.approx(130)


def test_there_are_78_windows_each_within_the_year():
    windows = set(zip(cohort.WINDOW_FIRST.tolist(), cohort.WINDOW_LENGTH.tolist(), strict=True))
    assert windows == {(first, length) for first in range(12) for length in range(1, 13 - first)}


@settings(max_examples=30)
@given(st.lists(st.floats(0, 3), min_size=24, max_size=24), st.floats(0, 0.3), st.floats(0, 0.3))
def test_projecting_cases_side_by_side_is_projecting_each(initiation, churn, restart):
    inputs = {
        "months": 24,
        "initiation": [initiation, initiation[::-1]],
        "churn": [churn, 0.01],
        "restart": [restart, 0.02],
        "curve": cohort.survival(np.arange(84.0), 0.9, 15.0)[None],
        "opening_stock": [[5.0, 6.0], [7.0, 8.0]],
        "opening_stopped": [9.0, 3.0],
    }
    both = cohort.windows(group(**inputs))
    for case in range(2):
        single = {
            name: value if name in ("months", "curve") else [value[case]]
            for name, value in inputs.items()
        }
        assert cohort.windows(group(**single))[0] == pytest.approx(both[case], abs=1e-9)


# ------------------------------------------------------------------------- for offsets and outcomes


def test_treated_member_years_are_counted_by_year_on_therapy():
    one = group(months=24, initiation=starting_in(6, 0.1, 24), curve=np.ones((1, 84)))
    # 100 people: six months of the first year, then six more of it and six of the second.
    assert cohort.treated_years(one)[0] == pytest.approx(np.array([[50.0, 0.0], [50.0, 50.0]]))
    stock = group(opening_stock=[[0, 0, 0, 0, 0, 0, 120.0]])
    assert cohort.treated_years(stock)[0, 0] == pytest.approx([60.0, 60.0])


def test_the_effect_after_stopping_fades_and_leaves_with_members():
    one = group(initiation=starting_in(0, 0.12), curve=curve(1.0))
    carried = cohort.carried_effect(one, np.array([0.1]), np.array([6.0]))
    fade = 0.9 * np.exp(-1 / 6)
    # 120 stop at the turn into February.
    assert carried[0, :12].sum() == pytest.approx(120 * sum(fade**month for month in range(11)))
