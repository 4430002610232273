"""Running `balance` in this process, and files to give it."""

from __future__ import annotations

import openpyxl
import pytest

from calculator import cli


def ended(capsys, *arguments):
    """Exit code, output and error of a command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return stopped.value.code, out, err


def done(capsys, *arguments):
    """What a command says that succeeds, and says nothing beside it."""
    code, out, err = ended(capsys, *arguments)
    assert code == 0, err
    assert err == ""
    return out


def refused(capsys, *arguments):
    """The one line that a command says to bad input: exit 2 and nothing else."""
    code, out, err = ended(capsys, *arguments)
    assert code == 2, (out, err)
    assert out == ""
    (line,) = err.splitlines()
    assert "Traceback" not in line
    assert "bug" not in line
    return line


def written(tmp_path, text, name="table.csv"):
    """A text file."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def workbook(tmp_path, rows, name="table.xlsx"):
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = tmp_path / name
    book.save(path)
    return path
