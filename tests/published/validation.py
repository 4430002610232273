"""docs/validation.md, written from a run of every published case: `make validation`."""

from __future__ import annotations

import ast
import re
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import yaml

from tests.published.results import CASES, FILES, Compared, Figure, compared

MINUS = "\N{MINUS SIGN}"
ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "validation.md"
TEXT = Path(__file__).with_name("validation_text.md")
MUTATION = ROOT / "tests" / "blackbox" / "mutants.yaml"
GROUPS = {
    "Part D benefit and payment": "d",
    "Medicaid": "m",
    "Use, persistence, cost, selection": "c",
    "Calibration targets": "calibration",
}
KIND = {
    "published": "the figure itself is published",
    "statute": "follows from the statute and published parameters",
    "derived": "solved back: tests the code, not the world",
    "arithmetic": "arithmetic on published figures: a consistency check",
    "calibration": "a target the model was fitted to",
}


def document() -> str:
    """The whole text of docs/validation.md."""
    measured = mutation()["branch_coverage"]
    parts = {
        "results": results(),
        "differences": differences(),
        "cases": cases(),
        "mutation": mutation_table(),
        "coverage": f"{measured['model_percent']}%",
        "branches": f"{measured['branches_percent']}%",
        "measured": str(measured["date"]),
    }
    text = TEXT.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], text)


# ----------------------------------------------------------------------------- published results


def results() -> str:
    """A table for each group: published, computed, difference, tolerance, agreement."""
    blocks = []
    for title, prefix in GROUPS.items():
        lines = [
            f"### {title}\n",
            "| case | figure | published | computed | difference | tolerance | agreement |",
            "|---|---|---:|---:|---:|---:|---|",
        ]
        for name in CASES:
            if re.match(r"[a-z]+", name)[0] == prefix:  # type: ignore[index]
                lines += [row(name, one) for one in compared(name)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def row(name: str, one: Compared) -> str:
    """A line of the table of results."""
    case = CASES[name]
    digits = getattr(one.published, "digits", 0)  # whole numbers have none
    more = min(digits + 2, 8)
    difference = "0" if one.exact else number(one.difference, more, sign=True)
    computed = number(one.published if one.exact else one.computed, digits if one.exact else more)
    cells = (
        f"[{case['id'].replace('CALIBRATION_', 'fit ')}](../tests/published/{path_of(name).name})",
        figure(case, one),
        number(one.published, digits),
        computed,
        difference,
        tolerance(case["tolerance"]),
        agreement(one),
    )
    return f"| {' | '.join(cells)} |"


def path_of(name: str) -> Path:
    return Path(__file__).with_name(f"{name.rpartition('-')[0]}.yaml")


def number(value: float, digits: int, *, sign: bool = False) -> str:
    """Thousands with a comma; never a zero with a sign."""
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return text.replace("-", MINUS) if float(text.replace(",", "")) else f"{0:.{digits}f}"


def tolerance(allowed: dict) -> str:
    ((kind, size),) = allowed.items()
    if kind == "relative":
        return f"{100 * size:g}%"
    return f"{size:.9f}".rstrip("0").rstrip(".")


def agreement(one: Compared) -> str:
    """How well the two agree, in words."""
    if not one.agreed:
        return "**outside its tolerance**"
    if one.exact:
        return "exact"
    return "to its last digit" if one.to_its_digits else "differs, explained below"


def figure(case: dict, one: Compared) -> str:
    """The inputs of a case that tell it from its neighbours, and the name of the figure."""
    mine = varying(case)
    words = [f"{key.replace('_', ' ')} {shown(value)}" for key, value in mine.items()]
    if one.name:
        words.append(one.name.replace("_", " "))
    return ", ".join(words) or short(case["call"])


def varying(case: dict) -> dict:
    """Inputs that differ between the cases of a file."""
    same = [other["inputs"] for other in CASES.values() if other["id"] == case["id"]]
    return {
        key: value
        for key, value in case["inputs"].items()
        if any(inputs.get(key) != value for inputs in same)
    }


def shown(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value)} claims" if value and isinstance(value[0], dict) else "+".join(value)
    return number(value, value.digits) if isinstance(value, Figure) else str(value)


def short(call: str) -> str:
    return call.rpartition(".")[2].replace("_", " ")


def differences() -> str:
    """What explains each case that is not the published figure to its last digit."""
    said: dict[str, str] = {}
    for case in CASES.values():
        if "difference" in case:
            said[case["id"]] = " ".join(case["difference"].split())
    return "\n".join(f"* **{name.replace('CALIBRATION_', 'fit ')}**: {said[name]}" for name in said)


def cases() -> str:
    """What each file is, its kind, its source and its scope."""
    lines = ["| case | what is published | kind | source |", "|---|---|---|---|"]
    for path in FILES:
        case = CASES[f"{path.stem}-1"]
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        what = " ".join(f"{data['what']} {data.get('scope', '')}".split())
        source = " ".join(case["source"].split())
        name = case["id"].replace("CALIBRATION_", "fit ")
        lines.append(f"| {name} | {what} | {case['kind']} | {source} |")
    kinds = "; ".join(f"*{kind}*: {meaning}" for kind, meaning in KIND.items())
    return "\n".join(lines) + f"\n\nKinds. {kinds}."


# ------------------------------------------------------------------------- tests that it refers to


def named_tests() -> set[tuple[str, str]]:
    """Every `file.py::test` of the text."""
    text = TEXT.read_text(encoding="utf-8")
    return set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text))


def named_files() -> set[str]:
    """Every file or folder of tests that the text names."""
    return set(re.findall(r"`(tests/[\w/.]+)", TEXT.read_text(encoding="utf-8")))


@cache
def tests_in(file: str) -> frozenset[str]:
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


# -------------------------------------------------------------------------------------- mutation


@cache
def mutation() -> dict:
    """The record of the last run of the mutation tool."""
    return yaml.safe_load(MUTATION.read_text(encoding="utf-8"))


def mutation_table() -> str:
    """Mutants by file, and why the equivalent ones are."""
    record = mutation()
    lines = [
        f"{record['tool']}, {record['date']}, `make mutants`.\n",
        "| file | mutants | killed | survived | of these equivalent | score |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for file, counted in record["files"].items():
        equal = len(record["equivalent"].get(file, []))
        score = 100 * counted["killed"] / counted["mutants"]
        lines.append(
            f"| `{file}` | {counted['mutants']} | {counted['killed']} | {counted['survived']} "
            f"| {equal} | {score:.1f}% |"
        )
    reasons: dict[str, int] = {}
    for found in record["equivalent"].values():
        for one in found:
            reasons[one["why"]] = reasons.get(one["why"], 0) + 1
    lines += ["", "Equivalent means that no result can differ:", ""]
    lines += [f"* {count}: {why}" for why, count in reasons.items()]
    if record.get("left"):
        lines += ["", "Survivors that are not equivalent:", ""]
        lines += [f"* {one}" for one in record["left"]]
    return "\n".join(lines)


def main() -> None:
    """Write the document; what the commands of the cases say is not for here."""
    with redirect_stdout(StringIO()):
        text = document()
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"{DOCUMENT.relative_to(ROOT)}: {len(CASES)} cases of {len(FILES)} files")


if __name__ == "__main__":
    main()
