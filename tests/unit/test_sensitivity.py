"""Tornado, break-even and the two-way map against plain runs, for plans and states alike."""

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.draws import uncertain_inputs
from calculator.analysis.sensitivity import (
    PART_C,
    breakeven,
    cases_of,
    tornado,
    tornado_dict,
    value_pmpm,
)
from calculator.analysis.threshold import threshold, threshold_dict
from calculator.errors import InputError
from calculator.report import uncertainty as report

COARSE = "workbook"
KINDS = ("pdp_regional", "mapd", "egwp", "state_not_covering", "state_covering")
REINSURANCE = "terms.extra_reinsurance.share"
CAPITATION = "terms.obesity_capitation.amount"
NET_PRICE = "terms.guaranteed_net_price"
ELIGIBLE = "assumptions.uptake.eligible_share"
FILLS = "assumptions.persistence.fills_per_month"


@pytest.fixture(scope="module")
def tornadoes():
    return {name: tornado(load_scenario(name), COARSE) for name in KINDS}


def plainly(scenario, settings):
    return decide(scenario.with_settings(settings), resolution=COARSE).value


# ----------------------------------------------------------------------------- tornado


@pytest.mark.parametrize("name", KINDS)
def test_the_ends_of_every_bar_are_two_plain_runs(tornadoes, name):
    scenario = load_scenario(name)
    known = {one.path: one for one in uncertain_inputs(scenario)}
    bars = [bar for bar in tornadoes[name].bars if bar.path in known]
    assert {bar.path for bar in bars} == set(known)
    # The widest, and every fifth of the rest.
    for bar in [*bars[:3], *bars[3::5]]:
        one = known[bar.path]
        assert set(bar.moved) == {path for path, _, _ in one.parts}
        for end, total, pmpm in (
            ("low", bar.total_at_low, bar.pmpm_at_low),
            ("high", bar.total_at_high, bar.pmpm_at_high),
        ):
            settings = {
                path: float(np.clip(getattr(spread, end), *limits))
                for (path, _, spread), limits in zip(one.parts, one.limits, strict=True)
            }
            value = plainly(scenario, settings)
            assert total == pytest.approx(value.total, rel=1e-9, abs=1e-3), bar.path
            assert pmpm == pytest.approx(value.pmpm, rel=1e-9, abs=1e-9), bar.path


@pytest.mark.parametrize("name", KINDS)
def test_bars_are_sorted_and_the_centre_is_the_plain_run(tornadoes, name):
    found = tornadoes[name]
    widths = [bar.width for bar in found.bars]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.0
    value = decide(load_scenario(name), resolution=COARSE).value
    assert found.total == pytest.approx(value.total)
    assert found.pmpm == pytest.approx(value.pmpm)
    for bar in found.bars:
        assert bar.low <= bar.own <= bar.high, bar.path


def test_selection_is_in_the_tornado_when_it_is_in_the_value():
    scenario = load_scenario("pdp_regional").with_settings({"selection.include": True})
    paths = {bar.path for bar in tornado(scenario, COARSE).bars}
    assert "assumptions.selection.movers" in paths
    without = {bar.path for bar in tornado(load_scenario("pdp_regional"), COARSE).bars}
    assert "assumptions.selection.movers" not in without


@pytest.mark.parametrize(("name", "wanted"), [("mapd", 1), ("dsnp", 1), ("pdp_regional", 0)])
def test_part_c_coding_is_always_among_the_bars_of_a_medicare_advantage_plan(name, wanted):
    scenario = load_scenario(name)
    bars = [bar for bar in tornado(scenario, COARSE).bars if bar.path == PART_C]
    assert len(bars) == wanted
    for bar in bars:
        # A year of the drug at $245 a fill, up and down.
        assert (bar.low, bar.own, bar.high) == (-2940.0, 0.0, 2940.0)
        assert bar.pmpm_at_low < bar.pmpm_at_high
        assert bar.total_at_low == pytest.approx(plainly(scenario, {PART_C: -2940.0}).total)
        assert bar.status == "assumed"


def test_a_users_own_value_has_no_bar_and_its_own_range_has(tornadoes):
    scenario = load_scenario("pdp_regional")
    known = scenario.with_settings({ELIGIBLE: 0.08})
    assert ELIGIBLE not in {bar.path for bar in tornado(known, COARSE).bars}
    spread = {"low": 0.075, "high": 0.09, "dist": "uniform"}
    own = scenario.with_settings({ELIGIBLE: {"value": 0.08, "range": spread}})
    (bar,) = [bar for bar in tornado(own, COARSE).bars if bar.path == ELIGIBLE]
    assert (bar.low, bar.own, bar.high) == (0.075, 0.08, 0.09)


def test_levers_without_a_published_number_are_named_apart(tornadoes):
    named = {one.path for one in tornadoes["pdp_regional"].without_range}
    assert named == {CAPITATION, REINSURANCE}
    # A state's run reads neither.
    assert tornadoes["state_not_covering"].without_range == ()
    text = report.tornado_text(tornadoes["pdp_regional"])
    assert "no number was published" in text


def test_the_sentence_names_the_widest_and_counts_what_turns(tornadoes):
    found = tornadoes["pdp_regional"]
    sentence = report.tornado_sentence(found)
    assert sentence.startswith(found.bars[0].label)
    turning = sum(bar.turns(found.total) for bar in found.bars)
    assert ("No input alone" in sentence) == (turning == 0)
    data = tornado_dict(found)
    assert sum(bar["turns"] for bar in data["inputs"]) == turning


def test_progress_is_told_and_may_stop_it():
    told = []
    tornado(load_scenario("state_covering"), COARSE, lambda done, count: told.append((done, count)))
    assert told[-1][0] == told[-1][1] == len(told)

    def stop(done, count):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        tornado(load_scenario("state_covering"), COARSE, stop)


# ----------------------------------------------------------------------------- break-even


@pytest.mark.parametrize(
    ("name", "path", "low", "high"),
    [
        ("pdp_regional", REINSURANCE, None, None),
        ("pdp_regional", f"{CAPITATION}.2029_01_01", None, 500.0),
        ("pdp_regional", "assumptions.drugs.mounjaro_net_price", None, None),
        ("pdp_regional", "therapy.mix.wegovy", None, None),
        ("egwp", "assumptions.administration.fixed_cost", 0.0, 1e6),
        ("state_not_covering", NET_PRICE, None, 600.0),
        ("state_not_covering", "assumptions.rebates.share_340b", None, None),
    ],
)
def test_at_the_root_joining_is_worth_nothing(name, path, low, high):
    scenario = load_scenario(name)
    found = breakeven(scenario, path, low, high, COARSE)
    ends = found.value_at_low, found.value_at_high
    if found.root is None:
        assert (ends[0] > 0.0) == (ends[1] > 0.0)
        return
    assert found.low <= found.root <= found.high
    at_root = value_pmpm(scenario_with(scenario, path), path, np.array([found.root]), COARSE)
    assert at_root[0] == pytest.approx(0.0, abs=2e-3 * max(map(abs, ends)))


def scenario_with(scenario, path):
    from calculator.analysis.sensitivity import varied

    return varied(scenario, path)


def test_with_selection_the_break_even_is_another():
    scenario = load_scenario("pdp_regional")
    within = scenario.with_settings({"selection.include": True})
    without, found = (breakeven(one, REINSURANCE, resolution=COARSE) for one in (scenario, within))
    assert without.root is not None
    assert found.root != without.root


def test_none_in_this_range_has_the_values_at_both_ends():
    scenario = load_scenario("pdp_regional")
    found = breakeven(scenario, REINSURANCE, 0.0, 0.1, COARSE)
    assert found.root is None
    assert found.value_at_low == pytest.approx(plainly(scenario, {REINSURANCE: 0.0}).pmpm)
    assert found.value_at_high == pytest.approx(plainly(scenario, {REINSURANCE: 0.1}).pmpm)
    sentence = report.breakeven_sentence(found, "Share", "share")
    assert "none in this range" in sentence
    assert "0%" in sentence
    assert "10%" in sentence


def test_an_input_that_the_run_does_not_use_is_said():
    found = breakeven(
        load_scenario("pdp_regional"), "assumptions.rebates.share_340b", resolution=COARSE
    )
    assert not found.read
    assert found.root is None
    assert "not used" in report.breakeven_sentence(found, "340B", "share")


def test_a_lever_moved_from_a_new_date_moves_only_later_years():
    scenario = scenario_with(load_scenario("pdp_regional"), f"{CAPITATION}.2030_01_01")
    values = value_pmpm(scenario, f"{CAPITATION}.2030_01_01", np.array([0.0, 50.0]), COARSE)
    whole = value_pmpm(scenario, CAPITATION, np.array([0.0, 50.0]), COARSE)
    assert values[0] == pytest.approx(whole[0])
    assert 0.1 < (values[1] - values[0]) / (whole[1] - whole[0]) < 0.9


def test_shares_of_a_mix_give_way_in_proportion():
    scenario = load_scenario("pdp_regional")
    cases = cases_of(scenario, {"therapy.mix.wegovy": np.array([0.0, 0.45, 1.0])})
    assert sum(cases.values()) == pytest.approx(np.ones(3))
    assert cases["therapy.mix.zepbound"] == pytest.approx([0.45 / 0.55, 0.45, 0.0])
    at = value_pmpm(scenario, "therapy.mix.wegovy", np.array([0.45, 0.2]), COARSE)
    mix = {"wegovy": 0.2, "zepbound": 0.8 * 45 / 55, "foundayo": 0.8 * 10 / 55}
    assert at[0] == pytest.approx(plainly(scenario, {}).pmpm)
    assert at[1] == pytest.approx(plainly(scenario, {"therapy.mix": mix}).pmpm)


# ----------------------------------------------------------------------------- two at once


@pytest.fixture(scope="module")
def levers():
    return threshold(
        load_scenario("pdp_regional"),
        CAPITATION,
        REINSURANCE,
        x_range=(0.0, 100.0),
        points=7,
        resolution=COARSE,
    )


def test_every_point_of_the_map_is_a_plain_run(levers):
    scenario = load_scenario("pdp_regional")
    for row, column in ((0, 0), (2, 5), (6, 3), (6, 6)):
        settings = {
            CAPITATION: float(levers.x.values[column]),
            REINSURANCE: float(levers.y.values[row]),
        }
        assert levers.value[row, column] == pytest.approx(plainly(scenario, settings).pmpm)
    assert levers.own == pytest.approx(plainly(scenario, {}).pmpm)


def test_on_the_line_joining_is_worth_nothing(levers):
    scenario = load_scenario("pdp_regional")
    assert len(levers.contour) >= 5
    spread = np.abs(levers.value).max()
    for x, y in levers.contour:
        value = plainly(scenario, {CAPITATION: x, REINSURANCE: y}).pmpm
        assert value == pytest.approx(0.0, abs=1e-4 * spread)
    # Where one lever is nothing the line is the other's break-even.
    root = breakeven(scenario, REINSURANCE, resolution=COARSE).root
    assert levers.contour[0] == pytest.approx((0.0, root), abs=1e-4)
    assert [x for x, _ in levers.contour] == sorted(x for x, _ in levers.contour)


def test_an_axis_is_the_inputs_own_range_or_its_bounds_or_as_given():
    scenario = load_scenario("state_not_covering")
    found = threshold(
        scenario, "assumptions.rebates.share_340b", "state.own_uptake_ratio", points=3
    )
    assert found.x.values.tolist() == pytest.approx([0.0, 0.15, 0.3])
    assert found.y.values.tolist() == pytest.approx([0.0, 5.0, 10.0])
    half = threshold(
        scenario, "assumptions.rebates.share_340b", NET_PRICE,
        x_range=(0.1, None), y_range=(100.0, 200.0), points=2,
    )  # fmt: skip
    assert half.x.values.tolist() == pytest.approx([0.1, 0.3])
    assert half.y.values.tolist() == [100.0, 200.0]


def test_the_map_in_letters_has_the_scenario_in_its_place(levers):
    text = report.threshold_text(levers)
    rows = [line for line in text.splitlines() if " | " in line]
    assert len(rows) == 7
    assert "@" in rows[-1].split("|")[1].split()[0]
    letters = "".join(row.split("|")[1] for row in rows)
    assert letters.count("+") == np.count_nonzero(levers.value > 0.0)
    sentence = report.threshold_sentence(levers)
    assert "it is worth nothing where" in sentence
    data = threshold_dict(levers)
    assert np.array(data["value_pmpm"]).shape == (7, 7)


def test_a_map_on_which_nothing_crosses():
    found = threshold(
        load_scenario("pdp_regional"), CAPITATION, REINSURANCE,
        x_range=(0.0, 1.0), y_range=(0.0, 0.01), points=3, resolution=COARSE,
    )  # fmt: skip
    assert found.contour == ()
    assert found.pays == 0.0
    assert "pays nowhere" in report.threshold_sentence(found)


# ----------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("x", "y", "ranges", "said"),
    [
        (REINSURANCE, REINSURANCE, {}, "another path than --x"),
        ("terms.copay", "terms.copay.2029_01_01", {}, "another path than --x"),
        ("terms.extra_reinsurance.sharp", CAPITATION, {}, REINSURANCE),
        (REINSURANCE, "terms.mechanism", {}, "a path with a number"),
        (REINSURANCE, "plan.type", {}, "a path with a number"),
        (REINSURANCE, CAPITATION, {"x_range": (0.6, 0.2)}, "low before high"),
        (REINSURANCE, CAPITATION, {"x_range": (0.5, 0.5)}, "low before high"),
        (REINSURANCE, CAPITATION, {"y_range": (-5.0, 10.0)}, "inside 0 to 2,000"),
        (REINSURANCE, CAPITATION, {"x_range": (float("nan"), 0.5)}, "low before high"),
        (REINSURANCE, CAPITATION, {"points": 1}, "2 to 101"),
        (REINSURANCE, CAPITATION, {"points": 1000}, "2 to 101"),
        ("therapy.mix.wegovy", "therapy.mix.zepbound", {}, "the others give way"),
    ],
)
def test_a_map_that_cannot_be_drawn_is_one_line(x, y, ranges, said):
    with pytest.raises(InputError) as refused:
        threshold(load_scenario("pdp_regional"), x, y, resolution=COARSE, **ranges)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("path", "low", "high", "said"),
    [
        ("plan.member", None, None, "plan.members"),
        ("terms.lifestyle_support", None, None, "a path with a number"),
        ("assumptions.timeline.part_d_start", None, None, "a path with a number"),
        ("plan.waive_de_minimis", None, None, "a path with a number"),
        (REINSURANCE, 0.9, 0.1, "low before high"),
        (REINSURANCE, 0.0, 1.5, "inside 0 to 1"),
        ("terms.copay.2029_13_01", None, None, "2029_01_01"),
    ],
)
def test_a_break_even_that_cannot_be_found_is_one_line(path, low, high, said):
    with pytest.raises(InputError) as refused:
        breakeven(load_scenario("pdp_regional"), path, low, high, COARSE)
    assert said in str(refused.value)


def test_bounds_that_a_run_refuses_are_narrowed_to_what_it_allows():
    """A state's net price may not be above the dearest product's cost; the lever's bound is."""
    scenario = load_scenario("state_not_covering")
    found = breakeven(scenario, NET_PRICE)
    assert found.low == 1.0
    assert 1000.0 < found.high < 1100.0
    assert found.root is not None
    with pytest.raises(InputError, match="dearest product"):
        breakeven(scenario, NET_PRICE, high=2000.0)
    mapped = threshold(scenario, NET_PRICE, "assumptions.rebates.share_340b", points=3)
    assert mapped.x.values[-1] == pytest.approx(found.high)


def test_a_share_that_nobody_gave_cannot_be_moved():
    with pytest.raises(InputError, match="a share that the scenario gives"):
        breakeven(load_scenario("state_covering"), "groups.children.share")
