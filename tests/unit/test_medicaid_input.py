"""Bad input of a state is refused in one sentence: which field, what is allowed, what was given."""

import re

import pytest

from calculator import cli, decide, load_scenario
from calculator.errors import InputError

NC = {"state.abbr": "NC"}
SHARES = {
    **{
        f"groups.{name}.included": False
        for name in ("children", "disabled", "duals", "medicaid_chip", "separate_chip")
    },
    "state.enrollment": 1_000_000,
}

# What is set, in which shipped scenario, and the field that the answer names.
REFUSED = {
    "a start before the first match rate": (
        {"horizon.start": "2024-01-01"}, "state.fmap on 2024-01-01", "2024-10-01", "2024-01-01",
    ),
    "an end after the model": (
        {"horizon.end": "2032-12-31"}, "horizon.end", "December 2031", "2032-12-31",
    ),
    "a start after the model": (
        {"horizon.start": "2032-01-01"}, "horizon.start", "December 2031", "2032-01-01",
    ),
    "a start after the end": (
        {"horizon.start": "2029-01-01", "horizon.end": "2028-12-31"},
        "horizon.start", "December 2028", "2029-01-01",
    ),
    "a start within a month": (
        {"horizon.start": "2027-01-15"}, "horizon.start", "the first of a month", "2027-01-15",
    ),
    "an end within a month": (
        {"horizon.end": "2029-06-15"}, "horizon.end", "the last day of a month", "2029-06-15",
    ),
    "group shares that do not sum to 1": (
        {**SHARES, "groups.base_adults.share": 0.5, "groups.expansion_adults.share": 0.4},
        "groups.share", "sum to 1", "0.9",
    ),
    "a share for some groups only": (
        {**SHARES, "groups.base_adults.share": 1.0},
        "groups.expansion_adults.share", "every included group", "nothing",
    ),
    "shares of an enrollment that is not given": (
        {**SHARES, "state.enrollment": None,
         "groups.base_adults.share": 0.5, "groups.expansion_adults.share": 0.5},
        "state.enrollment", "a number", "nothing",
    ),
    "a best price above AMP": (
        {"assumptions.rebates.best_price_share_of_amp": 1.2},
        "assumptions.rebates.best_price_share_of_amp", "from 0 to 1", "1.2",
    ),
    "a net price above gross": (
        {"terms.guaranteed_net_price": 1_200}, "terms.guaranteed_net_price", "gross", "1,200",
    ),
    "negative enrollment of a group": (
        {"groups.base_adults.enrollment": -5}, "groups.base_adults.enrollment", "from 0", "-5",
    ),
    "negative total enrollment": (
        {"state.enrollment": -5}, "state.enrollment", "from 1", "-5",
    ),
    "an unknown state": (
        {"state.abbr": "ZZ"}, "state.abbr", "one of AK, AL", "ZZ",
    ),
    "coverage that ends without a date": (
        {"state.stance": "ending"}, "state.coverage_ends", "a date", "nothing",
    ),
    "negative monthly fills": (
        {"uptake.form": "monthly_fills", "uptake.monthly_fills": [10, -1]},
        "uptake.monthly_fills", "from 0 up", "-1",
    ),
    "no monthly fills": (
        {"uptake.form": "monthly_fills"}, "uptake.monthly_fills", "each month", "nothing",
    ),
    "an empty path of fills": (
        {"uptake.form": "monthly_fills", "uptake.monthly_fills": []},
        "uptake.monthly_fills", "at least one", "nothing",
    ),
    "negative fills per 1,000": (
        {"uptake.quarterly_fills_per_1000": [-0.5]},
        "uptake.quarterly_fills_per_1000", "from 0 up", "-0.5",
    ),
    "fills that are no number": (
        {"uptake.form": "monthly_fills", "uptake.monthly_fills": ["many"]},
        "uptake.monthly_fills.0", "number", "many",
    ),
    "an unknown form of uptake": (
        {"uptake.form": "guess"}, "uptake.form", "share_of_eligibles", "guess",
    ),
    "an unknown stance": (
        {"state.stance": "perhaps"}, "state.stance", "not_covering", "perhaps",
    ),
    "a match above the ceiling": (
        {"state.fmap": 0.9}, "state.fmap", "from 0.5 to 0.83", "0.9",
    ),
    "a share of eligibles above 1": (
        {"groups.base_adults.eligible_share": 1.5},
        "groups.base_adults.eligible_share", "to 1", "1.5",
    ),
    "a trend below -90%": (
        {"groups.base_adults.trend": -0.95}, "groups.base_adults.trend", "from -0.9", "-0.95",
    ),
    "a month 13": (
        {"state.fiscal_year_start_month": 13}, "state.fiscal_year_start_month", "to 12", "13",
    ),
    "a group nobody knows": (
        {"groups.pregnant.enrollment": 10}, "path", "a known path", "groups.pregnant.enrollment",
    ),
    "a gap of the preset": (
        {**NC}, "groups.base_adults.enrollment", "preset of NC", "nothing",
    ),
    "gaps that leave nobody": (
        {**NC, "state.accept_gaps": True}, "groups", "newly eligible", "none",
    ),
    "nobody included": (
        {f"groups.{name}.included": False for name in
         ("children", "base_adults", "expansion_adults", "disabled", "medicaid_chip",
          "separate_chip")},
        "groups", "at least one included group", "none",
    ),
}  # fmt: skip


def refused(settings: dict) -> InputError:
    with pytest.raises(InputError) as found:
        decide(load_scenario("state_not_covering").with_settings(settings))
    return found.value


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_by_the_calculator(case):
    settings, field, allowed, given = REFUSED[case]
    error = refused(settings)
    assert error.field == field
    assert allowed in error.allowed
    assert given in str(error.given)
    assert str(error) == f"{field}: allowed is {error.allowed}; given was {error.given}"


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def one_line(capsys, arguments: list[str]) -> str:
    """What the command line answers to bad input: exit code 2 and one line, nothing else."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert stopped.value.code == 2, err
    assert out == ""
    (line,) = err.splitlines()
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_by_the_command_line(case, capsys):
    settings, field, _, given = REFUSED[case]
    arguments = ["decide", "state_not_covering"]
    for path, value in settings.items():
        arguments += ["--set", f"{path}={as_text(value)}"]
    line = one_line(capsys, arguments)
    assert line.startswith(f"{field}: allowed is ")
    assert re.search(r"; given was .+$", line)
    assert given in line


FILES = {
    "state.abbr": "extends: state_covering\nstate: {abbr: ZZ}\n",
    "state.coverage_ends": "extends: state_covering\nstate: {stance: ending}\n",
    "groups.base_adults.enrollment": (
        "extends: state_covering\ngroups: {base_adults: {enrollment: -1}}\n"
    ),
    "uptake.monthly_fills": (
        "extends: state_covering\nuptake: {form: monthly_fills, monthly_fills: [-3]}\n"
    ),
    "uptake.monthly_fills.1": (
        "extends: state_covering\nuptake: {form: monthly_fills, monthly_fills: [3, .nan]}\n"
    ),
    "horizon.end": "extends: state_covering\nhorizon: {end: 2032-12-31}\n",
    "state.color": "extends: state_covering\nstate: {color: blue}\n",
    "plan": "extends: state_covering\nplan: {members: 10}\n",
}


@pytest.mark.parametrize("field", FILES)
def test_bad_input_in_a_file_is_refused(field, tmp_path, capsys):
    path = tmp_path / "state.yaml"
    path.write_text(FILES[field], encoding="utf-8")
    with pytest.raises(InputError) as found:
        decide(load_scenario(path))
    assert found.value.field == field
    assert one_line(capsys, ["decide", str(path)]) == str(found.value)


@pytest.mark.parametrize("given", ["tx", "Texas", "T"])
def test_a_state_that_is_no_code_is_answered_with_what_a_code_is(given):
    """Lower case is not what is asked for, so the answer must not say that it is."""
    error = refused({"state.abbr": given})
    assert error.field == "state.abbr"
    assert "[a-z]" not in error.allowed


def test_a_list_price_below_the_maximum_fair_price_is_refused():
    """With 274 in best price, a list of 200 would put best price above AMP."""
    error = refused({"assumptions.drugs.wegovy_list_price": 200})
    assert "best price" in error.allowed or "list price" in error.allowed


def test_no_fills_per_month_on_therapy_are_refused_or_mean_no_fills(capsys):
    """With fills observed, people on therapy are fills over fills per month."""
    arguments = ["decide", "state_not_covering"]
    arguments += ["--set", "assumptions.persistence.fills_per_month=0"]
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code in (0, 2), capsys.readouterr().err


def test_a_short_horizon_answers_on_the_command_line(capsys):
    arguments = ["decide", "state_not_covering", "--set", "horizon.start=2031-07-01", "--json"]
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 0, capsys.readouterr().err


def test_a_good_state_answers_on_the_command_line(capsys):
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["decide", "state_covering", "--set", "state.abbr=VA", *more])
        out, err = capsys.readouterr()
        assert (stopped.value.code, err) == (0, "")
        assert "Virginia" in out or '"state": "VA"' in out
