"""What a user types: a payer, its members' therapy, the terms, and changes to assumptions."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from calculator import fields
from calculator.assumptions import (
    Assumption,
    AssumptionError,
    Register,
    load_assumptions,
    nearest,
    read_yaml,
    scenario_files,
)
from calculator.errors import InputError
from calculator.fields import Section, checked_shares, number
from calculator.presets import presets

AnyScenario = TypeVar("AnyScenario", bound="Scenario")
# Sections that hold changes to what is shipped, not fields of their own.
CHANGES = ("terms", "assumptions")
MOST_BYTES = 1_000_000
MOST_POINTS = 1000
OWN_SOURCE = re.compile(r"claims sha256:[0-9a-f]{64}")
PlanType = Literal["pdp", "mapd", "dsnp", "egwp"]
Curve = Literal["prime_2021", "denmark", "prime_2024", "blue_health"]
OffsetScenario = Literal["none", "cost_rise", "cbo", "trial_model", "upper"]
SUFFIXES = (".yaml", ".yml", ".json")


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


class Scenario(Section):
    """One decision of one payer: what every program's scenario has."""

    name: str = Field(title="Name", min_length=1, max_length=120)
    label: str = Field(title="What it is", max_length=400)
    program: str = Field(title="Program")
    extends: str | None = Field(None, title="Shipped scenario it starts from")
    therapy: Therapy
    success: Success = Success()
    observed: Observed | None = Field(None, title="What was observed in own data")
    terms: dict[str, Any] = Field(title="Terms package and changes to its levers")
    assumptions: dict[str, Any] = Field(default_factory=dict, title="Changes to assumptions")

    def changes(self) -> dict[str, Any]:
        """Changes to levers and assumptions, path -> value."""
        levers = {key: value for key, value in self.terms.items() if key != "package"}
        return {**fields.flat("terms", levers), **fields.flat("assumptions", self.assumptions)}

    def own_entries(self, register: Register) -> dict[str, Assumption]:
        """The scenario's own numbers as entries of the register."""
        mix = {
            f"therapy.mix.{product}": fields.user_entry(
                f"Share of starters on {product}", "share of starters", (0.0, 1.0), share
            )
            for product, share in self.therapy.mix.items()
        }
        return {**fields.entries(self), **mix}

    def register(self) -> Register:
        """Assumptions, terms and this scenario's own fields under one path grammar."""
        if "package" not in self.terms:
            raise InputError("terms.package", "the name of a terms package", "nothing")
        register = load_assumptions(str(self.terms["package"]))
        products = known_products(register)
        for product in self.therapy.mix:
            if product not in products:
                raise InputError("therapy.mix", "products " + ", ".join(products), product)
        if self.observed is not None:
            register = register.with_own_source(self.observed.source)
        for path, value in self.changes().items():
            register = register.with_value(path, value)
        # After the changes: what is known of a state is read with them.
        return register.with_entries(self._as_observed(self.own_entries(register)))

    def _as_observed(self, entries: dict[str, Assumption]) -> dict[str, Assumption]:
        """The scenario's own numbers, those it says were observed with that status and source."""
        if self.observed is None:
            return entries
        own = self.paths()
        for path in self.observed.paths:
            if path not in own:
                raise InputError("observed.paths", nearest(path, own), path)
        source = self.observed.source
        return {
            path: fields.observed_entry(entry, source) if path in self.observed.paths else entry
            for path, entry in entries.items()
        }

    def paths(self) -> list[str]:
        """Every path of the scenario's own fields."""
        told = {*CHANGES, "observed"}
        own = [path for path, _ in fields.walk(type(self)) if path.split(".")[0] not in told]
        products = known_products(load_assumptions())
        return [*own, "terms.package", *(f"therapy.mix.{product}" for product in products)]

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """The scenario with some paths set; each is checked, the nearest known path is named."""
        if not settings:
            return self
        known = self.register()
        data = self.model_dump(mode="json", exclude_none=True)
        own = self.paths()
        for path, value in settings.items():
            if path.split(".")[0] in CHANGES and path != "terms.package":
                known.locate(path)
            elif path not in own:
                raise InputError("path", nearest(path, [*own, *known.entries]), path)
            fields.place(data, path.split("."), value)
            if self.observed is not None:
                # What is typed over an observed value is no longer observed.
                seen = data["observed"]["paths"]
                data["observed"]["paths"] = [other for other in seen if not under(other, path)]
        changed = _validated(type(self), data)
        changed.register()
        return changed

    def changed_fields(self) -> dict[str, str]:
        """Fields that differ from the shipped scenario it starts from: path -> title."""
        shipped = scenario_files()
        base = self.name if self.name in shipped else self.extends
        if base not in shipped:
            return {}
        before = load_scenario(base)
        told = {"name", "label", "program", "extends", "observed"}
        return {
            path: field.title or path
            for path, field in fields.walk(type(self))
            if path.split(".")[0] not in {*CHANGES, *told}
            and fields.value_at(self, path) != fields.value_at(before, path)
        }

    def to_yaml(self) -> str:
        """The scenario as a file that loads back to the same one."""
        return yaml_text(self.model_dump(mode="json", exclude_none=True))


class PlanScenario(Scenario):
    """A Part D plan's decision."""

    program: Literal["part_d"] = Field(title="Program")
    plan: Plan
    horizon: Horizon = Horizon()
    rivals: Rivals
    selection: Selection = Selection()
    own_coverage: OwnCoverage | None = Field(None, title="Own coverage when staying out")
    spending: OwnSpending | None = Field(None, title="Own spending")


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


class StateScenario(Scenario):
    """A state's decision."""

    program: Literal["medicaid"] = Field(title="Program")
    state: State
    groups: Groups
    uptake: Uptake
    horizon: StateHorizon = StateHorizon()

    def own_entries(self, register: Register) -> dict[str, Assumption]:
        """The scenario's numbers; those left out come from the state's preset, with its source."""
        return {**super().own_entries(register), **presets(self, register)}


PROGRAMS: dict[str, type[Scenario]] = {
    "part_d": PlanScenario,
    "medicaid": StateScenario,
}


def under(path: str, top: str) -> bool:
    """Whether a path is the other or lies below it.

    >>> under("therapy.mix.wegovy", "therapy.mix"), under("plan.members", "plan.member_trend")
    (True, False)
    """
    return path == top or path.startswith(f"{top}.")


def known_products(register: Register) -> list[str]:
    """Products whose weight loss is known, hence those a mix may name."""
    suffix = "_trial_loss"
    return sorted(
        path.split(".")[-1].removesuffix(suffix)
        for path in register.entries
        if path.startswith("assumptions.clinical.") and path.endswith(suffix)
    )


def _validated(model: type[AnyScenario], data: Mapping[str, Any]) -> AnyScenario:
    """A scenario from plain data; the first thing wrong as one sentence."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise fields.sentence(error, model) from None


# --------------------------------------------------------------------------------------- loading


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        # A mix is a whole: half of one and half of another would not sum to 1.
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both and key != "mix" else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir() or path.suffix.lower() not in SUFFIXES:
        raise InputError("scenario", "a shipped name or a file ending in .yaml or .json", str(path))
    if path.stat().st_size > MOST_BYTES:
        raise InputError("scenario", f"a file of up to {MOST_BYTES:,} bytes", path.name)
    if path.stat().st_size == 0:
        raise InputError("scenario", "a file with a scenario in it", f"{path.name}, which is empty")
    try:
        # JSON goes through its own parser: a YAML parser is lenient about it.
        if path.suffix.lower() == ".json":
            data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
        else:
            data = read_yaml(path)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputError("scenario", "a file of valid JSON", path.name) from None
    except AssumptionError as error:
        raise InputError("scenario", "a file of valid YAML", str(error)) from None
    if not isinstance(data, dict):
        raise InputError("scenario", "a file with named fields", path.name)
    return dict(_plain(data))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise InputError("scenario", "a file that gives each key once", f"{twice} twice")
    return found


def read_value(text: str) -> Any:
    """A value typed in one line: a number, true, none, a date, or text.

    >>> read_value("3"), read_value("none"), read_value("mapd")
    (3, None, 'mapd')
    """
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if value == "none":
        return None
    try:
        # YAML takes 1e5 for text.
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


def yaml_text(data: Mapping[str, Any]) -> str:
    """Plain data of a scenario as a file; lists of numbers take a line, not one each."""
    text = yaml.safe_dump(
        dict(data), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return str(text)


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A scenario by shipped name, or from a YAML or JSON file.

    A file may say `extends: NAME` (a shipped name) and give only what differs.

    >>> load_scenario("pdp_regional").label.split(",")[0]
    'Stand-alone drug plan in one region'
    """
    return _made(_load(str(name_or_path)))


def scenario_of(data: Mapping[str, Any]) -> Scenario:
    """A scenario from plain data as it stands in a file."""
    return _made(_extended(dict(data)))


def _made(data: Mapping[str, Any]) -> Scenario:
    program = str(data.get("program", "nothing"))
    if program not in PROGRAMS:
        allowed = "one of " + ", ".join(PROGRAMS) + ", or extends with a shipped name"
        raise InputError("program", allowed, program)
    return _validated(PROGRAMS[program], data)


def _load(given: str) -> dict[str, Any]:
    names = scenario_files()
    path = names.get(given)
    if path is None:
        path = Path(given)
        if not path.exists():
            close = difflib.get_close_matches(given, names, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            allowed = "one of " + ", ".join(names) + ", or a file that exists"
            raise InputError("scenario", allowed + meant, given or "nothing")
    return _extended(_read(path), given)


def _extended(data: dict[str, Any], given: str = "") -> dict[str, Any]:
    """The data laid over the shipped scenario that it extends."""
    names = scenario_files()
    base = data.pop("extends", None)
    if base is None:
        return data
    if str(base) not in names or str(base) == given:
        raise InputError("extends", "one of " + ", ".join(names), str(base))
    return _merge(_load(str(base)), {**data, "extends": str(base)})
