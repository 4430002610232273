"""The table of what a spell moves: shared where cases are alike, read between nodes where not."""

from dataclasses import replace

import numpy as np
import pytest

from calculator import load_scenario
from calculator.analysis.draws import draws
from calculator.decision import evaluate
from calculator.model import benefit, spell_table
from calculator.model.arrays import array
from calculator.model.drug_lines import rules
from calculator.model.inputs import map_arrays
from calculator.part_d_decision import CHUNK_WITH_TABLE

FILLS = "assumptions.persistence.fills_per_month"
SPEND = "assumptions.spending.mean_gross.2025_01_01"
ELIGIBLE = "assumptions.uptake.eligible_share"


@pytest.fixture(scope="module")
def plan():
    return load_scenario("pdp_regional")


def pmpm(result):
    months = np.broadcast_to(result.member_months, result.value.shape).sum(axis=1)
    return result.value.sum(axis=1) / months


def singles(scenario, cases, count):
    """Every case in a run of its own."""
    return np.concatenate(
        [
            evaluate(scenario, {path: values[n : n + 1] for path, values in cases.items()})
            .result.value
            for n in range(count)
        ]
    )  # fmt: skip


@pytest.mark.parametrize("resolution", ["full", "workbook"])
def test_one_case_is_what_it_is_whether_or_not_nodes_are_allowed(plan, resolution):
    alone = evaluate(plan, None, resolution)
    same = evaluate(plan, None, resolution, interpolate=True)
    assert not same.interpolated
    assert same.result.value.tobytes() == alone.result.value.tobytes()


def test_cases_that_share_a_table_are_what_single_runs_give(plan):
    """As in a tornado: two inputs move the table, one does not, and their cases are mixed."""
    central = {FILLS: 1.0, SPEND: 4559.91, ELIGIBLE: 0.0693}
    moved = [(FILLS, 0.85), (FILLS, 1.08), (SPEND, 4300.0), (SPEND, 5600.0)]
    moved += [(ELIGIBLE, share) for share in np.linspace(0.06, 0.10, 6)]
    rows = [{**central, path: value} for path, value in moved]
    cases = {path: np.array([row[path] for row in rows]) for path in central}
    run = evaluate(plan, cases)
    assert len(spell_table.alike(spell_table.year(run.inputs), len(rows))) == 5
    assert run.result.value == pytest.approx(singles(plan, cases, len(rows)), rel=1e-12)


@pytest.mark.parametrize("varying", [(SPEND,), (FILLS,), (FILLS, SPEND)])
def test_cases_with_a_table_each_are_exact_unless_nodes_are_asked_for(plan, varying):
    count = CHUNK_WITH_TABLE + 3
    ends = {FILLS: (0.85, 1.08), SPEND: (4300.0, 5600.0)}
    cases = {path: np.linspace(*ends[path], count) for path in varying}
    run = evaluate(plan, cases)
    assert not run.interpolated
    assert run.result.value == pytest.approx(singles(plan, cases, count), rel=1e-12)


TERMS = [
    {},
    {"selection.include": True},
    {"terms.package": "illustrative_all"},
    {"terms.deductible_exempt": False},
    {"terms.copay_counts_to_troop": False},
    {"terms.existing_users": "broad"},
    {"terms.mechanism": "point_of_sale"},
    {"terms.copay": 300.0},
]


CASES = [
    pytest.param(name, terms, id=f"{name}, {', '.join(map(str, terms)) or 'shipped'}")
    for name in ("pdp_regional", "mapd", "egwp")
    for terms in TERMS
    # Nobody can choose an employer's plan.
    if not (name == "egwp" and "selection.include" in terms)
]


@pytest.mark.parametrize(("name", "terms"), CASES)
def test_between_nodes_value_and_cost_are_within_a_thousandth_of_the_engine(name, terms):
    scenario = load_scenario(name).with_settings(terms)
    table = draws(scenario, 32, 1)
    exact = evaluate(scenario, table.cases, draws=32)
    near = evaluate(scenario, table.cases, draws=32, interpolate=True)
    assert near.interpolated
    assert not exact.interpolated
    # Payers sum to gross to the cent: fills and dollars move, they do not vanish.
    assert near.costs.join.gross == pytest.approx(exact.costs.join.gross, rel=1e-12)
    added = np.abs(exact.costs.join.model).sum(axis=1)
    gap = np.abs((near.costs.join.model - exact.costs.join.model).sum(axis=1))
    assert np.all(gap < 1e-3 * added)
    worth = pmpm(exact.result)
    assert np.abs(pmpm(near.result) - worth).mean() < 1e-3 * np.abs(worth).mean()


def test_ranges_wider_than_any_shipped_stay_within_a_thousandth(plan):
    """A copay from nothing to $200, deductibles and coinsurance that vary: many nodes on each."""
    rng = np.random.default_rng(1)
    cases = {
        "terms.copay": rng.uniform(0.0, 200.0, 32),
        FILLS: rng.uniform(0.5, 1.08, 32),
        "assumptions.benefit.initial_coinsurance": rng.uniform(0.2, 0.3, 32),
        "assumptions.benefit.deductible.2027_01_01": rng.uniform(200.0, 1200.0, 32),
        SPEND: rng.uniform(2000.0, 9000.0, 32),
    }
    exact, near = (evaluate(plan, cases, draws=32, interpolate=flag) for flag in (False, True))
    assert near.interpolated
    worth = pmpm(exact.result)
    assert np.abs(pmpm(near.result) - worth).mean() < 1e-3 * np.abs(worth).mean()


def test_a_member_who_spends_beyond_every_node_is_read_as_far_above_the_threshold(plan):
    cases = {SPEND: np.linspace(60_000.0, 100_000.0, 32)}
    exact, near = (evaluate(plan, cases, draws=32, interpolate=flag) for flag in (False, True))
    assert near.interpolated
    assert pmpm(near.result) == pytest.approx(pmpm(exact.result), rel=1e-3)


def test_on_its_own_nodes_the_table_is_exact(plan):
    """A stratum whose spending, copays and deductible all lie on nodes needs no interpolation."""
    run = evaluate(plan, {FILLS: np.linspace(0.85, 1.08, 16)}, interpolate=True)
    inputs = run.inputs
    unit = inputs.rules.deductible + (
        (inputs.rules.threshold - inputs.rules.deductible) / inputs.rules.coinsurance
    )
    # Four spenders: at half of the threshold's spending, at it, at twice and at four times it.
    spend = unit[:, :, None, None] * np.array([0.0, 0.5, 1.0, 2.0, 4.0])
    spend = np.broadcast_to(spend, (1, 4, 2, 5))
    share = np.full((1, 2, 5), 0.1)
    mix = np.broadcast_to(np.array([0.5, 0.1, 0.4]), (1, 4, 2, 5, 3))
    ends = map_arrays(inputs, lambda value: value[[0, -1]] if len(value) == 16 else value)
    ends = replace(ends, spend=spend, weights=share, user_weights=share, class_mix=mix)
    within = share / share.sum(axis=-1, keepdims=True)
    without = benefit.year_phases(spend, array(0.0), array(0.0), rules(ends.rules, 2), None)
    spells = np.random.default_rng(2).uniform(0.0, 5.0, (2, 4, 2, 78))
    exact = spell_table.exact(ends, without, within).over(spells)
    known = spell_table.nodes(ends)
    near = spell_table.between(ends, known, within).over(spells)
    # The deductible's share differs a little by year (both are rounded), so it lies between nodes.
    assert near.standard == pytest.approx(exact.standard, rel=1e-3, abs=1e-3)
    assert near.fills == pytest.approx(exact.fills, rel=2e-3, abs=1e-3)
    # Whatever the nodes, fills are months on therapy times fills a month.
    assert near.fills.sum(axis=-1) == pytest.approx(exact.fills.sum(axis=-1), rel=1e-12)


def test_where_no_spending_meets_the_threshold_every_table_is_made_in_full(plan):
    """A threshold below the deductible is odd but typed by somebody: no unit to measure in."""
    odd = plan.with_settings(
        {
            "assumptions.benefit.oop_threshold": 600.0,
            "assumptions.benefit.deductible": 700.0,
        }
    )
    cases = {FILLS: np.linspace(0.85, 1.08, 16)}
    run = evaluate(odd, cases, interpolate=True)
    assert not run.interpolated


def test_progress_is_told_and_may_stop_the_run(plan):
    table = draws(plan, 2048, 1)
    told = []
    evaluate(
        plan, table.cases, "workbook", draws=2048, interpolate=True,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told == sorted(told)
    assert told[-1] == (2048, 2048)
    assert len(told) > 4

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(plan, table.cases, "workbook", draws=2048, interpolate=True, progress=stop)


def test_many_tables_are_seen_wherever_they_lie_among_the_cases(plan):
    """Rows of a design that moves one input at a time: most share a table with their neighbours."""
    spend = np.repeat(np.linspace(4300.0, 5600.0, 12), 10)
    cases = {SPEND: spend, ELIGIBLE: np.linspace(0.06, 0.10, len(spend))}
    few = {SPEND: np.repeat([4300.0, 5600.0], 60), ELIGIBLE: cases[ELIGIBLE]}
    assert evaluate(plan, cases, "workbook", interpolate=True).interpolated
    assert not evaluate(plan, few, "workbook", interpolate=True).interpolated
    assert not evaluate(plan, cases, "workbook").interpolated
