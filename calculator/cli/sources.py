"""`balance sources` and `check`: what the figures are and where they come from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from calculator.assumptions import (
    STATUSES,
    Tree,
    load_assumptions,
    load_tree,
    scenario_files,
    uncited_sources,
)
from calculator.cli.common import BUG, JsonOption, app, say_json
from calculator.decision import decide
from calculator.errors import InputError
from calculator.report.assumption_register import markdown
from calculator.report.dates import moments
from calculator.scenario import Scenario, StateScenario, load_scenario


@app.command("sources")
def sources_command(
    status: Annotated[str | None, typer.Option(help="Only values with this status.")] = None,
    as_json: JsonOption = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The whole register as a document.")
    ] = False,
) -> None:
    """Every assumption with its values, status and source."""
    if as_markdown:
        if status is not None or as_json:
            raise InputError("--markdown", "without --status and --json", "one of them")
        typer.echo(markdown(load_tree()), nl=False)
        return
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
        for number, package in enumerate(tree.terms):
            scenario = load_scenario(name).with_settings({"terms.package": package})
            # What a curve reads and what a package reads add up: no pair of them reads more.
            for variant in [scenario] if number else _variants(scenario):
                decision = decide(variant, resolution="workbook")
                decision.to_dict()
                moments(decision)
                read |= decision.register.read
    read |= _read_by_markets(tree) | _read_by_claims() | _read_by_draws()
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
    else:
        found.append(scenario.with_settings({"selection.include": True}))
    return found


def _read_by_markets(tree: Tree) -> set[str]:
    """What the market of sponsors and members' choice of plans read."""
    from calculator.analysis import movers
    from calculator.analysis.market import launch_rule, solve_shipped
    from calculator.analysis.sponsors import read_sponsors
    from calculator.model.region import Plan, Region

    package = next(iter(tree.terms))
    register = load_assumptions(package)
    solved = solve_shipped(read_sponsors()[:1], package, launch_rule(None, register), count=1)
    movers.stated(register, 1)
    pair = Region((Plan("one", 0.5, 36.0, True), Plan("other", 0.5, 36.0, False)))
    movers.choose(pair, register, 1, benchmark=36.0)
    return register.read | solved.register.read


def _read_by_claims() -> set[str]:
    """What the adjudication of claims reads."""
    from calculator.claims.rules import FIRST_YEAR, rules

    register = load_assumptions()
    rules(register, FIRST_YEAR)
    # What is shown of claims reads it (claims.small_cells).
    register.number("assumptions.privacy.smallest_cell")
    return register.read


def _read_by_draws() -> set[str]:
    """What is said of draws reads beside what each of them does."""
    from calculator.uncertainty import limits

    register = load_assumptions()
    for payer in ("plan", "state"):
        limits(register, payer)
    return register.read
