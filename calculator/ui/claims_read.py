"""Claims on their way: read in a temporary folder, measured, and gone, whatever comes of it."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from calculator.errors import InputError
from calculator.result import Progress
from calculator.scenario import Scenario
from calculator.ui import parts

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from calculator.claims.engine import Engine
    from calculator.claims.measure import Measured

PAGE = "claims"
KEPT, WRONG, ENDED = f"{PAGE}:kept", f"{PAGE}:wrong", f"{PAGE}:ended"
RUNNING = f"{PAGE}:running"  # when its files are gone, and which they are
LAID = f"{PAGE}:laid"  # what the kept claims come to over the scenario in sight
TAKEN = f"{PAGE}:taken"  # how many files were taken: each one empties its field
MEGABYTES, MAPPING_MEGABYTES = 50, 1
MEMORY = "1GB"  # of the engine; above it, it spills to the temporary folder
PATIENCE = 30.0  # seconds for an engine to end; it takes far less
LOOK = 0.1  # seconds between looks at how far the engine has come
MAPPING = "mapping"
MADE_UP, MADE_UP_YEAR, SEED = "made-up claims", 2026, 1
TRIED, HANDED_OVER = 12_000, 2_000  # made-up members
NAME_LETTERS = 80
# What the terminal's options are called here.
FIELDS = {
    "claims": "Claims",
    "line 1": "Claims, line 1",
    "columns": "Columns",
    "codes": "Mapping file, codes",
    "--year": "Plan year",
    "--layout": "Layout",
    "--members": "Average members",
    "--enrollment": "Enrollment file",
    "--memory": "Claims",
    "--temp": "Claims",
}
SAID = {
    "a well-formed assumption": "well-formed YAML",
    "--layout names another layout": "another one is chosen under Layout",
    "more memory, or a --temp folder with room to spill": "a file that fits into memory; "
    "balance profile takes larger ones",
}


@dataclass(frozen=True)
class Kept:
    """What is left of the last claims that could be read."""

    name: str  # of the file
    made_up: bool
    found: Measured


@dataclass(frozen=True)
class Given:
    """What is to be read, and how."""

    claims: UploadedFile | None  # none: made-up claims
    enrollment: UploadedFile | None
    mapping: UploadedFile | None
    layout: str | None
    year: int | None
    members: float | None
    scenario: Scenario  # whose assumptions and terms settle the claims

    @property
    def name(self) -> str:
        """The file's own name, without the folders that it may pretend to lie in."""
        return MADE_UP if self.claims is None else own_name(self.claims.name)

    def files(self) -> list[UploadedFile]:
        """Every file that was given."""
        return [file for file in (self.claims, self.enrollment, self.mapping) if file is not None]


def own_name(name: str) -> str:
    r"""A file's name without folders, as short as a line can show.

    >>> own_name("../../etc/claims.csv"), own_name("C:\\data\\claims.csv")
    ('claims.csv', 'claims.csv')
    """
    return PurePosixPath(name.replace("\\", "/")).name[-NAME_LETTERS:] or "claims.csv"


def run(place: Any, given: Given) -> None:
    """Measure what was given; its files are gone at the end, however it ends."""
    gone = threading.Event()
    ids = [file.file_id for file in given.files()]
    st.session_state[RUNNING] = gone, ids
    st.session_state[WRONG] = None
    try:
        words = "Making up claims and reading them" if given.claims is None else "Reading"
        found = parts.stoppable(place, PAGE, words, partial(_measured, given))
        st.session_state[KEPT] = Kept(given.name, given.claims is None, found)
    except InputError as error:
        # Anew, for a raised one holds on to all that was read.
        st.session_state[WRONG] = InputError(error.field, error.allowed, error.given)
    finally:
        _delete(ids)
        gone.set()
    tidy()
    st.session_state[ENDED] = False
    st.rerun()


def tidy() -> None:
    """After a reading, also one that was ended from outside: its files gone, its fields empty.

    Streamlit ends a run that is stopped beside the one that follows it, which waits for it here.
    """
    running: tuple[threading.Event, list[str]] | None = st.session_state.pop(RUNNING, None)
    if running is None:
        return
    gone, ids = running
    gone.wait(PATIENCE)
    _delete(ids)
    st.session_state[TAKEN] = st.session_state.get(TAKEN, 0) + 1
    st.session_state[ENDED] = True


def _delete(ids: Sequence[str]) -> None:
    """Files out of the server's memory now, not when the session ends."""
    context = get_script_run_ctx()
    if context is None or not hasattr(context.uploaded_file_mgr, "remove_file"):
        return
    for one in ids:
        context.uploaded_file_mgr.remove_file(context.session_id, one)


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder, gone at the end, and with the server where that ends before."""
    with tempfile.TemporaryDirectory(prefix="balance-claims-") as name:
        last = partial(shutil.rmtree, name, ignore_errors=True)
        atexit.register(last)
        yield Path(name)
    atexit.unregister(last)


def _measured(given: Given, step: Progress) -> Measured:
    """The claims in sums. Everything else of them lies in a folder that is removed."""
    from calculator.claims import engine as engines

    with _folder() as folder:
        try:
            with engines.duckdb(MEMORY, temp=folder) as running:
                return _watched(running, given, folder, step)
        except InputError as error:
            raise in_words_of_the_page(error, folder, given) from None


def _watched(engine: Engine, given: Given, folder: Path, step: Progress) -> Measured:
    """The engine works beside the page, which looks after it: whoever stops the page stops both."""
    from calculator.claims.measure import STEPS, measure

    done, ending = [0], [False]

    @contextmanager
    def stage(_: str) -> Iterator[None]:
        if ending[0]:
            raise InterruptedError
        yield
        done[0] += 1

    def work() -> Measured:
        claims, enrollment, layout = _written(given, folder)
        return measure(
            engine, claims, given.scenario.register(),
            year=given.year, layout=layout, enrollment=enrollment, members=given.members,
            stage=stage,
        )  # fmt: skip

    with ThreadPoolExecutor(1) as pool:
        future: Future[Measured] = pool.submit(work)
        try:
            while not wait([future], timeout=LOOK).done:
                share = (done[0] + (engine.progress() or 0.0)) / STEPS
                step(min(int(100 * share), 99), 100)
            return future.result()
        finally:
            ending[0] = True
            while not future.done():
                # A query that begins just now must not outlast the page.
                engine.con.con.interrupt()
                time.sleep(LOOK)


def _written(given: Given, folder: Path) -> tuple[Path, Path | None, str | None]:
    """The files under names of ours, for an engine that reads from a disk: claims, enrollment, and
    the layout's name or its mapping file."""
    if given.claims is None:
        return *made_up(folder, TRIED, ".parquet"), None

    def write(file: UploadedFile, name: str) -> Path:
        most = (MAPPING_MEGABYTES if name == MAPPING else MEGABYTES) * 1_000_000
        size = file.size
        if size > most * 1.05:
            allowed = f"a file of up to {most // 1_000_000} MB; balance profile takes larger ones"
            raise InputError(name, allowed, f"{size / 1e6:,.0f} MB")
        suffix = Path(own_name(file.name)).suffix.lower()
        path = folder / f"{name}{suffix}"
        path.write_bytes(file.getbuffer())
        return path

    layout = given.layout
    if layout == MAPPING:
        if given.mapping is None:
            raise InputError("--layout", "a mapping file, where My own is chosen", "none")
        layout = str(write(given.mapping, MAPPING))
    enrollment = None if given.enrollment is None else write(given.enrollment, "enrollment")
    return write(given.claims, "claims"), enrollment, layout


def in_words_of_the_page(error: InputError, folder: Path, given: Given) -> InputError:
    """An error with the names of this page's fields and of the user's own files."""
    field = FIELDS.get(error.field, error.field)
    if field.startswith(f"{MAPPING}."):
        # As mapping.yaml, line 3, or mapping.yaml: columns.
        field = "Mapping file" + "".join(re.split("([,:])", field, maxsplit=1)[1:])
    allowed, said = error.allowed, str(error.given)
    for before, after in SAID.items():
        allowed = allowed.replace(before, after)
    for start, file in (("claims", given.claims), ("enrollment", given.enrollment)):
        for suffix in (".csv", ".txt", ".parquet"):
            if file is not None:
                said = said.replace(str(folder / f"{start}{suffix}"), own_name(file.name))
    return InputError(field, allowed, said)


# ------------------------------------------------------------------------------- made-up claims


def made_up(folder: Path, members: int, suffix: str) -> tuple[Path, Path]:
    """Claims and enrollment of nobody, as files: the same ones each time."""
    from calculator.claims.synthetic import makeup
    from calculator.claims.synthetic_files import synthesize

    claims, enrollment = folder / f"claims{suffix}", folder / f"enrollment{suffix}"
    synthesize(makeup(MADE_UP_YEAR), members, SEED, claims, enrollment)
    return claims, enrollment


@st.cache_data(max_entries=1, show_spinner=False)
def made_up_csv() -> bytes:
    """Made-up claims to look at, and to give back to the page."""
    with tempfile.TemporaryDirectory() as folder:
        claims, _ = made_up(Path(folder), HANDED_OVER, ".csv")
        return claims.read_bytes()
