"""Running `balance` in this process on whatever chance makes up.

A few examples are run with the other tests, always the same ones. With BALANCE_FUZZ=500 in the
environment, tests/fuzz runs as many new ones of each.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from calculator import cli

MORE = int(os.environ.get("BALANCE_FUZZ", "0"))
DONE, BAD_INPUT = 0, 2


def bounded(examples: int) -> settings:
    """So many examples, the same ones on every run, unless more are asked for."""
    return settings(
        max_examples=MORE or examples,
        derandomize=not MORE,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what lay in its folder before and after."""

    code: object
    out: str
    err: str
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@contextlib.contextmanager
def inside(folder: str) -> Iterator[None]:
    """This process in another folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def balance(files: Mapping[str, bytes], arguments: Sequence[str]) -> Ran:
    """A command in an empty folder with these files in it; whatever it ends with is checked.

    It is done (exit 0), or its input was bad (exit 2): then it says one line and writes nothing.
    """
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder, inside(folder):
        for name, data in files.items():
            Path(name).write_bytes(data)
        before = content(Path(folder))
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as stopped,
        ):
            cli.main(list(arguments))
        ran = Ran(stopped.value.code, out.getvalue(), err.getvalue(), before, content(Path(folder)))
    said = f"{list(arguments)}: {ran.code}\n{ran.out[-2000:]}\n{ran.err[-2000:]}"
    assert ran.code in (DONE, BAD_INPUT), said
    assert "Traceback" not in ran.out + ran.err, said
    assert "a bug, not your input" not in ran.err, said
    if ran.code == BAD_INPUT:
        assert len(ran.err.splitlines()) == 1, said
        assert ran.out == "", said
        assert ran.after == ran.before, f"something was written\n{said}"
    return ran


def at_odds(text: str) -> st.SearchStrategy[str]:
    """A text, or nearly that text."""
    spoiled = st.tuples(st.integers(0, len(text)), st.text(max_size=3)).map(
        lambda place: text[: place[0]] + place[1] + text[place[0] + len(place[1]) :]
    )
    return st.just(text) | spoiled


ODD_TEXT = st.sampled_from(
    ["", " ", "=1+1", "nan", "-inf", "1e400", "0x10", "\uff12", "é" * 300, "\u202e", "'", '"', "\\",
     "\x00", "a\nb", "\r", "2028-02-30", "2028-01-01", "[", "{a: b", "&a [*a]", "!!python/object:x",
     "none", "true", "../..", "/", "~", "-", "--", "None", "%s", "{0}", "9" * 400]
)  # fmt: skip
ODD_NUMBER = (
    st.sampled_from([0, -1, 1, 0.5, 1e-300, 1e300, -1e300, 2**53, 10**30, 10**400, True, False])
    | st.integers()
    | st.floats()
)
# What may stand anywhere in a file of plain data.
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | ODD_NUMBER | ODD_TEXT | st.text(max_size=12) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(ODD_TEXT | st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
