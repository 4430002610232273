"""Files that others open: whole or not there, and text in them never a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calculator.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet takes for the start of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def check_target(path: Path, option: str = "file") -> None:
    """Refuse what could not be written, before any work is done for it."""
    if path.is_dir():
        raise InputError(option, "the name of a file", f"{path}, which is a folder")
    if not path.parent.is_dir():
        raise InputError(option, "a file in a folder that exists", str(path))


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to; it becomes `path` at the end, or nothing is left."""
    check_target(path)
    # A folder of its own: what is written there has the rights of any other file.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        unfinished = Path(folder) / path.name
        yield unfinished
        unfinished.replace(path)


def as_text(cell: object) -> object:
    """A cell of a CSV file; text that a spreadsheet would run as a formula gets an apostrophe.

    >>> as_text("=1+1"), as_text("plain"), as_text(-1.5)
    ("'=1+1", 'plain', -1.5)
    """
    if not isinstance(cell, str):
        return cell
    # A lone carriage return is not quoted when written, and ends a line when read.
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if cell.startswith(FORMULA) else text


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV, numbers in full.

    >>> import pandas as pd
    >>> print(csv_text(pd.DataFrame({"=name": ["=1+1", "-2", "plain"], "usd": [-1.5, 2.0, 0.1]})))
    '=name,usd
    '=1+1,-1.5
    '-2,2.0
    plain,0.1
    <BLANKLINE>
    """
    return frame.map(as_text).rename(columns=as_text).to_csv(index=False, lineterminator="\n")


def csv_rows(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same of plain rows; None is an empty cell.

    >>> csv_rows(["name", "usd"], [["@plan", -1.5], ["b", None]])
    "name,usd\\n'@plan,-1.5\\nb,\\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([as_text(cell) for cell in row] for row in (head, *rows))
    return stream.getvalue()
