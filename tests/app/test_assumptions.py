"""Every value of a run as a person finds and changes it, whatever is typed."""

import pytest

from calculator import decide, load_scenario
from calculator.assumptions import scenario_files
from calculator.register import day_word
from calculator.report.assumption_words import moved, rests_on
from calculator.ui.packed import packed
from calculator.ui.parts import unbroken
from calculator.ui.widgets import plain

PAGE, STATE = "assumptions", {"scenario": "state_not_covering"}
NO_FIELD = "assumptions.administration.fixed_cost"
SHARE = "assumptions.uptake.eligible_share"


def choose(page, path):
    page.at.selectbox(key="assumptions.chosen").set_value(path).run()
    return page


def change(page, path, text):
    choose(page, path)
    page.at.text_input(key=f"assumptions.edit:{path}").set_value(text).run()
    return page


def table(page):
    return page.at.dataframe[0].value


def row(page, path):
    frame = table(page)
    return frame[frame["Path"] == path].iloc[0]


def said(scenario, count, before):
    return plain(unbroken(moved(count, decide(scenario).value.pmpm, decide(before).value.pmpm)))


def press(page, key):
    page.at.button(key=key).click().run()
    return page


# -------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize("name", scenario_files())
def test_every_example_opens_with_all_its_values_and_nothing_changed(opened, name):
    page = opened(PAGE, {"scenario": name})
    assert page.calm
    frame = table(page)
    used, _, unpublished, yours = (card.value for card in page.at.metric)
    assert f"**{len(frame)} of {len(frame)} values**" in page.texts
    assert (int(used), yours) == (len(frame), "0")
    pmpm = decide(load_scenario(name)).value.pmpm
    counts = [
        frame["Status"].isin(kinds).sum()
        for kinds in (["projected", "assumed"], ["not published", "illustrative"])
    ]
    assert page.said == plain(unbroken(rests_on(pmpm, len(frame), *counts)))
    assert int(unpublished) == counts[0]
    assert frame["Feeds"].ne("").all()
    assert any(decide(load_scenario(name)).fingerprint in text for text in page.texts)


def test_the_sources_are_listed_once_with_links(opened):
    page = opened(PAGE)
    sources = page.at.table[-1].value
    assert len(sources) > 20
    assert sources["Source"].str.startswith("[").sum() > 20
    title = next(one.label for one in page.at.expander if "of these values" in one.label)
    count = title.split()[1]
    assert f"from {count} published sources" in [one.delta for one in page.at.metric]
    # Its own judgement is no published source, but is listed.
    assert len(sources) > int(count)


# --------------------------------------------------------------------------------------- filters


def test_a_search_narrows_the_table_and_says_to_how_many(opened):
    page = opened(PAGE)
    every = len(table(page))
    page.at.text_input(key="assumptions.search").set_value("copay").run()
    frame = table(page)
    assert 0 < len(frame) < every
    assert f"**{len(frame)} of {every} values**" in page.texts
    assert "terms.copay" in set(frame["Path"])
    page.at.text_input(key="assumptions.search").set_value("=1+1 <b>").run()
    assert page.calm
    assert not page.at.dataframe
    assert "Clear the search" in page.at.info[0].value


def test_status_group_and_switches_narrow_it_too(opened):
    page = opened(PAGE)
    every = len(table(page))
    page.at.multiselect(key="assumptions.statuses").set_value(["assumed"]).run()
    page.at.multiselect(key="assumptions.groups").set_value(["Payment"]).run()
    frame = table(page)
    assert set(frame["Status"]) == {"assumed"}
    assert set(frame["Group"]) == {"Payment"}
    page.at.multiselect(key="assumptions.statuses").set_value([]).run()
    page.at.multiselect(key="assumptions.groups").set_value([]).run()
    page.at.toggle(key="assumptions.not_published").set_value(True).run()
    assert set(table(page)["Status"]) <= {"not published", "illustrative"}
    page.at.toggle(key="assumptions.not_published").set_value(False).run()
    page.at.toggle(key="assumptions.unread").set_value(True).run()
    frame = table(page)
    assert len(frame) > every
    assert "not read by this run" in set(frame["Feeds"])


def test_only_what_is_changed_says_what_it_was(opened):
    page = opened(PAGE, {"terms.copay": "25", NO_FIELD: "250000"})
    page.at.toggle(key="assumptions.changed").set_value(True).run()
    frame = table(page).set_index("Path")
    assert set(frame.index) == {"terms.copay", NO_FIELD}
    assert list(frame.loc["terms.copay", ["Value", "Was"]]) == ["25", "50"]
    assert list(frame.loc[NO_FIELD, ["Value", "Was"]]) == ["250,000", "100,000"]


def test_another_program_keeps_no_filter_that_it_does_not_have(opened):
    page = opened(PAGE)
    page.at.multiselect(key="assumptions.groups").set_value(["Benefit", "Drugs"]).run()
    page.at.button_group(key="program").set_value("medicaid").run()
    assert page.calm
    assert set(table(page)["Group"]) == {"Drugs"}


# ----------------------------------------------------------------------------------------- edits

EDITS = [
    ({}, "plan.members", "55,000", "55000", 55_000),
    ({}, "terms.guaranteed_net_price", "$200", "200", 200),
    ({}, SHARE, "12.5%", "0.125", 0.125),
    ({}, NO_FIELD, "250,000", "250000", 250_000),
    ({}, "assumptions.uptake.initiation.2029_01_01", "0.2", "0.2", 0.2),
    ({}, "assumptions.benefit.oop_threshold.2030_01_01", "3000", "3000", 3_000),
    ({}, "plan.bid", "180", "180", 180),
    ({}, "assumptions.clinical.wegovy_trial_loss", "16%", "0.16", 0.16),
    (STATE, "groups.children.enrollment", "900,000", "900000", 900_000),
    (STATE, "state.fmap", "0.7", "0.7", 0.7),
    (STATE, "assumptions.rebates.share_340b", "30%", "0.3", 0.3),
    (STATE, "assumptions.drugs.wegovy_list_price", "700", "700", 700),
    (STATE, "assumptions.coverage.expansion_match", "0.8", "0.8", 0.8),
]


@pytest.mark.parametrize(("start", "path", "text", "link", "value"), EDITS)
def test_a_number_that_is_typed_holds_everywhere(opened, start, path, text, link, value):
    page = change(opened(PAGE, start), path, text)
    name = start.get("scenario", "pdp_regional")
    before = load_scenario(name)
    after = before.with_settings({path: value})
    assert page.calm
    assert page.at.query_params == {"scenario": name, path: link}
    assert page.said == said(after, 1, before)
    assert "Changed from default: **1**" in page.texts
    assert page.at.metric[3].value == "1"
    # A field says 55000.0 and an address 55000: both are the same run.
    same = [after, before.with_settings({path: float(value)})]
    assert any(decide(one).fingerprint in text for one in same for text in page.texts)


@pytest.mark.parametrize(
    ("start", "path", "link", "value"),
    [
        ({}, "terms.net_includes_discount", "no", False),
        ({}, "plan.waive_de_minimis", "yes", True),
        (STATE, "groups.duals.included", "yes", True),
    ],
)
def test_yes_or_no_is_chosen(opened, start, path, link, value):
    page = choose(opened(PAGE, start), path)
    page.at.radio(key=f"assumptions.edit:{path}").set_value(link).run()
    name = start.get("scenario", "pdp_regional")
    before = load_scenario(name)
    assert page.calm
    assert page.at.query_params == {"scenario": name, path: link}
    assert page.said == said(before.with_settings({path: value}), 1, before)


@pytest.mark.parametrize(
    ("start", "path", "word"),
    [
        ({}, "terms.package", "illustrative_all"),
        ({}, "therapy.curve", "prime_2021"),
        ({}, "assumptions.payment.dir_allocation", None),
        (STATE, "state.abbr", "VA"),
        (STATE, "terms.existing_users", None),
    ],
)
def test_a_word_is_chosen_from_those_allowed(opened, start, path, word):
    page = choose(opened(PAGE, start), path)
    field = page.at.selectbox(key=f"assumptions.edit:{path}")
    word = word or next(one for one in field.options if one != field.value.replace("_", " "))
    word = word.replace(" ", "_")
    field.set_value(word).run()
    name = start.get("scenario", "pdp_regional")
    before = load_scenario(name)
    assert page.calm
    assert page.at.query_params[path] == word
    after = before.with_settings({path: word})
    assert page.said == said(after, 1, before)


@pytest.mark.parametrize(
    ("start", "path", "text", "link"),
    [
        ({}, "assumptions.timeline.part_d_start", "2029-01-01", "2029-01-01"),
        ({}, "horizon.start", "2029-01-01", "2029"),
        (STATE, "horizon.start", "2027-07-01", "2027-07"),
    ],
)
def test_a_date_is_typed(opened, start, path, text, link):
    page = opened(PAGE, start)
    if path.startswith("assumptions."):
        dated = table(page)["Path"]
        path = next(one for one in dated if one.startswith(path))
    page = change(page, path, text)
    name = start.get("scenario", "pdp_regional")
    before = load_scenario(name)
    assert page.calm
    assert page.at.query_params == {"scenario": name, path: link}
    assert page.said == said(before.with_settings({path: text}), 1, before)


def test_a_share_of_the_mix_takes_from_the_others(opened):
    page = change(opened(PAGE), "therapy.mix.wegovy", "12%")
    assert page.calm
    assert page.text("therapy.mix.wegovy") == "0.12"
    assert page.text("therapy.mix.zepbound") == "0.72"
    assert page.text("therapy.mix.foundayo") == "0.16"
    press(page, "assumptions.reset")
    assert page.text("therapy.mix.zepbound") == "0.45"
    assert "Changed from default: **0**" in page.texts


def test_a_field_of_the_sidebar_and_its_row_agree_whichever_is_typed_in(opened):
    page = change(opened(PAGE), "plan.members", "55,000")
    assert page.text("plan.members") == "55,000"
    page.change("plan.members", "60000")
    assert page.at.text_input(key="assumptions.edit:plan.members").value == "60,000"
    assert row(page, "plan.members")["Value"] == "60,000"
    page.reset()
    assert page.at.text_input(key="assumptions.edit:plan.members").value == "40,000"


def test_typing_what_it_was_is_no_change(opened):
    page = change(opened(PAGE), NO_FIELD, "250000")
    change(page, NO_FIELD, "100,000")
    assert page.at.query_params == {"scenario": "pdp_regional"}
    assert "Changed from default: **0**" in page.texts


def test_a_value_of_one_date_after_one_of_all_dates(opened):
    path = "assumptions.uptake.initiation"
    page = opened(PAGE, {path: "0.3"})
    change(page, f"{path}.2029_01_01", "0.2")
    assert page.calm
    assert path not in page.at.query_params
    days = load_scenario("pdp_regional").register().entries[path].values
    dated = {f"{path}.{day_word(day)}": 0.3 for day in days} | {f"{path}.2029_01_01": 0.2}
    before = load_scenario("pdp_regional")
    assert page.said == said(before.with_settings(dated), len(days), before)


# --------------------------------------------------------------------------------- what is wrong

PASTED = ["abc", "", "1e400", "=1+1", "12,5", "$ 1,200", "nan", "-1", "1 2", "0.5.1", "12\n0.1"]


@pytest.mark.parametrize("text", PASTED)
@pytest.mark.parametrize("path", [SHARE, "assumptions.persistence.restart_one_year"])
def test_what_is_wrong_is_said_at_the_field_and_the_result_stays(opened, path, text):
    page = opened(PAGE)
    before = page.said
    change(page, path, text)
    assert page.complaint.startswith(f"{path}: allowed is a number from 0 to 1 share")
    assert page.at.text_input(key=f"assumptions.edit:{path}").value == text
    assert page.said == before
    assert page.at.query_params == {"scenario": "pdp_regional"}
    assert len(page.at.metric) == 4
    change(page, path, "0.1")
    assert page.calm
    assert page.said != before


@pytest.mark.parametrize(
    ("path", "text", "allowed"),
    [
        ("plan.members", "12,5", "from 1 to 100,000,000 people"),
        ("terms.copay", "9999", "from 0 to 500 USD per fill"),
        ("therapy.mix.wegovy", "1.5", "from 0 to 1 share of starters"),
        ("horizon.start", "2028-07-01", "1 January of a plan year"),
        ("horizon.start", "soon", "a date as 2028-01-01"),
        ("horizon.start", "2040-01-01", "allowed is"),
        ("assumptions.selection.movers", "2", "from 0"),
    ],
)
def test_what_only_other_inputs_forbid_is_said_there_too(opened, path, text, allowed):
    page = opened(PAGE)
    before = page.said
    page.at.toggle(key="assumptions.unread").set_value(True).run()
    change(page, path, text)
    assert allowed in page.complaint
    assert page.said == before
    assert page.at.query_params == {"scenario": "pdp_regional"}


def test_another_value_that_is_chosen_leaves_the_wrong_one_behind(opened):
    page = change(opened(PAGE), SHARE, "abc")
    choose(page, "terms.copay")
    assert page.calm
    choose(page, SHARE)
    assert page.calm
    assert page.at.text_input(key=f"assumptions.edit:{SHARE}").value == "0.0693"


def test_a_wrong_field_of_the_sidebar_leaves_the_last_result_and_the_table(opened):
    page = change(opened(PAGE), NO_FIELD, "250000")
    before = page.said
    page.change("plan.members", "many")
    assert "last valid inputs" in page.aside
    assert "plan.members: allowed is" in page.complaint
    assert row(page, NO_FIELD)["Value"] == "250,000"
    assert before.split("from")[1] == page.said.split("from")[1]


# --------------------------------------------------------------------------------- back and forth


def test_one_value_goes_back_and_the_others_stay(opened):
    page = opened(PAGE, {"terms.copay": "25", NO_FIELD: "250000"})
    choose(page, NO_FIELD)
    press(page, "assumptions.reset")
    assert page.calm
    assert page.at.query_params == {"scenario": "pdp_regional", "terms.copay": "25"}
    assert row(page, NO_FIELD)["Value"] == "100,000"
    assert row(page, "terms.copay")["Value"] == "25"


def test_all_values_go_back_at_once(opened):
    page = opened(
        PAGE, {"terms.copay": "25", NO_FIELD: "250000", "terms.package": "illustrative_all"}
    )
    assert "Changed from default: **3**" in page.texts
    press(page, "assumptions.reset_all")
    assert page.calm
    assert page.at.query_params == {"scenario": "pdp_regional"}
    assert "Changed from default: **0**" in page.texts
    assert not [one for one in page.at.button if one.key == "assumptions.reset_all"]


def test_a_change_is_there_on_another_page_and_after_a_reload(opened):
    page = change(opened(PAGE), NO_FIELD, "250000")
    again = opened(PAGE, dict(page.at.query_params))
    assert again.said == page.said
    other = opened("decide", dict(page.at.query_params))
    wanted = decide(load_scenario("pdp_regional").with_settings({NO_FIELD: 250_000}))
    assert any(wanted.fingerprint in text for text in other.texts)


def test_what_a_value_rests_on_and_feeds_is_beside_its_field(opened):
    page = choose(opened(PAGE), "assumptions.benefit.initial_coinsurance")
    said_ = " ".join(page.texts).replace("\\", "")
    assert "42 USC 1395w-102" in said_
    assert "](https://" in said_
    assert "With it 10% higher, joining is worth" in said_
    assert "Path: assumptions.benefit.initial_coinsurance" in said_


def test_a_word_says_what_the_others_would_be_worth(opened):
    page = choose(opened(PAGE), "terms.net_includes_discount")
    worth = page.at.table[0].value
    assert list(worth["With"]) == ["yes (as it is)", "no"]


# ------------------------------------------------------------------------------------- bad files


def test_a_label_or_note_of_a_file_makes_no_link_and_no_tag(opened):
    evil = "[x](javascript:alert(1)) <img src=x onerror=alert(1)> $a$ `b`"
    own = load_scenario("pdp_regional").with_settings(
        {SHARE: {"value": 0.1, "note": evil}, "name": "evil", "label": evil}
    )
    page = opened(PAGE, {"scenario": "file", "file": packed(own)})
    choose(page, SHARE)
    assert not page.at.exception
    said_ = [text for text in page.texts if "javascript" in text]
    assert said_
    for text in said_:
        assert "[x](" not in text.replace("\\[x\\](", "")
        assert "<img" not in text.replace("\\<img", "")
    assert row(page, SHARE)["Note"].startswith(evil)


def test_a_strange_path_in_the_address_leaves_the_page_standing(opened):
    page = opened(PAGE, {"assumptions.no.such": "1"})
    assert not page.at.exception
    assert "example as shipped" in page.aside
    assert len(table(page)) > 100
