"""What a user types: a plan, its members' therapy, the terms, and changes to assumptions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calculator.assumptions import (
    Assumption,
    AssumptionError,
    Dated,
    Register,
    load_assumptions,
    nearest,
    read_yaml,
    scenario_files,
)
from calculator.errors import InputError

PlanType = Literal["pdp", "mapd", "dsnp", "egwp"]
Curve = Literal["prime_2021", "denmark", "prime_2024", "blue_health"]
OffsetScenario = Literal["none", "cost_rise", "cbo", "trial_model", "upper"]
SUFFIXES = (".yaml", ".yml", ".json")
ANY_DAY = dt.date(1900, 1, 1)
SHARE_TOLERANCE = 1e-6


def _number(title: str, unit: str, low: float, high: float, default: Any = ...) -> Any:
    return Field(default, title=title, ge=low, le=high, json_schema_extra={"unit": unit})


class Section(BaseModel):
    """A part of a scenario: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Plan(Section):
    """The plan as its actuary knows it."""

    type: PlanType = Field(title="Plan type")
    members: float = _number("Members", "people", 1, 100_000_000)
    member_trend: float = _number("Yearly growth of enrollment", "share per year", -0.5, 0.5)
    lis_share: float = _number("Members with low-income subsidy", "share of members", 0, 1)
    risk_score: float = _number("Average risk score", "score", 0.1, 10)
    spend_ratio: float = _number("Drug spending against the nation's", "ratio", 0.05, 20)
    bid: float | None = _number(
        "Standardised bid in the first year", "USD PMPM; none: priced at cost", 0, 5000, None
    )
    national_weight: float = _number(
        "Own weight in the national average bid", "share of enrollment", 0, 1
    )
    auto_assigned_share: float = _number(
        "Low-income members who were auto-assigned", "share of low-income members", 0, 1
    )
    benchmark_headroom: float | None = _number(
        "Room below the low-income benchmark", "USD PMPM; none: not at stake", 0, 500, None
    )
    waive_de_minimis: bool = Field(title="Waive the premium within the de minimis amount")
    low_income_benchmark: float | None = _number(
        "Regional low-income benchmark", "USD PMPM; none: premium fully subsidised", 0, 500, None
    )
    rebate_funded_share: float = _number(
        "Premium rise paid from the plan's own A/B rebate", "share of the rise", 0, 1
    )
    retained_share: float = _number(
        "Part A and B effect the plan keeps", "share of the effect", 0, 1
    )
    part_c_coding: float = _number(
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
        for product, share in self.mix.items():
            if not 0 <= share <= 1:
                raise InputError(f"therapy.mix.{product}", "a share from 0 to 1", share)
        total = sum(self.mix.values())
        if abs(total - 1) > SHARE_TOLERANCE:
            raise InputError("therapy.mix", "shares that sum to 1", f"a sum of {total:g}")
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

    bid_change: float = _number(
        "Change of the national average bid by others joining", "USD PMPM", -500, 500
    )
    premium_change: float = _number("Rivals' mean premium change", "USD PMPM", -500, 500)
    lis_bid_change: float = _number(
        "Region's bid change, weighted by low-income members", "USD PMPM", -500, 500
    )


class OwnCoverage(Section):
    """Obesity use already covered as a supplemental benefit when staying out."""

    net_price: float = _number("Own net price", "USD per fill", 1, 5000)
    copay: float = _number("Own copay", "USD per fill", 0, 1000)
    initiation_ratio: float = _number("Starts against those in the model", "ratio", 0, 10)


class Success(Section):
    """The user's own thresholds for success; CMS has published none."""

    value_pmpm_at_least: float | None = _number("Value", "USD PMPM", -1000, 1000, None)
    persistence_at_least: float | None = _number("On therapy at 12 months", "share", 0, 1, None)
    responders_10_at_least: float | None = _number(
        "Starters 10% lighter at 12 months", "share", 0, 1, None
    )
    cost_per_responder_at_most: float | None = _number(
        "Net drug cost per 10% responder", "USD", 0, 10_000_000, None
    )


class Scenario(Section):
    """One decision of one payer."""

    name: str = Field(title="Name", min_length=1, max_length=120)
    label: str = Field(title="What it is", max_length=400)
    program: Literal["part_d"] = Field(title="Program")
    plan: Plan
    therapy: Therapy
    horizon: Horizon = Horizon()
    rivals: Rivals
    own_coverage: OwnCoverage | None = Field(None, title="Own coverage when staying out")
    success: Success = Success()
    terms: dict[str, Any] = Field(title="Terms package and changes to its levers")
    assumptions: dict[str, Any] = Field(default_factory=dict, title="Changes to assumptions")

    def changes(self) -> dict[str, Any]:
        """Changes to levers and assumptions, path -> value."""
        levers = {key: value for key, value in self.terms.items() if key != "package"}
        return {**_flat("terms", levers), **_flat("assumptions", self.assumptions)}

    def register(self) -> Register:
        """Assumptions, terms and this scenario's own fields under one path grammar."""
        if "package" not in self.terms:
            raise InputError("terms.package", "the name of a terms package", "nothing")
        register = load_assumptions(str(self.terms["package"]))
        entries = {**register.entries, **_fields(self)}
        joined = Register(register.tree, entries)
        for path, value in self.changes().items():
            joined = joined.with_value(path, value)
        for product in self.therapy.mix:
            if f"assumptions.clinical.{product}_trial_loss" not in entries:
                known = [p.split(".")[-1].removesuffix("_trial_loss") for p in entries
                         if p.endswith("_trial_loss")]  # fmt: skip
                raise InputError("therapy.mix", "products " + ", ".join(sorted(known)), product)
        return joined

    def with_settings(self, settings: Mapping[str, Any]) -> Scenario:
        """The scenario with some paths set; each is checked, the nearest known path is named."""
        if not settings:
            return self
        known = self.register()
        data = self.model_dump(mode="json", exclude_none=True)
        for path, value in settings.items():
            root = path.split(".")[0]
            if root == "assumptions" or (root == "terms" and path != "terms.package"):
                known.locate(path)
            elif path not in _paths():
                raise InputError("path", nearest(path, [*_paths(), *known.entries]), path)
            _place(data, path.split("."), value)
        changed = _validated(data)
        changed.register()
        return changed

    def to_yaml(self) -> str:
        """The scenario as a file that loads back to the same one."""
        data = self.model_dump(mode="json", exclude_none=True)
        return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))


def _flat(prefix: str, data: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        path = f"{prefix}.{str(key).replace('-', '_')}"
        if isinstance(value, Mapping) and "value" not in value:
            found.update(_flat(path, value))
        else:
            found[path] = value
    return found


def _place(data: dict[str, Any], path: list[str], value: Any) -> None:
    """Set one path in nested data; an assumption's dated and undated values do not mix."""
    for part in path[:-1]:
        inner = data.get(part)
        data[part] = inner if isinstance(inner, dict) else {}
        data = data[part]
    data[path[-1]] = value


def _fields(scenario: Scenario) -> dict[str, Assumption]:
    """The scenario's own numbers as entries of the register."""
    entries: dict[str, Assumption] = {}
    for name in Scenario.model_fields:
        section = getattr(scenario, name)
        if not isinstance(section, Section):
            continue
        for key, field in type(section).model_fields.items():
            extra = field.json_schema_extra
            if not isinstance(extra, dict):
                continue
            limits = {type(m).__name__: m for m in field.metadata}
            entries[f"{name}.{key}"] = Assumption(
                label=field.title or key,
                unit=str(extra["unit"]),
                bounds=(limits["Ge"].ge, limits["Le"].le),
                optional=not field.is_required(),
                values={ANY_DAY: Dated(value=getattr(section, key), status="user", source="user")},
            )
    for product, share in scenario.therapy.mix.items():
        entries[f"therapy.mix.{product}"] = Assumption(
            label=f"Share of starters on {product}",
            unit="share of starters",
            bounds=(0.0, 1.0),
            values={ANY_DAY: Dated(value=share, status="user", source="user")},
        )
    return entries


@lru_cache(maxsize=1)
def _paths() -> tuple[str, ...]:
    """Every path of a scenario's own fields."""
    paths = ["name", "label", "terms.package"]
    for name, field in Scenario.model_fields.items():
        section = {"own_coverage": OwnCoverage}.get(name, field.annotation)
        if isinstance(section, type) and issubclass(section, Section):
            paths += [f"{name}.{key}" for key in section.model_fields]
    products = [
        path.split(".")[-1].removesuffix("_trial_loss")
        for path in load_assumptions().entries
        if path.endswith("_trial_loss")
    ]
    return (*paths, *(f"therapy.mix.{product}" for product in products))


def _validated(data: Mapping[str, Any]) -> Scenario:
    """A scenario from plain data; the first thing wrong as one sentence."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise _sentence(error) from None


def _sentence(error: ValidationError) -> InputError:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return cause
    if first["type"] == "extra_forbidden":
        return InputError(path, nearest(path, _paths()), path.rsplit(".", 1)[-1])
    if first["type"] == "missing":
        return InputError(path, "a value: it has no default", "nothing")
    if first["type"] == "literal_error":
        choices = str(first["ctx"]["expected"]).replace("'", "")
        return InputError(path, f"one of {choices}", first["input"])
    allowed = _allowed(path)
    return InputError(path, allowed or first["msg"].lower(), first["input"])


def _allowed(path: str) -> str:
    """What a field may be, from its own definition."""
    section, _, key = path.partition(".")
    annotation = {"own_coverage": OwnCoverage}.get(
        section,
        Scenario.model_fields[section].annotation if section in Scenario.model_fields else None,
    )
    if not (isinstance(annotation, type) and issubclass(annotation, Section)):
        return ""
    field = annotation.model_fields.get(key)
    if field is None or not isinstance(field.json_schema_extra, dict):
        return ""
    limits = {type(m).__name__: m for m in field.metadata}
    low, high = limits["Ge"].ge, limits["Le"].le
    return f"a number from {low:,.12g} to {high:,.12g} {field.json_schema_extra['unit']}"


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
    if path.stat().st_size == 0:
        raise InputError("scenario", "a file with a scenario in it", f"{path.name}, which is empty")
    try:
        # JSON goes through its own parser: a YAML parser is lenient about it.
        if path.suffix.lower() == ".json":
            data = json.loads(path.read_text(encoding="utf-8"))
        else:
            data = read_yaml(path)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputError("scenario", "a file of valid JSON", path.name) from None
    except AssumptionError as error:
        raise InputError("scenario", "a file of valid YAML", str(error)) from None
    if not isinstance(data, dict):
        raise InputError("scenario", "a file with named fields", path.name)
    return dict(_plain(data))


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A scenario by shipped name, or from a YAML or JSON file.

    A file may say `extends: NAME` (a shipped name) and give only what differs.

    >>> load_scenario("pdp_regional").plan.type
    'pdp'
    """
    return _validated(_load(str(name_or_path)))


def _load(given: str) -> dict[str, Any]:
    names = scenario_files()
    path = names.get(given)
    if path is None:
        path = Path(given)
        if not path.exists():
            allowed = "one of " + ", ".join(names) + ", or a file"
            raise InputError("scenario", allowed, given)
    data = _read(path)
    base = data.pop("extends", None)
    if base is None:
        return data
    if base not in names or base == given:
        raise InputError("extends", "one of " + ", ".join(names), str(base))
    return _merge(_load(str(base)), data)
