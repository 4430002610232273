"""Value of joining over two inputs at once, and the line on which it is nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from calculator.analysis.draws import UncertainInput, uncertain_inputs
from calculator.analysis.moved import by_date, linked, unit_of
from calculator.analysis.sensitivity import (
    SAME,
    cases_of,
    dated_dict,
    none_if_nan,
    range_to_try,
    varied,
    worth,
)
from calculator.errors import InputError
from calculator.model.arrays import Array, array, sign_changes
from calculator.scenario import Scenario, under

# Points of each axis, and steps towards each point of the line.
POINTS, MOST_POINTS, STEPS = 21, 101, 4


@dataclass(frozen=True)
class Axis:
    """One input of a two-way map."""

    path: str
    label: str
    unit: str
    own: float  # its value in the scenario when the model begins; nan: none
    values: Array  # (n,) from low to high
    moved: tuple[str, ...] = ()  # every path that moves: this one, and shares that give way
    linked: tuple[
        str, ...
    ] = ()  # entries that ranges move together with this one, left as they are
    by_date: Mapping[dt.date, float] = field(default_factory=dict)  # the scenario's own values


@dataclass(frozen=True)
class Threshold:
    """Value of joining over two inputs, USD PMPM, and where it is nothing."""

    x: Axis
    y: Axis
    value: Array  # (y, x) USD PMPM
    contour: tuple[tuple[float, float], ...]  # (x, y) by rising x: joining is worth nothing
    own: float  # value of the scenario as it stands, USD PMPM

    @property
    def pays(self) -> float:
        """Share of the map on which joining pays."""
        return float(np.mean(self.value > 0.0))

    @property
    def still(self) -> tuple[bool, bool]:
        """Whether x, and whether y, moves nothing anywhere on the map."""
        size = SAME * float(np.abs(self.value).max())
        across, up = (float(np.ptp(self.value, axis=axis).max()) for axis in (1, 0))
        return across <= size, up <= size


def threshold(
    scenario: Scenario,
    x: str,
    y: str,
    *,
    x_range: tuple[float | None, float | None] = (None, None),
    y_range: tuple[float | None, float | None] = (None, None),
    points: int = POINTS,
    resolution: str = "full",
) -> Threshold:
    """Value of joining on a grid of two inputs, and the line on which it is nothing.

    Each range is the input's own, or its bounds where it has none, or as given. On each column of
    the grid every crossing is found; between two crossings of a column within one step none is
    seen. InputError for an unknown path, a word, twice the same entry, a range outside the bounds.
    """
    if not 2 <= points <= MOST_POINTS:
        raise InputError("--points", f"a number from 2 to {MOST_POINTS}", points)
    for path in (x, y):
        scenario = varied(scenario, path)
    register = scenario.register()
    (x_entry, x_day), (y_entry, y_day) = register.locate(x), register.locate(y)
    if x_entry == y_entry and (x_day == y_day or None in (x_day, y_day)):
        raise InputError("--y", "another path than --x", y)
    known = {one.path: one for one in uncertain_inputs(scenario)}

    def axes(narrow: bool) -> tuple[Axis, Axis]:
        return (
            _axis(scenario, x, x_range, known, points, narrow),
            _axis(scenario, y, y_range, known, points, narrow),
        )

    def at(columns: Array, rows: Array) -> Array:
        return worth(scenario, cases_of(scenario, {x: columns, y: rows}), resolution)[1]

    def grid(across: Array, up: Array) -> Array:
        return at(np.tile(across, points), np.repeat(up, points)).reshape(points, points)

    along, upward = axes(narrow=False)
    try:
        value = grid(along.values, upward.values)
    except InputError:
        # Bounds are of one input; together with the others less may be possible.
        along, upward = axes(narrow=True)
        value = grid(along.values, upward.values)
    _, own = worth(scenario, {}, resolution)
    contour = _contour(along.values, upward.values, value, at)
    return Threshold(along, upward, value, contour, float(own[0]))


def _axis(
    scenario: Scenario,
    path: str,
    given: tuple[float | None, float | None],
    known: Mapping[str, UncertainInput],
    points: int,
    narrow: bool,
) -> Axis:
    register = scenario.register()
    entry_path, day = register.locate(path)
    entry = register.entries[entry_path]
    own_range = known.get(entry_path)
    default = None
    if own_range is not None and day is None:
        # Over all its dates, if they differ.
        own_parts = [part for part in own_range.parts if under(part[0], entry_path)]
        ends = [part[2].low for part in own_parts], [part[2].high for part in own_parts]
        floor, ceiling = register.bounds(path)
        default = max(min(ends[0]), floor), min(max(ends[1]), ceiling)
    low, high = range_to_try(scenario, path, *given, default, narrow=narrow)
    values = np.linspace(low, high, points)
    own = by_date(scenario, path)
    return Axis(
        path=path,
        label=entry.label,
        unit=unit_of(register, path),
        own=next(iter(own.values())),
        values=values,
        moved=tuple(cases_of(scenario, {path: values[:1]})),
        linked=linked(scenario, path),
        by_date=own,
    )


def _contour(
    across: Array, up: Array, value: Array, at: Callable[[Array, Array], Array]
) -> tuple[tuple[float, float], ...]:
    """Where the value of each column is 0: from the grid's brackets by regula falsi (Illinois)."""
    left = [
        (column, row) for column in range(len(across)) for row in sign_changes(value[:, column])
    ]
    if not left:
        return ()
    column, row = (np.array(index) for index in zip(*left, strict=True))
    place = across[column]
    ends = [up[row].copy(), up[row + 1].copy()]
    values = [value[row, column].copy(), value[row + 1, column].copy()]
    root = _straight(ends, values)
    side: npt.NDArray[np.int_] = np.full(len(place), -1)
    for _ in range(STEPS):
        found = at(place, root)
        same = np.sign(found) == np.sign(values[0])
        for end, moves in ((0, same), (1, ~same)):
            ends[end] = np.where(moves, root, ends[end])
            values[end] = np.where(moves, found, values[end])
            # An end that stays twice holds the line back: halve it.
            values[1 - end] = np.where(moves & (side == end), values[1 - end] / 2, values[1 - end])
        side = np.where(same, 0, 1)
        root = _straight(ends, values)
    order = np.lexsort((root, place))
    return tuple((float(place[index]), float(root[index])) for index in order)


def _straight(ends: list[Array], values: list[Array]) -> Array:
    """Where the line between both ends is 0; the first end where the line is flat."""
    slope = values[0] - values[1]
    part = np.divide(values[0], slope, out=np.zeros_like(slope), where=slope != 0.0)
    return array(ends[0] + part * (ends[1] - ends[0]))


def threshold_dict(found: Threshold) -> dict[str, Any]:
    """Plain data, unrounded; value by row (y) and column (x)."""
    axes = {
        name: {
            **vars(axis),
            "own": none_if_nan(axis.own),
            "values": axis.values.tolist(),
            "moved": list(axis.moved),
            "linked": list(axis.linked),
            "by_date": dated_dict(axis.by_date),
            "still": still,
        }
        for name, axis, still in zip("xy", (found.x, found.y), found.still, strict=True)
    }
    contour = [list(point) for point in found.contour]
    rest = {"value_pmpm": found.value.tolist(), "breakeven": contour, "pays_share": found.pays}
    return {**axes, "own_pmpm": found.own, **rest}
