"""What is published about a state, as the values of a scenario's empty fields.

A value that is missing stays a gap: the user fills it or accepts that its group is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

import numpy as np

from calculator import fields
from calculator.assumptions import Assumption, Dated, Register, Status
from calculator.errors import InputError
from calculator.model.arrays import Array, array

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
ADULT_GROUPS = ("base_adults", "expansion_adults", "disabled", "duals")
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


def sizes(row: Mapping[str, str], register: Register) -> dict[str, Array | None]:
    """Enrollment by group of the month it was counted in, (C,); None where a number is missing.

    Adults are split in their proportions of 2022; children and CHIP are as published.
    """

    def count(column: str) -> float | None:
        return float(row[column]) if row[column] else None

    def assumed(key: str) -> Array:
        return register.number(f"assumptions.coverage.{key}")

    parts = [
        count(column)
        for column in ("base_adults_2022", "expansion_adults_2022", "aged_2022", "disabled_2022")
    ]
    adults, children, chip = count("adults"), count("children"), count("chip")
    found: dict[str, Array | None] = dict.fromkeys(GROUPS)
    known = [part for part in parts if part is not None]
    if adults is not None and len(known) == len(parts):
        scale = adults / sum(known)
        base, expansion, aged, disabled = (array(scale * part) for part in known)
        duals = aged * assumed("dual_share_of_aged") + disabled * assumed("dual_share_of_disabled")
        found["base_adults"] = np.atleast_1d(base)
        found["expansion_adults"] = np.atleast_1d(expansion)
        found["duals"], found["disabled"] = duals, aged + disabled - duals
    if children is not None and chip is not None:
        separate = chip * assumed("separate_chip_share")
        found["separate_chip"], found["medicaid_chip"] = separate, chip - separate
        found["children"] = np.full(1, children - chip)
    return found


def counted(row: Mapping[str, str]) -> dt.date:
    """First day of the month in which a state's enrollment was counted."""
    year, month = row["enrollment_period"].split("-")
    return dt.date(int(year), int(month), 1)


def _enrollment(
    scenario: StateScenario, register: Register, row: Mapping[str, str]
) -> dict[str, Assumption]:
    """Entries for the groups whose enrollment the user leaves out."""
    found = {}
    for name, people in sizes(row, register).items():
        if getattr(scenario.groups, name).enrollment is None:
            adult = name in ADULT_GROUPS
            dated = Dated(
                value=None if people is None else float(people[0]),
                status="derived",
                source=row["groups_source" if adult else "enrollment_source"],
                note="Adults of 2026 in their proportions of 2022" if adult else None,
            )
            found[f"groups.{name}.enrollment"] = Assumption(
                label=f"Enrollment, {name.replace('_', ' ')}",
                unit="people",
                bounds=(0, 50_000_000),
                optional=True,
                values={fields.ANY_DAY: dated},
            )
    return found
