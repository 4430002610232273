"""`balance profile` and `synthesize`: a plan's own figures out of claims, and made-up claims."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from calculator.cli.common import JsonOption, app, say_json, write_whole
from calculator.cli.progress import progress
from calculator.errors import InputError
from calculator.scenario import SUFFIXES, file_text


@app.command("synthesize")
def synthesize_command(
    members: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many members.")],
    year: Annotated[int, typer.Option(help="Calendar year of the claims.")],
    out: Annotated[Path, typer.Option(help="Claims to this .csv or .parquet file.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same file.")] = 1,
    enrollment: Annotated[
        Path | None, typer.Option(help="Members to this .csv or .parquet file.")
    ] = None,
    model_fills: Annotated[
        bool, typer.Option("--model-fills", help="Some start under the model, at its copay.")
    ] = False,
    terms: Annotated[
        str, typer.Option(help="Terms package whose copay model fills have.")
    ] = "announced_2025_12",
    as_json: JsonOption = False,
) -> None:
    """Made-up claims that follow the assumptions: for tests, examples and benchmarks."""
    from calculator.claims.synthetic import makeup
    from calculator.claims.synthetic_files import synthesize

    made = makeup(year, terms if model_fills else None)
    count = synthesize(made, members, seed, out, enrollment)
    if as_json:
        say_json({"claims": count, "members": members, "year": year, "seed": seed})
        return
    typer.echo(f"{count:,} made-up claims of {members:,} members in {year}: {out}")
    if enrollment is not None:
        typer.echo(f"Members: {enrollment}")


@app.command("profile")
def profile_command(
    claims: Annotated[str, typer.Argument(metavar="CLAIMS", help="A CSV or Parquet file.")],
    out: Annotated[Path, typer.Option(help="Scenario to this .yaml or .json file.")],
    layout: Annotated[
        str | None, typer.Option(help="own, pde, tuva or a mapping file; else by its columns.")
    ] = None,
    enrollment: Annotated[
        Path | None, typer.Option(help="A file of member_id, start and end.")
    ] = None,
    members: Annotated[
        int | None, typer.Option(min=1, max=100_000_000, help="Enrollment, without such a file.")
    ] = None,
    extends: Annotated[
        str, typer.Option(help="Shipped scenario that gives the rest.")
    ] = "pdp_regional",
    persistence: Annotated[
        bool, typer.Option("--persistence", help="Take persistence of covered uses for the model.")
    ] = False,
    gap: Annotated[int, typer.Option(min=1, help="Days without supply that end a spell.")] = 60,
    washout: Annotated[
        int, typer.Option(min=0, help="Days without a fill that make a user a new one.")
    ] = 90,
    memory: Annotated[
        str | None, typer.Option(help="DuckDB's memory, as 4GB; above it, it spills to disk.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """A plan's own figures out of its claims, as a scenario that `decide` runs."""
    from calculator.claims import engine as engines
    from calculator.claims.profile import profile
    from calculator.claims.profile_scenario import own_scenario, report, text
    from calculator.claims.reading import read

    if out.suffix.lower() not in SUFFIXES:
        raise InputError("--out", "a file ending in .yaml or .json", out.name)
    if out.exists() and Path(claims).exists() and out.samefile(claims):
        raise InputError("--out", "another file than the claims", out.name)
    if enrollment is not None and members is not None:
        raise InputError("--members", "nothing beside --enrollment", f"{members:,}")
    with engines.duckdb(memory) as running, progress(running, "profile"):
        accepted = read(running, claims, layout=layout, enrollment=enrollment)
        found = profile(accepted, enrollment=enrollment, members=members, gap=gap, washout=washout)
        rejected = accepted.rejects.total
        written = own_scenario(found, accepted.sha256, out.stem, extends, persistence=persistence)
    as_file = json.dumps(written.data, indent=2) if out.suffix.lower() == ".json" else ""
    write_whole(out, as_file or file_text(written.data))
    if as_json:
        read_from = {"sha256": accepted.sha256, "accepted": accepted.count, "rejected": rejected}
        said = {"claims": {**read_from, "year": found.year}, "lines": report(written)}
        say_json({**said, "scenario": str(out)})
        return
    typer.echo(
        f"{accepted.count:,} claims, {rejected:,} rejected; figures of {found.year}\n\n"
        f"{text(written)}\n\nScenario: {out}  (balance decide {out})"
    )
