"""What is published about a state, as the values of a scenario's empty fields.

A value that is missing stays a gap: the user fills it or accepts that its group is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from calculator import fields
from calculator.assumptions import Assumption, Dated, Register, Status
from calculator.errors import InputError

if TYPE_CHECKING:
    from calculator.scenario import StateScenario

GROUPS = (
    "children",
    "base_adults",
    "expansion_adults",
    "disabled",
    "duals",
    "medicaid_chip",
    "separate_chip",
)
OCTOBER = 10
CARVED_OUT = ("out", "ffs_state")


def presets(scenario: StateScenario, register: Register) -> dict[str, Assumption]:
    """Entries for the fields a state scenario leaves out, each with its status and source."""
    abbr = scenario.state.abbr
    if abbr not in register.tree.states:
        codes = ", ".join(sorted(register.tree.states))
        raise InputError("state.abbr", f"one of {codes}", abbr)
    row = register.tree.states[abbr]
    found: dict[str, Assumption] = {}
    if scenario.state.obesity_share is None and row["obesity_share"]:
        found["state.obesity_share"] = _entry(
            "Adults with obesity", "share of adults", (0.0, 1.0), row, "obesity_share", "obesity"
        )
    if scenario.state.fiscal_year_start_month is None:
        found["state.fiscal_year_start_month"] = _entry(
            "First month of the state fiscal year",
            "month",
            (1, 12),
            row,
            "fiscal_year_start_month",
            "fiscal_year",
        )
    if row["pharmacy_carve"] in CARVED_OUT:
        # Nothing of the pharmacy benefit is in managed care there.
        status: Status = "published" if row["carve_status"] == "published" else "expert"
        dated = Dated(value=0.0, status=status, source=row["carve_source"])
        for name in GROUPS:
            if getattr(scenario.groups, name).managed_share is None:
                path = f"groups.{name}.managed_share"
                known = register.entries.get(path) or fields.entries(scenario)[path]
                found[path] = known.model_copy(update={"values": {fields.ANY_DAY: dated}})
    found.update(_match(scenario, register, "fmap"))
    found.update(_match(scenario, register, "efmap"))
    found.update(_enrollment(scenario, register, row))
    return found


def gaps(scenario: StateScenario, register: Register) -> list[str]:
    """Paths of included groups whose enrollment neither the user nor the preset gives."""
    return [
        f"groups.{name}.enrollment"
        for name in GROUPS
        if getattr(scenario.groups, name).included
        and register.entries[f"groups.{name}.enrollment"].values[fields.ANY_DAY].value is None
        and getattr(scenario.groups, name).share is None
    ]


def _entry(
    label: str,
    unit: str,
    bounds: tuple[float, float],
    row: Mapping[str, str],
    column: str,
    prefix: str,
) -> Assumption:
    source = row[f"{prefix}_source"]
    dated = Dated(value=float(row[column]), status=_status(row, f"{prefix}_status"), source=source)
    return Assumption(
        label=label, unit=unit, bounds=bounds, optional=True, values={fields.ANY_DAY: dated}
    )


def _status(row: Mapping[str, str], column: str) -> Status:
    """The status a table gives, `published` where it gives none of the known words."""
    for status in get_args(Status):
        if row.get(column) == status:
            found: Status = status
            return found
    return "published"


def _match(scenario: StateScenario, register: Register, kind: str) -> dict[str, Assumption]:
    """Match rates by federal fiscal year, from the October before; the last one is held."""
    if kind == "fmap" and scenario.state.fmap is not None:
        return {}
    label = "Federal match (FMAP)" if kind == "fmap" else "Enhanced match for CHIP (eFMAP)"
    values: dict[dt.date, Dated] = {}
    for row in register.tree.match_rates[scenario.state.abbr]:
        day = dt.date(int(row["fiscal_year"]) - 1, OCTOBER, 1)
        status = _status(row, "efmap_status" if kind == "efmap" else "status")
        values[day] = Dated(value=float(row[kind]), status=status, source=row["source"])
    last = max(values)
    held = values[last].model_copy(update={"status": "projected"})
    values[dt.date(last.year + 1, OCTOBER, 1)] = held
    return {
        f"state.{kind}": Assumption(
            label=label, unit="share of cost", bounds=(0.5, 0.9), values=values
        )
    }


def _enrollment(
    scenario: StateScenario, register: Register, row: Mapping[str, str]
) -> dict[str, Assumption]:
    """Groups of 2026: adults in their proportions of 2022, children and CHIP as published."""

    def count(column: str) -> float | None:
        return float(row[column]) if row[column] else None

    def assumed(key: str) -> float:
        return float(register.number(f"assumptions.coverage.{key}")[0])

    parts = {
        "base_adults": count("base_adults_2022"),
        "expansion_adults": count("expansion_adults_2022"),
        "aged": count("aged_2022"),
        "disabled": count("disabled_2022"),
    }
    adults, children, chip = count("adults"), count("children"), count("chip")
    known = [part for part in parts.values() if part is not None]
    sizes: dict[str, float | None] = dict.fromkeys(GROUPS)
    if adults is not None and len(known) == len(parts):
        scale = adults / sum(known)
        aged, disabled = (scale * (parts[name] or 0.0) for name in ("aged", "disabled"))
        old, young = assumed("dual_share_of_aged"), assumed("dual_share_of_disabled")
        sizes["base_adults"] = scale * (parts["base_adults"] or 0.0)
        sizes["expansion_adults"] = scale * (parts["expansion_adults"] or 0.0)
        duals = aged * old + disabled * young
        sizes["duals"], sizes["disabled"] = duals, aged + disabled - duals
    if children is not None and chip is not None:
        separate = chip * assumed("separate_chip_share")
        sizes["separate_chip"], sizes["medicaid_chip"] = separate, chip - separate
        sizes["children"] = children - chip
    labels = {name: name.replace("_", " ") for name in GROUPS}
    found = {}
    for name in GROUPS:
        if getattr(scenario.groups, name).enrollment is None:
            dated = Dated(value=sizes[name], status="derived", source=row["enrollment_source"])
            found[f"groups.{name}.enrollment"] = Assumption(
                label=f"Enrollment, {labels[name]}",
                unit="people",
                bounds=(0, 50_000_000),
                optional=True,
                values={fields.ANY_DAY: dated},
            )
    return found
