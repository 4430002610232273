"""`balance adjudicate`: member-level claims through the Part D benefit, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calculator.assumptions import load_assumptions
from calculator.cli.common import JsonOption, SetOption, app, say_json, settings
from calculator.cli.progress import progress
from calculator.errors import InputError
from calculator.report.claims import HEADS, back_test, by_phase
from calculator.report.table import align

if TYPE_CHECKING:
    from calculator.claims.adjudication import Adjudication

ENGINES = ("duckdb", "spark")


@app.command("adjudicate")
def adjudicate_command(
    claims: Annotated[str, typer.Argument(metavar="CLAIMS", help="A CSV or Parquet file.")],
    year: Annotated[int, typer.Option(help="Plan year, from 2025 on.")],
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    out: Annotated[
        Path | None, typer.Option(help="One row a member to this .csv or .parquet file.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Line and reason of rejected rows to this CSV file.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file with any reject.")
    ] = False,
    layout: Annotated[
        str | None, typer.Option(help="own, pde, tuva or a mapping file; else by its columns.")
    ] = None,
    enrollment: Annotated[
        Path | None, typer.Option(help="A file of member_id, start and end: others are rejected.")
    ] = None,
    terms: Annotated[str | None, typer.Option(help="Terms package for model fills.")] = None,
    set_: SetOption = None,
    master: Annotated[
        str | None, typer.Option(help="Spark master or sc:// address; else on this machine.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="DuckDB's memory, as 4GB; above it, it spills to disk.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="DuckDB's threads.")] = None,
    temp: Annotated[Path | None, typer.Option(help="Folder in which DuckDB may spill.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Who paid what of each member's claims, exactly, in one query."""
    from calculator.claims import adjudication, results, rules
    from calculator.claims import engine as engines

    if engine not in ENGINES:
        raise InputError("--engine", " or ".join(ENGINES), engine)
    results.check_targets(claims, out, rejects)
    register = load_assumptions(terms)
    for path, value in settings(set_).items():
        register = register.with_value(path, value)
    rules.rules(register, year)  # a year that cannot be settled is refused before all else
    running = engines.duckdb(memory, threads, temp) if engine == "duckdb" else engines.spark(master)
    with running:
        done = adjudication.adjudicate(
            running, claims, register, year,
            layout=layout, enrollment=enrollment, strict=strict, out=out, rejects=rejects,
            stage=lambda name: progress(running, name),
        )  # fmt: skip
        if as_json:
            say_json({**done.summary, **_record(done)})
            return
        typer.echo("\n".join(_lines(done, out, rejects)))


def _record(done: Adjudication) -> dict[str, Any]:
    """What the numbers rest on."""
    return {
        "year": done.rules.year,
        "layout": done.claims.layout.label,
        "engine": done.claims.engine.name,
        "sha256": done.claims.sha256,
        "not_final": list(done.rules.not_final),
        "notes": list(done.claims.notes),
    }


def _lines(done: Adjudication, out: Path | None, rejects: Path | None) -> list[str]:
    """The summary as an actuary reads it; no member is named."""
    total, claims = done.summary, done.claims
    lines = [
        f"{total['accepted']:,} claims of {total['members']:,} members adjudicated for "
        f"{done.rules.year} ({claims.layout.label}, {claims.engine.name})",
        "",
    ]
    rows = [[phase, *(f"{number:,.0f}" for number in row)] for phase, *row in by_phase(total)]
    lines += [
        align(["USD", "claims", *HEADS.values()], rows),
        "By the phase in which a claim begins. Member to reinsurance sum to gross.",
    ]
    if total["bridge"]["claims"]:
        bridge = total["bridge"]
        lines.append(
            f"Outside the benefit: {bridge['claims']:,} Bridge fills, ${bridge['gross']:,.0f}, "
            "counted among the claims, in no amount."
        )
    if total["backtest"]:
        head = ["against the claims", "claims", "on claims", "adjudicated", "difference"]
        rows = [
            [f"  {phase}" if phase else label, *_tested(test)]
            for label, phase, test in back_test(total)
        ]
        lines += ["", align([*head, "within 1c"], rows, total=False)]
    lines += ["", *_rows_of_the_file(done, rejects)]
    if done.rules.not_final:
        lines.append(
            f"Not final for {done.rules.year} (projected, or not from a published page): "
            + ", ".join(done.rules.not_final)
        )
    lines += claims.notes
    if out is not None:
        lines.append(f"Members: {out}")
    return lines


def _tested(test: Mapping[str, Any]) -> list[str]:
    share = "" if test["within_a_cent"] is None else f"{test['within_a_cent']:.2%}"
    money = [f"{test[name]:,.2f}" for name in ("on_claims", "adjudicated", "difference")]
    return [f"{test['claims']:,}", *money, share]


def _rows_of_the_file(done: Adjudication, rejects: Path | None) -> list[str]:
    """Where every row of the file went."""
    total = done.summary
    lines = [
        f"{total['claims']:,} rows: {total['accepted']:,} accepted, {total['rejected']:,} rejected"
    ]
    lines += [f"  rejected, {reason}: {count:,}" for reason, count in total["reasons"].items()]
    lines += [f"  set aside, {reason}: {count:,}" for reason, count in total["set_aside"].items()]
    if total["rejected"] and rejects is None:
        lines.append("  --rejects FILE lists them by line.")
    elif rejects is not None:
        lines.append(f"Rejects: {rejects}")
    return lines
