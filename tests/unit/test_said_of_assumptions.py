"""Every value of a run as a row: what sets it, what it was, how it is found and changed."""

import csv
import io

import pytest

from calculator import decide, load_scenario
from calculator.analysis.feeds import RESULTS, Feed
from calculator.analysis.nudges import nudged
from calculator.assumptions import scenario_files
from calculator.errors import InputError
from calculator.exports import csv_rows
from calculator.report import assumption_edits as edits
from calculator.report import assumption_words as words
from calculator.report import assumptions as report
from calculator.report.assumptions import Start
from calculator.scenario import scenario_of
from calculator.schema import STATUSES

PLAN, STATE = "pdp_regional", "state_not_covering"
INITIATION = "assumptions.uptake.initiation"


def rows_of(scenario, start=None, changed=(), fields=()):
    start = start or scenario
    decision = decide(scenario)
    _ = decision.outcomes
    before = Start(start, start.register(), tuple(changed), frozenset(fields))
    return report.rows(
        scenario, decision.register, report.span(decision), decision.register.read, before
    )


def after(scenario, row, value):
    """The scenario and its rows with a row set."""
    settings = edits.settings(scenario, row, value)
    changed = scenario.with_settings(settings)
    return changed, {one.path: one for one in rows_of(changed, scenario, settings)}


def row_of(name, path, **more):
    return {row.path: row for row in rows_of(load_scenario(name), **more)}[path]


# ------------------------------------------------------------------------------------------ rows


@pytest.mark.parametrize("name", scenario_files())
def test_every_value_that_a_run_reads_has_a_row_with_what_it_rests_on(name):
    scenario = load_scenario(name)
    decision = decide(scenario)
    _ = decision.outcomes
    rows = rows_of(scenario)
    assert {row.entry for row in rows} >= set(decision.register.read)
    assert len({row.path for row in rows}) == len(rows)
    for row in rows:
        assert row.label
        assert row.status in STATUSES
        assert row.group
        assert row.source
        assert not row.changed
        assert row.was == row.value
        if row.url:
            assert row.publisher
            assert row.published


@pytest.mark.parametrize("name", [PLAN, STATE])
def test_the_scenarios_own_values_come_first_then_the_terms(name):
    groups = [row.group for row in rows_of(load_scenario(name))]
    order = list(dict.fromkeys(groups))
    assert order[:2] == [report.OWN, report.TERMS]
    assert len(order) == len(set(order)) > 8
    assert groups == sorted(groups, key=order.index)


def test_every_date_in_force_has_its_own_row_and_what_it_grows_from_too():
    rows = [row for row in rows_of(load_scenario(PLAN)) if row.entry == INITIATION]
    assert [row.path[-10:] for row in rows] == [f"{year}_01_01" for year in range(2028, 2032)]
    assert [row.value for row in rows] == [0.1, 0.103, 0.106, 0.109]
    threshold = "assumptions.benefit.oop_threshold"
    found = [row for row in rows_of(load_scenario(PLAN)) if row.entry == threshold]
    assert [row.grown for row in found] == [False, True, True, True, True]
    register = load_scenario(PLAN).register()
    for row in found[1:]:
        assert row.value == pytest.approx(float(register.number(threshold, row.since)[0]))
        assert row.status == "projected"


def test_a_field_of_the_sidebar_is_set_as_the_sidebar_sets_it():
    path = "assumptions.drugs.wegovy_list_price"
    apart = [row.path for row in rows_of(load_scenario(STATE)) if row.entry == path]
    assert apart == [f"{path}.2027_01_01", f"{path}.2028_01_01"]
    (row,) = [r for r in rows_of(load_scenario(STATE), fields=[path]) if r.entry == path]
    assert row.path == path
    assert [day.year for day, _ in row.later] == [2028]


def test_a_value_with_one_date_in_force_is_set_without_it():
    assert row_of(PLAN, "assumptions.drugs.mounjaro_net_price").since is None


def test_the_label_of_a_states_group_says_which():
    assert row_of(STATE, "groups.duals.trend").label == "Duals, yearly growth of enrollment"
    assert row_of(STATE, "groups.children.enrollment").label == "Enrollment, children"


def test_lists_are_shown_where_there_are_some_and_say_why_they_are_not_edited_here():
    assert not any(row.kind == "list" for row in rows_of(load_scenario(PLAN)))
    scenario = load_scenario(STATE).with_settings({"uptake.quarterly_fills_per_1000": [1.0, 2.0]})
    (row,) = [row for row in rows_of(scenario) if row.kind == "list"]
    assert row.value == "2 numbers"
    assert "sidebar" in row.fixed


def test_what_a_preset_says_and_no_path_sets_says_why():
    row = row_of(STATE, "state.efmap")
    assert row.fixed
    assert row.read


def test_what_is_not_read_is_there_and_says_so():
    row = row_of(PLAN, "assumptions.coverage.capitation_load")
    assert not row.read
    assert words.feeds_words(row, None) == "not read by this run"


# ----------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize("name", [PLAN, "egwp", STATE, "state_ending_coverage"])
def test_every_number_that_is_read_can_be_given_another_value(name):
    scenario = load_scenario(name)
    entries = scenario.register().entries
    tried = 0
    for row in rows_of(scenario):
        if row.kind != "number" or not row.read or row.fixed:
            continue
        entry = entries[row.entry]
        low, high = entry.bounds
        value = nudged(entry, row.value) if row.value is not None else low + (high - low) / 8
        if row.path == "state.fmap":
            value = 0.7  # the field allows less than the preset
        settings = edits.settings(scenario, row, value)
        register = scenario.with_settings(settings).register()
        path, day = register.locate(row.path)
        assert float(register.number(path, day)[0]) == pytest.approx(value), row.path
        dated = register.entries[path].values[day or max(register.entries[path].values)]
        assert dated.status == "user"
        tried += 1
    assert tried > 100


def test_a_change_is_marked_with_what_it_was_and_gone_when_taken_back():
    scenario = load_scenario(PLAN)
    row = row_of(PLAN, "terms.copay")
    _, rows = after(scenario, row, 25.0)
    changed = rows["terms.copay"]
    assert (changed.changed, changed.value, changed.was) == (True, 25.0, row.value)
    assert [one.path for one in rows.values() if one.changed] == ["terms.copay"]
    assert edits.undone(changed, ["terms.copay", "plan.members"]) == ["terms.copay"]


def test_one_date_is_changed_alone():
    scenario = load_scenario(PLAN)
    path = f"{INITIATION}.2029_01_01"
    _, rows = after(scenario, row_of(PLAN, path), 0.2)
    assert [row.path for row in rows.values() if row.changed] == [path]
    assert rows[f"{INITIATION}.2030_01_01"].value == 0.106


def test_one_date_takes_the_place_of_a_value_laid_over_all():
    start = load_scenario(PLAN)
    scenario = start.with_settings({INITIATION: 0.3})
    rows = {row.path: row for row in rows_of(scenario, start, [INITIATION])}
    assert all(row.changed for row in rows.values() if row.entry == INITIATION)
    row = rows[f"{INITIATION}.2029_01_01"]
    settings = edits.settings(scenario, row, 0.2)
    register = scenario.with_settings(settings).register()
    values = [one.value for _, one in sorted(register.entries[INITIATION].values.items())]
    assert values == [0.3, 0.3, 0.2, 0.3, 0.3]
    assert edits.undone(row, [INITIATION]) == [INITIATION]


def test_a_share_of_the_mix_takes_from_the_others_in_proportion():
    scenario = load_scenario(PLAN)
    row = row_of(PLAN, "therapy.mix.wegovy")
    changed, rows = after(scenario, row, 0.12)
    mix = changed.therapy.mix
    assert sum(mix.values()) == pytest.approx(1.0)
    assert mix["zepbound"] / mix["foundayo"] == pytest.approx(4.5)
    assert set(edits.undone(rows["therapy.mix.foundayo"], [f"therapy.mix.{p}" for p in mix])) == {
        f"therapy.mix.{product}" for product in mix
    }


def test_a_product_that_nobody_starts_on_can_be_given_a_share():
    scenario = load_scenario(PLAN).with_settings({"therapy.mix": {"wegovy": 1.0}})
    rows = {row.path: row for row in rows_of(scenario)}
    changed = scenario.with_settings(edits.settings(scenario, rows["therapy.mix.zepbound"], 0.25))
    assert changed.therapy.mix == {"wegovy": 0.75, "zepbound": 0.25}


def test_a_share_of_the_mix_out_of_bounds_is_refused():
    scenario = load_scenario(PLAN)
    with pytest.raises(InputError, match="allowed is"):
        scenario.with_settings(edits.settings(scenario, row_of(PLAN, "therapy.mix.wegovy"), 1.5))


# --------------------------------------------------------------------------------------- filters


@pytest.fixture(scope="module")
def rows():
    return rows_of(load_scenario(PLAN))


def test_the_search_takes_label_path_and_source_in_any_case_and_order(rows):
    by_label = report.found(rows, "COPAY member")
    assert "terms.copay" in {row.path for row in by_label}
    assert {row.path for row in report.found(rows, "terms.copay")} >= {"terms.copay"}
    by_source = report.found(rows, "danish")
    assert by_source
    assert all("danish" in f"{row.label}{row.source}{row.publisher}".lower() for row in by_source)
    assert report.found(rows, "no such value") == []
    assert report.found(rows, "   ") == report.found(rows)


def test_filters_hold_together(rows):
    assumed = report.found(rows, statuses=["assumed"], groups=["Payment"])
    assert assumed
    assert {(row.status, row.group) for row in assumed} == {("assumed", "Payment")}
    unknown = report.found(rows, not_published=True)
    assert unknown
    assert {row.status for row in unknown} <= set(report.NOT_PUBLISHED)
    assert report.found(rows, changed=True) == []
    assert len(report.found(rows, unread=True)) == len(rows) > len(report.found(rows))
    assert all(row.read for row in report.found(rows))


# ----------------------------------------------------------------------------------------- words


def test_every_result_has_a_name():
    assert set(RESULTS) == set(words.LABELS)


def test_the_file_has_every_column_and_text_in_it_is_never_a_formula(rows):
    bad = [row for row in rows if row.path == "terms.copay"]
    feed = Feed(("model_drugs",), -0.012345678901, 50.0, 55.0)
    text = csv_rows(words.COLUMNS, [words.cells(row, feed) for row in bad])
    (line,) = csv.DictReader(io.StringIO(text))
    assert line["path"] == "terms.copay"
    assert float(line["value of joining moves by, USD PMPM"]) == feed.pmpm
    assert line["feeds"] == "Model drugs"
    assert line["read"] == "yes"
    assert line["was"] == ""


def test_each_source_is_listed_once_with_how_many_values_rest_on_it(rows):
    found = words.sources(rows)
    assert len({(one.title, one.url) for one in found}) == len(found) > 20
    assert [one.values for one in found] == sorted((one.values for one in found), reverse=True)
    assert sum(one.values for one in found) <= len(rows)
    assert all(one.title != "user" for one in found)


def test_a_note_and_a_source_of_a_file_stay_text():
    evil = "[x](javascript:alert(1)) <b>"
    scenario = scenario_of(
        {
            "extends": PLAN,
            "name": "own",
            "assumptions": {"uptake": {"eligible_share": {"value": 0.1, "note": evil}}},
        }
    )
    (row,) = [r for r in rows_of(scenario) if r.path == "assumptions.uptake.eligible_share"]
    assert evil in row.note
    assert row.url == ""
