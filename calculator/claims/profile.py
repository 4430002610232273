"""What a file of claims says about a plan: members, spending, GLP-1 use and persistence.

Each member becomes one row inside the engine, and only numbers without identifiers leave it. No
figure is a mean or a share of fewer people than CMS lets be shown (small_cells).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from calculator.claims import files
from calculator.claims.estimate import Estimate, at_least, in_tens, mean, share
from calculator.claims.persistence import SUPPLY, Persistence, curve, supplies_of
from calculator.claims.reading import Claims
from calculator.claims.small_cells import small, smallest
from calculator.errors import InputError
from calculator.model.arrays import MONTHS, Array
from calculator.model.own_spending import resliced
from calculator.spending_inputs import EXISTING

POINTS = 60
UNIT = 10_000  # the table's money: ten-thousandths of a dollar
WASHOUT = 90  # days without a fill that make a new user
GAP = 60  # days without supply that end a spell


@dataclass(frozen=True)
class Group:
    """Yearly spending of low-income members or of the others, USD."""

    zero_share: float
    points: Array  # (K,) means of equal-probability slices of spenders
    applicable: Array  # (K,) share of it
    selected: Array
    mean: float  # of all members of the group
    n: int  # spenders, at least so many
    pooled: bool  # too few in one group: the slices are those of all members


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
    year = _busiest(months)
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    of_year = table.filter(table.service_date.between(first, last))
    few_bridge = small(_bridge_members(of_year))
    people: int | None = None
    enrolled: float | None = None
    members_from = "the members with claims: nobody said how many"
    if periods is not None:
        whole, enrolled, people = _enrolled(periods, first, last)
        # A year's spending can be told only of those who were there for it.
        of_year = of_year.semi_join(whole, "member_id")
        members_from = f"the enrollment file; yearly figures of those enrolled all of {year}"
    elif members is not None:
        enrolled, members_from = members, "--members"
    rows = _by_member(of_year, last)
    count = len(rows["spend"])
    if count < smallest():
        raise InputError("claims", f"at least {smallest()} members with claims", "fewer")
    if enrolled is None:
        enrolled = float(count)
    if people is None:
        people = round(enrolled)
    if people < count:
        raise InputError("--members", f"at least the {count:,} members with claims", f"{people:,}")
    # A few are in neither group apart from the others: the counts of both would tell them.
    is_lis = _told(rows["lis"] > 0)
    lis_share = share(int(is_lis.sum()), count)
    whole_year = (year, 1) in months and (year, MONTHS) in months
    enough = int((rows["spend"] > 0.0).sum()) >= smallest()
    using = _told(np.any([_told(rows[f"supplies_{name}"] > 0) for name in EXISTING], axis=0))
    known = "product" in claims.given
    filled = using & (rows["period"] > 0)  # all may count as users where a few are none
    claimants = int((rows["claims"] > 0).sum())
    return Profile(
        year=year,
        whole_year=whole_year,
        known_products=known,
        # Member-years of a file beside its members with claims would tell of a few without any.
        members=in_tens(round(enrolled)) if periods is not None else round(enrolled),
        members_from=members_from,
        lis_share=lis_share,
        groups=_groups(rows, is_lis, people) if whole_year and enough else None,
        users=_users(rows, people) if known else {},
        supplies=_supplies(rows) if known and whole_year else None,
        price=_prices(rows) if known else {},
        covered_days=mean(rows["covered"][filled] / rows["period"][filled]) if known else None,
        spend_ratio=_spend_ratio(rows["spend"], using, people) if known and whole_year else None,
        # Gross over the price of a claim, less all claims, would be the Bridge fills of a few.
        gross_per_claim=Estimate(
            float(rows["spend"].sum() / rows["claims"].sum()), at_least(claimants)
        )
        if claimants >= smallest() and not few_bridge
        else None,
        brand_claims=_brand_claims(rows, claimants)
        if "brand" in claims.given and claimants >= smallest()
        else None,
        low_level=_low_level(rows),
        persistence=curve(table, periods, gap, washout) if known else None,
    )


def _told(which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which members are so; none where they are a few, all where the others are."""
    if small(int(which.sum())):
        return np.zeros_like(which)
    return np.ones_like(which) if small(int((~which).sum())) else which


def _bridge_members(table: Any) -> int:
    """How many members have Bridge fills."""
    return int(table.filter(table.fill_kind == "bridge").member_id.nunique().to_pandas())


def _busiest(months: dict[tuple[int, int], int]) -> int:
    """The year with most claims; of two alike the later one."""
    by_year: dict[int, int] = {}
    for (year, _), count in months.items():
        by_year[year] = by_year.get(year, 0) + count
    return max(by_year, key=lambda each: (by_year[each], each))


def _enrolled(periods: Any, first: dt.date, last: dt.date) -> tuple[Any, float, int]:
    """Who was enrolled all year: their table, member-years of everybody, and how many they are."""
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
    return whole, float(totals.days[0] or 0) / length, int(totals.whole[0] or 0)


def _months(table: Any) -> dict[tuple[int, int], int]:
    """Claims by year and month."""
    by_month = table.group_by(year=table.service_date.year(), month=table.service_date.month()).agg(
        rows=table.count()
    )
    return {
        (int(row.year), int(row.month)): int(row.rows) for row in by_month.to_pandas().itertuples()
    }


def _by_member(table: Any, last: dt.date) -> dict[str, Array]:
    """One row a member, without who it is: USD, flags and counts, (M,) each."""
    outside = (table.fill_kind == "bridge") | table.copay.notnull()
    product = table.product.lower().fill_null("")
    covered = product.isin(EXISTING) & ~outside
    other = ~covered & ~outside
    left = ibis.literal(last).epoch_days() - table.service_date.epoch_days() + 1
    days = ibis.least(table.days_supply.fill_null(SUPPLY), left)
    wide = table.mutate(covered=covered, other=other, left=left, days=days, lower=product)
    supplies = supplies_of(wide)

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
    spender = rows["spend"] > 0.0
    # All less the others would be the few of a group: where one has too few, neither is told.
    either = any(small(int((spender & of).sum())) for of in (is_lis, ~is_lis))
    for of_group, part in ((~is_lis, 1.0 - lis), (is_lis, lis)):
        mine = spender & of_group
        pooled = either or not mine.any()
        chosen = spender if pooled else mine
        total = round(people if pooled else people * part)
        spenders = int(chosen.sum())
        order = np.argsort(rows["spend"][chosen], kind="stable")
        points = min(POINTS, max(1, spenders // smallest()))
        usd, applicable, selected = (
            resliced(rows[name][chosen][order], points)
            for name in ("spend", "applicable", "selected")
        )
        zero = 1.0 - share(min(spenders, total), total).value
        average = float(usd.mean()) * (1.0 - zero)
        n = at_least(spenders)
        found.append(Group(zero, usd, applicable / usd, selected / usd, average, n, pooled))
    return found[0], found[1]


def _users(rows: dict[str, Array], people: int) -> dict[str, Estimate]:
    return {name: share(int((rows[f"supplies_{name}"] > 0).sum()), people) for name in EXISTING}


def _supplies(rows: dict[str, Array]) -> Estimate | None:
    """Monthly supplies per user-month of the year; who used two products is two users."""
    told = [name for name in EXISTING if not small(int((rows[f"supplies_{name}"] > 0).sum()))]
    if not told:
        return None
    by_user = np.concatenate([rows[f"supplies_{name}"] for name in told])
    return mean(by_user[by_user > 0] / MONTHS)


def _prices(rows: dict[str, Array]) -> dict[str, Estimate]:
    found = {}
    for name in EXISTING:
        users = int((rows[f"supplies_{name}"] > 0).sum())
        if users >= smallest():
            total, supplies = rows[f"usd_{name}"].sum(), rows[f"supplies_{name}"].sum()
            found[name] = Estimate(float(total / supplies), at_least(users))
    return found


def _spend_ratio(spend: Array, using: NDArray[np.bool_], people: int) -> Estimate | None:
    """Users' other spending against all members', with the delta method's band of its logarithm."""
    users, total = int(using.sum()), float(spend.sum())
    if users < smallest() or total <= 0.0:
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
    return Estimate(
        ratio, at_least(users), float(ratio * np.exp(-half)), float(ratio * np.exp(half))
    )


def _brand_claims(rows: dict[str, Array], claimants: int) -> Estimate:
    """Brands among claims; those of a few members count as none, or as all."""
    claims, brands = rows["claims"], rows["brands"]
    some, others = (int((count > 0).sum()) for count in (brands, claims - brands))
    part = float(brands.sum() / claims.sum())
    value = 0.0 if small(some) else 1.0 if small(others) else part
    return Estimate(value, at_least(claimants))


def _low_level(rows: dict[str, Array]) -> Estimate | None:
    standard = int(rows["standard_lis"].sum())
    return share(int(rows["low"].sum()), standard) if standard >= smallest() else None
