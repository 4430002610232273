"""The plans of a region that members choose among, and what low-income members are subject to.

J plans; those that the user lists come first, then the plans that hold the other members.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
import numpy.typing as npt

from calculator.model.arrays import Array, Number, array

Flags = npt.NDArray[np.bool_]

# A table of tiny plans does not turn into thousands of rows for the plans it leaves out.
MOST_OTHER_PLANS = 40


def share_of_people(name: str, value: Number) -> Array:
    """A share, or a ValueError that names it.

    >>> float(share_of_people("want", 0.6))
    0.6
    """
    found = array(value)
    if not ((found >= 0.0) & (found <= 1.0)).all():
        raise ValueError(f"{name}: allowed is a share from 0 to 1; given was {value}")
    return found


@dataclass(frozen=True)
class Plan:
    """One plan of a region. Before: the year in which the shares are counted.

    Nobody covered the drug before; a plan that covers it already counts as not covering, since
    those who want it have had their time to move.
    """

    name: str
    share: float  # of members free to move
    premium: float  # USD PMPM
    covers: bool
    out_of_pocket: float = 0.0  # expected, USD per member-year
    premium_before: float | None = None  # None: as now
    out_of_pocket_before: float | None = None
    lis_share: float | None = None  # of low-income members; None: `share`

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("plan name: allowed is a name; given was none")
        share_of_people(f"share of {self.name}", self.share)
        if self.lis_share is not None:
            share_of_people(f"lis_share of {self.name}", self.lis_share)
        for field in ("premium", "out_of_pocket", "premium_before", "out_of_pocket_before"):
            value = getattr(self, field)
            if value is not None and not isfinite(value):
                raise ValueError(f"{field} of {self.name}: allowed is an amount; given was {value}")


@dataclass(frozen=True)
class Region:
    """The plans of a region; what they leave of the members is in other plans.

    Other plans change nothing, do not cover, and stand at the benchmark. Unless `other_plans`
    says how many, they are of the average size of those listed (at most 40).

    >>> Region((Plan("mine", 0.2, 36.0, True), Plan("rival", 0.4, 36.0, False))).names
    ('mine', 'rival', 'other plan 1', 'other plan 2')
    """

    plans: tuple[Plan, ...]
    other_plans: int | None = None

    def __post_init__(self) -> None:
        names = [plan.name for plan in self.plans]
        twice = sorted({name for name in names if names.count(name) > 1})
        total = sum(plan.share for plan in self.plans)
        if twice:
            raise ValueError(f"plans: allowed is each plan once; given was {twice[0]} twice")
        if total > 1.0 + 1e-9:
            raise ValueError(f"plans: allowed is a sum of shares up to 1; given was {total:g}")
        if self.plans and total == 0.0:
            raise ValueError("plans: allowed is a table with members in it; given was nobody")
        if len({plan.lis_share is None for plan in self.plans}) > 1:
            raise ValueError(
                "plans: allowed is lis_share for every plan or for none; given was some"
            )
        if self.other_plans is not None and (self.other_plans < 1 and total < 1.0 - 1e-9):
            raise ValueError(f"other_plans: allowed is 1 or more; given was {self.other_plans}")
        lis = sum(plan.lis_share or 0.0 for plan in self.plans)
        if lis > 1.0 + 1e-9:
            raise ValueError(f"plans: allowed is a sum of lis_share up to 1; given was {lis:g}")
        if lis == 0.0 and self.plans and self.plans[0].lis_share is not None and not self._others:
            raise ValueError(
                "plans: allowed is a lis_share above 0 in some plan; given was 0 in all"
            )
        if len(self.plans) + self._others < 2:
            raise ValueError(f"plans: allowed is two plans or more; given was {len(self.plans)}")

    @property
    def _others(self) -> int:
        """How many plans hold the members that the table leaves out."""
        left = 1.0 - sum(plan.share for plan in self.plans)
        if left <= 1e-9 or not self.plans:
            return 0
        if self.other_plans is not None:
            return self.other_plans
        return min(MOST_OTHER_PLANS, ceil(left * len(self.plans) / (1.0 - left) - 1e-9))

    def _column(self, values: list[float], others: float) -> Array:
        return array([*values, *[others] * self._others])

    def _shares(self, listed: list[float]) -> Array:
        left = max(0.0, 1.0 - sum(listed))
        column = self._column(listed, left / max(self._others, 1))
        return array(column / column.sum())

    @property
    def names(self) -> tuple[str, ...]:
        """Plans, then other plans, (J,)."""
        others = (f"other plan {i + 1}" for i in range(self._others))
        return (*(plan.name for plan in self.plans), *others)

    @property
    def shares(self) -> Array:
        """Share of members before, (J,), summing to 1."""
        return self._shares([plan.share for plan in self.plans])

    @property
    def lis_shares(self) -> Array:
        """Share of low-income members before, (J,), summing to 1."""
        return self._shares(
            [plan.share if plan.lis_share is None else plan.lis_share for plan in self.plans]
        )

    @property
    def covers(self) -> Flags:
        """Which plans cover the drug now, (J,)."""
        return np.array([*(plan.covers for plan in self.plans), *[False] * self._others])

    def premium(self, benchmark: float, before: bool) -> Array:
        """Monthly premium above a benchmark, (J,), below zero where it is under it; USD PMPM."""
        listed = [
            plan.premium_before if before and plan.premium_before is not None else plan.premium
            for plan in self.plans
        ]
        return self._column([amount - benchmark for amount in listed], 0.0)

    @property
    def out_of_pocket_change(self) -> Array:
        """Expected out-of-pocket cost now less before, USD per member-year, (J,)."""
        return self._column(
            [
                0.0
                if plan.out_of_pocket_before is None
                else plan.out_of_pocket - plan.out_of_pocket_before
                for plan in self.plans
            ],
            0.0,
        )


@dataclass(frozen=True)
class LowIncome:
    """What low-income members are subject to. Amounts in USD PMPM."""

    benchmark: float
    de_minimis: Number  # (C,) above the benchmark, which a plan within it waives
    assigned: Number  # (C,) share who were assigned to their plan and do not choose
    benchmark_before: float | None = None  # None: as now

    def __post_init__(self) -> None:
        for name in ("benchmark", "benchmark_before"):
            value = getattr(self, name)
            if value is not None and not isfinite(value):
                raise ValueError(f"{name}: allowed is an amount; given was {value}")
        share_of_people("assigned", self.assigned)
