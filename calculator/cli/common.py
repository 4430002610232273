"""What every command shares: the application, its options, exit codes, and writing files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from calculator.errors import InputError
from calculator.exports import whole
from calculator.scenario import Scenario, load_scenario, read_value

DONE, BUG, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What joining CMS's BALANCE model is worth to a payer.",
)

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A shipped name, or a YAML, JSON or xlsx file.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set one path; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Unrounded, as JSON.")]


def settings(pairs: list[str] | None) -> dict[str, Any]:
    """--set path=value pairs as path -> value; values are read as YAML (3, true, none, text)."""
    found: dict[str, Any] = {}
    for pair in pairs or []:
        path, equals, text = pair.partition("=")
        if not equals or not path.strip():
            raise InputError("--set", "PATH=VALUE", pair)
        # Dates are written 2029_01_01 in a path; 2029-01-01 is understood.
        name = path.strip().replace("-", "_")
        if name in found:
            raise InputError("--set", "each path once", f"{name} twice")
        found[name] = read_value(text)
    return found


def loaded(scenario: str, pairs: list[str] | None) -> Scenario:
    """The scenario of a command, with its --set pairs."""
    return load_scenario(scenario).with_settings(settings(pairs))


def write_whole(path: Path, content: str) -> None:
    """Write text so that the file is either whole or not there."""
    with whole(path) as name:
        name.write_text(content, encoding="utf-8", newline="")


def say_json(data: Any) -> None:
    """Print plain data as JSON."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
