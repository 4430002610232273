"""The pages of uncertainty as a person meets them: every input, every error, what is kept."""

import dataclasses
import re

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.learning import information_of
from calculator.analysis.sensitivity import breakeven, tornado
from calculator.drawn import Spread
from calculator.errors import InputError
from calculator.report import figures_uncertainty as figures
from calculator.report.drawn import PROTECTIONS, sentence
from calculator.report.table import cents
from calculator.report.uncertainty import amount, information_sentence, tornado_sentence
from calculator.report.words import dollars, share
from calculator.ui import information, losses, parts, sensitivity, uncertainty
from calculator.ui.form import offered
from calculator.ui.widgets import plain
from calculator.uncertainty import uncertain

FIRST = uncertainty.FIRST
DRAWS, SEED = uncertainty.DRAWS, uncertainty.SEED
CAPITATION, REINSURANCE = sensitivity.FIRST_PLAN


def said_by(name, count=FIRST, seed=1, **settings):
    """The page's first sentence, and the draws behind it."""
    found = uncertain(load_scenario(name).with_settings(settings), count, seed)
    return plain(parts.unbroken(sentence(found))), Spread(found.pmpm)


def typed(page, key, text):
    page.at.text_input(key=key).set_value(text).run()
    return page


def picked(page, side, path, program="part_d"):
    page.at.selectbox(key=f"map.{program}.{side}").select(path).run()
    return page


# ---------------------------------------------------------------------------------- every example


@pytest.mark.parametrize("name", offered("part_d"))
def test_every_plan_opens_with_what_its_draws_say(opened, name):
    page = opened("uncertainty", {"scenario": name})
    expected, spread = said_by(name)
    assert page.calm
    assert page.said == expected
    assert any("PMPM is USD per member per month." in text for text in page.texts)
    low, high = uncertainty.interval(spread.pays, FIRST)
    assert page.at.metric[0].delta == f"{share(low)} to {share(high)} at 95%"
    assert f"Joining pays in {share(spread.pays)} of {FIRST} draws" in page.said.replace("\\", "")
    cards = {one.label: one.value.replace("\\", "").lstrip("+") for one in page.at.metric}
    assert list(cards.values()) == [
        share(spread.pays),
        cents(spread.median, 2),
        " to ".join(cents(end, 2) for end in spread.middle),
        cents(spread.beyond(best=False), 2),
    ]
    assert parts.unbroken(figures.spread_title(spread)) in page.sections
    title, _ = parts.split(tornado_sentence(tornado(load_scenario(name))))
    assert parts.unbroken(title) in page.sections
    assert "Learn this first" in page.sections


@pytest.mark.parametrize("name", offered("medicaid"))
def test_every_state_opens_with_what_its_draws_say(opened, name):
    page = opened("state_uncertainty", {"scenario": name})
    expected, _ = said_by(name)
    assert page.calm
    assert page.said == expected
    assert any("PMPM is USD per enrollee a month." in text for text in page.texts)
    assert len(page.at.metric) == 4


def test_the_table_of_years_is_that_of_the_draws(opened):
    page = opened("uncertainty")
    found = uncertain(load_scenario("pdp_regional"), FIRST, 1)
    table = page.at.table[0].value
    assert list(table.Year) == ["2028", "2029", "2030", "2031"]
    assert list(table.Pays) == [share(float(part)) for part in np.mean(found.value > 0, axis=0)]


def test_a_state_with_a_gap_says_what_to_enter(opened):
    page = opened("state_uncertainty", {"scenario": "state_covering", "state.abbr": "NC"})
    assert not page.at.exception
    assert "needs a number that is not published" in page.said
    assert len(page.at.metric) == 0


# ------------------------------------------------------------------------------------- the inputs


def test_an_input_changes_the_draws_and_a_wrong_one_keeps_the_last_good_result(opened):
    page = opened("uncertainty").change(CAPITATION, "150")
    expected, _ = said_by("pdp_regional", **{CAPITATION: 150})
    assert page.calm
    assert page.said == expected
    page.change(CAPITATION, "-5")
    assert f"{CAPITATION}: allowed is a number from 0" in page.complaint
    assert "This result belongs to the last valid inputs." in page.aside
    assert page.said == expected


def test_another_seed_gives_other_draws_and_the_same_one_the_same(opened):
    page = opened("uncertainty")
    first = page.said
    typed(page, SEED, "7")
    assert page.calm
    assert page.said == said_by("pdp_regional", seed=7)[0] != first
    typed(page, SEED, "1")
    assert page.said == first


def test_fewer_draws_are_run_at_once(opened):
    page = typed(opened("uncertainty"), DRAWS, "64")
    assert page.calm
    assert page.said == said_by("pdp_regional", 64)[0]
    assert not [one for one in page.at.button if one.key == f"{uncertainty.PAGE}.run"]


def test_a_number_that_is_no_power_of_two_is_rounded_up_and_said(opened):
    page = typed(opened("uncertainty"), DRAWS, "100")
    assert page.calm
    assert "100 is not a power of two: 128 draws are made." in page.texts
    assert "of 128 draws" in page.said
    typed(page, DRAWS, "5,000")
    assert "5,000 is not a power of two: 8,192 draws are made." in page.texts
    assert page.at.button(key=f"{uncertainty.PAGE}.run").label == "Run 8,192 draws"


@pytest.mark.parametrize("text", ["0", "-8", "16385", "1e3", "many", "", "12.5", "9" * 40])
def test_a_wrong_number_of_draws_is_said_beside_it_and_the_last_one_holds(opened, text):
    page = typed(opened("uncertainty"), DRAWS, "128")
    before = page.said
    typed(page, DRAWS, text)
    assert "draws: allowed is a whole number from 1 to 16,384" in page.complaint
    assert page.said == before


@pytest.mark.parametrize("text", ["-1", "4294967296", "x", "", "0.5"])
def test_a_wrong_seed_is_said_beside_it_and_the_last_one_holds(opened, text):
    page = typed(opened("uncertainty"), SEED, "7")
    before = page.said
    typed(page, SEED, text)
    assert "seed: allowed is a whole number from 0 to" in page.complaint
    assert page.said == before


# ------------------------------------------------------------------------------------ more draws


@pytest.fixture
def counted(monkeypatch):
    """Every run of draws that the page asks for: count and whether it shows its progress."""
    ran = []

    def run(scenario, count, seed, *, progress=None):
        ran.append((count, progress is not None))
        if progress:
            progress(0, count)
        found = uncertain(scenario, count, seed)
        if progress:
            progress(count, count)
        return found

    monkeypatch.setattr(uncertainty, "uncertain", run)
    return ran


def test_more_draws_run_when_asked_and_are_kept(opened, counted):
    page = typed(opened("uncertainty", {"plan.members": "41000"}), DRAWS, "1024")
    assert counted == [(FIRST, False)]
    assert f"of {FIRST} draws" in page.said
    page.at.button(key=f"{uncertainty.PAGE}.run").click().run()
    assert page.calm
    assert counted == [(FIRST, False), (1024, True)]
    assert page.said == said_by("pdp_regional", 1024, **{"plan.members": 41000})[0]
    # Kept while inputs do not change, and when they come back.
    page.at.run()
    page.change("plan.members", "42000")
    assert f"of {FIRST} draws" in page.said
    page.change("plan.members", "41000")
    assert "of 1,024 draws" in page.said
    assert counted == [(FIRST, False), (1024, True), (FIRST, False)]
    again = opened("uncertainty", {"plan.members": "41000"})
    typed(again, DRAWS, "1024")
    assert "of 1,024 draws" in again.said
    assert len(counted) == 3


def test_a_run_that_is_stopped_leaves_what_was_shown(opened, monkeypatch):
    from streamlit.runtime.scriptrunner_utils.exceptions import StopException

    page = typed(opened("uncertainty", {"plan.members": "43000"}), DRAWS, "2048")
    before = page.said

    def stopped(scenario, count, seed, *, progress=None):
        progress(1, count)
        raise StopException

    monkeypatch.setattr(uncertainty, "uncertain", stopped)
    page.at.button(key=f"{uncertainty.PAGE}.run").click().run()
    assert not page.at.exception
    assert page.said == before
    # What the button of the running page does, and the run that follows it.
    page.at.session_state[f"{uncertainty.PAGE}.stopped"] = True
    page.at.run()
    assert page.calm
    assert page.said == before
    assert f"Stopped. What is shown is from {FIRST} draws." in page.texts
    page.at.run()
    assert not any(text.startswith("Stopped.") for text in page.texts)


def test_an_input_error_of_many_draws_is_said_and_the_last_good_result_stays(opened, monkeypatch):
    page = typed(opened("uncertainty", {"plan.members": "46000"}), DRAWS, "1024")
    before = page.said

    def refused(scenario, count, seed, *, progress=None):
        raise InputError("plan.bid", "a bid above 0", -1)

    monkeypatch.setattr(uncertainty, "uncertain", refused)
    page.at.button(key=f"{uncertainty.PAGE}.run").click().run()
    assert page.complaint == "plan.bid: allowed is a bid above 0; given was -1"
    assert page.said == before
    assert len(page.at.metric) == 4


@pytest.mark.parametrize(("part", "count"), [(0.0, 512), (1.0, 512), (0.12, 4096), (0.5, 1)])
def test_the_interval_of_a_share_is_wilsons(part, count):
    low, high = uncertainty.interval(part, count)
    assert 0.0 <= low <= part <= high <= 1.0
    assert low < high
    # Its ends are the shares from which the one found is 1.96 standard errors away.
    for end in (low, high):
        if 0.0 < end < 1.0:
            error = np.sqrt(end * (1.0 - end) / count)
            assert abs(part - end) / error == pytest.approx(uncertainty.NORMAL, rel=1e-6)


# --------------------------------------------------------------------------------------- the map


def test_the_ranges_are_read_once_for_each_content(opened, monkeypatch):
    read = []
    true = sensitivity.uncertain_inputs
    monkeypatch.setattr(sensitivity, "uncertain_inputs", lambda s: read.append(1) or true(s))
    page = opened("uncertainty", {"plan.members": "47000"})
    assert read == [1]
    page.at.run()
    assert read == [1]


def test_the_map_opens_on_both_incentives_with_their_own_break_evens(opened):
    page = opened("uncertainty")
    scenario = load_scenario("pdp_regional")
    capitation = breakeven(scenario, CAPITATION).root
    reinsurance = breakeven(scenario, REINSURANCE).root
    assert (
        f"Joining pays if obesity capitation is above {amount(float(f'{capitation:.3g}'), 'USD')}"
        f" or extra reinsurance is above {share(reinsurance)}, all else as it is."
    ) in page.sections


def test_the_pickers_change_the_map(opened):
    page = picked(opened("uncertainty"), "x", "terms.guaranteed_net_price")
    page = picked(page, "y", "assumptions.uptake.initiation")
    assert page.calm
    assert not any("obesity capitation is above" in text for text in page.sections)
    options = page.at.selectbox(key="map.part_d.x").options
    assert "Guaranteed net price" in options
    assert len(options) == len(set(options)), sorted(options)


def test_twice_the_same_input_is_said_and_the_last_map_stays(opened):
    page = opened("uncertainty")
    before = [text for text in page.sections if "extra reinsurance" in text]
    picked(page, "y", CAPITATION)
    assert "upwards: allowed is another input than across" in page.complaint
    assert [text for text in page.sections if "extra reinsurance" in text] == before
    assert "The map above is over Obesity capitation and Extra reinsurance." in page.texts


@pytest.mark.parametrize("name", ["pdp_regional", "state_covering"])
def test_a_map_can_be_drawn_over_every_input_that_is_offered(name, monkeypatch):
    """Each offered input against the first one upwards, by the function behind the picker."""
    monkeypatch.setattr(sensitivity, "POINTS", 3)
    monkeypatch.setattr("calculator.analysis.sensitivity.GRID", 7)
    decision = decide(load_scenario(name))
    content = decision.scenario.model_dump_json()
    names = sensitivity.inputs_of(content, decision)
    _, y = sensitivity._first(decision, names)
    assert y in names
    for x in names:
        if x == y:
            continue
        found = sensitivity.crossed.__wrapped__(content, decision.scenario, x, y, names)
        assert np.isfinite(found.pmpm).all(), x
        low, high = found.x.values[[0, -1]]
        assert low < high, x
        if found.x.own is not None:
            assert low <= found.x.own <= high, x


def test_a_states_map_is_over_price_and_use(opened):
    page = opened("state_uncertainty")
    assert page.at.selectbox(key="map.medicaid.x").value == "terms.guaranteed_net_price"
    assert page.at.selectbox(key="map.medicaid.y").value == sensitivity.MATURE_USE
    assert any("guaranteed net price" in text for text in page.sections)


# ------------------------------------------------------------------------------ what to learn first


def test_the_ranking_runs_when_asked_and_is_kept(opened, monkeypatch):
    ran = []

    def quick(scenario, count, seed, *, progress):
        ran.append((count, seed))
        progress(1, 2)
        return information_of(scenario, 128, seed)

    monkeypatch.setattr(information, "information_of", quick)
    page = opened("uncertainty", {"plan.members": "44000"})
    assert not ran
    page.at.button(key="information.run").click().run()
    assert page.calm
    assert ran == [(information.LEAST, 1)]
    scenario = load_scenario("pdp_regional").with_settings({"plan.members": 44000})
    found = information_of(scenario, 128, 1)
    title, more = parts.split(information_sentence(found))
    assert title in page.sections
    assert plain(more) in page.texts
    listed = [text for text in page.texts if re.match(r"\d\. \*\*", text)]
    assert 1 <= len(listed) <= information.LISTED
    assert plain(information.meaning(found.inputs[0], found)) in page.texts
    page.at.run()
    assert len(ran) == 1


def test_a_row_of_the_ranking_says_what_it_means():
    found = information_of(load_scenario("pdp_regional"), 128, 1)
    one = found.inputs[0]
    said = information.meaning(one, found)
    assert said.startswith("Known before the bid:")
    assert "to a plan that stays to the end" in said
    assert "to one that may leave" in said
    state = information_of(load_scenario("state_not_covering"), 64, 1)
    said = information.meaning(state.inputs[0], state)
    assert said.startswith("Known before the decision:")
    assert "to a state that stays" in said


# -------------------------------------------------------------------------------------- the losses

LOSS, PART = (f"losses.assumptions.uncertainty.plan_loss_{unit}" for unit in ("usd", "share"))


def test_losses_are_said_against_the_assumed_limits_and_the_users_own(opened):
    page = opened("uncertainty")
    found = uncertain(load_scenario("pdp_regional"), FIRST, 1)
    usual = found.losses()
    assert losses.title(found, usual["usd"], usual["share"]) in page.sections
    assert share(usual["probability_over_usd"]) in losses.title(found, usual["usd"], 0.01)
    typed(page, LOSS, "$2,500,000")
    typed(page, PART, "0.5")
    assert page.calm
    own = found.losses(2.5e6, 0.005)
    title = losses.title(found, 2.5e6, 0.005)
    assert title in page.sections
    assert share(own["probability_over_usd"]) in title
    assert share(own["probability_over_share"]) in title
    assert "more than 0.5% of Part D revenue" in title


@pytest.mark.parametrize("key", [LOSS, PART])
@pytest.mark.parametrize("text", ["-1", "much", "", "none", "nan", "1e30"])
def test_a_wrong_limit_is_said_beside_it_and_the_last_one_holds(opened, key, text):
    page = opened("uncertainty")
    before = page.sections
    typed(page, key, text)
    assert "loss: allowed is a number from 0 to" in page.complaint
    assert page.sections == before


def test_with_and_without_each_protection_are_the_same_draws_settled_again(opened):
    richer = {"scenario": "pdp_regional", "terms.package": "illustrative_all"}
    page = opened("uncertainty", richer)
    found = uncertain(
        load_scenario("pdp_regional").with_settings({"terms.package": "illustrative_all"}), FIRST, 1
    )
    table = next(one.value for one in page.at.table if "Over USD" in one.value)
    assert list(table.iloc[:, 0]) == [
        label[:1].upper() + label[1:] for label in (losses.AS_SETTLED, *PROTECTIONS.values())
    ]
    protections = found.protections()
    worst = [protections["as_settled"]["tail_mean_5_pmpm"]] + [
        protections[name]["tail_mean_5_pmpm"] for name in PROTECTIONS
    ]
    shown = [text.replace(parts.WORD_JOINER, "").replace("\\", "")
             for text in table["Worst 5%, PMPM"]]  # fmt: skip
    assert shown == [cents(usd, 2) for usd in worst]
    assert plain(losses.inside(found)) in page.texts
    said = losses.meaning(found)
    gap = protections["without_extra_reinsurance"]["tail_mean_5_pmpm"] - worst[0]
    does = "softens" if gap < 0 else "deepens"
    assert f"the extra reinsurance of the terms {does} it by {dollars(abs(gap), 2)}" in said


def test_a_plan_with_a_bid_of_its_own_sees_its_own_result_beside_the_value(opened):
    page = opened("uncertainty", {"scenario": "pdp_regional", "plan.bid": "150"})
    assert page.calm
    found = uncertain(load_scenario("pdp_regional").with_settings({"plan.bid": 150}), FIRST, 1)
    table = next(one.value for one in page.at.table if "Over USD" in one.value)
    shown = [text.replace(parts.WORD_JOINER, "").replace("\\", "") for text in table[losses.OWN]]
    protections = found.protections()
    assert shown == [
        cents(protections[name]["result"]["tail_mean_5_pmpm"], 2)
        for name in ("as_settled", "without_corridor", "without_reinsurance")
    ]
    assert len(set(shown)) > 1
    plain_plan = uncertain(load_scenario("pdp_regional"), 64, 1)
    assert len(losses.rows(plain_plan, 1e6, 0.01)[0]) == len(losses.HEAD)


def test_a_state_has_no_corridor_and_an_employer_plan_none_either(opened):
    page = opened("state_uncertainty")
    assert any(text.startswith("A state has neither corridor") for text in page.texts)
    assert any("the state's net GLP\\-1 cost" in text or "net GLP-1 cost" in text
               for text in page.sections)  # fmt: skip
    employer = uncertain(load_scenario("egwp"), 64, 1)
    assert not employer.inside_corridor
    assert "risk corridor" not in losses.meaning(employer)
    assert opened("uncertainty", {"scenario": "egwp"}).calm


def test_how_often_the_corridor_shares_nothing():
    found = uncertain(load_scenario("pdp_regional"), 64, 1)
    some = dataclasses.replace(found, inside_corridor={"join": 0.7, "stay_out": 0.9})
    assert losses.inside(some).startswith("In 70% of draws and years")
    assert "against 90% when staying out" in losses.inside(some)
    every = dataclasses.replace(found, inside_corridor={"join": 1.0, "stay_out": 1.0})
    assert losses.inside(every).startswith("In every draw and year")
    never = dataclasses.replace(found, inside_corridor={"join": 0.0, "stay_out": 0.0})
    assert losses.inside(never).startswith("In no draw and year")


def test_rebates_above_all_cost_leave_no_loss_without_end():
    """A base below nothing is none, with each protection and without, as on the page."""
    found = uncertain(load_scenario("pdp_regional"), 64, 1)
    below = dataclasses.replace(found, base=-np.abs(found.base))
    settled = below.protections()["as_settled"]
    assert settled["probability_over_share"] == below.losses()["probability_over_share"]
    assert settled["probability_over_share"] == float(np.mean(below.total < 0.0))
    page = losses.rows(below, below.limits.usd, below.limits.share)[0]
    assert page[-1] == share(settled["probability_over_share"])


# ---------------------------------------------------------------------------------------- files


def test_the_files_have_every_draw_and_every_bar():
    scenario = load_scenario("pdp_regional")
    decision, found = decide(scenario), uncertain(scenario, 64, 1)
    frame = uncertainty.draws_frame(found, decision)
    assert len(frame) == 64
    assert set(found.draws.cases) <= set(frame.columns)
    years = frame[[f"value_usd_{period}" for period in decision.periods]].to_numpy()
    assert np.allclose(years, found.value)
    assert np.allclose(frame.value_pmpm, found.pmpm)
    bars = tornado(scenario)
    table = sensitivity.tornado_frame(bars)
    assert list(table.path) == [bar.path for bar in bars.bars]
    assert list(table.value_pmpm_at_high) == [bar.pmpm_at_high for bar in bars.bars]
    learned = information_of(scenario, 64, 1)
    assert len(information.information_frame(learned)) == len(learned.inputs)


def test_one_long_run_is_made_at_a_time_and_a_failed_one_leaves_its_turn(opened, monkeypatch):
    page = typed(opened("uncertainty", {"plan.members": "45000"}), DRAWS, "1024")
    turn = parts._turn()

    def broken(scenario, count, seed, *, progress=None):
        assert turn.locked()
        raise ZeroDivisionError

    monkeypatch.setattr(uncertainty, "uncertain", broken)
    page.at.button(key=f"{uncertainty.PAGE}.run").click().run()
    assert not page.at.exception  # one sentence, no traceback
    assert any("could not be drawn" in one.value for one in page.at.error)
    assert not turn.locked()
