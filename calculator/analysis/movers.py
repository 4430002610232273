"""Who moves for the drug: stated against realised, and what a table of plans and premiums says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator.analysis.tables import read_table
from calculator.errors import InputError
from calculator.model import choice
from calculator.model.arrays import Array
from calculator.model.choice import Outcome, Plan, Region
from calculator.model.region import LowIncome
from calculator.plan_selection import movers_range
from calculator.register import Register

REQUIRED = ("name", "share", "premium", "covers")
OPTIONAL = ("out_of_pocket", "premium_before", "out_of_pocket_before", "lis_share")


@dataclass(frozen=True)
class Stated:
    """Stated and realised switching of the eligible, by year."""

    stated: float  # say they would switch
    aware: tuple[float, ...]  # know which plans cover the drug
    realised: tuple[float, ...]  # both
    with_letter: tuple[float, ...]  # and a letter with personal costs
    base: float  # what the plan check takes, and its range
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


def stated(register: Register, years: int) -> Stated:
    """Stated intention discounted by awareness, year by year, beside the movers of the check."""

    def number(name: str) -> Array:
        return register.number(f"assumptions.selection.{name}")

    aware = choice.awareness_path(number("awareness"), number("awareness_gain"), years)
    realised = choice.realised_movers(aware, number("stated_switching"))
    letter = choice.with_nudge(realised, number("nudge_switching_gain"), number("stated_switching"))
    base, low, high = movers_range(register)
    return Stated(
        stated=float(number("stated_switching")[0]),
        aware=tuple(map(float, aware[0])),
        realised=tuple(map(float, realised[0])),
        with_letter=tuple(map(float, letter[0])),
        base=base,
        low=low,
        high=high,
    )


@dataclass(frozen=True)
class RegionChoice:
    """What a table of plans says about who moves."""

    region: Region
    outcome: Outcome
    joining_share: float
    switching_cost: float  # USD a year, after calibration
    attention: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        net = self.outcome.net_leaving()[0]
        capture = self.outcome.capture()[0]
        plans = [
            {
                "name": name,
                "covers": bool(covers),
                "share": float(share),
                "capture": float(capture[index]),
                "members_lost_by_year": [float(lost) for lost in net[:, index]],
            }
            for index, (name, covers, share) in enumerate(
                zip(self.region.names, self.region.covers, self.region.shares, strict=True)
            )
        ]
        lis = self.outcome.lis_movers
        return {
            "joining_share": self.joining_share,
            "movers": [float(rate) for rate in self.outcome.movers[0]],
            "lis_movers": None if lis is None else [float(rate) for rate in lis[0]],
            "switching_cost": self.switching_cost,
            "attention": self.attention,
            "plans": plans,
        }

    def settings(self, plan: str | None = None) -> dict[str, float]:
        """The plan check's inputs from this table: path -> value, for the plan of that name."""
        rate = float(self.outcome.movers[0, 0])
        found = {
            "assumptions.selection.movers": rate,
            "assumptions.selection.joining_share": self.joining_share,
        }
        if plan is not None:
            if plan not in self.region.names:
                allowed = "one of " + ", ".join(self.region.names)
                raise InputError("--plan", allowed, plan)
            at = self.region.names.index(plan)
            if not self.region.covers[at]:
                raise InputError("--plan", "a plan that covers the drug", plan)
            found["assumptions.selection.capture"] = float(self.outcome.capture()[0, at])
        lis = self.outcome.lis_movers
        if lis is not None and rate > 0.0:
            found["assumptions.selection.lis_movers_ratio"] = float(lis[0, 0]) / rate
        return found


def read_region(path: str | Path) -> Region:
    """The plans of a region from a CSV or xlsx table.

    Columns: name, share (of members free to move), premium (USD PMPM), covers (yes or no);
    optional out_of_pocket, premium_before, out_of_pocket_before, lis_share.
    """
    rows = read_table("plans", Path(path), REQUIRED, OPTIONAL)
    plans = tuple(
        Plan(
            name=row.text("name"),
            share=row.given("share", 0, 1),
            premium=row.given("premium", -1000, 5000),
            covers=row.flag("covers", False),
            out_of_pocket=row.number("out_of_pocket", 0, 1e6) or 0.0,
            premium_before=row.number("premium_before", -1000, 5000),
            out_of_pocket_before=row.number("out_of_pocket_before", 0, 1e6),
            lis_share=row.number("lis_share", 0, 1),
        )
        for row in rows
    )
    try:
        region = Region(plans)
        names = region.names
    except ValueError as error:
        raise _as_input_error(error) from None
    if not region.covers.any():
        raise InputError("plans, covers", "yes for at least one plan", f"no for all {len(names)}")
    return region


def choose(region: Region, register: Register, years: int, benchmark: float | None) -> RegionChoice:
    """Choice with inertia over a region's plans.

    benchmark: the low-income benchmark, USD PMPM; none leaves those members out.
    """

    def number(name: str) -> Array:
        return register.number(f"assumptions.selection.{name}")

    low_income = None
    try:
        if benchmark is not None:
            low_income = LowIncome(
                benchmark=benchmark,
                de_minimis=register.number("assumptions.payment.de_minimis_premium"),
                assigned=number("lis_assigned_share"),
            )
        tastes = choice.calibrated(
            region,
            number("premium_semi_elasticity"),
            number("out_of_pocket_weight"),
            number("cover_value"),
            number("switching_cost"),
            number("attention_when_offered"),
            number("active_choosers_share"),
            number("plan_comparers_share"),
        )
        outcome = choice.choose(region, tastes, number("stated_switching"), years, low_income)
    except ValueError as error:
        raise _as_input_error(error) from None
    return RegionChoice(
        region=region,
        outcome=outcome,
        joining_share=float(region.shares[region.covers].sum()),
        switching_cost=float(tastes.switching_cost[0]),
        attention=float(tastes.attention[0]),
    )


def _as_input_error(error: ValueError) -> InputError:
    """The model's sentence, `field: allowed is A; given was B`, as an error of the input."""
    field, _, rest = str(error).partition(": allowed is ")
    allowed, _, given = rest.partition("; given was ")
    return InputError(field, allowed, given)
