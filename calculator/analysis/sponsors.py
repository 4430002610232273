"""The sponsors of a market, from a table: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calculator.analysis.tables import Row, read_table
from calculator.assumptions import scenario_files, sponsor_file
from calculator.errors import InputError
from calculator.scenario import PlanScenario, load_scenario

REQUIRED = ("name", "scenario", "members")
OPTIONAL = ("eligible_share", "retained_share", "hurdle_pmpm", "application_cost", "counted")


@dataclass(frozen=True)
class Sponsor:
    """A sponsor: its members, and the scenario that its plans are like. None: as the scenario."""

    name: str
    scenario: str
    members: float
    eligible_share: float | None = None
    retained_share: float | None = None
    hurdle_pmpm: float | None = None
    application_cost: float | None = None
    counted: bool = True  # in the launch rule's denominator


def read_sponsors(path: str | Path | None = None) -> list[Sponsor]:
    """Sponsors of a CSV or xlsx table; without a path the illustrative ones that are shipped.

    Columns: name, scenario (a shipped Part D scenario), members; optional eligible_share,
    retained_share, hurdle_pmpm, application_cost, counted (yes or no). InputError says which row.
    """
    place = Path(path) if path is not None else sponsor_file()
    sponsors = [_sponsor(row) for row in read_table("sponsors", place, REQUIRED, OPTIONAL)]
    if not any(sponsor.counted for sponsor in sponsors):
        raise InputError("sponsors", "at least one who counts for the launch rule", "none")
    return sponsors


def _sponsor(row: Row) -> Sponsor:
    """One row, checked."""
    kinds = plan_scenarios()
    if row.text("scenario") not in kinds:
        allowed = "one of " + ", ".join(kinds)
        raise InputError(row.where("scenario"), allowed, row.text("scenario"))
    return Sponsor(
        name=row.text("name"),
        scenario=row.text("scenario"),
        members=row.given("members", 1, 1e8),
        eligible_share=row.number("eligible_share", 0, 1),
        retained_share=row.number("retained_share", 0, 1),
        hurdle_pmpm=row.number("hurdle_pmpm", 0, 1000),
        application_cost=row.number("application_cost", 0, 1e9),
        counted=row.flag("counted", True),
    )


def plan_scenarios() -> list[str]:
    """The shipped Part D scenarios a sponsor's plans may be like."""
    return [name for name in scenario_files() if isinstance(load_scenario(name), PlanScenario)]
