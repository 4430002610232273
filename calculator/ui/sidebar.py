"""The frame of every page's inputs: where they start, what is changed, and the address of both."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from calculator.errors import InputError
from calculator.fields import walk
from calculator.register import Register
from calculator.scenario import Scenario
from calculator.ui.form import PACKAGE, STATE, Form, Ground, ground, key_of
from calculator.ui.widgets import NO, NONE, YES, choice_field, plain

START_FROM, FILE, SAVED = "scenario", "file", "saved"
# What pages keep in the address beside the inputs: under which key, and what need not be said.
ALSO = {
    SAVED: (SAVED, ""),
    "draws": ("uncertainty.draws", "4,096"),
    "seed": ("uncertainty.seed", "1"),
}
LAID, KEPT, DRAWN = "laid", "kept", "drawn"
PROGRAM, ELSEWHERE = "program", "elsewhere"  # what the pages of one scenario show
SINCE, FROM_FILE = "since", "from_file"
TERMS, CHANGED, OF_A_FILE = "terms", "changed", "not as shipped"
# An address that was gone to and is not drawn yet; those that were drawn, the latest last.
GOING, WRITTEN, MOST_WRITTEN = "going", "written", 100
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
    address = followed(laid, many=frame.many)
    fresh = bool(address) or not laid
    strange: dict[str, InputError] = {}
    if address:
        _take_along(frame, address, strange)
    name = _starting_from(frame, address, strange, fresh=fresh)
    fresh = fresh or name != laid.get(START_FROM)
    own_file = st.session_state.get(frame.key(FILE), "") if name == FILE else ""
    shipped = ground(name, own=own_file)
    own = {path: choice.own(shipped.scenario) for path, choice in frame.choices.items()}
    picks = _picked(frame, shipped, {**own, **address}, strange, fresh=fresh)
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
            if k not in (START_FROM, FILE, ELSEWHERE, *ALSO, *picks)
        },
        changed={path: pick for path, pick in picks.items() if pick != own[path]},
        strange=strange,
    )
    form.group(START_FROM)
    return form


def _take_along(frame: Frame, address: Mapping[str, str], strange: dict[str, InputError]) -> None:
    """What an address brings beside the inputs: what pages keep, and the text of a file."""
    for name in ALSO:
        if name in address:
            st.session_state[ALSO[name][0]] = address[name]
    if FILE in address and frame.many:
        try:
            ground(FILE, own=address[FILE])
            st.session_state[frame.key(FILE)] = address[FILE]
        except InputError as error:
            strange[START_FROM] = error


def _starting_from(
    frame: Frame, address: Mapping[str, str], strange: dict[str, InputError], *, fresh: bool
) -> str:
    """The choice of the scenario to start from, where there are several; its name."""
    start = frame.key(START_FROM)
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
    if not frame.many:
        return frame.first
    name = choice_field("Start from", start, list(labels), None, labels)
    st.caption(plain(labels[name]))
    return name


def _picked(
    frame: Frame,
    shipped: Ground,
    wanted: Mapping[str, str],
    strange: dict[str, InputError],
    *,
    fresh: bool,
) -> dict[str, str]:
    """What each of the frame's choices says. wanted: where they are laid anew."""
    picks = {}
    for path, choice in frame.choices.items():
        key = frame.key(path)
        usual = choice.own(shipped.scenario)
        pick = wanted[path] if fresh else st.session_state.get(key, usual)
        options = choice.options(shipped.register)
        if pick not in options:
            strange[path] = _not_one_of(path, options, pick)
            pick = usual
        if fresh or path in strange:
            st.session_state[key] = pick
        picks[path] = pick
    return picks


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
    """How much differs from what is open, the way back, and the address that reopens it."""
    name = st.session_state[frame.key(START_FROM)]
    with st.container(horizontal=True, vertical_alignment="center"):
        of = "your file" if name == FILE else "default"
        st.markdown(f"Changed from {of}: **{len(form.changed)}**", width="stretch")
        st.button("Reset", on_click=_reset, args=(frame,), disabled=not form.changed, key="reset")
    since = frame.key(SINCE)
    if form.wrong is None or since not in st.session_state:
        st.session_state[since] = Since(name == FILE, tuple(_names(form)))
    st.session_state[SINCE] = st.session_state[since]
    st.session_state[FROM_FILE] = name == FILE
    picks = {path: st.session_state[frame.key(path)] for path in frame.choices}
    # An address that said nothing could not be gone back to.
    always = {START_FROM: name} if frame.many else {PACKAGE: picks[PACKAGE], **elsewhere()}
    if name == FILE:
        always[FILE] = st.session_state[frame.key(FILE)]
    for also, (key, usual) in ALSO.items():
        if st.session_state.get(key, usual) != usual:
            always[also] = st.session_state[key]
    _write(frame, {**always, **form.changed}, {START_FROM: name, **picks})


def _write(frame: Frame, address: dict[str, str], chosen: Mapping[str, str]) -> None:
    """The address of what is in sight, into the browser and into memory."""
    laid = st.session_state.get(frame.key(LAID)) or {}
    shown = asked()
    # Who goes back to an address that said nothing goes on back from there: it is left as it is.
    back = not shown and st.session_state.get(DRAWN) == frame.page
    if shown != address and not (back and laid.get("address") == address):
        st.query_params.from_dict(address)
    st.session_state[DRAWN] = frame.page
    st.session_state[frame.key(LAID)] = {**chosen, "address": address}
    st.session_state.pop(GOING, None)
    if frame.many:
        st.session_state.pop(ELSEWHERE, None)
    before = [one for one in st.session_state.get(WRITTEN, ()) if one not in (shown, address)]
    st.session_state[WRITTEN] = [*before, shown, address][-MOST_WRITTEN:]


@dataclass(frozen=True)
class Since:
    """What was changed since the inputs were opened."""

    of_a_file: bool  # not a shipped example
    names: tuple[str, ...]  # of what was changed, with their paths


def _names(form: Form) -> Iterator[str]:
    """What is changed, by name, as often as it is counted."""
    titles = {path: one.title or path for path, one in walk(type(form.ground.scenario))}
    entries = form.ground.register.entries
    for path in form.changed:
        above = path.rpartition(".")[0]
        entry = entries.get(path) or entries.get(above)
        title = titles.get(path) or titles.get(above) or path
        yield f"{entry.label if entry is not None else title} ({path})"


def as_opened(notes: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Notes on a scenario with what was changed counted as the sidebar counts it.

    What a file gives is not changed but brought: it says that it is not as shipped.
    """
    since: Since | None = st.session_state.pop(SINCE, None)
    if since is None or all(kind != TERMS for kind, _ in notes):
        return list(notes)
    kept = [note for note in notes if note[0] != CHANGED]
    if since.of_a_file:
        kept = [(OF_A_FILE if kind == CHANGED else kind, sentence) for kind, sentence in notes]
    return [*kept, *((CHANGED, name) for name in since.names)]


def mark_as_opened(mark: str) -> str:
    """A mark of a figure: what differs from what is shipped may be as in the reader's own file."""
    return OF_A_FILE if mark == CHANGED and st.session_state.get(FROM_FILE) else mark


def elsewhere() -> dict[str, str]:
    """What the pages of one scenario show, for the address of a page that shows another thing."""
    of_program = st.session_state.get(key_of(str(st.session_state.get(PROGRAM)), LAID)) or {}
    address = dict(of_program.get("address", {}))
    if not address:
        for name in (ELSEWHERE, SAVED):
            st.session_state.setdefault(name, st.query_params.get(name, ""))
        text, saved = st.session_state[ELSEWHERE], st.session_state[SAVED]
    else:
        saved = address.pop(SAVED, "")
        text = urllib.parse.urlencode(address)
    return {name: one for name, one in ((ELSEWHERE, text), (SAVED, saved)) if one}


def _reset(frame: Frame) -> None:
    """Every field back to the scenario it started from."""
    st.session_state[frame.key(LAID)] = None
    own = (START_FROM, FILE, *ALSO)
    go({key: text for key, text in drawn().items() if key in own})


def asked() -> dict[str, str]:
    """What the browser's address asks for: one of an earlier moment, where it is late."""
    return {key: st.query_params[key] for key in st.query_params}


def drawn() -> dict[str, str]:
    """The address that was drawn last: that of what is in sight, whatever the browser still has."""
    written = st.session_state.get(WRITTEN)
    return dict(written[-1]) if written else asked()


def followed(laid: Mapping[str, Any], *, many: bool = True) -> dict[str, str]:
    """The address to follow, with what it asks for; nothing where none is.

    One that says something else than the last one drawn (laid) comes from a link, or from going
    back. A browser that is typed into while a page is on its way sends the address it still has:
    one of an earlier moment, which would take back what was typed since.
    many: whether the page is one of a scenario; it then takes up what `elsewhere` kept.
    """
    if GOING in st.session_state:
        return dict(st.session_state[GOING])
    address = asked()
    if many and not address and not laid and st.session_state.get(ELSEWHERE):
        return dict(urllib.parse.parse_qsl(st.session_state[ELSEWHERE]))
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
