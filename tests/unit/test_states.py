"""All 51 programs under one set of terms: `balance states`."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from calculator import cli, decide, load_scenario
from calculator.analysis.states import (
    CONDITION,
    breakeven_net_price,
    price_turn,
    row,
    screen,
    state_scenario,
)
from calculator.assumptions import load_tree
from calculator.model import medicaid
from calculator.report.state import states_text, verdict

KNOWN = 49
COVERED = {"yes", "restricted"}


@pytest.fixture(scope="module")
def rows():
    return screen()


def worth(inputs, net: float) -> tuple[float, float]:
    """Value of joining at a net price, and what the state spends, USD over the horizon."""
    run = medicaid.run(replace(inputs, guaranteed_net_price=np.array([[net]]), adopts=np.ones(1)))
    return float(run.value.sum()), float(medicaid.state_cost(run.join.rows).sum())


def test_there_is_one_row_for_each_program(rows):
    assert len(rows) == 51
    assert {found.abbr for found in rows} == set(load_tree().states)


def test_rows_are_ranked_by_value_per_enrollee_and_gaps_come_last(rows):
    ranked = [found.value_per_enrollee_year for found in rows[:KNOWN]]
    assert ranked == sorted(ranked, reverse=True)
    assert {found.abbr for found in rows[KNOWN:]} == {"NC", "SD"}
    for found in rows[KNOWN:]:
        assert found.value is None
        (gap,) = found.gaps
        assert "expansion_adults" in gap
    # Two more states have a gap that leaves an answer: where their pharmacy benefit is.
    named = {found.abbr: found.gaps for found in rows[:KNOWN] if found.gaps}
    assert set(named) == {"AR", "NV"}
    assert all("managed care" in gap for gaps in named.values() for gap in gaps)


def test_a_row_is_that_states_own_decision(rows):
    for found in (rows[0], rows[KNOWN // 2], rows[KNOWN - 1]):
        decision = decide(state_scenario(found.abbr))
        assert found == row(decision)
        assert found.value == pytest.approx(decision.value.total, rel=1e-12)
        assert found.value == pytest.approx(found.state_net_stay_out - found.state_net_join)
        years = decision.evaluation.result.member_months.sum() / 12
        assert found.value_per_enrollee_year == pytest.approx(found.value / years, rel=1e-12)
        assert found.treated_at_end == decision.evaluation.result.join.on_therapy[0, -1]


def test_the_states_share_is_of_what_joining_adds_and_of_nothing_else(rows):
    for found in rows[:KNOWN]:
        result = decide(state_scenario(found.abbr)).evaluation.result
        whole, own = (
            float(cost(result.join.rows).sum() - cost(result.stay_out.rows).sum())
            for cost in (medicaid.net_cost, medicaid.state_cost)
        )
        if found.covers_today == "yes":  # at a lower price for the same use nothing is added
            assert whole < 0
            assert found.state_share_of_added_cost is None
        else:
            assert whole > 0
            assert found.state_share_of_added_cost == pytest.approx(own / whole)
            assert 0 < found.state_share_of_added_cost < 0.6


def test_a_state_is_run_as_it_covers_today(rows):
    for found in rows:
        covers = load_tree().states[found.abbr]["covers"]
        assert found.covers_today == covers
        stance = state_scenario(found.abbr).state.stance
        assert stance == ("covering" if covers in COVERED else "not_covering")
        if found.value is not None and covers == "yes":
            assert found.value > 0, found.abbr
        if found.value is not None and covers not in COVERED:
            assert found.value < 0, found.abbr
            assert found.high_uptake_value < found.value, found.abbr


def test_a_state_that_covers_only_the_heaviest_has_that_share_of_the_use():
    for abbr in ("MI", "VA"):
        assert state_scenario(abbr).state.own_uptake_ratio == pytest.approx(0.17)
    assert state_scenario("MN").state.own_uptake_ratio == 1.0


@pytest.mark.parametrize("abbr", ["GA", "TX", "NY", "CA", "WY", "VT", "MI", "VA", "MN", "WI"])
def test_at_the_break_even_net_price_joining_is_worth_nothing(abbr):
    """Within a dollar for each 100,000 that the state spends."""
    inputs = decide(state_scenario(abbr)).evaluation.inputs
    root = breakeven_net_price(inputs)
    assert root is not None
    value, spent = worth(inputs, root)
    assert abs(value) <= spent / 100_000
    # A lower price pays, a higher one does not.
    assert worth(inputs, root - 5)[0] > 0
    assert worth(inputs, root + 5)[0] <= spent / 100_000


def test_every_row_has_the_break_even_of_its_own_decision(rows):
    for found in rows[:KNOWN:7]:
        decision = decide(state_scenario(found.abbr))
        assert found.breakeven_net_price == breakeven_net_price(decision.evaluation.inputs)


@pytest.mark.parametrize(("most", "binds"), [(120.0, True), (200.0, False), (None, False)])
def test_a_state_turns_at_its_condition_where_that_is_below_the_break_even(most, binds):
    scenario = load_scenario("state_not_covering").with_settings({CONDITION: most})
    decision = decide(scenario)
    root = breakeven_net_price(decision.evaluation.inputs)
    turn = price_turn(decision)
    assert 150 < root < 160
    assert turn.conditional == binds
    assert turn.price == (most if binds else root)
    assert row(decision).breakeven_net_price == turn.price
    # What a run at that price and just above it says.
    at, above = (
        decide(scenario.with_settings({"terms.guaranteed_net_price": turn.price + more}))
        for more in (-0.5 if not binds else 0.0, 0.5)
    )
    assert at.value.total > 0
    assert above.value.total <= 0
    assert above.adopted == (not binds)


def test_a_state_that_saves_stops_above_its_condition():
    decision = decide(load_scenario("state_covering").with_settings({CONDITION: 250.0}))
    assert decision.value.total > 0
    assert breakeven_net_price(decision.evaluation.inputs) > 500
    assert price_turn(decision).price == 250.0
    ends = "stop saving at a net price above $250 a fill, the highest at which Minnesota joins."
    assert verdict(decision).endswith(ends)


def test_a_state_above_its_condition_is_told_at_which_price_it_would_save():
    decision = decide(load_scenario("state_not_covering").with_settings({CONDITION: 120.0}))
    assert "does not join" in verdict(decision)
    assert "save at a net price of at most $120 a fill" in verdict(decision)


def test_no_net_price_turns_a_state_that_pays_nothing_for_the_drugs():
    """Nobody treated and nobody repriced: the fixed cost is left at any price."""
    scenario = load_scenario("state_not_covering").with_settings({
        "uptake.form": "monthly_fills",
        "uptake.monthly_fills": [0.0],
        "assumptions.coverage.existing_fills_per_enrollee": 0.0,
    })  # fmt: skip
    decision = decide(scenario)
    assert breakeven_net_price(decision.evaluation.inputs) is None
    assert row(decision).breakeven_net_price is None
    assert "No net price alone would change the sign" in verdict(decision)


def test_other_terms_give_other_rows(rows):
    package = "illustrative_all"
    other = screen(package)
    assert len(other) == 51
    one = next(found for found in other if found.abbr == "GA")
    scenario = state_scenario("GA", package)
    assert scenario.terms["package"] == package
    assert one == row(decide(scenario))


def test_the_command_gives_all_51_in_every_form(rows, tmp_path, capsys):
    target = tmp_path / "states.csv"
    with pytest.raises(SystemExit) as stopped:
        cli.main(["states", "--json", "--out", str(target)])
    out, err = capsys.readouterr()
    assert (stopped.value.code, err) == (0, "")
    found = json.loads(out)["states"]
    assert found == [row.to_dict() for row in rows]
    with target.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["abbr"] for line in lines] == [row.abbr for row in rows]
    assert float(lines[0]["value"]) == pytest.approx(rows[0].value)
    text = states_text(rows)
    assert len(text.splitlines()) == 1 + 1 + 51
    assert "NC North Carolina *" in text


def test_unknown_terms_are_refused_by_the_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["states", "--terms", "generous"])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("terms.package: allowed is one of announced_2025_12")
    assert line.endswith("given was generous")
