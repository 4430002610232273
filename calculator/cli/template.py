"""`balance template`: an empty workbook of inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calculator.assumptions import scenario_files
from calculator.cli.common import app
from calculator.errors import InputError
from calculator.scenario import PROGRAMS, load_scenario


@app.command("template")
def template_command(
    out: Annotated[Path, typer.Option(help="Write the workbook to this .xlsx file.")],
    program: Annotated[
        str | None, typer.Option(help="part_d or medicaid; the scenario's own without it.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="The shipped scenario to start from; it can be changed.")
    ] = None,
) -> None:
    """An empty workbook of inputs, to be filled in and run by `balance decide FILE.xlsx`."""
    from calculator.report.template import write

    if program is None and scenario is not None and scenario not in scenario_files():
        raise InputError("--scenario", "one of " + ", ".join(scenario_files()), scenario)
    if program is None:
        program = "part_d" if scenario is None else load_scenario(scenario).program
    if program not in PROGRAMS:
        raise InputError("--program", "one of " + ", ".join(PROGRAMS), program)
    write(out, program, scenario)
    typer.echo(f"Written: {out}. Fill in what differs, then: balance decide {out}")
