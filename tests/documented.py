"""What a document shows, and running it: the commands, the files they need, the answers they give.

    ```console
    $ balance decide pdp_regional
    ```

    > A sentence that the last of the commands above says.

    ```text
    Lines that it prints, in this order; others may stand between them.
    ```

A file is a block with its name: ```csv plans.csv, ```yaml mine.yaml, or a first line `# mine.yaml`.

`python -m tests.documented README.md docs/user-guide.md` puts the answer of today that is most like
it in the place of each that is no longer given. Read the difference before you keep it.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from calculator import cli

ROOT = Path(__file__).resolve().parents[1]
COMMAND = re.compile(r"\$ (?:\.venv/bin/)?balance (.+)")
FENCE = re.compile(r"```(\w*) ?(\S*)")


@dataclass
class Shown:
    """A command of a document and what it says it prints."""

    command: str
    sentences: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass
class Document:
    """The commands of a document in their order, and the files it shows."""

    commands: list[Shown]
    files: dict[str, str]


def read(name: str) -> Document:
    """A document of the repository."""
    commands: list[Shown] = []
    files: dict[str, str] = {}
    # Indented blocks are those of lists and of docstrings that explain.
    lines = iter((ROOT / name).read_text(encoding="utf-8").splitlines())
    for line in lines:
        fence = FENCE.fullmatch(line)
        if fence is not None:
            kind, given = fence.groups()
            block = []
            for inner in lines:
                if inner == "```":
                    break
                block.append(inner)
            if kind == "console":
                for inner in block:
                    said = COMMAND.fullmatch(inner)
                    assert said is not None, f"{name}: {inner} is no command of balance"
                    commands.append(Shown(said[1]))
            elif kind == "text":
                commands[-1].lines += block
            elif kind in ("yaml", "csv"):
                titled = re.fullmatch(r"# (\S+)", block[0])
                if given or titled:
                    files[given or titled[1]] = "\n".join(block) + "\n"  # type: ignore[index]
        elif line.startswith("> "):
            commands[-1].sentences.append(line.removeprefix("> "))
    return Document(commands, files)


def write_files(document: Document, folder: Path) -> None:
    """The files that a document shows, in a folder."""
    for name, text in document.files.items():
        (folder / name).write_text(text, encoding="utf-8")


def check(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command; it ends well and says what the document says."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main(shlex.split(shown.command))
    out, err = capsys.readouterr()
    assert int(stopped.value.code or 0) == 0, f"{shown.command}\n{err}\n{out}"
    for sentence in shown.sentences:
        assert sentence in out, f"{shown.command}\n{sentence}\n{out}"
    rest = iter(line.rstrip() for line in out.splitlines())
    for line in shown.lines:
        assert line.rstrip() in rest, f"{shown.command}\n{line}\n{out}"


def renew(name: str) -> None:
    """Write the answers of today into a document."""
    document, path = read(name), ROOT / name
    text = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        write_files(document, Path(folder))
        os.chdir(folder)
        for shown in document.commands:
            out = io.StringIO()
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(io.StringIO()),
                contextlib.suppress(SystemExit),
            ):
                cli.main(shlex.split(shown.command))
            given = [line.rstrip() for line in out.getvalue().splitlines()]
            gone = [line for line in shown.sentences if line not in out.getvalue()]
            gone += [line for line in shown.lines if line.rstrip() not in given]
            for line in gone:
                (nearest,) = difflib.get_close_matches(line, given, n=1, cutoff=0) or [line]
                text = text.replace(line, nearest)
        os.chdir(ROOT)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        renew(name)
