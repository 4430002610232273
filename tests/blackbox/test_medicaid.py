"""Medicaid, seen from outside: what goes in, what must come out, no look inside.

One table for each kind of test of TECH-VER (Büyükkaramikli and others 2019). What holds for any
state under any terms is in tests/unit/test_medicaid_identities.py; these are its gaps.
"""

import numpy as np
import pytest

from calculator.errors import InputError
from calculator.model import ledger
from tests.blackbox.seen import amount, count, decision, rows

COVERS, NOT = "state_covering", "state_not_covering"
EXACT = 1e-9
R, C = "assumptions.rebates", "assumptions.coverage"
GROUPS = (
    "children",
    "base_adults",
    "expansion_adults",
    "disabled",
    "medicaid_chip",
    "separate_chip",
)
NO_FIXED = {f"{C}.administration_fixed": 0.0}
# Everybody in fee for service, so that a fill is paid by the two governments alone.
FEE_FOR_SERVICE = {f"groups.{group}.managed_share": 0.0 for group in GROUPS}
NOBODY_TODAY = {f"{C}.existing_fills_per_enrollee": 0.0}
DRUGS = "model_drugs existing_glp1"
PRICE = "terms.guaranteed_net_price"


def net(found, branch, payers):
    """Drugs and capitation less rebates of one or both governments, USD."""
    lines = f"{DRUGS} capitation statutory_rebate supplemental_rebate"
    return amount(found, branch, lines, payers)


# -------------------------------------------------------------- zero: what is nothing does nothing

ZERO = [
    # setting at 0, scenario, other settings, branch, lines, payers: this amount is then 0
    (f"{R}.copay", COVERS, {}, "join", "", "member"),
    (f"{C}.existing_fills_per_enrollee", COVERS, {}, "join", "existing_glp1", ""),
    (f"{C}.premium_tax", COVERS, {}, "join", "premium_tax", "federal"),
    ("state.own_uptake_ratio", COVERS, {}, "stay_out", "model_drugs", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", ZERO, ids=lambda case: case[0])
def test_zero(case):
    path, shipped, others, branch, lines, payers = case
    found = decision(shipped, {**others, path: 0.0})
    assert amount(found, branch, lines, payers) == pytest.approx(0, abs=1e-6)
    # And above 0 it does something, so that the row is one that can be there.
    some = decision(shipped, {**others, path: 0.05})
    assert abs(amount(some, branch, lines, payers)) > 1


def test_zero_a_state_that_does_not_cover_and_stays_out_has_no_obesity_use():
    found = decision(NOT)
    assert amount(found, "stay_out", "model_drugs administration") == 0
    assert count(found, "fills", "stay_out") == 0


def test_zero_managed_care_leaves_no_capitation_and_no_plans_that_pay():
    found = decision(COVERS, FEE_FOR_SERVICE)
    assert amount(found, "join", "capitation premium_tax", "state federal") == 0
    assert amount(found, "join", "", "mco") == 0


# -------------------------------------------------- extreme: the ends of what an input may be

EXTREME = [
    ({"state.fmap": 0.83}, "the highest match"),
    ({f"{R}.best_price_share_of_amp": 0.0}, "best price of nothing"),
    ({f"{R}.base_amp_ratio": 2.0}, "a price that fell by half"),
    ({f"{R}.own_supplemental_share": 0.95}, "nearly all given back already"),
    ({PRICE: None}, "no guaranteed price"),
    ({f"{C}.capitation_load": 0.3}, "a large load"),
    ({f"{R}.rebate_lag_quarters": 8}, "rebates two years late"),
    ({f"{C}.duration_cap_months": 1}, "one month of treatment"),
    ({"state.own_uptake_ratio": 10.0}, "ten times the use"),
    ({"horizon.start": "2031-12-01"}, "the last month"),
]


@pytest.mark.parametrize(("settings", "why"), EXTREME, ids=[why for _, why in EXTREME])
def test_extreme(settings, why):
    found = decision(COVERS, settings)
    table = found.ledger()
    assert np.isfinite(table.amount).all()
    assert np.isfinite([found.value.total, found.value.present_value, found.value.pmpm]).all()
    drugs = table[table.line.isin(["model_drugs", "existing_glp1"])]
    assert (drugs.amount >= -1e-6).all()


def test_extreme_a_guaranteed_price_of_list_is_worth_nothing():
    """The state keeps what it has, and only the rebates it has."""
    found = decision(COVERS, {PRICE: 1_040.0, **NO_FIXED})
    assert found.value.total == pytest.approx(0, abs=1e-3)
    assert net(found, "join", "state federal") == pytest.approx(
        net(found, "stay_out", "state federal"), rel=EXACT
    )


# ------------------------------------------------------------ swap: what is alike changes nothing


def test_swap_two_groups_that_are_alike():
    """Base adults and disabled have one match: who is which does not move the budget."""
    alike = {
        **{f"groups.{group}.included": group in ("base_adults", "disabled") for group in GROUPS},
        "groups.base_adults.eligible_share": 0.04,
        "groups.disabled.eligible_share": 0.04,
        "groups.base_adults.managed_share": 0.3,
        "groups.disabled.managed_share": 0.3,
        "groups.base_adults.trend": 0.0,
        "groups.disabled.trend": 0.0,
    }
    sizes = (120_000.0, 480_000.0)
    one, other = (
        decision(COVERS, {**alike, "groups.base_adults.enrollment": first,
                          "groups.disabled.enrollment": second})
        for first, second in (sizes, sizes[::-1])
    )  # fmt: skip
    assert other.value.total == pytest.approx(one.value.total, rel=1e-6)
    assert rows(other) == pytest.approx(rows(one), rel=1e-6, abs=1e-3)


def test_swap_two_products_that_are_alike():
    names = ("zepbound", "foundayo")
    alike = {f"assumptions.drugs.{name}_list_price": 700.0 for name in names}
    alike |= {f"{R}.{name}_own_net_price": 400.0 for name in names}
    one, other = (
        decision(
            COVERS, {**alike, "therapy.mix": {"wegovy": 0.2, names[0]: half, names[1]: 0.8 - half}}
        )
        for half in (0.5, 0.3)
    )
    assert rows(one) == pytest.approx(rows(other), rel=EXACT)


def test_swap_the_two_governments_at_a_match_of_a_half():
    settings = {
        "state.fmap": 0.5,
        **{f"groups.{group}.included": group == "base_adults" for group in GROUPS},
        **FEE_FOR_SERVICE,
    }
    half = decision(COVERS, settings)
    state, federal = (amount(half, "join", "model_drugs", payer) for payer in ("state", "federal"))
    assert state == pytest.approx(federal, rel=EXACT)


def test_swap_the_order_of_settings():
    settings = {"state.fmap": 0.6, PRICE: 300.0, f"{R}.copay": 1.0}
    turned = dict(reversed(settings.items()))
    assert rows(decision(COVERS, settings)) == rows(decision(COVERS, turned))


# ------------------------------------------------------ monotone: more of one is more of the other


def capitation(found):
    return amount(found, "join", "capitation", "state federal")


def present_value(found):
    return found.value.present_value


MONOTONE = [
    # scenario, path, values, what is read, +1 it rises, -1 it falls
    (COVERS, "state.own_uptake_ratio", (0.5, 1, 2), lambda d: count(d, "fills", "stay_out"), +1),
    (NOT, "state.fmap", (0.5, 0.6, 0.8), lambda d: net(d, "join", "state"), -1),
    (NOT, "state.fmap", (0.5, 0.6, 0.8), lambda d: net(d, "join", "federal"), +1),
    (NOT, PRICE, (100, 245, 500), lambda d: net(d, "join", "state federal"), +1),
    (COVERS, f"{R}.own_supplemental_share", (0.0, 0.2, 0.5), lambda d: d.value.total, -1),
    (COVERS, f"{C}.duration_cap_months", (3, 6, 24), lambda d: count(d, "fills"), +1),
    (COVERS, f"{C}.bmi_threshold", (30, 35, 40), lambda d: count(d, "fills"), -1),
    (COVERS, f"{C}.capitation_load", (0.0, 0.1, 0.2), capitation, +1),
    (NOT, f"{C}.prior_authorization_cost", (0, 50, 200), lambda d: d.value.total, -1),
    (NOT, f"{C}.administration_fixed", (0, 1e5, 1e6), lambda d: d.value.total, -1),
    (NOT, f"{C}.expansion_match", (0.7, 0.8, 0.9), lambda d: net(d, "join", "federal"), +1),
    (COVERS, "assumptions.payment.discount_rate", (0, 0.03, 0.1), present_value, -1),
]  # fmt: skip


@pytest.mark.parametrize("case", MONOTONE, ids=lambda case: f"{case[1]}-{case[4]}")
def test_monotone(case):
    shipped, path, values, read, way = case
    others = {"state.abbr": "MI"} if "expansion" in path else {}
    found = [read(decision(shipped, {**others, path: float(value)})) for value in values]
    assert np.all(np.diff(found) * way > 0), found


# --------------------------------------------------------- additive: the parts make up the whole


def test_additive_the_state_and_the_federal_share_are_the_net_cost():
    found = decision(COVERS, FEE_FOR_SERVICE)
    for branch in ("join", "stay_out"):
        gross = amount(found, branch, DRUGS)
        given_back = amount(found, branch, "statutory_rebate supplemental_rebate", "manufacturer")
        both = net(found, branch, "state federal")
        assert both == pytest.approx(gross - given_back, rel=1e-6)


def test_additive_fiscal_years():
    for name in (COVERS, NOT):
        found = decision(name)
        assert sum(found.value.by_period.values()) == pytest.approx(found.value.total, rel=EXACT)


def test_additive_a_path_of_fills_is_the_sum_of_its_parts():
    """Twice the fills is twice the budget, and two paths together are their sum."""
    form = {"uptake.form": "monthly_fills", **NO_FIXED, **NOBODY_TODAY}
    first, second = [100.0, 200.0, 300.0], [50.0, 0.0, 400.0]
    none = decision(NOT, {**form, "uptake.monthly_fills": [0.0]}).value.total
    authorised = {f"{C}.prior_authorization_cost": 0.0}
    assert none == pytest.approx(0, abs=1e-3)
    one, two, both = (
        decision(NOT, {**form, **authorised, "uptake.monthly_fills": path}).value.total
        for path in (first, second, [a + b for a, b in zip(first, second, strict=True)])
    )
    assert both == pytest.approx(one + two, rel=1e-9)


# ---------------------------------------------------- unit: dollars, months, people and shares


SIZES = {"base_adults": 300_000.0, "disabled": 150_000.0, "medicaid_chip": 50_000.0}


def test_unit_twice_the_enrollees_is_twice_the_dollars_and_the_same_pmpm():
    everybody = {f"groups.{group}.included": group in SIZES for group in GROUPS} | NO_FIXED
    one, two = (
        decision(NOT, {**everybody, **{f"groups.{group}.enrollment": times * size
                                       for group, size in SIZES.items()}})
        for times in (1, 2)
    )  # fmt: skip
    assert rows(two) == pytest.approx({key: 2 * usd for key, usd in rows(one).items()}, rel=1e-9)
    assert two.value.pmpm == pytest.approx(one.value.pmpm, rel=EXACT)


def test_unit_a_guaranteed_price_is_dollars_per_fill_of_30_days():
    """In fee for service, without a fee on top, the two governments pay it for each new fill."""
    plain = {**FEE_FOR_SERVICE, f"{R}.dispensing_fee": 0.0, PRICE: 245.0, f"{R}.copay": 0.0,
             f"{R}.ingredient_share_of_list": 1.0, "groups.separate_chip.included": False,
             f"{C}.existing_fills_per_enrollee": 0.0}  # fmt: skip
    found = decision(NOT, plain)
    assert net(found, "join", "state federal") / count(found, "fills") == pytest.approx(
        245, abs=0.01
    )


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("state.fmap", 60.0),  # per cent where a share is meant
        (f"{R}.amp_share_of_list", 97.0),
        (f"{C}.capitation_load", 8.0),
        ("state.fiscal_year_start_month", 13),
        ("state.enrollment", -5.0),
    ],
)
def test_unit_a_wrong_unit_is_refused_by_name(path, given):
    with pytest.raises(InputError) as refused:
        decision(COVERS, {path: given})
    assert path.rpartition(".")[2] in str(refused.value)


# ----------------------------------------------------------------- label: names move no number


@pytest.mark.parametrize("path", ["name", "label"])
def test_label_of_a_scenario_moves_no_number(path):
    assert rows(decision(COVERS, {path: "Something else"})) == rows(decision(COVERS))


def test_label_every_line_payer_and_branch_is_one_of_the_fixed_words():
    table = decision(COVERS, {"therapy.offsets": "cbo"}).ledger()
    assert set(table.branch) == {"join", "stay_out"}
    assert set(table.line) <= set(ledger.LINES)
    assert set(table.payer) <= set(ledger.PAYERS)


def test_label_fiscal_years_are_named_by_the_year_they_end_in():
    found = decision(NOT, {"horizon.start": "2027-07-01", "state.fiscal_year_start_month": 7})
    assert next(iter(found.value.by_period)) == "2028"
    found = decision(NOT, {"horizon.start": "2027-06-01", "state.fiscal_year_start_month": 7})
    assert next(iter(found.value.by_period)) == "2027"
