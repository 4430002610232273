"""Who joins: the launch rule inside the gains, stable sets, and what is proven (model section 9).

The brute force here is written anew from the contract: plain Python over every subset.
"""

import itertools

import numpy as np
import pytest

from calculator.model import joining, market, selection, sponsors
from calculator.model.sponsors import tabulated

RULE = 0.8
NODES = np.linspace(0.0, 1.0, 6)


# ---------------------------------------------------------------------------------- brute force


def contract_gain(table: dict, sponsor: int, members, rule):
    """gain_j(S) of the contract for one sponsor; `table` holds what `tabulated` was given."""
    shares, nodes = table["shares"], table["nodes"]
    others = sum(s for j, s in enumerate(shares) if members[j] and j != sponsor)
    with_it, without = others + shares[sponsor], others
    charge = table.get("risk_charge", np.zeros_like(table["inside"]))

    def runs(share):
        return 1.0 if rule is None or share >= rule - 1e-9 else 0.0

    def own(name):
        return np.broadcast_to(table.get(name, 0.0), len(shares))[sponsor]

    inside = np.interp(with_it, nodes, table["inside"][sponsor] - charge[sponsor])
    outside = np.interp(without, nodes, table["outside"][sponsor])
    return (
        runs(with_it) * (inside - own("hurdle") - own("none"))
        - runs(without) * (outside - own("none"))
        - own("application_cost")
    )


def every_stable_set(gain, sponsors_count: int) -> set[tuple[bool, ...]]:
    """All stable sets by looking at every subset; `gain(j, members)`."""
    found = set()
    for members in itertools.product([False, True], repeat=sponsors_count):
        gains = [gain(j, members) for j in range(sponsors_count)]
        if all(g >= -1e-9 if m else g <= 1e-9 for g, m in zip(gains, members, strict=True)):
            found.add(members)
    return found


def as_tuples(sets) -> set[tuple[bool, ...]]:
    return {tuple(bool(one) for one in row) for row in sets}


def random_shares(rng, count: int, total: float = 1.0):
    weights = rng.pareto(1.5, count) + 0.2
    return total * weights / weights.sum()


def rising_market(rng, count: int, spread: float = 6.0) -> dict:
    """The more have joined, the better it is to be in and the worse to be out."""
    start = rng.normal(-6.0, spread, (count, 1))
    inside = start + np.cumsum(rng.exponential(2.0, (count, len(NODES))), axis=1)
    outside = -np.cumsum(rng.exponential(0.5, (count, len(NODES))), axis=1)
    return {
        "shares": random_shares(rng, count),
        "nodes": NODES,
        "inside": inside,
        "outside": outside,
        "none": rng.normal(0.0, 0.1, count),
        "risk_charge": np.sort(rng.exponential(0.2, (count, len(NODES))), axis=1)[:, ::-1],
        "hurdle": rng.exponential(0.5, count),
        "application_cost": rng.exponential(0.3, count),
    }


def any_market(rng, count: int) -> dict:
    """No order at all: profitable movers, costly leavers and their opposites."""
    return {
        "shares": random_shares(rng, count, rng.uniform(0.85, 1.0)),
        "nodes": NODES,
        "inside": rng.normal(1.0, 3.0, (count, len(NODES))),
        "outside": rng.normal(0.0, 2.0, (count, len(NODES))),
        "hurdle": rng.exponential(0.3, count),
        "application_cost": rng.choice([0.0, 0.2]) * np.ones(count),
    }


def alike(count: int, inside, outside, share: float | None = None, **more):
    """`count` sponsors with the same two worths on the nodes 0 and 1."""
    shares = np.full(count, 1.0 / count if share is None else share)
    tables = (np.tile(one, (count, 1)) for one in (inside, outside))
    return tabulated(shares, [0.0, 1.0], *tables, **more)


# -------------------------------------------------------------------------------------- the gain


def test_a_pivotal_sponsor_compares_with_no_model_and_another_with_staying_out_of_a_running_one():
    three = tabulated(
        [0.5, 0.3, 0.2],
        [0.0, 1.0],
        inside=np.full((3, 2), 10.0),
        outside=np.full((3, 2), 7.0),
        none=1.0,
        risk_charge=2.0,
        hurdle=0.5,
        application_cost=0.25,
    )
    everybody, two, one = [True, True, True], [True, True, False], [True, False, False]
    found = sponsors.gains(three, np.array([everybody, two, one]), RULE)
    pivotal = 10 - 2 - 0.5 - 1 - 0.25
    beside = (10 - 2 - 0.5 - 1) - (7 - 1) - 0.25
    # In all three the 0.2 sponsor is not needed, the two others are.
    assert found[0] == pytest.approx([pivotal, pivotal, beside])
    assert found[1] == pytest.approx([pivotal, pivotal, beside])
    # With 0.5 in: 0.3 more make 0.8; 0.2 more do not and pay for applying; 0.5 alone does too.
    assert found[2] == pytest.approx([-0.25, pivotal, -0.25])
    # Without a rule the model runs whatever they do.
    assert sponsors.gains(three, np.array([one])) == pytest.approx(np.full((1, 3), beside))


def test_a_sponsors_share_counts_where_it_is_in_and_not_where_it_is_out():
    # In is worth the joining share, out ten times it.
    two = tabulated([0.6, 0.4], [0.0, 1.0], [[0.0, 1.0]] * 2, [[0.0, 10.0]] * 2)
    found = sponsors.gains(two, np.array([[True, True], [False, False], [True, False]]))
    assert found == pytest.approx(np.array([[1 - 4, 1 - 6], [0.6, 0.4], [0.6, 1 - 6]]))


@pytest.mark.parametrize("rule", [None, RULE])
def test_gains_are_the_contracts(rule):
    rng = np.random.default_rng(1)
    table = any_market(rng, 5)
    members = joining.every_set(5)
    expected = [[contract_gain(table, j, row, rule) for j in range(5)] for row in members]
    found = sponsors.gains(tabulated(**table), members, rule)
    assert found == pytest.approx(np.array(expected), abs=1e-9)


def test_archetypes_and_sizes_give_what_a_row_per_sponsor_gives():
    rng = np.random.default_rng(2)
    kinds, size = np.array([1, 0, 1, 1]), np.array([10.0, 20.0, 5.0, 1.0])
    inside, outside = rng.normal(size=(2, 2, len(NODES)))
    shares = random_shares(rng, 4)
    members = joining.every_set(4)
    by_kind = tabulated(shares, NODES, inside, outside, archetype=kinds, size=size, hurdle=1.0)
    rows = (size[:, None] * one[kinds] for one in (inside, outside))
    by_row = tabulated(shares, NODES, *rows, hurdle=1.0)
    assert sponsors.gains(by_kind, members, RULE) == pytest.approx(
        sponsors.gains(by_row, members, RULE)
    )


# --------------------------------------------------------------------- best response, brute force


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 9, 12])
def test_best_response_from_both_ends_is_brute_force_where_gains_rise(count):
    rng = np.random.default_rng(100 + count)
    for _ in range(1 if count > 9 else 2 if count > 7 else 12):
        table = rising_market(rng, count)
        payoffs = tabulated(**table)
        assert sponsors.signs(payoffs)[0].all()
        brute = every_stable_set(
            lambda j, members, table=table: contract_gain(table, j, members, None), count
        )
        found = joining.solve(sponsors.game(payoffs), payoffs.shares, seed=1)
        assert found.method == "best response"
        assert found.label == "proven"
        assert as_tuples(found.sets) == brute
        greatest, least = found.leaving.members[-1], found.joining.members[-1]
        assert as_tuples([greatest, least]) <= brute
        assert all(np.all(np.array(one) <= greatest) for one in brute)
        assert all(np.all(np.array(one) >= least) for one in brute)
        assert found.ordered
        assert np.array_equal(found.greatest, greatest)
        assert np.array_equal(found.least, least)


def test_the_rising_markets_have_more_than_one_stable_set_now_and_then():
    # Else the test above could not tell the two ends apart.
    rng = np.random.default_rng(107)
    counts = []
    for _ in range(40):
        payoffs = tabulated(**rising_market(rng, 7))
        counts.append(len(joining.solve(sponsors.game(payoffs), payoffs.shares, seed=1).sets))
    assert max(counts) > 1


@pytest.mark.parametrize("count", [3, 6, 10])
def test_any_gain_that_rises_with_the_set_is_solved_from_both_ends(count):
    rng = np.random.default_rng(count)
    for _ in range(3):
        # Whole numbers, so that ties occur and are exact.
        own = rng.integers(-6, 2, count)
        pull = rng.integers(0, 3, (count, count))

        def gain(j, members, own=own, pull=pull):
            return float(own[j] + sum(pull[j][k] for k in range(count) if members[k] and k != j))

        found = joining.solve(joining.of_function(gain), np.full(count, 1 / count), seed=1)
        brute = every_stable_set(gain, count)
        assert found.keeps_its_sign
        assert as_tuples(found.sets) == brute
        assert np.array_equal(found.greatest, found.leaving.members[-1])
        assert np.array_equal(found.least, found.joining.members[-1])


def test_above_12_sponsors_the_ends_are_still_those_of_every_subset():
    rng = np.random.default_rng(5)
    spread = []
    for _ in range(10):
        payoffs = tabulated(**rising_market(rng, 14, spread=2.0))
        found = joining.solve(
            sponsors.game(payoffs),
            payoffs.shares,
            seed=1,
            sign_kept=bool(sponsors.signs(payoffs)[0][0]),
        )
        assert found.method == "best response"
        every = joining.every_set(14)
        gained = sponsors.gains(payoffs, every)
        stable = every[~joining.unstable(every, gained).any(axis=1)]
        assert np.array_equal(found.greatest, stable.any(axis=0))
        assert np.array_equal(found.least, stable.all(axis=0))
        spread.append(len(stable) > 1)
    assert any(spread)


@pytest.mark.parametrize("rule", [None, 0.8, 0.5])
def test_any_market_of_a_few_is_enumerated(rule):
    rng = np.random.default_rng(7)
    methods = set()
    for _ in range(25):
        table = any_market(rng, 6)
        payoffs = tabulated(**table)
        brute = every_stable_set(
            lambda j, members, table=table: contract_gain(table, j, members, rule), 6
        )
        report = market.solve_market(payoffs, rule, seed=1)
        found = report.under_rule or report.without_rule
        methods.add(found.method)
        assert found.proven
        assert report.launch_proven
        assert as_tuples(found.sets) == brute
        assert found.no_pure_equilibrium == (not brute)
        shares = table["shares"]
        launching = [
            one for one in brute if (any(one) if rule is None else shares @ one >= rule - 1e-9)
        ]
        assert report.can_launch == bool(launching)
        if launching:
            assert tuple(report.launching) in launching
            assert shares @ report.launching == pytest.approx(max(shares @ x for x in launching))
        assert report.nobody_is_stable == ((False,) * 6 in brute)
    assert "every subset" in methods


@pytest.mark.parametrize("rule", [None, 0.8])
def test_a_proof_from_the_tables_holds_on_every_subset(rule):
    # What `signs` calls proven over all joining shares must hold at those that can occur.
    rng = np.random.default_rng(11)
    proven = 0
    for draw in range(60):
        table = (rising_market if draw % 2 else any_market)(rng, 5)
        table["inside"] = table["inside"] + rng.normal(0, 3, (5, 1))
        payoffs = tabulated(**table)
        kept, possible = sponsors.signs(payoffs, rule)
        every = joining.every_set(5)
        gained = sponsors.gains(payoffs, every, rule)
        share = np.where(every, 0.0, payoffs.shares) + (every @ payoffs.shares)[:, None]
        asked = np.ones_like(every) if rule is None else joining.meets(share, rule)
        if kept[0]:
            proven += 1
            assert joining.keeps_its_sign(gained, asked)
        stable = every[~joining.unstable(every, gained).any(axis=1)]
        launching = stable[joining.meets(stable @ payoffs.shares, rule or 0.0)]
        assert np.all(launching <= possible[0])
    assert proven > 10


SIGNS = [
    # inside of the first of two halves on the nodes 0, 0.6, 0.8, 1 (out is worth 0), kept
    ([1.0, 1.0, 1.0, 1.0], True),
    ([-1.0, -1.0, 0.0, 1.0], True),
    ([1.0, 1.0, 0.0, 0.0], False),  # from above 0 to 0
    ([0.0, 0.0, 0.0, -1.0], False),  # from 0 to below
    ([1.0, 1.0, -1.0, 1.0], False),  # below 0 only between: with 0.3 others
    ([-1.0, 0.5, -1.0, 1.0], False),
]


@pytest.mark.parametrize(("inside", "kept"), SIGNS)
def test_a_fall_of_the_sign_is_seen_wherever_it_is(inside, kept):
    two = tabulated([0.5, 0.5], [0.0, 0.6, 0.8, 1.0], [inside, [1.0] * 4], np.zeros((2, 4)))
    assert sponsors.signs(two)[0].tolist() == [kept]
    # The same turned over on the outside: there the joining share is the others' alone.
    outside = [0.0, 0.0, 1.0, 0.0]
    beside = tabulated([0.1, 0.9], [0.0, 0.6, 0.8, 1.0], [[0.5] * 4, [2.0] * 4], [outside] * 2)
    assert sponsors.signs(beside)[0].tolist() == [False]


def test_a_fall_at_the_rule_is_seen():
    # Pivotal, in is worth 1 more than no model; beyond, 1 less than staying out, but less so.
    inside, outside = [[1.0, 1.0]] * 3, [[5.0, 0.0]] * 3
    three = tabulated([0.4, 0.3, 0.3], [0.0, 1.0], inside, outside)
    assert sponsors.signs(three, 0.55)[0].tolist() == [False]
    assert sponsors.signs(three, 0.95)[0].tolist() == [True]  # nobody can stay out of it
    first = sponsors.running_gains(three, 0, 0.55)[0]
    # The others' share from 0.15 to 0.55, then out is worth 5 (1 - 0.55), and 2 at 0.6.
    assert first[:2] == pytest.approx([1.0, 1.0])
    assert first[-2:] == pytest.approx([1 - 5 * 0.45, 1 - 5 * 0.4])


def test_with_a_rule_the_ends_give_the_greatest_launching_set_without_enumeration(monkeypatch):
    monkeypatch.setattr(joining, "ENUMERATED", 0)
    rng = np.random.default_rng(13)
    launches = []
    for _ in range(60):
        table = rising_market(rng, 6)
        # Some launch at 60%, some do not; the reluctant stay below 0 wherever the model runs.
        table["inside"] = table["inside"] + rng.normal(4.0, 3.0)
        payoffs = tabulated(**table)
        report = market.solve_market(payoffs, 0.6, seed=1)
        brute = every_stable_set(
            lambda j, members, table=table: contract_gain(table, j, members, 0.6), 6
        )
        shares = table["shares"]
        best = max((shares @ one for one in brute if shares @ one >= 0.6 - 1e-9), default=None)
        if report.launch_proven:
            assert report.can_launch == (best is not None)
        if report.under_rule.proven and best is not None:
            assert shares @ report.launching == pytest.approx(best)
            launches.append(report.under_rule.method)
    assert launches.count("best response") > 10


# ---------------------------------------------------------------------- profitable movers, leavers


def test_profitable_movers_join_until_there_is_nobody_left_to_win():
    # Four alike: in is worth 3 alone and less with each who comes; out is worth nothing.
    four = alike(4, [5.0, -5.0], [0.0, 0.0], share=0.2)
    found = market.solve_market(four, None, seed=1).without_rule
    assert found.method == "every subset"
    assert found.label == "proven"
    assert not found.ordered
    # At 0.4 in is worth 1, at 0.6 -1: any two of four.
    assert sorted(found.sets.sum(axis=1)) == [2] * 6


def test_costly_leavers_make_staying_out_better_when_others_join():
    four = alike(4, [1.0, 1.0], [0.0, 2.5], share=0.25)
    report = market.solve_market(four, None, seed=1)
    # Out is worth 0.625 beside one, 1.25 beside two: again two of four, and no more.
    assert report.without_rule.method == "every subset"
    assert sorted(report.without_rule.sets.sum(axis=1)) == [2] * 6


def test_matching_pennies_has_no_stable_set_and_shows_the_circle():
    def gain(j, members):
        return 1.0 if bool(members[1 - j]) == (j == 0) else -1.0

    found = joining.solve(joining.of_function(gain), np.array([0.5, 0.5]), seed=1)
    assert every_stable_set(gain, 2) == set()
    assert found.no_pure_equilibrium
    assert found.label == "proven"
    assert found.greatest is None
    assert found.least is None
    assert found.launching is None
    assert np.array_equal(found.cycle[0], found.cycle[-1])
    assert len(found.cycle) == 5
    for before, after in itertools.pairwise(found.cycle):
        (changed,) = np.flatnonzero(before != after)
        worth = gain(changed, before)
        assert worth > 0 if after[changed] else worth < 0


def test_matching_pennies_in_tables():
    # In beside the other is worth 1 to the first and -1 to the second; in alone the opposite.
    shares = [0.5, 0.5]
    inside = [[-3.0, -1.0, 1.0], [3.0, 1.0, -1.0]]
    two = tabulated(shares, [0.0, 0.5, 1.0], inside, np.zeros((2, 3)))
    report = market.solve_market(two, None, seed=1)
    assert report.without_rule.no_pure_equilibrium
    assert report.without_rule.proven
    assert not report.can_launch
    assert report.launch_proven
    assert len(report.without_rule.cycle) == 5
    cells = market.solve_cells(two, None)
    assert not cells.stable[0]
    assert not cells.launches[0]
    assert not cells.proven[0]


def test_where_every_start_goes_in_circles_it_says_not_proven():
    # Matching pennies for two, and twelve beside them who join whatever happens.
    def gain(j, members):
        if j > 1:
            return 1.0
        return 1.0 if bool(members[1 - j]) == (j == 0) else -1.0

    found = joining.solve(joining.of_function(gain), np.full(14, 1 / 14), seed=1)
    assert found.method == "starts"
    assert found.no_pure_equilibrium
    assert found.label == "not proven"
    assert found.cycle[:, 2:].all()
    assert np.array_equal(found.cycle[0], found.cycle[-1])


# ----------------------------------------------------------------------- incentives and the rule


@pytest.mark.parametrize("rule", [None, RULE])
def test_with_enough_incentive_everyone_joins(rule):
    report = market.solve_market(alike(5, [100.0, 100.0], [1.0, 5.0]), rule, seed=1)
    assert report.can_launch
    assert report.launching.all()
    assert report.without_rule.greatest.all()
    assert report.without_rule.least.all()
    if rule:
        assert report.good_faith.all()
        assert report.good_faith_launch


@pytest.mark.parametrize("rule", [None, RULE])
@pytest.mark.parametrize("count", [5, 20])
def test_with_no_incentive_and_costs_nobody_does(rule, count):
    report = market.solve_market(alike(count, [-1.0, -4.0], [0.0, 0.0]), rule, seed=1)
    assert not report.can_launch
    assert report.launch_label == "proven"
    assert report.launching is None
    assert report.nobody_is_stable
    assert not report.without_rule.greatest.any()
    assert not report.without_rule.least.any()
    if rule:
        assert not report.good_faith.any()
        assert not report.good_faith_launch
        assert np.isnan(report.belief).all()


def test_nobody_joining_is_stable_even_where_everybody_would_gain():
    report = market.solve_market(
        alike(5, [100.0, 100.0], [1.0, 5.0], application_cost=1.0), RULE, seed=1
    )
    assert report.can_launch
    assert report.nobody_is_stable
    assert not report.under_rule.least.any()


def test_free_riders_launch_with_just_enough_who_are_all_needed():
    # In is worth 1, out of a running model 3, no model 0: each wants the others to make the rule.
    ten = alike(10, [1.0, 1.0], [3.0, 3.0], application_cost=0.1)
    report = market.solve_market(ten, RULE, seed=1)
    assert report.under_rule.method == "every subset"
    assert report.can_launch
    assert report.launching.sum() == 8
    assert report.good_faith_launch
    assert report.nobody_is_stable
    # Without a rule nobody is needed, and nobody comes.
    assert not report.without_rule.greatest.any()


def test_above_12_free_riders_launch_too_and_a_launching_set_is_its_own_proof():
    twenty = alike(20, [1.0, 1.0], [3.0, 3.0], application_cost=0.1)
    report = market.solve_market(twenty, RULE, seed=1)
    assert report.under_rule.method == "starts"
    assert report.under_rule.label == "not proven"
    assert report.can_launch
    assert report.launch_label == "proven"
    assert report.launching.sum() == 16
    gained = sponsors.gains(twenty, report.launching[None], RULE)
    assert not joining.unstable(report.launching[None], gained).any()
    again = market.solve_market(twenty, RULE, seed=1)
    assert np.array_equal(report.under_rule.sets, again.under_rule.sets)


def test_who_would_lose_in_any_running_model_cannot_be_counted_on():
    # Fifteen free riders hold 75%, five who always lose 25%: the rule is out of reach, proven.
    inside = np.repeat([[1.0, 1.0], [-1.0, -1.0]], [15, 5], axis=0)
    twenty = tabulated(np.full(20, 0.05), [0.0, 1.0], inside, np.full((20, 2), 3.0))
    report = market.solve_market(twenty, RULE, seed=1)
    assert report.under_rule.method == "starts"
    assert not report.can_launch
    assert report.launch_label == "proven"


def test_good_faith_counts_those_who_gain_when_the_share_just_meets_the_rule():
    # At 0.8 the first three gain; the last would gain only if nearly everybody were in.
    rows = [[1.0, 1.0, 1.0]] * 3 + [[-5.0, -1.0, 4.0]]
    four = tabulated([0.3, 0.3, 0.2, 0.2], [0.0, 0.8, 1.0], rows, np.zeros((4, 3)))
    report = market.solve_market(four, RULE, seed=1)
    assert report.good_faith.tolist() == [True, True, True, False]
    assert report.good_faith_launch
    short = market.solve_market(four, 0.85, seed=1)
    assert short.good_faith.tolist() == [True, True, True, True]  # at 0.85 the last gains 0.25
    even = tabulated([0.3, 0.3, 0.2, 0.2], [0.0, 0.8, 1.0], rows, np.zeros((4, 3)), hurdle=1.0)
    assert market.solve_market(even, RULE, seed=1).good_faith_launch is True  # 0 is enough
    dearer = tabulated([0.3, 0.3, 0.2, 0.2], [0.0, 0.8, 1.0], rows, np.zeros((4, 3)), hurdle=1.1)
    assert market.solve_market(dearer, RULE, seed=1).good_faith_launch is False


def test_an_indifferent_sponsor_is_stable_on_either_side():
    three = alike(3, [1.0, 1.0], [1.0, 1.0])
    found = market.solve_market(three, None, seed=1).without_rule
    assert len(found.sets) == 8
    assert found.greatest.all()
    assert not found.least.any()
    assert found.leaving.stable
    assert found.joining.stable
    # Tables of large amounts may differ by rounding: that is a tie too.
    large = alike(3, [0.3e9, 0.3e9], [0.1e9 + 0.2e9 + 1e-7] * 2)
    assert len(market.solve_market(large, None, seed=1).without_rule.sets) == 8


def test_the_order_of_leaving_is_told_round_by_round():
    # Being in costs the more the fewer are in, as movers come to fewer plans.
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    hold = np.array([1.5, 2.5, 3.2, 12.0])
    inside = hold[:, None] - np.array([9.0, 1.0])
    inside[0] -= 1.0
    four = tabulated(shares, [0.0, 1.0], inside, np.zeros((4, 2)))
    found = market.solve_market(four, None, seed=1).without_rule
    # The first loses at once. At 0.6 in costs 4.2: the second and third go. At 0.1 it costs 8.2.
    assert found.leaving.moved.tolist() == [1, 2, 2, 0]
    assert found.leaving.share == pytest.approx([1.0, 0.6, 0.1])
    assert found.leaving.members.astype(int).tolist() == [[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]]
    assert found.leaving.stable
    assert found.joining.moved.tolist() == [0, 0, 0, 1]
    assert found.joining.share == pytest.approx([0.0, 0.1])


def test_the_rounds_say_so_where_somebody_would_go_back():
    # All four lose with everybody in, but not if only some leave.
    found = market.solve_market(alike(4, [5.0, -1.0], [0.0, 0.0]), None, seed=1).without_rule
    assert found.leaving.moved.tolist() == [1, 1, 1, 1]
    assert not found.leaving.stable


# --------------------------------------------------------------------------------- movers and C8


def selection_market(movers: float, incentive: float):
    """Ten alike who lose 1 for each eligible of theirs and each who moves to them."""
    nodes = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
    inside = incentive - selection.multiplier(movers, nodes)
    return tabulated(np.full(10, 0.1), nodes, np.tile(inside, (10, 1)), np.zeros((10, 7)))


def test_without_movers_what_others_do_changes_nothing():
    for incentive in (0.9, 1.1):
        payoffs = selection_market(0.0, incentive)
        every = joining.every_set(10)
        assert np.ptp(sponsors.gains(payoffs, every), axis=0) == pytest.approx(0, abs=1e-12)
        found = market.solve_market(payoffs, None, seed=1).without_rule
        assert len(found.sets) == 1
        assert found.greatest.all() == (incentive > 1)


def test_with_movers_a_plan_that_pays_among_many_loses_among_few():
    # C8: 12% of those outside make 1.36 eligibles of each at 25%, 1.013 at 90%.
    payoffs = selection_market(0.12, 1.2)
    at = sponsors.interpolate(payoffs, payoffs.inside, np.array([[0.25] * 5 + [0.9] * 5]))
    assert at[0, 0] == pytest.approx(1.2 - 1.36)
    assert at[0, 9] == pytest.approx(1.2 - (1 + 0.12 * 0.1 / 0.9))
    found = market.solve_market(payoffs, None, seed=1).without_rule
    assert found.method == "best response"
    assert found.greatest.all()
    assert not found.least.any()
    # Enough to hold alone, 1 + 0.12 * 0.9 / 0.1 = 2.08, and everybody comes from nobody.
    assert market.solve_market(selection_market(0.12, 2.1), None, seed=1).without_rule.least.all()


# ------------------------------------------------------------------------------ vetoes and beliefs


def test_a_veto_is_held_by_whom_the_rule_cannot_do_without():
    assert market.vetoes([0.21, 0.2, 0.19], 0.8).tolist() == [True, False, False]
    # 0.1 of the denominator is in nobody's hands who could join.
    assert market.vetoes([0.21, 0.11, 0.10], 0.8, 0.9).tolist() == [True, True, False]
    report = market.solve_market(
        tabulated([0.5, 0.3, 0.05, 0.05], [0.0, 1.0], np.ones((4, 2)), np.zeros((4, 2))),
        0.82,
        seed=1,
    )
    assert report.vetoes.tolist() == [True, True, False, False]
    # The others' 10% never join: 0.9 less 0.15 is short of the rule, though 1 less 0.15 is not.
    three = tabulated([0.4, 0.35, 0.15], [0.0, 1.0], np.ones((3, 2)), np.zeros((3, 2)))
    assert market.solve_market(three, 0.8, seed=1).vetoes.tolist() == [True, True, True]


@pytest.mark.parametrize("pivotal", [False, True])
def test_the_belief_is_where_applying_begins_to_pay(pivotal):
    rng = np.random.default_rng(17)
    inside, outside, none = rng.normal(0, 5, (3, 400))
    cost = np.where(rng.random(400) < 0.2, 0.0, rng.exponential(1.0, 400))
    needed = market.launch_belief(inside, outside, none, cost, pivotal)
    chance = np.linspace(0.0, 1.0, 1001)[:, None]
    without = 0.0 if pivotal else chance
    pays = chance * (inside - none) - without * (outside - none) >= cost - 1e-12
    assert np.array_equal(np.isnan(needed), ~pays[-1])
    known = ~np.isnan(needed)
    assert 0.2 < known.mean() < 0.8
    first = chance[pays[:, known].argmax(axis=0), 0]
    assert np.all(np.abs(first - needed[known]) <= 0.001)
    # Free to apply and better in than out: at any belief.
    assert np.all(needed[known & (cost == 0)] == 0)


def test_a_sponsor_that_is_paid_for_applying_needs_no_belief():
    assert float(market.launch_belief(10.0, 6.0, 0.0, -1.0)) == 0.0
    assert float(market.launch_belief(5.0, 5.5, 0.0, -1.0)) == 0.0
    assert np.isnan(market.launch_belief(5.0, 7.0, 0.0, -1.0))


def test_a_belief_is_of_the_least_share_at_which_the_model_runs():
    # In is worth ten times the joining share. Out at 0.7 is worth 3; applying costs 1.
    inside, outside = np.tile([0.0, 10.0], (3, 1)), np.full((3, 2), 3.0)
    three = tabulated([0.4, 0.4, 0.2], [0.0, 1.0], inside, outside, application_cost=1.0)
    belief = market.solve_market(three, 0.7, seed=1).belief
    assert belief == pytest.approx([1 / 7, 1 / 7, 1 / (9 - 3)])


def test_beliefs_in_a_market_compare_a_veto_holder_with_no_model():
    # 0.5 holds a veto. Others gain 4 - 3 by being in rather than out, it gains 4 - 0.
    payoffs = tabulated(
        [0.5, 0.2, 0.2, 0.1],
        [0.0, 1.0],
        np.full((4, 2), 5.0),
        np.full((4, 2), 3.0),
        hurdle=1.0,
        application_cost=[0.4, 0.4, 1.0, 1.1],
    )
    report = market.solve_market(payoffs, RULE, seed=1)
    assert report.vetoes.tolist() == [True, False, False, False]
    assert report.belief[:3] == pytest.approx([0.1, 0.4, 1.0])
    assert np.isnan(report.belief[3])


# ------------------------------------------------------------------------------------- many cells


@pytest.mark.parametrize("make", [rising_market, any_market])
@pytest.mark.parametrize("rule", [None, 0.8, 0.5])
def test_cells_are_what_each_market_alone_says(make, rule):
    rng = np.random.default_rng(19)
    table = make(rng, 6)
    cells = 80
    shift = np.linspace(-8, 8, cells)[:, None, None]
    tilt = rng.normal(0, 0.3, (cells, 1, 1)) * NODES
    inside, outside = table.pop("inside") + shift + tilt, table.pop("outside")
    charge = table.pop("risk_charge", 0.0)
    many = tabulated(**table, inside=inside, outside=outside, risk_charge=charge)
    found = market.solve_cells(many, rule)
    assert found.share == pytest.approx(found.members @ many.shares)
    for cell in range(cells):
        one = tabulated(**table, inside=inside[cell], outside=outside, risk_charge=charge)
        report = market.solve_market(one, rule, seed=1)
        joined = report.under_rule or report.without_rule
        if found.stable[cell]:
            assert tuple(found.members[cell]) in as_tuples(joined.sets)
        if found.launches[cell]:
            assert report.can_launch
        if found.proven[cell]:
            assert found.launches[cell] == report.can_launch
            if rule is None:
                assert np.array_equal(found.members[cell], joined.greatest)
        if rule is not None:
            assert found.good_faith_share[cell] == pytest.approx(report.good_faith @ one.shares)
    assert 0 < found.launches.sum() < cells
    assert found.proven.mean() > 0.2


def test_cells_of_free_riders_launch():
    ten = tabulated(
        np.full(10, 0.1), [0.0, 1.0], np.full((3, 10, 2), 1.0), np.full((10, 2), 3.0), hurdle=0.5
    )
    found = market.solve_cells(ten, RULE)
    assert found.launches.all()
    assert found.members.sum(axis=1).tolist() == [8, 8, 8]
    assert found.proven.all()


# ----------------------------------------------------------------------------------------- shapes

FLAT = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"shares": []}, "shares must be"),
        ({"shares": [[0.5, 0.5]]}, "shares must be"),
        ({"shares": [0.7, 0.5]}, "at most 1"),
        ({"shares": [-0.1, 0.5]}, "at least 0"),
        ({"shares": [np.nan, 0.5]}, "at least 0"),
        ({"nodes": [0.0]}, "nodes must be"),
        ({"nodes": [0.5, 0.5]}, "rising"),
        ({"nodes": [0.0, 1.1]}, "within 0 to 1"),
        ({"inside": np.zeros(2)}, "inside must be"),
        ({"inside": np.zeros((3, 2)), "outside": np.zeros((3, 2))}, "a row per sponsor"),
        ({"outside": np.zeros((2, 3))}, "a column per node"),
        ({"inside": np.zeros((3, 2, 2)), "outside": np.zeros((4, 2, 2))}, "broadcast"),
        ({"hurdle": np.zeros(3)}, "broadcast"),
        ({"size": np.ones(3)}, "broadcast"),
        ({"risk_charge": np.zeros((2, 5))}, "broadcast"),
        ({"archetype": [0, 2]}, "rows of inside"),
        ({"archetype": [0.0, 1.0]}, "whole numbers"),
        ({"none": np.inf}, "finite"),
        ({"inside": np.full((2, 2), np.nan)}, "finite"),
    ],
)
def test_what_does_not_fit_is_named(changed, says):
    fits = {"shares": [0.5, 0.5], "nodes": [0.0, 1.0], "inside": FLAT, "outside": FLAT}
    tabulated(**fits)
    with pytest.raises(ValueError, match=says):
        tabulated(**{**fits, **changed})


@pytest.mark.parametrize("rule", [0.0, -0.1, 1.01, np.nan])
def test_a_rule_outside_0_to_1_is_refused(rule):
    two = alike(2, [1.0, 1.0], [0.0, 0.0])
    for solve in (
        lambda: market.solve_market(two, rule, seed=1),
        lambda: market.solve_cells(two, rule),
    ):
        with pytest.raises(ValueError, match="rule must be"):
            solve()


def test_one_market_is_not_many():
    many = tabulated([0.5, 0.5], [0.0, 1.0], np.zeros((3, 2, 2)), FLAT)
    with pytest.raises(ValueError, match="solve_cells"):
        market.solve_market(many, None, seed=1)
