"""From a state's scenario and register to the arrays of the Medicaid model."""

from __future__ import annotations

import datetime as dt

import numpy as np

from calculator.assumptions import Register
from calculator.bridge_inputs import months_between
from calculator.errors import InputError
from calculator.medicaid_groups import build_groups, fiscal_year, share_above_threshold, stacked
from calculator.model import cohort, rebates
from calculator.model.arrays import MONTHS, Array, array, monthly_probability
from calculator.model.medicaid import QUARTER, Coverage, Groups, Inputs, Prices
from calculator.scenario import StateScenario
from calculator.spending_inputs import EXISTING
from calculator.therapy_inputs import offset_effect, persistence

QUARTERS_OBSERVED = 9
PER_THOUSAND = 1000.0


def months_of(scenario: StateScenario, register: Register) -> tuple[dt.date, ...]:
    """First day of every month in the model."""
    last = register.day("assumptions.coverage.medicaid_end")
    start = scenario.horizon.start or register.day("assumptions.coverage.medicaid_start")
    end = scenario.horizon.end or last
    if end > last:
        allowed = f"a month up to {last:%B %Y}, when the model ends"
        raise InputError("horizon.end", allowed, end.isoformat())
    if start > end:
        raise InputError("horizon.start", f"a month up to {end:%B %Y}", start.isoformat())
    count = (end.year - start.year) * MONTHS + end.month - start.month + 1
    first = start.year * MONTHS + start.month - 1
    return tuple(dt.date((first + n) // MONTHS, (first + n) % MONTHS + 1, 1) for n in range(count))


def periods(months: tuple[dt.date, ...], first_month: int) -> list[int]:
    """Fiscal year of every month."""
    return [fiscal_year(day, first_month) for day in months]


def build_inputs(scenario: StateScenario, register: Register, high_uptake: bool = False) -> Inputs:
    """Everything one run needs; high_uptake: fills at the upper end of the observed band."""
    months = months_of(scenario, register)
    number = register.number

    def assumed(path: str) -> Array:
        return number(f"assumptions.{path}")

    groups = build_groups(scenario, register, months)
    churn = assumed("coverage.churn_monthly")
    restart = monthly_probability(assumed("persistence.restart_one_year"))
    prices = _prices(scenario, register, months, tuple(scenario.therapy.mix))
    existing = _prices(scenario, register, months, EXISTING)
    join, stay_out = _coverages(scenario, register, months, groups, (churn, restart), high_uptake)
    net = stacked([number("terms.guaranteed_net_price", day) for day in months])
    _check_net(net, prices)
    most = assumed("coverage.conditional_net_price")
    adopts = np.where(np.isnan(most) | np.all(net <= most[:, None], axis=1), 1.0, 0.0)
    rebased = np.arange(len(months)) >= assumed("coverage.months_until_rebased")[:, None]
    priced = np.where(rebased, 1.0, assumed("coverage.priced_fills_share")[:, None])
    return Inputs(
        groups=groups,
        prices=prices,
        existing_prices=existing,
        existing_fills=_existing_fills(register, groups),
        join=join,
        stay_out=stay_out,
        reprices_existing=register.word("terms.existing_users") != "none",
        adopts=adopts,
        guaranteed_net_price=net,
        dispensing_fee=assumed("rebates.dispensing_fee"),
        copay=assumed("rebates.copay"),
        share_340b=assumed("rebates.share_340b"),
        churn=churn,
        restart=restart,
        fills_per_month=assumed("persistence.fills_per_month"),
        priced_share=priced,
        capitation_load=assumed("coverage.capitation_load"),
        premium_tax=assumed("coverage.premium_tax"),
        prior_authorization_cost=assumed("coverage.prior_authorization_cost"),
        prior_authorization_match=assumed("coverage.prior_authorization_match"),
        fixed_cost=assumed("coverage.administration_fixed"),
        administration_match=assumed("coverage.administration_match"),
        offset_effect=offset_effect(register, scenario.therapy.offsets),
        offset_decay_months=assumed("offsets.offset_decay_months"),
        capture_lag=assumed("coverage.capture_lag_months"),
        rebate_lag_quarters=assumed("rebates.rebate_lag_quarters"),
        first_month=months[0].month,
    )


def _curve(
    scenario: StateScenario, register: Register, months: int, *, lifestyle: bool, capped: bool
) -> Array:
    """Share still on therapy by month; lifestyle support comes with the model, a cap ends it."""
    curve = persistence(scenario.therapy, register, months, lifestyle=lifestyle)
    if not capped:
        return curve
    cap = register.number("assumptions.coverage.duration_cap_months")[:, None]
    return array(np.where(np.isnan(cap) | (np.arange(months) < cap), curve, 0.0))


def _prices(
    scenario: StateScenario,
    register: Register,
    months: tuple[dt.date, ...],
    products: tuple[str, ...],
) -> Prices:
    """Ingredient cost, rebates and own supplemental of each product by month."""
    share: list[Array] = []
    units: tuple[list[Array], ...] = ([], [], [], [], [])
    covered_today = products == EXISTING
    for product in products:
        if covered_today:
            share.append(register.number(f"assumptions.coverage.existing_mix_{product}"))
        else:
            share.append(register.number(f"therapy.mix.{product}"))
        # Prices move on few days: once for each stretch between them, then spread over its months.
        changes = [day.toordinal() for day in _price_days(register, product)]
        stretch = np.searchsorted(changes, [day.toordinal() for day in months], side="right")
        firsts = {int(number): day for number, day in zip(stretch[::-1], months[::-1], strict=True)}
        by_stretch = {
            number: _unit(scenario, register, product, day, covered_today)
            for number, day in firsts.items()
        }
        columns = [by_stretch[int(number)] for number in stretch]
        for found, part in zip(units, zip(*columns, strict=True), strict=True):
            found.append(stacked(list(part)))
    ingredient, statutory, offset, own, alone = (stacked(found) for found in units)
    return Prices(
        share=stacked(share),
        ingredient=ingredient,
        statutory=statutory,
        offset=offset,
        own_supplemental=own,
        own_alone=alone,
    )


def _price_days(register: Register, product: str) -> list[dt.date]:
    """Days on which anything in the price or rebate of a product changes."""
    prefixes = (f"assumptions.drugs.{product}_", "assumptions.rebates.")
    return sorted(
        {
            day
            for path, entry in register.entries.items()
            if path.startswith(prefixes)
            for day in entry.values
        }
    )


def _unit(
    scenario: StateScenario, register: Register, product: str, day: dt.date, covered_today: bool
) -> tuple[Array, Array, Array, Array, Array]:
    """Ingredient cost, statutory rebate, its federal offset, and the state's own supplemental.

    The last twice: on fills that earn the statutory rebate, and on those that do not.
    """

    def assumed(key: str) -> Array:
        return register.number(f"assumptions.rebates.{key}", day)

    listed = register.number(f"assumptions.drugs.{product}_list_price", day)
    ingredient = listed * assumed("ingredient_share_of_list")
    one_share = register.number("state.rebate_share_of_gross")
    if not np.all(np.isnan(one_share)):
        nothing = np.zeros(1)
        return ingredient, ingredient * one_share, nothing, nothing, nothing
    amp = listed * assumed("amp_share_of_list")
    best = amp * assumed("best_price_share_of_amp")
    selected = register.word(f"assumptions.drugs.{product}_class", day) == "selected"
    if selected and register.flag("assumptions.rebates.mfp_sets_best_price"):
        negotiated = register.fair_price(product, day)
        if np.any(negotiated > amp):
            allowed = (
                f"a list price whose AMP is at least the {negotiated.max():,.2f} of best price"
            )
            given = f"a list price of {float(listed.min()):,.2f}: best price above AMP"
            raise InputError(f"assumptions.drugs.{product}_list_price", allowed, given)
        best = np.minimum(best, negotiated)
    minimum = assumed("minimum_rebate_share")
    basic = rebates.basic_rebate(amp, best, minimum)
    statutory = basic + rebates.inflation_rebate(amp, amp * assumed("base_amp_ratio"))
    offset = rebates.federal_offset(
        amp,
        best,
        minimum,
        assumed("minimum_before_2010_share"),
        assumed("federal_offset_cap_share"),
    )
    own = ingredient * assumed("own_supplemental_share")
    net = register.number("state.own_net_price")
    path = f"assumptions.rebates.{product}_own_net_price"
    if covered_today or (np.all(np.isnan(net)) and path in register.entries):
        net = register.number(path, day)
    alone = own
    if covered_today or scenario.state.stance != "not_covering":
        alone = np.fmax(own, rebates.top_up(ingredient, 0.0, net))
        own = np.fmax(own, rebates.top_up(ingredient, statutory, net))
    return ingredient, statutory, offset, own, alone


def _check_net(net: Array, prices: Prices) -> None:
    most = float(prices.ingredient.max())
    if np.any(net > most):
        allowed = f"a net price not above the gross price of the dearest product, {most:,.2f}"
        raise InputError("terms.guaranteed_net_price", allowed, f"{float(np.nanmax(net)):,.2f}")


def _existing_fills(register: Register, groups: Groups) -> Array:
    yearly = register.number("assumptions.coverage.existing_fills_per_enrollee")
    return array(groups.everyone * groups.existing_here * yearly[:, None] / MONTHS)


def _coverages(
    scenario: StateScenario,
    register: Register,
    months: tuple[dt.date, ...],
    groups: Groups,
    life: tuple[Array, Array],
    high_uptake: bool,
) -> tuple[Coverage, Coverage]:
    """Obesity coverage when joining and when staying out. life: churn and restart, (C,)."""
    state, ratio = scenario.state, register.number("state.own_uptake_ratio")[:, None]
    always = np.ones((1, len(months)))
    active = {"not_covering": 0.0 * always, "covering": always}.get(state.stance)
    if active is None:
        assert state.coverage_ends is not None
        active = np.array([[float(day <= state.coverage_ends) for day in months]])
    form = scenario.uptake.form
    given = form != "share_of_eligibles" or high_uptake
    path = "assumptions.coverage.initiation"
    initiation = 0.0 * always if given else stacked([register.number(path, day) for day in months])

    covered = np.rint(register.number("state.months_covered"))
    if state.stance == "not_covering":
        covered = 0.0 * covered
    span = int(covered.max())
    observed = high_uptake or form == "fills_per_1000"
    curves = [
        _curve(
            scenario,
            register,
            span + len(months) + MONTHS,
            lifestyle=lifestyle,
            capped=not given,
        )
        for lifestyle in (register.flag("terms.lifestyle_support"), False)
    ]
    cap = register.number("assumptions.coverage.duration_cap_months")
    cap = cap if observed else np.full(1, np.nan)

    # Of a rate on all enrollees, what falls to the eligible of this budget.
    total = groups.everyone * groups.eligible_here
    eligible = (groups.enrollment * groups.eligible_share[:, None, :]).sum(axis=-1)
    fills = own_fills = before = None
    if given:
        own, new = (
            _fills(scenario, register, total, since, high_uptake)
            for since in (covered, 0.0 * covered)
        )
        # Those the state covers today are on its path; those new to it begin at the start.
        known = np.where(covered > 0, 1.0, 0.0)[:, None] * np.minimum(ratio, 1.0)
        fills, own_fills = known * own + (1.0 - known) * new, ratio * own
        before = ratio * _fills(
            scenario, register, np.repeat(total[:, :1], span, axis=1), covered - span, high_uptake
        )
    stock, stopped = _stock(
        np.repeat(eligible[:, :1], span, axis=1),
        np.repeat(initiation[:, :1] * ratio, span, axis=1),
        before,
        (curves[1], *life, register.number("assumptions.persistence.fills_per_month")),
        np.where(np.arange(span) >= span - covered[:, None], 1.0, 0.0)
        * _still_covered(scenario, months[0], span),
        (months[0].month - 1 - span) % MONTHS + 1,
    )
    return (
        Coverage(always, initiation, fills, cap, curves[0], stock, stopped, guaranteed=True),
        Coverage(
            active, initiation * ratio, own_fills, cap, curves[1], stock, stopped, guaranteed=False
        ),
    )


def _still_covered(scenario: StateScenario, first: dt.date, span: int) -> Array:
    """1 in the months before the horizon that the state's own coverage reaches, (1, span)."""
    ends = scenario.state.coverage_ends
    if scenario.state.stance != "ending" or ends is None:
        return np.ones((1, span))
    after = months_between(first, ends.replace(day=1))
    return np.where(np.arange(-span, 0) <= after, 1.0, 0.0)[None, :]


def _stock(
    eligible: Array,
    initiation: Array,
    fills: Array | None,
    life: tuple[Array, Array, Array, Array],
    active: Array,
    first_month: int,
) -> tuple[Array, Array]:
    """After the months of the state's own coverage: on therapy by age, and those who stopped.

    Arrays over the months before the horizon; life: curve, churn, restart, fills per month.
    """
    months = active.shape[1]
    if months == 0:
        return np.zeros((1, 1)), np.zeros(1)
    curve, churn, restart, per_month = life
    group = cohort.project(
        eligible,
        initiation * active,
        curve[:, :months],
        churn,
        restart,
        np.zeros((1, 0)),
        np.zeros(1),
        first_month,
        None if fills is None else fills * active / per_month[:, None],
    )
    group = cohort.only_where(group, active, 1.0 - churn)
    # They come a month later: less those who stop or leave in between.
    stock = cohort.stock_by_age(group, months - 1)
    before, after = curve[:, :months], curve[:, 1 : months + 1]
    kept = np.divide(after, before, out=np.zeros(after.shape), where=before > 0.0)
    stay = 1.0 - churn[:, None]
    advanced = stock[:, 1:] * kept * stay
    stopped = group.stopped[:, -1] * stay[:, 0] + (stock[:, 1:] * stay - advanced).sum(axis=1)
    return np.concatenate([np.zeros((advanced.shape[0], 1)), advanced], axis=1), stopped


def _fills(
    scenario: StateScenario, register: Register, total: Array, since: Array, high_uptake: bool
) -> Array:
    """Total fills by month as the user or observation gives them, (C, T).

    total (C, T): enrollees that a rate is of; since (C,): months of coverage behind the first
    month (below 0: it begins later). high_uptake: at the upper end of what was observed, or the
    user's own path where that is above it.
    """
    uptake = scenario.uptake
    own = None
    if uptake.form == "monthly_fills":
        assert uptake.monthly_fills is not None
        path = np.array(uptake.monthly_fills)
        # The user's own months count from the horizon's first.
        own = path[np.minimum(np.arange(total.shape[1]), len(path) - 1)][None, :]
    elif uptake.form == "fills_per_1000" and uptake.quarterly_fills_per_1000 is not None:
        own = _at_rate(np.array(uptake.quarterly_fills_per_1000)[None, :], total, since)
    if own is not None and not high_uptake:
        return own
    quarters = [_observed(register, quarter, high_uptake) for quarter in range(QUARTERS_OBSERVED)]
    factor = share_above_threshold(register)[:, None]
    observed = _at_rate(stacked(quarters), total, since) * factor
    return observed if own is None else array(np.maximum(observed, own))


def _at_rate(quarters: Array, total: Array, since: Array) -> Array:
    """Fills by month, (C, T), at rates per 1,000 a quarter since coverage began; the last holds."""
    month = np.maximum(since[:, None] + np.arange(total.shape[1]), 0.0).astype(int)
    quarter = np.minimum(month // QUARTER, quarters.shape[1] - 1)
    cases = max(quarters.shape[0], quarter.shape[0])
    rate = np.take_along_axis(
        np.broadcast_to(quarters, (cases, quarters.shape[1])),
        np.broadcast_to(quarter, (cases, quarter.shape[1])),
        axis=1,
    )
    return array(total / PER_THOUSAND * rate / QUARTER)


def _observed(register: Register, quarter: int, high: bool) -> Array:
    """Fills per 1,000 enrollees; high: the upper end of the published band, or more if given."""
    path = f"assumptions.coverage.fills_per_1000_q{quarter}"
    central = register.number(path)
    published = next(iter(register.tree.entries[path].values.values()))
    if high and published.range is not None:
        return array(np.maximum(central, published.range.high))
    return central
