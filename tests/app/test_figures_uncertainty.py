"""Pictures of uncertainty: figures are data, so they are tested without a browser."""

import dataclasses

import numpy as np
import pytest

from calculator.drawn import Spread
from calculator.report import figures
from calculator.report import figures_sensitivity as tornado
from calculator.report import figures_threshold as maps
from calculator.report import figures_uncertainty as draws
from calculator.report.table import cents
from calculator.report.words import dollars, share

THEMES = ["light", "dark"]
CENTRAL = -0.42  # of the central run, USD PMPM


@pytest.fixture(scope="module")
def spread():
    values = np.random.default_rng(1).normal(-0.5, 0.8, 4096)
    return Spread(values)


@pytest.fixture(scope="module")
def years():
    usd = np.random.default_rng(2).normal(-1e6, 8e5, (512, 4)) * np.array([0.2, 0.6, 1.0, 1.4])
    return draws.Years(("2028", "2029", "2030", "2031"), usd, np.array([-1e5, -5e5, -9e5, -1e6]))


ROWS = [
    tornado.Moved("Net price of Mounjaro", "$324", "$700", -0.9, 0.7),
    tornado.Moved("Eligible members who start in a year", "2%", "30%", 0.1, -1.5, "assumed"),
    tornado.Moved("A share that only costs", "0%", "40%", -0.5, -0.6),
    tornado.Moved("Fills a month", "0.85", "1.08", -0.4, -0.55),
]


def side(label="Obesity capitation", unit="USD PMPM", top=80.0, own=0.0, **more):
    return maps.Side(label, unit, np.linspace(0.0, top, 21), own, **more)


@pytest.fixture(scope="module")
def crossed():
    x = side(root=50.0)
    y = side("Extra reinsurance", "share", 1.0, root=0.4)
    return maps.Crossed(x, y, -0.5 + x.values[:, None] / 100 + y.values[None, :] / 0.8, -0.5)


# -------------------------------------------------------------------------------- the distribution


def test_the_bars_are_all_draws_and_none_lies_on_both_sides_of_break_even(spread):
    figure = draws.spread_figure(spread, CENTRAL, "light")
    bars = {bar.name: bar for bar in figure.data}
    assert set(bars) == {"gain", "cost"}
    inside = sum(float(np.sum(bar.y)) for bar in bars.values())
    assert inside == pytest.approx(1.0, abs=0.012)
    assert float(np.sum(bars["gain"].y)) == pytest.approx(spread.pays, abs=0.006)
    width = bars["gain"].width
    assert min(bars["gain"].x) == pytest.approx(width / 2)
    assert max(bars["cost"].x) == pytest.approx(-width / 2)


@pytest.mark.parametrize("theme", THEMES)
def test_break_even_the_middle_and_the_central_run_are_where_they_are(spread, theme):
    figure = draws.spread_figure(spread, CENTRAL, theme)
    lines = [line.x0 for line in figure.layout.shapes if line.x0 == line.x1]
    low, high = spread.middle
    assert lines == pytest.approx([0.0, spread.median, CENTRAL, low, high])
    words = [note.text for note in figure.layout.annotations]
    assert words[0] == "break-even"
    assert cents(spread.median, 2) in words[1]
    assert cents(CENTRAL, 2) in words[2]
    assert cents(low, 2) in words[3]
    colours = set(figures.COLOURS[theme].values())
    assert {bar.marker.color for bar in figure.data} <= colours
    assert "USD" in figure.layout.xaxis.title.text
    assert "%" in figure.layout.yaxis.title.text
    # Words stand in rows of their own, above the bars.
    heights = [note.y for note in figure.layout.annotations]
    assert len(set(heights)) == len(heights)
    assert min(heights) > max(float(np.max(bar.y)) for bar in figure.data)


@pytest.mark.parametrize("central", [-0.9, -0.62, -0.42, 0.3])
@pytest.mark.parametrize("middle", [-0.64, -0.2, 0.4])
def test_words_at_a_line_do_not_lie_on_a_taller_one(central, middle):
    values = np.random.default_rng(1).normal(middle, 0.8, 4096)
    figure = draws.spread_figure(Spread(values), central, "light")
    lines = [line for line in figure.layout.shapes if line.x0 == line.x1][:3]
    wide = np.ptp(figure.layout.xaxis.range)
    for n, note in enumerate(figure.layout.annotations[:3]):
        reach = wide * draws.room_of(note.text) * (1 if note.xanchor == "left" else -1)
        # Words between two lines may have to lie on one of them.
        taller = [line.x0 for line in lines[n + 1 :]]
        both = min(taller, default=note.x) < note.x < max(taller, default=note.x)
        if not both:
            ends = sorted((note.x, note.x + reach))
            assert not any(ends[0] < x < ends[1] for x in taller), note.text


def test_the_title_is_about_the_tails(spread):
    title = draws.spread_title(spread)
    assert cents(-spread.beyond(best=False), 2) in title
    assert "more than" in title
    shifted = Spread(spread.values + 9.0)
    assert draws.spread_title(shifted).startswith("Even the worst 5% of draws bring")
    shifted = Spread(spread.values - 9.0)
    assert draws.spread_title(shifted).startswith("Even the best 5% of draws lose")
    turned = Spread(-spread.values)
    assert "less than" in draws.spread_title(turned)


def test_draws_left_out_of_the_picture_are_counted(spread):
    bars = draws.spread_figure(spread, CENTRAL, "light").data
    out = 1.0 - sum(float(np.sum(bar.y)) for bar in bars)
    assert 0.0 < out < 0.012
    assert f"{share(out)} of draws lie beyond the picture" in draws.spread_note(spread, CENTRAL)
    few = Spread(np.array([-1.0, 1.0]))
    assert "beyond the picture" not in draws.spread_note(few, 0.0)
    assert "4,096 draws" in draws.spread_alt(spread, CENTRAL)
    assert share(spread.pays) in draws.spread_alt(spread, CENTRAL)


@pytest.mark.parametrize("values", [np.full(8, -0.5), np.zeros(8), np.full(8, 1e-7)])
def test_draws_without_a_spread_can_be_drawn(values):
    found = Spread(values)
    figure = draws.spread_figure(found, float(values[0]), "light")
    assert np.isfinite(figure.layout.xaxis.range).all()
    assert figure.layout.xaxis.range[0] < figure.layout.xaxis.range[1]
    assert draws.spread_title(found)


@pytest.mark.parametrize("part", [0.5, 30.0, 1000.0])
def test_any_size_of_value_has_some_ticks(spread, part):
    found = Spread(spread.values * part)
    figure = draws.spread_figure(found, CENTRAL * part, "light")
    assert 3 <= len(figure.layout.xaxis.tickvals) <= 8
    bars = sum(len(bar.x) for bar in figure.data)
    assert 12 <= bars <= 60


# ---------------------------------------------------------------------------------------- by year


@pytest.mark.parametrize("theme", THEMES)
def test_each_year_has_its_range_its_middle_and_its_central_run(years, theme):
    figure = draws.years_figure(years, theme)
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces["90%"].y[:2]) == pytest.approx(
        list(np.quantile(years.usd[:, 0], [0.05, 0.95]))
    )
    assert list(traces["middle"].y) == pytest.approx(list(np.median(years.usd, axis=0)))
    assert list(traces["central"].y) == list(years.central)
    assert list(figure.layout.xaxis.ticktext) == list(years.periods)
    assert figure.layout.yaxis.title.text == "Value of joining, USD million"
    low, high = figure.layout.yaxis.range
    assert low < min(traces["90%"].y[0::3])
    assert high > max(traces["90%"].y[1::3])


def test_a_share_of_a_few_draws_is_not_said_to_be_none():
    usd = np.full((512, 4), -1.0)
    usd[0, 1], usd[:, 2], usd[1:, 3] = 1.0, 1.0, 1.0
    found = draws.Years(("2028", "2029", "2030", "2031"), usd, np.zeros(4))
    words = [note.text for note in draws.years_figure(found, "light").layout.annotations]
    assert words == ["0% pay", "&lt;1% pay", "100% pay", ">99% pay"]


def test_the_years_title_says_how_often_it_pays(years):
    first, last = (share(float(part)) for part in years.pays[[0, -1]])
    title = draws.years_title(years)
    assert f"{first} of draws in 2028" in title
    assert last in title or "as often" in title
    one = draws.Years(("2031",), years.usd[:, :1], years.central[:1], "fiscal year ")
    assert draws.years_title(one) == f"Joining pays in {first} of draws in fiscal year 2031."
    assert dollars(float(np.median(years.usd[:, 3]))) in draws.years_alt(years)


# ------------------------------------------------------------------------------------ the tornado


@pytest.mark.parametrize("theme", THEMES)
def test_bars_run_from_the_central_run_to_both_ends_with_the_input_printed_there(theme):
    figure = tornado.tornado_figure(ROWS, -0.5, theme)
    for n, row in enumerate(ROWS):
        low, high = figure.data[2 * n : 2 * n + 2]
        assert low.base[0] + low.x[0] == pytest.approx(row.at_low)
        assert high.base[0] + high.x[0] == pytest.approx(row.at_high)
        # Told apart without colour.
        assert low.marker.pattern.shape == "/"
        assert not high.marker.pattern.shape
        printed = {note.text: note for note in figure.layout.annotations}
        assert printed[row.high].x == row.at_high
    words = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert "Eligible members who start in a year (assumed)" in words
    assert "central run −$0.50" in words
    assert figure.layout.xaxis.title.text == "Value of joining, USD PMPM"


def test_two_ends_on_one_side_have_half_of_the_bar_each():
    row = tornado.Moved("One side", "0.85", "1.08", -0.6, -0.9)
    low, high = tornado.tornado_figure([row], -0.5, "light").data
    assert low.y[0] + low.width / 2 <= high.y[0] - high.width / 2 + 1e-9


def test_only_the_widest_are_drawn_and_said():
    rows = [tornado.Moved(f"Input {n}", "1", "2", -0.5 - 1 / (n + 1), -0.5) for n in range(30)]
    figure = tornado.tornado_figure(rows, -0.5, "light")
    assert len(figure.data) == 2 * tornado.DRAWN
    assert "Input 11:" in tornado.tornado_alt(rows, -0.5)
    assert "Input 12:" not in tornado.tornado_alt(rows, -0.5)


def test_a_tornado_where_nothing_moves_can_be_drawn():
    still = [tornado.Moved("Still", "1", "1", -0.5, -0.5)]
    figure = tornado.tornado_figure(still, -0.5, "light")
    assert figure.layout.xaxis.range[0] < figure.layout.xaxis.range[1]


# ---------------------------------------------------------------------------------------- the map


@pytest.mark.parametrize("theme", THEMES)
def test_the_map_is_the_grid_with_its_line_and_the_scenario(crossed, theme):
    figure = maps.map_figure(crossed, theme)
    heat = figure.data[0]
    assert np.array_equal(heat.z, crossed.pmpm.T)
    assert heat.zmin == -heat.zmax
    colours = figures.COLOURS[theme]
    assert [colour for _, colour in heat.colorscale] == [
        colours["cost"], colours["neutral"], colours["gain"],
    ]  # fmt: skip
    line = [trace for trace in figure.data if trace.name == "break-even"]
    assert all(trace.contours.start == 0.0 == trace.contours.end for trace in line)
    (own,) = [trace for trace in figure.data if trace.name == "scenario"]
    assert (own.x[0], own.y[0]) == (0.0, 0.0)
    words = [note.text for note in figure.layout.annotations]
    assert "<b>joining pays</b>" in words
    assert "this scenario −$0.50" in words
    assert "USD PMPM" in figure.layout.xaxis.title.text
    assert "%" in figure.layout.yaxis.title.text


def test_the_maps_title_says_what_each_alone_takes(crossed):
    assert maps.map_title(crossed) == (
        "Joining pays if obesity capitation is above $50 or extra reinsurance is above 40%, all"
        " else as it is."
    )
    pays = dataclasses.replace(crossed, central=0.2)
    assert maps.map_title(pays).startswith("Joining pays as long as obesity capitation is above")
    below = dataclasses.replace(crossed, x=side(root=50.0, pays_above=False))
    assert "obesity capitation is below $50" in maps.map_title(below)
    neither = dataclasses.replace(crossed, x=side(), y=side("Extra reinsurance", "share", 1.0))
    assert "neither input alone is enough" in maps.map_title(neither)
    never = dataclasses.replace(crossed, pmpm=crossed.pmpm - 9.0)
    assert "nowhere on this map" in maps.map_title(never)
    always = dataclasses.replace(crossed, pmpm=crossed.pmpm + 9.0)
    assert "everywhere on this map" in maps.map_title(always)


def test_a_map_without_a_line_or_without_the_scenario_can_be_drawn(crossed):
    never = dataclasses.replace(crossed, pmpm=crossed.pmpm - 9.0)
    figure = maps.map_figure(never, "light")
    assert not any(trace.name == "break-even" for trace in figure.data)
    assert not any("pays" in note.text for note in figure.layout.annotations)
    far = dataclasses.replace(crossed, x=side(own=900.0))
    figure = maps.map_figure(far, "light")
    assert not any(trace.name == "scenario" for trace in figure.data)
    assert "is not on this map" in maps.map_note(far)
    assert "obesity capitation $900" in maps.map_note(far)
    flat = dataclasses.replace(crossed, pmpm=np.zeros(crossed.pmpm.shape))
    assert maps.map_figure(flat, "light").data[0].zmax > 0.0


def test_the_words_of_the_map_do_not_lie_on_the_scenarios_own(crossed):
    for own in np.linspace(0.0, 80.0, 9):
        found = dataclasses.replace(crossed, x=side(own=float(own), root=50.0))
        notes = {note.text: note for note in maps.map_figure(found, "light").layout.annotations}
        mark = next(note for text, note in notes.items() if "scenario" in text)
        for text, note in notes.items():
            if text.startswith("<b>"):
                near = abs(note.x - mark.x) / 80.0 < 0.4 and abs(note.y - mark.y) < 0.05
                assert not near, (own, text)


def test_a_long_name_gets_lines_and_room_on_its_axis(crossed):
    long = side("Fills of obesity drugs eight quarters after coverage starts", "fills per 1,000")
    figure = maps.map_figure(dataclasses.replace(crossed, y=long), "light")
    usual = maps.map_figure(crossed, "light")
    lines = figure.layout.yaxis.title.text.count("<br>")
    assert lines >= 1
    assert figure.layout.margin.l == usual.layout.margin.l + lines * maps.LETTER_LINE


@pytest.mark.parametrize(
    ("unit", "top", "last"),
    [("share", 1.0, "100%"), ("USD per year", 4e5, "$400K"), ("people", 2e6, "2,000K"),
     ("ratio", 2.0, "2")],
)  # fmt: skip
def test_ticks_are_in_the_inputs_own_unit(unit, top, last):
    found = maps.ticks(side("x", unit, top), 5)
    assert found["ticktext"][-1] == last
    assert not any(text.startswith(("−0", "-0")) for text in found["ticktext"])
