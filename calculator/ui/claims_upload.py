"""The fields that claims are given in, and what is wrong with what was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from calculator.errors import InputError
from calculator.scenario import Scenario
from calculator.ui.claims_read import (
    ENDED,
    FIELDS,
    HANDED_OVER,
    KEPT,
    LAID,
    MAPPING,
    MAPPING_MEGABYTES,
    MEGABYTES,
    PAGE,
    TAKEN,
    WRONG,
    Given,
    Kept,
    made_up_csv,
    run,
    tidy,
)
from calculator.ui.widgets import plain, say

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

BY_COLUMNS = "columns"
LAYOUTS = {
    BY_COLUMNS: "Recognised by its columns",
    "own": "This project's columns",
    "pde": "CMS prescription drug events",
    "tuva": "Tuva pharmacy_claim",
    MAPPING: "My own, as a mapping file",
}
ANY_YEAR = "The year with the most claims"
PRIVATE = (
    "Files lie in this server's memory until they are read, taken out or the page is closed, and on"
    " its disk while they are sent and read; then they are deleted. What is kept while the page is"
    " open are the file's name and hash, its sums, and which lines were refused and why; sums go"
    " into a scenario only if you use them. No member's identifier is kept, shown or logged. A sum"
    " over few members may tell of one of them."
)
Job = Callable[[], None]


def draw(scenario: Scenario) -> Job | None:
    """The fields and what is wrong with what was given; the work that a click asks for."""
    tidy()
    number = st.session_state.get(TAKEN, 0)
    claims = st.file_uploader(
        f"Part D claims of one plan (CSV or Parquet, up to {MEGABYTES} MB)",
        type=["csv", "txt", "parquet"],
        key=f"{PAGE}:file:{number}",
        max_upload_size=MEGABYTES,
        help=plain(
            "One row a claim. Needed: member_id, service_date, drug_class and gross_cost, or the"
            " columns of another layout. With days_supply and product, GLP-1 use and persistence"
            " are measured; with amounts paid, they are held against the benefit. More than"
            f" {MEGABYTES} MB: balance adjudicate and balance profile on the terminal read files of"
            " any size."
        ),
    )
    place = st.empty()
    layout, year, members = _how()
    mapping, enrollment = _beside(number, mapping=layout == MAPPING)
    with st.container(horizontal=True):
        read = st.button("Read the claims", disabled=claims is None, key=f"{PAGE}.read")
        tried = st.button("Try it with made-up claims", key=f"{PAGE}.try")
        st.download_button(
            "Made-up claims as CSV",
            made_up_csv,
            file_name="made_up_claims.csv",
            mime="text/csv",
            key=f"{PAGE}.made_up",
            on_click="ignore",
            icon=":material/download:",
            help=f"{HANDED_OVER:,} members of nobody's plan, drawn from the assumptions.",
        )
        if st.session_state.get(KEPT) is not None:
            st.button("Forget these claims", key=f"{PAGE}.forget", on_click=_forget)
    st.caption(PRIVATE)
    kept: Kept | None = st.session_state.get(KEPT)
    if tried:
        made = Given(None, None, None, None, None, None, scenario)
        return lambda: run(place, made)
    if read and claims is not None:
        try:
            given = Given(claims, enrollment, mapping, layout, year, _members(members), scenario)
        except InputError as error:
            # The file is not read yet: it may wait for a better number.
            say(place, error)
            return None
        return lambda: run(place, given)
    _last_time(place, kept)
    return None


def _how() -> tuple[str | None, int | None, str]:
    """The layout as the engine names it, the plan year, and average members as typed."""
    left, middle, right = st.columns(3)
    with left:
        layout = st.selectbox(
            "Layout",
            list(LAYOUTS),
            format_func=LAYOUTS.__getitem__,
            key=f"{PAGE}:layout",
            help="Columns in any case and order. A mapping file is YAML, as docs/claims.md says.",
            persist_state="session",
        )
    with middle:
        year = st.selectbox(
            "Plan year",
            [ANY_YEAR, *map(str, years())],
            key=f"{PAGE}:year",
            help="A year leaves out the claims of all others.",
            persist_state="session",
        )
    with right:
        members = st.text_input(
            "Average members in the year",
            key=f"{PAGE}:members",
            placeholder="those with claims",
            help="Claims do not show members without any. An enrollment file says more.",
            autocomplete="off",
            persist_state="session",
        )
    named = None if layout in (None, BY_COLUMNS) else layout
    return named, None if year in (None, ANY_YEAR) else int(year), members or ""


def _beside(number: int, *, mapping: bool) -> tuple[UploadedFile | None, UploadedFile | None]:
    """The user's own mapping file, and the enrollment file."""
    own = None
    if mapping:
        own = st.file_uploader(
            "Mapping file (YAML)",
            type=["yaml", "yml"],
            key=f"{PAGE}:mapping:{number}",
            max_upload_size=MAPPING_MEGABYTES,
        )
    with st.expander("Enrollment file (optional)"):
        enrollment = st.file_uploader(
            "Enrollment (CSV or Parquet: member_id, start, end)",
            type=["csv", "txt", "parquet"],
            key=f"{PAGE}:enrollment:{number}",
            max_upload_size=MEGABYTES,
            help=plain("Claims on a day without enrollment are rejected, and members are counted."),
        )
    return own, enrollment


def years() -> list[int]:
    """Plan years that can be adjudicated."""
    from calculator.claims.rules import FIRST_YEAR, LAST_YEAR

    return list(range(FIRST_YEAR, LAST_YEAR + 1))


def _members(text: str) -> float | None:
    bare = text.strip().replace(",", "")
    if not bare:
        return None
    if not bare.isascii() or not bare.isdigit() or not 1 <= int(bare[:12]) <= 100_000_000:
        allowed = "a whole number from 1 to 100,000,000, or nothing"
        raise InputError(FIELDS["--members"], allowed, text.strip())
    return float(bare)


def _last_time(place: Any, kept: Kept | None) -> None:
    """What came of the last files, as long as nothing else is given."""
    whose = "" if kept is None else f" The results are those of {kept.name}."
    wrong: InputError | None = st.session_state.get(WRONG)
    if wrong is not None:
        with place.container():
            say(st, wrong)
            st.caption(plain(f"The file was deleted.{whose}"))
    elif st.session_state.get(ENDED):
        place.caption(plain(f"Stopped, and the file was deleted.{whose}"))


def _forget() -> None:
    """Nothing kept, as on the first visit."""
    for key in (KEPT, LAID, WRONG, ENDED):
        st.session_state.pop(key, None)
