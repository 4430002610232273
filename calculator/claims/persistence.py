"""How long people stay on therapy: a Kaplan-Meier curve of first spells, out of claims."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from calculator.claims.estimate import Estimate, at_least
from calculator.claims.small_cells import small, smallest
from calculator.model.arrays import MONTHS, Array
from calculator.spending_inputs import EXISTING

MONTH = 365.25 / MONTHS  # days
SUPPLY = 30  # days of a monthly supply
CURVE_MONTHS = (*range(1, 13), 15, 18, 21, 24, 30, 36, 48, 60)


@dataclass(frozen=True)
class Persistence:
    """A Kaplan-Meier curve: share still on therapy by month, with its 95% band."""

    share: dict[int, Estimate]  # n: still under observation
    starters: int  # at least so many, as the stops
    stops: int
    supplies_per_month: float  # monthly supplies per month on therapy
    of_model: bool  # fills with the model's copay, not fills for uses covered today


def supplies_of(table: Any) -> Any:
    """Monthly supplies of a fill: one for 28 or 30 days, three for 84 or 90."""
    months = (table.days_supply.fill_null(SUPPLY) / SUPPLY).round().cast("int64")
    return ibis.greatest(months, 1)


def curve(table: Any, periods: Any | None, gap: int, washout: int) -> Persistence | None:
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
        supplies=supplies_of(fills),
    )
    spells = _first_spells(fills, periods, gap, data_first, data_end)
    found = spells.select("start", "end", "supplies", "since", "until").to_pyarrow()
    start, end, supplies, since, until = (
        found[name].to_numpy().astype(np.float64) for name in found.column_names
    )
    watched = until - gap
    new = (start >= since + (0 if of_model else washout)) & (start < watched)
    if int(new.sum()) < smallest():
        return None
    length, limit = (end - start)[new], (watched - start)[new]
    on_therapy = float((end - start)[new].sum()) / MONTH
    stopped = length <= limit
    return Persistence(
        share=_kaplan_meier(np.minimum(length, limit), stopped),
        starters=at_least(int(new.sum())),
        stops=0 if small(int(stopped.sum())) else at_least(int(stopped.sum())),
        supplies_per_month=float(supplies[new].sum()) / on_therapy,
        of_model=of_model,
    )


def _first_spells(fills: Any, periods: Any | None, gap: int, data_first: int, data_end: int) -> Any:
    """The first spell of each member, and the days between which it could be seen."""
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
    if periods is None:
        return spells.mutate(since=ibis.literal(data_first), until=ibis.literal(data_end))
    until = ibis.least(periods.end.epoch_days().fill_null(data_end - 1) + 1, data_end)
    since = ibis.greatest(periods.start.epoch_days(), data_first)
    stays = periods.select("member_id", came=since, left=until)
    joined = spells.inner_join(stays, "member_id")
    return joined.filter((joined.start >= joined.came) & (joined.start < joined.left)).mutate(
        since=ibis._.came, until=ibis._.left
    )


def _kaplan_meier(days: Array, stopped: NDArray[np.bool_]) -> dict[int, Estimate]:
    """Share still on therapy by month, Greenwood's variance on the log-log scale.

    A month by which only a few have stopped is left out: its share would count them.
    """
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
        if at_risk < smallest() or value <= 0.0:
            break
        if small(int((stopped & (days <= at)).sum())):
            continue
        low, high = float(band.low.evaluate(at)), float(band.high.evaluate(at))
        known = np.isfinite(low) and np.isfinite(high)
        low_, high_ = (low, high) if known else (None, None)
        found[month] = Estimate(value, at_least(at_risk), low_, high_)
    return found
