"""What draws of one decision say: value by draw and year, risk measures, and how exact it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from calculator.analysis.draws import Draws
from calculator.model import risk
from calculator.model.arrays import Array

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def over_limits(values: Array, base: Array, usd: float, share: float) -> tuple[float, float]:
    """Share of draws that lose more than so many dollars, and than such a share of a base.

    values, base: (N,) USD. A base below nothing is none: rebates above all cost leave a state no
    budget to lose a share of.

    >>> base = np.array([10.0, 10.0, 10.0, -90.0])
    >>> over_limits(np.array([-3.0, -1.0, 2.0, 4.0]), base, 2.0, 0.05)
    (0.25, 0.5)
    """
    limit = share * np.maximum(base, 0.0)
    return float(risk.loses_more(values, usd)), float(risk.loses_more(values, limit))


@dataclass(frozen=True)
class Spread:
    """One value over draws, in one unit."""

    values: Array  # (N,)

    @property
    def pays(self) -> float:
        """Share of draws above 0: in which joining pays."""
        return float(risk.pays(self.values))

    @property
    def median(self) -> float:
        """The draw in the middle."""
        return float(np.median(self.values))

    @property
    def middle(self) -> tuple[float, float]:
        """Between what 90% of draws lie."""
        low, high = np.quantile(self.values, [risk.TAIL, 1.0 - risk.TAIL])
        return float(low), float(high)

    def beyond(self, *, best: bool) -> float:
        """Mean of the worst 5% of draws, or of the best.

        >>> Spread(np.arange(100.0)).beyond(best=False), Spread(np.arange(100.0)).beyond(best=True)
        (2.0, 97.0)
        """
        sign = -1.0 if best else 1.0
        return sign * float(risk.worst_mean(sign * self.values))

    def to_dict(self) -> dict[str, Any]:
        """Mean, spread, quantiles by percent, the worst 5%, and how often it is above 0."""
        values = self.values
        at = np.quantile(values, QUANTILES)
        return {
            "probability_join_pays": self.pays,
            "mean": float(values.mean()),
            "standard_error": risk.standard_error(values),
            "standard_deviation": float(values.std()),
            "tail_mean_5": self.beyond(best=False),
            "quantiles": {
                f"{100 * part:g}": float(value) for part, value in zip(QUANTILES, at, strict=True)
            },
        }


@dataclass(frozen=True)
class Interpolation:
    """How far a run between nodes is from the engine, on draws that were run both ways."""

    draws: int  # run both ways; 0: every draw was run in full
    pmpm: float  # largest difference of value, USD PMPM
    share_of_value: float  # mean difference of value against the mean size of value
    share_of_gross: float  # largest difference of value against gross drug cost

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return dict(vars(self))


EXACT = Interpolation(0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Limits:
    """Losses whose probability is stated."""

    usd: float  # over the horizon
    share: float  # of `against` over the horizon
    against: str  # what the share is of, in words


@dataclass(frozen=True)
class Uncertain:
    """A decision over draws of what is uncertain. N draws, P periods, USD."""

    draws: Draws
    resolution: str
    periods: tuple[str, ...]  # plan years, or state fiscal years
    months: tuple[int, ...]  # in each period; the first and last of a state may be part of a year
    value: Array  # (N, P) joining less staying out
    present_value: Array  # (N,) at each draw's own rate
    member_months: Array  # (N, P) of own members
    base: Array  # (N, P) what losses are a share of: revenue when joining, cost when staying out
    limits: Limits
    # Value of the same draws without a protection: name -> (N, P); model.protection says what
    # "without" means.
    without: Mapping[str, Array]
    # The plan's result when joining, "as_settled" and without each; empty for a state.
    joined: Mapping[str, Array]
    # Share of draws and years in which a branch's corridor shares nothing; empty without one.
    inside_corridor: Mapping[str, float]
    interpolation: Interpolation
    central: float  # value of the central run over the horizon
    remarks: tuple[str, ...] = ()  # what a reader must know of this payer's draws

    @cached_property
    def total(self) -> Array:
        """Value over the horizon, (N,) USD."""
        return np.asarray(self.value.sum(axis=1))

    @cached_property
    def pmpm(self) -> Array:
        """Value over the horizon, (N,) USD PMPM."""
        return np.asarray(self.total / self.member_months.sum(axis=1))

    @property
    def pays(self) -> float:
        """Share of draws in which joining pays."""
        return float(risk.pays(self.total))

    @property
    def evpi(self) -> float:
        """Expected value of perfect information to a payer that keeps to its choice, USD."""
        return risk.evpi(self.total)

    @property
    def notes(self) -> list[str]:
        """What a reader must know of these draws."""
        found = list(self.remarks)
        draws = self.draws
        if draws.asked != draws.count:
            found.append(
                f"{draws.asked:,} draws were asked for, {draws.count:,} made: a power of two"
            )
        if not draws.inputs:
            found.append("nothing this scenario reads has a range: every draw is the central run")
        return found

    def losses(self, usd: float | None = None, share: float | None = None) -> dict[str, Any]:
        """How often joining loses more than the limits, over the horizon and by period.

        usd: over the horizon; in one period its part of the horizon's length. share: of `base` over
        the same time.
        """
        usd = self.limits.usd if usd is None else usd
        share = self.limits.share if share is None else share
        over_usd, over_share = over_limits(self.total, self.base.sum(axis=1), usd, share)
        yearly = np.maximum(self.base, 0.0)
        parts = np.asarray(self.months) / sum(self.months)
        return {
            "usd": usd,
            "share": share,
            "share_of": self.limits.against,
            "probability_over_usd": over_usd,
            "probability_over_share": over_share,
            "by_period": {
                period: {
                    "usd": float(usd * part),
                    "probability_over_usd": float(risk.loses_more(value, usd * part)),
                    "probability_over_share": float(risk.loses_more(value, share * base)),
                }
                for period, part, value, base in zip(
                    self.periods, parts, self.value.T, yearly.T, strict=True
                )
            },
        }

    def protections(self) -> dict[str, dict[str, Any]]:
        """The tail as it is, and on the same draws without each protection; empty without any.

        Of the value of joining, and (`result`) of the plan's own result when joining: a corridor
        that both branches have may leave the first as it is and still save the second.
        """
        values = {"as_settled": self.value, **self.without}
        if not self.without:
            return {}
        return {
            name: {**self._tail(value), "result": self._tail(self.joined[name])}
            for name, value in values.items()
        }

    def _tail(self, amounts: Array) -> dict[str, float]:
        """Risk of an amount, (N, P): USD over the horizon, but for shares and what says PMPM."""
        total, limits = amounts.sum(axis=1), self.limits
        over_usd, over_share = over_limits(total, self.base.sum(axis=1), limits.usd, limits.share)
        return {
            "probability_above_0": float(risk.pays(total)),
            "mean": float(total.mean()),
            "standard_deviation": float(total.std()),
            "tail_mean_5": float(risk.worst_mean(total)),
            "tail_mean_5_pmpm": float(risk.worst_mean(total / self.member_months.sum(axis=1))),
            "probability_over_usd": over_usd,
            "probability_over_share": over_share,
        }

    def to_dict(self) -> dict[str, Any]:
        """As plain data, unrounded: USD over the horizon unless a key says otherwise."""
        draws = self.draws
        return {
            "draws": draws.count,
            "draws_asked": draws.asked,
            "seed": draws.seed,
            "resolution": self.resolution,
            "inputs": {
                "count": len(draws.inputs),
                "paths": [one.path for one in draws.inputs],
                "correlations": {first: dict(pairs) for first, pairs in draws.correlations.items()},
            },
            **Spread(self.total).to_dict(),
            "evpi": self.evpi,
            "central": self.central,
            "pmpm": Spread(self.pmpm).to_dict(),
            "present_value": Spread(self.present_value).to_dict(),
            "by_period": {
                period: Spread(value).to_dict()
                for period, value in zip(self.periods, self.value.T, strict=True)
            },
            "losses": self.losses(),
            "protections": self.protections(),
            "inside_corridor": dict(self.inside_corridor),
            "interpolation": self.interpolation.to_dict(),
            "notes": self.notes,
        }
