"""What a person at a terminal sees of long work; nothing where nobody waits."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import typer

QUIET_SECONDS = 2.0
BAR = 30


class Work(Protocol):
    """Work that knows how far it has come."""

    def progress(self) -> float | None:
        """Share that is done, 0 to 1; None where it cannot say."""


def step(said: str) -> None:
    """What is being done, for a person who waits."""
    if sys.stderr.isatty():
        typer.echo(f"... {said}", err=True)


@contextmanager
def progress(work: Work, name: str) -> Iterator[None]:
    """A bar on the terminal for whatever takes longer than two seconds."""
    if not sys.stderr.isatty():
        yield
        return
    ended = threading.Event()
    started = time.monotonic()

    def draw() -> None:
        while not ended.wait(0.5):
            seconds = time.monotonic() - started
            if seconds < QUIET_SECONDS:
                continue
            share = work.progress()
            filled = int(BAR * (share or 0.0))
            bar = "#" * filled + "." * (BAR - filled)
            done = f"{share:4.0%}" if share is not None else "    "
            sys.stderr.write(f"\r{name:<13}[{bar}] {done} {seconds:5.0f} s")
            sys.stderr.flush()

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if time.monotonic() - started >= QUIET_SECONDS:
            sys.stderr.write("\r" + " " * (BAR + 32) + "\r")
            sys.stderr.flush()
