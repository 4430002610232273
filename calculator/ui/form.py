"""The fields as they stand on a shipped scenario, what differs, and where an error belongs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

import numpy as np
import streamlit as st

from calculator.analysis.states import state_scenario
from calculator.assumptions import scenario_files
from calculator.errors import InputError
from calculator.fields import value_at, walk
from calculator.medicaid_inputs import months_of
from calculator.part_d_inputs import horizon
from calculator.register import Register
from calculator.scenario import PlanScenario, Scenario, StateScenario, load_scenario
from calculator.schema import Assumption, Dated, Scalar
from calculator.ui.packed import unpacked
from calculator.ui.widgets import (
    NO,
    YES,
    about,
    bare,
    choice_field,
    list_field,
    mark,
    month_day,
    month_text,
    named,
    number_field,
    numbers_in,
    plain,
    say,
    shown,
    sourced,
    typed,
    yes_no_field,
)

PACKAGE, STATE = "terms.package", "state.abbr"
NO_NUMBER = "No number was found. Enter your own."


@dataclass(frozen=True)
class Ground:
    """What the fields lie on: a scenario with a terms package, nothing changed."""

    scenario: Scenario
    register: Register
    first: dt.date
    last: dt.date


@lru_cache(maxsize=256)
def ground(name: str, package: str | None = None, abbr: str | None = None, own: str = "") -> Ground:
    """A shipped scenario, on its own terms package and in its own state or in others.

    own: the packed text of a scenario from a file, which stands in place of a shipped one.
    """
    scenario = unpacked(own) if own else load_scenario(name)
    if abbr is not None:
        assert isinstance(scenario, StateScenario)
        scenario = _in_state(scenario, abbr)
    if package is not None:
        scenario = scenario.with_settings({PACKAGE: package})
    register = scenario.register()
    if isinstance(scenario, StateScenario):
        months = months_of(scenario, register)
        end = month_day("horizon.end", f"{months[-1]:%Y-%m}", last=True)
        return Ground(scenario, register, months[0], end)
    assert isinstance(scenario, PlanScenario)
    return Ground(scenario, register, *horizon(scenario, register))


def _in_state(scenario: StateScenario, abbr: str) -> StateScenario:
    """The scenario in a state; where it covers as that state does, it has as much of the use."""
    if abbr == scenario.state.abbr:
        return scenario
    settings: dict[str, Any] = {STATE: abbr}
    today = state_scenario(abbr).state
    if today.stance == scenario.state.stance:
        settings["state.own_uptake_ratio"] = today.own_uptake_ratio
    return scenario.with_settings(settings)


@lru_cache(maxsize=4)
def offered(program: str) -> dict[str, str]:
    """The shipped scenarios of a program: name -> label."""
    found = {name: load_scenario(name) for name in scenario_files()}
    return {name: one.label for name, one in found.items() if one.program == program}


@dataclass
class Form:
    """The fields as they stand, and where each one's error belongs."""

    page: str  # whose fields these are: their keys begin with it
    ground: Ground
    anew: tuple[str, ...]  # paths that begin with one of these are laid anew
    address: dict[str, str]  # what the address still asks for: path -> text
    settings: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)  # for the address: path -> text
    wrong: InputError | None = None
    places: dict[str, Any] = field(default_factory=dict)
    strange: dict[str, InputError] = field(default_factory=dict)  # asked for, and not to be had
    laid: set[str] = field(default_factory=set)

    def key(self, path: str) -> str:
        """The key under which a field's widget keeps its text."""
        return key_of(self.page, path)

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

    def text(self, path: str, usual: str) -> str:
        """A field's text: what the address asks for, what was typed, or what is usual."""
        key = self.key(path)
        if path not in self.laid:
            self.laid.add(path)
            anew = any(path.startswith(prefix) for prefix in self.anew)
            asked = self.address.pop(path, None)
            if anew or asked is not None or key not in st.session_state:
                st.session_state[key] = usual if asked is None else asked
        return str(st.session_state[key])

    def usual(self, path: str) -> str:
        """A field's text while nothing is changed."""
        return shown(self.entry(path)[2])

    def number(
        self,
        path: str,
        label: str | None = None,
        sets: Callable[[Scalar], tuple[str, Any]] | None = None,
        default: Scalar = None,
        entry: Assumption | None = None,
        hint: str | None = None,
    ) -> None:
        """A number of the register or the scenario. sets: the setting, where it is another's.

        hint: what an empty field says; emptying it brings the preset back.
        """
        dated: Dated | None = None
        if entry is None:
            entry, dated, default = self.entry(path)
        write = bare if entry.bounds is None else shown
        usual = _preset(entry, default) if hint else write(default)
        known = entry

        def read(text: str) -> tuple[str, str, str, Any]:
            if not text.strip() and hint:
                text = usual
            elif not text.strip() and _same(usual) != shown(None):
                # Emptied by mistake, or for none: it is to be said.
                raise InputError(path, known.allowed(), "nothing")
            # A preset is shown rounded and used exactly.
            value = default if hint and text == usual else typed(path, known, text)
            key, setting = sets(value) if sets else (path, value)
            same = _same(write(value)) == _same(usual)
            return usual if same or text == usual else write(value), bare(value), key, setting

        help_ = about(entry, dated, self._tree)
        self._typed(
            path, label or named(entry), help_, usual, read,
            dated=dated, hint=hint,
        )  # fmt: skip

    def month(
        self, path: str, label: str, default: dt.date | None, note: str, *, last: bool
    ) -> None:
        """A month as 2027-07, as its first day or its last."""
        usual = month_text(default, last=last)

        def read(text: str) -> tuple[str, str, str, Any]:
            if _same(text) == _same(usual):
                return usual, usual, path, None if default is None else default.isoformat()
            day = month_day(path, text, last=last)
            written = month_text(day, last=last)
            return written, written, path, day.isoformat()

        help_ = plain(f"A month, such as 2027-07. {note}")
        self._typed(path, label, help_, usual, read)

    def numbers(self, path: str, label: str, note: str, hint: str) -> None:
        """Many numbers, pasted or typed; none where the field is empty."""

        def read(text: str) -> tuple[str, str, str, Any]:
            found = numbers_in(path, text)
            return text, " ".join(bare(number) for number in found), path, found or None

        self._typed(path, label, plain(note), "", read, draw=list_field, hint=hint)

    def _typed(
        self,
        path: str,
        label: str,
        help_: str,
        usual: str,
        read: Callable[[str], tuple[str, str, str, Any]],
        dated: Dated | None = None,
        draw: Callable[[str, str, str, str | None], None] = number_field,
        hint: str | None = None,
    ) -> None:
        """A field of text. read: its text again, its text in an address, the setting's path and
        the setting."""
        text = self.text(path, usual)
        wrong, link, key, setting = None, text, path, None
        try:
            text, link, key, setting = read(text)
            # Set without need, it would be written over what is being typed meanwhile.
            if text != st.session_state[self.key(path)]:
                st.session_state[self.key(path)] = text
        except InputError as error:
            wrong = error
        draw(label, self.key(path), help_, hint)
        differs = wrong is not None or _same(text) != _same(usual)
        self._place(path, dated, differs=differs, preset=hint is not None)
        if wrong is not None:
            self.refuse(wrong, path)
        elif differs:
            self.settings[key] = setting
        if differs:
            self.changed[path] = link

    def _place(self, path: str, dated: Dated | None, *, differs: bool, preset: bool) -> None:
        """Where a field's error belongs; until then a badge for what a reader must know."""
        place = self.places[path] = st.empty()
        if differs:
            mark(place, "changed")
        elif dated is None or (preset and dated.status == "user"):
            return
        elif preset and dated.value is None:
            mark(place, "gap", NO_NUMBER)
        elif preset or dated.status in ("not_published", "illustrative"):
            mark(place, dated.status.replace("_", " "), sourced(dated, self._tree))

    def word(self, path: str, names: Mapping[str, str] | None = None) -> str:
        """A choice between words, or yes or no; the word chosen."""
        entry, dated, _ = self.entry(path)
        options = entry.choices or (YES, NO)
        asked = self.address.get(path)
        refused = asked is not None and asked not in options
        if refused:
            self.address.pop(path)
        usual = self.usual(path)
        self.text(path, usual)
        help_ = about(entry, dated, self._tree)
        label, key = named(entry), self.key(path)
        if entry.choices is None:
            word = yes_no_field(label, key, help_)
        else:
            word = choice_field(label, key, options, help_, names or {})
        self._place(path, dated, differs=word != usual, preset=False)
        if refused:
            self.refuse(InputError(path, entry.allowed(), str(asked)), path)
        if word != usual:
            self.settings[path] = word == YES if entry.choices is None else word
            self.changed[path] = word
        return word

    def group(self, path: str) -> None:
        """Where an error of several fields together belongs."""
        self.places[path] = st.empty()
        if path in self.strange:
            self.refuse(self.strange[path], path)

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

    def scenario(self) -> Scenario | None:
        """The scenario as typed; None with the error shown where something is wrong."""
        if self.wrong is not None:
            return None
        try:
            return self.ground.scenario.with_settings(self.settings)
        except InputError as error:
            self.refuse(error)
            return None


def key_of(page: str, path: str) -> str:
    """A page's own key: two pages may show the same path with different defaults."""
    return f"{page}:{path}"


def _preset(entry: Assumption, value: Scalar) -> str:
    """A preset as its field shows it: people whole, nothing where there is a gap."""
    if value is None:
        return ""
    whole = entry.unit == "people" and isinstance(value, float)
    return f"{value:,.0f}" if whole else shown(value)


def _same(text: str) -> str:
    """A text that is equal for 40,000 and 40000."""
    return text.replace(",", "").strip()


def _own_field(scenario: Scenario, path: str) -> Assumption:
    """A choice that only the scenario has, as an entry like those of the register."""
    known = dict(walk(type(scenario)))[path]
    words = get_args(known.annotation) if get_origin(known.annotation) is Literal else None
    value = Dated(value=value_at(scenario, path), status="user", source="user")
    return Assumption(
        label=known.title or path,
        unit="word" if words else "yes or no",
        choices=words,
        values={dt.date.min: value},
    )
