"""One state's budget worked out a second time, in plain loops, without the calculator's functions.

A state that does not cover obesity use today: base and expansion adults in shares, both in fee for
service and managed care; every rebate, 340B, capitation on priced fills until rates are rebased,
premium tax, today's fills repriced, and administration. The prices step in the seventh month.
"""

import math
from collections import defaultdict

import pytest

from calculator import decide, load_scenario

EXACT = 1e-9
MONTHS, STEP = 24, 6  # July 2026 to June 2028; prices move in January 2027
OCTOBERS = (3, 15)  # months in which a federal year begins

PEOPLE = 1_000_000.0
GROUPS = {
    "base_adults": {"share": 0.4, "trend": -0.01, "eligible_share": 0.05, "managed_share": 0.7},
    "expansion_adults": {
        "share": 0.6,
        "trend": -0.05,
        "eligible_share": 0.08,
        "managed_share": 0.9,
    },
}
LOST = {"base_adults": 0.0, "expansion_adults": 0.1}  # to work requirements
# Virginia's published match of the federal years 2026 and 2027; 2028 holds the last.
FMAP = (0.5039, 0.5002, 0.5002)
EXPANSION_MATCH = 0.90

LIST = {  # to December 2026, from January 2027
    "wegovy": (1349.02, 675.0),
    "zepbound": (1086.37, 1086.37),
    "foundayo": (649.0, 649.0),
    "ozempic": (1027.0, 675.0),
    "rybelsus": (1027.0, 675.0),
    "mounjaro": (1079.77, 1079.77),
}
FAIR = {"wegovy": 274.0, "ozempic": 274.0, "rybelsus": 274.0}  # from January 2027
OWN_NET = {"ozempic": (290.0, 274.0), "rybelsus": (296.0, 260.0), "mounjaro": (453.0, 430.0)}
MIX = {"wegovy": 0.5, "zepbound": 0.3, "foundayo": 0.2}
TODAY = {"ozempic": 0.55, "rybelsus": 0.05, "mounjaro": 0.12}

AMP, BEST, BASE_AMP, INGREDIENT = 0.96, 0.80, 0.93, 0.95
MINIMUM, EARLIER, CAP = 0.231, 0.151, 0.08
OWN_SUPPLEMENTAL, NET, FEE, COPAY, SHARE_340B = 0.04, 245.0, 11.0, 2.0, 0.15
LOAD, TAX, PRICED, REBASED = 0.12, 0.03, 0.6, 9
FILLS_TODAY, QUARTERS = 0.106, (1.0, 2.5, 4.0, 3.0)
KAPPA, SCALE, CHURN, FILLS_A_MONTH = 0.939, 16.98, 0.03, 0.9
AUTHORIZATION, AUTHORIZATION_MATCH, FIXED, ADMIN_MATCH = 40.0, 0.75, 600_000.0, 0.50


def settings() -> dict[str, object]:
    """The figures above as a scenario's settings."""
    found: dict[str, object] = {
        "state.abbr": "VA",
        "state.enrollment": PEOPLE,
        "horizon.start": "2026-07-01",
        "horizon.end": "2028-06-30",
        "uptake.form": "fills_per_1000",
        "uptake.quarterly_fills_per_1000": list(QUARTERS),
        "therapy.mix": MIX,
        "therapy.curve": "denmark",
        "therapy.offsets": "none",
        "terms.guaranteed_net_price": NET,
        "terms.lifestyle_support": False,
    }
    for group in ("children", "disabled", "duals", "medicaid_chip", "separate_chip"):
        found[f"groups.{group}.included"] = False
    for group, numbers in GROUPS.items():
        found |= {f"groups.{group}.{key}": value for key, value in numbers.items()}
    for product, (before, after) in LIST.items():
        days = {"wegovy": "2025 2026 2027 2028", "ozempic": "2025 2026 2027 2028"}
        days |= {"zepbound": "2025 2027", "mounjaro": "2025 2027", "foundayo": "2025"}
        for year in days.get(product, "2025 2026 2027 2028").split():
            value = after if int(year) >= 2027 else before
            found[f"assumptions.drugs.{product}_list_price.{year}_01_01"] = value
    for product, fair in FAIR.items():
        found[f"assumptions.drugs.{product}_maximum_fair_price"] = fair
    for product, (before, after) in OWN_NET.items():
        found[f"assumptions.rebates.{product}_own_net_price.2025_01_01"] = before
        found[f"assumptions.rebates.{product}_own_net_price.2027_01_01"] = after
    for product, share in TODAY.items():
        found[f"assumptions.coverage.existing_mix_{product}"] = share
    rebates = {
        "amp_share_of_list": AMP,
        "best_price_share_of_amp": BEST,
        "base_amp_ratio": BASE_AMP,
        "ingredient_share_of_list": INGREDIENT,
        "minimum_rebate_share": MINIMUM,
        "minimum_before_2010_share": EARLIER,
        "federal_offset_cap_share": CAP,
        "mfp_sets_best_price": True,
        "own_supplemental_share": OWN_SUPPLEMENTAL,
        "dispensing_fee": FEE,
        "copay": COPAY,
        "share_340b": SHARE_340B,
    }
    coverage = {
        "existing_fills_per_enrollee": FILLS_TODAY,
        "work_requirement_expansion_loss": LOST["expansion_adults"],
        "churn_monthly": CHURN,
        "expansion_match": EXPANSION_MATCH,
        "capitation_load": LOAD,
        "premium_tax": TAX,
        "priced_fills_share": PRICED,
        "months_until_rebased": REBASED,
        "prior_authorization_cost": AUTHORIZATION,
        "prior_authorization_match": AUTHORIZATION_MATCH,
        "administration_fixed": FIXED,
        "administration_match": ADMIN_MATCH,
    }
    found |= {f"assumptions.rebates.{key}": value for key, value in rebates.items()}
    found |= {f"assumptions.coverage.{key}": value for key, value in coverage.items()}
    found |= {
        "assumptions.persistence.denmark_kappa": KAPPA,
        "assumptions.persistence.denmark_scale": SCALE,
        "assumptions.persistence.fills_per_month": FILLS_A_MONTH,
    }
    return found


# ------------------------------------------------------------------------------ the second way


def enrollment(group: str, month: int) -> float:
    numbers = GROUPS[group]
    growth = (1 + numbers["trend"]) ** (month / 12)
    return PEOPLE * numbers["share"] * growth * (1 - LOST[group])


def match(group: str, month: int) -> float:
    if group == "expansion_adults":
        return EXPANSION_MATCH
    return FMAP[sum(month >= october for october in OCTOBERS)]


def fill(product: str, month: int, covered_today: bool) -> dict[str, float]:
    """What one fill costs and earns: ingredient, statutory, federal offset, own supplemental."""
    late = month >= STEP
    listed = LIST[product][late]
    ingredient, amp = INGREDIENT * listed, AMP * listed
    best = BEST * amp
    if late and product in FAIR and FAIR[product] < best:
        best = FAIR[product]
    discount = amp - best
    basic = MINIMUM * amp
    if discount > basic:
        basic = discount
    inflation = amp - BASE_AMP * amp
    offset = MINIMUM * amp - (EARLIER * amp if EARLIER * amp > discount else discount)
    offset = 0.0 if offset < 0 else offset
    offset = CAP * amp if offset > CAP * amp else offset
    statutory = basic + inflation
    own = OWN_SUPPLEMENTAL * ingredient
    if covered_today:
        to_own_net = ingredient - statutory - OWN_NET[product][late]
        own = to_own_net if to_own_net > own else own
    return {"ingredient": ingredient, "statutory": statutory, "offset": offset, "own": own}


def supplemental(unit: dict[str, float], join: bool) -> float:
    to_net = unit["ingredient"] - unit["statutory"] - NET
    return to_net if join and to_net > unit["own"] else unit["own"]


def starters(fills: list[float]) -> list[float]:
    """Who starts, so that those on therapy fill that much; nobody is taken off it."""
    found: list[float] = []
    for month in range(MONTHS):
        still_on = 0.0
        for began, people in enumerate(found):
            ages = month - began
            still_on += people * math.exp(-((ages / SCALE) ** KAPPA)) * (1 - CHURN) ** ages
        wanted = fills[month] / FILLS_A_MONTH
        found.append(wanted - still_on if wanted > still_on else 0.0)
    return found


def budget(join: bool) -> dict[tuple[str, str], list[float]]:
    """Every row of a branch by month."""
    rows: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * MONTHS)

    def share(line: str, amount: float, matched: float, month: int) -> None:
        rows[line, "federal"][month] += amount * matched
        rows[line, "state"][month] += amount * (1 - matched)

    def post(line: str, group: str, month: int, fills: float, mix: dict, priced: float) -> None:
        matched, managed = match(group, month), GROUPS[group]["managed_share"]
        for product, part in mix.items():
            unit = fill(product, month, covered_today=line == "existing_glp1")
            count = fills * part
            gross = count * (unit["ingredient"] + FEE - COPAY)
            share(line, gross * (1 - managed), matched, month)
            rows[line, "mco"][month] += gross * managed
            rows[line, "member"][month] += count * COPAY

            capitation = gross * managed * priced / (1 - LOAD)
            share("capitation", capitation, matched, month)
            rows["capitation", "mco"][month] -= capitation
            # The rate is grossed up, so that the tax on all of it is what is left.
            tax = capitation / (1 - TAX) - capitation
            share("premium_tax", tax, matched, month)
            rows["premium_tax", "state"][month] -= tax

            earning = count * (1 - SHARE_340B)
            statutory, kept = earning * unit["statutory"], earning * unit["offset"]
            rows["statutory_rebate", "manufacturer"][month] += statutory
            share("statutory_rebate", -(statutory - kept), matched, month)
            rows["statutory_rebate", "federal"][month] -= kept
            extra = earning * supplemental(unit, join)
            rows["supplemental_rebate", "manufacturer"][month] += extra
            share("supplemental_rebate", -extra, matched, month)

    fills = []
    for month in range(MONTHS):
        everyone = sum(enrollment(group, month) for group in GROUPS)
        rate = QUARTERS[min(month // 3, len(QUARTERS) - 1)]
        fills.append(everyone / 1_000 * rate / 3 if join else 0.0)
        eligible = {
            group: enrollment(group, month) * GROUPS[group]["eligible_share"] for group in GROUPS
        }
        today = {group: enrollment(group, 0) for group in GROUPS}
        for group in GROUPS:
            treated = eligible[group] / sum(eligible.values())
            priced = PRICED if month < REBASED else 1.0
            post("model_drugs", group, month, fills[month] * treated, MIX, priced)
            covered = everyone * FILLS_TODAY / 12 * today[group] / sum(today.values())
            post("existing_glp1", group, month, covered, TODAY, 1.0)
    if join:
        for month, people in enumerate(starters(fills)):
            share("administration", people * AUTHORIZATION, AUTHORIZATION_MATCH, month)
            share("administration", FIXED / 12, ADMIN_MATCH, month)
    return dict(rows)


# ----------------------------------------------------------------------------------- the two agree


@pytest.fixture(scope="module")
def decision():
    return decide(load_scenario("state_not_covering").with_settings(settings()))


@pytest.fixture(scope="module")
def by_hand():
    return {"join": budget(True), "stay_out": budget(False)}


def agree(decision, by_hand, branch: str, payers: set[str]) -> None:
    rows = getattr(decision.evaluation.result, branch).rows
    expected = {
        row: months for row, months in by_hand[branch].items() if any(months) and row[1] in payers
    }
    found = {
        row: amounts[0] for row, amounts in rows.items() if amounts[0].any() and row[1] in payers
    }
    assert set(found) == set(expected)
    for row, months in expected.items():
        scale = max(map(abs, months))
        assert list(found[row]) == pytest.approx(months, rel=EXACT, abs=EXACT * scale), row


@pytest.mark.parametrize("branch", ["join", "stay_out"])
def test_every_row_of_the_budget_agrees_month_by_month(decision, by_hand, branch):
    agree(decision, by_hand, branch, {"federal", "state", "mco", "manufacturer"})


@pytest.mark.parametrize("branch", ["join", "stay_out"])
def test_members_pay_a_copay_on_each_fill_in_the_budget_and_on_no_other(decision, by_hand, branch):
    """Of today's fills only those of drugs in the model are in the budget, 72% here."""
    agree(decision, by_hand, branch, {"member"})


def total(rows: dict, payer: str, months: slice) -> float:
    """All that a payer pays but premium tax, which goes round and is shown apart."""
    return sum(
        sum(by_month[months])
        for (line, found), by_month in rows.items()
        if found == payer and line != "premium_tax"
    )


def test_the_budget_by_fiscal_year_and_the_value_agree(decision, by_hand):
    years = {"2027": slice(0, 12), "2028": slice(12, 24)}
    assert decision.periods == tuple(years)
    spent = 0.0
    for year, months in years.items():
        paid = {
            (branch, payer): total(rows, payer, months)
            for branch, rows in by_hand.items()
            for payer in ("state", "federal")
        }
        for (branch, payer), usd in paid.items():
            found = decision.budget[branch][f"{payer}_net"][year]
            assert found == pytest.approx(usd, rel=EXACT), (branch, payer, year)
        value = paid["stay_out", "state"] - paid["join", "state"]
        spent += sum(paid.values())
        assert decision.value.by_period[year] == pytest.approx(value, abs=EXACT * spent)


def test_gross_and_net_differ_by_the_rebates_alone(decision, by_hand):
    for branch, rows in by_hand.items():
        for year, months in (("2027", slice(0, 12)), ("2028", slice(12, 24))):
            net = total(rows, "state", months) + total(rows, "federal", months)
            back = total(rows, "manufacturer", months)
            budget = decision.budget[branch]
            assert budget["rebates"][year] == pytest.approx(back, rel=EXACT)
            assert budget["total_computable_net"][year] == pytest.approx(net, rel=EXACT)
            assert budget["total_computable_gross"][year] == pytest.approx(net + back, rel=EXACT)


def test_capitation_per_member_is_priced_fills_at_gross_over_one_less_the_load(decision, by_hand):
    """Model section 10: priced fills / member-months x gross fill / (1 - load)."""
    rows = decision.evaluation.result.join.rows
    for month in (0, REBASED - 1, REBASED, MONTHS - 1):
        priced = PRICED if month < REBASED else 1.0
        plans = by_hand["join"]["model_drugs", "mco"][month] * priced
        plans += by_hand["join"]["existing_glp1", "mco"][month]
        members = sum(enrollment(group, month) for group in GROUPS)
        rate = plans / members / (1 - LOAD)
        received = -rows["capitation", "mco"][0, month] / members
        assert received == pytest.approx(rate, rel=EXACT)


def test_the_second_way_meets_what_it_set_out_to_meet(by_hand):
    """The case is not an easy one: every part of it is at work."""
    units = [fill(product, month, True) for product in TODAY for month in (0, STEP)]
    assert len({unit["offset"] > 0 for unit in units}) == 2
    assert any(supplemental(unit, True) > unit["own"] for unit in units)
    assert 0 in starters([5.0] * 3 + [1.0] * (MONTHS - 3))
    assert by_hand["join"]["premium_tax", "state"][0] < 0
    assert by_hand["join"]["model_drugs", "mco"][0] > 0
    assert by_hand["stay_out"]["supplemental_rebate", "manufacturer"][0] > 0
