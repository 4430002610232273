"""A state's page as a person meets it: examples, states that cover or have gaps, wrong input."""

import pandas as pd
import pytest

from calculator import decide, load_scenario
from calculator.analysis.states import row, state_scenario
from calculator.report import budget as budgets
from calculator.report.causes import state_causes
from calculator.report.figures_waterfall import waterfall, waterfall_title
from calculator.report.marks import days_of, marks
from calculator.report.state import opening, rests_on, verdict
from calculator.report.turns import state_turns
from calculator.report.words import dollars
from calculator.ui.form import offered
from calculator.ui.widgets import plain

GEORGIA = "state_not_covering"
GROUP = "groups.base_adults.enrollment"


def headline(decision):
    return plain(verdict(decision).partition(";")[0].removesuffix(".")) + "."


def georgia(**settings):
    paths = {path.replace("__", "."): value for path, value in settings.items()}
    return decide(load_scenario(GEORGIA).with_settings(paths))


@pytest.mark.parametrize("name", offered("medicaid"))
def test_every_example_opens_from_its_address_with_the_engines_own_words(opened, name):
    page = opened("state", {"scenario": name})
    decision = decide(load_scenario(name))
    assert page.calm
    assert page.said == headline(decision)
    assert len(page.at.metric) == 4
    assert budgets.title(budgets.budget(decision), "net") in page.sections
    for turn in state_turns(decision, marks(decision, days_of(decision))):
        assert any(turn.name in text and plain(turn.answer) in text for text in page.texts)
    assert any(decision.fingerprint in text for text in page.texts)
    assert page.at.button(key="reset").disabled
    assert "Changed from default: **0**" in page.texts


def test_the_pages_own_figures_are_the_engines(opened):
    page = opened("state")
    decision = georgia()
    cards = {one.label: (one.value.replace("\\", ""), one.delta) for one in page.at.metric}
    assert cards["Value to Georgia"][0] == dollars(decision.value.total)
    on_therapy = decision.outcomes["join"]["on_therapy"][decision.periods[-1]]
    assert cards["People on therapy, December 2031"] == (f"{on_therapy:,.0f}", "0 if staying out")
    central, high = page.at.table[3].value.iloc[0, 1:]
    assert (central, high) == (decision.value.total, decision.high_uptake["total"])


@pytest.mark.parametrize("abbr", ["TX", "MN", "MI", "DC"])
def test_a_chosen_state_stands_as_it_covers_today_and_as_on_the_page_of_states(opened, abbr):
    page = opened("state").choose("state.abbr", abbr)
    today = decide(state_scenario(abbr))
    assert page.calm
    assert page.said == headline(today)
    assert row(today).value == pytest.approx(today.value.total)
    covers = "state_covering" if abbr in ("MN", "MI") else "state_not_covering"
    assert page.at.selectbox(key=page.key("scenario")).value == covers


def test_another_state_keeps_prices_but_not_the_first_ones_people(opened):
    page = opened("state").change("terms.guaranteed_net_price", "200")
    page.change(GROUP, "300000").choose("state.abbr", "TX")
    wanted = load_scenario(GEORGIA).with_settings(
        {"state.abbr": "TX", "terms.guaranteed_net_price": 200}
    )
    assert page.calm
    assert page.said == headline(decide(wanted))
    assert page.at.query_params == {
        "scenario": GEORGIA, "state.abbr": "TX", "terms.guaranteed_net_price": "200",
    }  # fmt: skip


def test_own_enrollment_replaces_the_preset_and_an_empty_field_takes_it_back(opened):
    page = opened("state")
    before, preset = page.said, page.text(GROUP)
    page.change(GROUP, "400000")
    assert page.said == headline(georgia(groups__base_adults__enrollment=400_000))
    assert page.text(GROUP) == "400,000"
    page.change(GROUP, "")
    assert page.text(GROUP) == preset
    assert page.said == before
    assert "Changed from default: **0**" in page.texts


def test_a_gap_says_what_to_enter_and_own_numbers_fill_it(opened):
    page = opened("state", {"state.abbr": "NC", "scenario": "state_covering"})
    assert page.calm
    assert page.said.startswith("North Carolina's budget needs a number")
    assert (
        "base adults, expansion adults and aged or disabled without Medicare"
        in page.at.info[0].value
    )
    assert not page.at.metric
    gap = page.at.table[0].value.set_index("Group")
    assert gap.loc["Base adults", "Enrollment, people"] == "gap"
    assert page.text(GROUP) == ""

    for name, people in (("base_adults", 500), ("expansion_adults", 600), ("disabled", 300)):
        page.change(f"groups.{name}.enrollment", f"{people},000")
    assert page.calm
    assert "North Carolina" in page.said
    assert len(page.at.metric) == 4


def test_a_gap_left_out_is_named_and_one_that_leaves_nobody_is_still_a_gap(opened):
    page = opened("state", {"state.abbr": "NC", "scenario": "state_covering"})
    page.answer("state.accept_gaps", "yes")
    assert page.calm
    assert page.said.startswith("North Carolina's budget needs a number")
    page.change(GROUP, "500,000")
    assert page.calm
    assert len(page.at.metric) == 4
    assert any(text.startswith("**gap**") and "expansion" in text for text in page.texts)


def test_a_wrong_entry_on_a_gap_shows_no_other_states_result(opened):
    page = opened("state", {"state.abbr": "SD"}).change("terms.guaranteed_net_price", "-1")
    assert "terms.guaranteed_net_price: allowed is" in page.complaint
    assert page.said.startswith("South Dakota's budget needs a number")


WRONG = [
    (GROUP, "-5", f"{GROUP}: allowed is a number from 0 to 50,000,000 people"),
    ("assumptions.rebates.best_price_share_of_amp", "1.2", "allowed is a number from 0 to 1"),
    (
        "terms.guaranteed_net_price",
        "1999",
        "a net price not above the gross price",
    ),
    ("horizon.start", "2032-01", "horizon.start: allowed is a month up to December 2031"),
    ("horizon.start", "soon", "horizon.start: allowed is a month, such as 2027-07"),
    ("horizon.end", "2033-12", "horizon.end: allowed is a month up to December 2031"),
    ("state.fmap", "0.2", "state.fmap: allowed is a number from 0.5"),
    ("state.rebate_share_of_gross", "1.5", "state.rebate_share_of_gross: allowed is"),
    ("therapy.mix.wegovy", "0.9", "therapy.mix: allowed is shares that sum to 1"),
]


@pytest.mark.parametrize(("path", "text", "sentence"), WRONG)
def test_a_wrong_input_is_answered_beside_its_field_and_keeps_the_last_good_result(
    opened, path, text, sentence
):
    page = opened("state").change("assumptions.rebates.dispensing_fee", "12")
    before = page.said
    page.change(path, text)
    assert sentence in page.complaint
    assert page.said == before
    assert "This result belongs to the last valid inputs." in page.aside
    assert page.text("assumptions.rebates.dispensing_fee") == "12"
    assert page.reset().calm


@pytest.mark.parametrize(
    "address",
    [
        {"state.abbr": "ZZ"},
        {"groups.children.share": "0.4"},
        {"uptake.form": "no_such"},
        {"state.stance": "ending"},
        {"uptake.form": "monthly_fills", "uptake.monthly_fills": "1 -2"},
    ],
    ids=str,
)
def test_a_broken_address_says_what_is_wrong_and_shows_the_example(opened, address):
    page = opened("state", address)
    assert "allowed is" in page.complaint
    assert "the example as shipped" in page.aside
    assert page.said == headline(georgia())


def test_coverage_that_ends_asks_for_its_last_month(opened):
    page = opened("state", {"scenario": "state_ending_coverage"})
    assert page.text("state.coverage_ends") == "2027-06"
    page.change("state.coverage_ends", "12/2027")
    assert page.text("state.coverage_ends") == "2027-12"
    wanted = load_scenario("state_ending_coverage").with_settings(
        {"state.coverage_ends": "2027-12-31"}
    )
    assert page.calm
    assert page.said == headline(decide(wanted))


def test_uptake_takes_shares_quarters_or_months(opened):
    page = opened("state").choose("uptake.form", "share_of_eligibles")
    assert page.said == headline(georgia(uptake__form="share_of_eligibles"))

    page.choose("uptake.form", "fills_per_1000")
    page.paste("uptake.quarterly_fills_per_1000", "1\n2\t3;4.5")
    quarters = georgia(uptake__quarterly_fills_per_1000=[1, 2, 3, 4.5])
    assert page.calm
    assert page.said == headline(quarters)
    assert page.at.query_params["uptake.quarterly_fills_per_1000"] == "1 2 3 4.5"

    page.choose("uptake.form", "monthly_fills")
    assert "uptake.monthly_fills: allowed is a number for each month" in page.complaint
    assert page.said == headline(quarters)
    page.paste("uptake.monthly_fills", "1,000")
    assert "without commas" in page.complaint
    page.paste("uptake.monthly_fills", "1000\n2000")
    months = georgia(uptake__form="monthly_fills", uptake__monthly_fills=[1000, 2000])
    assert page.calm
    assert page.said == headline(months)


def test_an_address_opens_the_same_case(opened):
    page = opened("state", {
        "scenario": GEORGIA, "state.fmap": "0.7", "horizon.end": "2030-06",
        "groups.duals.included": "yes", "assumptions.coverage.churn_monthly": "0.02",
    })  # fmt: skip
    wanted = georgia(
        state__fmap=0.7, horizon__end="2030-06-30", groups__duals__included=True,
        assumptions__coverage__churn_monthly=0.02,
    )  # fmt: skip
    assert page.calm
    assert page.said == headline(wanted)
    assert "Changed from default: **4**" in page.texts


def test_the_switches_change_the_picture_and_the_table_together(opened):
    page = opened("state")
    found = budgets.budget(georgia())
    assert budgets.title(found, "net") in page.sections
    net = page.at.table[2].value.iloc[-1]

    page.at.segmented_control(key="state.timing").select("Cash").run()
    assert budgets.title(found, "net_cash") in page.sections
    cash = page.at.table[2].value.iloc[-1]
    assert cash["join"] == found.of("join", "state_net_cash") != net["join"]

    page.at.segmented_control(key="state.view").select("Gross").run()
    assert budgets.title(found, "gross") in page.sections
    assert page.at.segmented_control(key="state.timing").disabled
    assert page.at.table[2].value.iloc[-1]["join"] == found.of("join", "state_gross")

    page.at.segmented_control(key="state.year").select("2029").run()
    by_line = page.at.table[1].value.set_index("Line")
    assert by_line.loc["State, net", "join"] == found.of("join", "state_net", "2029")


@pytest.mark.parametrize("name", offered("medicaid"))
def test_the_waterfall_says_what_its_table_says_in_all_years_and_in_one(opened, name):
    page = opened("state", {"scenario": name})
    decision = decide(load_scenario(name))
    found, known = state_causes(decision), marks(decision, days_of(decision))
    for picked, period in (("All years", None), ("2029", "2029")):
        page.at.segmented_control(key="state.year").select(picked).run()
        wanted = waterfall(found, known, "December 2031", period)
        assert page.calm
        assert waterfall_title(wanted) in page.sections
        last = list(page.at.table[0].value.iloc[-1])
        assert last[0] == "State's result"
        assert last[1:] == pytest.approx([wanted.stay_out, wanted.join, wanted.value])


def test_fiscal_years_with_a_projected_match_rate_are_marked(opened):
    years = opened("state").at.table[2].value.iloc[:, 0].tolist()
    assert years[1] == "2028"
    assert years[-2] == "2032 (6 months) :blue-badge[projected]"
    assert years[-1] == "Total"


def test_the_sentence_of_the_terminal_begins_as_the_page_does():
    decision = georgia()
    assert verdict(decision).startswith(opening(decision))
    assert verdict(decision).endswith("It would save at a net price below $156 a fill.")


def test_a_state_that_does_not_join_at_this_price_is_a_page_too(opened):
    page = opened("state").change("assumptions.coverage.conditional_net_price", "200")
    assert page.calm
    assert "Cause by cause, joining changes nothing for Georgia." in page.sections
    assert "does not join" in page.said
    assert "After rebates, joining changes nothing." in page.sections


def test_files_hold_the_budget_and_the_ledger_in_full(opened, monkeypatch):
    handed = {}
    monkeypatch.setattr(
        "calculator.ui.decide_state.download",
        lambda label, frame, name, key: handed.update({label: (frame(), name)}),
    )
    assert opened("state").calm
    decision = georgia()
    budget, name = handed["Budget as CSV"]
    assert name == f"georgia_budget_{decision.fingerprint[:8]}.csv"
    whole = budget[(budget.fiscal_year == "all") & (budget.measure == "State, net")].iloc[0]
    assert whole.difference == pytest.approx(-decision.value.total, abs=1e-6)
    ledger, _ = handed["Ledger as CSV"]
    pd.testing.assert_frame_equal(ledger, decision.ledger())


def test_confidential_inputs_are_named_with_what_stands_for_them(opened):
    page = opened("state").change("assumptions.rebates.amp_share_of_list", "0.93")
    assert any("Average manufacturer price" in text and "0.93" in text for text in page.texts)


def test_how_sure_it_is_what_a_state_covers_stands_at_the_number(opened):
    page = opened("state")
    assert ":gray-badge[coverage: expert] :gray-badge[low confidence]" in " ".join(page.texts)
    # What the user says is covered is the user's own.
    own = opened("state", {"scenario": GEORGIA, "state.stance": "covering"})
    assert "coverage: expert" not in " ".join(own.texts)


def test_a_chosen_state_is_said_to_be_one(opened):
    chosen = georgia(state__abbr="TX")
    notes = " ".join(note for _, note in rests_on(chosen))
    assert "Texas was chosen: it starts from the example state_not_covering" in notes
    assert "Texas does not cover obesity use today in this scenario" in notes
    assert "was chosen" not in " ".join(note for _, note in rests_on(georgia()))
