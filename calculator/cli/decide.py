"""`balance decide`, `states` and `scenarios`: what joining is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calculator import __version__
from calculator.analysis.states import screen
from calculator.assumptions import scenario_files
from calculator.cli.common import (
    JsonOption,
    ScenarioArgument,
    SetOption,
    app,
    loaded,
    say_json,
    write_whole,
)
from calculator.cli.progress import step
from calculator.decision import PlanDecision, StateDecision, decide
from calculator.errors import InputError
from calculator.exports import csv_text
from calculator.report import drawn, selection, state, table
from calculator.report.verdict import rests_on, verdict
from calculator.report.workbook import check_path, write_workbook
from calculator.scenario import load_scenario
from calculator.uncertainty import SEED


@app.command("decide")
def decide_command(
    scenario: ScenarioArgument,
    set_: SetOption = None,
    resolution: Annotated[str, typer.Option(help="full or workbook.")] = "full",
    as_json: JsonOption = False,
    ledger: Annotated[Path | None, typer.Option(help="Write the ledger to this CSV file.")] = None,
    by_year: Annotated[bool, typer.Option("--by-year", help="Every line for every year.")] = False,
    xlsx: Annotated[
        Path | None, typer.Option(help="Write a workbook of live formulas to this file.")
    ] = None,
    memo: Annotated[
        Path | None, typer.Option(help="Write a memo that prints, one HTML file, to this file.")
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(help="Draws of what is uncertain, rounded up to a power of two."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help=f"With draws: same seed, same draws; else {SEED}.")
    ] = None,
    loss_usd: Annotated[
        float | None,
        typer.Option(
            help="With draws: how often more USD than this are lost over the horizon; else"
            " 1000000 of a plan, 10000000 of a state."
        ),
    ] = None,
    loss_share: Annotated[
        float | None,
        typer.Option(
            help="The same as a share of a plan's revenue, or of a state's net cost when staying"
            " out: a decimal, 0.05 is 5%; else 0.01 of a plan, 0.1 of a state."
        ),
    ] = None,
) -> None:
    """What joining is worth to this payer against staying out."""
    options = (("--seed", seed), ("--loss-usd", loss_usd), ("--loss-share", loss_share))
    for option, given in options:
        if draws is None and given is not None:
            raise InputError(option, "together with --draws", f"{given:.12g}")
    if xlsx is not None:
        check_path(xlsx)
    if memo is not None:
        from calculator.report.memo import check_memo  # pictures, which nothing else here needs

        check_memo(memo)
    if draws:
        step(f"{draws:,} draws")
    decision = decide(
        loaded(scenario, set_),
        draws,
        resolution,
        seed=SEED if seed is None else seed,
        loss_usd=loss_usd,
        loss_share=loss_share,
    )
    if ledger is not None:
        write_whole(ledger, csv_text(decision.ledger()))
    if xlsx is not None:
        write_workbook(decision, xlsx)
    if memo is not None:
        from calculator.report.memo import memo_html

        write_whole(memo, memo_html(decision))
    sentence, tables, notes = _said(decision, by_year=by_year)
    if as_json:
        rest = [{"kind": kind, "sentence": note} for kind, note in notes]
        say_json({**decision.to_dict(), "sentence": sentence, "rests_on": rest})
        for path in (ledger, xlsx, memo):
            if path is not None:
                typer.echo(f"Written: {path}", err=True)
        return
    made = [f"balance-calculator {__version__}", f"{resolution} resolution"]
    if decision.uncertainty is not None:
        table_of = decision.uncertainty.draws
        made.append(f"{table_of.count:,} draws of seed {table_of.seed}")
    made.append(decision.fingerprint)
    lines = [
        f"{decision.scenario.name}: {decision.scenario.label}",
        "",
        sentence,
        "",
        tables,
        "",
        "What this rests on",
        *(f"  [{badge}] {note}" for badge, note in notes),
        "",
        ", ".join(made),
        *(f"Written: {path}" for path in (ledger, xlsx, memo) if path is not None),
    ]
    typer.echo("\n".join(lines))


def _said(
    decision: PlanDecision | StateDecision, *, by_year: bool
) -> tuple[str, str, list[tuple[str, str]]]:
    """The sentence that answers, the tables below it, and what it rests on."""
    if isinstance(decision, StateDecision):
        sentence, tables = state.verdict(decision), state.text(decision)
        notes = state.rests_on(decision)
    else:
        said = verdict(decision)
        sentence = said.sentence
        below = [*table.beside(decision, said.alternatives), *table.remarks(decision)]
        tables = "\n".join([table.text(decision, by_year), "", *below])
        notes = rests_on(decision)
        tables += f"\n\n{selection.headline(decision.selection)}"
    if decision.uncertainty is not None:
        tables += f"\n\n{drawn.text(decision.uncertainty, decision.value.pmpm)}"
    return sentence, tables, notes


@app.command("states")
def states_command(
    terms: Annotated[str | None, typer.Option(help="Terms package.")] = None,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option(help="Write the rows to this CSV file.")] = None,
) -> None:
    """All 51 Medicaid programs under one set of terms, each as it covers today."""
    rows = screen(terms)
    if out is not None:
        import pandas as pd  # a third of a second that only a table needs

        frame = pd.DataFrame([{**row.to_dict(), "gaps": "; ".join(row.gaps)} for row in rows])
        write_whole(out, csv_text(frame))
    if as_json:
        say_json({"states": [row.to_dict() for row in rows]})
        return
    typer.echo(state.states_text(rows))
    if any(row.gaps for row in rows):
        typer.echo(
            "\n* something was not found: where the pharmacy benefit is (AR, NV: the national share"
            " is used),\n  or the adults by group (no answer until they are given)"
        )


@app.command("scenarios")
def scenarios_command(as_json: JsonOption = False) -> None:
    """The scenarios that come with the calculator."""
    names = {name: load_scenario(name).label for name in scenario_files()}
    if as_json:
        say_json(names)
        return
    width = max(map(len, names)) + 2
    for name, label in names.items():
        typer.echo(f"{name:{width}}{label}")
