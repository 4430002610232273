"""What the app's log may say: which kind of error was raised where, never what it said."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any


def where(error: BaseException) -> str:
    """The kind of an error, the lines that led to it and what caused it, without any message.

    A message may hold what a person typed or uploaded, so it does not reach the log.

    >>> try:
    ...     float("123-45-6789")
    ... except ValueError as error:
    ...     print(where(error).partition(" at ")[0])
    ValueError
    """
    lines = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    said = f"{name} at {' > '.join(lines)}" if lines else name
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said if before is None else f"{said}; caused by {where(before)}"


def discreet() -> None:
    """From here on no record of this process's log carries the message of an error.

    It holds for Streamlit's and the server's own records too, which are the ones that tell of an
    error outside a page.
    """
    if logging.getLogRecordFactory() is not _record:
        logging.setLogRecordFactory(_record)


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **kwargs)
    if record.exc_info and record.exc_info[1] is not None:
        record.msg = f"{_said(record)}: {where(record.exc_info[1])}"
        record.args = ()
        record.exc_info = None
    return record


def _said(record: logging.LogRecord) -> str:
    """What the record says; one whose values do not fit its text must not stop what is logged."""
    try:
        return record.getMessage()
    except Exception:
        return f"a message with values that do not fit it (level {record.levelname})"
