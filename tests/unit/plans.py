"""Plans of every kind under terms of every kind, for tests of what must always hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from calculator import Scenario, load_scenario


def amounts(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers a person could mean: four decimals, no dust."""
    return st.floats(low, high).map(lambda number: round(number, 4))


SHIPPED = ("pdp_regional", "pdp_national", "mapd", "dsnp", "egwp")
PACKAGES = (
    "announced_2025_12",
    "illustrative_all",
    "illustrative_capitation",
    "illustrative_corridors",
    "illustrative_reinsurance",
)
TERMS = {
    "terms.package": st.sampled_from(PACKAGES),
    "terms.guaranteed_net_price": amounts(100, 500),
    "terms.copay": amounts(0, 100),
    "terms.mechanism": st.sampled_from(["rebate", "point_of_sale"]),
    "terms.net_includes_discount": st.booleans(),
    "terms.deductible_exempt": st.booleans(),
    "terms.copay_counts_to_troop": st.booleans(),
    "terms.lis_rule": st.sampled_from(["statutory_copay", "full_copay"]),
    "terms.subsidies_before_deductible": st.booleans(),
    "terms.existing_users": st.sampled_from(["none", "narrow", "broad"]),
    "terms.lifestyle_support": st.booleans(),
    "terms.obesity_capitation.amount": amounts(0, 60),
    "terms.obesity_capitation.per": st.sampled_from(["enrolled", "eligible", "treated"]),
    "terms.obesity_capitation.risk_adjusted": st.booleans(),
    "terms.obesity_capitation.in_corridor_target": st.booleans(),
    "terms.extra_reinsurance.share": amounts(0, 1),
    "terms.extra_reinsurance.phase": st.sampled_from(["all", "catastrophic"]),
    "terms.premium_stabilisation.amount": amounts(0, 20),
    "terms.administrative_support.pmpm": amounts(0, 5),
}
PLAN = {
    "plan.members": amounts(500, 3_000_000),
    "plan.member_trend": amounts(-0.1, 0.1),
    "plan.lis_share": amounts(0, 1),
    "plan.risk_score": amounts(0.5, 2.5),
    "plan.spend_ratio": amounts(0.5, 2),
    "plan.bid": amounts(100, 600),
    "plan.national_weight": amounts(0, 0.5),
    "therapy.curve": st.sampled_from(["prime_2021", "denmark", "prime_2024", "blue_health"]),
    "therapy.offsets": st.sampled_from(["none", "cost_rise", "cbo", "trial_model", "upper"]),
    "plan.part_c_coding": amounts(-500, 500),
    "horizon.start": st.sampled_from(["2027-01-01", "2028-01-01", "2030-01-01"]),
    "assumptions.uptake.eligible_share": amounts(0, 0.3),
    "assumptions.uptake.initiation": amounts(0, 0.6),
    "assumptions.payment.priced_share": amounts(0, 1),
    "assumptions.payment.dir_allocation": st.sampled_from(["by_class", "by_drug"]),
}


@st.composite
def plans(draw: Any, without: tuple[str, ...] = (), shipped: tuple[str, ...] = SHIPPED) -> Scenario:
    """A shipped plan with some of its figures and terms changed; `without` stay as shipped."""
    scenario = load_scenario(draw(st.sampled_from(shipped)))
    known = {path: values for path, values in {**TERMS, **PLAN}.items() if path not in without}
    chosen = draw(st.sets(st.sampled_from(sorted(known)), max_size=8))
    # The package first: the levers are laid over it.
    return scenario.with_settings({path: draw(known[path]) for path in sorted(chosen, key=_order)})


def _order(path: str) -> tuple[bool, str]:
    return path != "terms.package", path
