"""`balance tornado`, `breakeven`, `threshold`, `information`, `indices`: what could change it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from calculator import __version__
from calculator.cli.common import JsonOption, ScenarioArgument, SetOption, app, loaded, say_json
from calculator.cli.progress import step
from calculator.result import Progress, fingerprint
from calculator.scenario import Scenario

ResolutionOption = Annotated[str, typer.Option(help="full or workbook.")]
DrawsOption = Annotated[int, typer.Option(help="Draws, rounded up to a power of two.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Same seed, same answer.")]

SECONDS_BETWEEN = 2.0


def _heading(scenario: Scenario, resolution: str) -> dict[str, Any]:
    """What identifies a run of these commands."""
    return {
        "program": scenario.program,
        "scenario": scenario.name,
        "version": __version__,
        "fingerprint": fingerprint(scenario, scenario.register(), resolution),
        "resolution": resolution,
    }


def _say(
    scenario: Scenario,
    resolution: str,
    sentence: str,
    text: str,
    data: dict[str, Any],
    as_json: bool,
) -> None:
    """The answer as JSON, or as a sentence with its table below."""
    heading = _heading(scenario, resolution)
    if as_json:
        say_json({**heading, **data, "sentence": sentence})
        return
    last = f"balance-calculator {__version__}, {resolution} resolution, {heading['fingerprint']}"
    parts = [f"{scenario.name}: {scenario.label}", sentence, text, last]
    typer.echo("\n\n".join(part for part in parts if part))


@app.command("tornado")
def tornado_command(
    scenario: ScenarioArgument,
    set_: SetOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every input, the still ones too.")] = False,
    resolution: ResolutionOption = "full",
    as_json: JsonOption = False,
) -> None:
    """Each uncertain input over its own range: which of them move the answer."""
    from calculator.analysis.sensitivity import tornado, tornado_dict
    from calculator.report import uncertainty as report

    chosen = loaded(scenario, set_)
    found = tornado(chosen, resolution)
    text = report.tornado_text(found, every=every)
    sentence = report.tornado_sentence(found)
    _say(chosen, resolution, sentence, text, tornado_dict(found), as_json)


@app.command("breakeven")
def breakeven_command(
    scenario: ScenarioArgument,
    vary: Annotated[str, typer.Option(metavar="PATH", help="Input or lever to vary.")],
    low: Annotated[float | None, typer.Option(help="Lowest value tried; else its bound.")] = None,
    high: Annotated[float | None, typer.Option(help="Highest value tried; else its bound.")] = None,
    set_: SetOption = None,
    resolution: ResolutionOption = "full",
    as_json: JsonOption = False,
) -> None:
    """The value of one input at which joining is worth nothing."""
    from calculator.analysis.sensitivity import breakeven, breakeven_dict, varied
    from calculator.report import uncertainty as report

    chosen = loaded(scenario, set_)
    found = breakeven(chosen, _path(vary), low, high, resolution)
    data = breakeven_dict(found, varied(chosen, found.path).register())
    sentence = report.breakeven_sentence(found, data["label"], data["unit"])
    _say(chosen, resolution, sentence, "", {"breakeven": data}, as_json)


@app.command("threshold")
def threshold_command(
    scenario: ScenarioArgument,
    x: Annotated[str, typer.Option(metavar="PATH", help="Input across the map.")],
    y: Annotated[str, typer.Option(metavar="PATH", help="Input up the map.")],
    x_low: Annotated[float | None, typer.Option(help="Range of x; else its own.")] = None,
    x_high: Annotated[float | None, typer.Option()] = None,
    y_low: Annotated[float | None, typer.Option(help="Range of y; else its own.")] = None,
    y_high: Annotated[float | None, typer.Option()] = None,
    points: Annotated[int, typer.Option(help="Values of each, 2 to 101.")] = 21,
    set_: SetOption = None,
    resolution: ResolutionOption = "full",
    as_json: JsonOption = False,
) -> None:
    """Two inputs at once: where joining pays, and the line on which it is worth nothing."""
    from calculator.analysis.threshold import threshold, threshold_dict
    from calculator.report import uncertainty as report

    chosen = loaded(scenario, set_)
    found = threshold(
        chosen,
        _path(x),
        _path(y),
        x_range=(x_low, x_high),
        y_range=(y_low, y_high),
        points=points,
        resolution=resolution,
    )
    text = report.threshold_text(found)
    sentence = report.threshold_sentence(found)
    _say(chosen, resolution, sentence, text, threshold_dict(found), as_json)


@app.command("information")
def information_command(
    scenario: ScenarioArgument,
    draws: DrawsOption = 1024,
    seed: SeedOption = 1,
    exit_cost: Annotated[
        float | None,
        typer.Option(help="USD to leave after the first year; else a year's fixed cost."),
    ] = None,
    set_: SetOption = None,
    resolution: ResolutionOption = "full",
    as_json: JsonOption = False,
) -> None:
    """Which number is worth finding out first, before the bid and after it."""
    from calculator.analysis.learning import information_dict, information_of
    from calculator.report import uncertainty as report

    chosen = loaded(scenario, set_)
    found = information_of(
        chosen,
        draws,
        seed,
        exit_cost=exit_cost,
        resolution=resolution,
        progress=_meter("steps"),
    )
    text = report.information_text(found)
    sentence = report.information_sentence(found)
    _say(chosen, resolution, sentence, text, information_dict(found), as_json)


@app.command("indices")
def indices_command(
    scenario: ScenarioArgument,
    draws: DrawsOption = 256,
    seed: SeedOption = 1,
    set_: SetOption = None,
    resolution: ResolutionOption = "full",
    as_json: JsonOption = False,
) -> None:
    """How much of the spread of value each input explains: Sobol indices (extra gsa)."""
    from calculator.analysis.indices import indices, indices_dict, runs_needed
    from calculator.report import uncertainty as report

    chosen = loaded(scenario, set_)
    step(f"{runs_needed(chosen, draws):,} runs: draws x (uncertain inputs + 2)")
    found = indices(chosen, draws, seed, resolution=resolution, progress=_meter("runs"))
    text = report.indices_text(found)
    sentence = report.indices_sentence(found)
    _say(chosen, resolution, sentence, text, indices_dict(found), as_json)


def _meter(what: str) -> Progress:
    """Says now and then how far long work has come."""
    said = time.monotonic()

    def progress(done: int, count: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN and done < count:
            said = time.monotonic()
            step(f"{done:,} of {count:,} {what}")

    return progress


def _path(given: str) -> str:
    """A path as it is written everywhere; 2029-01-01 in it is understood as 2029_01_01."""
    return given.strip().replace("-", "_")
