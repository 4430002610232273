"""Sponsors' values from the engine, the market they make, and the frontier over the terms.

What the tables hold is computed here anew from plain runs of the engine, and so is the
interpolation between them.
"""

import dataclasses
import json

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from calculator import load_assumptions, load_scenario
from calculator.analysis import frontier as analysis
from calculator.analysis import market as engine
from calculator.analysis.draws import draws, uncertain_inputs
from calculator.analysis.market import Kind, Terms, denser, kinds_of, market_sides, tabulate
from calculator.analysis.sponsors import Sponsor, read_sponsors
from calculator.decision import evaluate
from calculator.model import ledger, market, outcomes
from calculator.report import market as words

ANNOUNCED = "announced_2025_12"
RULE = 0.8
COUNT = 8
S = "assumptions.selection"
SHARE = f"{S}.joining_share"
COSTS_NOTHING = {"application_cost": 0.0}


def cells(capitation, reinsurance=0.0, corridor=0.05):
    """Terms from numbers or lists that broadcast."""
    parts = (capitation, reinsurance, corridor, 2.0 * np.asarray(corridor))
    wide = np.broadcast_arrays(*map(np.atleast_1d, parts))
    return Terms(*(np.array(one, dtype=float) for one in wide))


def sides_of(rows, terms, package=ANNOUNCED, count=COUNT):
    kinds, which = kinds_of(rows)
    members = np.array([row.members for row in rows])
    weights = np.bincount(which, weights=members) / members.sum()
    tables = denser(tabulate(kinds, weights, terms, package, count=count))
    return market_sides(rows, tables, which, load_assumptions(package))


@pytest.fixture(scope="module")
def shipped():
    return read_sponsors()


@pytest.fixture(scope="module")
def found(shipped):
    return analysis.frontier(shipped, ANNOUNCED, RULE, steps=9, count=COUNT)


# --------------------------------------------------------------- what a table of a kind holds


@pytest.mark.parametrize("name", ["pdp_regional", "pdp_national", "mapd", "dsnp", "egwp"])
def test_a_table_is_what_plain_runs_of_the_engine_give(name):
    # The second corridor is so narrow that both of its thresholds are passed.
    terms = cells([0.0, 60.0], [0.0, 0.3], [0.05, 0.001])
    kind = Kind(name, None, None)
    shares = (0.3, 1.0)
    tables = tabulate([kind], np.ones(1), terms, ANNOUNCED, shares=shares, count=COUNT, seed=5)
    base = load_scenario(name).with_settings(
        {
            "terms.package": ANNOUNCED,
            "selection.include": name != "egwp",
            "assumptions.administration.fixed_cost": 0.0,
        }
    )
    risks = [one for one in uncertain_inputs(base) if one.path in engine.RISKS]
    drawn = draws(base, COUNT, 5, risks).cases
    calm = evaluate(base.with_settings({"selection.include": False}), drawn, "workbook")
    before = ledger.plan_result(calm.result.stay_out.ledger)

    def federal(settled):
        lines = outcomes.federal_by_line(settled).items()
        return sum(usd for line, usd in lines if line not in ("offsets", "part_c_coding"))

    for cell in range(2):
        own = base.with_settings(
            {
                "terms.obesity_capitation.amount": float(terms.capitation[cell]),
                "terms.extra_reinsurance.share": float(terms.reinsurance[cell]),
                "terms.corridor.first_threshold": float(terms.corridor[cell]),
                "terms.corridor.second_threshold": 2.0 * float(terms.corridor[cell]),
            }
        )
        for at, share in enumerate(shares):
            cases = {**drawn, SHARE: np.full(COUNT, share)}
            rest = evaluate(own, cases, "workbook", draws=COUNT).result
            rise = float((rest.join.bid - rest.stay_out.bid).mean())
            if name == "egwp":
                assert rise == 0.0
            assert tables.bid_change[cell, 0, at] == pytest.approx(rise, abs=1e-9)
            # The plan's own kind is all the market: rivals that joined have raised as much.
            rivals = {
                f"rivals.{moved}": share * rise
                for moved in ("bid_change", "premium_change", "lis_bid_change")
            }
            run = evaluate(own.with_settings(rivals), cases, "workbook", draws=COUNT)
            months = np.broadcast_to(run.result.member_months, before.shape).sum(axis=1)

            def pmpm(usd, months=months, shape=before.shape):
                return np.broadcast_to(usd, (COUNT, shape[1])).sum(axis=1) / months

            inside = pmpm(ledger.plan_result(run.result.join.ledger) - before)
            outside = pmpm(ledger.plan_result(run.result.stay_out.ledger) - before)
            assert tables.inside[cell, 0, at] == pytest.approx(inside.mean(), abs=1e-8)
            assert tables.outside[cell, 0, at] == pytest.approx(outside.mean(), abs=1e-8)
            # 5% of 8 draws is one: the worst.
            tail = inside.mean() - inside.min()
            assert tables.tail[cell, 0, at] == pytest.approx(tail, abs=1e-8)
            risk = 0.0 if run.inputs.movers is None else run.inputs.movers.risk_ratio[0]
            came = run.costs.come.sum(axis=-1) / run.result.member_months * risk
            was = federal(calm.result.stay_out)
            inside = pmpm(federal(run.result.join) - was * (1.0 + came))
            outside = pmpm(federal(run.result.stay_out) - was)
            assert tables.federal_inside[cell, 0, at] == pytest.approx(inside.mean(), abs=1e-8)
            assert tables.federal_outside[cell, 0, at] == pytest.approx(outside.mean(), abs=1e-8)


def test_the_same_seed_gives_the_same_tables_and_another_does_not():
    kind, weight, terms = [Kind("pdp_regional", None, None)], np.ones(1), cells(20.0)
    one, again, other = (
        tabulate(kind, weight, terms, ANNOUNCED, shares=(0.5, 1.0), count=COUNT, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one.inside.tobytes() == again.inside.tobytes()
    assert one.inside.tobytes() != other.inside.tobytes()


def test_denser_tables_are_straight_in_one_over_the_share():
    kind, weight = [Kind("pdp_regional", None, None)], np.ones(1)
    coarse = tabulate(kind, weight, cells([0.0, 40.0]), ANNOUNCED, count=COUNT)
    fine = denser(coarse, 400)
    assert fine.nodes[0] == 0.0
    assert fine.nodes[1] == coarse.nodes[0]
    assert fine.nodes[-1] == 1.0
    assert np.all(np.diff(fine.nodes) > 0.0)
    for name in ("inside", "outside", "tail", "bid_change", "federal_inside", "federal_outside"):
        for cell in range(2):
            known = getattr(coarse, name)[cell, 0]
            expected = np.interp(-1.0 / fine.nodes[1:], -1.0 / coarse.nodes, known)
            assert getattr(fine, name)[cell, 0, 1:] == pytest.approx(expected, abs=1e-9)
            # Where nobody is inside no model runs.
            if name in ("outside", "federal_outside"):
                assert getattr(fine, name)[cell, 0, 0] == 0.0


def test_an_eligible_share_and_an_offset_of_ones_own_are_in_the_table():
    kinds = [
        Kind("mapd", None, None),
        Kind("mapd", 0.0, None),
        Kind("mapd", 0.2, None),
        Kind("mapd", None, 0.0),
    ]
    tables = tabulate(
        kinds, np.full(4, 0.25), cells(0.0), ANNOUNCED, shares=(0.5, 1.0), count=COUNT,
        settings={"therapy.offsets": "upper"},
    )  # fmt: skip
    # Nobody is eligible: nobody comes, and only today's users are repriced; twice the eligible
    # are about twice the cost; what is not kept of the offset is lost.
    assert np.all(tables.tail[0, 1] < tables.tail[0, 0])
    assert tables.tail[0, 1, 0] < tables.tail[0, 0, 0] / 2
    assert np.all(tables.tail[0, 2] > tables.tail[0, 0])
    assert np.all(tables.inside[0, 3] < tables.inside[0, 0])


# ------------------------------------------------------------------------------- the market


def test_payoffs_are_the_tables_times_members_less_charge_hurdle_and_costs():
    rows = [
        Sponsor("A", "pdp_regional", 1e6, hurdle_pmpm=0.5, application_cost=7.0),
        Sponsor("B", "mapd", 3e6),
        Sponsor("C", "mapd", 4e6, counted=False),
    ]
    sides = sides_of(rows, cells(20.0))
    register = load_assumptions(ANNOUNCED)
    capital = float(register.number("assumptions.market.capital_rate")[0])
    fixed = float(register.number("assumptions.administration.fixed_cost")[0])
    cost = float(register.number("assumptions.market.application_cost")[0])
    tables, payoffs = sides.tables, sides.payoffs
    assert sides.counted == pytest.approx([0.25, 0.75, 0.0])
    months = np.array([1e6, 3e6, 4e6]) * 12 * 4
    everybody = np.ones((1, 3), dtype=bool)
    gains = market.gains(payoffs, everybody)[0]

    def at(table, kind, share):
        return np.interp(share, tables.nodes, table[0, kind])

    for index, (kind, without) in enumerate([(0, 0.75), (1, 0.25), (1, 1.0)]):
        inside = at(tables.inside, kind, 1.0) - capital * at(tables.tail, kind, 1.0)
        expected = months[index] * (inside - at(tables.outside, kind, without))
        expected -= months[index] * (0.5 if index == 0 else 0.0)
        expected -= 4 * fixed + (7.0 if index == 0 else cost)
        assert gains[index] == pytest.approx(expected, rel=1e-6)


def test_with_enough_incentive_everyone_joins(shipped):
    sides = sides_of(shipped, cells(2_000.0, 1.0))
    for rule in (RULE, 1.0, None):
        solved = market.solve_market(sides.payoffs, rule, seed=1)
        assert solved.can_launch
        assert solved.launching.all()
        assert solved.without_rule.greatest.all()
        assert solved.without_rule.least.all()
    ruled = market.solve_market(sides.payoffs, RULE, seed=1)
    assert ruled.good_faith_launch
    assert ruled.good_faith.all()


def test_with_none_and_costs_nobody_does(shipped):
    """No incentive, a cost of applying, and a bid to price: nobody joins, with or without a rule.

    Employer plans have no bid, and what they gain comes from others' use; a hurdle keeps them out.
    """
    bidding = [row for row in shipped if row.scenario != "egwp"]
    hurdled = [Sponsor(row.name, row.scenario, row.members, hurdle_pmpm=5.0) for row in shipped]
    for rows in (bidding, hurdled):
        sides = sides_of(rows, cells(0.0))
        for rule in (RULE, None):
            solved = market.solve_market(sides.payoffs, rule, seed=1)
            assert not solved.can_launch
            assert solved.nobody_is_stable
            assert not np.any(solved.without_rule.greatest)
        assert not market.solve_market(sides.payoffs, RULE, seed=1).good_faith_launch


def test_a_sponsor_alone_does_not_join_what_loses():
    """With nobody else inside there is no plan to move to: staying out is worth no model.

    Of one sponsor and no rule, joining is worth `inside` at a share of 1 less charge and cost.
    """
    rows = [Sponsor("only", "pdp_regional", 1e6, **COSTS_NOTHING)]
    terms = cells(np.linspace(0.0, 200.0, 41))
    sides = sides_of(rows, terms)
    capital = float(load_assumptions(ANNOUNCED).number("assumptions.market.capital_rate")[0])
    worth = (sides.tables.inside - capital * sides.tables.tail)[:, 0, -1] * sides.tables.months
    fixed = sides.payoffs.hurdle[:, 0] / rows[0].members
    joins = market.solve_cells(sides.payoffs, None).members[:, 0]
    assert 0 < joins.sum() < len(joins)
    assert joins.tolist() == (worth - fixed >= 0.0).tolist()


def test_the_order_of_the_table_is_irrelevant(shipped):
    sides, turned = (sides_of(rows, cells(60.0, 0.2)) for rows in (shipped, shipped[::-1]))
    one = market.solve_market(sides.payoffs, RULE, seed=1)
    other = market.solve_market(turned.payoffs, RULE, seed=1)
    assert one.can_launch == other.can_launch
    assert np.array_equal(one.without_rule.greatest, other.without_rule.greatest[::-1])
    assert np.array_equal(one.good_faith, other.good_faith[::-1])


# ----------------------------------------------------------------------------- the frontier


@pytest.mark.parametrize(
    ("package", "capitation", "rule"),
    [
        (ANNOUNCED, 0.0, RULE),
        ("illustrative_capitation", 40.0, RULE),
        ("illustrative_capitation", 40.0, 0.1),
        ("illustrative_capitation", 40.0, None),
    ],
)
def test_at_the_packages_own_terms_the_grid_is_the_market(package, capitation, rule, shipped):
    """Its own terms are nodes here, so nothing is interpolated."""
    grid = analysis.frontier(
        shipped, package, rule, steps=7, count=COUNT, capitation_to=240.0, corridors=(1.0,)
    )
    assert grid.announced == (capitation, 0.0, 0.05)
    solved = engine.solve_shipped(shipped, package, rule, count=COUNT)
    x = grid.capitation.tolist().index(capitation)
    y = 0
    counted = solved.sides.counted
    free = counted[np.asarray(solved.market.without_rule.greatest)].sum()
    assert grid.joining_share[0, x, y] == pytest.approx(free)
    assert bool(grid.launches[0, x, y]) == solved.market.can_launch
    if rule is not None:
        willing = counted[np.asarray(solved.market.good_faith)].sum()
        assert grid.willing_share[0, x, y] == pytest.approx(willing)
    launching = solved.market.launching
    if launching is None:
        assert np.isnan(grid.federal_cost[0, x, y])
        return
    # Federal cost over all enrollees, each side by what it does at that joining share.
    tables, share = solved.sides.tables, counted[launching].sum()
    which, members = solved.sides.payoffs.archetype, solved.sides.members
    cost = 0.0
    for index, kind in enumerate(which):
        table = tables.federal_inside if launching[index] else tables.federal_outside
        cost += members[index] * np.interp(share, tables.nodes, table[0, kind])
    assert grid.federal_pmpm[0, x, y] == pytest.approx(cost / members.sum(), rel=1e-6)
    assert grid.federal_cost[0, x, y] == pytest.approx(12.0 * cost, rel=1e-6)


def test_the_launch_rule_only_widens_with_the_incentives(found):
    """In the shipped market no incentive ever makes the model not launch."""
    assert set(np.unique(found.launches)) == {0.0, 1.0}
    for axis in (1, 2):
        assert np.all(np.diff(found.launches, axis=axis) >= 0.0)
        assert np.all(np.diff(found.joining_share, axis=axis) >= -1e-12)
        assert np.all(np.diff(found.willing_share, axis=axis) >= -1e-12)
    # Narrower corridors take risk away: they never cost a launch either.
    assert found.corridor.tolist() == pytest.approx([0.05, 0.025, 0.01])
    assert np.all(np.diff(found.launches, axis=0) >= 0.0)
    assert np.all((found.joining_share >= 0.0) & (found.joining_share <= 1.0 + 1e-12))


def test_federal_cost_rises_with_the_incentives(found):
    launches = found.launches > 0.0
    assert np.array_equal(launches, np.isfinite(found.federal_cost))
    assert np.array_equal(launches, np.isfinite(found.federal_pmpm))
    for axis in (1, 2):
        rise = np.diff(found.federal_pmpm, axis=axis)
        assert np.all(rise[np.isfinite(rise)] > 0.0)
        better = np.diff(found.gain, axis=axis)
        bids = np.diff(found.bid_change, axis=axis)
        both = np.diff(launches.astype(int), axis=axis) == 0
        both &= np.take(launches, range(8), axis=axis)
        # An incentive that is priced goes into lower bids and better results.
        assert np.all(better[both] > 0.0)
        assert np.all(bids[both] < 0.0)


def test_the_cheapest_package_launches_and_nothing_that_launches_is_cheaper(found, shipped):
    best = found.cheapest
    x = found.capitation.tolist().index(best.capitation)
    y = found.reinsurance.tolist().index(best.reinsurance)
    z = found.corridor.tolist().index(best.corridor)
    assert found.launches[z, x, y] == 1.0
    assert best.federal_cost == found.federal_cost[z, x, y]
    assert best.federal_pmpm == found.federal_pmpm[z, x, y]
    assert best.federal_cost <= np.nanmin(found.federal_cost)
    members = sum(row.members for row in shipped)
    assert best.federal_cost == pytest.approx(best.federal_pmpm * members * 12.0)
    assert best.joining_share >= RULE - 1e-9
    # The engine itself, at those terms, launches too.
    terms = cells(best.capitation, best.reinsurance, best.corridor)
    solved = market.solve_market(sides_of(shipped, terms).payoffs, RULE, seed=1)
    assert solved.can_launch


def test_where_nothing_launches_there_is_no_cheapest(shipped):
    hurdled = [Sponsor(row.name, row.scenario, row.members, hurdle_pmpm=900.0) for row in shipped]
    none = analysis.frontier(hurdled, ANNOUNCED, RULE, steps=3, count=COUNT, corridors=(1.0,))
    assert none.cheapest is None
    assert not none.launches.any()
    assert np.isnan(none.federal_cost).all()
    said = analysis.to_dict(none)
    assert said["cheapest"] is None
    assert said["federal_cost"][0][0] == [None] * 3
    json.dumps(said, allow_nan=False)


def test_the_interpolation_error_is_the_gap_to_the_engine_half_way(found):
    """One kind of plan, the interpolation written anew: 1 / share, then terms by a plane."""
    kind = [Sponsor("only", "pdp_national", 1e6)]
    corridors = (0.05, 0.01)
    grid = analysis.frontier(kind, ANNOUNCED, RULE, steps=3, count=COUNT, corridors=(1.0, 0.2))
    kinds, _ = kinds_of(kind)

    def at(capitation, reinsurance, **more):
        wide = np.meshgrid(corridors, capitation, reinsurance, indexing="ij")
        terms = Terms(wide[1].ravel(), wide[2].ravel(), wide[0].ravel(), 2.0 * wide[0].ravel())
        return tabulate(kinds, np.ones(1), terms, ANNOUNCED, count=COUNT, **more), wide[0].shape

    x, y = np.linspace(0.0, 200.0, 7), np.linspace(0.0, 1.0, 5)
    nodes, shape = at(x, y)
    dense = denser(nodes)
    x_half, y_half = (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    exact, half = at(x_half, y_half, shares=analysis.HALF_WAY)
    worst = {}
    for name in ("inside", "federal_inside"):
        gaps = []
        for place, share in enumerate(analysis.HALF_WAY):
            rows = getattr(dense, name)[:, 0]
            known = np.array([np.interp(share, dense.nodes, row) for row in rows]).reshape(shape)
            truth = getattr(exact, name)[:, 0, place].reshape(half)
            for layer in range(len(corridors)):
                plane = RegularGridInterpolator((x, y), known[layer])
                points = np.stack(np.meshgrid(x_half, y_half, indexing="ij"), axis=-1)
                gaps.append(np.abs(plane(points) - truth[layer]).max())
        worst[name] = max(gaps)
    assert grid.value_error == pytest.approx(worst["inside"], rel=1e-6)
    assert grid.federal_error == pytest.approx(worst["federal_inside"], rel=1e-6)
    # Shown, and small beside what the incentives move.
    assert 0.0 < found.value_error < 0.5
    assert 0.0 < found.federal_error < 0.5
    assert found.value_error < 0.2 * float(np.nanmax(found.gain) - np.nanmin(found.gain))


def test_grids_have_their_axes_and_plain_data(found):
    assert found.launches.shape == (3, 9, 9)
    assert (found.capitation[0], found.capitation[-1]) == (0.0, 200.0)
    assert (found.reinsurance[0], found.reinsurance[-1]) == (0.0, 1.0)
    said = analysis.to_dict(found)
    text = json.dumps(said, allow_nan=False)
    assert json.loads(text)["axes"]["capitation"] == found.capitation.tolist()
    for name in ("joining_share", "launches", "federal_cost"):
        assert np.array(said[name], dtype=float).shape == (3, 9, 9)
    assert said["interpolation_error"]["value_pmpm"] == found.value_error


def test_more_uptake_and_more_fear_of_risk_need_more(shipped):
    """How the frontier moves with what is assumed, on the statute's corridor."""
    launches = {}
    for label, settings in {
        "base": {},
        "more uptake": {analysis.UPTAKE: 0.6},
        "more fear": {analysis.CAPITAL: 2.0},
        "all priced": {analysis.PRICED: 1.0},
        "none priced": {analysis.PRICED: 0.0},
    }.items():
        grid = analysis.frontier(
            shipped, ANNOUNCED, RULE, settings=settings, steps=9, count=COUNT, corridors=(1.0,)
        )
        launches[label] = grid
    base = launches["base"].launches
    assert np.all(launches["more uptake"].launches <= base)
    assert np.all(launches["more fear"].launches <= base)
    assert launches["more fear"].launches.sum() < base.sum()
    # A cost that is priced comes back in premiums: bids move only where something is priced, and
    # an incentive that is priced moves bids, not margins.
    unpriced, priced = launches["none priced"], launches["all priced"]
    assert np.nanmax(np.abs(unpriced.bid_change)) == pytest.approx(0.0, abs=1e-9)
    spread = {
        label: float(np.nanmax(grid.gain) - np.nanmin(grid.gain))
        for label, grid in launches.items()
    }
    assert spread["all priced"] < spread["base"] < spread["none priced"]
    assert np.nanmin(priced.bid_change) < np.nanmin(launches["base"].bid_change) < 0.0


def test_variants_move_uptake_pricing_and_fear_of_risk(monkeypatch):
    asked = []

    def small(rows, package, rule, **more):
        asked.append(more["settings"])
        return real(rows, package, rule, count=COUNT, corridors=(1.0,), **more)

    real = analysis.frontier
    monkeypatch.setattr(analysis, "frontier", small)
    rows = [Sponsor("only", "pdp_regional", 1e6)]
    others = analysis.variants(rows, ANNOUNCED, RULE, steps=3)
    assert len(others) == len(asked) == 7
    moved = {path for settings in asked for path in settings}
    assert moved == {analysis.UPTAKE, analysis.PRICED, analysis.CAPITAL}
    assert {} in asked
    assert {analysis.PRICED: 0.0} in asked
    assert {analysis.PRICED: 1.0} in asked
    plain = others["as assumed"].gain
    assert any(not np.array_equal(one.gain, plain, equal_nan=True) for one in others.values())


def test_the_words_say_for_whom_the_capitation_is_paid(found):
    assert found.per == "treated"
    assert "a month per treated member" in words.frontier_sentence(found)
    everyone = dataclasses.replace(found, per="enrolled")
    assert "a month per enrolled member" in words.frontier_sentence(everyone)
    assert "treated" not in words.frontier_sentence(everyone)


def test_a_package_as_it_stands_keeps_its_levers_year_by_year():
    """A capitation that starts in 2030 pays in 2030 and 2031 only, not over the whole horizon."""
    rows = [Sponsor("only", "pdp_regional", 1e6)]
    kinds, _ = kinds_of(rows)
    path = "terms.obesity_capitation.amount"

    def inside(settings):
        found = tabulate(kinds, np.ones(1), None, ANNOUNCED, count=COUNT, settings=settings)
        return float(found.inside[0, 0, -1])

    nothing, late, always = (
        inside(settings) for settings in ({}, {f"{path}.2030_01_01": 100.0}, {path: 100.0})
    )
    assert nothing < late < always
    # Fewer people are treated in the first years than in the last two.
    assert 0.4 < (late - nothing) / (always - nothing) < 0.8
