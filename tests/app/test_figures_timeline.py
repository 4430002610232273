"""The dates a decision hangs on, from the register, with what each rests on."""

import datetime as dt

import pytest

from calculator import decide, load_scenario
from calculator.report.dates import first_monday, moments
from calculator.report.figures import COLOURS
from calculator.report.figures_timeline import timeline_alt, timeline_figure
from calculator.ui.form import offered


def on(name, **settings):
    paths = {path.replace("__", "."): value for path, value in settings.items()}
    return {one.label: one for one in moments(decide(load_scenario(name).with_settings(paths)))}


@pytest.mark.parametrize("year", range(2024, 2032))
def test_bids_are_due_on_a_monday_in_the_first_week_of_june(year):
    day = first_monday(year, 6)
    assert (day.weekday(), day.month) == (0, 6)
    assert day.day <= 7


def test_a_plans_dates_and_what_they_rest_on():
    found = on("pdp_regional")
    assert list(found) == [
        "Start of 2027 shelved", "Medicare Bridge", "Bids for 2028 due", "BALANCE",
    ]  # fmt: skip
    assert found["Bids for 2028 due"].day == dt.date(2027, 6, 7)
    assert found["Bids for 2028 due"].status == "law"
    bridge, model = found["Medicare Bridge"], found["BALANCE"]
    assert (bridge.day, bridge.end) == (dt.date(2026, 7, 1), dt.date(2027, 12, 31))
    assert (model.day, model.status) == (dt.date(2028, 1, 1), "assumed")
    assert (model.end, model.end_status) == (dt.date(2031, 12, 31), "announced")


@pytest.mark.parametrize("year", [2027, 2029, 2031])
def test_bids_follow_the_first_model_year_which_is_then_a_users_own(year):
    found = on("pdp_regional", horizon__start=f"{year}-01-01")
    bids = found[f"Bids for {year} due"]
    assert bids.day.year == year - 1
    assert bids.day < found["BALANCE"].day == dt.date(year, 1, 1)
    assert found["BALANCE"].status == "changed"
    assert found["BALANCE"].end_status == "announced"


def test_a_date_that_is_changed_says_so():
    found = on("pdp_regional", assumptions__timeline__part_d_start="2029-01-01")
    assert found["BALANCE"].status == "changed"
    assert "Start of 2027 shelved" not in found
    assert on("mapd", horizon__end="2030-12-31")["BALANCE"].end_status == "changed"


def test_who_files_no_bid_has_no_deadline():
    assert not [label for label in on("egwp") if label.startswith("Bids")]


def test_a_states_dates():
    found = on("state_not_covering")
    assert found["States apply by"].day == dt.date(2026, 7, 31)
    assert found["BALANCE"].day == dt.date(2027, 1, 1)
    assert found["BALANCE"].said == "Jan 2027 to Dec 2031 (announced)"
    assert not [label for label in found if "Bids" in label or "Bridge" in label]
    ends = on("state_ending_coverage")["Own coverage ends"]
    assert (ends.day, ends.status) == (dt.date(2027, 6, 30), "example")
    moved = on("state_ending_coverage", state__coverage_ends="2027-12-31")["Own coverage ends"]
    assert (moved.day, moved.status) == (dt.date(2027, 12, 31), "changed")
    short = on("state_not_covering", horizon__end="2030-06-30")["BALANCE"]
    assert short.end == dt.date(2030, 6, 30)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*offered("part_d"), *offered("medicaid")])
def test_the_picture_holds_every_date_in_order_in_its_own_lane(name, theme):
    found = moments(decide(load_scenario(name)))
    assert [one.day for one in found] == sorted(one.day for one in found)
    figure = timeline_figure(found, theme)
    words = figure.layout.annotations
    assert len(words) == len(found)
    assert [one.y for one in words] == sorted({one.y for one in words})
    first, last = figure.layout.xaxis.range
    for one, said in zip(found, words, strict=True):
        assert one.said in said.text
        assert first <= one.day < last
        assert one.said in timeline_alt(found)
    assert len(figure.layout.shapes) == sum(1 for one in found if one.end)
    assert figure.layout.shapes[-1].fillcolor == COLOURS[theme]["plan"]
    assert figure.layout.height <= 130
