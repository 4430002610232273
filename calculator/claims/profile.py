"""What a file of claims says about a plan: members, spending, GLP-1 use and persistence.

Each member becomes one row inside the engine, and only numbers without identifiers leave it. No
figure rests on fewer than SMALLEST people, CMS's rule for small cells (counts of 1 to 10).
"""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from calculator.claims import files
from calculator.claims.reading import Claims
from calculator.errors import InputError
from calculator.model.arrays import MONTHS, Array
from calculator.model.own_spending import resliced
from calculator.spending_inputs import EXISTING

SMALLEST = 11
POINTS = 60
UNIT = 10_000  # the table's money: ten-thousandths of a dollar
MONTH = 365.25 / MONTHS  # days
SUPPLY = 30  # days of a monthly supply
WASHOUT = 90  # days without a fill that make a new user
GAP = 60  # days without supply that end a spell
CURVE_MONTHS = (*range(1, 13), 15, 18, 21, 24, 30, 36, 48, 60)


@dataclass(frozen=True)
class Estimate:
    """A number with the people it rests on and its 95% band, where there is one."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Group:
    """Yearly spending of low-income members or of the others, USD."""

    zero_share: float
    points: Array  # (K,) means of equal-probability slices of spenders
    applicable: Array  # (K,) share of it
    selected: Array
    mean: float  # of all members of the group
    n: int  # spenders
    pooled: bool  # too few: the slices are those of all members


@dataclass(frozen=True)
class Persistence:
    """A Kaplan-Meier curve: share still on therapy by month, with its 95% band."""

    share: dict[int, Estimate]  # n: still under observation
    starters: int
    stops: int
    supplies_per_month: float  # monthly supplies per month on therapy
    of_model: bool  # fills with the model's copay, not fills for uses covered today


@dataclass(frozen=True)
class Profile:
    """What the claims of one year say."""

    year: int
    whole_year: bool  # claims in its first and its last month
    known_products: bool
    members: float
    members_from: str
    lis_share: Estimate
    groups: tuple[Group, Group] | None  # non-LIS, LIS; none: not a whole year, or too few spenders
    users: dict[str, Estimate]  # share of members by product
    supplies: Estimate | None  # monthly supplies per user-month of the year
    price: dict[str, Estimate]  # USD per monthly supply
    covered_days: Estimate | None  # PDC, mean of users
    spend_ratio: Estimate | None
    gross_per_claim: Estimate | None
    brand_claims: Estimate | None
    low_level: Estimate | None
    persistence: Persistence | None


def small(count: int) -> bool:
    """Whether a count is too small to be shown; nobody at all may be.

    >>> [small(count) for count in (0, 1, 10, 11)]
    [False, True, True, False]
    """
    return 0 < count < SMALLEST


def share(count: int, total: int) -> Estimate:
    """A share with its Wilson band; a small count, or one of all but a few, counts as none or all.

    >>> share(3, 100).value, share(100, 400).value
    (0.0, 0.25)
    """
    from scipy.stats import binomtest

    count = 0 if small(count) else total if small(total - count) else count
    if total == 0 or count in (0, total):
        return Estimate(float(count > 0), total)
    band = binomtest(count, total).proportion_ci(method="wilson")
    return Estimate(count / total, total, float(band.low), float(band.high))


def mean(values: Array) -> Estimate | None:
    """A mean with its normal band; none on too few people."""
    if len(values) < SMALLEST:
        return None
    middle = float(values.mean())
    half = 1.96 * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Estimate(middle, len(values), middle - half, middle + half)


def profile(
    claims: Claims,
    *,
    enrollment: Path | None = None,
    members: float | None = None,
    gap: int = GAP,
    washout: int = WASHOUT,
) -> Profile:
    """Read a plan's own figures out of its claims.

    enrollment: a file of member_id, start, end. members: average enrollment, where there is no such
    file. gap: days without supply that end a spell; washout: days without a fill that make a user a
    new one. Raises InputError where fewer than 11 members have claims.
    """
    if gap < 1 or washout < 0:
        raise InputError("--gap", "a number of days from 1 up", min(gap, washout))
    engine, table = claims.engine, claims.table
    periods = None if enrollment is None else files.enrollment(engine, str(enrollment))
    months = _months(table)
    if not months:
        raise InputError("claims", "a file with claims that can be used", "none")
    by_year: dict[int, int] = {}
    for (year_, _), count in months.items():
        by_year[year_] = by_year.get(year_, 0) + count
    year = max(by_year, key=lambda each: (by_year[each], each))
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    of_year = table.filter(table.service_date.between(first, last))
    people, enrolled, members_from = None, None, "the members with claims: nobody said how many"
    if periods is not None:
        inside = periods.filter(
            (periods.start <= last) & (periods.end.isnull() | (periods.end >= first))
        )
        begins = ibis.greatest(inside.start, ibis.literal(first)).epoch_days()
        ends = ibis.least(inside.end.fill_null(last), ibis.literal(last)).epoch_days()
        per_member = inside.mutate(days=ends - begins + 1).group_by("member_id")
        days = per_member.agg(days=lambda t: t.days.sum())
        length = (last - first).days + 1
        whole = days.filter(days.days >= length)
        totals = days.agg(days=days.days.sum(), whole=(days.days >= length).sum()).to_pandas()
        enrolled = float(totals.days[0] or 0) / length
        people = int(totals.whole[0] or 0)
        # A year's spending can be told only of those who were there for it.
        of_year = of_year.semi_join(whole, "member_id")
        members_from = f"the enrollment file; yearly figures of those enrolled all of {year}"
    elif members is not None:
        enrolled, members_from = members, "--members"
    rows = _by_member(of_year, last)
    count = len(rows["spend"])
    if count < SMALLEST:
        raise InputError("claims", f"at least {SMALLEST} members with claims", "fewer")
    if enrolled is None:
        enrolled = float(count)
    if people is None:
        people = round(enrolled)
    if people < count:
        raise InputError("--members", f"at least the {count:,} members with claims", f"{people:,}")
    is_lis = rows["lis"] > 0
    lis_share = share(int(is_lis.sum()), count)
    whole_year = (year, 1) in months and (year, MONTHS) in months
    enough = int((rows["spend"] > 0.0).sum()) >= SMALLEST
    using = rows["user"] > 0
    known = "product" in claims.given
    total_claims = int(rows["claims"].sum())
    return Profile(
        year=year,
        whole_year=whole_year,
        known_products=known,
        members=round(enrolled),
        members_from=members_from,
        lis_share=lis_share,
        groups=_groups(rows, is_lis, people) if whole_year and enough else None,
        users=_users(rows, people) if known else {},
        supplies=_supplies(rows, using) if known and whole_year else None,
        price=_prices(rows) if known else {},
        covered_days=mean(rows["covered"][using] / rows["period"][using]) if known else None,
        spend_ratio=_spend_ratio(rows["spend"], using, people) if known and whole_year else None,
        gross_per_claim=Estimate(float(rows["spend"].sum()) / total_claims, count)
        if total_claims
        else None,
        brand_claims=Estimate(float(rows["brands"].sum()) / total_claims, count)
        if "brand" in claims.given and total_claims
        else None,
        low_level=_low_level(rows),
        persistence=_persistence(table, periods, gap, washout) if known else None,
    )


def _months(table: Any) -> dict[tuple[int, int], int]:
    """Claims by year and month."""
    by_month = table.group_by(year=table.service_date.year(), month=table.service_date.month()).agg(
        rows=table.count()
    )
    return {
        (int(row.year), int(row.month)): int(row.rows) for row in by_month.to_pandas().itertuples()
    }


def _supplies_of(table: Any) -> Any:
    """Monthly supplies of a fill: one for 28 or 30 days, three for 84 or 90."""
    months = (table.days_supply.fill_null(SUPPLY) / SUPPLY).round().cast("int64")
    return ibis.greatest(months, 1)


def _by_member(table: Any, last: dt.date) -> dict[str, Array]:
    """One row a member, without who it is: USD, flags and counts, (M,) each."""
    outside = (table.fill_kind == "bridge") | table.copay.notnull()
    product = table.product.lower().fill_null("")
    covered = product.isin(EXISTING) & ~outside
    other = ~covered & ~outside
    left = ibis.literal(last).epoch_days() - table.service_date.epoch_days() + 1
    days = ibis.least(table.days_supply.fill_null(SUPPLY), left)
    wide = table.mutate(covered=covered, other=other, left=left, days=days, lower=product)
    supplies = _supplies_of(wide)

    def usd(condition: Any) -> Any:
        return wide.gross.sum(where=condition).fill_null(0).cast("float64") / UNIT

    columns: dict[str, Any] = {
        "lis": (wide.lis != "none").any().cast("int64"),
        "low": wide.lis.isin(["full_low"]).any().cast("int64"),
        "standard_lis": wide.lis.isin(["full_low", "full_other"]).any().cast("int64"),
        "spend": usd(wide.other),
        "applicable": usd(wide.other & (wide.drug_class == "applicable")),
        "selected": usd(wide.other & (wide.drug_class == "selected")),
        "claims": wide.other.sum(),
        "brands": wide.brand.sum(where=wide.other).fill_null(0),
        "user": wide.covered.any().cast("int64"),
        "period": wide.left.max(where=wide.covered).fill_null(0),
        "covered": wide.days.sum(where=wide.covered).fill_null(0),
    }
    for name in EXISTING:
        fill = wide.covered & (wide.lower == name)
        columns[f"supplies_{name}"] = supplies.sum(where=fill).fill_null(0)
        columns[f"usd_{name}"] = usd(fill)
    grouped = wide.group_by("member_id").agg(**columns).drop("member_id")
    found = grouped.to_pyarrow()
    rows = {name: found[name].to_numpy().astype(np.float64) for name in columns}
    rows["covered"] = np.minimum(rows["covered"], rows["period"])
    return rows


def _groups(rows: dict[str, Array], is_lis: NDArray[np.bool_], people: int) -> tuple[Group, Group]:
    """Both groups' strata; who has no claims is in either group as often as those who have."""
    found = []
    lis = share(int(is_lis.sum()), len(is_lis)).value
    for of_group, part in ((~is_lis, 1.0 - lis), (is_lis, lis)):
        spender = rows["spend"] > 0.0
        mine = spender & of_group
        pooled = int(mine.sum()) < SMALLEST
        chosen = spender if pooled else mine
        total = round(people if pooled else people * part)
        spenders = int(chosen.sum())
        order = np.argsort(rows["spend"][chosen], kind="stable")
        points = min(POINTS, max(1, spenders // SMALLEST))
        usd, applicable, selected = (
            resliced(rows[name][chosen][order], points)
            for name in ("spend", "applicable", "selected")
        )
        zero = 1.0 - share(min(spenders, total), total).value
        average = float(usd.mean()) * (1.0 - zero)
        found.append(Group(zero, usd, applicable / usd, selected / usd, average, spenders, pooled))
    return found[0], found[1]


def _users(rows: dict[str, Array], people: int) -> dict[str, Estimate]:
    return {name: share(int((rows[f"supplies_{name}"] > 0).sum()), people) for name in EXISTING}


def _supplies(rows: dict[str, Array], using: NDArray[np.bool_]) -> Estimate | None:
    """Monthly supplies per user-month of the year; who used two products is two users."""
    by_user = np.concatenate([rows[f"supplies_{name}"] for name in EXISTING])
    return mean(by_user[by_user > 0] / MONTHS) if using.any() else None


def _prices(rows: dict[str, Array]) -> dict[str, Estimate]:
    found = {}
    for name in EXISTING:
        users = int((rows[f"supplies_{name}"] > 0).sum())
        if users >= SMALLEST:
            total, supplies = rows[f"usd_{name}"].sum(), rows[f"supplies_{name}"].sum()
            found[name] = Estimate(float(total / supplies), users)
    return found


def _spend_ratio(spend: Array, using: NDArray[np.bool_], people: int) -> Estimate | None:
    """Users' other spending against all members', with the delta method's band of its logarithm."""
    users, total = int(using.sum()), float(spend.sum())
    if users < SMALLEST or total <= 0.0:
        return None
    average = total / people
    among = float(spend[using].mean())
    if among <= 0.0:
        return None
    squares = float((spend**2).sum()) / people - average**2
    own = float(spend[using].var(ddof=1))
    # The users are part of everybody: the two means move together.
    variance = own / users / among**2 + squares / people / average**2
    variance -= 2.0 * own / people / among / average
    half = 1.96 * np.sqrt(max(variance, 0.0))
    ratio = among / average
    return Estimate(ratio, users, float(ratio * np.exp(-half)), float(ratio * np.exp(half)))


def _low_level(rows: dict[str, Array]) -> Estimate | None:
    standard = int(rows["standard_lis"].sum())
    return share(int(rows["low"].sum()), standard) if standard >= SMALLEST else None


def _persistence(table: Any, periods: Any | None, gap: int, washout: int) -> Persistence | None:
    """First spells of new users, from fills under the model if there are any, else covered uses.

    A spell ends with its last day of supply if no fill follows within `gap` days. Whether that is
    so is known only up to `gap` days before the data or the enrollment end: observation ends there.
    """
    glp1 = table.filter(table.fill_kind != "bridge")
    model = glp1.filter(glp1.copay.notnull())
    of_model = bool(int(model.count().execute()) > 0)
    edges = table.agg(first=table.service_date.min(), last=table.service_date.max())
    edges = edges.mutate(first=edges.first.epoch_days(), last=edges.last.epoch_days()).to_pandas()
    data_first, data_end = int(edges["first"][0]), int(edges["last"][0]) + 1
    fills = model
    if not of_model:
        fills = glp1.filter(glp1.product.lower().isin(EXISTING))
    fills = fills.select(
        "member_id",
        "line",
        day=fills.service_date.epoch_days(),
        end=fills.service_date.epoch_days() + fills.days_supply.fill_null(SUPPLY),
        supplies=_supplies_of(fills),
    )
    order = ibis.window(group_by="member_id", order_by=["day", "line"])
    earlier = ibis.window(group_by="member_id", order_by=["day", "line"], preceding=(None, 1))
    fills = fills.mutate(before=fills.end.max().over(earlier))
    fills = fills.mutate(
        new=(fills.before.notnull() & (fills.day - fills.before > gap)).cast("int64")
    )
    fills = fills.mutate(spell=fills.new.sum().over(order))
    firsts = fills.filter(fills.spell == 0)
    spells = firsts.group_by("member_id").agg(
        start=firsts.day.min(), end=firsts.end.max(), supplies=firsts.supplies.sum()
    )
    spells = spells.mutate(since=ibis.literal(data_first), until=ibis.literal(data_end))
    if periods is not None:
        until = ibis.least(periods.end.epoch_days().fill_null(data_end - 1) + 1, data_end)
        since = ibis.greatest(periods.start.epoch_days(), data_first)
        stays = periods.select("member_id", came=since, left=until)
        joined = spells.inner_join(stays, "member_id")
        spells = joined.filter((joined.start >= joined.came) & (joined.start < joined.left)).mutate(
            since=ibis._.came, until=ibis._.left
        )
    found = spells.select("start", "end", "supplies", "since", "until").to_pyarrow()
    start, end, supplies, since, until = (
        found[name].to_numpy().astype(np.float64) for name in found.column_names
    )
    watched = until - gap
    new = (start >= since + (0 if of_model else washout)) & (start < watched)
    if int(new.sum()) < SMALLEST:
        return None
    length, limit = (end - start)[new], (watched - start)[new]
    on_therapy = float((end - start)[new].sum()) / MONTH
    stopped = length <= limit
    return Persistence(
        share=_kaplan_meier(np.minimum(length, limit), stopped),
        starters=int(new.sum()),
        stops=0 if small(int(stopped.sum())) else int(stopped.sum()),
        supplies_per_month=float(supplies[new].sum()) / on_therapy,
        of_model=of_model,
    )


def _kaplan_meier(days: Array, stopped: NDArray[np.bool_]) -> dict[int, Estimate]:
    """Share still on therapy by month, Greenwood's variance on the log-log scale."""
    from scipy.stats import CensoredData, ecdf

    curve: Any = ecdf(CensoredData.right_censored(days, ~stopped)).sf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        # Undefined where nobody has stopped yet, and where nobody is left: no band there.
        warnings.simplefilter("ignore", RuntimeWarning)
        band: Any = curve.confidence_interval(0.95, method="log-log")
    found: dict[int, Estimate] = {}
    for month in CURVE_MONTHS:
        # Whole days: a month's supply has run out at the end of the day on which it does.
        at = np.ceil(month * MONTH)
        at_risk = int((days > at).sum())
        value = float(curve.evaluate(at))
        if at_risk < SMALLEST or value <= 0.0:
            break
        low, high = float(band.low.evaluate(at)), float(band.high.evaluate(at))
        known = np.isfinite(low) and np.isfinite(high)
        found[month] = Estimate(value, at_risk, low if known else None, high if known else None)
    return found
