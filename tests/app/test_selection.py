"""The page of adverse selection as a person meets it, and its pictures as data."""

import dataclasses

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.frontier import frontier
from calculator.analysis.market import solve_shipped
from calculator.analysis.selection_curves import curves
from calculator.analysis.sponsors import Sponsor, read_sponsors
from calculator.decision import evaluate
from calculator.model.market import solve_market
from calculator.plan_selection import MOVERS
from calculator.report import figures, figures_frontier, figures_market, figures_selection
from calculator.report import market as market_words
from calculator.report import selection as report
from calculator.report.table import cents
from calculator.report.words import share
from calculator.ui import selection_market
from calculator.ui.form import offered
from calculator.ui.widgets import plain

CHOSEN = [name for name in offered("part_d") if name != "egwp"]
ALL, ANNOUNCED = "illustrative_all", "announced_2025_12"
RULE = selection_market.RULE_KEY
EMPLOYER = "Selection does not apply to an employer's plan."


def decision_of(name, package=ANNOUNCED, **settings):
    return decide(load_scenario(name).with_settings({"terms.package": package, **settings}))


# -------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize("name", CHOSEN)
def test_every_plan_opens_with_the_checks_own_words(opened, name):
    page = opened("selection", {"scenario": name})
    check = decision_of(name).selection
    assert page.calm
    assert page.said == plain(report.opening(check))
    assert plain(report.further(check)) in page.texts
    cards = {one.label.replace("\\", ""): one for one in page.at.metric}
    assert len(cards) == 4
    value = cards["Value if nobody moves, PMPM"].value.replace("\\", "")
    assert value.lstrip("+") == cents(check.pmpm_without, 2)
    assert figures_selection.movers_title(check) in page.sections
    assert figures_selection.curves_title(curves(decision_of(name).scenario)) in page.sections


def test_the_tables_are_the_checks(opened):
    page = opened("selection")
    check = decision_of("pdp_regional").selection
    each, years = page.at.table[0].value, page.at.table[1].value
    assert each.iloc[-1, 1] == pytest.approx(sum(check.per_mover.values()))
    assert dict(zip(years.Year, years["Extra members"], strict=True)) == pytest.approx(
        check.extra_joiners
    )


def test_what_it_rests_on_names_the_movers(opened):
    page = opened("selection")
    basis = next(
        one.value for one in page.at.table if "Assumption" in one.value and "Source" in one.value
    )
    label = decision_of("pdp_regional").register.entries[MOVERS].label
    assert plain(label) in set(basis.Assumption)


def test_an_employer_plan_sees_the_market_only(opened):
    page = opened("selection", {"scenario": "egwp"})
    assert page.calm
    assert page.said == EMPLOYER
    assert len(page.at.metric) == 0
    assert "The market: which sponsors would join" in page.sections
    assert not any("eligible outside" in title for title in page.sections)
    assert not any(one.key == page.key(MOVERS) for one in page.at.text_input)


def test_movers_change_the_check_and_the_address(opened):
    page = opened("selection").change(MOVERS, "24%")
    check = decision_of("pdp_regional", **{MOVERS: 0.24}).selection
    assert page.calm
    assert page.at.query_params == {"scenario": "pdp_regional", MOVERS: "0.24"}
    assert any(one.value.replace("\\", "") == cents(check.pmpm_with, 2) for one in page.at.metric)
    assert any("concerns your own plan only" in text for text in page.texts)


@pytest.mark.parametrize("text", ["1.2", "-0.1", "many"])
def test_movers_outside_0_to_1_keep_the_last_good_result(opened, text):
    page = opened("selection")
    before = page.said
    page.change(MOVERS, text)
    assert MOVERS in page.complaint
    assert page.said == before


def test_the_launch_rule_changes_the_market(opened):
    page = opened("selection")
    without = solve_shipped(read_sponsors(), ANNOUNCED, None)

    def sentence(rule):
        market = solve_market(without.sides.payoffs, rule, seed=1)
        return plain(market_words.market_sentence(dataclasses.replace(without, market=market)))

    assert sentence(0.8) in page.texts
    page.at.text_input(key=RULE).set_value("10%").run()
    assert page.calm
    assert sentence(0.1) in page.texts
    page.at.text_input(key=RULE).set_value("none").run()
    assert page.calm
    assert sentence(None) in page.texts
    assert "Veto" not in page.at.dataframe[0].value
    page.at.text_input(key=RULE).set_value("130%").run()
    assert "launch rule: allowed is a share above 0 up to 1" in page.complaint
    assert sentence(0.8) in page.texts


OWN = b"name,scenario,members\nOurs,pdp_national,300000\nTheirs,egwp,100000\n"


def uploaded(page, name, content):
    file = (name, content, "text/csv")
    page.at.file_uploader(key=selection_market.FILE_KEY).set_value(file).run()
    return page


def test_own_sponsors_take_the_place_of_the_illustrative_ones(opened):
    page = opened("selection")
    assert len(page.at.dataframe[0].value) == len(read_sponsors())
    uploaded(page, "ours.csv", OWN)
    assert page.calm
    table = page.at.dataframe[0].value
    assert list(table.Sponsor) == ["Ours", "Theirs"]
    assert list(table.Share) == pytest.approx([0.75, 0.25])


def test_the_table_to_fill_in_can_be_given_back():
    rows = tuple(read_sponsors())
    text = selection_market._template(rows).to_csv(index=False)
    assert selection_market._read("sponsors.csv", text.encode()) == rows


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", OWN + b"Ours,mapd,5\n", "each name once; given was Ours in rows 2 and 4"),
        ("a.csv", b"name,scenario,members\n", "at least one row"),
        ("a.csv", b"name,scenario,members\nA,nowhere,5\n", "sponsors, row 2, scenario"),
        ("a.csv", b"name,scenario,members,counted\nA,mapd,5,no\n", "at least one who counts"),
        ("a.xlsx", b"not a workbook", "a readable xlsx file"),
    ],
)
def test_a_wrong_file_is_said_in_one_line(opened, name, content, sentence):
    page = uploaded(opened("selection"), name, content)
    assert sentence in page.complaint
    assert len(page.at.dataframe[0].value) == len(read_sponsors())
    assert any("that of the illustrative sponsors" in text for text in page.texts)


def test_the_frontier_runs_only_when_asked(opened, monkeypatch):
    page = opened("selection")
    rule = 0.79  # a market that no other test keeps
    page.at.text_input(key=RULE).set_value(str(rule)).run()
    ran = []
    quick = frontier

    def counted(rows, package, rule, **more):
        ran.append(more["settings"])
        return quick(rows, package, rule, count=8, **more)

    monkeypatch.setattr("calculator.analysis.frontier.frontier", counted)
    assert not ran
    page.at.button(key="frontier.run").click().run()
    assert page.calm
    assert ran == [{"assumptions.payment.priced_share": 1.0}, {}]
    rows = read_sponsors()
    found = quick(rows, ANNOUNCED, rule, count=8)
    assert plain(market_words.frontier_sentence(found)) in page.texts
    assert figures_frontier.frontier_title(found, 0) in page.sections
    assert plain(market_words.interpolation_text(found)) + "." in page.texts
    page.at.run()
    assert len(ran) == 2  # kept


# -------------------------------------------------------------------------------- value and movers


def worth_of(decision):
    check = decision.selection
    movers = figures_selection.movers_to_try(check)
    within = decision.scenario.with_settings({"selection.include": True})
    result = evaluate(within, {MOVERS: movers}).result
    own = result.member_months[0].sum()
    return check, figures_selection.Worth(movers, result.value.sum(axis=1) / own)


def test_the_title_says_until_which_share_of_movers_it_pays():
    check = decision_of("pdp_regional", ALL).selection
    title = figures_selection.movers_title(check)
    assert title.startswith(f"Joining pays until {share(check.breakeven_movers)} of the eligible")
    assert "the 12% expected are below that" in title
    fails = dataclasses.replace(check, breakeven_movers=0.1)
    assert "are above that" in figures_selection.movers_title(fails)
    later = dataclasses.replace(check, value_without=-1.0)
    assert "pays only from" in figures_selection.movers_title(later)
    never = decision_of("pdp_regional").selection
    assert figures_selection.movers_title(never).startswith("Joining pays at no share of movers")
    always = dataclasses.replace(never, value_without=1.0)
    assert figures_selection.movers_title(always).startswith("Joining pays at any share of movers")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("package", [ANNOUNCED, ALL])
def test_value_over_movers_has_its_marks_where_the_check_has_them(package, theme):
    check, worth = worth_of(decision_of("pdp_regional", package))
    assert np.interp(check.movers, worth.movers, worth.pmpm) == pytest.approx(
        check.pmpm_with, abs=1e-3
    )
    figure = figures_selection.movers_figure(check, worth, theme)
    traces = {trace.name: trace for trace in figure.data}
    assert traces["value"].line.color == figures.COLOURS[theme]["plan"]
    assert traces["expected"].x[0] == check.movers
    band = figure.layout.shapes[0]
    assert (band.x0, band.x1) == (check.movers_low, check.movers_high)
    assert figure.layout.yaxis.title.text == "USD per member per month (PMPM)"
    assert "%" in figure.layout.xaxis.title.text
    low, high = figure.layout.yaxis.range
    assert low < worth.pmpm.min()
    assert high > worth.pmpm.max()
    if check.breakeven_movers is None:
        assert "break-even" not in traces
        assert "gain" not in traces
        assert "does not cross zero" in figures_selection.movers_alt(check, worth)
    else:
        assert traces["break-even"].x[0] == check.breakeven_movers
        assert share(check.breakeven_movers) in figures_selection.movers_alt(check, worth)
        assert traces["gain"].y.min() == 0.0
        assert traces["cost"].y.max() == 0.0


def test_a_sentence_each_for_every_verdict():
    check = decision_of("pdp_regional", ALL).selection
    for verdict, words in report.VERDICTS.items():
        said = report.opening(dataclasses.replace(check, verdict=verdict, reason="It is. So."))
        assert said.startswith("It is" if verdict == "does_not_pay" else f"{words}: it is")
        assert said.endswith(".")


# ------------------------------------------------------------------------------------ cost curves


def test_the_curves_title_and_triangle_are_the_curves():
    found = curves(load_scenario("pdp_regional"))
    title = figures_selection.curves_title(found)
    assert "Cost falls as more plans join" in title
    assert share(found.equilibrium) in title
    assert f"too few against {share(found.efficient)}" in title
    assert cents(found.welfare_loss, 2) in title
    figure = figures_selection.curves_figure(found, "light")
    waste = next(trace for trace in figure.data if trace.name == "waste")
    assert waste.x.min() == pytest.approx(found.equilibrium)
    assert waste.x.max() == pytest.approx(found.efficient)
    half = len(waste.x) // 2
    area = abs(np.trapezoid(waste.y[:half] - waste.y[half:][::-1], waste.x[:half]))
    assert area == pytest.approx(found.welfare_loss, rel=0.02)
    assert "Demand is an assumption" in figures_selection.curves_note(found)
    assert "lies above the picture" in figures_selection.curves_note(found)
    alt = figures_selection.curves_alt(found)
    assert all(word in alt for word in ("average cost", "marginal cost", "demand"))


def test_curves_without_a_crossing_say_so():
    found = curves(load_scenario("pdp_regional"))
    apart = dataclasses.replace(found, equilibrium=None, efficient=None, welfare_loss=None)
    assert "crosses it nowhere" in figures_selection.curves_title(apart)
    names = {trace.name for trace in figures_selection.curves_figure(apart, "dark").data}
    assert "waste" not in names
    still = dataclasses.replace(apart, demand=np.full(found.share.shape, np.nan))
    names = {trace.name for trace in figures_selection.curves_figure(still, "dark").data}
    assert not any(name.startswith("Demand") for name in names)
    many = dataclasses.replace(found, equilibrium=0.8, efficient=0.6)
    assert "too many against 60%" in figures_selection.curves_title(many)


# ------------------------------------------------------------------------------ leaving in rounds


@pytest.fixture(scope="module")
def solved():
    return solve_shipped(read_sponsors(), ANNOUNCED, 0.8, count=16)


def test_rounds_are_the_order_of_leaving(solved):
    steps = figures_market.rounds(solved)
    leaving = solved.market.without_rule.leaving
    assert [step.share for step in steps] == pytest.approx(list(leaving.share))
    assert sum(len(step.leave) for step in steps) == np.count_nonzero(leaving.moved)
    assert steps[-1].leave == ()
    title = figures_market.rounds_title(solved)
    assert f"{share(steps[-1].share)} of enrollees are left after one round" in title
    assert share(steps[-1].share) in figures_market.rounds_alt(solved)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_is_in_is_blue_who_is_out_is_grey(solved, theme):
    figure = figures_market.rounds_figure(solved, theme)
    colours = figures.COLOURS[theme]
    steps = figures_market.rounds(solved)
    for row, step in enumerate(steps):
        blue = [bar for bar in figure.data if bar.marker.color[row] == colours["plan"]]
        assert sum(bar.x[row] for bar in blue) == pytest.approx(step.share)
        hatched = {bar.name for bar in blue if bar.marker.pattern.shape[row] == "/"}
        assert hatched == set(step.leave)
    assert any("launch rule 80%" in note.text for note in figure.layout.annotations)


def test_everybody_stays_where_terms_are_rich():
    found = solve_shipped(read_sponsors(), ALL, None, count=16)
    assert figures_market.rounds_title(found).startswith("Everybody stays")
    assert not figures_market.rounds_figure(found, "light").layout.shapes


def test_many_rounds_are_drawn_in_part(solved):
    moved = np.arange(1, 21)
    names = tuple(Sponsor(f"s{k}", "mapd", 1.0) for k in moved)
    leaving = dataclasses.replace(
        solved.market.without_rule.leaving, moved=moved, share=np.linspace(1.0, 0.0, 21)
    )
    market = dataclasses.replace(
        solved.market, without_rule=dataclasses.replace(solved.market.without_rule, leaving=leaving)
    )
    sides = dataclasses.replace(solved.sides, counted=np.full(20, 0.05))
    long = dataclasses.replace(solved, sponsors=names, market=market, sides=sides)
    figure = figures_market.rounds_figure(long, "light")
    assert len(figure.layout.yaxis.ticktext) == figures_market.ROUNDS
    assert figure.layout.yaxis.ticktext[-1] == "Round 20"
    assert "nobody is left after 20 rounds" in figures_market.rounds_title(long)
    assert "the last are drawn" in figures_market.rounds_note(long)


# ------------------------------------------------------------------------------------- the map


@pytest.fixture(scope="module")
def found():
    return frontier(read_sponsors(), ANNOUNCED, 0.8, steps=21, count=16)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("shown", ["joining", "willing"])
def test_the_map_is_the_grid_with_its_marks(found, shown, theme):
    figure = figures_frontier.frontier_figure(found, 0, shown, theme)
    heat = figure.data[0]
    grid = found.joining_share if shown == "joining" else found.willing_share
    assert np.array_equal(heat.z, grid[0].T)
    colours = figures.COLOURS[theme]
    assert [colour for _, colour in heat.colorscale] == [colours["grid"], colours["plan"]]
    points = [trace for trace in figure.data if trace.type == "scatter"]
    marks = {trace.name: trace for trace in points if trace.mode == "markers"}
    assert (marks["announced terms"].x[0], marks["announced terms"].y[0]) == found.announced[:2]
    (star,) = [trace for name, trace in marks.items() if name.startswith("cheapest")]
    assert (star.x[0], star.y[0]) == (found.cheapest.capitation, found.cheapest.reinsurance)
    texts = [note.text for note in figure.layout.annotations]
    assert len(texts) == len(set(texts))
    assert "USD" in figure.layout.xaxis.title.text
    assert "%" in figure.layout.yaxis.title.text


def test_the_launch_line_runs_between_cells_that_launch_and_cells_that_do_not(found):
    figure = figures_frontier.frontier_figure(found, 0, "joining", "light")
    edge = [trace for trace in figure.data if trace.name == "launch"][-1]
    launches = found.launches[0] > 0
    pieces = (launches[1:] != launches[:-1]).sum() + (launches[:, 1:] != launches[:, :-1]).sum()
    assert list(edge.x).count(None) == pieces > 0


def test_the_maps_title_says_what_it_takes(found):
    title = figures_frontier.frontier_title(found, 0)
    alone = found.capitation[found.launches[0][:, 0] > 0][0]
    assert f"${alone:,.0f} a month per treated member" in title
    assert share(found.reinsurance[found.launches[0][0] > 0][0]) in title
    assert cents(float(np.nanmin(found.federal_pmpm[0])), 2) in title
    none = dataclasses.replace(found, launches=0 * found.launches)
    assert "no terms in this range launch" in figures_frontier.frontier_title(none, 1)
    every = dataclasses.replace(found, launches=0 * found.launches + 1)
    assert "on any terms" in figures_frontier.frontier_title(every, 1)
    assert "are not on this map" in figures_frontier.frontier_note(found, 1)
    assert "are not on this map" not in figures_frontier.frontier_note(found, 0)
    assert "No terms launch" in figures_frontier.frontier_alt(none, 0, "joining")


def test_a_map_where_nothing_launches_can_be_drawn(found):
    none = dataclasses.replace(
        found,
        launches=0 * found.launches,
        cheapest=None,
        federal_pmpm=np.full(found.federal_pmpm.shape, np.nan),
    )
    figure = figures_frontier.frontier_figure(none, 0, "joining", "light")
    assert not any(trace.name in ("launch", "federal cost") for trace in figure.data)
    assert market_words.moved(none) is None
    assert [row[1:] for row in market_words.launch_rows(none)] == [("none",) * 3] * 3


def test_what_terms_move_is_read_off_the_grid(found):
    amounts = market_words.moved(found)
    x, y = np.argwhere(found.launches[0] > 0)[0]
    bids, results = found.bid_change[0], found.gain[0]
    assert amounts.bids_fall == pytest.approx(bids[x, y] - bids[-1, -1])
    assert amounts.results_rise == pytest.approx(results[-1, -1] - results[x, y])
    rows = [
        ("as assumed", market_words.Moved(1.0, 2.0)),
        ("all priced", market_words.Moved(3.0, 1.0)),
    ]
    title = figures_frontier.moved_title(rows)
    assert "mostly lower bids: bids fall by $3.00 and results rise by $1.00" in title
    assert "mostly raise results" in figures_frontier.moved_title(rows[:1])
    figure = figures_frontier.moved_figure(rows, "dark")
    assert [list(bar.x) for bar in figure.data] == [[1.0, 3.0], [2.0, 1.0]]
    assert "all priced: bids −$3.00, results $1.00" in figures_frontier.moved_alt(rows)


def test_more_of_the_cost_priced_moves_more_of_the_terms_into_bids(found):
    priced = frontier(
        read_sponsors(), ANNOUNCED, 0.8, steps=21, count=16,
        settings={"assumptions.payment.priced_share": 1.0},
    )  # fmt: skip
    assert market_words.moved(priced).into_bids > 0.5 > market_words.moved(found).into_bids
