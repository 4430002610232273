"""What is set so that a value of a run is another one, and what is taken back."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from calculator.analysis.moved import cases_of
from calculator.errors import InputError
from calculator.register import day_word
from calculator.report.assumptions import MIX, Row, value_on
from calculator.scenario import Scenario, under
from calculator.schema import Scalar


def settings(scenario: Scenario, row: Row, value: Scalar) -> dict[str, Scalar]:
    """What has to be set so that a row has another value: path -> value.

    Shares of a whole give way in proportion. A value of one date takes the place of one that was
    laid over all of them, so the other dates are then set to what they have.
    """
    if row.path.startswith(f"{MIX}."):
        if not isinstance(value, float | int):
            raise InputError(row.path, row.allowed, value)
        register = scenario.register()
        if row.path not in register.entries:
            left = 1.0 - float(value)
            others = {f"{MIX}.{one}": part * left for one, part in scenario.therapy.mix.items()}
            return {**{path: round(part, 12) for path, part in others.items()}, row.path: value}
        moved = cases_of(scenario, {row.path: np.array([float(value)])})
        return {path: round(float(ends[0]), 12) for path, ends in moved.items()}
    if row.path != row.entry and row.entry in row.origins:
        register = scenario.register()
        days = register.entries[row.entry].values
        every = {f"{row.entry}.{day_word(day)}": value_on(register, row.entry, day) for day in days}
        return {**every, row.path: value}
    return {row.path: value}


def undone(row: Row, changed: Collection[str]) -> list[str]:
    """The changed paths without which a row is as it was; shares of a whole go back together."""
    if row.path.startswith(f"{MIX}."):
        return [path for path in changed if under(path, MIX)]
    return [path for path in changed if path in row.origins]
