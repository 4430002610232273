"""What a user may type, what is answered to anything else, and what identifies a run."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml
from hypothesis import given, settings

from calculator import decide, load_scenario
from calculator.errors import InputError
from calculator.scenario import read_value
from tests.unit.plans import SHIPPED, plans

NUMBER = r"a number from [-\d.,]+ to [\d.,]+ \S+"


@pytest.fixture
def plan():
    return load_scenario("pdp_regional")


@pytest.fixture
def file(tmp_path):
    """A scenario file with the text given."""

    def write(text, name="own.yaml"):
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return path

    return write


def fingerprint(scenario) -> str:
    return decide(scenario, resolution="workbook").fingerprint


# ------------------------------------------------------------------------------------ what is wrong

REFUSED = [
    ({"plan.members": -5}, "plan.members", NUMBER, "-5"),
    ({"plan.members": 0}, "plan.members", "a number from 1 to 100,000,000 people", "0"),
    ({"plan.members": "many"}, "plan.members", NUMBER, "many"),
    ({"plan.members": True}, "plan.members", NUMBER, "yes"),
    ({"plan.members": None}, "plan.members", NUMBER, "nothing"),
    ({"plan.members": float("nan")}, "plan.members", NUMBER, "nan"),
    ({"plan.members": float("inf")}, "plan.members", NUMBER, "inf"),
    ({"plan.lis_share": 1.2}, "plan.lis_share", "a number from 0 to 1 share of members", "1.2"),
    ({"plan.risk_score": 0}, "plan.risk_score", NUMBER, "0"),
    ({"plan.type": "hmo"}, "plan.type", "one of pdp, mapd, dsnp or egwp", "hmo"),
    ({"therapy.curve": "mine"}, "therapy.curve", "one of prime_2021, .*", "mine"),
    ({"therapy.mix": {"wegovy": 0.5}}, "therapy.mix", "shares that sum to 1", "a sum of 0.5"),
    ({"therapy.mix.wegovy": 0.5}, "therapy.mix", "shares that sum to 1: all .*", "a sum of 1.05"),
    (
        {"therapy.mix": {"wegovy": 1.5, "zepbound": -0.5}},
        "therapy.mix.wegovy", "a share from 0 to 1", "1.5",
    ),
    ({"therapy.mix": {"aspirin": 1.0}}, "therapy.mix", "products .*wegovy.*", "aspirin"),
    (
        {"therapy.persistence_points": {12: 0.5, 6: 0.7}},
        "therapy.persistence_points", "months that rise and shares that fall .*", "6: 0.7",
    ),
    (
        {"therapy.persistence_points": {6: 0.5, 12: 0.7}},
        "therapy.persistence_points", "months that rise and shares that fall .*", "12: 0.7",
    ),
    ({"horizon.start": "2028-07-01"}, "horizon.start", "1 January of a plan year", "2028-07-01"),
    ({"horizon.end": "2030-06-30"}, "horizon.end", "31 December of a plan year", "2030-06-30"),
    ({"horizon.start": "soon"}, "horizon.start", ".*date.*", "soon"),
    ({"terms.package": "generous"}, "terms.package", "one of announced_2025_12, .*", "generous"),
    ({"terms.copay": -1}, "terms.copay", "a number from 0 to 500 USD per fill", "-1"),
    ({"terms.mechanism": "coupon"}, "terms.mechanism", "one of rebate, point_of_sale", "coupon"),
    (
        {"assumptions.payment.priced_share": 1.5},
        "assumptions.payment.priced_share", "a number from 0 to 1 share", "1.5",
    ),
    ({"own_coverage.net_price": 400}, "own_coverage.copay", "a value: .*", "nothing"),
    ({"success.persistence_at_least": 2}, "success.persistence_at_least", NUMBER, "2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "field", "allowed", "given"), REFUSED, ids=[f"{one[1]} {one[3]}" for one in REFUSED]
)
def test_bad_input_is_answered_with_the_field_what_is_allowed_and_what_was_given(
    plan, chosen, field, allowed, given
):
    sentence = f"{re.escape(field)}: allowed is {allowed}; given was {re.escape(given)}"
    with pytest.raises(InputError, match=f"^{sentence}$") as error:
        plan.with_settings(chosen)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            {"horizon.start": "2031-01-01", "horizon.end": "2029-12-31"},
            "horizon.start: allowed is 1 January of a year up to 2029; given was 2031-01-01",
        ),
        (
            {"horizon.end": "2035-12-31"},
            "horizon.end: allowed is a year up to 2031, when the model ends; given was 2035-12-31",
        ),
        (
            {"horizon.start": "2026-01-01"},
            "assumptions.uptake.initiation on 2026-01-01: allowed is a date from 2027-01-01; "
            "given was 2026-01-01",
        ),
    ],
)
def test_a_horizon_outside_the_model_or_its_figures_is_refused_by_the_run(plan, chosen, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        decide(plan.with_settings(chosen), resolution="workbook")


def test_an_unknown_resolution_is_refused(plan):
    with pytest.raises(InputError, match="resolution: allowed is one of full, workbook; given was"):
        decide(plan, resolution="fine")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "scenario: allowed is a file with a scenario in it"),
        ("- 1\n", "scenario: allowed is a file with named fields"),
        ("a: [1\n", "scenario: allowed is a file of valid YAML; given was .*line 2"),
        ("plan: {members: 1, members: 2}\n", "valid YAML.*line 1: duplicate key members"),
        (
            "plan: {members: 1}\n",
            "program: allowed is one of part_d, medicaid, or extends .*; given was nothing",
        ),
        ("extends: someone\n", "extends: allowed is one of dsnp, .*; given was someone"),
        ("extends: pdp_regional\nplann: {members: 1}\n", "plann: allowed is .*plan"),
        ("extends: pdp_regional\nplan: {member: 1}\n", "plan.member: allowed is .*plan.members"),
        ("extends: pdp_regional\nplan: {members: 0}\n", "plan.members: allowed is a number"),
        ("extends: pdp_regional\nterms: none\n", "terms: allowed is .*; given was none"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_in_one_sentence(file, text, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        load_scenario(file(text))
    assert "\n" not in str(error.value)


def test_a_missing_field_is_refused_by_name(plan, file):
    data = plan.model_dump(mode="json", exclude_none=True)
    for section, key in (("plan", "risk_score"), ("therapy", "curve"), ("rivals", "bid_change")):
        partial = {**data, section: {k: v for k, v in data[section].items() if k != key}}
        with pytest.raises(InputError, match=rf"^{section}\.{key}: allowed is a value.*nothing$"):
            load_scenario(file(partial, "own.json"))
    with pytest.raises(InputError, match=r"^terms\.package: .*given was nothing$"):
        load_scenario(file({**data, "terms": {}}, "own.json")).register()


def test_a_key_given_twice_in_json_is_refused_as_in_yaml(file):
    text = '{"extends": "pdp_regional", "plan": {"members": 1000, "members": 2000}}'
    with pytest.raises(InputError, match="members"):
        load_scenario(file(text, "own.json"))


def test_a_name_that_is_no_scenario_answers_with_those_there_are():
    with pytest.raises(InputError, match=r"one of dsnp, .*, pdp_regional.*given was pdp_regionall"):
        load_scenario("pdp_regionall")


def test_a_scenario_cannot_be_changed_after_loading(plan):
    with pytest.raises(ValueError, match="frozen"):
        plan.plan.members = 5


# --------------------------------------------------------------------------------------- PATH=VALUE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("plan.members", 1234.0),
        ("plan.bid", 310.0),
        ("horizon.start", "2029-01-01"),
        ("therapy.mix", {"wegovy": 1.0}),
        ("terms.package", "illustrative_all"),
        ("terms.copay", 20.0),
        ("terms.obesity_capitation.amount", 25.0),
        ("assumptions.payment.priced_share", 0.25),
        ("assumptions.benefit.oop_threshold.2028_01_01", 2600.0),
        ("assumptions.timeline.part_d_start", "2029-01-01"),
    ],
)
def test_any_path_can_be_set_and_changes_the_run(plan, path, value):
    changed = plan.with_settings({path: value})
    assert fingerprint(changed) != fingerprint(plan)
    assert decide(changed, resolution="workbook").value != decide(plan, resolution="workbook").value


def test_what_is_set_is_marked_and_reaches_the_engine(plan):
    changed = plan.with_settings({
        "terms.copay": 20.0,
        "assumptions.benefit.oop_threshold.2028_01_01": 2600.0,
    })  # fmt: skip
    register = changed.register()
    assert register.changed == {"terms.copay", "assumptions.benefit.oop_threshold.2028_01_01"}
    assert register.status("terms.copay") == "user"
    inputs = decide(changed, resolution="workbook").evaluation.inputs
    assert inputs.levers.copay.flat[0] == 20.0
    assert inputs.rules.threshold[0, 0] == 2600.0
    assert plan.register().changed == frozenset()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("plan.member", "plan.members"),
        ("plan.risk", "plan.risk_score"),
        ("members", "plan.members"),
        ("terms.obesity_capitation", "terms.obesity_capitation.amount"),
        ("assumptions.priced_share", "assumptions.payment.priced_share"),
        ("therapy.mix.wegovi", "therapy.mix.wegovy"),
        ("own_coverage.price", "own_coverage.net_price"),
    ],
)
def test_a_wrong_path_is_answered_with_the_nearest_right_ones(plan, wrong, right):
    with pytest.raises(InputError) as error:
        plan.with_settings({wrong: 1})
    assert right in error.value.allowed.removeprefix("a known path, such as ").split(", ")
    assert error.value.given == wrong


def test_the_last_setting_of_a_path_holds_and_earlier_ones_stay(plan):
    changed = plan.with_settings({"terms.copay": 20.0, "plan.members": 500.0})
    changed = changed.with_settings({"terms.copay": 30.0})
    assert (changed.terms["copay"], changed.plan.members) == (30.0, 500.0)


def test_none_is_kept_where_a_lever_may_be_none(plan):
    free = plan.with_settings({"terms.guaranteed_net_price": None})
    again = free.with_settings({"terms.copay": 20.0})
    for scenario in (free, again, load_from_text(again.to_yaml())):
        assert np.isnan(scenario.register().number("terms.guaranteed_net_price")).all()


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("2.5", 2.5), ("1e5", 100_000.0), ("true", True), ("none", None), ("mapd", "mapd")],
)
def test_a_value_typed_in_one_line_is_read_as_what_it_looks_like(text, value):
    read = read_value(text)
    assert read == value
    assert type(read) is type(value)


# -------------------------------------------------------------------------------- files and extends


def load_from_text(text: str):
    """A scenario from the text of a file, without one."""
    data = yaml.safe_load(text)
    return type(load_scenario("pdp_regional")).model_validate(data)


@settings(max_examples=25)
@given(plans())
def test_a_scenario_written_to_a_file_is_the_same_one(scenario):
    again = load_from_text(scenario.to_yaml())
    assert again == scenario
    assert fingerprint(again) == fingerprint(scenario)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_written_to_yaml_or_json_loads_back(name, file):
    scenario = load_scenario(name)
    data = scenario.model_dump(mode="json", exclude_none=True)
    for path in (file(scenario.to_yaml()), file(data, "own.json")):
        assert load_scenario(path) == scenario
        assert fingerprint(load_scenario(path)) == fingerprint(scenario)


def test_a_file_that_extends_another_gives_only_what_differs(file):
    text = """\
    extends: mapd
    name: mine
    plan: {members: 1000}
    terms: {copay: 20}
    therapy: {mix: {zepbound: 1.0}}
    assumptions: {benefit: {oop_threshold: {2028-01-01: 2600}}}
    """
    mine, mapd = load_scenario(file(text)), load_scenario("mapd")
    assert mine.name == "mine"
    assert mine.plan == mapd.plan.model_copy(update={"members": 1000.0})
    assert mine.terms == {**mapd.terms, "copay": 20}
    # A mix is a whole: half of one and half of another would not sum to 1.
    assert mine.therapy.mix == {"zepbound": 1.0}
    assert mine.therapy.curve == mapd.therapy.curve
    threshold = decide(mine, resolution="workbook").evaluation.inputs.rules.threshold
    assert threshold[0, 0] == 2600.0


# -------------------------------------------------------------------------------------- fingerprint


def test_the_fingerprint_is_the_same_run_after_run_and_process_after_process(plan):
    code = (
        "from calculator import decide, load_scenario;"
        "print(decide(load_scenario('pdp_regional'), resolution='workbook').fingerprint)"
    )
    seen = {fingerprint(plan), fingerprint(load_scenario("pdp_regional"))}
    for seed in ("1", "2"):
        printed = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(printed.stdout.strip())
    assert len(seen) == 1
    assert re.fullmatch("[0-9a-f]{64}", seen.pop())


def test_the_fingerprint_changes_with_the_resolution_and_the_name(plan):
    assert decide(plan).fingerprint != fingerprint(plan)
    assert fingerprint(plan.with_settings({"name": "mine"})) != fingerprint(plan)


def test_the_fingerprint_changes_with_every_number_the_engine_reads(plan):
    decision = decide(plan, resolution="workbook")
    register = decision.register
    seen = {decision.fingerprint}
    numbers = [path for path in sorted(register.read) if register.entries[path].kind == "number"]
    for path in numbers:
        if path.startswith("therapy.mix."):
            continue  # shares of a whole are set together
        low, high = register.entries[path].bounds
        now = register.number(path).flat[0]
        value = low + 0.125 * (high - low)
        changed = plan.with_settings({path: value if value != now else low})
        seen.add(fingerprint(changed))
    shares = sum(path.startswith("therapy.mix.") for path in numbers)
    assert len(seen) == 1 + len(numbers) - shares


def test_setting_a_figure_to_what_it_was_is_still_the_users_figure(plan):
    restated = plan.with_settings({"assumptions.payment.priced_share": 0.5})
    first, second = (decide(one, resolution="workbook") for one in (plan, restated))
    assert first.value == second.value
    assert restated.register().status("assumptions.payment.priced_share") == "user"
    assert first.fingerprint != second.fingerprint


def test_what_is_set_to_none_over_the_scenario_it_extends_stays_none(file):
    scenario = load_scenario("pdp_national").with_settings(
        {"name": "ours", "extends": "pdp_national", "plan.benchmark_headroom": None}
    )
    assert load_scenario("pdp_national").plan.benchmark_headroom is not None
    assert load_scenario(file(scenario.to_yaml())) == scenario


def test_one_date_of_a_value_given_for_all_leaves_the_others():
    dated = {"terms.copay": 35, "terms.copay.2029_01_01": 40}
    once = load_scenario("pdp_regional").with_settings(dated)
    later = (
        load_scenario("pdp_regional")
        .with_settings({"terms.copay": 35})
        .with_settings({"terms.copay.2029_01_01": 40})
    )
    for scenario in (once, later):
        values = scenario.register().yearly("terms.copay", range(2027, 2031))
        assert values.tolist() == [[35.0, 35.0, 40.0, 40.0]]
    again = later.with_settings({"terms.copay": 30})
    assert set(again.register().yearly("terms.copay", range(2027, 2031))[0]) == {30.0}


def test_a_run_has_one_fingerprint_however_its_numbers_were_written(file):
    text = "extends: pdp_regional\nname: own\nterms: {{copay: {copay}}}\n"
    whole, point = (load_scenario(file(text.format(copay=c))) for c in ("35", "35.0"))
    assert whole == point
    assert fingerprint(whole) == fingerprint(point)
    settings = {"terms.copay": 35, "assumptions.uptake.eligible_share": 1}
    same = {path: float(value) for path, value in settings.items()}
    base = load_scenario("pdp_regional")
    assert fingerprint(base.with_settings(settings)) == fingerprint(base.with_settings(same))


def test_a_file_whose_lines_stand_for_others_is_refused(file):
    text = "extends: pdp_regional\nname: &a ours\nlabel: *a\n"
    with pytest.raises(InputError, match=r"valid YAML.*line 3.*a reference"):
        load_scenario(file(text))


def test_a_file_that_would_take_seconds_to_read_is_refused(file):
    text = "extends: pdp_regional\nlabel: " + "a" * 200_000
    with pytest.raises(InputError, match="a file of up to 200,000 bytes, or the same as JSON"):
        load_scenario(file(text))
