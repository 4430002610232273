"""The fields as they stand on a shipped scenario, what differs, and where an error belongs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

import numpy as np
import streamlit as st

from calculator.assumptions import Assumption, Dated, Register, Scalar, scenario_files
from calculator.errors import InputError
from calculator.part_d_inputs import horizon
from calculator.scenario import PlanScenario, load_scenario
from calculator.ui.widgets import (
    NO,
    YES,
    about,
    choice_field,
    mark,
    named,
    number_field,
    say,
    shown,
    typed,
    yes_no_field,
)

PACKAGE = "terms.package"


@dataclass(frozen=True)
class Ground:
    """What the fields lie on: a shipped scenario with a terms package, nothing changed."""

    scenario: PlanScenario
    register: Register
    first: dt.date
    last: dt.date


@lru_cache(maxsize=64)
def ground(name: str, package: str | None) -> Ground:
    """A shipped scenario on its own terms package, or on another."""
    scenario = load_scenario(name)
    assert isinstance(scenario, PlanScenario)
    if package is not None:
        scenario = scenario.with_settings({PACKAGE: package})
    register = scenario.register()
    return Ground(scenario, register, *horizon(scenario, register))


@lru_cache(maxsize=1)
def offered() -> dict[str, str]:
    """The shipped scenarios of drug plans: name -> label."""
    found = {name: load_scenario(name) for name in scenario_files()}
    return {name: one.label for name, one in found.items() if isinstance(one, PlanScenario)}


@dataclass
class Form:
    """The fields as they stand, and where each one's error belongs."""

    ground: Ground
    fresh: bool  # every field is laid anew
    fresh_terms: bool  # the fields of the terms are
    address: dict[str, str]  # what the address still asks for: path -> text
    settings: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)  # for the address: path -> text
    wrong: InputError | None = None
    places: dict[str, Any] = field(default_factory=dict)

    # -- one field each

    def entry(self, path: str) -> tuple[Assumption, Dated, Scalar]:
        """A path's entry, the dated value in force at the start, and that value."""
        register = self.ground.register
        if path in register.entries or path.rpartition(".")[0] in register.entries:
            at, day = register.locate(path)
            entry = register.entries[at]
            since, dated = register.dated(at, day or max(self.ground.first, min(entry.values)))
            if entry.kind != "number":
                return entry, dated, dated.value
            number = float(register.number(at, day or max(self.ground.first, since))[0])
            return entry, dated, None if np.isnan(number) else number
        entry = _own_field(self.ground.scenario, path)
        dated = next(iter(entry.values.values()))
        return entry, dated, dated.value

    def lay(self, path: str, default: str) -> str:
        """Put a field's text where its widget finds it; returns what the default reads like."""
        anew = self.fresh or (self.fresh_terms and path.startswith("terms."))
        asked = self.address.pop(path, None)
        if anew or path not in st.session_state:
            st.session_state[path] = default if asked is None else asked
        return default

    def _place(self, path: str, usual: str, dated: Dated | None) -> None:
        """Where a field's error belongs; until then a badge for what a reader must know."""
        place = self.places[path] = st.empty()
        if _same(st.session_state[path]) != _same(usual):
            mark(place, "changed")
        elif dated is not None and dated.status in ("not_published", "illustrative"):
            mark(place, dated.status.replace("_", " "))

    def number(
        self,
        path: str,
        label: str | None = None,
        sets: Callable[[Scalar], tuple[str, Any]] | None = None,
        default: Scalar = None,
        entry: Assumption | None = None,
    ) -> None:
        """A number of the register or the scenario. sets: the setting, where it is another's."""
        dated: Dated | None = None
        if entry is None:
            entry, dated, default = self.entry(path)
        write = bare if entry.bounds is None else shown
        usual = self.lay(path, write(default))
        text: str = st.session_state[path]
        wrong = None
        try:
            value = typed(path, entry, text)
            key, setting = sets(value) if sets else (path, value)
            st.session_state[path] = write(value)
        except InputError as error:
            wrong = error
        number_field(label or named(entry), path, about(entry, dated, self._tree))
        self._place(path, usual, dated)
        if wrong is not None:
            self.refuse(wrong, path)
            self.changed[path] = text
        elif write(value) != usual:
            self.settings[key] = setting
            self.changed[path] = bare(value)

    def word(self, path: str, names: Mapping[str, str] | None = None) -> None:
        """A choice between words, or yes or no."""
        entry, dated, default = self.entry(path)
        options = entry.choices or (YES, NO)
        asked = self.address.get(path)
        refused = asked is not None and asked not in options
        if refused:
            self.address.pop(path)
        usual = self.lay(path, shown(default))
        help_ = about(entry, dated, self._tree)
        label = named(entry)
        if entry.choices is None:
            word = yes_no_field(label, path, help_)
        else:
            word = choice_field(label, path, options, help_, names or {})
        self._place(path, usual, dated)
        if refused:
            self.refuse(InputError(path, entry.allowed(), str(asked)), path)
        if word != usual:
            self.settings[path] = word == YES if entry.choices is None else word
            self.changed[path] = word

    def group(self, path: str) -> None:
        """Where an error of several fields together belongs."""
        self.places[path] = st.empty()

    @property
    def _tree(self) -> Any:
        return self.ground.register.tree

    # -- all of them

    def refuse(self, error: InputError, path: str | None = None) -> None:
        """Show an error beside its field; the first one stands for the whole form."""
        self.wrong = self.wrong or error
        where = error.field.split(" ")[0]
        near = [p for p in self.places if where.startswith(p) or p.startswith(where)]
        place = self.places.get(path or where) or self.places[max(near, key=len) if near else ""]
        say(place, error)

    def scenario(self) -> PlanScenario | None:
        """The scenario as typed; None with the error shown where something is wrong."""
        if self.wrong is not None:
            return None
        try:
            return self.ground.scenario.with_settings(self.settings)
        except InputError as error:
            self.refuse(error)
            return None


def bare(value: Scalar) -> str:
    """A value without separators, for an address or a year."""
    return _same(shown(value))


def _same(text: str) -> str:
    """A text that is equal for 40,000 and 40000."""
    return text.replace(",", "").strip()


def _own_field(scenario: PlanScenario, path: str) -> Assumption:
    """A choice that only the scenario has, as an entry like those of the register."""
    section, key = path.split(".")
    part = getattr(scenario, section)
    known = type(part).model_fields[key]
    words = get_args(known.annotation) if get_origin(known.annotation) is Literal else None
    value = Dated(value=getattr(part, key), status="user", source="user")
    return Assumption(
        label=known.title or key,
        unit="word" if words else "yes or no",
        choices=words,
        values={dt.date.min: value},
    )
