"""`balance selection`, `market` and `frontier`: who comes, who joins, what terms would do it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from calculator import __version__
from calculator.assumptions import Register, load_assumptions
from calculator.cli.common import (
    JsonOption,
    ScenarioArgument,
    SetOption,
    app,
    loaded,
    say_json,
)
from calculator.cli.progress import step
from calculator.decision import decide
from calculator.errors import InputError
from calculator.part_d_inputs import horizon
from calculator.scenario import PlanScenario

SponsorsArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SPONSORS]", help="CSV or xlsx of sponsors; without it illustrative ones."
    ),
]
TermsOption = Annotated[str, typer.Option(help="Terms package.")]
RuleOption = Annotated[
    str | None, typer.Option(help="Launch rule: a share such as 0.8 or 80%, or none.")
]
ANNOUNCED = "announced_2025_12"


@app.command("selection")
def selection_command(
    scenario: ScenarioArgument,
    set_: SetOption = None,
    plans: Annotated[
        Path | None, typer.Option(help="CSV or xlsx of the region's plans and premiums.")
    ] = None,
    plan: Annotated[str | None, typer.Option(help="This plan's name in that table.")] = None,
    benchmark: Annotated[
        float | None, typer.Option(help="Low-income benchmark, USD PMPM; with --plans.")
    ] = None,
    resolution: Annotated[str, typer.Option(help="full or workbook.")] = "full",
    as_json: JsonOption = False,
) -> None:
    """Whether members who come in order to use the drug sink the plan."""
    from calculator.analysis.movers import choose, read_region, stated
    from calculator.analysis.selection_curves import curves
    from calculator.report import selection as report

    chosen = loaded(scenario, set_)
    if not isinstance(chosen, PlanScenario):
        raise InputError("scenario", "a Part D plan: selection is between plans", chosen.program)
    if plans is None and (plan is not None or benchmark is not None):
        raise InputError("--plans", "a table of plans, with --plan or --benchmark", "nothing")
    register = chosen.register()
    start, end = horizon(chosen, register)
    years = end.year - start.year + 1
    region = None
    if plans is not None:
        region = choose(read_region(plans), register, years, benchmark)
        chosen = chosen.with_settings(region.settings(plan))
    decision = decide(chosen, resolution=resolution)
    check = decision.selection
    found = None if chosen.plan.type == "egwp" else curves(chosen, resolution)
    said = stated(decision.register, years)
    if as_json:
        data: dict[str, Any] = {
            "scenario": chosen.name,
            "version": __version__,
            "fingerprint": decision.fingerprint,
            "selection": check.to_dict(),
            "sentence": report.headline(check),
            "stated": said.to_dict(),
            "curves": None if found is None else found.to_dict(),
        }
        if region is not None:
            data["choice"] = region.to_dict()
        say_json(data)
        return
    lines = [f"{chosen.name}: {chosen.label}", "", report.headline(check)]
    if found is not None:
        lines += ["", report.check_text(check), "", report.curves_text(found)]
        lines += ["", report.stated_text(said)]
    if region is not None:
        lines += ["", report.choice_text(region)]
    lines += [
        "",
        f"balance-calculator {__version__}, {resolution} resolution, {decision.fingerprint}",
    ]
    typer.echo("\n".join(lines))


@app.command("market")
def market_command(
    sponsors: SponsorsArgument = None,
    terms: TermsOption = ANNOUNCED,
    rule: RuleOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Which sponsors join under a terms package, and whether the model launches."""
    from calculator.analysis.market import launch_rule, market_dict, solve_shipped
    from calculator.analysis.sponsors import read_sponsors
    from calculator.report import market as report

    rows = read_sponsors(sponsors)
    asked = launch_rule(rule, _terms(terms))
    solved = solve_shipped(rows, terms, asked, seed=seed)
    if as_json:
        say_json({**market_dict(solved), "sentence": report.market_sentence(solved)})
        return
    lines = [_sponsor_line(sponsors, terms), "", report.market_sentence(solved), ""]
    typer.echo("\n".join([*lines, report.market_text(solved)]))


@app.command("frontier")
def frontier_command(
    sponsors: SponsorsArgument = None,
    terms: TermsOption = ANNOUNCED,
    rule: RuleOption = None,
    capitation_to: Annotated[
        float, typer.Option(min=1.0, max=2000.0, help="Highest capitation, USD a month.")
    ] = 200.0,
    variants: Annotated[
        bool, typer.Option(help="Also with other uptake, pricing and risk aversion.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """What terms would launch the model, and what they cost Medicare."""
    from calculator.analysis import frontier as analysis
    from calculator.analysis.market import launch_rule
    from calculator.analysis.sponsors import read_sponsors
    from calculator.report import market as report

    rows = read_sponsors(sponsors)
    asked = launch_rule(rule, _terms(terms))
    found = analysis.frontier(rows, terms, asked, capitation_to=capitation_to, progress=step)
    others = analysis.variants(rows, terms, asked, progress=step) if variants else {}
    if as_json:
        moved = {
            label: None if one.cheapest is None else vars(one.cheapest)
            for label, one in others.items()
        }
        said = {"sentence": report.frontier_sentence(found), "variants": moved}
        say_json({**analysis.to_dict(found), **said})
        return
    lines = [_sponsor_line(sponsors, terms), "", report.frontier_sentence(found), ""]
    typer.echo("\n".join([*lines, report.frontier_text(found, others)]))


def _terms(package: str) -> Register:
    """The assumptions under a terms package."""
    return load_assumptions().with_terms(package)


def _sponsor_line(path: Path | None, terms: str) -> str:
    """What market this is."""
    source = "the illustrative sponsors" if path is None else path.name
    return f"Market of {source} under {terms}"
