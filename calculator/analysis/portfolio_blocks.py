"""A book cut into runs: plans that differ in numbers only go through the engine together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator import fields
from calculator.analysis.portfolio_table import Book, Entry
from calculator.errors import InputError
from calculator.model.arrays import Array
from calculator.register import Register
from calculator.scenario import CHANGES, Scenario
from calculator.settable import MIX, Settable

# Plans run at once in one thread; only their small results are kept.
BLOCK = 64
# Numbers that must be checked as a whole: with the others they sum to 1.
WHOLES = ("therapy.mix.", "groups.")
# A number that shapes the periods, so plans that differ in it are not one run.
SHAPES = ("state.fiscal_year_start_month",)


@dataclass(frozen=True)
class Block:
    """Plans that run together: the first one's scenario, and what varies along the cases."""

    scenario: Scenario
    cases: Mapping[str, Array]
    entries: tuple[Entry, ...]


def blocks_of(book: Book) -> Iterator[Block]:
    """The book as blocks of plans that differ in numbers only. Each plan is valid after this."""
    groups: dict[str, list[Entry]] = {}
    for entry in book.entries:
        known = book.scenarios[entry.scenario]
        fixed = {p: v for p, v in entry.settings.items() if not _varies(known, p, v)}
        # A section that the scenario lacks comes with its numbers, or not at all.
        new = sorted(p for p in entry.settings if p not in fixed and _is_new(known, p))
        key = json.dumps([entry.scenario, sorted(fixed.items()), new], default=str)
        groups.setdefault(key, []).append(entry)
    for entries in groups.values():
        known = book.scenarios[entries[0].scenario]
        yield from _blocks(known, entries)


def _varies(known: Settable, path: str, value: object) -> bool:
    """Whether a setting may differ along the cases axis."""
    return known.is_number(path) and value is not None and path not in SHAPES


def _is_new(known: Settable, path: str) -> bool:
    """Whether a number is not yet in the scenario's register."""
    return path not in known.register.entries and path.rpartition(".")[0] not in (
        known.register.entries
    )


def _blocks(known: Settable, entries: Sequence[Entry]) -> Iterator[Block]:
    """Blocks of entries with the same words and flags; numbers left out are the scenario's own."""
    numbers = {p for e in entries for p, v in e.settings.items() if _varies(known, p, v)}
    words = {p: v for p, v in entries[0].settings.items() if p not in numbers}
    own = _own_numbers(known, words, numbers)
    patterns: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        # Without an own value that says the same, leaving out is not giving a number.
        left_out = tuple(sorted(p for p in numbers if p not in entry.settings and own[p] is None))
        patterns.setdefault(left_out, []).append(entry)
    for left_out, alike in patterns.items():
        varying = sorted(numbers - {*left_out})
        for first in range(0, len(alike), BLOCK):
            part = tuple(alike[first : first + BLOCK])
            values = {p: [e.settings.get(p, own[p]) for e in part] for p in varying}
            ahead = {**words, **{p: column[0] for p, column in values.items()}}
            scenario = _set(part[0], known.scenario, ahead)
            for entry in part[1:]:
                if any(path.startswith(WHOLES) for path in entry.settings):
                    _set(entry, known.scenario, entry.settings)
            cases = {p: np.array(c, dtype=float) for p, c in values.items() if len({*c}) > 1}
            yield Block(scenario, cases, part)


def _set(entry: Entry, scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """The scenario with an entry's settings; what is wrong is said of its row and column."""
    try:
        return scenario.with_settings(settings)
    except InputError as error:
        raise entry.wrong(error) from None


def _own_numbers(
    known: Settable, words: Mapping[str, Any], numbers: set[str]
) -> dict[str, float | None]:
    """The scenario's own numbers under some words; None where each plan must give its own."""
    try:
        base = known.scenario.with_settings(words)
    except InputError:
        # Words that need their numbers: those of the plan itself are checked with it.
        return dict.fromkeys(numbers)
    register = base.register()
    return {path: _own(base, register, path) for path in numbers}


def _own(scenario: Scenario, register: Register, path: str) -> float | None:
    """A scenario's own number, where giving it is the same as leaving it out; else None."""
    if path not in register.entries:
        return None  # one date of several
    if path.split(".")[0] not in CHANGES and (
        fields.value_at(scenario, path) is None and not path.startswith(f"{MIX}.")
    ):
        return None  # from a preset, which a user's own number would move
    values = {dated.value for dated in register.entries[path].values.values()}
    grows = any(dated.grow for dated in register.entries[path].values.values())
    (value,) = values if len(values) == 1 else (None,)
    return None if grows or not isinstance(value, int | float) else float(value)


def halves(block: Block) -> Iterator[Block]:
    """A block cut in two, each half a block of its own."""
    middle = len(block.entries) // 2
    for part in (slice(None, middle), slice(middle, None)):
        cases = {path: values[part] for path, values in block.cases.items()}
        first = {path: float(values[0]) for path, values in cases.items()}
        varying = {path: values for path, values in cases.items() if len({*values}) > 1}
        scenario = _set(block.entries[part][0], block.scenario, first)
        yield Block(scenario, varying, block.entries[part])
