"""Part D, seen from outside: what goes in, what must come out, no look inside.

One table for each kind of test of TECH-VER (Büyükkaramikli and others 2019). What holds for any
plan under any terms is in tests/unit/test_identities.py and test_monotone.py; these are its gaps.
"""

import numpy as np
import pytest

from calculator import load_scenario
from calculator.errors import InputError
from calculator.model import ledger
from tests.blackbox.seen import amount, count, decision, rows

PLAN, MA = "pdp_regional", "mapd"
EXACT = 1e-9
UNPRICED = {"assumptions.payment.priced_share": 0.0}
NOBODY_TODAY = {
    f"assumptions.drugs.{drug}_users_share": 0.0 for drug in ("ozempic", "rybelsus", "mounjaro")
}
FULL = {"therapy.offsets": "cbo", "plan.part_c_coding": 30.0}


# -------------------------------------------------------------- zero: what is nothing does nothing

ZERO = [
    # setting at 0, scenario, other settings, branch, lines, payers: this amount is then 0
    ("terms.copay", PLAN, {}, "join", "model_drugs", "member lics"),
    ("plan.part_c_coding", MA, FULL, "join", "part_c_coding", ""),
    ("plan.lis_share", PLAN, {}, "join", "", "lics"),
    ("assumptions.uptake.bridge_initiation", PLAN, {"horizon.start": "2027-01-01"}, "stay_out",
     "model_drugs", ""),
    ("assumptions.uptake.eligible_share", PLAN, NOBODY_TODAY, "join", "model_drugs", ""),
    ("assumptions.spending.dir_share", PLAN, NOBODY_TODAY, "stay_out", "", "dir"),
    ("terms.extra_reinsurance.share", PLAN, {}, "join", "extra_reinsurance", ""),
    ("assumptions.selection.premium_semi_elasticity", PLAN, {}, "join", "selection", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", ZERO, ids=lambda case: case[0])
def test_zero(case):
    path, shipped, others, branch, lines, payers = case
    found = decision(shipped, {**others, path: 0.0})
    assert amount(found, branch, lines, payers) == pytest.approx(0, abs=1e-6)
    # And the same setting above 0 does something, so that the line is one that can be there.
    at = 0.1 if path.endswith(("share", "initiation")) else 20.0
    if path != "assumptions.selection.premium_semi_elasticity":
        assert amount(decision(shipped, {**others, path: at}), branch, lines, payers) > 1


def test_zero_terms_without_a_price_leave_only_what_taking_part_costs():
    """Nobody starts, nothing is repriced: joining is the fixed cost, staying out the baseline."""
    nobody = {
        **NOBODY_TODAY,
        "assumptions.uptake.initiation": 0.0,
        "assumptions.uptake.bridge_initiation": 0.0,
        "assumptions.administration.fixed_cost": 0.0,
        "assumptions.administration.pmpm_cost": 0.0,
    }
    found = decision(PLAN, nobody)
    assert found.value.total == pytest.approx(0, abs=1e-4)
    join, stay = (
        {k[1:]: v for k, v in rows(found).items() if k[0] == b} for b in ("join", "stay_out")
    )
    assert join == pytest.approx({**dict.fromkeys(join, 0.0), **stay}, abs=1e-4)


# -------------------------------------------------- extreme: the ends of what an input may be

EXTREME = [
    ({"plan.members": 1.0}, "one member"),
    ({"plan.members": 60_000_000.0}, "everybody in Part D"),
    ({"plan.lis_share": 1.0}, "all with low-income subsidy"),
    (
        {"assumptions.uptake.eligible_share": 1.0, "assumptions.uptake.initiation": 1.0},
        "all treated",
    ),
    ({"terms.copay": 0.0}, "no copay"),
    ({"terms.copay": 500.0}, "a copay above the price"),
    ({"assumptions.payment.priced_share": 1.0}, "all of it priced"),
    ({"terms.extra_reinsurance.share": 1.0}, "all of it reinsured"),
    ({"terms.guaranteed_net_price": None}, "no guaranteed price"),
    ({"plan.risk_score": 0.3}, "a very healthy plan"),
    ({"plan.spend_ratio": 5.0}, "five times the spending"),
    ({"therapy.mix": {"wegovy": 1.0}}, "one product"),
    ({"horizon.start": "2027-01-01"}, "the first day"),
]


@pytest.mark.parametrize(("settings", "why"), EXTREME, ids=[why for _, why in EXTREME])
def test_extreme(settings, why):
    found = decision(PLAN, settings)
    table = found.ledger()
    assert np.isfinite(table.amount).all()
    assert np.isfinite([found.value.total, found.value.present_value, found.value.pmpm]).all()
    # Nobody pays for a drug what others did not; and nobody is treated who is not a member.
    drugs = table[table.line == "model_drugs"]
    assert (drugs[~drugs.payer.isin(["reinsurance", "plan"])].amount >= -1e-6).all()
    members = found.evaluation.inputs.members[0]
    on_therapy = np.array(list(found.outcomes["join"]["on_therapy"].values()))
    assert (on_therapy <= members * (1 + EXACT)).all()


def test_extreme_everything_reinsured_leaves_the_plan_nothing_of_the_models_drugs():
    found = decision(PLAN, {"terms.extra_reinsurance.share": 1.0})
    left = amount(found, "join", "model_drugs", "plan")
    assert amount(found, "join", "extra_reinsurance") == pytest.approx(left, rel=EXACT)


def test_extreme_a_copay_above_the_price_is_the_price():
    dear, price = (
        decision(
            PLAN, {"terms.copay": copay, "terms.mechanism": "point_of_sale", "plan.lis_share": 0.0}
        )
        for copay in (500.0, 245.0)
    )
    assert rows(dear) == pytest.approx(rows(price), rel=EXACT, abs=1e-6)


# ------------------------------------------------------------ swap: what is alike changes nothing


def test_swap_two_products_that_are_alike():
    alike = {
        "assumptions.drugs.zepbound_list_price": 700.0,
        "assumptions.drugs.foundayo_list_price": 700.0,
    }
    one, other = (
        decision(PLAN, {**alike, "therapy.mix": mix})
        for mix in (
            {"wegovy": 0.2, "zepbound": 0.5, "foundayo": 0.3},
            {"wegovy": 0.2, "zepbound": 0.3, "foundayo": 0.5},
        )
    )
    assert rows(one) == pytest.approx(rows(other), rel=EXACT)


def test_swap_low_income_members_for_others_where_nothing_tells_them_apart():
    """Same spending, full copay, no auto-assignment: only who pays the member's part differs."""
    alike = {
        "assumptions.spending.lis_spend_ratio": 1.0,
        "terms.lis_rule": "full_copay",
        "therapy.dual_effect": False,
        **UNPRICED,
        **NOBODY_TODAY,
    }
    few, many = (decision(PLAN, {**alike, "plan.lis_share": share}) for share in (0.2, 0.8))
    for payers in ("plan", "manufacturer", "reinsurance", "selected_subsidy", "member lics"):
        one, other = (amount(found, "join", "model_drugs", payers) for found in (few, many))
        assert one == pytest.approx(other, rel=EXACT), payers


@pytest.mark.parametrize("first", ["terms.copay", "plan.members"])
def test_swap_the_order_of_settings(first):
    settings = {"terms.copay": 35.0, "plan.members": 50_000.0, "plan.risk_score": 1.1}
    turned = {first: settings[first], **settings}
    assert rows(decision(PLAN, settings)) == rows(decision(PLAN, turned))


# ------------------------------------------------------ monotone: more of one is more of the other

CAPITATION = "obesity_capitation"
MONOTONE = [
    # path, values, what is read, +1 it rises, -1 it falls
    ("assumptions.uptake.initiation", (0.02, 0.1, 0.3), lambda d: count(d, "fills"), +1),
    ("assumptions.uptake.eligible_share", (0.02, 0.1, 0.3), lambda d: count(d, "fills"), +1),
    ("assumptions.persistence.restart_one_year", (0.1, 0.3, 0.5), lambda d: count(d, "fills"), +1),
    ("assumptions.persistence.hazard_ratio_age_65", (1, 1.2, 1.4), lambda d: count(d, "fills"), -1),
    ("assumptions.persistence.fills_per_month", (0.8, 0.9, 1.0), lambda d: count(d, "fills"), +1),
    ("plan.lis_share", (0.1, 0.4, 0.9), lambda d: amount(d, "join", "", "lics"), +1),
    ("plan.spend_ratio", (0.8, 1.0, 1.4), lambda d: amount(d, "join", "baseline_drugs"), +1),
    ("terms.copay", (10, 50, 90), lambda d: amount(d, "join", "model_drugs", "member"), +1),
    ("assumptions.administration.fixed_cost", (0, 1e5, 1e6), lambda d: d.value.total, -1),
    ("assumptions.payment.discount_rate", (0, 0.03, 0.1), lambda d: d.value.present_value, +1),
    ("terms.administrative_support.pmpm", (0, 0.1, 1.0), lambda d: d.value.total, +1),
    ("terms.obesity_capitation.amount", (0, 1, 5), lambda d: amount(d, "join", CAPITATION), +1),
]  # fmt: skip


@pytest.mark.parametrize("case", MONOTONE, ids=lambda case: case[0])
def test_monotone(case):
    path, values, read, way = case
    found = [read(decision(PLAN, {path: float(value)})) for value in values]
    assert np.all(np.diff(found) * way > 0), found


# --------------------------------------------------------- additive: the parts make up the whole


@pytest.mark.parametrize(
    ("path", "line", "amounts"),
    [
        ("terms.obesity_capitation.amount", "obesity_capitation", (3.0, 4.0)),
        ("terms.administrative_support.pmpm", "administration", (0.3, 0.4)),
        ("terms.extra_reinsurance.share", "extra_reinsurance", (0.3, 0.4)),
    ],
)
def test_additive_incentives_of_an_unpriced_plan(path, line, amounts):
    """What two amounts add together is what each adds alone."""
    zero = decision(PLAN, {**UNPRICED, path: 0.0}).value.total
    one, two, both = (
        decision(PLAN, {**UNPRICED, path: given}).value.total - zero
        for given in (*amounts, sum(amounts))
    )
    assert both > 0
    assert both == pytest.approx(one + two, rel=1e-6)


def test_additive_products_of_the_mix():
    """Each product alone, in its share, is the mix: fills, gross, the manufacturer's part."""
    mix = {"wegovy": 0.45, "zepbound": 0.45, "foundayo": 0.10}
    whole = decision(PLAN, {"therapy.mix": mix})
    for read in (
        lambda found: count(found, "fills"),
        lambda found: amount(found, "join", "model_drugs"),
        lambda found: amount(found, "join", "model_drugs", "manufacturer"),
    ):
        parts = sum(
            share * read(decision(PLAN, {"therapy.mix": {name: 1.0}}))
            for name, share in mix.items()
        )
        assert parts == pytest.approx(read(whole), rel=EXACT)


def test_additive_years():
    for name in (PLAN, MA):
        found = decision(name, FULL if name == MA else {})
        assert sum(found.value.by_period.values()) == pytest.approx(found.value.total, rel=EXACT)
        table = found.ledger()
        by_year = table.groupby(["branch", "line", "payer"]).amount.sum()
        assert by_year.sum() == pytest.approx(table.amount.sum(), rel=EXACT)


# ---------------------------------------------------- unit: dollars, months, members and shares

NO_FIXED = {"assumptions.administration.fixed_cost": 0.0}


def test_unit_twice_the_members_is_twice_the_dollars_and_the_same_pmpm():
    one, two = (decision(PLAN, {**NO_FIXED, "plan.members": people}) for people in (2e4, 4e4))
    assert rows(two) == pytest.approx({key: 2 * usd for key, usd in rows(one).items()}, rel=EXACT)
    assert two.value.pmpm == pytest.approx(one.value.pmpm, rel=EXACT)


def test_unit_pmpm_is_dollars_over_the_member_months_of_the_horizon():
    found = decision(PLAN)
    months = 12 * sum(found.evaluation.inputs.members[0])
    assert found.value.pmpm == pytest.approx(found.value.total / months, rel=EXACT)


def test_unit_a_capitation_is_dollars_per_member_and_month():
    found = decision(PLAN, {"terms.obesity_capitation.amount": 2.0,
                            "terms.obesity_capitation.per": "enrolled"})  # fmt: skip
    months = 12 * sum(found.evaluation.inputs.members[0])
    assert amount(found, "join", "obesity_capitation") == pytest.approx(2.0 * months, rel=EXACT)


def test_unit_a_fill_is_one_month_of_therapy():
    found = decision(PLAN, {"assumptions.persistence.fills_per_month": 1.0})
    assert count(found, "fills") == pytest.approx(12 * count(found, "member_years"), rel=EXACT)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("plan.lis_share", 15.0),  # per cent where a share is meant
        ("assumptions.uptake.initiation", 6.0),
        ("terms.extra_reinsurance.share", 40.0),
        ("plan.members", -1.0),
        ("plan.risk_score", 92.0),
    ],
)
def test_unit_a_wrong_unit_is_refused_by_name(path, given):
    with pytest.raises(InputError) as refused:
        decision(PLAN, {path: given})
    assert path.rpartition(".")[2] in str(refused.value)


# ----------------------------------------------------------------- label: names move no number


@pytest.mark.parametrize("path", ["name", "label"])
def test_label_of_a_scenario_moves_no_number(path):
    assert rows(decision(PLAN, {path: "Something else"})) == rows(decision(PLAN))


def test_label_every_line_payer_and_branch_is_one_of_the_fixed_words():
    table = decision(MA, {**FULL, "terms.package": "illustrative_all"}).ledger()
    assert set(table.branch) == {"join", "stay_out"}
    assert set(table.line) <= set(ledger.LINES)
    assert set(table.payer) <= set(ledger.PAYERS)


def test_label_order_of_the_mix_moves_no_number():
    one = load_scenario(PLAN).with_settings({"therapy.mix": {"wegovy": 0.6, "zepbound": 0.4}})
    other = load_scenario(PLAN).with_settings({"therapy.mix": {"zepbound": 0.4, "wegovy": 0.6}})
    assert one.therapy.mix == other.therapy.mix
    mine, its = (decision(PLAN, {"therapy.mix": scenario.therapy.mix}) for scenario in (one, other))
    assert rows(mine) == pytest.approx(rows(its), rel=EXACT)
