"""The pictures of states, and the words and files that go with them, without a browser."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest

from calculator import decide, load_scenario
from calculator.analysis.states import COVERED, screen
from calculator.report import budget as budgets
from calculator.report import figures_states
from calculator.report import screen as screens
from calculator.report.figures import COLOURS, LABEL_GAP
from calculator.report.figures_medicaid import LAYERS, budget_figure
from calculator.ui.downloads import csv_text
from calculator.ui.form import offered

BASES = ("gross", "net", "net_cash")


@pytest.fixture(scope="module", params=offered("medicaid"))
def decision(request):
    return decide(load_scenario(request.param))


@pytest.fixture(scope="module")
def found():
    return screens.Screen(screen())


# ------------------------------------------------------------------------------------ one state


@pytest.mark.parametrize("basis", BASES)
def test_bars_sum_to_total_computable_in_each_fiscal_year(decision, basis):
    figure = budget_figure(budgets.budget(decision), basis, "light")
    unit = {"USD million": 1e6, "USD billion": 1e9}[figure.layout.yaxis.title.text]
    assert len(figure.data) == 4
    for branch, bars in zip(("stay_out", "join"), (figure.data[:2], figure.data[2:]), strict=True):
        wanted = decision.budget[branch][f"total_computable_{basis}"].values()
        assert np.allclose(unit * sum(bar.y for bar in bars), list(wanted))
    low, high = figure.layout.yaxis.range
    for bar in figure.data:
        assert low <= min(bar.y)
        assert max(bar.y) <= high


def test_a_fiscal_year_that_is_not_whole_says_its_months(decision):
    figure = budget_figure(budgets.budget(decision), "net", "light")
    assert figure.layout.xaxis.ticktext == (
        "2027<br>6 mo.", "2028", "2029", "2030", "2031", "2032<br>6 mo.",
    )  # fmt: skip
    assert "Fiscal years 2027 and 2032 are not whole" in budgets.note(
        budgets.budget(decision), "net"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_take_the_colours_of_the_theme_and_labels_do_not_touch(decision, theme):
    figure = budget_figure(budgets.budget(decision), "net", theme)
    assert [bar.marker.color for bar in figure.data] == 2 * [
        COLOURS[theme][layer.colour] for layer in LAYERS
    ]
    low, high = figure.layout.yaxis.range
    margin = figure.layout.margin
    pixels = (figure.layout.height - margin.t - margin.b) / (high - low)
    labels = [note for note in figure.layout.annotations if note.showarrow]
    places = sorted(note.y * pixels - note.ay for note in labels)
    assert [note.text.split()[0] for note in labels] == ["State", "Federal"]
    assert all(np.diff(places) >= LABEL_GAP - 1e-6)


def test_the_title_says_what_joining_adds_and_who_pays():
    found = budgets.budget(decide(load_scenario("state_not_covering")))
    state, federal = found.added("state", "net"), found.added("federal", "net")
    cents = f"{100 * state / (state + federal):.0f} cents"
    assert budgets.title(found, "net").startswith("After rebates, joining adds $")
    assert f"Georgia pays {cents} of each dollar" in budgets.title(found, "net")
    covering = budgets.budget(decide(load_scenario("state_covering")))
    assert "Minnesota keeps" in budgets.title(covering, "net")
    assert budgets.title(covering, "gross") == "Before rebates, joining changes nothing."

    both = {
        branch: {**measures, "state_net": measures["state_net"] * (branch == "join")}
        for branch, measures in covering.measures.items()
    }
    mixed = dataclasses.replace(covering, measures=both)
    assert "costs Minnesota $" in budgets.title(mixed, "net")
    assert "saves the federal government $" in budgets.title(mixed, "net")


def test_the_picture_in_words_has_every_year(decision):
    words = budgets.in_words(budgets.budget(decision), "net")
    assert all(f"{year}: stay out $" in words for year in decision.periods)


def test_a_year_without_a_dollar_is_a_picture_too():
    found = budgets.budget(decide(load_scenario("state_not_covering")))
    nothing = {
        branch: {key: 0.0 * amounts for key, amounts in measures.items()}
        for branch, measures in found.measures.items()
    }
    empty = dataclasses.replace(found, measures=nothing)
    assert budgets.title(empty, "net") == "After rebates, joining changes nothing."
    assert budget_figure(empty, "net", "light").layout.yaxis.range[1] > 0


def test_the_file_adds_up(decision):
    frame = budgets.frame(decision)
    totals = frame[frame.fiscal_year == "all"].set_index("measure")
    years = frame[frame.fiscal_year != "all"]
    for _, label, unit in (*budgets.MEASURES, *budgets.MORE):
        if unit == budgets.PMPM or label == "People on therapy at the end":
            continue
        parts = years[years.measure == label]
        assert totals.loc[label, "join"] == pytest.approx(parts["join"].sum())
        assert totals.loc[label, "difference"] == pytest.approx(parts.difference.sum(), abs=1e-6)
    assert totals.loc["State, net", "difference"] == pytest.approx(-decision.value.total)
    assert totals.loc["State, net, PMPM", "difference"] == pytest.approx(-decision.value.pmpm)


def test_a_file_comes_back_in_full_and_runs_no_formula(decision):
    frame = budgets.frame(decision)
    back = pd.read_csv(io.StringIO(csv_text(frame)))
    assert np.array_equal(back["join"], frame["join"])
    evil = pd.DataFrame({"text": ["=1+1", "+1", "-1", "@x", "fine"], "number": [-1.0, 2, 3, 4, 5]})
    lines = csv_text(evil).splitlines()[1:]
    assert lines == ["'=1+1,-1.0", "'+1,2.0", "'-1,3.0", "'@x,4.0", "fine,5.0"]


# ----------------------------------------------------------------------------------- all states


def test_every_state_has_a_tile_of_its_own(found):
    assert {row.abbr for row in found.rows} == set(figures_states.PLACES)
    assert len(set(figures_states.PLACES.values())) == 51


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tiles_say_the_sign_in_words_too_and_can_be_read(found, theme):
    figure = figures_states.states_figure(found, theme)
    tiles = figure.layout.shapes
    letters = figure.data[0]
    assert len(tiles) == len(letters.text) == 51
    end = figures_states.scale_end(found)
    for row, tile, text, ink in zip(
        found.rows, tiles, letters.text, letters.textfont.color, strict=True
    ):
        assert row.abbr in text
        assert (tile.line.width > 1) == (row.covers_today in COVERED)
        value = row.value_per_enrollee_year
        if value is None:
            assert "gap" in text
            assert tile.line.dash == "dot"
            continue
        assert ("+" in text) == (value > 0.05)
        assert tile.fillcolor == figures_states.tile_colour(value, end, theme)
        both = sorted(figures_states.luminance(colour) + 0.05 for colour in (tile.fillcolor, ink))
        assert both[1] / both[0] >= 4.5


def test_the_sentence_counts_and_names(found):
    said = screens.sentence(found)
    assert f"{len(found.gain)} of {len(found.known)} state programs gain" in said
    assert f"{len(found.pay)} pay" in said
    assert found.gain[0].state in said
    assert "North Carolina and South Dakota" in screens.more(found)
    assert screens.in_words(found).count("$") == len(found.known)


def test_the_sentence_when_nobody_gains_or_nothing_changes(found):
    pay = screens.Screen([row for row in found.rows if row in found.pay])
    assert "none of" in screens.sentence(pay)
    assert pay.pay[0].state in screens.sentence(pay)
    assert screens.title(pay) == "Joining costs every state program something per enrollee."
    same = screens.Screen(
        [dataclasses.replace(r, value=0.0, value_per_enrollee_year=0.0) for r in found.known]
    )
    assert "changes nothing" in screens.sentence(same)
    assert figures_states.states_figure(same, "light").layout.shapes
