"""The app's server as a program of its own, with what it wrote to its log."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 30  # seconds; a busy machine is no failure
# What `balance app` runs, without the installed script.
BALANCE_APP = [sys.executable, "-c", "from calculator.cli import main; main()", "app"]


@dataclass(frozen=True)
class Server:
    """Where it answers, and its log."""

    url: str
    written: Path

    @property
    def log(self) -> str:
        return self.written.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    command: Sequence[str] = BALANCE_APP,
    *,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    option: str = "--port",
) -> Iterator[Server]:
    """A server that answers until the block ends. option: how the command is told its port."""
    port = port or free_port()
    with tempfile.TemporaryDirectory() as place:
        written = Path(place) / "log"
        with written.open("wb") as log:
            process = subprocess.Popen(
                [*command, option, str(port)],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(f"http://localhost:{port}", written)
        try:
            until = time.monotonic() + PATIENCE
            while not _answers(server.url):
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"the app did not start: {server.log}")
                time.sleep(0.1)
            yield server
        finally:
            # The command may have started Streamlit as a program of its own.
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=PATIENCE)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True
