"""The frame of every page's inputs: where they start, what is changed, and the address of both."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from calculator.errors import InputError
from calculator.register import Register
from calculator.scenario import Scenario
from calculator.schema import Assumption, Dated
from calculator.ui.form import PACKAGE, STATE, Form, ground, key_of
from calculator.ui.widgets import NO, NONE, YES, choice_field, plain

START_FROM, FILE, SAVED = "scenario", "file", "saved"
# What pages keep in the address beside the inputs: under which key, and what need not be said.
ALSO = {
    SAVED: (SAVED, ""),
    "draws": ("uncertainty.draws", "4,096"),
    "seed": ("uncertainty.seed", "1"),
}
LAID, KEPT, DRAWN = "laid", "kept", "drawn"
# An address that was gone to and is not drawn yet; those that were drawn, the latest last.
GOING, WRITTEN, MOST_WRITTEN = "going", "written", 100
POINTS, POINT_MONTH = "therapy.persistence_points", 12
START, END = "horizon.start", "horizon.end"


@dataclass(frozen=True)
class Choice:
    """A choice that the fields' defaults depend on; another one lays them anew."""

    options: Callable[[Register], Sequence[str]]
    own: Callable[[Scenario], str]  # what a shipped scenario says
    lays: tuple[str, ...]  # the fields below these paths


TERMS_CHOICE = Choice(
    options=lambda register: list(register.tree.terms),
    own=lambda scenario: str(scenario.terms["package"]),
    lays=("terms.",),
)


@dataclass(frozen=True)
class Frame:
    """What a page's sidebar starts from."""

    page: str
    program: str  # in words; "" where a choice above already says it
    scenarios: Mapping[str, str]  # name -> label
    choices: Mapping[str, Choice] = field(default_factory=lambda: {PACKAGE: TERMS_CHOICE})

    @property
    def first(self) -> str:
        """The scenario at first."""
        return next(iter(self.scenarios))

    @property
    def many(self) -> bool:
        """Whether there is a scenario to choose."""
        return len(self.scenarios) > 1

    def key(self, name: str) -> str:
        """The key of a field of this page."""
        return key_of(self.page, name)


@contextmanager
def inputs(frame: Frame) -> Iterator[Form]:
    """The sidebar of a page: its fields are drawn between its start and its end."""
    with st.sidebar:
        if frame.program:
            st.caption(f"Program: **{plain(frame.program)}**")
        form = _start(frame)
        yield form
        _kept(frame, form)
        _changed(frame, form)


def _start(frame: Frame) -> Form:
    """The scenario to start from, and whether its fields are laid anew.

    An address that is followed says where; one that says nothing belongs to another page.
    """
    laid: dict[str, Any] = st.session_state.get(frame.key(LAID)) or {}
    address = followed(laid)
    linked = bool(address)
    fresh = linked or not laid
    start = frame.key(START_FROM)
    strange: dict[str, InputError] = {}
    for name in ALSO if linked else ():
        if name in address:
            st.session_state[ALSO[name][0]] = address[name]
    if linked and FILE in address and frame.many:
        try:
            ground(FILE, own=address[FILE])
            st.session_state[frame.key(FILE)] = address[FILE]
        except InputError as error:
            strange[START_FROM] = error
    file = st.session_state.get(frame.key(FILE), "")
    # A state's figures, in brackets, need not be those of the state chosen below.
    labels = {key: label.partition(" (")[0] for key, label in frame.scenarios.items()}
    if file:
        labels = {FILE: f"Your file: {ground(FILE, own=file).scenario.name}", **labels}
    if fresh:
        wanted = address.get(START_FROM, st.session_state.get(start, frame.first))
        if wanted not in labels:
            strange.setdefault(START_FROM, _not_one_of(START_FROM, frame.scenarios, wanted))
            wanted = frame.first
        st.session_state[start] = wanted
    name = frame.first
    if frame.many:
        name = choice_field("Start from", start, list(labels), None, labels)
        st.caption(plain(labels[name]))
    fresh = fresh or name != laid.get(START_FROM)
    own_file = file if name == FILE else ""

    shipped = ground(name, own=own_file)
    picks, own = {}, {}
    for path, choice in frame.choices.items():
        key = frame.key(path)
        own[path] = choice.own(shipped.scenario)
        pick = st.session_state.get(key, own[path])
        if fresh:
            pick = address.get(path, own[path]) if linked else own[path]
        options = choice.options(shipped.register)
        if pick not in options:
            strange[path] = _not_one_of(path, options, pick)
            pick = own[path]
        if fresh or path in strange:
            st.session_state[key] = pick
        picks[path] = pick
    if fresh:
        st.session_state[frame.key(KEPT)] = {}
    anew = [lay for path, pick in picks.items() if pick != laid.get(path)
            for lay in frame.choices[path].lays]  # fmt: skip
    form = Form(
        page=frame.page,
        ground=ground(name, picks[PACKAGE], picks.get(STATE), own_file),
        anew=("",) if fresh else tuple(anew),
        address={
            k: v
            for k, v in address.items()
            if linked and k not in (START_FROM, FILE, *ALSO, *picks)
        },
        changed={path: pick for path, pick in picks.items() if pick != own[path]},
        strange=strange,
    )
    form.group(START_FROM)
    return form


def _not_one_of(path: str, options: Iterable[str], given: str) -> InputError:
    return InputError(path, "one of " + ", ".join(options), given)


def labelled_choice(
    form: Form,
    path: str,
    label: str,
    labels: Mapping[str, str],
    help_: str | None = None,
    on_change: Callable[[], None] | None = None,
) -> str:
    """A choice that the fields' defaults depend on, as its field."""
    chosen = choice_field(
        label, form.key(path), list(labels), help_, labels, on_change, search=path == STATE
    )
    form.group(path)
    return chosen


def _kept(frame: Frame, form: Form) -> None:
    """What a link sets beyond the fields: checked like them, kept until the next reset."""
    if form.address:
        st.session_state[frame.key(KEPT)] = dict(form.address)
    form.group("")
    for path, text in st.session_state.get(frame.key(KEPT), {}).items():
        form.settings[path] = _plain_value(text)
        form.changed[path] = text


def _plain_value(text: str) -> Any:
    if text in (NONE, YES, NO):
        return {NONE: None, YES: True, NO: False}[text]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _changed(frame: Frame, form: Form) -> None:
    """How much differs from the default, the way back, and the address that reopens it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Changed from default: **{len(form.changed)}**", width="stretch")
        st.button("Reset", on_click=_reset, args=(frame,), disabled=not form.changed, key="reset")
    name = st.session_state[frame.key(START_FROM)]
    picks = {path: st.session_state[frame.key(path)] for path in frame.choices}
    # An address that said nothing could not be gone back to.
    always = {START_FROM: name} if frame.many else {PACKAGE: picks[PACKAGE]}
    if name == FILE:
        always[FILE] = st.session_state[frame.key(FILE)]
    for also, (key, usual) in ALSO.items():
        if st.session_state.get(key, usual) != usual:
            always[also] = st.session_state[key]
    address = {**always, **form.changed}
    laid = st.session_state.get(frame.key(LAID)) or {}
    shown = asked()
    # Who goes back to an address that said nothing goes on back from there: it is left as it is.
    back = not shown and st.session_state.get(DRAWN) == frame.page
    if shown != address and not (back and laid.get("address") == address):
        st.query_params.from_dict(address)
    st.session_state[DRAWN] = frame.page
    st.session_state[frame.key(LAID)] = {START_FROM: name, **picks, "address": address}
    st.session_state.pop(GOING, None)
    before = [one for one in st.session_state.get(WRITTEN, ()) if one not in (shown, address)]
    st.session_state[WRITTEN] = [*before, shown, address][-MOST_WRITTEN:]


def _reset(frame: Frame) -> None:
    """Every field back to the scenario it started from."""
    st.session_state[frame.key(LAID)] = None
    own = (START_FROM, FILE, *ALSO)
    go({key: text for key, text in asked().items() if key in own})


def asked() -> dict[str, str]:
    """What the address asks for."""
    return {key: st.query_params[key] for key in st.query_params}


def followed(laid: Mapping[str, Any]) -> dict[str, str]:
    """The address to follow, with what it asks for; nothing where none is.

    One that says something else than the last one drawn (laid) comes from a link, or from going
    back. A browser that is typed into while a page is on its way sends the address it still has:
    one of an earlier moment, which would take back what was typed since.
    """
    if GOING in st.session_state:
        return dict(st.session_state[GOING])
    address = asked()
    if address == laid.get("address"):
        return {}
    late = address in st.session_state.get(WRITTEN, ())
    return {} if late and not _back_or_forward() else address


def _back_or_forward() -> bool:
    """Whether a reader went to an earlier address with the browser's own buttons."""
    context = get_script_run_ctx()
    return bool(getattr(context, "is_history_navigation", True))


def go(address: Mapping[str, str]) -> None:
    """Open an address on this page, as a link would; for a callback, which comes before a run.

    address: scenario (a shipped name, or `file` with the packed text under `file`), and any path
    that differs from it with its text.
    """
    st.query_params.from_dict(dict(address))
    st.session_state[GOING] = dict(address)


# -------------------------------------------------------------------- fields of several programs


def products_mix(form: Form) -> list[str]:
    """The share of each product among starters; the products."""
    register = form.ground.register
    products = [
        path.split(".")[-1].removesuffix("_trial_loss")
        for path in register.entries
        if path.endswith("_trial_loss")
    ]
    st.markdown("**Products, share of starters**")
    mix = form.ground.scenario.therapy.mix
    some = register.entries[f"therapy.mix.{next(iter(mix))}"]
    for product in products:
        path = f"therapy.mix.{product}"
        label = register.entries[f"assumptions.clinical.{product}_trial_loss"].label
        entry = register.entries.get(path, some)
        form.number(path, plain(label.split(",")[0]), None, mix.get(product, 0.0), entry)
    form.group("therapy.mix")
    return products


def adherence(form: Form) -> None:
    """How long people stay on therapy."""
    register = form.ground.register
    entry, _, _ = form.entry("therapy.curve")
    labels = {
        curve: register.entries[f"assumptions.persistence.{curve}_kappa"].label
        for curve in entry.choices or ()
    }
    form.word("therapy.curve", {key: text.rpartition(",")[0] for key, text in labels.items()})
    points = form.ground.scenario.therapy.persistence_points or {}
    form.number(
        f"{POINTS}.{POINT_MONTH}",
        f"Own share still on therapy at {POINT_MONTH} months (share; none: the curve above)",
        lambda value: (POINTS, None if value is None else {POINT_MONTH: value}),
        points.get(POINT_MONTH),
        Assumption(
            label=f"Still on therapy at {POINT_MONTH} months",
            unit="share",
            bounds=(0.0, 1.0),
            optional=True,
            note="Before the effects of age and dual eligibility below.",
            values={dt.date.min: Dated(status="user", source="user")},
        ),
    )
    form.word("therapy.age_65_effect")
    form.word("therapy.dual_effect")
    form.number("assumptions.persistence.fills_per_month")


def by_year(form: Form, path: str) -> None:
    """A share for each year."""
    entry = form.ground.register.entries[path]
    st.markdown(f"**{plain(entry.label)}**")
    for day in entry.values:
        form.number(f"{path}.{day.isoformat().replace('-', '_')}", f"{day.year} (share)")
    form.group(path)


def terms_package(form: Form) -> None:
    """The terms package, whose levers are laid anew with it."""
    terms = form.ground.register.tree.terms
    labels = {name: one.label for name, one in terms.items()}
    note = terms[str(form.ground.scenario.terms["package"])].note
    labelled_choice(form, PACKAGE, "Terms package", labels, plain(note))


def medical_effect(form: Form) -> None:
    """Which effect on other medical costs is taken."""
    entry, _, _ = form.entry("therapy.offsets")
    form.word("therapy.offsets", offset_names(form.ground.register, entry.choices or ()))


def offset_names(register: Register, scenarios: Sequence[str]) -> dict[str, str]:
    """What the medical cost effects are called: CBO, Cost rise, No offset."""
    labels = {
        name: register.entries[f"assumptions.offsets.{name}_first_year"].label for name in scenarios
    }
    return {name: label.rpartition(",")[0] for name, label in labels.items()}
