"""Arguments of every command: whatever is typed, an answer or one line."""

from __future__ import annotations

import typer
from hypothesis import given
from hypothesis import strategies as st

from calculator.cli import app
from tests.fuzz.fuzzed import ODD_TEXT, balance, bounded

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
# It starts a server.
SERVER = "app"
WORDS = (
    ODD_TEXT
    | st.text(max_size=8)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(["pdp_regional", "state_covering", "out.csv", "workbook", "full", "2026"])
    | st.sampled_from(["plan.members=5", "plan.members", "terms.copay.2029-01-01=5", "a=b=c", "=1"])
    | st.sampled_from(["therapy.mix={wegovy: 1}", "horizon.start=2028-01-01", "terms.copay=[1"])
    | st.sampled_from(["-1", "nan", "80%", "plan.members=none", "assumptions.uptake=1", "--set"])
)


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A command with options of its own and odd words after them."""
    name = draw(st.sampled_from(sorted(set(COMMANDS) - {SERVER})))
    options = [
        opt
        for parameter in COMMANDS[name].params
        for opt in getattr(parameter, "opts", [])
        if opt.startswith("--")
    ]
    found = [name]
    for _ in range(draw(st.integers(0, 4))):
        found.append(draw(st.sampled_from(options) | WORDS))
        if draw(st.booleans()):
            found.append(draw(WORDS))
    # One word that no command takes: a run that takes seconds is not what is looked for here.
    return [*found, draw(st.sampled_from(["--no-such-option", "one", "--json=1"]))]


@bounded(90)
@given(arguments=lines())
def test_any_arguments_of_any_command_are_one_line_or_an_answer(arguments: list[str]) -> None:
    balance({}, arguments)


# Options whose text is read by the project, with a command that needs no seconds for them.
READ = {
    ("decide", "pdp_regional", "--resolution", "workbook"): [
        "--set", "--draws", "--seed", "--loss-usd", "--loss-share", "--resolution", "--memo",
        "--xlsx", "--ledger",
    ],
    ("breakeven", "pdp_regional", "--resolution", "workbook", "--vary"): ["--low", "--high"],
    ("template", "--out"): ["--program", "--scenario"],
    ("sources",): ["--status"],
    ("states",): ["--terms", "--out"],
    ("adjudicate", "nowhere.csv", "--year"): ["--memory", "--temp", "--set", "--terms", "--layout"],
    ("synthesize", "--members", "12", "--year", "2026", "--out"): ["--seed", "--terms"],
    ("market", "sponsors.csv"): ["--terms", "--rule", "--seed"],
    ("selection", "pdp_regional", "--resolution", "workbook"): ["--plans", "--plan", "--benchmark"],
}  # fmt: skip


@bounded(40)
@given(data=st.data())
def test_any_value_of_an_option_is_one_line_or_an_answer(data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(sorted(READ)))
    found = list(start)
    if start[-1] in ("--vary", "--out", "--year"):
        found.append(data.draw(WORDS))
    option = data.draw(st.sampled_from(READ[start]))
    value = data.draw(WORDS)
    if option == "--draws" and value.isdigit() and len(value) > 2:
        value = "64"
    balance({}, [*found, option, value])
