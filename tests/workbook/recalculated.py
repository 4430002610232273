"""A workbook worked out anew by LibreOffice, for the tests of both programs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.cell import range_boundaries

SECONDS = 300.0


def cell_of(book: Any, name: str) -> Any:
    """The single cell of a defined name."""
    [(sheet, place)] = book.defined_names[name].destinations
    return book[sheet][place.replace("$", "")]


def single_names(book: Any) -> list[str]:
    """Defined names of one cell each."""
    found = []
    for name, defined in book.defined_names.items():
        [(_, place)] = defined.destinations
        left, top, right, bottom = range_boundaries(place)
        if (left, top) == (right, bottom):
            found.append(name)
    return found


def recalculated(
    path: Path, folder: Path, soffice: Path, changes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Every named cell after LibreOffice worked the file out anew, with some inputs changed in it.

    The file is opened and saved with openpyxl first, which drops every stored value: what comes
    back was calculated. changes: name of an input cell -> what is typed into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book = openpyxl.load_workbook(path)
    for name, value in (changes or {}).items():
        assert name.startswith("in_"), name
        cell_of(book, name).value = value
    bare = folder / f"{path.stem}_bare.xlsx"
    book.save(bare)
    converted = convert(bare, folder / "recalculated", soffice, "xlsx")
    done = openpyxl.load_workbook(converted, data_only=True)
    found = {name: cell_of(done, name).value for name in single_names(done)}
    return found


def convert(path: Path, folder: Path, soffice: Path, form: str) -> Path:
    """The file in another form, by LibreOffice with a profile of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = folder / "profile"
    subprocess.run(
        [
            str(soffice),
            f"-env:UserInstallation={profile.resolve().as_uri()}",
            "--headless",
            "--convert-to",
            form,
            "--outdir",
            str(folder),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    shutil.rmtree(profile, ignore_errors=True)
    made = folder / f"{path.stem}.{form}"
    assert made.exists(), f"LibreOffice made no {made.name}"
    return made
