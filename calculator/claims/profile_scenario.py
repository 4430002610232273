"""From a profile to a scenario that `decide` runs, and to a report a person reads.

What claims cannot know stays at the national or shipped figure, and the report says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from calculator.assumptions import Register, load_assumptions
from calculator.claims.estimate import Estimate
from calculator.claims.profile import Group, Profile
from calculator.claims.small_cells import smallest
from calculator.errors import InputError
from calculator.part_d_inputs import build_inputs
from calculator.scenario import PlanScenario, load_scenario, scenario_of

OBSERVED, REPORT, LEFT = "in the scenario", "in the report only", "left as it was"
DIGITS = 6


@dataclass(frozen=True)
class Line:
    """One figure of the report: what it is, what it rests on, and what became of it."""

    what: str
    unit: str
    value: float | None
    n: int | None  # people, at least so many
    low: float | None
    high: float | None
    use: str
    note: str = ""
    path: str | None = None


@dataclass(frozen=True)
class Written:
    """A scenario of the plan's own figures, as data for a file, and the report on it."""

    data: dict[str, Any]
    scenario: PlanScenario
    lines: list[Line]


def own_scenario(
    found: Profile, sha256: str, name: str, base: str, *, persistence: bool = False
) -> Written:
    """The profile laid over the shipped scenario `base`; checked by building the engine's inputs.

    persistence: let fills for uses covered today stand for persistence in the model too. Fills with
    the model's copay need no such word: they are the thing itself.
    """
    source = f"claims sha256:{sha256}"
    shipped = load_scenario(base)
    if not isinstance(shipped, PlanScenario):
        raise InputError("--extends", "a Part D plan's scenario", base)
    lines = list(_plan_lines(found))
    plan = {"members": found.members, "lis_share": round(found.lis_share.value, DIGITS)}
    paths = ["plan.members", "plan.lis_share"]
    data: dict[str, Any] = {
        "name": name,
        "label": f"Own claims of {found.year} laid over {base}",
        "extends": base,
        "plan": plan,
    }
    if found.groups is not None:
        plan["spend_ratio"] = 1.0
        data["spending"] = _spending(found, found.groups)
        paths += ["plan.spend_ratio", *_spending_paths()]
    curve = _curve(found) if _own_curve(found, persistence) else {}
    if curve:
        data["therapy"] = {"persistence_points": curve}
        paths.append("therapy.persistence_points")
    overlay: dict[str, Any] = {}
    register = load_assumptions()
    for line in _assumption_lines(found, register):
        lines.append(line)
        if line.use == OBSERVED and line.path is not None:
            _place(overlay, line, source)
    lines += [*_curve_lines(found, bool(curve)), *_left(found)]
    data["assumptions"] = overlay
    title = f"Own claims of {found.year}"
    data["observed"] = {"source": source, "title": title, "paths": paths}
    scenario = scenario_of(data)
    assert isinstance(scenario, PlanScenario)
    # What cannot run is not written.
    build_inputs(scenario, scenario.register(), points=8)
    return Written(data, scenario, lines)


def _spending_paths() -> Iterator[str]:
    yield from ("spending.year", "spending.glp1")
    for group in ("non_lis", "lis"):
        for part in ("zero_share", "points", "applicable", "selected"):
            yield f"spending.{group}.{part}"


def _spending(found: Profile, groups: tuple[Group, Group]) -> dict[str, Any]:
    """The section `spending`: cents, and shares to six digits."""
    section: dict[str, Any] = {
        "year": found.year,
        "glp1": "left_out" if found.known_products else "included",
    }
    for name, group in zip(("non_lis", "lis"), groups, strict=True):
        applicable = [round(float(share), DIGITS) for share in group.applicable]
        selected = [round(float(share), DIGITS) for share in group.selected]
        section[name] = {
            "zero_share": round(group.zero_share, DIGITS),
            "points": [round(float(point), 2) for point in group.points],
            "applicable": [min(share, 1.0) for share in applicable],
            "selected": [
                max(0.0, min(share, round(1.0 - other, DIGITS)))
                for share, other in zip(selected, applicable, strict=True)
            ],
        }
    return section


def _place(overlay: dict[str, Any], line: Line, source: str) -> None:
    """One observed assumption as an overlay; its band goes along as a range."""
    assert line.path is not None
    assert line.value is not None
    _, file, key = line.path.split(".")
    value: dict[str, Any] = {
        "value": round(line.value, DIGITS),
        "status": "observed",
        "source": source,
    }
    if line.low is not None and line.high is not None and line.low < line.high:
        dist = "beta" if line.unit.startswith("share") else "lognormal"
        low = math.floor(line.low * 10**DIGITS) / 10**DIGITS
        high = math.ceil(line.high * 10**DIGITS) / 10**DIGITS
        value["range"] = {"low": low, "high": high, "dist": dist}
    overlay.setdefault(file, {})[key] = value


def _own_curve(found: Profile, asked: bool) -> bool:
    return found.persistence is not None and (asked or found.persistence.of_model)


def _curve(found: Profile) -> dict[int, float]:
    """Persistence points, shares that fall and stay above 0."""
    assert found.persistence is not None
    return {
        month: round(point.value, 4)
        for month, point in found.persistence.share.items()
        if round(point.value, 4) > 0.0
    }


# --------------------------------------------------------------------------------------- report


def _line(what: str, unit: str, of: Estimate, use: str, note: str = "", path: str = "") -> Line:
    return Line(what, unit, of.value, of.n, of.low, of.high, use, note, path or None)


def _plan_lines(found: Profile) -> Iterator[Line]:
    yield Line(
        "Members", "people", found.members, None, None, None, OBSERVED, found.members_from,
        "plan.members",
    )  # fmt: skip
    note = "of members with claims"
    yield _line(
        "Members with low-income subsidy", "share of members", found.lis_share, OBSERVED, note,
        "plan.lis_share",
    )  # fmt: skip
    if found.groups is None:
        yield Line(
            "Spending strata", "USD per member-year", None, None, None, None, LEFT,
            f"fewer than {smallest()} spenders"
            if found.whole_year
            else "not a whole year: claims in January and December are needed",
        )  # fmt: skip
        return
    what = "without GLP-1 drugs of covered uses" if found.known_products else "all drugs"
    for label, name, group in zip(
        ("Others", "Low-income members"), ("non_lis", "lis"), found.groups, strict=True
    ):
        few = "; too few of one group, so all members' slices" if group.pooled else ""
        yield Line(
            f"{label}: spending, {what}", "USD per member-year", group.mean, group.n, None, None,
            OBSERVED,
            f"{len(group.points)} slices of spenders, {group.zero_share:.1%} spend nothing{few}",
            f"spending.{name}.points",
        )  # fmt: skip


def _assumption_lines(found: Profile, register: Register) -> Iterator[Line]:
    """Figures that replace an assumption, where it allows the value."""
    wanted: list[tuple[str, Estimate | None, str]] = [
        (f"drugs.{name}_users_share", users, "covered uses, in the year")
        for name, users in found.users.items()
    ]
    wanted += [
        ("drugs.existing_fills_per_month", found.supplies, "who used two products is two users"),
        ("spending.user_spend_ratio", found.spend_ratio, "of covered uses; a proxy in the model"),
        ("benefit.gross_per_claim", found.gross_per_claim, "without GLP-1 drugs of covered uses"),
        ("benefit.brand_share_of_claims", found.brand_claims, ""),
        ("benefit.lis_low_copay_share", found.low_level, ""),
    ]  # fmt: skip
    for key, value, note in wanted:
        path = f"assumptions.{key}"
        entry = register.entries[path]
        low, high = entry.bounds or (-math.inf, math.inf)
        use = OBSERVED
        if value is None or (key.endswith("users_share") and not found.whole_year):
            # A part of a year has fewer users than a year, and cannot say how often they fill.
            use, note = LEFT, "too few people, not a whole year, or a column is missing"
            if key == "benefit.gross_per_claim":
                note = "too few people with such claims, or with Bridge fills"
        elif not low <= value.value <= high:
            use, note = LEFT, f"outside what is allowed, {entry.allowed()}"
        elif value.value == 0.0 and key.endswith("users_share"):
            note = f"none, or fewer than {smallest()}, which count as none"
        value = value or Estimate(math.nan, 0)
        line = _line(entry.label, entry.unit, value, use, note, path)
        yield line if use == OBSERVED else _without(line)


def _without(line: Line) -> Line:
    return Line(line.what, line.unit, None, None, None, None, line.use, line.note, line.path)


def _curve_lines(found: Profile, written: bool) -> Iterator[Line]:
    for name, price in found.price.items():
        what = f"{name.capitalize()}, gross price"
        yield _line(what, "USD per monthly supply", price, REPORT, "prices are published")
    if found.covered_days is not None:
        yield _line(
            "Days covered (PDC) of users", "share of days since the first fill",
            found.covered_days, REPORT,
        )  # fmt: skip
    curve = found.persistence
    if curve is None:
        yield Line(
            "Persistence", "share on therapy", None, None, None, None, LEFT,
            "too few new users, or no column names the product",
        )  # fmt: skip
        return
    whose = "fills in the model" if curve.of_model else "fills for uses covered today"
    use = OBSERVED if written else REPORT
    note = whose if written or curve.of_model else f"{whose}: a proxy; --persistence takes it"
    yield Line(
        "New users followed, at least", "people", float(curve.starters), None, None, None, REPORT,
        f"at least {curve.stops:,} seen to stop" if curve.stops else "hardly any seen to stop",
    )  # fmt: skip
    per_month = Estimate(curve.supplies_per_month, curve.starters)
    yield _line(
        "Monthly supplies while on therapy", "per month on therapy", per_month, REPORT, whose
    )
    for month, point in curve.share.items():
        what = f"Still on therapy at {month} months"
        yield _line(what, "share of starters", point, use, note, "therapy.persistence_points")


def _left(found: Profile) -> Iterator[Line]:
    """What claims do not know."""
    if not found.known_products:
        yield Line(
            "GLP-1 users today", "share of members", None, None, None, None, LEFT,
            "no column names the product",
        )  # fmt: skip
    for what, unit, note in (
        ("Average risk score", "score", "not in claims: set plan.risk_score to your own"),
        ("Standardised bid", "USD PMPM", "not in claims: set plan.bid"),
        ("Members who qualify", "share of members", "claims hold no weight: uptake.eligible_share"),
        ("Net prices and rebates", "USD per fill", "rebates are not on claims"),
    ):
        yield Line(what, unit, None, None, None, None, LEFT, note)


def report(written: Written) -> list[dict[str, Any]]:
    """The report as plain data."""
    return [asdict(line) for line in written.lines]


def text(written: Written) -> str:
    """The report as lines for a terminal."""
    rows = []
    for use in (OBSERVED, REPORT, LEFT):
        rows.append(f"\n{use.capitalize()}")
        for line in written.lines:
            if line.use != use:
                continue
            parts = [line.what]
            if line.value is not None:
                parts.append(f"{_number(line.value)} {line.unit}")
            if line.low is not None and line.high is not None:
                parts.append(f"({_number(line.low)} to {_number(line.high)})")
            if line.n is not None:
                parts.append(f"n at least {line.n:,}")
            rows.append("  " + "  ".join(parts) + (f"  [{line.note}]" if line.note else ""))
    return "\n".join(rows).lstrip("\n")


def _number(value: float) -> str:
    """A number with as many digits as a reader needs.

    >>> _number(40000.0), _number(5912.345), _number(0.0365)
    ('40,000', '5,912', '0.0365')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
