"""The sections of a scenario: the fields a user types, with their units and limits."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from calculator import fields
from calculator.errors import InputError
from calculator.fields import Section, checked_shares, number
from calculator.schema import Range

MOST_POINTS = 1000
OWN_SOURCE = re.compile(r"claims sha256:[0-9a-f]{64}")
PlanType = Literal["pdp", "mapd", "dsnp", "egwp"]
Curve = Literal["prime_2021", "denmark", "prime_2024", "blue_health"]
OffsetScenario = Literal["none", "cost_rise", "cbo", "trial_model", "upper"]


class Plan(Section):
    """The plan as its actuary knows it."""

    type: PlanType = Field(title="Plan type")
    members: float = number("Members", "people", 1, 100_000_000)
    member_trend: float = number("Yearly growth of enrollment", "share per year", -0.5, 0.5)
    lis_share: float = number("Members with low-income subsidy", "share of members", 0, 1)
    risk_score: float = number("Average risk score", "score", 0.1, 10)
    spend_ratio: float = number("Drug spending against the nation's", "ratio", 0.05, 20)
    bid: float | None = number(
        "Standardised bid in the first year", "USD PMPM; none: priced at cost", 0, 5000, None
    )
    national_weight: float = number(
        "Own weight in the national average bid", "share of enrollment", 0, 1
    )
    auto_assigned_share: float = number(
        "Low-income members who were auto-assigned", "share of low-income members", 0, 1
    )
    benchmark_headroom: float | None = number(
        "Room below the low-income benchmark", "USD PMPM; none: not at stake", 0, 500, None
    )
    waive_de_minimis: bool = Field(title="Waive the premium within the de minimis amount")
    low_income_benchmark: float | None = number(
        "Regional low-income benchmark", "USD PMPM; none: premium fully subsidised", 0, 500, None
    )
    rebate_funded_share: float = number(
        "Premium rise paid from the plan's own A/B rebate", "share of the rise", 0, 1
    )
    retained_share: float = number(
        "Part A and B effect the plan keeps", "share of the effect", 0, 1
    )
    part_c_coding: float = number(
        "Part C payment change from coding", "USD per treated member-year", -20_000, 20_000
    )


class Therapy(Section):
    """Who is treated with what, and for how long."""

    mix: dict[str, float] = Field(title="Products, share of starters", min_length=1)
    curve: Curve = Field(title="Persistence curve")
    persistence_points: dict[int, float] | None = Field(
        None, title="Own persistence: share still on therapy by month"
    )
    age_65_effect: bool = Field(title="Stopping is faster at 65 and over")
    dual_effect: bool = Field(title="Stopping is slower with dual eligibility")
    offsets: OffsetScenario = Field(title="Medical cost effect")

    @model_validator(mode="after")
    def _shares(self) -> Therapy:
        checked_shares("therapy.mix", self.mix)
        previous_month, previous_share = 0, 1.0
        for month, share in (self.persistence_points or {}).items():
            if month <= previous_month or not 0 < share <= previous_share:
                allowed = "months that rise and shares that fall from 1 and stay above 0"
                raise InputError("therapy.persistence_points", allowed, f"{month}: {share:g}")
            previous_month, previous_share = month, share
        if self.persistence_points is not None and not self.persistence_points:
            raise InputError("therapy.persistence_points", "at least one point, or none", "empty")
        return self


class Horizon(Section):
    """When the plan would be in the model; none: as the timeline says."""

    start: dt.date | None = Field(None, title="First month in the model")
    end: dt.date | None = Field(None, title="Last day in the model")

    @model_validator(mode="after")
    def _plan_years(self) -> Horizon:
        if self.start and (self.start.month, self.start.day) != (1, 1):
            raise InputError("horizon.start", "1 January of a plan year", self.start.isoformat())
        if self.end and (self.end.month, self.end.day) != (12, 31):
            raise InputError("horizon.end", "31 December of a plan year", self.end.isoformat())
        return self


class Rivals(Section):
    """What the others do, the same in both branches."""

    bid_change: float = number(
        "Change of the national average bid by others joining", "USD PMPM", -500, 500
    )
    premium_change: float = number("Rivals' mean premium change", "USD PMPM", -500, 500)
    lis_bid_change: float = number(
        "Region's bid change, weighted by low-income members", "USD PMPM", -500, 500
    )


class Selection(Section):
    """Whether members who come in order to use the drug are part of the value."""

    include: bool = Field(False, title="Members who come in order to use the drug are in the value")


class OwnGroup(Section):
    """Yearly spending of one group of members: who spends nothing, and slices of those who do."""

    zero_share: float = number("Members with no drug spending", "share of members", 0, 1)
    points: list[float] = Field(
        title="Yearly gross spending by equal-probability slice of spenders, USD per member"
    )
    applicable: list[float] = Field(title="Share of it on applicable drugs")
    selected: list[float] = Field(title="Share of it on selected drugs")

    @model_validator(mode="after")
    def _slices(self) -> OwnGroup:
        if not 1 <= len(self.points) <= MOST_POINTS:
            raise InputError("points", f"1 to {MOST_POINTS} numbers", str(len(self.points)))
        previous = 0.0
        for point in self.points:
            if point < previous:
                raise InputError("points", "numbers from 0 up that do not fall", f"{point:g}")
            previous = point
        for name in ("applicable", "selected"):
            shares = getattr(self, name)
            if len(shares) != len(self.points):
                raise InputError(name, f"{len(self.points)} shares, as many as points", len(shares))
            wrong = next((share for share in shares if not 0 <= share <= 1), None)
            if wrong is not None:
                raise InputError(name, "shares from 0 to 1", f"{wrong:g}")
        for both in map(sum, zip(self.applicable, self.selected, strict=True)):
            if both > 1 + fields.SHARE_TOLERANCE:
                allowed = "shares that, with those of applicable, sum to 1 at most"
                raise InputError("selected", allowed, f"a sum of {both:g}")
        return self


class OwnSpending(Section):
    """The plan's own spending in one year, in place of the nation's spread and level."""

    year: int = Field(title="Year of the figures", strict=True)
    glp1: Literal["left_out", "included"] = Field(
        title="GLP-1 drugs of uses covered today, in these figures"
    )
    non_lis: OwnGroup
    lis: OwnGroup


class Observed(Section):
    """Which values were read from data of the payer's own, and from which."""

    source: str = Field(title="Source of the observed values")
    title: str = Field(title="What the source is", max_length=200)
    paths: list[str] = Field(title="Fields of the scenario that were observed")

    @field_validator("source")
    @classmethod
    def _hash(cls, source: str) -> str:
        if not OWN_SOURCE.fullmatch(source):
            allowed = "claims sha256: with the file's 64 hexadecimal digits"
            raise InputError("observed.source", allowed, source or "nothing")
        return source


class OwnCoverage(Section):
    """Obesity use already covered as a supplemental benefit when staying out."""

    net_price: float = number("Own net price", "USD per fill", 1, 5000)
    copay: float = number("Own copay", "USD per fill", 0, 1000)
    initiation_ratio: float = number("Starts against those in the model", "ratio", 0, 10)


class Success(Section):
    """The user's own thresholds for success; CMS has published none."""

    value_pmpm_at_least: float | None = number("Value", "USD PMPM", -1000, 1000, None)
    persistence_at_least: float | None = number("On therapy at 12 months", "share", 0, 1, None)
    responders_10_at_least: float | None = number(
        "Starters 10% lighter at 12 months", "share", 0, 1, None
    )
    cost_per_responder_at_most: float | None = number(
        "Net drug cost per 10% responder", "USD", 0, 10_000_000, None
    )


class Uncertainty(Section):
    """Ranges of the scenario's own numbers, and which uncertain inputs go together."""

    ranges: dict[str, Range] = Field(
        default_factory=dict, title="Ranges by path: low, high and dist"
    )
    correlations: dict[str, dict[str, Annotated[float, Field(strict=True)]]] = Field(
        default_factory=dict, title="Rank correlations by path and path"
    )


class Group(Section):
    """An eligibility group of a state; what is left out comes from the state's preset."""

    included: bool = Field(title="In this budget")
    enrollment: float | None = number("Enrollment", "people", 0, 50_000_000, None)
    share: float | None = number("Share of enrollment", "share of enrollment", 0, 1, None)
    trend: float | None = number("Yearly growth of enrollment", "share per year", -0.9, 1, None)
    eligible_share: float | None = number("Newly eligible", "share of the group", 0, 1, None)
    managed_share: float | None = number(
        "Pharmacy benefit in managed care", "share of the group", 0, 1, None
    )
    supplemental_eligible: bool = Field(title="Fills earn a supplemental rebate")


class Groups(Section):
    """Eligibility groups, each with its own match."""

    children: Group
    base_adults: Group
    expansion_adults: Group
    disabled: Group
    duals: Group
    medicaid_chip: Group
    separate_chip: Group

    @model_validator(mode="after")
    def _shares_of_all(self) -> Groups:
        given = {
            name: group.share for name, group in self if group.included and group.share is not None
        }
        if given:
            missing = [name for name, group in self if group.included and group.share is None]
            if missing:
                allowed = "a share for every included group, or for none"
                raise InputError(f"groups.{missing[0]}.share", allowed, "nothing")
            checked_shares("groups.share", given)
        return self


class State(Section):
    """A state Medicaid program as its budget team knows it."""

    abbr: str = Field(title="State")
    stance: Literal["not_covering", "covering", "ending"] = Field(title="Obesity use today")
    coverage_ends: dt.date | None = Field(None, title="Last day of coverage when staying out")
    months_covered: float = number("Months covered before the first month", "months", 0, 120)
    own_net_price: float | None = number("Own net price today", "USD per fill", 1, 5000, None)
    own_uptake_ratio: float = number("Starters today against the model's", "ratio", 0, 10)
    enrollment: float | None = number("Total enrollment", "people", 1, 100_000_000, None)
    obesity_share: float | None = number("Adults with obesity", "share of adults", 0, 1, None)
    fmap: float | None = number("Federal match (FMAP)", "share of cost", 0.5, 0.83, None)
    fiscal_year_start_month: float | None = number(
        "First month of the state fiscal year", "month", 1, 12, None
    )
    rebate_share_of_gross: float | None = number(
        "All rebates as one share of ingredient cost", "share of ingredient cost", 0, 1, None
    )
    accept_gaps: bool = Field(title="Leave out groups whose numbers the preset lacks")

    @field_validator("abbr")
    @classmethod
    def _code(cls, abbr: str) -> str:
        if not (len(abbr) == 2 and abbr.isalpha() and abbr.isupper()):
            raise InputError("state.abbr", "two capital letters, such as TX", abbr)
        return abbr

    @model_validator(mode="after")
    def _ending(self) -> State:
        if self.stance == "ending" and self.coverage_ends is None:
            raise InputError("state.coverage_ends", "a date, as coverage ends", "nothing")
        return self


class Uptake(Section):
    """How use grows, in one of three forms."""

    form: Literal["share_of_eligibles", "fills_per_1000", "monthly_fills"] = Field(title="Form")
    quarterly_fills_per_1000: list[float] | None = Field(
        None, title="Fills per 1,000 enrollees by quarter since coverage began; none: observed"
    )
    monthly_fills: list[float] | None = Field(None, title="Fills by month; the last one holds")

    @model_validator(mode="after")
    def _paths(self) -> Uptake:
        for name in ("quarterly_fills_per_1000", "monthly_fills"):
            path = getattr(self, name)
            if path is not None and (not path or min(path) < 0):
                given = "nothing" if not path else f"{min(path):g}"
                raise InputError(f"uptake.{name}", "at least one number from 0 up", given)
        if self.form == "monthly_fills" and self.monthly_fills is None:
            raise InputError("uptake.monthly_fills", "a number for each month", "nothing")
        return self


class StateHorizon(Section):
    """When the state would be in the model; none: as the timeline says."""

    start: dt.date | None = Field(None, title="First month in the model")
    end: dt.date | None = Field(None, title="Last day in the model")

    @model_validator(mode="after")
    def _whole_months(self) -> StateHorizon:
        if self.start and self.start.day != 1:
            raise InputError("horizon.start", "the first of a month", self.start.isoformat())
        if self.end and (self.end + dt.timedelta(days=1)).day != 1:
            raise InputError("horizon.end", "the last day of a month", self.end.isoformat())
        return self
