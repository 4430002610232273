"""`balance portfolio`: a sponsor's whole book of plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calculator.assumptions import plans_file
from calculator.cli.common import JsonOption, app, say_json, write_whole
from calculator.cli.progress import progress
from calculator.errors import InputError
from calculator.exports import check_target, csv_rows

OUT_SUFFIXES = (".csv", ".xlsx")


class Counter:
    """How far the work has come."""

    def __init__(self) -> None:
        self.share: float | None = None

    def __call__(self, done: int, of: int) -> None:
        self.share = done / of

    def progress(self) -> float | None:
        """Share that is done, 0 to 1; None before it begins."""
        return self.share


@app.command("portfolio")
def portfolio_command(
    plans: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PLANS]",
            help="CSV or xlsx, one row a plan: name, scenario, and any path as a column; "
            "without it an illustrative book.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write every plan to this .xlsx or .csv file.")
    ] = None,
    resolution: Annotated[str, typer.Option(help="full or workbook.")] = "full",
    as_json: JsonOption = False,
) -> None:
    """Every plan of a book: which to join with, in total, by year and plan by plan."""
    from calculator.analysis.portfolio import run
    from calculator.analysis.portfolio_table import read_book
    from calculator.report import portfolio as report

    if out is not None:
        if out.suffix.lower() not in OUT_SUFFIXES:
            raise InputError("--out", "a file ending in .xlsx or .csv", out.name)
        check_target(out)
        if plans is not None and out.resolve() == plans.resolve():
            raise InputError("--out", "another file than the book", str(out))
    book = read_book(plans_file() if plans is None else plans)
    counter = Counter()
    with progress(counter, "plans"):
        found = run(book, resolution, counter)
    if out is not None and out.suffix.lower() == ".csv":
        write_whole(out, csv_rows(*report.plan_rows(found)))
    elif out is not None:
        from calculator.report.portfolio_workbook import write

        write(found, book, out)
    if as_json:
        say_json({**found.to_dict(), "sentences": report.sentences(found)})
        return
    source = "the illustrative book" if plans is None else book.file
    count = len(book.entries)
    many = f"{count:,} plan{'s' if count > 1 else ''}"
    lines = [f"{many} of {source}", "", report.text(found), ""]
    lines.append(report.record(found))
    if out is not None:
        lines.append(f"Written: {out}")
    typer.echo("\n".join(lines))
