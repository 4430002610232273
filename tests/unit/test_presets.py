"""What is published about each of the 51 programs, as a state's scenario takes it."""

import datetime as dt
import json

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.states import state_scenario
from calculator.assumptions import load_tree
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.medicaid_inputs import fiscal_year
from calculator.presets import GROUPS, presets

STATES = tuple(load_tree().states)
WITHOUT_ADULTS = {"NC", "SD"}  # they expanded after the year of the groups
# States whose fiscal year does not start in July.
OTHER_STARTS = {"AL": 10, "DC": 10, "MI": 10, "NY": 4, "TX": 9}
ADULTS = ("base_adults", "expansion_adults", "disabled", "duals")
CHILDREN = ("children", "medicaid_chip", "separate_chip")


@pytest.fixture(scope="module")
def registers():
    return {abbr: state_scenario(abbr).register() for abbr in STATES}


def number(register, path: str) -> float:
    return float(register.number(path)[0])


def test_there_are_fifty_states_and_the_district():
    assert len(STATES) == 51
    assert {"DC", "AK", "HI", "WY"} <= set(STATES)


@pytest.mark.parametrize("abbr", STATES)
def test_each_state_decides_or_says_which_number_it_lacks(abbr):
    scenario = state_scenario(abbr)
    if abbr in WITHOUT_ADULTS:
        with pytest.raises(InputError, match=r"^groups: .*base_adults\.enrollment") as refused:
            decide(scenario)
        assert "expansion_adults" in str(refused.value)
        strict = scenario.with_settings({"state.accept_gaps": False})
        with pytest.raises(InputError, match=r"^groups\.base_adults\.enrollment: "):
            decide(strict)
        return
    decision = decide(scenario.with_settings({"state.accept_gaps": False}))
    found = decision.to_dict()
    json.dumps(found, allow_nan=False)
    assert found["state"] == abbr
    assert np.isfinite(decision.value.total)
    assert decision.value.total != 0
    assert found["high_uptake"]["fills"] > sum(found["branches"]["join"]["fills"].values()) > 0
    assert not any("left out" in note for note in found["notes"])


@pytest.mark.parametrize("abbr", [abbr for abbr in STATES if abbr not in WITHOUT_ADULTS])
def test_a_state_that_does_not_cover_pays_more_at_high_uptake(abbr):
    scenario = load_scenario("state_not_covering").with_settings({"state.abbr": abbr})
    decision = decide(scenario)
    assert decision.high_uptake["total"] < decision.value.total < 0


@pytest.mark.parametrize("abbr", STATES)
def test_periods_are_the_states_own_fiscal_years(abbr, registers):
    start = int(number(registers[abbr], "state.fiscal_year_start_month"))
    assert start == OTHER_STARTS.get(abbr, 7)
    if abbr in WITHOUT_ADULTS:
        return
    decision = decide(state_scenario(abbr))
    # January 2027 to December 2031: the first and the last fiscal year are cut.
    assert decision.periods == ("2027", "2028", "2029", "2030", "2031", "2032")
    months = np.array([fiscal_year(day, start) for day in decision.evaluation.months])
    assert np.bincount(months - 2027).tolist() == [start - 1, 12, 12, 12, 12, 13 - start]
    monthly = decision.evaluation.result.value[0]
    for year, usd in decision.value.by_period.items():
        assert usd == pytest.approx(monthly[months == int(year)].sum(), rel=1e-9)


@pytest.mark.parametrize(
    ("start", "day", "year"),
    [
        (7, dt.date(2026, 6, 1), 2026),
        (7, dt.date(2026, 7, 1), 2027),
        (10, dt.date(2026, 9, 1), 2026),
        (10, dt.date(2026, 10, 1), 2027),
        (4, dt.date(2026, 3, 1), 2026),
        (4, dt.date(2026, 4, 1), 2027),
        (9, dt.date(2026, 8, 1), 2026),
        (9, dt.date(2026, 9, 1), 2027),
        (1, dt.date(2026, 12, 1), 2026),
    ],
)
def test_a_fiscal_year_is_named_by_the_year_in_which_it_ends(start, day, year):
    assert fiscal_year(day, start) == year


# ------------------------------------------------------------------------------- enrollment


@pytest.mark.parametrize("abbr", STATES)
def test_groups_sum_to_the_published_children_and_adults(abbr, registers):
    row, register = load_tree().states[abbr], registers[abbr]
    people = {name: number(register, f"groups.{name}.enrollment") for name in GROUPS}
    assert sum(people[name] for name in CHILDREN) == pytest.approx(float(row["children"]))
    chip = people["medicaid_chip"] + people["separate_chip"]
    assert chip == pytest.approx(float(row["chip"]))
    adults = sum(people[name] for name in ADULTS)
    if abbr in WITHOUT_ADULTS:
        assert np.isnan(adults)
    else:
        assert adults == pytest.approx(float(row["adults"]))
        assert min(people.values()) >= 0


def test_the_published_total_of_april_2026_is_met():
    rows = load_tree().states.values()
    assert sum(int(row["total_enrollment"]) for row in rows) == 73_871_024
    assert sum(int(row["children"]) for row in rows) == 35_381_450
    assert sum(int(row["adults"]) for row in rows) == 38_489_574


@pytest.mark.parametrize("abbr", STATES)
def test_a_state_has_expansion_adults_only_if_it_expanded(abbr, registers):
    row = load_tree().states[abbr]
    people = number(registers[abbr], "groups.expansion_adults.enrollment")
    if row["expansion_state"] == "N":
        assert people == 0
    elif abbr not in WITHOUT_ADULTS:
        assert people > 0


def test_the_users_numbers_take_the_presets_place_and_are_marked_so():
    scenario = state_scenario("GA").with_settings({
        "groups.base_adults.enrollment": 400_000,
        "state.fmap": 0.66,
        "state.obesity_share": 0.30,
        "state.fiscal_year_start_month": 10,
        "groups.base_adults.managed_share": 0.5,
    })  # fmt: skip
    decision = decide(scenario)
    register = decision.register
    for path, value in (
        ("groups.base_adults.enrollment", 400_000),
        ("state.fmap", 0.66),
        ("state.obesity_share", 0.30),
    ):
        assert number(register, path) == value
        assert register.status(path) == "user"
    groups = decision.evaluation.inputs.groups
    base = groups.names.index("base_adults")
    assert groups.enrollment[0, 0, base] == 400_000
    assert set(groups.match[0, :, base]) == {0.66}
    assert groups.managed[0, base] == 0.5
    assert decision.first_month == 10
    # The rest is Georgia's still.
    assert register.status("groups.disabled.enrollment") == "derived"


# ------------------------------------------------------------------------------- match rates


@pytest.mark.parametrize("abbr", STATES)
def test_match_rates_are_the_published_ones_and_inside_the_law(abbr, registers):
    register = registers[abbr]
    for row in load_tree().match_rates[abbr]:
        day = dt.date(int(row["fiscal_year"]) - 1, 10, 1)
        fmap, efmap = (register.number(f"state.{kind}", day)[0] for kind in ("fmap", "efmap"))
        assert (fmap, efmap) == (float(row["fmap"]), float(row["efmap"]))
        assert 0.50 <= fmap <= 0.83
        # 42 USC 1397ee(b): 30% of what is missing to 1 on top, 85% at most.
        assert efmap == pytest.approx(min(fmap + 0.30 * (1 - fmap), 0.85), abs=0.0002)


def test_virginias_and_texas_published_rates():
    register = state_scenario("VA").register()
    found = [register.number("state.fmap", dt.date(year, 9, 1))[0] for year in (2025, 2026, 2027)]
    assert found == [0.5099, 0.5039, 0.5002]
    assert state_scenario("TX").register().number("state.fmap", dt.date(2026, 9, 1))[0] == 0.5983


# --------------------------------------------------------------------------------- pharmacy


def test_where_the_pharmacy_benefit_is_carved_out_nothing_of_it_is_in_managed_care(registers):
    carved_out = {
        abbr for abbr, row in load_tree().states.items()
        if row["pharmacy_carve"] in ("out", "ffs_state")
    }  # fmt: skip
    assert {"CA", "NY", "MO", "WI", "TN", "WV", "ND"} <= carved_out
    for abbr in set(STATES) - WITHOUT_ADULTS:
        managed = evaluate(state_scenario(abbr)).inputs.groups.managed
        assert managed == pytest.approx(0.0 if abbr in carved_out else 0.75), abbr


def test_every_preset_number_says_where_it_comes_from(registers):
    sources = load_tree().sources
    for abbr, register in registers.items():
        found = presets(state_scenario(abbr), register)
        assert {"state.fmap", "state.efmap", "state.obesity_share"} <= set(found)
        for path, entry in found.items():
            for dated in entry.values.values():
                assert dated.source in sources, (abbr, path)
                assert dated.status != "user", (abbr, path)
