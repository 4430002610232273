"""A plan's own spending in the engine, and values that were observed in its own data."""

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.errors import InputError
from calculator.part_d_inputs import build_inputs
from calculator.report.words import changed
from calculator.scenario import scenario_of

SOURCE = "claims sha256:" + "ab" * 32
START = "2027-01-01"


def own_spending(scenario, year=2027, points=60):
    """A scenario's national strata of its first year as a section of own spending."""
    inputs = build_inputs(scenario, scenario.register(), points)
    assert inputs.years[0] == year
    zero = float(scenario.register().number("assumptions.spending.zero_share")[0])
    section = {"year": year, "glp1": "left_out"}
    for index, name in enumerate(("non_lis", "lis")):
        mix = inputs.class_mix[0, 0, index, 1:]
        section[name] = {
            "zero_share": zero,
            "points": inputs.spend[0, 0, index, 1:].tolist(),
            "applicable": mix[:, 0].tolist(),
            "selected": mix[:, 1].tolist(),
        }
    return section


def with_own(scenario, section, **more):
    data = scenario.model_dump(mode="json", exclude_none=True)
    data["plan"]["spend_ratio"] = 1.0
    return scenario_of({**data, "spending": section, **more})


@pytest.mark.parametrize("name", ["pdp_regional", "mapd", "dsnp"])
@pytest.mark.parametrize("start", [START, "2028-01-01"])
def test_national_strata_given_as_own_change_nothing(name, start):
    shipped = load_scenario(name).with_settings({"horizon.start": START})
    own = with_own(shipped, own_spending(shipped))
    before, after = (decide(s.with_settings({"horizon.start": start})) for s in (shipped, own))
    assert after.value.total == pytest.approx(before.value.total, rel=1e-9)
    for branch in ("join", "stay_out"):
        rows, others = before.ledgers()[branch], after.ledgers()[branch]
        assert rows.keys() == others.keys()
        for key, amounts in rows.items():
            scale = max(1.0, float(np.max(np.abs(amounts))))
            assert np.allclose(others[key], amounts, rtol=0, atol=1e-9 * scale), key


@pytest.mark.parametrize("points", [60, 8, 7])
def test_the_mean_is_kept_at_any_number_of_slices(points):
    shipped = load_scenario("pdp_regional").with_settings({"horizon.start": START})
    section = own_spending(shipped)
    own = with_own(shipped, section)
    inputs = build_inputs(own, own.register(), points)
    for index, name in enumerate(("non_lis", "lis")):
        assert inputs.spend[0, 0, index, 1:].mean() == pytest.approx(
            np.mean(section[name]["points"]), rel=1e-12
        )
    assert inputs.weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert np.allclose(inputs.class_mix.sum(axis=-1), 1.0)
    applicable = (inputs.spend * inputs.class_mix[..., 0])[0, 0, 0, 1:].mean()
    wanted = np.array(section["non_lis"]["points"]) @ section["non_lis"]["applicable"] / 60
    assert applicable == pytest.approx(wanted, rel=1e-9)


def test_more_spending_costs_more_and_glp1_drugs_included_are_taken_off():
    shipped = load_scenario("pdp_regional").with_settings({"horizon.start": START})
    section = own_spending(shipped)
    spent = {}
    for basis in ("left_out", "included"):
        own = with_own(shipped, {**section, "glp1": basis})
        inputs = build_inputs(own, own.register(), 60)
        spent[basis] = (inputs.weights[0] * inputs.spend[0, 0]).sum()
        in_use = inputs.existing.share[0] @ inputs.existing.gross[0, 0] * 12
        in_use *= inputs.existing_fills_per_month[0]
    assert spent["left_out"] - spent["included"] == pytest.approx(in_use, rel=1e-9)
    double = with_own(shipped, section).with_settings({"plan.spend_ratio": 2.0})
    cost = [
        decide(own, resolution="workbook").ledgers()["stay_out"]["baseline_drugs", "plan"]
        for own in (with_own(shipped, section), double)
    ]
    assert np.all(cost[1] > 1.5 * cost[0])


GROUP = {"zero_share": 0.1, "points": [1.0, 2.0], "applicable": [0.5, 0.5], "selected": [0, 0]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": [2.0, 1.0]}, "spending.lis.points: allowed is numbers from 0 up that do not"),
        ({"points": [-1.0, 1.0]}, "spending.lis.points: allowed is numbers from 0 up"),
        ({"points": []}, "spending.lis.points: allowed is 1 to 1000 numbers"),
        ({"applicable": [0.5]}, "spending.lis.applicable: allowed is 2 shares"),
        ({"applicable": [0.5, 1.2]}, "spending.lis.applicable: allowed is shares from 0 to 1"),
        ({"selected": [0.6, 0.6]}, "spending.lis.selected: allowed is shares that"),
        ({"zero_share": 1.5}, "spending.lis.zero_share: allowed is a number from 0 to 1"),
    ],
)
def test_wrong_strata_are_refused_by_name(change, said):
    section = {"year": 2026, "glp1": "left_out", "non_lis": GROUP, "lis": {**GROUP, **change}}
    with pytest.raises(InputError, match=said):
        scenario_of({"extends": "pdp_regional", "spending": section})


def test_both_groups_and_a_known_year_are_needed():
    with pytest.raises(InputError, match=r"spending.lis: allowed is a value"):
        scenario_of(
            {
                "extends": "pdp_regional",
                "spending": {"year": 2026, "glp1": "left_out", "non_lis": GROUP},
            }
        )
    section = {"year": 2020, "glp1": "left_out", "non_lis": GROUP, "lis": GROUP}
    scenario = scenario_of({"extends": "pdp_regional", "spending": section})
    with pytest.raises(InputError, match=r"spending.year: allowed is a year from 2025 to 2028"):
        decide(scenario)


# -------------------------------------------------------------------------------- observed values


def observed(**more):
    share = {"value": 0.05, "status": "observed", "source": SOURCE}
    return {
        "extends": "pdp_regional",
        "plan": {"members": 51_234, "lis_share": 0.21},
        "assumptions": {"drugs": {"ozempic_users_share": share}},
        "observed": {
            "source": SOURCE,
            "title": "Claims",
            "paths": ["plan.members", "plan.lis_share"],
        },
        **more,
    }


def badges(scenario):
    notes = changed(scenario, scenario.register())
    return {sentence.split("(")[-1].rstrip(")"): badge for badge, sentence in notes}


def test_observed_values_say_so_and_what_is_typed_over_them_does_not():
    scenario = scenario_of(observed())
    path = "assumptions.drugs.ozempic_users_share"
    assert badges(scenario) == {
        "plan.members": "observed",
        "plan.lis_share": "observed",
        path: "observed",
    }
    register = scenario.register()
    assert register.status("plan.members") == register.status(path) == "observed"
    assert register.status("plan.risk_score") == "user"
    typed = scenario.with_settings({"plan.members": 60_000, path: 0.06})
    assert badges(typed) == {
        "plan.members": "changed",
        "plan.lis_share": "observed",
        path: "changed",
    }
    assert typed.register().status("plan.members") == typed.register().status(path) == "user"


def test_the_fingerprint_covers_what_was_observed():
    one = scenario_of(observed())
    data = observed()
    data["observed"]["paths"] = ["plan.members"]
    assert decide(one, resolution="workbook").fingerprint != (
        decide(scenario_of(data), resolution="workbook").fingerprint
    )
    assert scenario_of(observed()).to_yaml() == one.to_yaml()


def test_only_the_scenarios_own_source_may_be_cited():
    other = "claims sha256:" + "cd" * 32
    stranger = {"drugs": {"ozempic_users_share": {"value": 0.05, "source": other}}}
    with pytest.raises(InputError, match=r"or the scenario's observed.source"):
        scenario_of(observed(assumptions=stranger)).register()
    data = observed()
    del data["observed"]
    with pytest.raises(InputError, match=r"a source of sources.yaml, or user; given was claims"):
        scenario_of(data).register()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "a friend"}, "observed.source: allowed is claims sha256:"),
        ({"paths": ["plan.member"]}, "observed.paths: allowed is a known path"),
    ],
)
def test_what_was_observed_is_checked(change, said):
    data = observed()
    data["observed"] = {**data["observed"], **change}
    with pytest.raises(InputError, match=said):
        scenario_of(data).register()
