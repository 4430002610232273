"""Opening a workbook that somebody gives us: what it is, how large it grows, and one clear line.

An xlsx file is a zip of XML. Sizes are summed before anything is unpacked, and every part is
unpacked once, piece by piece, before a reader sees it; so a small file cannot grow without limit.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calculator.errors import InputError

if TYPE_CHECKING:
    from openpyxl import Workbook

MOST_BYTES = 20_000_000
MOST_UNPACKED = 100_000_000
MOST_PARTS = 2_000
MOST_CELLS = 20_000_000
# Of a workbook that is read whole: a live one has a fifth of this.
MOST_TAGS = 3_000_000
PIECE = 1 << 16
# Cells of merged ranges and links: the reader makes each of them.
MOST_SPANNED = 100_000
SPANS = re.compile(rb"<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*[\"']([^\"']+)")
READABLE = "a readable xlsx file"
# What a workbook that is damaged somewhere may raise.
UNREADABLE = (zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError,
              AttributeError, EOFError, OSError, RuntimeError,
              ArithmeticError)  # fmt: skip
# The start of a compound file: an xlsx that is encrypted, or the format before xlsx.
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
ZIP = b"PK"
ENCRYPTED = 0x1
CONTENTS = "[Content_Types].xml"
DAMAGED = "which is cut off or damaged"
OTHERS = {
    ".xlsm": "which may hold macros: save it as .xlsx",
    ".xltm": "which may hold macros: save it as .xlsx",
    ".xlsb": "a binary workbook: save it as .xlsx",
    ".xls": "the format before xlsx: save it as .xlsx",
    ".xltx": "a template: save it as .xlsx",
    ".ods": "an OpenDocument sheet: save it as .xlsx",
}


def refuse_other_formats(field: str, path: Path) -> None:
    """An InputError for a spreadsheet that is not xlsx, with what to do."""
    why = OTHERS.get(path.suffix.lower())
    if why is not None:
        raise InputError(field, "a file ending in .xlsx", f"{path.name}, {why}")


def check_workbook(field: str, path: Path, most_tags: int | None = None) -> None:
    """Refuse what is no workbook, or one that is protected, damaged, too large or not only data.

    field: what the error is about. most_tags: of its XML, all parts together. Unpacks every part
    once, in pieces, and keeps none.
    """

    def refused(allowed: str, why: str = "") -> InputError:
        return InputError(field, allowed, path.name + (f", {why}" if why else ""))

    refuse_other_formats(field, path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise refused(f"a file of up to {MOST_BYTES:,} bytes", f"which has {size:,}")
    with path.open("rb") as stream:
        start = stream.read(len(COMPOUND))
    if start == COMPOUND:
        why = "which has a password (or is in the format before xlsx)"
        raise refused("an xlsx file without a password", why)
    if not start.startswith(ZIP):
        raise refused(READABLE, "which is no xlsx file inside" if start else "which is empty")
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise refused(f"a workbook of up to {MOST_PARTS:,} parts", f"with {len(parts):,}")
            told = sum(part.file_size for part in parts)
            if told > MOST_UNPACKED:
                allowed = f"a workbook of up to {MOST_UNPACKED:,} bytes unpacked"
                raise refused(allowed, f"which grows to {told:,}")
            for part in parts:
                _check_part(part, refused)
            if CONTENTS not in archive.namelist():
                raise refused(READABLE, "a zip without a workbook in it")
            _unpack(archive, parts, refused, most_tags)
            if most_tags is not None:
                _check_spans(archive, parts, refused)
    except InputError:
        raise
    except UNREADABLE:
        raise refused(READABLE, DAMAGED) from None


def _check_part(part: zipfile.ZipInfo, refused: Any) -> None:
    """Refuse a part that does more than hold data."""
    name = part.filename.lower()
    if part.flag_bits & ENCRYPTED:
        raise refused("an xlsx file without a password", "which has one")
    if name.endswith("vbaproject.bin") or "/macrosheets/" in name:
        raise refused("a workbook without macros", "which has some")
    if name.startswith("xl/externallinks/"):
        raise refused("a workbook without links to other files", "which has some")


def _unpack(
    archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo], refused: Any, most_tags: int | None
) -> None:
    """Unpack every part in pieces: sizes that were told must be true, and no entities."""
    unpacked = tags = 0
    for part in parts:
        before = b""
        with archive.open(part) as stream:
            # Each piece is bounded, whatever the directory says of the size.
            while piece := stream.read(PIECE):
                unpacked += len(piece)
                if unpacked > MOST_UNPACKED:
                    allowed = f"a workbook of up to {MOST_UNPACKED:,} bytes unpacked"
                    raise refused(allowed, "which grows beyond")
                tags += piece.count(b"<") if most_tags is not None else 0
                if most_tags is not None and tags > most_tags:
                    allowed = f"a workbook of up to {most_tags:,} XML tags"
                    raise refused(allowed, f"which has more by {part.filename}")
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in before + piece:
                    # No workbook has one, and entities in it can grow without limit.
                    raise refused(READABLE, "with a DOCTYPE inside")
                before = piece[-len(b"<!DOCTYPE") :]


def _check_spans(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo], refused: Any) -> None:
    """Refuse ranges of merged or linked cells that would fill memory: a few bytes name them."""
    from openpyxl.utils import range_boundaries

    spanned = 0
    for part in parts:
        if not part.filename.lower().endswith(".xml"):
            continue
        for ref in SPANS.findall(archive.read(part)):
            ends = range_boundaries(ref.decode("ascii", "replace"))
            left, top, right, bottom = (end or 0 for end in ends)
            # A range without a row or a column is whole columns or rows.
            whole = None in ends
            spanned += MOST_SPANNED + 1 if whole else (right - left + 1) * (bottom - top + 1)
            if spanned > MOST_SPANNED:
                allowed = f"up to {MOST_SPANNED:,} cells in merged and linked ranges"
                raise refused(allowed, f"with more by {ref.decode('ascii', 'replace')}")


@contextmanager
def opened(field: str, path: Path, *, streamed: bool) -> Iterator[Workbook]:
    """A workbook that was checked; formulas stay formulas. streamed: row by row, for a table.

    Whatever the reader stumbles over inside the block is one InputError.
    """
    check_workbook(field, path, None if streamed else MOST_TAGS)
    from openpyxl import load_workbook

    book = None
    try:
        with warnings.catch_warnings():
            # A reader's notes on parts it leaves out are no concern of whoever gave the file.
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=streamed, data_only=False, keep_links=False)
            yield book
    except InputError:
        raise
    except UNREADABLE:
        raise InputError(field, READABLE, f"{path.name}, {DAMAGED}") from None
    finally:
        if book is not None:
            book.close()


def rows_of(sheet: Any, field: str, most_lines: int, most_columns: int) -> Iterator[Any]:
    """Rows of a streamed sheet as tuples of cells, from the first line on, without gaps.

    What a sheet says of its own size is not believed. InputError beyond the limits.
    """
    sheet.reset_dimensions()
    cells = 0
    for line, row in enumerate(sheet.iter_rows(), start=1):
        cells += len(row)
        filled = max(
            (n for n, cell in enumerate(row, start=1) if cell.value is not None), default=0
        )
        if filled > most_columns:
            where = f"a cell {cell_name(filled - 1, line)}"
            raise InputError(field, f"up to {most_columns:,} columns", where)
        if (filled and line > most_lines) or line > most_lines + 1_000_000 or cells > MOST_CELLS:
            raise InputError(field, f"up to {most_lines:,} lines", f"line {line:,}")
        yield row[:filled]


def cell_name(column: int, line: int) -> str:
    """A cell as a spreadsheet names it; columns count from 0, lines from 1.

    >>> cell_name(0, 1), cell_name(26, 7)
    ('A1', 'AA7')
    """
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column + 1)}{line}"
