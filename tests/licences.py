"""What is installed with the calculator, and on what terms: docs/dependencies.md.

`python -m tests.licences` writes the document from the metadata of what is installed here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "dependencies.md"
EXTRAS = ("auth", "gsa", "spark")  # those a user installs; `dev` is ours
ALLOWED = frozenset(
    ["0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0",
     "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"]
)  # fmt: skip
# What older metadata says in words -> the identifier.
IN_WORDS = {
    "apache": "Apache-2.0",
    "3-clause bsd": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "mozilla public license 2.0": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
    "python software foundation": "PSF-2.0",
    "psf": "PSF-2.0",
    "isc": "ISC",
    "bsd": "BSD",
    "mit": "MIT",
}
HEAD = """\
# Dependencies and their licences

Written by `python -m tests.licences` from the metadata of what is installed; a test holds that it
is current and that every licence is one of these:
{allowed}.
`BSD` is a BSD licence whose metadata does not say which. The calculator's own is MIT
([LICENSE](../LICENSE)).

A package is here if the calculator or one of its extras needs it at run time, itself or through
another. Versions are those of `constraints.txt`. What only tests and builds use is not listed, nor
the libraries that a package carries inside it: those are in its own licence files. MPL-2.0 asks
that changes to the files under it be shared; nothing here changes them.
"""


@dataclass(frozen=True)
class Row:
    """A package: its licences, and what needs it (nothing: the calculator itself)."""

    name: str
    version: str
    licences: frozenset[str]
    needed_by: str

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return self.name, self.version, ", ".join(sorted(self.licences)), self.needed_by


def read_licences(expression: str | None, words: str, classifiers: Iterable[str]) -> frozenset[str]:
    """Identifiers of a package's licences: as an expression, else classifiers, else in words.

    Of `A OR B` both are returned: each must be allowed.
    """
    if expression:
        return frozenset(re.split(r"\s+(?:AND|OR)\s+", expression.strip("()")))
    said = [c.rpartition("::")[2] for c in classifiers if c.startswith("License ::")]
    said = [text for text in said if text.strip() != "OSI Approved"] or [words.split("\n")[0]]
    found = set()
    for text in said:
        known = [name for part, name in IN_WORDS.items() if part in text.lower()]
        found.add(known[0] if known else text.strip() or "none said")
    return frozenset(found)


def rows() -> list[Row]:
    """Every run-time dependency that is installed here, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed: dict[str, set[str]] = {}
    asked: set[tuple[str, str]] = set()

    def walk(requirements: Iterable[str], extras: Iterable[str], by: str) -> None:
        for text in requirements:
            one = Requirement(text)
            wanted = [
                extra
                for extra in ("", *extras)
                if one.marker is None or one.marker.evaluate({"extra": extra})
            ]
            name = canonicalize_name(one.name)
            if not wanted or (asked_for := (name, f"{sorted(one.extras)}{by}")) in asked:
                continue
            asked.add(asked_for)
            needed.setdefault(name, set()).add(by)
            walk(metadata.requires(name) or [], one.extras, by)

    walk(project["dependencies"], (), "")
    for extra in EXTRAS:
        walk(project["optional-dependencies"][extra], (), extra)
    found = []
    for name, by in sorted(needed.items()):
        about = metadata.metadata(name)
        licences = read_licences(
            about["License-Expression"], about["License"] or "", about.get_all("Classifier") or []
        )
        extras = "" if "" in by else "extra " + ", ".join(sorted(by))
        found.append(Row(name, about["Version"], licences, extras))
    return found


def markdown() -> str:
    """The document."""
    head = ["package", "version", "licence", "only for"]
    cells = [head, ["---"] * len(head), *(row.cells() for row in rows())]
    table = "\n".join("| " + " | ".join(row) + " |" for row in cells)
    return HEAD.format(allowed=", ".join(sorted(ALLOWED))) + "\n" + table + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(markdown(), encoding="utf-8")
