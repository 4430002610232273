"""`balance`: the same engine from a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from calculator import __version__
from calculator.analysis.states import screen
from calculator.assumptions import (
    STATUSES,
    Tree,
    load_assumptions,
    load_tree,
    scenario_files,
    uncited_sources,
)
from calculator.decision import StateDecision, decide
from calculator.errors import IdentityError, InputError
from calculator.report import state, table
from calculator.report.verdict import rests_on, verdict
from calculator.scenario import Scenario, StateScenario, load_scenario, read_value
from calculator.shipped import shipped

DONE, BUG, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
# What the command line itself refuses: typer carries its own click and names only this child.
UsageError: type[Any] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What joining CMS's BALANCE model is worth to a payer.",
)

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A shipped name, or a YAML or JSON file.")
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
        found[path.strip().replace("-", "_")] = read_value(text)
    return found


def loaded(scenario: str, pairs: list[str] | None) -> Scenario:
    """The scenario of a command, with its --set pairs."""
    return load_scenario(scenario).with_settings(settings(pairs))


def write_whole(path: Path, content: str) -> None:
    """Write a file so that it is either whole or not there."""
    if path.is_dir():
        raise InputError("file", "the name of a file", f"{path}, which is a folder")
    if not path.parent.is_dir():
        raise InputError("file", "a file in a folder that exists", str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def say_json(data: Any) -> None:
    """Print plain data as JSON."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def balance(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """What joining CMS's BALANCE model is worth to a payer."""


@app.command("decide")
def decide_command(
    scenario: ScenarioArgument,
    set_: SetOption = None,
    resolution: Annotated[str, typer.Option(help="full or workbook.")] = "full",
    as_json: JsonOption = False,
    ledger: Annotated[Path | None, typer.Option(help="Write the ledger to this CSV file.")] = None,
    by_year: Annotated[bool, typer.Option("--by-year", help="Every line for every year.")] = False,
) -> None:
    """What joining is worth to this payer against staying out."""
    decision = decide(loaded(scenario, set_), resolution=resolution)
    if ledger is not None:
        write_whole(ledger, decision.ledger().to_csv(index=False, lineterminator="\n"))
    if isinstance(decision, StateDecision):
        sentence, tables = state.verdict(decision), state.text(decision)
        notes = state.rests_on(decision)
    else:
        said = verdict(decision)
        sentence = said.sentence
        below = [*table.beside(decision, said.alternatives), *table.remarks(decision)]
        tables = "\n".join([table.text(decision, by_year), "", *below])
        notes = rests_on(decision)
    if as_json:
        rest = [{"kind": kind, "sentence": note} for kind, note in notes]
        say_json({**decision.to_dict(), "sentence": sentence, "rests_on": rest})
        return
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
        f"balance-calculator {__version__}, {resolution} resolution, {decision.fingerprint}",
    ]
    typer.echo("\n".join(lines))


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
        write_whole(out, frame.to_csv(index=False, lineterminator="\n"))
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


@app.command("sources")
def sources_command(
    status: Annotated[str | None, typer.Option(help="Only values with this status.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Every assumption with its values, status and source."""
    if status is not None and status not in STATUSES:
        raise InputError("--status", "one of " + ", ".join(STATUSES), status)
    tree = load_tree()
    rows = [
        *_preset_rows(tree),
        *(
            _row(
                tree,
                path,
                day.isoformat(),
                dated.model_dump(mode="json")["value"] if dated.grow is None else None,
                dated.status,
                dated.source,
                label=entry.label,
                unit=entry.unit,
                grows_by=dated.grow,
            )
            for path, entry in _with_terms(tree)
            for day, dated in entry.values.items()
        ),
    ]
    rows = [row for row in rows if status is None or row["status"] == status]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        grown = row.get("grows_by")
        shown = row["value"] if grown is None else f"grows by {grown}"
        typer.echo(f"{row['path']}  {row['from']}  {shown} {row.get('unit', '')}".rstrip())
        typer.echo(f"    [{row['status']}] {row['title']} ({row['source']})")


PRESET_SOURCES = {
    "fiscal_year_start_month": "fiscal_year",
    "children": "enrollment",
    "adults": "enrollment",
    "chip": "enrollment",
    "base_adults_2022": "groups",
    "expansion_adults_2022": "groups",
    "aged_2022": "groups",
    "disabled_2022": "groups",
    "obesity_share": "obesity",
    "covers": "coverage",
    "bmi_threshold": "coverage",
    "pharmacy_carve": "carve",
}


def _preset_rows(tree: Tree) -> list[dict[str, Any]]:
    """What is known of each state: published columns and match rates."""
    found = []
    for abbr, row in tree.states.items():
        for column, kind in PRESET_SOURCES.items():
            source = row[f"{kind}_source"]
            if row[column] and source:
                given = row.get(f"{kind}_status")
                status = given if given in STATUSES else "published"
                found.append(_row(tree, f"states.{abbr}.{column}", "", row[column], status, source))
        for rates in tree.match_rates[abbr]:
            since = f"{int(rates['fiscal_year']) - 1}-10-01"
            found += [
                _row(
                    tree,
                    f"states.{abbr}.{kind}",
                    since,
                    rates[kind],
                    rates[status],
                    rates["source"],
                )
                for kind, status in (("fmap", "status"), ("efmap", "efmap_status"))
            ]
    return found


def _row(
    tree: Tree, path: str, since: str, value: Any, status: str, source: str, **more: Any
) -> dict[str, Any]:
    """One value with what it rests on."""
    return {
        "path": path,
        "from": since,
        "value": value,
        "status": status,
        "source": source,
        "title": tree.sources[source].title,
        "url": tree.sources[source].url,
        **more,
    }


def _with_terms(tree: Tree) -> list[tuple[str, Any]]:
    """Assumptions, then what each terms package sets, under its own name."""
    rows = list(tree.entries.items())
    for package, terms in tree.terms.items():
        for lever, values in terms.levers.items():
            entry = tree.entries[f"terms.{lever}"]
            rows.append((f"{package}: terms.{lever}", entry.model_copy(update={"values": values})))
    return rows


@app.command("check")
def check_command(as_json: JsonOption = False) -> None:
    """Validate the assumptions: well-formed, all read by some run, all sources cited."""
    tree = load_tree()
    read: set[str] = set()
    for name in scenario_files():
        for package in tree.terms:
            for variant in _variants(load_scenario(name).with_settings({"terms.package": package})):
                decision = decide(variant, resolution="workbook")
                decision.to_dict()
                read |= decision.register.read
    unread = sorted(set(load_assumptions().entries) - read)
    uncited = uncited_sources(tree)
    report = {
        "assumptions": len(tree.entries),
        "sources": len(tree.sources),
        "terms": len(tree.terms),
        "read_by_nobody": unread,
        "cited_by_nobody": uncited,
    }
    if as_json:
        say_json(report)
    else:
        counts = f"{len(tree.entries)} assumptions, {len(tree.sources)} sources"
        typer.echo(f"{counts}, {len(tree.terms)} terms packages")
        for path in unread:
            typer.echo(f"read by nobody: {path}")
        for source in uncited:
            typer.echo(f"cited by nobody: {source}")
    if unread or uncited:
        raise typer.Exit(BUG)


def _variants(scenario: Scenario) -> list[Scenario]:
    """The scenario on each persistence curve and form of uptake, so that all of them are read."""
    curves = ("denmark", "prime_2021", "prime_2024", "blue_health")
    found = [scenario.with_settings({"therapy.curve": curve}) for curve in curves]
    if isinstance(scenario, StateScenario):
        found.append(scenario.with_settings({"uptake.form": "share_of_eligibles"}))
        match = float(scenario.register().number("state.fmap")[0])
        found.append(scenario.with_settings({"state.fmap": match}))
    return found


@app.command("app")
def app_command(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port on this machine.")] = 8501,
) -> None:
    """Start the calculator in the browser, on this machine only."""
    config = shipped(".streamlit")
    command = [sys.executable, "-m", "streamlit", "run", str(shipped("app.py"))]
    # Headless: otherwise a first start waits for an answer to a question of Streamlit's.
    command += ["--server.port", str(port), "--server.headless", "true"]
    typer.echo(f"Open http://localhost:{port} in a browser. Ctrl+C ends it.")
    # Streamlit reads its settings from the folder it starts in.
    raise typer.Exit(subprocess.call(command, cwd=config.parent))


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exit 0 done, 2 bad input (one line says what), 1 a bug."""
    try:
        code = app(args=arguments, prog_name="balance", standalone_mode=False)
    except InputError as error:
        typer.echo(str(error), err=True)
        sys.exit(BAD_INPUT)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except UsageError as error:
        typer.echo(error.format_message(), err=True)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except IdentityError as error:
        typer.echo(f"{error}; please report it with the scenario", err=True)
        sys.exit(BUG)
    except OSError as error:
        typer.echo(
            f"file: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True
        )
        sys.exit(BAD_INPUT)
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        typer.echo(f"a bug, not your input: {what}; please report it with the scenario", err=True)
        sys.exit(BUG)
    sys.exit(code if isinstance(code, int) else DONE)
