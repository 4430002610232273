"""An empty input workbook: every field, its limits and defaults, and what is filled in."""

import datetime as dt

import openpyxl
import pytest
from openxml_audit import OpenXmlValidator

from calculator import cli, decide, load_scenario
from calculator.assumptions import scenario_files
from calculator.errors import InputError
from calculator.report.template import write
from calculator.settable import Settable
from calculator.workbook_input import input_name
from tests.workbook.recalculated import convert
from tests.workbook.written import cell, edited

PROGRAMS = {"part_d": "pdp_regional", "medicaid": "state_not_covering"}


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    for program in PROGRAMS:
        write(folder / f"{program}.xlsx", program)
    return {program: folder / f"{program}.xlsx" for program in PROGRAMS}


@pytest.fixture(scope="module", params=PROGRAMS)
def template(request, templates):
    return request.param, templates[request.param]


def validations(sheet):
    """The rule of each cell that has one."""
    return {
        str(area): rule for rule in sheet.data_validations.dataValidation for area in rule.sqref
    }


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([*map(str, arguments)])
    return int(stopped.value.code or 0)


def test_an_empty_template_is_the_scenario_it_starts_from(template):
    program, path = template
    assert load_scenario(path) == load_scenario(PROGRAMS[program])


def test_every_scenario_can_be_started_from(template, tmp_path):
    program, path = template
    names = [name for name in scenario_files() if load_scenario(name).program == program]
    for name in names:
        again = edited(path, tmp_path / f"{name}.xlsx", {"start_from": name})
        assert load_scenario(again) == load_scenario(name)
    book = openpyxl.load_workbook(path)
    start = cell(book, "start_from")
    rule = validations(book["Inputs"])[start.coordinate]
    assert (rule.type, rule.formula1) == ("list", f'"{",".join(names)}"')


def test_every_field_lever_and_figure_has_a_cell(template):
    program, path = template
    known = Settable(load_scenario(PROGRAMS[program]))
    names = openpyxl.load_workbook(path).defined_names
    inputs = {name for name in names if name.startswith("in_")}
    left_out = ("observed.", "spending.", "uncertainty.")
    missing = [
        one
        for one in known.paths
        if not one.startswith(left_out)
        and one != "therapy.mix"
        and not any(name == input_name(one) or name.startswith(f"{input_name(one)}_2")
                    for name in inputs)
    ]  # fmt: skip
    # A figure that only grows is moved by the index it grows with.
    grows = [
        one for one in missing if all(d.grow for d in known.register.entries[one].values.values())
    ]
    assert missing == grows


def test_limits_are_validated_and_defaults_shown(template):
    program, path = template
    known = Settable(load_scenario(PROGRAMS[program]))
    book = openpyxl.load_workbook(path)
    values = openpyxl.load_workbook(path, data_only=True)
    checked = 0
    for sheet in (book["Inputs"], book["Assumptions"]):
        rules = validations(sheet)
        for row in sheet.iter_rows(min_row=2):
            at, one = row[1], row[5].value
            if not isinstance(one, str) or "." not in one:
                continue
            assert at.value is None
            assert row[0].value
            rule = rules.get(at.coordinate)
            if known.is_number(one):
                low, high = known.limits(one).bounds
                assert rule.type == "decimal"
                assert (float(rule.formula1), float(rule.formula2)) == (low, high)
            elif known.is_flag(one):
                assert rule.formula1 == '"yes,no"'
            elif known.is_word(one):
                assert rule.formula1 == f'"{",".join(known.choices(one))}"'
            elif known.is_date(one):
                assert rule.type == "date"
                assert at.number_format == "yyyy-mm-dd"
            default = values[sheet.title].cell(row[6].row, 7).value
            assert default is not None, one
            checked += 1
    assert checked > 150
    shown = values["Inputs"].cell(cell(book, "in_therapy_curve").row, 7).value
    assert shown == load_scenario(PROGRAMS[program]).therapy.curve


def test_defaults_follow_the_chosen_scenario(templates, tmp_path, needs):
    path = edited(templates["part_d"], tmp_path / "mapd.xlsx", {"start_from": "mapd"})
    again = convert(path, tmp_path / "office", needs("libreoffice"), "xlsx")
    book = openpyxl.load_workbook(again, data_only=True)
    scenario = load_scenario("mapd")
    for one in ("members", "risk_score", "type", "retained_share"):
        row = cell(book, f"in_plan_{one}").row
        assert book["Inputs"].cell(row, 7).value == getattr(scenario.plan, one)
    # And what another program saved can be read.
    assert load_scenario(again) == scenario


def test_filled_in_cells_are_settings(templates, tmp_path, capsys):
    path = edited(templates["part_d"], tmp_path / "mine.xlsx", {
        "start_from": "mapd",
        "in_plan_members": 85000,
        "in_plan_bid": 190.5,
        "in_plan_waive_de_minimis": "yes",
        "in_therapy_curve": "prime_2024",
        "in_therapy_persistence_points": "{3: 0.8, 12: 0.5}",
        "in_terms_package": "illustrative_all",
        "in_terms_copay": 35,
        "in_terms_guaranteed_net_price": "none",
        "in_horizon_start": dt.datetime(2029, 1, 1),
        "in_assumptions_uptake_initiation_2029_01_01": 0.2,
        "in_own_coverage_net_price": 300,
        "in_own_coverage_copay": 25,
        "in_own_coverage_initiation_ratio": 0.5,
        "in_success_value_pmpm_at_least": 0.1,
    })  # fmt: skip
    wanted = load_scenario("mapd").with_settings({
        "plan.members": 85000.0, "plan.bid": 190.5, "plan.waive_de_minimis": True,
        "therapy.curve": "prime_2024", "therapy.persistence_points": {3: 0.8, 12: 0.5},
        "terms.package": "illustrative_all", "terms.copay": 35.0,
        "terms.guaranteed_net_price": None, "horizon.start": "2029-01-01",
        "assumptions.uptake.initiation.2029_01_01": 0.2, "own_coverage.net_price": 300.0,
        "own_coverage.copay": 25.0, "own_coverage.initiation_ratio": 0.5,
        "success.value_pmpm_at_least": 0.1,
    })  # fmt: skip
    assert load_scenario(path) == wanted
    assert run("decide", path, "--json", "--resolution", "workbook") == 0
    assert decide(wanted, resolution="workbook").fingerprint in capsys.readouterr().out


def test_a_state_is_filled_in_too(templates, tmp_path):
    path = edited(templates["medicaid"], tmp_path / "state.xlsx", {
        "start_from": "state_covering", "in_state_abbr": "TN", "in_state_own_net_price": 410,
        "in_uptake_quarterly_fills_per_1000": "[0.5, 1.1, 1.6]",
        "in_groups_duals_included": "yes",
    })  # fmt: skip
    assert load_scenario(path) == load_scenario("state_covering").with_settings({
        "state.abbr": "TN", "state.own_net_price": 410.0, "groups.duals.included": True,
        "uptake.quarterly_fills_per_1000": [0.5, 1.1, 1.6],
    })  # fmt: skip


def test_the_shares_given_are_the_whole_mix(templates, tmp_path):
    path = edited(templates["part_d"], tmp_path / "mix.xlsx", {
        "in_therapy_mix_wegovy": 0.4, "in_therapy_mix_zepbound": 0.6,
    })  # fmt: skip
    assert load_scenario(path).therapy.mix == {"wegovy": 0.4, "zepbound": 0.6}
    path = edited(templates["part_d"], tmp_path / "half.xlsx", {"in_therapy_mix_wegovy": 0.4})
    with pytest.raises(InputError, match=r"mix.*: allowed is shares that sum to 1"):
        load_scenario(path)


def test_it_is_a_valid_file_whole_or_not_there(template, tmp_path):
    _, path = template
    assert OpenXmlValidator().validate(path).is_valid
    with pytest.raises(InputError, match="ends in"):
        write(tmp_path / "t.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--program", "part_c"], "--program: allowed is one of part_d, medicaid"),
        (["--scenario", "nowhere"], "--scenario: allowed is one of"),
        (
            ["--program", "part_d", "--scenario", "state_covering"],
            "--scenario: allowed is a Part D scenario: one of",
        ),
    ],
)
def test_a_wrong_option_is_one_line(options, says, tmp_path, capsys):
    out = tmp_path / "t.xlsx"
    assert run("template", "--out", out, *options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(says)
    assert not out.exists()


def test_the_command_writes_it(tmp_path, capsys):
    out = tmp_path / "state.xlsx"
    assert run("template", "--out", out, "--scenario", "state_covering") == 0
    assert str(out) in capsys.readouterr().out
    assert load_scenario(out) == load_scenario("state_covering")
