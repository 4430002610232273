"""The page of a whole book: every plan, which to join with, and what that is worth."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from calculator import __version__
from calculator.analysis.portfolio import Portfolio, Program, run
from calculator.analysis.portfolio_table import MOST_PLANS, NAME, SCENARIO, Book, read_book
from calculator.assumptions import plans_file, scenario_files
from calculator.errors import InputError
from calculator.exports import csv_rows
from calculator.report import figures_portfolio as figures
from calculator.report import portfolio as report
from calculator.report.portfolio_workbook import write
from calculator.report.table import cents
from calculator.result import Progress
from calculator.ui import parts
from calculator.ui.downloads import XLSX, file_name
from calculator.ui.parts import section, signed
from calculator.ui.sidebar import asked, elsewhere
from calculator.ui.widgets import calm, plain, say, theme

PAGE = "portfolio"
PROGRAM_KEY, KEPT, NOT_RUN = f"{PAGE}:program", f"{PAGE}:kept", f"{PAGE}:not_run"
LEFT = f"{PAGE}:left"  # how often the way back to the illustrative book was taken
MEGABYTES = 20
MOST_LINES = 16  # of a table in sight
EXAMPLE = "the illustrative book"
Job = Callable[[], None]


@dataclass(frozen=True)
class Answer:
    """A book and its results."""

    name: str  # of the file; EXAMPLE: nobody's in particular
    mark: str  # of its content
    book: Book
    found: Portfolio


@dataclass(frozen=True)
class NotRun:
    """A book that is not to be run again by itself."""

    mark: str  # of its content
    error: InputError | None  # what is wrong with it; none: the run was stopped


@st.cache_resource(show_spinner="The illustrative book is run: about a second.")
def _example(version: str) -> Answer:
    """The book that is shown until somebody gives one."""
    book = read_book(plans_file())
    return Answer(EXAMPLE, EXAMPLE, book, run(book))


@calm
def render() -> None:
    """Draw the page."""
    # A reload here must not lose what the pages of one scenario show.
    if (kept := elsewhere()) and kept != asked():
        st.query_params.from_dict(kept)
    with st.sidebar:
        st.caption("Program: **Medicare Part D and Medicaid**")
        said, job = _asked()
    program = _program(said)
    others = [one for one in said.found.programs.values() if one is not program]
    more = " ".join(report.sentence(one) for one in others)
    parts.headline(report.sentence(program), f"{more} {report.CHOICE}".strip(), _whose(said))
    if others:
        options = list(map(_label, said.found.programs.values()))
        parts.switch("Program", options, PROGRAM_KEY)
    _cards(program)
    left, right = st.columns([7, 5], gap="medium")
    with left:
        title = figures.running_title(program)
        section(title)
        parts.picture(
            figures.running_figure(program, theme()),
            f"{title} {figures.running_alt(program)}",
            figures.running_note(program),
            f"running.{program.program}",
        )
    with right:
        section(f"Value by {report.PERIODS[program.program]}")
        _by_period(program)
    section("Every plan, to be sorted by any column")
    _table(program)
    _files(said)
    _basis(said)
    # Long work comes last, so that all of the page is in sight while it runs.
    if job is not None:
        job()


# ------------------------------------------------------------------------------------- the book


def _asked() -> tuple[Answer, Job | None]:
    """The last book that could be run, or the illustrative one; the run of one just given."""
    # A new key is an empty field: the way back to the illustrative book takes the file along.
    file = st.file_uploader(
        "Your book of plans (CSV or xlsx)",
        type=["csv", "xlsx"],
        key=f"{PAGE}:file:{st.session_state.get(LEFT, 0)}",
        max_upload_size=MEGABYTES,
        help=plain(
            f"One row a plan, up to {MOST_PLANS:,}. Columns: {NAME}, {SCENARIO} (one of"
            f" {', '.join(scenario_files())}), and any path of that scenario, such as plan.members,"
            " terms.copay or state.abbr. An empty cell leaves the scenario's own value. Nothing is"
            " kept when the page is closed."
        ),
    )
    kept: Answer | None = st.session_state.get(KEPT)
    place = st.empty()
    job = None if file is None else _waiting(place, file.name, file.getvalue(), kept)
    st.download_button(
        "Book to fill in",
        plans_file().read_bytes(),
        file_name="plans.csv",
        mime="text/csv",
        key=f"{PAGE}.form",
        on_click="ignore",
        icon=":material/download:",
    )
    if kept is not None:
        st.button("Back to the illustrative book", key=f"{PAGE}.example", on_click=_leave)
    return _example(__version__) if kept is None else kept, job


def _leave() -> None:
    """Back to the illustrative book."""
    for key in (KEPT, NOT_RUN):
        st.session_state.pop(key, None)
    st.session_state[LEFT] = st.session_state.get(LEFT, 0) + 1


def _waiting(
    place: st.delta_generator.DeltaGenerator, name: str, content: bytes, kept: Answer | None
) -> Job | None:
    """The run of a book that has no result yet; what is wrong with it where it was refused."""
    mark = hashlib.sha256(content + name.encode()).hexdigest()
    if parts.was_stopped(PAGE):
        st.session_state[NOT_RUN] = NotRun(mark, None)
    if kept is not None and kept.mark == mark:
        return None
    why: NotRun | None = st.session_state.get(NOT_RUN)
    if why is not None and why.mark == mark:
        whose = f"The results are those of {EXAMPLE if kept is None else kept.name}."
        with place.container():
            if why.error is not None:
                say(st, why.error)
                st.caption(plain(whose))
                return None
            st.caption(plain(f"Stopped. {whose}"))
            if not st.button("Run this book", key=f"{PAGE}.run"):
                return None
    return lambda: _run(place, name, content, mark)


def _run(place: st.delta_generator.DeltaGenerator, name: str, content: bytes, mark: str) -> None:
    """Read an uploaded file, which is gone as soon as it is read, and run its plans."""

    def work(step: Progress) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(content)
            # A scenario's file would be one of this machine's.
            book = read_book(path, own_files=False)
        return Answer(Path(name).name, mark, book, run(book, progress=step))

    try:
        st.session_state[KEPT] = parts.stoppable(place, PAGE, "Running the book", work)
        st.session_state.pop(NOT_RUN, None)
    except InputError as error:
        # Anew, for a raised one holds on to all that was read.
        again = InputError(error.field, error.allowed, error.given)
        st.session_state[NOT_RUN] = NotRun(mark, again)
    st.rerun()


def _label(program: Program) -> str:
    return report.PROGRAM_LABELS[program.program]


def _program(said: Answer) -> Program:
    """The program whose plans are shown; the first one at first."""
    programs = list(said.found.programs.values())
    picked = st.session_state.get(PROGRAM_KEY)
    return next((one for one in programs if _label(one) == picked), programs[0])


def _whose(said: Answer) -> list[tuple[str, str]]:
    """Whose plans these are."""
    if said.name == EXAMPLE:
        return [("illustrative", "Plans are illustrative: nobody's in particular")]
    return [("changed", f"Plans are from {said.name}")]


# ------------------------------------------------------------------------------------ the answer


def _cards(program: Program) -> None:
    """Four figures: each way, what the freedom to choose is worth, and the rate."""
    one, many = report.UNITS[program.program]
    count, joining = len(program.plans), program.chosen.plans
    member = "member" if program.program == "part_d" else "enrollee"
    parts.cards(
        [
            (
                report.FREE,
                signed(program.chosen.total),
                f"{joining:,} of {count:,} {many if count > 1 else one}",
            ),
            (
                report.ALL,
                signed(program.all_in.total),
                f"all or none: {'join' if program.joins_as_one else 'stay out'}",
            ),
            (
                "Being free to choose is worth",
                signed(program.worth_of_choosing),
                "against all or none",
            ),
            (
                f"Per {member} a month (PMPM)",
                signed(program.chosen.pmpm, 2),
                f"{signed(program.all_in.pmpm, 2)} if all join",
            ),
        ]
    )


def _by_period(program: Program) -> None:
    """Both ways by period, in total and as a present value."""
    both = [sums for _, sums in report.ways(program)]
    rows: list[tuple[Any, ...]] = [
        (period, *(sums.by_period[period] for sums in both)) for period in program.periods
    ]
    rows += [
        ("Total", *(sums.total for sums in both)),
        ("Present value", *(sums.present_value for sums in both)),
    ]
    head = ["USD", *(name for name, _ in report.ways(program))]
    parts.written(rows, head, columns=[signed, signed])
    st.caption(plain(f"Value is {report.VALUES[program.program]}."))


def _table(program: Program) -> None:
    """Every plan of the program."""
    frame = pd.DataFrame(
        {
            "Plan": [plan.name for plan in program.plans],
            "Rank": [plan.rank for plan in program.plans],
            "Scenario": [plan.scenario for plan in program.plans],
            "Joins": ["yes" if plan.joins else "no" for plan in program.plans],
            "Value": [plan.value.total for plan in program.plans],
            "PMPM": [plan.value.pmpm for plan in program.plans],
            "Present value": [plan.value.present_value for plan in program.plans],
            "Member-months": [sum(plan.member_months.values()) for plan in program.plans],
            "Treated years": [plan.treated_years for plan in program.plans],
            **{
                period: [plan.value.by_period.get(period) for plan in program.plans]
                for period in program.periods
            },
        }
    )
    whole: Callable[[float], str] = lambda usd: cents(usd, 0)  # noqa: E731
    count: Callable[[float], str] = "{:,.0f}".format
    written: dict[Any, Any] = {
        "PMPM": parts.cents,
        "Member-months": count,
        "Treated years": count,
        **dict.fromkeys(("Value", "Present value", *program.periods), whole),
    }
    config: dict[str, Any] = {
        "Plan": st.column_config.Column(pinned=True, width=220),
        "Rank": st.column_config.Column(help="By value, best first"),
        "Joins": st.column_config.Column(help="If each may choose"),
        "Value": st.column_config.Column(help="Over all periods, USD"),
        "PMPM": st.column_config.Column(help="Value per member a month, USD"),
        "Treated years": st.column_config.Column(help="Member-years on therapy when joining"),
        **{period: st.column_config.Column(help="Value, USD") for period in program.periods},
    }
    st.dataframe(
        frame.style.format(written, na_rep=""),
        hide_index=True,
        height=parts.table_height(len(frame), MOST_LINES),
        column_config=config,
        alt="Plans: rank, scenario, whether each joins, value in total, PMPM and by period.",
        key=f"plans.{program.program}",
    )


def _files(said: Answer) -> None:
    """The results as a workbook and as CSV, made when asked for."""

    def workbook() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plans.xlsx"
            write(said.found, said.book, path)
            return path.read_bytes()

    def table() -> bytes:
        return csv_rows(*report.plan_rows(said.found)).encode()

    stem = file_name("portfolio", Path(said.name).stem).removesuffix(".csv")
    with st.container(horizontal=True):
        for label, content, name, kind in (
            ("Results as a workbook", workbook, f"{stem}.xlsx", XLSX),
            ("Plans as CSV", table, f"{stem}.csv", "text/csv"),
        ):
            st.download_button(
                label,
                content,
                file_name=name,
                mime=kind,
                key=f"portfolio.{name.rpartition('.')[2]}",
                on_click="ignore",
                icon=":material/download:",
            )


def _basis(said: Answer) -> None:
    """What the sums rest on, closed at first."""
    with st.expander("What this rests on"):
        for note in report.notes(said.found):
            st.markdown(plain(note))
        rows = [(name, known.scenario.label) for name, known in said.book.scenarios.items()]
        parts.texts(rows, ["Scenario", "What it is"])
        if said.book.columns:
            st.markdown(plain(f"The book sets {', '.join(said.book.columns)}."))
    st.caption(plain(report.record(said.found)))
