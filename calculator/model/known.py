"""What one run worked out, so that runs beside it take over what their cases do not move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, ParamSpec, TypeVar

import numpy as np

from calculator.model.inputs import map_arrays

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Known:
    """Results of pure functions beside what each was given.

    Open, it keeps what is asked for; closed, it only answers, so that cases add nothing to it and
    threads may share it. Arrays of a result cannot be written to: more than one run has them.

    >>> known = Known()
    >>> once = known(np.square, np.array([3.0]))
    >>> known(np.square, np.array([3.0])) is once, known(np.square, np.array([4.0])).tolist()
    (True, [16.0])
    """

    def __init__(self) -> None:
        self._found: dict[Callable[..., Any], list[tuple[tuple[Any, ...], Any]]] = {}
        self._open = True

    def close(self) -> None:
        """Keep nothing more."""
        self._open = False

    def __call__(
        self, function: Callable[Given, Found], *given: Given.args, **named: Given.kwargs
    ) -> Found:
        """The function's result for these arguments, worked out unless it was before."""
        asked = given, tuple(named.items())
        for before, result in self._found.get(function, ()):
            if alike(before, asked):
                kept: Found = result
                return kept
        found: Found = function(*given, **named)
        if self._open:
            found = map_arrays(found, _read_only)
            self._found.setdefault(function, []).append((asked, found))
        return found


def _read_only(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    view = value.view()
    view.flags.writeable = False
    return view


def alike(one: Any, other: Any) -> bool:
    """Whether two arrays, or trees of them, are the same; nan is like nan.

    >>> alike((np.ones(2), "a"), (np.ones(2), "a")), alike(np.ones(1), np.ones(2))
    (True, False)
    >>> alike(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    True
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.shape != other.shape:
            return False
        equal = one == other
        return bool(equal.all() or (equal | ((one != one) & (other != other))).all())
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if is_dataclass(one):
        return all(alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return bool(one == other)
