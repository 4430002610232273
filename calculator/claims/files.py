"""Files that claims come in: what they are, their columns, and one clear line where they are none.

No message here holds a cell of the file: a cell may be a member's identifier.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from calculator.claims import cells
from calculator.claims.engine import LINE, Engine
from calculator.claims.layouts import OPTIONAL, REQUIRED, Found, Layout
from calculator.errors import InputError

READABLE = "a CSV or Parquet file of claims"
DELIMITERS = (",", "|", "\t", ";")
MOST_COLUMNS = 2_000


def _refused(path: str, why: str) -> InputError:
    return InputError("claims", READABLE, f"{path}, {why}")


@contextlib.contextmanager
def plain_errors(path: str) -> Iterator[None]:
    """What an engine says about a broken file, as one line without the file's content."""
    try:
        yield
    except (InputError, KeyboardInterrupt):
        raise
    except Exception as error:
        kind, said = type(error).__name__, str(error)
        module = type(error).__module__.partition(".")[0]
        if module not in {"duckdb", "_duckdb", "pyspark", "py4j", "pyarrow"}:
            raise
        if "OutOfMemory" in kind or "Out of Memory" in said:
            allowed = "more memory, or a --temp folder with room to spill"
            raise InputError("--memory", allowed, "too little for this file") from None
        if "No space left" in said:
            raise InputError("--temp", "a folder with room to spill", "a full disk") from None
        if "nterrupt" in kind:
            raise KeyboardInterrupt from None
        raise _refused(path, f"which is damaged or not what its name says ({kind})") from None


def _opened(path: str) -> IO[bytes] | gzip.GzipFile:
    if path.endswith(".gz"):
        return gzip.open(path, "rb")
    return Path(path).open("rb")


def is_parquet(path: str) -> bool:
    """Whether a local file is Parquet; refuses what is neither that nor text."""
    file = Path(path)
    if not file.exists():
        raise InputError("claims", READABLE, f"{path}, which is not there")
    if not file.is_file():
        raise _refused(path, "which is a folder" if file.is_dir() else "which is no file")
    size = file.stat().st_size
    if size == 0:
        raise _refused(path, "which is empty (0 bytes)")
    try:
        with _opened(path) as stream:
            start = stream.read(1 << 16)
    except (OSError, EOFError) as error:
        raise _refused(path, f"which cannot be read ({type(error).__name__})") from None
    if start[:4] == b"PAR1":
        with file.open("rb") as stream:
            stream.seek(max(size - 4, 0))
            if size < 12 or stream.read(4) != b"PAR1":
                raise _refused(path, "a Parquet file that is cut off")
        if file.suffix.lower() in {".csv", ".txt", ".gz"}:
            raise _refused(path, "which is Parquet inside: name it .parquet")
        return True
    if file.suffix.lower() in {".parquet", ".pq"}:
        raise _refused(path, "which is not Parquet inside")
    if b"\x00" in start:
        raise _refused(path, "which is binary")
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut at 64 KB may fall inside a character.
        if error.start < len(start) - 4:
            raise _refused(path, "which is not text in UTF-8") from None
    return False


def _header(path: str, delimiter: str | None) -> tuple[list[str], str]:
    """Column names, lower case, and the delimiter; the layout's where it is not told."""
    with _opened(path) as stream:
        first = stream.readline(1 << 20).decode("utf-8-sig", errors="replace").rstrip("\r\n")
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    return _checked(path, names), delimiter


def _checked(path: str, names: Sequence[str]) -> list[str]:
    if not any(names):
        raise _refused(path, "without a line of column names")
    if len(names) > MOST_COLUMNS:
        raise _refused(path, f"with {len(names):,} columns: up to {MOST_COLUMNS:,} are read")
    places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        before = places.setdefault(name, place)
        if before != place:
            # Without a line of column names it would be a cell: only a name of ours is repeated.
            known = f" ({name})" if name in (*REQUIRED, *OPTIONAL) else ""
            raise _refused(path, f"whose columns {before} and {place} have one name{known}")
    # A trailing delimiter makes a last column without a name.
    return [name or f"unnamed_{index}" for index, name in enumerate(names)]


def _without(names: Sequence[str]) -> str:
    """How many columns there are; their names may be cells of a file without a line of names."""
    return f"{len(names):,} columns without"


def scan(
    engine: Engine,
    path: str,
    layout: Layout | None,
    recognise: Callable[[Sequence[str]], Layout],
) -> tuple[Any, list[str], Layout]:
    """A file as a raw table with lower-case names and `line`; its names; its layout."""
    remote = engine.name == "spark" and ("://" in path or path.startswith("table:"))
    if remote:
        with plain_errors(path):
            table = (
                engine.scan_table(path.removeprefix("table:"))
                if path.startswith("table:")
                else engine.scan_parquet(path)
            )
    elif is_parquet(path):
        with plain_errors(path):
            table = engine.scan_parquet(path)
    else:
        names, delimiter = _header(path, layout.delimiter if layout else None)
        layout = layout or recognise(names)
        if "\n" in names[0] or not layout:
            raise _refused(path, "without a line of column names")
        with plain_errors(path):
            return engine.scan_csv(path, names, delimiter), names, layout
    # `line` is ours: a column of that name in the file is not needed.
    original = [name for name in table.columns if name != LINE]
    names = _checked(path, [name.strip().lower() for name in original])
    table = table.select(
        LINE, **{new: table[old] for old, new in zip(original, names, strict=True)}
    )
    return table, names, layout or recognise(names)


def with_codes(engine: Engine, raw: Any, found: Found) -> Any:
    """The raw table with the columns of the layout's table of codes, as code_<column>."""
    codes = found.layout.codes
    if codes is None:
        return raw
    path = str(codes.file)
    if is_parquet(path):
        raise InputError("codes.file", "a CSV file", path)
    names, delimiter = _header(path, None)
    if "code" not in names:
        raise InputError("codes.file", "a table with the column code", _without(names))
    table = engine.scan_csv(path, names, delimiter)
    table = table.select(
        code=cells.text(table.code),
        **{f"code_{name}": table[name] for name in names if name not in {"code", LINE}},
    )
    table = engine.keep(table.filter(table.code.notnull()))
    if int(table.count().to_pandas()) != int(table.code.nunique().to_pandas()):
        raise InputError("codes.file", "every code once", path)
    joined = raw.mutate(code=cells.text(raw[codes.column.lower()]))
    return joined.left_join(table, "code").drop("code", "code_right")


def enrollment(engine: Engine, path: str) -> Any:
    """Enrollment periods: member_id, start, end (null: to this day)."""
    wanted = "the columns member_id, start and, if there is one, end"
    if is_parquet(path):
        table = engine.scan_parquet(path)
        names = [name.lower() for name in table.columns]
        table = table.rename(dict(zip(names, table.columns, strict=True)))
    else:
        names, delimiter = _header(path, None)
        table = engine.scan_csv(path, names, delimiter)
    if not {"member_id", "start"} <= set(names):
        raise InputError("--enrollment", wanted, _without(names))
    forms = ("iso", "day_month_name", "compact")
    start, start_problems = cells.date(table.start, forms, "start")
    end: Any = start.nullif(start)
    end_problems: cells.Problems = []
    if "end" in names:
        end, _ = cells.date(table["end"], forms, "end")
        if table["end"].type().is_string():
            given = cells.text(table["end"]).notnull()
            end_problems = [(given & end.isnull(), "unreadable end")]
    member = cells.text(table.member_id)
    bad = member.isnull()
    for condition, _ in (*start_problems, *end_problems):
        bad = bad | condition.fill_null(False)
    first = table.filter(bad).aggregate(line=table[LINE].min()).to_pandas().line[0]
    if first == first and first is not None:
        raise InputError("--enrollment", "a member_id and days as 2027-01-31", f"line {int(first)}")
    return engine.keep(table.select(member_id=member, start=start, end=end))


def blank_lines(path: str) -> list[int]:
    """Numbers of the empty lines of a CSV file, which engines skip without counting."""
    found: list[int] = []
    if not Path(path).is_file():
        return found
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if number > 1 and not line.strip():
                found.append(number)
    return found
