"""Synthetic members and their claims, for tests, examples and benchmarks. Nobody's data.

Spending, low-income members, drug classes and GLP-1 use follow the same assumptions as the model,
so that what `balance profile` reads out of the claims can be held against what went in. Members
come in chunks of their own random stream: any number in bounded memory, and the same seed gives
the same claims however many follow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calculator.assumptions import Register, load_assumptions
from calculator.errors import InputError
from calculator.model import cohort, price, spending
from calculator.model.arrays import MONTHS, Array
from calculator.scenario import load_scenario
from calculator.spending_inputs import EXISTING

Whole = NDArray[np.int64]
CHUNK = 20_000  # members drawn at once
STRATA = 60
CLASSES = ("applicable", "selected", "non_applicable")
LEVELS = ("none", "institutional", "full_low", "full_other")
FILL_KINDS = ("standard", "insulin", "vaccine")
MANUFACTURERS = ("standard", "specified", "specified_small")
SUPPLY_DAYS = 30
LONGEST_BEFORE = 36.0  # months on therapy, at most, of those who were on it before the year
# The look of made-up claims, not figures about the world: none of them reaches a result.
SPREAD_OF_PRICES = 0.8  # log standard deviation of claims around a member's mean
MONTHLY_SHARES = (
    0.074,
    0.073,
    0.081,
    0.082,
    0.083,
    0.082,
    0.083,
    0.085,
    0.085,
    0.089,
    0.088,
    0.095,
)
LONG_SUPPLIES = 0.3  # of generic claims are for 90 days
INSTITUTIONAL = 0.04  # of low-income members
INSULIN, VACCINE = 0.02, 0.01  # of brand claims
SPECIFIED, SPECIFIED_SMALL = 0.05, 0.03  # of discounted brand claims
EARLY_REFILLS = 3  # days, one more than a refill may come early


@dataclass(frozen=True)
class Users:
    """People on a group of products: who, at what price, how long and how often."""

    products: tuple[str, ...]
    shares: Array  # (P,) of members, or of the group where they are drawn among those left
    gross: Array  # (P,) USD per monthly supply
    classes: tuple[int, ...]  # of CLASSES, by product
    kappa: float
    scale: float
    fills_per_month: float  # while on therapy
    on_before: float  # share of them who began before the year
    copay: float | None  # USD per fill under the model; none: a standard claim


@dataclass(frozen=True)
class Makeup:
    """What the members are like, read from the assumptions of one year."""

    year: int
    lis_share: float
    low_level: float  # share of low-income members at the lower copay
    zero_share: float
    mean: Array  # (2,) USD per spender and year without GLP-1 drugs, non-LIS and LIS
    sigma: float
    tail_start: float
    tail_index: float
    brand: tuple[float, float, float]  # floor, rise, half
    selected: float  # share of brand cost
    claims: float  # per member and year
    brand_claims: float  # share of claims
    use_by_stratum: Array  # (2, 1 + STRATA) chance of covered GLP-1 use
    covered: Users
    model: Users | None
    model_share: float  # chance of starting under the model, among those without covered use


def survival_months(users: Users, months: Array) -> Array:
    """Share still on therapy after so many months, of the shape of `months`."""
    return cohort.survival(months, users.kappa, users.scale)


def share_on_before(users: Users, supplies_a_year: float) -> float:
    """Which share of a year's users must have begun before it, for so many supplies each.

    Those who begin within the year do so evenly; the others have been at it for up to
    LONGEST_BEFORE months. The nearest share from 0 to 1 where none fits.
    """
    fine = np.arange(0.0, LONGEST_BEFORE + MONTHS, 0.05)
    alive = survival_months(users, fine)
    steps = np.arange(0.0, MONTHS, 1.0 / users.fills_per_month)
    new = float(np.sum(survival_months(users, steps) * (1.0 - steps / MONTHS)))
    before = fine < LONGEST_BEFORE
    month = np.arange(0.0, MONTHS, 0.05)
    still = np.array([alive[(fine >= m) & (fine < m + LONGEST_BEFORE)].sum() for m in month])
    old = float(users.fills_per_month * np.mean(still / alive[before].sum()) * MONTHS)
    return float(np.clip((supplies_a_year - new) / (old - new), 0.0, 1.0))


def makeup(year: int, package: str | None = None) -> Makeup:
    """The members of a year as the shipped assumptions have them.

    package: a terms package, whose copay those who start under the model pay; none: nobody does.
    """
    register = load_assumptions(package)
    known = [day.year for day in register.entries["assumptions.spending.mean_gross"].values]
    if not min(known) <= year <= max(known):
        raise InputError("--year", f"a year from {min(known)} to {max(known)}", year)
    day = dt.date(year, 1, 1)

    def number(path: str) -> float:
        return float(register.number(f"assumptions.{path}", day)[0])

    covered = _covered(register, day)
    supplies = number("drugs.existing_fills_per_month") * MONTHS
    gross, lis = number("spending.mean_gross"), number("spending.national_lis_share")
    rest = 1.0 - float(covered.shares @ covered.gross) * supplies / gross
    ratio, zero = number("spending.lis_spend_ratio"), number("spending.zero_share")
    others = gross * rest / (1.0 + lis * (ratio - 1.0)) / (1.0 - zero)
    mean = np.array([others, others * ratio])
    return Makeup(
        year=year,
        lis_share=lis,
        low_level=number("benefit.lis_low_copay_share"),
        zero_share=zero,
        mean=mean,
        sigma=number("spending.body_sigma"),
        tail_start=number("spending.tail_start"),
        tail_index=number("spending.tail_index"),
        brand=(
            number("spending.brand_share_floor"),
            number("spending.brand_share_rise"),
            number("spending.brand_share_half"),
        ),
        selected=number("spending.selected_share_of_brand"),
        claims=gross * rest / number("benefit.gross_per_claim"),
        brand_claims=number("benefit.brand_share_of_claims"),
        use_by_stratum=_use_by_stratum(register, mean, zero, lis, float(covered.shares.sum())),
        covered=covered,
        model=_model(register, day) if package else None,
        model_share=number("uptake.eligible_share")
        * float(register.number("assumptions.uptake.initiation")[0]),
    )


def _covered(register: Register, day: dt.date) -> Users:
    """Today's users of products for uses that Part D covers; one product each."""
    shares = [float(register.number(f"assumptions.drugs.{p}_users_share")[0]) for p in EXISTING]
    users = _users(register, day, EXISTING, np.array(shares), None)
    supplies = float(register.number("assumptions.drugs.existing_fills_per_month", day)[0]) * MONTHS
    return Users(**{**vars(users), "on_before": share_on_before(users, supplies)})


def _model(register: Register, day: dt.date) -> Users:
    """Those who start on the products of the model within the year, in a shipped plan's mix."""
    mix = load_scenario("pdp_regional").therapy.mix
    copay = float(register.number("terms.copay")[0])
    return _users(register, day, tuple(mix), np.array(list(mix.values())), copay)


def _users(
    register: Register,
    day: dt.date,
    products: tuple[str, ...],
    shares: Array,
    copay: float | None,
) -> Users:
    fee = float(register.number("assumptions.drugs.dispensing_fee")[0])
    gross, classes = [], []
    for product in products:
        path = f"assumptions.drugs.{product}"
        kind = register.word(f"{path}_class", day)
        fair = np.nan
        if kind == "selected":
            fair = float(register.fair_price(product, day)[0])
        listed = float(register.number(f"{path}_list_price", day)[0])
        gross.append(float(price.gross_price(listed, fair, fee)))
        classes.append(CLASSES.index(kind))
    return Users(
        products=products,
        shares=shares,
        gross=np.array(gross),
        classes=tuple(classes),
        kappa=float(register.number("assumptions.persistence.denmark_kappa")[0]),
        scale=float(register.number("assumptions.persistence.denmark_scale")[0]),
        fills_per_month=float(register.number("assumptions.persistence.fills_per_month")[0]),
        on_before=0.0,
        copay=copay,
    )


def _use_by_stratum(
    register: Register, mean: Array, zero: float, lis: float, share: float
) -> Array:
    """Chance of covered use by group and stratum: users' other spending is above average."""
    sigma, start, index = (
        register.number(f"assumptions.spending.{name}")
        for name in ("body_sigma", "tail_start", "tail_index")
    )
    unit = spending.unit_points(sigma, start, index, STRATA)
    weights = spending.member_weights(np.array([zero]), np.array([lis]), STRATA)
    spend = np.concatenate([np.zeros((1, 2, 1)), mean[None, :, None] * unit[:, None]], axis=-1)
    ratio = register.number("assumptions.spending.user_spend_ratio")
    chance: Array = (share * spending.tilt(weights, spend, ratio) / weights)[0]
    return np.minimum(chance, 1.0)


# ---------------------------------------------------------------------------------------- drawing


@dataclass(frozen=True)
class Members:
    """A chunk of members, (M,)."""

    number: Whole  # from 1 on, over all chunks
    level: Whole  # of LEVELS
    spend: Array  # USD in the year without GLP-1 drugs
    use: Array  # chance of covered GLP-1 use


@dataclass(frozen=True)
class Claims:
    """A chunk of claims in service order within each member, (K,)."""

    member: Whole  # row of Members
    day: Whole  # of the year, from 0
    sequence: Whole  # from 1 on within a member
    drug_class: Whole  # of CLASSES
    cents: Whole
    copay: Whole  # cents, -1: none
    brand: NDArray[np.bool_]
    fill_kind: Whole  # of FILL_KINDS
    manufacturer: Whole  # of MANUFACTURERS
    days_supply: Whole
    product: Whole  # of covered, then model products; -1: none


def quantile(makeup: Makeup, at: Array) -> Array:
    """Spending of a spender against the mean, at quantiles between 0 and 1."""
    from scipy.special import ndtr, ndtri

    sigma, start, index = makeup.sigma, makeup.tail_start, makeup.tail_index
    joint = np.exp(sigma * ndtri(start))
    mean = np.exp(sigma**2 / 2.0) * ndtr(ndtri(start) - sigma) + joint * (1.0 - start) / (
        1.0 - 1.0 / index
    )
    body = np.exp(sigma * ndtri(np.minimum(at, start)))
    tail = joint * (np.minimum(1.0 - at, 1.0 - start) / (1.0 - start)) ** (-1.0 / index)
    found: Array = np.where(at <= start, body, tail) / mean
    return found


def chunks(makeup: Makeup, members: int, seed: int) -> Iterator[tuple[Members, Claims]]:
    """Members and their claims, CHUNK members at a time."""
    for index, first in enumerate(range(0, members, CHUNK)):
        count = min(CHUNK, members - first)
        people = _members(makeup, np.random.default_rng([seed, index, 0]), first, count)
        yield people, _claims(makeup, np.random.default_rng([seed, index, 1]), people)


def _members(makeup: Makeup, rng: np.random.Generator, first: int, count: int) -> Members:
    lis = rng.random(count) < makeup.lis_share
    low = np.where(rng.random(count) < makeup.low_level, LEVELS.index("full_low"), 3)
    low = np.where(rng.random(count) < INSTITUTIONAL, LEVELS.index("institutional"), low)
    spender = rng.random(count) >= makeup.zero_share
    at = rng.random(count)
    spend = np.where(spender, quantile(makeup, at) * makeup.mean[lis.astype(int)], 0.0)
    stratum = np.where(spender, 1 + np.floor(at * STRATA).astype(int), 0)
    return Members(
        number=first + np.arange(1, count + 1),
        level=np.where(lis, low, 0),
        spend=spend,
        use=makeup.use_by_stratum[lis.astype(int), stratum],
    )


def _claims(makeup: Makeup, rng: np.random.Generator, people: Members) -> Claims:
    using = rng.random(len(people.use)) < people.use
    parts = [_other_claims(makeup, rng, people)]
    covered = np.flatnonzero(using)
    parts.append(_glp1_claims(makeup, makeup.covered, rng, covered, 0))
    if makeup.model is not None:
        starts = ~using & (rng.random(len(using)) < makeup.model_share)
        products = len(makeup.covered.products)
        new = np.flatnonzero(starts)
        parts.append(_glp1_claims(makeup, makeup.model, rng, new, products))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["member"] * 400 + joined["day"], kind="stable")
    sorted_ = {name: values[order] for name, values in joined.items()}
    member = sorted_["member"]
    begins = np.flatnonzero(np.diff(member, prepend=-1))
    lengths = np.diff(begins, append=len(member))
    sequence = np.arange(len(member)) - np.repeat(begins, lengths) + 1
    return Claims(sequence=sequence, **sorted_)


def _other_claims(
    makeup: Makeup, rng: np.random.Generator, people: Members
) -> dict[str, NDArray[np.generic]]:
    """Claims of everything but GLP-1 drugs; their sum is the member's spending by class."""
    rows = np.flatnonzero(people.spend > 0.0)
    spend = people.spend[rows]
    floor, rise, half = makeup.brand
    brand_usd = spend * (floor + rise * spend / (spend + half))
    # Who spends more has more claims and dearer ones.
    root = np.sqrt(spend)
    expected = makeup.claims * len(people.spend) * root / root.sum() if len(root) else root
    counts = np.maximum(rng.poisson(expected), 2)
    brands = np.clip(rng.binomial(counts, makeup.brand_claims), 1, counts - 1)
    found: list[dict[str, NDArray[np.generic]]] = []
    for is_brand, number, usd in (
        (True, brands, brand_usd),
        (False, counts - brands, spend - brand_usd),
    ):
        member = np.repeat(rows, number)
        many = len(member)
        weight = rng.lognormal(0.0, SPREAD_OF_PRICES, many)
        starts = np.concatenate([[0], np.cumsum(number)[:-1]]).astype(int)
        whole = np.add.reduceat(weight, starts) if many else weight
        cents = np.rint(100.0 * weight * np.repeat(usd / whole, number))
        draw, maker = rng.random(many), rng.random(many)
        plain = np.zeros(many, dtype=np.int64)
        if is_brand:
            under_mfp = rng.random(many) < makeup.selected
            drug_class = np.where(under_mfp, 1, 0)
            kind = np.where(draw < INSULIN, 1, np.where(draw < INSULIN + VACCINE, 2, 0))
            small = np.where(maker < SPECIFIED + SPECIFIED_SMALL, 2, 0)
            manufacturer = np.where(under_mfp, 0, np.where(maker < SPECIFIED, 1, small))
            days = np.where(kind == 2, 1, SUPPLY_DAYS)
        else:
            drug_class, kind, manufacturer = plain + 2, plain, plain
            days = np.where(draw < LONG_SUPPLIES, 3 * SUPPLY_DAYS, SUPPLY_DAYS)
        found.append(
            {
                "member": member,
                "day": _days(makeup.year, rng, many),
                "drug_class": drug_class,
                "cents": np.maximum(cents, 1.0).astype(np.int64),
                "copay": plain - 1,
                "brand": np.full(many, is_brand),
                "fill_kind": kind,
                "manufacturer": manufacturer,
                "days_supply": days,
                "product": plain - 1,
            }
        )
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _days(year: int, rng: np.random.Generator, count: int) -> Whole:
    """Days of the year, more of them towards its end, when the deductible is met."""
    begins = [dt.date(year, month, 1).timetuple().tm_yday - 1 for month in range(1, MONTHS + 1)]
    edges = np.array([*begins, dt.date(year, 12, 31).timetuple().tm_yday], dtype=float)
    shares = np.concatenate([[0.0], np.cumsum(MONTHLY_SHARES)]) / sum(MONTHLY_SHARES)
    found: Whole = np.interp(rng.random(count), shares, edges).astype(np.int64)
    return found


def _glp1_claims(
    makeup: Makeup, users: Users, rng: np.random.Generator, rows: Whole, first_product: int
) -> dict[str, NDArray[np.generic]]:
    """Monthly supplies of GLP-1 users within the year."""
    count = len(rows)
    product = rng.choice(len(users.products), count, p=users.shares / users.shares.sum())
    before = rng.random(count) < users.on_before
    fine = np.arange(0.0, LONGEST_BEFORE, 0.05)
    alive = np.cumsum(survival_months(users, fine))
    # Months on therapy at the turn of the year: as many began in each month, fewer are left.
    age = np.interp(rng.random(count) * alive[-1], alive, fine)
    start = np.where(before, -age, rng.random(count) * MONTHS)
    lived = np.where(before, survival_months(users, age), 1.0)
    length = users.scale * (-np.log(lived * (1.0 - rng.random(count)))) ** (1.0 / users.kappa)
    step = 1.0 / users.fills_per_month
    earliest = np.ceil(np.maximum(-start, 0.0) / step)
    fill = earliest[:, None] + np.arange(int(np.ceil(MONTHS / step)) + 1)
    since = fill * step
    month = start[:, None] + since
    paid = (since < length[:, None]) & (month < MONTHS) & (month >= 0.0)
    who, _ = np.nonzero(paid)
    days_in_year = dt.date(makeup.year, 12, 31).timetuple().tm_yday
    day = np.floor(month[paid] * days_in_year / MONTHS).astype(np.int64)
    early = np.where(fill[paid] > 0, rng.integers(0, EARLY_REFILLS, len(day)), 0)
    many = len(who)
    plain = np.zeros(many, dtype=np.int64)
    cents = np.rint(100.0 * users.gross).astype(np.int64)[product[who]]
    copay = plain - 1
    if users.copay is not None:
        copay = np.minimum(round(100.0 * users.copay), cents)
    return {
        "member": rows[who],
        "day": np.maximum(day - early, 0),
        "drug_class": np.array(users.classes)[product[who]],
        "cents": cents,
        "copay": copay,
        "brand": np.ones(many, dtype=bool),
        "fill_kind": plain,
        "manufacturer": plain,
        "days_supply": plain + SUPPLY_DAYS,
        "product": first_product + product[who],
    }
