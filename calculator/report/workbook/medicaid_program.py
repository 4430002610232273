"""A state's program as its workbook is laid out for it, and what its preset knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calculator.assumptions import Assumption
from calculator.bridge_inputs import months_between
from calculator.medicaid_groups import fiscal_year
from calculator.presets import ADULT_GROUPS, GROUPS, OCTOBER, counted, gaps, presets
from calculator.register import Register
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    live,
    total,
)
from calculator.report.workbook.inputs import Inputs
from calculator.report.workbook.layout import Steps
from calculator.scenario import StateScenario

FIELDS = ("enrollment", "share", "eligible_share", "managed_share")


@dataclass(frozen=True)
class Program:
    """What the sheets of one state are laid out for."""

    scenario: StateScenario
    register: Register
    inputs: Inputs
    months: tuple[dt.date, ...]
    names: tuple[str, ...]  # groups in this budget
    others: tuple[str, ...]  # groups left out of it that are enrollees all the same
    products: tuple[str, ...]
    bare: Mapping[str, Assumption]  # what the preset has for every field that may be empty

    def assumed(self, path: str, day: dt.date | None = None) -> Live:
        """An assumption's cell."""
        return self.inputs.number(f"assumptions.{path}", day)

    @property
    def shares(self) -> bool:
        """Whether the groups are given as shares of the state's enrollment."""
        return any(getattr(self.scenario.groups, name).share is not None for name in self.names)

    @property
    def federal_years(self) -> list[int]:
        """Federal fiscal year of every month."""
        return [fiscal_year(day, OCTOBER) for day in self.months]

    @property
    def row(self) -> Mapping[str, str]:
        """The state's line of the table of states."""
        return self.register.tree.states[self.scenario.state.abbr]


def program(scenario: StateScenario, register: Register, inputs: Inputs, names: Sequence[str],
            months: tuple[dt.date, ...]) -> Program:  # fmt: skip
    """The state's groups and presets. names: the groups of the budget, as the engine has them."""
    nothing = dict.fromkeys(FIELDS)
    state = scenario.state.model_copy(
        update=dict.fromkeys(("obesity_share", "fmap", "fiscal_year_start_month"))
    )
    groups = scenario.groups.model_copy(
        update={name: group.model_copy(update=nothing) for name, group in scenario.groups}
    )
    empty = scenario.model_copy(update={"state": state, "groups": groups})
    bare = presets(empty, register)
    missing = gaps(scenario, register)
    # Groups given as shares are shares of all there are.
    shares = any(getattr(scenario.groups, name).share is not None for name in names)
    others = (
        ()
        if shares
        else tuple(
            name
            for name in GROUPS
            if name not in names
            and f"groups.{name}.enrollment" not in missing
            and (
                known(bare, name) is not None
                or getattr(scenario.groups, name).enrollment is not None
            )
        )
    )
    return Program(
        scenario, register, inputs, months, tuple(names), others, tuple(scenario.therapy.mix), bare
    )


def known(bare: Mapping[str, Assumption], name: str) -> object:
    """The preset's enrollment of a group, None where a number is missing."""
    return next(iter(bare[f"groups.{name}.enrollment"].values.values())).value


def preset_people(program: Program, sheet: Sheet) -> tuple[dict[str, Live], Live]:
    """The preset's enrollment by group, as formulas on the state's counts; each with its cell.

    Also the months from the count to the first month.
    """
    wanted = [
        name for name in (*program.names, *program.others) if known(program.bare, name) is not None
    ]
    if not wanted:
        return {}, live(0)
    row, source = program.row, "presets.sizes"
    steps = Steps(
        sheet,
        f"Enrollment of {row['state']} as published for {row['enrollment_period']}",
        "Adults are split in their proportions of 2022.",
    )

    def count(label: str, column: str) -> Live:
        return steps.row(label, "people", [float(row[column])], "states.csv", "people")

    found: dict[str, Live] = {}
    if any(name in ADULT_GROUPS for name in wanted):
        adults = count("Adults", "adults")
        parts = [
            count(f"{label}, 2022", f"{column}_2022")
            for label, column in (
                ("Base adults", "base_adults"),
                ("Expansion adults", "expansion_adults"),
                ("Aged", "aged"),
                ("Disabled", "disabled"),
            )
        ]
        base, expansion, aged, disabled = (
            steps.row(
                label,
                "people",
                [adults * part / total(parts[0], parts[1], parts[2], parts[3])],
                source,
                "people",
            )
            for label, part in zip(
                ("Base adults", "Expansion adults", "Aged", "Disabled"), parts, strict=True
            )
        )
        duals = steps.row(
            "Dual eligibles",
            "people",
            [
                aged * program.assumed("coverage.dual_share_of_aged")
                + disabled * program.assumed("coverage.dual_share_of_disabled")
            ],
            source,
            "people",
        )
        rest = steps.row(
            "Aged and disabled without Medicare",
            "people",
            [aged + disabled - duals],
            source,
            "people",
        )
        found |= {"base_adults": base, "expansion_adults": expansion, "duals": duals}
        found["disabled"] = rest
    if any(name not in ADULT_GROUPS for name in wanted):
        children, chip = count("Children", "children"), count("of them, in CHIP", "chip")
        separate = steps.row(
            "In a separate CHIP",
            "people",
            [chip * program.assumed("coverage.separate_chip_share")],
            source,
            "people",
        )
        found["separate_chip"] = separate
        found["medicaid_chip"] = steps.row(
            "In a Medicaid CHIP", "people", [chip - separate], source, "people"
        )
        found["children"] = steps.row(
            "Children in Medicaid", "people", [children - chip], source, "people"
        )
    gap = steps.row(
        "Months from the count to the first month",
        "months",
        [months_between(counted(row), program.months[0])],
        "presets.counted",
    )
    return {
        name: program.inputs.preset(f"groups.{name}.enrollment", found[name], status="derived")
        for name in wanted
    }, gap
