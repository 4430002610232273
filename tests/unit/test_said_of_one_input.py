"""Tornado, break-even and map in words: units, dates, and which inputs move together."""

import json
import re

import pytest

from calculator import load_scenario
from calculator.analysis.sensitivity import breakeven, breakeven_dict
from calculator.report import uncertainty as report
from tests.commands import done
from tests.unit.test_uncertainty_commands import CAPITATION, FAST, NET_PRICE, REINSURANCE

FILLS = "assumptions.coverage.fills_per_1000_q0"
STARTS = "assumptions.uptake.initiation"
STATE = "state_not_covering"


def test_a_tornado_says_what_moves_together_and_its_path(capsys):
    said = done(capsys, "tornado", STATE)
    (row,) = (line for line in said.splitlines() if FILLS in line)
    assert "with 8 more that move together" in row
    assert row.rstrip().endswith(FILLS)
    assert re.search(r"1\.26 per 1,000", row)
    plan = done(capsys, "tornado", "pdp_regional", *FAST)
    assert "$324 a fill" in plan
    assert "$25,000 a year" in plan
    (row,) = (line for line in plan.splitlines() if line.rstrip().endswith(STARTS))
    assert "10% to 10.9%" in row


@pytest.mark.parametrize("command", ["breakeven", "threshold"])
def test_a_linked_input_is_said_to_move_alone(capsys, command):
    options = ("--vary", FILLS) if command == "breakeven" else (
        "--x", FILLS, "--y", NET_PRICE, "--points", "3", "--y-low", "100", "--y-high", "400"
    )  # fmt: skip
    said = done(capsys, command, STATE, *options)
    assert "moves this one alone" in said
    assert "8 more" in said
    data = json.loads(done(capsys, command, STATE, *options, "--json"))
    one = data["breakeven"] if command == "breakeven" else data["x"]
    assert one["moved"] == [FILLS]
    assert len(one["linked"]) == 8
    assert "moves this one alone" in data["sentence"]


def test_here_is_said_by_year(capsys):
    said = done(capsys, "breakeven", "pdp_regional", "--vary", STARTS, *FAST)
    assert "here 10% to 10.9% by year" in said
    data = json.loads(done(capsys, "breakeven", "pdp_regional", "--vary", STARTS, *FAST, "--json"))
    assert [*data["breakeven"]["by_date"].values()] == [0.1, 0.103, 0.106, 0.109]
    assert data["breakeven"]["own"] == 0.1
    options = (
        "--x",
        STARTS,
        "--y",
        NET_PRICE,
        "--y-low",
        "100",
        "--y-high",
        "400",
        "--points",
        "3",
    )
    assert "10% to 10.9% by year" in done(capsys, "threshold", "pdp_regional", *options, *FAST)


def test_a_break_even_has_its_unit_and_the_side_that_pays(capsys):
    said = done(capsys, "breakeven", "pdp_regional", "--vary", NET_PRICE)
    assert "is $217 a fill (here $245 a fill)" in said
    assert "It pays below $217 a fill" in said
    said = done(capsys, "breakeven", "pdp_regional", "--vary", CAPITATION)
    assert "$111 a month per treated member" in said
    assert "It pays above $111 a month per treated member" in said
    eligible = ("--set", "terms.obesity_capitation.per=eligible")
    said = done(capsys, "breakeven", "pdp_regional", "--vary", CAPITATION, *eligible)
    assert "a month per eligible member" in said
    assert "PMPM)" not in said


def test_large_numbers_have_separators(capsys):
    said = done(capsys, "breakeven", "pdp_regional", "--vary", "plan.members", *FAST)
    assert "100,000,000" in said
    assert "e+" not in said


def test_what_moves_nothing_says_so(capsys):
    unused = "assumptions.rebates.share_340b"
    said = done(capsys, "breakeven", "pdp_regional", "--vary", unused, *FAST)
    assert "is not used in this run; it moves nothing" in said
    read = "terms.corridor.second_share"
    said = done(capsys, "breakeven", "pdp_regional", "--vary", read, *FAST)
    assert "moves nothing in this run" in said
    options = ("--x", unused, "--y", REINSURANCE, "--points", "3")
    said = done(capsys, "threshold", "pdp_regional", *options, *FAST)
    assert "moves nothing" in said
    data = json.loads(done(capsys, "threshold", "pdp_regional", *options, *FAST, "--json"))
    assert (data["x"]["still"], data["y"]["still"]) == (True, False)


def test_a_price_that_is_not_there_is_not_set():
    assert report.amount(float("nan"), "USD per fill") == "not set"


def test_a_break_even_as_data_is_plain():
    scenario = load_scenario("pdp_regional")
    found = breakeven(scenario, REINSURANCE, resolution="workbook")
    data = breakeven_dict(found, scenario.register())
    assert json.loads(json.dumps(data)) == data
    assert found.crossings == 1
    assert not found.pays_below
