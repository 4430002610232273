"""The Part D benefit after the 2025 redesign, at flow level (model section 5).

A member's year is at most three stretches of constant flow: before, on and after therapy.
Standard claims flow all year; model fills flow while on therapy, each with a flat copay. The
deductible and the out-of-pocket threshold are met at the month where a straight line reaches
them, so amounts are time in a phase x flow. USD per member-year unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from calculator.model.arrays import MONTHS, Array, Number, array

CLASSES = ("applicable", "selected", "non_applicable")
PHASES = ("deductible", "initial", "catastrophic")


def covered_spend_at_threshold(deductible: Number, threshold: Number, coinsurance: Number) -> Array:
    """Gross covered spending at which standard claims alone reach the out-of-pocket threshold.

    Published for 2025 as 6,230 (CMS Part D redesign).

    >>> float(covered_spend_at_threshold(590, 2000, 0.25))
    6230.0
    """
    return array(deductible + (array(threshold) - deductible) / coinsurance)


def troop(
    standard: Number, copays: Number, deductible: Number, threshold: Number, coinsurance: Number
) -> Array:
    """True out-of-pocket cost from two running sums: standard gross so far, flat copays so far.

    >>> float(troop(20_000, 0, 700, 2400, 0.25)), float(troop(100, 50, 700, 2400, 0.25))
    (2400.0, 150.0)
    """
    gross = array(standard)
    owed = np.minimum(gross, deductible) + coinsurance * np.maximum(gross - deductible, 0.0)
    return array(np.minimum(threshold, owed + copays))


@dataclass(frozen=True)
class Rules:
    """Benefit parameters; each broadcasts against the standard flow."""

    deductible: Array  # USD per member-year
    threshold: Array  # USD out of pocket per member-year
    coinsurance: Array  # member's share between deductible and threshold
    initial_discount: Array  # manufacturer's share of an applicable drug below the threshold
    initial_subsidy: Array  # Medicare's share of a selected drug below the threshold
    catastrophic_discount: Array  # manufacturer's share of an applicable drug above it
    reinsurance_applicable: Array  # Medicare's shares above the threshold, by drug class
    reinsurance_selected: Array
    reinsurance_non_applicable: Array

    @property
    def reinsurance(self) -> Array:
        """Reinsurance share by class, last axis in the order of CLASSES."""
        return np.stack(
            np.broadcast_arrays(
                self.reinsurance_applicable,
                self.reinsurance_selected,
                self.reinsurance_non_applicable,
            ),
            axis=-1,
        )


@dataclass(frozen=True)
class Fills:
    """How a model fill is adjudicated under the terms."""

    copay: Array  # USD per fill, below the threshold; never more than gross
    gross: Array  # USD per fill
    per_month: Array  # paid fills per month on therapy
    deductible_exempt: bool
    counts_to_troop: bool


@dataclass(frozen=True)
class Phases:
    """A member's year by phase: standard gross in USD, model fills in fills."""

    standard: Array  # (..., 3)
    fills: Array  # (..., 3): before the deductible is met, until the threshold, beyond it


def _time_to_reach(level: Array, pieces: list[tuple[Array, Array]]) -> Array:
    """Months until a running sum reaches `level`, through pieces of (months, amount per month)."""
    spent = array(0.0)
    elapsed = array(0.0)
    for months, rate in pieces:
        gap = level - spent
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            needed = np.where(gap <= 0.0, 0.0, np.where(rate > 0.0, gap / rate, np.inf))
        elapsed = elapsed + np.clip(needed, 0.0, months)
        spent = spent + rate * months
    return elapsed


def turning_points(
    standard: Array, first: Array, length: Array, rules: Rules, fills: Fills | None
) -> tuple[Array, Array]:
    """Months of a year after which the deductible and then the threshold are met; 12: not met.

    Arguments as in `year_phases`; everything broadcasts.

    >>> met = turning_points(array(24_000), array(0), array(0), rules_2027, None)
    >>> [float(month) for month in met]
    [0.35, 3.75]
    """
    flow = array(standard) / MONTHS
    start, stop = array(first), array(first) + array(length)
    stretches = [(start * 1.0, False), (stop - start, True), (MONTHS - stop, False)]
    if fills is None:
        stretches = [(array(MONTHS), False)]

    per_fill = fills.per_month if fills else array(0.0)
    copay = array(0.0)
    if fills and fills.counts_to_troop:
        copay = np.minimum(fills.copay, fills.gross) * per_fill
    if fills and not fills.deductible_exempt:
        before_deductible = fills.gross * per_fill
        towards_deductible = before_deductible
    else:
        before_deductible = copay
        towards_deductible = array(0.0)

    nothing = array(0.0)
    deductible_month = _time_to_reach(
        rules.deductible,
        [(months, flow + (towards_deductible if on else nothing)) for months, on in stretches],
    )
    pieces = []
    begun = array(0.0)
    for months, on in stretches:
        before = np.clip(deductible_month - begun, 0.0, months)
        pieces.append((before, flow + (before_deductible if on else nothing)))
        pieces.append((months - before, rules.coinsurance * flow + (copay if on else nothing)))
        begun = begun + months
    threshold_month = _time_to_reach(rules.threshold, pieces)
    return np.minimum(deductible_month, threshold_month), threshold_month


def year_phases(
    standard: Array, first: Array, length: Array, rules: Rules, fills: Fills | None
) -> Phases:
    """Split a member's year into phases.

    standard: gross of standard claims, USD a year, spread evenly. On therapy from month `first`
    (0 = January) for `length` months. Everything broadcasts.

    >>> year = year_phases(array(20_000), array(0), array(0), rules_2027, None)
    >>> [float(amount) for amount in year.standard]
    [700.0, 6800.0, 12500.0]
    """
    return _between(array(0.0), array(MONTHS), standard, first, length, rules, fills)


def month_phases(
    standard: Array, first: Array, length: Array, rules: Rules, fills: Fills | None
) -> Phases:
    """The same year month by month: the months before the phases, (..., 12, 3).

    Arguments as in `year_phases`; months sum to the year.

    >>> year = month_phases(array(24_000), array(0), array(0), rules_2027, None)
    >>> year.standard[:5].tolist()  # the deductible in January, the threshold in April
    [[700.0, 1300.0, 0.0], [0.0, 2000.0, 0.0], [0.0, 2000.0, 0.0], [0.0, 1500.0, 500.0], \
[0.0, 0.0, 2000.0]]
    """
    month = np.arange(MONTHS, dtype=np.float64)

    def wide(amount: Array) -> Array:
        return array(amount)[..., None]

    monthly = Rules(**{part.name: wide(getattr(rules, part.name)) for part in fields(rules)})
    if fills is not None:
        fills = replace(
            fills,
            copay=wide(fills.copay),
            gross=wide(fills.gross),
            per_month=wide(fills.per_month),
        )
    return _between(month, month + 1.0, wide(standard), wide(first), wide(length), monthly, fills)


def _between(
    since: Array,
    until: Array,
    standard: Array,
    first: Array,
    length: Array,
    rules: Rules,
    fills: Fills | None,
) -> Phases:
    """What of a year's phases falls between two times, months."""
    flow = array(standard) / MONTHS
    start, stop = array(first), array(first) + array(length)
    deductible_month, threshold_month = turning_points(standard, first, length, rules, fills)
    edges = (since, *(np.clip(met, since, until) for met in (deductible_month, threshold_month)))
    ends = (*edges[1:], until)
    standard_by_phase = [flow * (end - begin) for begin, end in zip(edges, ends, strict=True)]
    standard_phases = np.stack(np.broadcast_arrays(*standard_by_phase), axis=-1)
    if fills is None:
        return Phases(standard_phases, np.broadcast_to(0.0, standard_phases.shape))
    fills_by_phase = [
        np.maximum(np.minimum(end, stop) - np.maximum(begin, start), 0.0) * fills.per_month
        for begin, end in zip(edges, ends, strict=True)
    ]
    return Phases(standard_phases, np.stack(np.broadcast_arrays(*fills_by_phase), axis=-1))


@dataclass(frozen=True)
class Liability:
    """Who owes a line of drug spending, before DIR. USD; `by class` has CLASSES as last axis."""

    member: Array  # member and low-income subsidy together
    plan: Array
    manufacturer: Array
    selected_subsidy: Array
    reinsurance: Array
    gross: Array  # by class
    catastrophic: Array  # gross above the threshold, by class (GDCA)


def _shares(rules: Rules) -> tuple[Array, Array, Array]:
    discount, subsidy, catastrophic = np.broadcast_arrays(
        rules.initial_discount, rules.initial_subsidy, rules.catastrophic_discount
    )
    zero = np.zeros_like(discount)
    return (
        np.stack([discount, zero, zero], axis=-1),
        np.stack([zero, subsidy, zero], axis=-1),
        np.stack([catastrophic, zero, zero], axis=-1),
    )


def standard_liability(spending: Array, rules: Rules) -> Liability:
    """Who owes standard claims. spending (..., 3 phases, 3 classes), USD.

    Plan shares are what the others leave: 65 or 75% below the threshold, 60% above it.

    >>> spend = np.zeros((3, 3)); spend[:, 1] = [700, 6800, 12500]
    >>> owed = standard_liability(spend, rules_2027)
    >>> [round(float(x)) for x in (owed.member, owed.plan, owed.selected_subsidy, owed.reinsurance)]
    [2400, 11920, 680, 5000]
    """
    discount, subsidy, late_discount = _shares(rules)
    deductible, initial, catastrophic = (spending[..., phase, :] for phase in range(3))
    gross = spending.sum(axis=-2)
    member = deductible.sum(axis=-1) + rules.coinsurance * initial.sum(axis=-1)
    manufacturer = (discount * initial + late_discount * catastrophic).sum(axis=-1)
    selected = (subsidy * initial).sum(axis=-1)
    reinsurance = (rules.reinsurance * catastrophic).sum(axis=-1)
    plan = gross.sum(axis=-1) - member - manufacturer - selected - reinsurance
    return Liability(member, plan, manufacturer, selected, reinsurance, gross, catastrophic)


def fill_liability(
    count: Array,
    price: Array,
    drug_class: Array,
    rules: Rules,
    fills: Fills,
    subsidies_before_deductible: bool,
) -> Liability:
    """Who owes model fills. count (..., 3 phases) fills; price USD per fill; drug_class (..., 3).

    Below the threshold the member pays the flat copay, above it nothing. The manufacturer's
    discount and the selected-drug subsidy wait until the deductible is met, unless
    `subsidies_before_deductible`.

    >>> terms = Fills(array(50), array(274), array(1), True, True)
    >>> owed = fill_liability(array([0, 12, 0]), array(274), array([0, 1, 0]), rules_2027, terms,
    ...                       False)
    >>> [round(float(x), 2) for x in (owed.member, owed.plan, owed.selected_subsidy)]
    [600.0, 2359.2, 328.8]
    """
    discount, subsidy, late_discount = _shares(rules)
    early, initial, catastrophic = (count[..., phase] for phase in range(3))
    # Where the deductible applies, the member pays such a fill whole: nothing to subsidise.
    subsidised = initial
    if subsidies_before_deductible and fills.deductible_exempt:
        subsidised = initial + early
    before = np.minimum(fills.copay, price) if fills.deductible_exempt else price
    member = before * early + np.minimum(fills.copay, price) * initial
    by_class = price[..., None] * drug_class
    manufacturer = (
        by_class * (discount * subsidised[..., None] + late_discount * catastrophic[..., None])
    ).sum(axis=-1)
    selected = (by_class * subsidy * subsidised[..., None]).sum(axis=-1)
    late = by_class * catastrophic[..., None]
    reinsurance = (rules.reinsurance * late).sum(axis=-1)
    gross = by_class * count.sum(axis=-1)[..., None]
    plan = gross.sum(axis=-1) - member - manufacturer - selected - reinsurance
    return Liability(member, plan, manufacturer, selected, reinsurance, gross, late)


def low_income_copay(member: Array, statutory_copays: Array) -> Array:
    """What a low-income subsidy member pays: never more than the statutory copays. USD.

    >>> float(low_income_copay(array(600.0), array(150.0)))
    150.0
    """
    return array(np.minimum(statutory_copays, member))


def share_above_threshold(catastrophic: Array, gross: Array) -> Array:
    """Share of a class's gross that lies above the threshold; 0 where it has no gross.

    >>> share_above_threshold(np.array([500.0, 0.0]), np.array([1000.0, 0.0])).tolist()
    [0.5, 0.0]
    """
    late, base = np.broadcast_arrays(catastrophic, gross)
    return array(np.divide(late, base, out=np.zeros(base.shape), where=base > 0.0))


def reinsurance_after_dir(
    share: Array, catastrophic: Array, rebates: Array, share_above: Array
) -> Array:
    """Reinsurance by class net of DIR: share x (GDCA - DIR x GDCA / gross). USD.

    42 USC 1395w-115(b)(2): allowable costs are net of price concessions, here in proportion to
    the part of the class's gross above the threshold.

    >>> float(reinsurance_after_dir(array(0.2), array(500.0), array(100.0), array(0.5)))
    90.0
    """
    return array(share * (catastrophic - rebates * share_above))
