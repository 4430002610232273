"""What the documents say of the code is so: functions, sources, recipes, links, registers."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path

import pytest

from calculator import assumptions, scenario
from calculator.assumptions import load_tree
from calculator.report.assumption_register import markdown
from tests import licences
from tests.documented import ROOT, check, read

DOCS = ROOT / "docs"
METHOD = (DOCS / "method.md").read_text(encoding="utf-8")


def tables(text: str) -> list[tuple[list[str], list[list[str]]]]:
    """Every table of a Markdown text: its head, its rows."""
    found: list[tuple[list[str], list[list[str]]]] = []
    for block in re.findall(r"(?:^\|.*\|\n?)+", text, flags=re.MULTILINE):
        rows = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in block.splitlines()
        ]
        found.append((rows[0], rows[2:]))
    return found


def there(name: str) -> bool:
    """Whether a name below `calculator` is a module or something in one."""
    parts = f"calculator.{name}".split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def method_rows(column: str) -> list[tuple[str, str]]:
    """First cell of each row of the method's tables, and the cell of a column."""
    return [
        (row[0], row[head.index(column)])
        for head, rows in tables(METHOD)
        if column in head
        for row in rows
    ]


def test_every_function_of_the_method_exists() -> None:
    rows = method_rows("function")
    assert len(rows) > 80
    for quantity, cell in rows:
        names = re.findall(r"`([\w.]+)`", cell)
        assert names, f"{quantity}: no function"
        # A second name without its module is in the module of the first.
        module = names[0].rpartition(".")[0]
        for name in names:
            full = name if "." in name else f"{module}.{name}"
            assert there(full), f"{quantity}: {full} does not exist"
    assert not there("model.benefit.no_such_function")


def test_every_equation_of_the_method_has_a_source_that_exists() -> None:
    section = dict(part.split("\n", 1) for part in METHOD.split("\n## ")[1:])
    of_methods = {
        row[0].strip("`") for _, rows in tables(section["18. Sources of methods"]) for row in rows
    }
    known = set(load_tree().sources) | of_methods
    equations, sourced = method_rows("equation"), method_rows("source")
    assert len(equations) > 70
    cited = set()
    for quantity, _ in equations:
        cell = dict(sourced)[quantity]
        names = set(re.findall(r"`(\w+)`", cell))
        assert names, f"{quantity}: no source"
        assert names <= known, f"{quantity}: {names - known} is no source"
        cited |= names
    assert of_methods <= cited, f"cited by nobody: {of_methods - cited}"


def test_the_assumption_register_is_current() -> None:
    now = (DOCS / "assumptions.md").read_text(encoding="utf-8")
    renew = "balance sources --markdown > docs/assumptions.md"
    assert now == markdown(load_tree()), f"renew it: {renew}"
    for path in load_tree().entries:
        lever = path.startswith("terms.")
        name = path.removeprefix("terms.") if lever else path.rpartition(".")[2]
        assert f"| `{name}` |" in now


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda p: p.name
)
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_document_is_found_from_the_readme() -> None:
    found, open_ = set(), {ROOT / "README.md"}
    while open_:
        path = open_.pop()
        found.add(path)
        for target in re.findall(r"\]\(([^)#\s]+\.md)", path.read_text(encoding="utf-8")):
            linked = (path.parent / target).resolve()
            if linked.exists() and linked not in found:
                open_.add(linked)
    assert set(DOCS.glob("*.md")) <= found


# ----------------------------------------------------------------------------------- extending it


def applied(root: Path, document: str) -> int:
    """The diff blocks of a document applied below a folder; how many there are."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```diff (\S+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    for name, block in blocks:
        path = root / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        at, end = len(lines), len(lines)
        for line in block.splitlines():
            kind, rest = line[:1], line[1:]
            if line.startswith("@@ "):
                at = lines.index(f"{line[3:]}:")
                after = (n for n in range(at + 1, len(lines)) if re.match(r"\w", lines[n]))
                end = next(after, len(lines))
            elif kind == "-":
                at = lines.index(rest, at, end)
                del lines[at]
            else:
                assert kind == "+", f"{name}: {line}"
                lines.insert(at, rest)
                at += 1
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(blocks)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A copy of assumptions/ that the calculator reads in the place of its own."""
    shutil.copytree(ROOT / "assumptions", tmp_path / "assumptions")
    monkeypatch.setattr(assumptions, "shipped", lambda name: tmp_path / name)
    for kept in (load_tree, scenario._shipped):
        kept.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for kept in (load_tree, scenario._shipped):
        kept.cache_clear()


def test_every_recipe_for_extending_it_works(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(load_tree().entries)
    load_tree.cache_clear()
    assert applied(copied, "docs/extend.md") == 8
    tree = load_tree()
    assert set(tree.entries) - before == {
        "assumptions.clinical.newdrug_trial_loss",
        "assumptions.drugs.newdrug_list_price",
        "assumptions.drugs.newdrug_class",
        "assumptions.rebates.newdrug_own_net_price",
    }
    assert "proposed_2027_06" in tree.terms
    assert "XX" in tree.states
    monkeypatch.chdir(copied)
    document = read("docs/extend.md")
    assert len(document.commands) == 7
    for shown in document.commands:
        check(shown, capsys)


def test_a_recipe_that_does_not_fit_fails(copied: Path) -> None:
    benefit = copied / "assumptions/part_d/benefit.yaml"
    benefit.write_text(benefit.read_text().replace("2028-01-01: {grow", "2028-01-01: {grows"))
    with pytest.raises(ValueError, match="is not in list"):
        applied(copied, "docs/extend.md")


# ----------------------------------------------------------------------------------- dependencies


def test_every_run_time_dependency_has_a_licence_that_is_allowed() -> None:
    rows = licences.rows()
    assert len(rows) > 40
    for row in rows:
        assert row.licences <= licences.ALLOWED, f"{row.name}: {row.licences - licences.ALLOWED}"


def test_the_report_of_dependencies_is_current() -> None:
    now = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    listed = {row[0]: row for head, rows in tables(now) if head[0] == "package" for row in rows}
    for row in licences.rows():
        assert listed.get(row.name) == list(row.cells()), "python -m tests.licences renews it"
    # What another platform needs may be listed too; it has a version there.
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    assert all(f"{name}==" in pinned for name in listed)


def test_a_licence_that_nobody_allowed_is_seen() -> None:
    assert licences.read_licences("AGPL-3.0-only", "", []) == {"AGPL-3.0-only"}
    assert not licences.read_licences("AGPL-3.0-only", "", []) <= licences.ALLOWED
    assert licences.read_licences(None, "Apache License, Version 2.0", []) == {"Apache-2.0"}
    assert licences.read_licences("Apache-2.0 OR BSD-2-Clause", "", []) <= licences.ALLOWED
