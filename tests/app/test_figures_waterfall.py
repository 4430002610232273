"""From stay out to join by cause: the causes sum to the value, and the words say the numbers."""

import dataclasses
import re
from itertools import pairwise

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.assumptions import load_tree, scenario_files
from calculator.report import cause_feeds, causes
from calculator.report.causes import plan_causes, state_causes
from calculator.report.figures import COLOURS
from calculator.report.figures_waterfall import (
    SMALL,
    waterfall,
    waterfall_alt,
    waterfall_figure,
    waterfall_note,
    waterfall_title,
)
from calculator.report.marks import days_of, marks

# Beside the shipped scenarios: the Bridge inside the model, movers, employers, offsets, a margin
# of rivals, a state that does not join.
MORE = [
    ("pdp_regional", {"horizon.start": "2027-01-01"}),
    ("pdp_regional", {"selection.include": True, "plan.bid": 300}),
    ("mapd", {"therapy.offsets": "cbo", "plan.part_c_coding": -400, "terms.copay": 0}),
    ("egwp", {"horizon.start": "2027-01-01"}),
    ("pdp_national", {"rivals.bid_change": 2.0, "terms.mechanism": "point_of_sale"}),
    ("pdp_regional", {"terms.premium_stabilisation.amount": 10, "terms.corridor.first_share": 1}),
    ("state_not_covering", {"therapy.offsets": "cbo", "uptake.form": "share_of_eligibles"}),
    ("state_not_covering", {"assumptions.coverage.conditional_net_price": 200}),
]
NOBODY = {
    "assumptions.uptake.initiation": 0,
    "assumptions.uptake.bridge_initiation": 0,
    "terms.existing_users": "none",
}


def causes_of(decision):
    plan = decision.scenario.program == "part_d"
    return plan_causes(decision) if plan else state_causes(decision)


def fall(decision, period=None):
    found = marks(decision, days_of(decision))
    return waterfall(cause_feeds.causes_of(decision, found), found, "December 2031", period)


def case(name, **settings):
    paths = {path.replace("__", "."): value for path, value in settings.items()}
    return decide(load_scenario(name).with_settings(paths))


CASES = [
    *((name, {"terms.package": terms}) for name in scenario_files() for terms in load_tree().terms),
    *MORE,
]


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
def test_causes_sum_to_the_value_in_every_year_and_bars_to_what_joining_changes(name, settings):
    decision = decide(load_scenario(name).with_settings(settings))
    causes = causes_of(decision)
    largest = max(float(np.abs(cause.join).max()) for cause in causes.causes)
    for index, (period, value) in enumerate(decision.value.by_period.items()):
        change = sum(float(cause.change[index]) for cause in causes.causes)
        assert change == pytest.approx(value, abs=1e-9 * largest)
        found = fall(decision, period)
        shown = sum(bar.usd for bar in found.bars)
        assert shown == pytest.approx(found.value, abs=1e-9 * largest)
    whole = fall(decision)
    worth = decision.value.total if causes.state else decision.value.pmpm
    assert whole.value == pytest.approx(worth, abs=1e-9 * largest)
    assert waterfall_title(whole)
    assert waterfall_alt(whole)


@pytest.mark.parametrize("name", ["pdp_regional", "egwp"])
def test_a_branchs_causes_are_the_plans_own_result(name):
    decision = case(name)
    causes, branches = plan_causes(decision), decision.branches()
    for branch in ("stay_out", "join"):
        wanted = list(branches[branch]["result"].values())
        assert causes.result(branch) == pytest.approx(wanted, rel=1e-9, abs=1e-3)


def test_a_states_result_is_its_net_cost():
    decision = case("state_not_covering")
    for branch in ("stay_out", "join"):
        cost = np.array(list(decision.budget[branch]["state_net"].values()))
        assert state_causes(decision).result(branch) == pytest.approx(-cost, rel=1e-9)


def test_the_bridge_is_outside_the_plan_and_in_no_cause():
    decision = case("pdp_regional", horizon__start="2027-01-01")
    assert decision.ledgers()["stay_out"]["model_drugs", "bridge"].sum() > 0.0
    drugs = [c for c in plan_causes(decision).causes if c.kind.key in ("gross", "member", "dir")]
    assert len(drugs) == 3
    for cause in drugs:
        assert cause.stay_out == pytest.approx(0.0, abs=1e-6)


# ------------------------------------------------------------------------------------------ bars


def test_nil_causes_are_left_out_but_for_those_that_nobody_published():
    announced = {bar.label: bar for bar in fall(case("pdp_regional")).bars}
    for label in ("Obesity capitation", "Extra reinsurance"):
        assert announced[label].usd == 0.0
        assert announced[label].marks == ("not published",)
    assert "Risk corridor" not in announced
    assert "Premium stabilisation" not in announced
    own = fall(case("pdp_regional", terms__obesity_capitation__amount=0))
    assert "Obesity capitation" not in {bar.label for bar in own.bars}


def test_what_a_user_or_an_example_set_is_marked_at_its_bar():
    terms = fall(case("pdp_regional", terms__package="illustrative_all"))
    assert {bar.marks for bar in terms.bars if bar.label == "Obesity capitation"} == {
        ("illustrative",)
    }
    changed = fall(case("pdp_regional", terms__guaranteed_net_price=200))
    # A bid follows from what a fill costs; what is paid at the counter does not.
    marked = {bar.label for bar in changed.bars if "changed" in bar.marks}
    assert {"Rebates (DIR)", "Premium and direct subsidy"} <= marked
    assert not marked & {"Model drugs before rebates", "Cost sharing with low-income subsidy"}
    own = fall(case("state_not_covering", assumptions__coverage__capitation_load=0.08))
    assert {bar.label for bar in own.bars if "changed" in bar.marks} == {
        "Capitation above plans' drug cost",
        "Federal share",
    }


def test_small_causes_stand_together_and_are_named():
    decision = case("pdp_regional")
    causes = plan_causes(decision)
    less = ("baseline_drugs", "selection")
    shrunk = tuple(
        dataclasses.replace(one, join=one.stay_out + 0.1 * one.change)
        if one.kind.key in less
        else one
        for one in causes.causes
    )
    found = waterfall(
        dataclasses.replace(causes, causes=shrunk), marks(decision, days_of(decision)), "2031"
    )
    (group,) = (bar for bar in found.bars if bar.parts)
    assert group.parts == ("Other drugs", "Members who leave or come")
    assert group.label == "2 smaller causes"
    assert "Smaller causes: Other drugs, Members who leave or come." in waterfall_note(found)
    assert not {bar.label for bar in found.bars if not bar.parts} & set(group.parts)
    assert sum(bar.usd for bar in found.bars) == pytest.approx(found.value)
    assert abs(group.usd) <= 2 * SMALL * max(abs(bar.usd) for bar in found.bars)
    assert "smaller" not in waterfall_title(found)


def test_one_small_cause_alone_keeps_its_name():
    assert "Members who leave or come" in {bar.label for bar in fall(case("pdp_regional")).bars}


@pytest.mark.parametrize("name", ["pdp_regional", "state_not_covering"])
def test_a_lower_price_brings_more_rebate_and_no_more_gross(name):
    bars = [
        {bar.label: bar.usd for bar in fall(case(name, terms__guaranteed_net_price=net)).bars}
        for net in (300, 245, 200)
    ]
    key = "Rebates (DIR)" if name == "pdp_regional" else "Supplemental rebates"
    gross = (
        "Model drugs before rebates" if name == "pdp_regional" else "Obesity drugs before rebates"
    )
    assert bars[0][key] < bars[1][key] < bars[2][key]
    assert bars[0][gross] == pytest.approx(bars[2][gross])


# ----------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("name", scenario_files())
def test_the_title_names_the_largest_bars_with_their_amounts_and_the_result(name):
    found = fall(decide(load_scenario(name)))
    title = waterfall_title(found)
    moved = sorted((bar for bar in found.bars if bar.usd), key=lambda bar: -abs(bar.usd))
    amount = found.amount(abs(moved[0].usd))
    assert title.startswith(amount)
    assert moved[0].said in title
    for bar in moved[:3]:
        if bar.said in title:
            way = {
                (causes.SPENT, True): "to", (causes.SPENT, False): "(saved )?on",
                (causes.RECEIVED, True): "less comes from", (causes.RECEIVED, False): "from",
                (causes.EITHER, True): "to", (causes.EITHER, False): "from",
            }[bar.way, bar.usd < 0]  # fmt: skip
            assert re.search(rf"{re.escape(found.amount(abs(bar.usd)))}( PMPM)? .*?{way} "
                             rf"{bar.said}", title)  # fmt: skip


def test_a_year_is_named_and_has_its_own_numbers():
    decision = case("pdp_regional")
    one, other = (fall(decision, year) for year in ("2028", "2031"))
    assert waterfall_title(one).startswith("In 2028, $")
    assert "2028. A bar to the right" in waterfall_note(one)
    assert one.bars[0].usd != other.bars[0].usd
    state = case("state_not_covering")
    assert waterfall_title(fall(state, "2029")).startswith("In fiscal year 2029, $")


@pytest.mark.parametrize("name", ["pdp_regional", "egwp", "mapd", "dsnp"])
def test_what_the_title_names_and_the_rest_add_up_to_what_it_is_in_all(name):
    found = fall(decide(load_scenario(name)))
    *parts, whole = waterfall_title(found).split("; ")
    total = 0.0
    for part in re.findall(r"\$[\d.]+ [^$]*", "; ".join(parts)):
        usd = float(re.match(r"\$([\d.]+)", part)[1])
        total += -usd if re.search("goes to|less comes", part) else usd
    (rest,) = re.findall(r"the rest (brings|costs) \$([\d.]+)", "; ".join(parts))
    total += float(rest[1]) if rest[0] == "brings" else -float(rest[1])
    said = float(re.search(r"\$(\d+\.\d+)", whole)[1])
    assert total == pytest.approx(-said if "costs" in whole else said, abs=1e-9)


def test_fewer_rebates_are_not_money_that_goes_to_rebates():
    found = fall(case("egwp", terms__mechanism="point_of_sale"))
    assert "less comes from rebates" in waterfall_title(found)
    assert "is saved on model drugs" in waterfall_title(found)


def test_where_nothing_changes_it_says_so():
    idle = fall(case("state_not_covering", assumptions__coverage__conditional_net_price=200))
    assert idle.nothing
    assert waterfall_title(idle) == "Cause by cause, joining changes nothing for Georgia."
    assert waterfall_title(dataclasses.replace(idle, period="2029")).startswith(
        "In fiscal year 2029, joining changes nothing"
    )
    assert len(waterfall_figure(idle, "light").data[0].y) == 2


def test_a_plan_that_joins_for_nothing_has_only_what_nobody_published():
    free = {**NOBODY, "assumptions.administration.fixed_cost": 0, "plan.members": 37_123}
    found = fall(decide(load_scenario("pdp_regional").with_settings(free)))
    assert found.nothing
    assert [bar.marks for bar in found.bars] == 2 * [("not published",)]
    assert waterfall_title(found) == "Cause by cause, joining changes nothing for this plan."
    assert waterfall_figure(found, "dark").layout.xaxis.range[0] < 0.0


def test_nobody_treated_leaves_what_taking_part_costs():
    found = fall(decide(load_scenario("pdp_regional").with_settings(NOBODY)))
    assert {bar.label for bar in found.bars if bar.usd} <= {
        "Administration and margin", "Premium and direct subsidy",
    }  # fmt: skip
    assert "goes to administration and margin" in waterfall_title(found)


def test_the_words_hold_every_bar_and_both_results():
    found = fall(case("state_not_covering"))
    words = waterfall_alt(found)
    for bar in found.bars:
        assert f"{bar.label} {found.change(bar.usd)}" in words
    assert found.amount(found.stay_out) in words
    assert found.amount(found.join) in words
    plan = waterfall_alt(fall(case("pdp_regional")))
    assert "Obesity capitation $0.00 (not published)" in plan


# --------------------------------------------------------------------------------------- picture


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pdp_regional", "state_covering", "egwp"])
def test_bars_start_where_the_last_one_ended_and_lie_inside(name, theme):
    found = fall(decide(load_scenario(name)))
    figure = waterfall_figure(found, theme)
    (bars,) = figure.data
    assert len(bars.y) == len(found.bars) + 2
    ends = [base + size for base, size in zip(bars.base, bars.x, strict=True)]
    for end, base in zip(ends[:-2], bars.base[1:-1], strict=True):
        assert end == pytest.approx(base)
    assert bars.base[-1] == 0.0
    assert ends[-1] == pytest.approx(ends[-2])
    low, high = figure.layout.xaxis.range
    assert all(low <= edge <= high for edge in (*bars.base, *ends))
    palette = COLOURS[theme]
    for usd, colour in zip(bars.x[1:-1], bars.marker.color[1:-1], strict=True):
        assert colour == palette["gain" if usd > 0 else "cost"]


def test_names_and_numbers_do_not_touch_from_row_to_row():
    figure = waterfall_figure(fall(case("pdp_regional", terms__package="illustrative_all")), "dark")
    names = [one for one in figure.layout.annotations if one.xanchor == "left"]
    numbers = [one for one in figure.layout.annotations if one.xanchor == "right"]
    assert len(numbers) == len(names) - 1  # staying out has no change
    for one, after in pairwise(names):
        tall = [15 * (1 + words.text.count("<br>")) for words in (one, after)]
        assert after.y - one.y >= sum(tall) / 2
    assert figure.layout.yaxis.range[0] > names[-1].y


def test_text_of_a_name_is_no_markup():
    found = fall(case("pdp_regional"))
    bad = dataclasses.replace(found.bars[0], label="<b>x</b>")
    figure = waterfall_figure(dataclasses.replace(found, bars=(bad, *found.bars[1:])), "light")
    texts = [one.text for one in figure.layout.annotations]
    assert any("&lt;b>x&lt;/b>" in text for text in texts)
