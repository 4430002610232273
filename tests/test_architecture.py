"""The data flows downwards, and so do the imports.

`RULES` says what each part of the calculator may import from the others. A part that is not
named there fails, so a new module gets its place on purpose.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

HELPERS = {"shipped", "errors", "exports", "workbook_file"}
# what is typed and assumed, and the arrays made of it
TYPED = HELPERS | {"model", "schema", "register", "assumptions", "fields", "sections", "presets"}
ARRAYS = TYPED | {
    *("scenario", "therapy_inputs", "spending_inputs", "bridge_inputs", "part_d_inputs"),
    *("medicaid_groups", "medicaid_inputs", "settable", "workbook_input"),
}
INPUTS = ARRAYS | {"analysis.draws"}
# one module for what decisions share, one a program, one that chooses between them
DECISIONS = {
    *("drawn", "result", "plan_selection", "part_d_decision", "medicaid_decision"),
    *("uncertainty", "decision"),
}
ENGINE = INPUTS | DECISIONS | {"analysis"}
EVERYTHING = ENGINE | {"report", "claims"}
RULES = {
    "shipped": set(),
    "errors": set(),
    "exports": {"errors"},
    "workbook_file": {"errors"},
    "model": {"model"},
    "schema": HELPERS,
    "register": HELPERS | {"model", "schema"},
    "assumptions": HELPERS | {"model", "schema", "register"},
    "fields": HELPERS | {"model", "assumptions"},
    "sections": HELPERS | {"model", "schema", "assumptions", "fields"},
    # for its type only: a scenario calls its presets
    "presets": TYPED | {"scenario"},
    # what is in a workbook is read by paths and then set in a scenario: each calls the other
    "scenario": TYPED | {"scenario", "workbook_input"},
    "settable": TYPED | {"scenario"},
    "workbook_input": TYPED | {"scenario", "settable"},
    # a program's bridge from what is typed to the model's arrays
    "bridge_inputs": HELPERS | {"model", "register"},
    "therapy_inputs": TYPED,
    "spending_inputs": TYPED,
    "part_d_inputs": ARRAYS,
    "medicaid_groups": ARRAYS,
    "medicaid_inputs": ARRAYS,
    # the decisions need the draws, so neither they nor their package's __init__ may need those
    "analysis.draws": INPUTS,
    "analysis.__init__": INPUTS,
    # what draws say, and a decision's that may hold it; the run over them knows both programs
    "drawn": INPUTS,
    "result": INPUTS | {"drawn"},
    "uncertainty": INPUTS | {"drawn", "result", "part_d_decision", "medicaid_decision"},
    "plan_selection": INPUTS,
    "part_d_decision": INPUTS | {"drawn", "result", "plan_selection"},
    "medicaid_decision": INPUTS | {"drawn", "result"},
    "decision": INPUTS | DECISIONS,
    "analysis": ENGINE,
    "report": ENGINE | {"report"},
    "claims": ENGINE | {"claims"},
    "__init__": EVERYTHING,
    "__main__": {"cli"},
    "ui": EVERYTHING | {"ui"},
    "cli": EVERYTHING | {"cli"},
    "app.py": EVERYTHING | {"ui"},
}

MODEL_LIBRARIES = {"numpy", "scipy"}
MODEL_STANDARD_LIBRARY = {
    *("__future__", "abc", "collections", "dataclasses", "datetime", "decimal", "enum"),
    *("fractions", "functools", "itertools", "math", "operator", "types", "typing"),
}
# The model neither reads, writes nor asks what time it is.
MODEL_FORBIDDEN_CALLS = {
    *("open", "print", "input", "eval", "exec", "__import__"),
    *("now", "today", "utcnow"),
    *("read_text", "write_text", "read_bytes", "write_bytes"),
    *("loadtxt", "genfromtxt", "fromfile", "tofile", "savetxt", "memmap"),
}

YAML_READERS = {"assumptions", "scenario"}
STREAMLIT_USERS = {"ui", "cli", "app.py"}
PATH_MAKERS = {"shipped", "Path", "PurePath", "open", "joinpath"}


@dataclass(frozen=True)
class Import:
    """One imported name: `calculator.model.price`, `numpy`."""

    target: str
    line: int
    lazy: bool  # inside a function or under TYPE_CHECKING: costs nothing at start


def imports(tree: ast.Module, package: list[str]) -> Iterator[Import]:
    """Every import in a file of `package`, relative ones made absolute."""

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(f"{module}.{alias.name}", node.lineno, lazy)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from visit(child, True)
            for child in node.orelse:
                yield from visit(child, lazy)
        else:
            inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from visit(child, inside)

    yield from visit(tree, False)


def part_of(parts: list[str], known: set[str]) -> str:
    """Which key of `RULES` a module below `calculator` belongs to, the finest first."""
    return ".".join(parts[:2]) if ".".join(parts[:2]) in known else parts[0]


def called(node: ast.Call) -> str:
    """The last name of what is called: `now` in `datetime.now()`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def names_the_assumptions_folder(node: ast.expr) -> bool:
    """Whether a path begins in the assumptions folder, as far as its text tells."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    return node.value.split("/")[0] == "assumptions"


def check_file(path: Path, root: Path) -> Iterator[str]:
    """One sentence for each line of one file that breaks a rule."""
    where = path.relative_to(root)
    modules = list(where.with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    part = "app.py" if modules == ["app"] else part_of(modules[1:], set(RULES))
    if part not in RULES:
        yield f"{where}: no rule says what {part} may import; add it to RULES"
        return

    for found in imports(tree, modules[:-1]):
        top, *rest = found.target.split(".")
        place = f"{where}:{found.line}: "
        if top == "calculator":
            if rest == ["__version__"]:
                continue
            # `from calculator import decide` takes the public names, and so everything they need
            target = part_of(rest, RULES[part]) if rest else "__init__"
            is_module = (root / "calculator" / target.split(".")[0]).exists() or (
                root / "calculator" / f"{target.split('.')[0]}.py"
            ).exists()
            if not is_module and target not in RULES:
                target = "__init__"
            public_names_ok = target == "__init__" and part in {"ui", "cli", "app.py"}
            if not public_names_ok and target not in RULES[part]:
                yield f"{place}{part} may not import {found.target}"
        if part == "model" and top not in {
            "calculator",
            *MODEL_LIBRARIES,
            *MODEL_STANDARD_LIBRARY,
        }:
            yield f"{place}model may not import {found.target}"
        if top == "scipy" and not found.lazy:
            yield f"{place}scipy is slow to import: import it inside the function"
        if top == "yaml" and part not in YAML_READERS:
            yield f"{place}only assumptions and scenario read YAML"
        if top == "streamlit" and part not in STREAMLIT_USERS:
            yield f"{place}only the pages and the command line know Streamlit"

    for node in ast.walk(tree):
        place = f"{where}:{getattr(node, 'lineno', 0)}: "
        if isinstance(node, ast.Call):
            if part == "model" and called(node) in MODEL_FORBIDDEN_CALLS:
                yield f"{place}model may not call {called(node)}()"
            if part == "assumptions" or not node.args:
                continue
            plain = isinstance(node.args[0], ast.Constant)
            if called(node) == "shipped" and not plain:
                yield f"{place}shipped() takes a plain text, so that this test can read it"
            if called(node) in PATH_MAKERS and names_the_assumptions_folder(node.args[0]):
                yield f"{place}only calculator/assumptions.py reads the assumptions folder"
        elif (
            part != "assumptions"
            and isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and names_the_assumptions_folder(node.right)
        ):
            yield f"{place}only calculator/assumptions.py reads the assumptions folder"


def check_tree(root: Path) -> list[str]:
    """One sentence for each broken rule under `root`."""
    files = [*sorted((root / "calculator").rglob("*.py")), *sorted(root.glob("app.py"))]
    files = [path for path in files if "_shipped" not in path.parts]
    return [sentence for path in files for sentence in check_file(path, root)]


def test_imports_flow_downwards():
    assert (ROOT / "calculator" / "shipped.py").exists()
    assert check_tree(ROOT) == []


def write(root: Path, sources: dict[str, str]) -> None:
    for name, source in sources.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")


GOOD = {
    "app.py": "import streamlit as st\nfrom calculator.ui import plan\n",
    "calculator/__init__.py": "from calculator.decision import decide\n__version__ = '1'\n",
    "calculator/shipped.py": "from pathlib import Path\n",
    "calculator/assumptions.py": (
        "import yaml\nfrom calculator.shipped import shipped\nshipped(f'assumptions/{1}')\n"
    ),
    "calculator/scenario.py": "import yaml\nfrom calculator import assumptions, errors\n",
    "calculator/errors.py": "",
    "calculator/decision.py": (
        "from calculator import __version__\nfrom calculator.model import price\n"
        "from calculator.analysis.draws import draw\nfrom . import scenario\n"
    ),
    "calculator/model/price.py": (
        "import numpy as np\nfrom . import cohort\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from scipy import stats\n"
        "def net():\n    from scipy import special\n"
    ),
    "calculator/model/cohort.py": "from calculator.model.ledger import LINES\n",
    "calculator/model/ledger.py": "",
    "calculator/analysis/__init__.py": "",
    "calculator/analysis/draws.py": "from calculator.assumptions import load_assumptions\n",
    "calculator/analysis/states.py": "from calculator.decision import decide\n",
    "calculator/report/figures.py": "from calculator.analysis import states\n",
    "calculator/claims/engine.py": "from calculator.model import price\n",
    "calculator/ui/plan.py": "from calculator import decide\nfrom calculator.report import memo\n",
    "calculator/cli/__init__.py": (
        "from calculator import decide, report\nPATH = 'assumptions' + '.x'\n"
    ),
}

OFFENCES = [
    ("calculator/model/a.py", "import pandas as pd", "model may not import pandas"),
    ("calculator/model/a.py", "import yaml", "model may not import yaml"),
    ("calculator/model/a.py", "import streamlit", "model may not import streamlit"),
    ("calculator/model/a.py", "import time", "model may not import time"),
    ("calculator/model/a.py", "from pathlib import Path", "model may not import pathlib"),
    ("calculator/model/a.py", "def f():\n    import os", "model may not import os"),
    ("calculator/model/a.py", "from scipy import stats", "inside the function"),
    ("calculator/model/a.py", "class A:\n    import scipy.stats", "inside the function"),
    ("calculator/model/a.py", "from datetime import date\ndate.today()", "call today()"),
    ("calculator/model/a.py", "import datetime\ndatetime.datetime.now()", "call now()"),
    ("calculator/model/a.py", "open('x')", "call open()"),
    ("calculator/model/a.py", "from calculator import scenario", "model may not import"),
    ("calculator/model/a.py", "from .. import assumptions", "model may not import"),
    ("calculator/model/a.py", "from ..errors import InputError", "model may not import"),
    ("calculator/model/a.py", "import calculator", "model may not import calculator"),
    ("calculator/model/deep/a.py", "from ...decision import decide", "model may not import"),
    ("calculator/decision.py", "from calculator.analysis import states", "decision may not"),
    ("calculator/decision.py", "from calculator.report import figures", "decision may not"),
    ("calculator/decision.py", "def f():\n    from .ui import plan", "decision may not"),
    ("calculator/scenario.py", "from calculator.decision import decide", "scenario may not"),
    ("calculator/assumptions.py", "from calculator import scenario", "assumptions may not"),
    ("calculator/errors.py", "from calculator import scenario", "errors may not"),
    ("calculator/analysis/draws.py", "from calculator.decision import decide", "draws may not"),
    ("calculator/analysis/__init__.py", "from .states import rank", "__init__ may not"),
    ("calculator/analysis/a.py", "from calculator.report import memo", "analysis may not"),
    ("calculator/analysis/a.py", "from calculator import claims", "analysis may not"),
    ("calculator/analysis/a.py", "from calculator import decide", "analysis may not"),
    ("calculator/report/a.py", "from calculator.claims import engine", "report may not"),
    ("calculator/report/a.py", "from calculator.ui import widgets", "report may not"),
    ("calculator/claims/a.py", "from calculator.report import memo", "claims may not"),
    ("calculator/claims/a.py", "from calculator.cli import main", "claims may not"),
    ("calculator/ui/a.py", "from calculator.cli import main", "ui may not"),
    ("calculator/cli.py", "from calculator.ui import plan", "cli may not"),
    ("calculator/__init__.py", "from calculator.cli import main", "__init__ may not"),
    ("app.py", "from calculator.cli import main", "app.py may not"),
    ("calculator/report/a.py", "import streamlit as st", "know Streamlit"),
    ("calculator/report/a.py", "import yaml", "read YAML"),
    ("calculator/cli.py", "from yaml import safe_load", "read YAML"),
    ("calculator/scenario.py", "shipped('assumptions/scenarios')", "reads the assumptions folder"),
    ("calculator/scenario.py", "shipped(f'assumptions/{1}')", "reads the assumptions folder"),
    ("calculator/scenario.py", "name = 'x'\nshipped(name)", "plain text"),
    ("calculator/ui/a.py", "Path('assumptions/x.yaml')", "reads the assumptions folder"),
    ("calculator/ui/a.py", "root / 'assumptions' / 'x.yaml'", "reads the assumptions folder"),
    ("calculator/surprise.py", "", "no rule says what surprise may import"),
]


def test_a_tree_that_keeps_the_rules_passes(tmp_path):
    write(tmp_path, GOOD)
    assert check_tree(tmp_path) == []


@pytest.mark.parametrize(("path", "source", "expected"), OFFENCES)
def test_each_broken_rule_is_caught(tmp_path, path, source, expected):
    write(tmp_path, {**GOOD, path: source})
    found = check_tree(tmp_path)
    assert len(found) >= 1
    assert all(sentence.startswith(path) for sentence in found)
    assert any(expected in sentence for sentence in found)
