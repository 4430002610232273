"""Selection, seen from outside: what goes in, what must come out, no look inside.

One table for each kind of test of TECH-VER (Büyükkaramikli and others 2019). That nobody who moves
changes nothing, and that movers are a population of their own, is in tests/unit/test_selection.py.
"""

import numpy as np
import pytest

from calculator.errors import InputError
from tests.blackbox.seen import amount, decision, rows

PLAN = "pdp_regional"
EXACT = 1e-9
S = "assumptions.selection"
MOVERS, SHARE = f"{S}.movers", f"{S}.joining_share"
INCLUDED = {"selection.include": True}
NO_FIXED = {"assumptions.administration.fixed_cost": 0.0}


def check(settings=None, shipped=PLAN):
    return decision(shipped, settings).selection


def joiners(settings=None):
    return sum(check(settings).extra_joiners.values())


# -------------------------------------------------------------- zero: what is nothing does nothing


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({MOVERS: 0.0}, "nobody moves"),
        ({f"{S}.capture": 0.0}, "nobody comes to this plan"),
        ({"assumptions.uptake.eligible_share": 0.0}, "nobody is eligible"),
    ],
)
def test_zero(settings, why):
    without = check(settings)
    assert joiners(settings) == pytest.approx(0, abs=1e-9), why
    assert without.mover_months == pytest.approx(0, abs=1e-9)
    assert joiners() > 100


# -------------------------------------------------- extreme: the ends of what an input may be


@pytest.mark.parametrize(
    "settings",
    [
        {MOVERS: 1.0},
        {SHARE: 0.01},
        {SHARE: 1.0},
        {MOVERS: 1.0, SHARE: 0.01, f"{S}.mover_initiation": 1.0},
        {f"{S}.mover_risk_ratio": 0.0},
        {"plan.lis_share": 1.0},
    ],
    ids=str,
)
def test_extreme(settings):
    found = decision(PLAN, {**settings, **INCLUDED})
    assert np.isfinite(found.ledger().amount).all()
    said = found.selection
    assert np.isfinite([said.value_without, said.value_with, said.lost_when_staying_out]).all()
    share = settings.get(SHARE, 0.6)
    # Never more than all those outside: 1 / s people for each of the plan's own.
    assert max(said.multiplier.values()) <= 1 / share * (1 + EXACT)
    assert min(said.multiplier.values()) >= 1 - EXACT


# ------------------------------------------------------------ swap: what is alike changes nothing


def test_swap_who_moves_where_low_income_members_move_like_others():
    even = {f"{S}.lis_movers_ratio": 1.0, f"{S}.bridge_movers_ratio": 1.0}
    few, many = (check({**even, "plan.lis_share": share}) for share in (0.1, 0.9))
    assert few.multiplier == pytest.approx(many.multiplier, rel=EXACT)


def test_swap_the_check_and_the_run_that_includes_it():
    """The value the check names with movers is that of a run with them, and the reverse."""
    plain, with_them = decision(PLAN), decision(PLAN, INCLUDED)
    assert plain.selection.value_with == pytest.approx(with_them.value.total, rel=1e-9)
    assert with_them.selection.value_without == pytest.approx(plain.value.total, rel=1e-9)


# ------------------------------------------------------ monotone: more of one is more of the other

MONOTONE = [
    (MOVERS, (0.05, 0.1, 0.5), joiners, +1),
    (SHARE, (0.2, 0.5, 0.9), joiners, -1),
    (f"{S}.capture", (0.2, 0.6, 1.0), joiners, +1),
    (f"{S}.mover_risk_ratio", (0.5, 1.0, 1.5), lambda s: check(s).value_with, +1),
    (MOVERS, (0.05, 0.1, 0.5), lambda s: check(s).lost_when_staying_out, +1),
    (f"{S}.mover_initiation", (0.2, 0.5, 0.9),
     lambda s: amount(decision(PLAN, {**s, **INCLUDED}), "join", "model_drugs"), +1),
]  # fmt: skip


@pytest.mark.parametrize("case", MONOTONE, ids=lambda case: f"{case[0]}{case[3]:+}")
def test_monotone(case):
    path, values, read, way = case
    found = [read({path: value}) for value in values]
    assert np.all(np.diff(found) * way > 0), found


# --------------------------------------------------------- additive: the parts make up the whole


def test_additive_what_each_mover_brings_and_costs_is_what_they_all_do():
    """Per mover and month, times their months, is the plan's rows with them less those without."""
    unpriced = {"assumptions.payment.priced_share": 0.0, f"{S}.premium_semi_elasticity": 0.0}
    plain, with_them = decision(PLAN, unpriced), decision(PLAN, {**unpriced, **INCLUDED})
    said = plain.selection
    gained = with_them.value.total - plain.value.total - said.lost_when_staying_out
    brought = sum(said.per_mover.values()) * said.mover_months
    assert gained == pytest.approx(brought, rel=0.02)


# ---------------------------------------------------- unit: dollars, months, people and shares


def test_unit_twice_the_members_is_twice_the_movers_and_the_same_per_mover():
    one, two = (check({**NO_FIXED, "plan.members": people}) for people in (2e4, 4e4))
    assert two.mover_months == pytest.approx(2 * one.mover_months, rel=EXACT)
    assert two.per_mover == pytest.approx(one.per_mover, rel=1e-6)
    assert two.multiplier == pytest.approx(one.multiplier, rel=EXACT)
    assert two.pmpm_with == pytest.approx(one.pmpm_with, rel=1e-6)


@pytest.mark.parametrize("path", [MOVERS, SHARE, f"{S}.mover_initiation"])
def test_unit_per_cent_is_refused_where_a_share_is_meant(path):
    with pytest.raises(InputError) as refused:
        decision(PLAN, {path: 12.0})
    assert path in str(refused.value)


# ----------------------------------------------------------------- label: names move no number


def test_label_of_the_plan_moves_no_number():
    assert check({"label": "Something else"}).to_dict() == check().to_dict()


def test_label_the_verdict_is_a_word_that_is_explained():
    for settings in ({}, {MOVERS: 0.0}, {"terms.obesity_capitation.amount": 60.0}):
        said = check(settings)
        assert said.verdict
        assert said.reason.endswith(".")
        pays = said.value_without > 0
        assert ("does_not_pay" in said.verdict) == (not pays)


def test_label_included_movers_are_rows_of_the_same_names():
    plain, with_them = rows(decision(PLAN)), rows(decision(PLAN, INCLUDED))
    assert {key[2] for key in with_them} == {key[2] for key in plain}
    assert {key[3] for key in with_them} == {key[3] for key in plain}
