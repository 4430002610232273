"""A run beside another one takes over what comes out the same, and nothing else."""

import dataclasses

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.sensitivity import alternatives, breakeven, tornado
from calculator.decision import evaluate
from calculator.model import drug_costs
from calculator.model.drug_costs import SETTLED, SETTLED_LEVERS
from calculator.model.inputs import Inputs, Levers, map_arrays
from calculator.model.known import Known, alike
from calculator.register import as_json

COARSE = "workbook"
PLANS = ("pdp_regional", "mapd", "dsnp", "egwp")
MOVED = {
    "terms.extra_reinsurance.share": (0.0, 1.0),
    "terms.obesity_capitation.amount.2029_01_01": (0.0, 100.0),
    "terms.guaranteed_net_price": (100.0, 400.0),
    "terms.copay": (0.0, 90.0),
    "assumptions.uptake.eligible_share": (0.01, 0.5),
    "assumptions.uptake.bridge_initiation": (0.0, 0.2),
    "assumptions.payment.priced_share": (0.0, 1.0),
    "assumptions.spending.user_spend_ratio": (1.0, 2.0),
    "assumptions.persistence.fills_per_month": (0.8, 1.0),
    # Other entries grow by it.
    "assumptions.payment.part_d_index": (0.0, 0.1),
    "plan.members": (1000.0, 90_000.0),
    "plan.lis_share": (0.0, 1.0),
}
NEAR = (
    {"selection.include": True},
    {"terms.net_includes_discount": False},
    {"terms.mechanism": "point_of_sale", "terms.existing_users": "broad"},
    {"plan.members": 12_345.0, "terms.copay": 20.0},
    {"therapy.curve": "denmark"},
)


def arrays(run):
    found = []
    map_arrays((run.inputs, run.costs, run.result), lambda value: found.append(value) or value)
    return found


def same(one, other):
    mine, theirs = arrays(one), arrays(other)
    assert len(mine) == len(theirs)
    for left, right in zip(mine, theirs, strict=True):
        # A row that stands for all cases may be written once or for each.
        np.testing.assert_array_equal(*np.broadcast_arrays(left, right))


@pytest.fixture(scope="module")
def central():
    return {name: evaluate(load_scenario(name), resolution=COARSE) for name in PLANS}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("path", MOVED)
def test_cases_beside_a_run_are_those_alone_to_the_last_bit(central, name, path):
    scenario = load_scenario(name)
    if path.endswith("2029_01_01"):
        scenario = scenario.with_settings({path: 0.0})
    for cases in (3, 12):
        moved = {path: np.linspace(*MOVED[path], cases)}
        same(
            evaluate(scenario, moved, COARSE, beside=central[name]),
            evaluate(scenario, moved, COARSE),
        )


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("settings", NEAR, ids=lambda one: next(iter(one)))
def test_another_scenario_beside_a_run_is_that_scenario_alone(central, name, settings):
    changed = load_scenario(name).with_settings(settings)
    same(
        evaluate(changed, resolution=COARSE, beside=central[name]),
        evaluate(changed, resolution=COARSE),
    )


def test_a_run_of_another_plan_is_no_harm(central):
    scenario = load_scenario("mapd")
    same(
        evaluate(scenario, resolution=COARSE, beside=central["pdp_regional"]),
        evaluate(scenario, resolution=COARSE),
    )


def test_cases_leave_the_run_they_are_beside_as_it_was(central):
    run = central["pdp_regional"]
    before = [value.copy() for value in arrays(run)]
    read = set(run.register.read)
    evaluate(
        load_scenario("pdp_regional").with_settings({"selection.include": True}),
        {"assumptions.selection.movers": np.linspace(0.0, 1.0, 5)},
        COARSE,
        beside=run,
    )
    assert run.register.read == read
    for was, now in zip(before, arrays(run), strict=True):
        np.testing.assert_array_equal(was, now)


def test_what_is_only_settled_does_not_move_drug_costs(central):
    """Every field in the lists may be anything; every other one counts."""
    inputs = central["pdp_regional"].inputs
    assert {field.name for field in dataclasses.fields(Inputs)} > SETTLED
    assert {field.name for field in dataclasses.fields(Levers)} > SETTLED_LEVERS

    class Untouchable:
        """What nobody may read."""

    levers = dataclasses.replace(inputs.levers, **dict.fromkeys(SETTLED_LEVERS, Untouchable()))
    other = dataclasses.replace(inputs, levers=levers, **dict.fromkeys(SETTLED, Untouchable()))
    one, two = drug_costs.drug_costs(inputs), drug_costs.drug_costs(other)
    assert alike(one, two)
    assert drug_costs.same_costs(inputs, inputs)
    fewer = dataclasses.replace(inputs, members=inputs.members * 0.5)
    assert not drug_costs.same_costs(inputs, fewer)
    dearer = dataclasses.replace(inputs.levers, copay=inputs.levers.copay + 1.0)
    assert not drug_costs.same_costs(inputs, dataclasses.replace(inputs, levers=dearer))


def test_closed_it_keeps_nothing_more_and_what_it_gives_is_nobodys_to_change():
    counted = []

    def squared(value):
        counted.append(1)
        return value**2

    known = Known()
    first = known(squared, np.array([2.0]))
    assert known(squared, np.array([2.0])) is first
    assert known(squared, np.array([[2.0]])) is not first
    assert len(counted) == 2
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 5.0
    known.close()
    known(squared, np.array([3.0]))
    known(squared, np.array([3.0]))
    assert len(counted) == 4


@pytest.mark.parametrize("name", ["pdp_regional", "egwp"])
def test_break_evens_and_readings_are_the_same_beside_a_run(central, name):
    scenario, run = load_scenario(name), central[name]
    for path in (
        "terms.extra_reinsurance.share",
        "terms.guaranteed_net_price",
        "assumptions.uptake.eligible_share",
    ):
        assert breakeven(scenario, path, resolution=COARSE, beside=run) == breakeven(
            scenario, path, resolution=COARSE
        )
    beside, alone = alternatives(scenario, COARSE, run), alternatives(scenario, COARSE)
    assert beside == alone
    for counts, value in alone.discount_counted.items():
        changed = scenario.with_settings({"terms.net_includes_discount": counts})
        assert value == pytest.approx(decide(changed, resolution=COARSE).value.pmpm, rel=1e-12)
    for share, value in alone.priced.items():
        changed = scenario.with_settings({"assumptions.payment.priced_share": share})
        assert value == pytest.approx(decide(changed, resolution=COARSE).value.pmpm, rel=1e-12)


def test_a_tornado_takes_over_what_its_ends_do_not_move():
    scenario = load_scenario("pdp_regional")
    for bar in tornado(scenario, COARSE).bars[::7]:
        ends = {path: np.array(both[1:]) for path, both in bar.ends.items()}
        alone = evaluate(scenario, ends, COARSE).result.value.sum(axis=1)
        assert [bar.total_at_low, bar.total_at_high] == np.broadcast_to(alone, (2,)).tolist()


@pytest.mark.parametrize("name", [*PLANS, "state_covering"])
def test_the_text_of_what_is_resolved_is_its_json(name):
    scenario = load_scenario(name)
    for changed in (
        scenario,
        scenario.with_settings({"terms.copay.2029_01_01": 30.0, "name": "Ünïcode “x”"}),
        scenario.with_settings({"terms.package": "illustrative_all"}),
    ):
        register = changed.register()
        assert register.resolved_text() == as_json(register.resolved())
