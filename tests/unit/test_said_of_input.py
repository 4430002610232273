"""What is said of input that cannot be used: no Python in it, and no crash."""

import pytest

from calculator import decide, load_scenario
from calculator.errors import InputError
from calculator.part_d_decision import evaluate_plan
from calculator.scenario import read_value


def file_of(folder, text, name="mine.yaml"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "line", "given"),
    [
        ("extends: pdp_regional\nhorizon: {start: 2028-13-01}\n", 2, "2028-13-01"),
        ("extends: pdp_regional\nterms:\n  copay: {2029-02-30: 25}\n", 3, "2029-02-30"),
        ("extends: pdp_regional\nhorizon:\n  end: 2028-01-01 25:00:00\n", 3, "2028-01-01 25:00"),
    ],
)
def test_a_date_that_no_calendar_has_is_named_with_its_line(tmp_path, text, line, given):
    with pytest.raises(InputError) as error:
        load_scenario(file_of(tmp_path, text))
    said = str(error.value)
    assert said.startswith(f"mine.yaml, line {line}: allowed is a date as 2028-01-01")
    assert f"given was {given}" in said


def test_a_key_that_is_a_list_is_refused(tmp_path):
    with pytest.raises(InputError, match="line 1"):
        load_scenario(file_of(tmp_path, "? [a, b]\n: 3\n"))


def test_nesting_without_end_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"mine\.yaml"):
        load_scenario(file_of(tmp_path, "a: " + "[" * 5000 + "]" * 5000))


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ({"plan.members": True}, "yes"),
        ({"plan.members": None}, "nothing"),
        ({"plan.members": read_value("2028-01-01")}, "2028-01-01"),
        ({"plan.members": [True, None]}, "[yes, nothing]"),
        ({"terms.copay": read_value("2028-01-01")}, "2028-01-01"),
    ],
)
def test_no_python_in_what_was_given(settings, given):
    with pytest.raises(InputError) as error:
        load_scenario("pdp_regional").with_settings(settings)
    assert str(error.value).endswith(f"given was {given}")


@pytest.mark.parametrize(
    ("scenario", "path", "said"),
    [
        ("pdp_regional", "state.abbr", "a path of a Part D plan's scenario"),
        ("state_covering", "plan.members", "a path of a state's scenario"),
    ],
)
def test_a_path_of_the_other_program_is_said_to_be_one(scenario, path, said):
    with pytest.raises(InputError) as error:
        load_scenario(scenario).with_settings({path: 3})
    assert said in error.value.allowed
    other = "a state's" if path.startswith("state") else "a Part D plan's"
    assert str(error.value).endswith(f"given was {path}, which is {other}")


def test_a_share_written_in_per_cent_is_told_how_it_is_written():
    with pytest.raises(InputError) as error:
        load_scenario("pdp_regional").with_settings({"plan.lis_share": read_value("22%")})
    assert "0.22" in error.value.allowed
    with pytest.raises(InputError) as error:
        load_scenario("pdp_regional").with_settings(
            {"assumptions.uptake.initiation": read_value("22%")}
        )
    assert "0.22" in error.value.allowed


def test_one_share_of_a_mix_alone_says_that_all_are_given_together():
    with pytest.raises(InputError) as error:
        load_scenario("pdp_regional").with_settings({"therapy.mix.wegovy": 0.9})
    assert "therapy.mix" in str(error.value)
    assert "together" in error.value.allowed


@pytest.mark.parametrize("name", ["pdp_regional", "state_covering"])
def test_a_drug_without_a_maximum_fair_price_cannot_be_a_selected_one(name):
    changed = load_scenario(name).with_settings({"assumptions.drugs.zepbound_class": "selected"})
    with pytest.raises(InputError, match=r"zepbound_class: allowed is applicable"):
        decide(changed)


def test_the_members_percentage_is_set_again_in_a_year_that_is_projected():
    """An earlier year would hold a percentage that nobody worked out: zero."""
    path = "assumptions.payment.base_premium_reset_year"
    plan = load_scenario("pdp_regional")
    with pytest.raises(InputError, match="from 2028 to 2100"):
        plan.with_settings({path: 2027}).register()
    assert (evaluate_plan(plan.with_settings({path: 2028})).inputs.base_premium > 10.0).all()
