"""What the draws say beside their numbers, and how `decide` is asked for them."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.assumptions import load_assumptions
from calculator.report import drawn
from tests.commands import done, ended, refused
from tests.unit.test_uncertainty_commands import FAST

PLAN = ("decide", "pdp_regional", *FAST)


def test_a_seed_without_draws_is_refused(capsys):
    assert "--seed: allowed is together with --draws; given was 3" in refused(
        capsys, *PLAN, "--seed", "3"
    )


def test_draws_and_seed_stand_beside_the_fingerprint(capsys):
    said = done(capsys, *PLAN, "--draws", "16")
    assert re.search(r"16 draws of seed 1, [0-9a-f]{64}$", said.strip())
    assert "16 draws of seed 9" in done(capsys, *PLAN, "--draws", "16", "--seed", "9")
    assert "seed" not in done(capsys, *PLAN)


def test_few_draws_are_said_to_be_few(capsys):
    assert "16 draws say little" in done(capsys, *PLAN, "--draws", "16")
    assert "say little" not in done(capsys, *PLAN, "--draws", "128")


def test_the_worth_of_knowing_has_its_condition(capsys):
    with_bid, without = (
        done(capsys, "decide", name, *FAST, "--draws", "16") for name in ("pdp_regional", "egwp")
    )
    assert "if the bid is not priced on it" in with_bid
    assert "if the bid is not priced on it" not in without
    assert "Knowing every input" in without


def test_the_central_run_is_placed_among_the_draws_only_where_it_is_far_from_their_middle():
    pmpm = np.arange(200.0)
    (said,) = drawn.beside_central(pmpm, 30.5)
    assert "16th percentile" in said
    assert "84.5% of them are better" in said
    assert drawn.beside_central(pmpm, 104.5) == []


def test_reinsurance_that_makes_the_tail_worse_has_its_reason():
    found = decide(load_scenario("pdp_regional"), 64, "workbook").uncertainty
    reason = "Reinsurance makes the worst draws worse"
    tails = found.protections()
    worse = (
        tails["without_reinsurance"]["tail_mean_5_pmpm"] > tails["as_settled"]["tail_mean_5_pmpm"]
    )
    assert worse
    assert reason in drawn.text(found, -0.5)
    lower = {**found.without, "without_reinsurance": found.value - 1.0}
    assert reason not in drawn.text(replace(found, without=lower), -0.5)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ({"join": 1.0, "stay_out": 1.0}, "in any draw and year, joining or staying out"),
        ({"join": 0.4, "stay_out": 0.4}, "in 40% of years, joining or staying out"),
        ({"join": 0.4, "stay_out": 0.5}, "in 40% of years when joining and 50% of years when"),
    ],
)
def test_the_corridor_in_words(inside, said):
    assert said in drawn.corridor(inside)


def test_help_states_the_limits_that_are_assumed(capsys):
    _, said, _ = ended(capsys, "decide", "--help")
    said = " ".join(said.split())
    number = load_assumptions().number
    plan, state = (f"assumptions.uncertainty.{payer}_loss_" for payer in ("plan", "state"))
    for unit in ("usd", "share"):
        own, other = (f"{float(number(path + unit)[0]):g}" for path in (plan, state))
        own, other = (f"{float(one):.12g}" for one in (own, other))
        assert f"{own} of a plan, {other} of a state" in said
    assert "decimal" in said


def test_information_counts_what_the_payer_chooses(capsys):
    said = done(capsys, "information", "pdp_regional", "--draws", "64", *FAST)
    data = json.loads(done(capsys, "information", "pdp_regional", "--draws", "64", *FAST, "--json"))
    every = len(data["inputs"]) + len(data["chosen"])
    assert f"2 of the {every} inputs that are drawn are left out" in said
    draws = json.loads(done(capsys, *PLAN, "--draws", "16", "--json"))
    assert draws["uncertainty"]["inputs"]["count"] == every


def test_files_that_decide_wrote_are_named(capsys, tmp_path):
    ledger, book = tmp_path / "ledger.csv", tmp_path / "live.xlsx"
    said = done(capsys, *PLAN, "--ledger", ledger)
    assert said.splitlines()[-1] == f"Written: {ledger}"
    code, out, err = ended(capsys, *PLAN, "--ledger", ledger, "--json")
    assert (code, err.strip()) == (0, f"Written: {ledger}")
    assert json.loads(out)["scenario"]
    assert f"Written: {book}" in done(capsys, "decide", "pdp_regional", "--xlsx", book)
