"""The page that hands a scenario over: as files, as a link, beside others, and back from a file."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
import urllib.parse
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import streamlit as st

from calculator import decide, load_scenario
from calculator.decision import PlanDecision, StateDecision
from calculator.errors import InputError
from calculator.report import state as state_report
from calculator.report import verdict as plan_report
from calculator.report.compare import Column
from calculator.report.words import dollars, share
from calculator.scenario import PAYERS, Scenario
from calculator.ui import compare, downloads, parts, program
from calculator.ui.parts import section, signed
from calculator.ui.saved import HERE, file_address
from calculator.ui.sidebar import SAVED, drawn, go
from calculator.ui.widgets import calm, plain, say

PAGE = "export"
READ, TAKEN = f"{PAGE}:read", f"{PAGE}:taken"
MEGABYTES = 20  # of a workbook; a text file has its own, smaller limit
KINDS = ["yaml", "yml", "json", "xlsx"]
NAME_LETTERS = 80
MORE = (
    "Take this answer along as files, hand it over as a memo, save it and hold it against others,"
    " or bring one back from a file."
)


@dataclass(frozen=True)
class Answer:
    """Everything the page says about one scenario."""

    decision: PlanDecision | StateDecision
    sentence: str
    rests_on: list[tuple[str, str]]
    column: Column


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: Scenario) -> Answer:
    """Both branches and what stands beside them, once for each content of a scenario."""
    decision = decide(_scenario)
    if isinstance(decision, StateDecision):
        sentence = state_report.verdict(decision).partition("; ")[0]
        notes = state_report.rests_on(decision)
    else:
        sentence, notes = plan_report.opening(decision), plan_report.rests_on(decision)
    whole = f"{sentence.removesuffix('.')}."
    return Answer(decision, whole, notes, compare.column(HERE, decision))


@calm
def render() -> None:
    """Draw the page."""
    form = program.inputs(PAGE)
    said = program.answered(form, answer)
    if said is None:
        # Also a state that lacks a number can be taken from a file.
        _restore()
        return
    decision = said.decision
    parts.headline(said.sentence, MORE, said.rests_on)
    _cards(said)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _files(decision)
    with right:
        _link(decision.scenario, as_typed=form.wrong is None)
    compare.draw(said.column, decision.scenario)
    _restore()
    parts.basis(decision, said.rests_on, _days(decision))


def _days(decision: PlanDecision | StateDecision) -> list[dt.date]:
    """Days on which the values of the basis are read."""

    if isinstance(decision, StateDecision):
        return [decision.evaluation.months[0], decision.evaluation.months[-1]]
    return [dt.date(year, 1, 1) for year in decision.years]


def _cards(said: Answer) -> None:
    one, value = said.column, said.decision.value
    rate = float(said.decision.register.number("assumptions.payment.discount_rate")[0])
    years = list(one.by_period.items())
    who = "member" if one.program == "part_d" else "enrollee"
    turns = "none in its range" if one.breakeven is None else f"{dollars(one.breakeven, 0)} a fill"
    parts.cards(
        [
            (
                f"Value per {who} a month (PMPM)",
                signed(value.pmpm, 2),
                f"{len(years)} years, {years[0][0]} to {years[-1][0]}",
            ),
            ("Value, all years", signed(value.total), f"{signed(years[-1][1])} in {years[-1][0]}"),
            ("Present value", signed(value.present_value), f"at {share(rate)} a year"),
            ("Turns at a net price of", turns, "guaranteed, all else as it stands"),
        ]
    )


# -------------------------------------------------------------------------------- files and a link


def _files(decision: PlanDecision | StateDecision) -> None:
    section("Take it along")
    with st.container(horizontal=True, gap="small"):
        downloads.memo(decision, f"{PAGE}.memo")
        downloads.workbook(decision, f"{PAGE}.workbook")
        downloads.scenario_file(decision, f"{PAGE}.scenario")
        downloads.ledger(decision, f"{PAGE}.ledger")
    st.caption(
        plain(
            "The memo is one file that opens in any browser and prints on Letter or A4; the"
            " workbook recalculates; the scenario file makes the same run again here or with"
            " balance decide; the ledger has every dollar with its payer."
        )
    )


def _link(scenario: Scenario, *, as_typed: bool) -> None:
    """An address that reopens what is shown, and one that brings the saved ones too."""
    section("Or as a link")
    address = drawn() if as_typed else file_address(scenario)
    saved = address.pop(SAVED, "")
    st.code(_url(address, ""), language=None, wrap_lines=True)
    st.caption(
        plain("Whoever can reach this app opens the same inputs with it; it holds no other data.")
    )
    if saved:
        with st.expander("A link that brings the saved scenarios too"):
            st.code(_url({**address, SAVED: saved}, PAGE), language=None, wrap_lines=True)


def _url(address: dict[str, str], page: str) -> str:
    """This app's address with a scenario's. page: on which page it opens; empty: the first."""
    here = (st.context.url or "").partition("?")[0].rstrip("/")
    base = here.removesuffix(f"/{PAGE}")
    return f"{base}/{page}?{urllib.parse.urlencode(address)}"


# -------------------------------------------------------------------------------- back from a file


@dataclass(frozen=True)
class Read:
    """What an uploaded file holds, or what is wrong with it."""

    mark: str  # of its content
    name: str
    scenario: Scenario | None
    says: str  # the answer in one sentence
    error: InputError | None


def _restore() -> None:
    """A file with a scenario: what is in it, its answer, and the button that takes it over."""
    section("Bring one back from a file")
    number = st.session_state.get(TAKEN, 0)
    file = st.file_uploader(
        "Scenario file (YAML, JSON) or workbook (xlsx)",
        type=KINDS,
        key=f"{PAGE}:file:{number}",
        max_upload_size=MEGABYTES,
        help=plain(
            "A scenario file from this page or written by hand, or a workbook from this page or"
            " from balance template with its input cells filled in. Nothing of the file is kept"
            " but its inputs, in this page's address. Limits: YAML 200 KB, JSON 1 MB, xlsx 20 MB."
        ),
    )
    if file is None:
        st.session_state.pop(READ, None)
        return
    content = file.getvalue()
    mark = hashlib.sha256(content + file.name.encode("utf-8", "replace")).hexdigest()
    found: Read | None = st.session_state.get(READ)
    if found is None or found.mark != mark:
        found = _read(mark, file.name, content)
        st.session_state[READ] = found
    if found.error is not None:
        say(st, found.error)
        st.caption("What is shown above stays as it was.")
    if found.scenario is None:
        return
    scenario = found.scenario
    st.success(
        plain(
            f"Read from {found.name}: {scenario.name}, {PAYERS[scenario.program]} scenario"
            f" ({scenario.label}). {found.says}"
        ),
        icon=":material/task:",
    )
    changed = scenario.changed_fields()
    if changed:
        listed = "; ".join(f"{title} ({path})" for path, title in changed.items())
        st.caption(plain(f"Other than in the example it starts from: {listed}."))
    st.button(
        "Use these inputs",
        key=f"{PAGE}.use",
        on_click=_use,
        args=(scenario,),
        icon=":material/input:",
    )


def _use(scenario: Scenario) -> None:
    try:
        address = file_address(scenario)
    except InputError as error:
        found: Read = st.session_state[READ]
        st.session_state[READ] = Read(found.mark, found.name, None, "", error)
        return
    st.session_state[TAKEN] = st.session_state.get(TAKEN, 0) + 1
    st.session_state.pop(READ, None)
    go(address)


def _read(mark: str, name: str, content: bytes) -> Read:
    """Read an uploaded file, which is gone as soon as it is read."""
    own = own_name(name)
    try:
        scenario = _loaded(own, content)
        scenario.register()
    except RecursionError:
        error = InputError("scenario", "a scenario", f"{own}, brackets in brackets without end")
        return Read(mark, own, None, "", error)
    except InputError as error:
        # Anew, for a raised one holds on to all that was read.
        again = InputError(error.field, error.allowed, error.given)
        return Read(mark, own, None, "", again)
    try:
        return Read(
            mark, own, scenario, answer(scenario.model_dump_json(), scenario).sentence, None
        )
    except InputError as error:
        # It can be taken over, and the sidebar asks for what it lacks.
        says = f"It has no answer yet. {error}"
        return Read(mark, own, scenario, says, None)


def _loaded(name: str, content: bytes) -> Scenario:
    # Under a name of ours: a reader's may be one that no file can have.
    own = f"scenario{PurePosixPath(name).suffix.lower()}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / own
        path.write_bytes(content)
        try:
            return load_scenario(path)
        except InputError as error:
            given = str(error.given).replace(str(path), name).replace(own, name)
            raise InputError(error.field, error.allowed, given) from None


def own_name(name: str) -> str:
    r"""A file's name without folders, as short as a line can show, its ending kept.

    >>> own_name("../../etc/plan.yaml"), own_name("C:\\data\\plan.JSON"), own_name("..")
    ('plan.yaml', 'plan.JSON', 'scenario')
    """
    last = PurePosixPath(name.replace("\\", "/").replace("\0", "")).name
    stem, dot, ending = last.lstrip(".").rpartition(".")
    if not stem:
        return "scenario"
    short = f"{stem[:NAME_LETTERS]}{dot}{ending[:NAME_LETTERS]}"
    return short.encode("utf-8", "replace").decode()
