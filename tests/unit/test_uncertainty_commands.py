"""`balance tornado`, `breakeven`, `threshold`, `information`, `indices`: words, JSON, bad input."""

import importlib.util
import json

import pytest

from calculator import decide, load_scenario
from tests.commands import done, refused

REINSURANCE = "terms.extra_reinsurance.share"
CAPITATION = "terms.obesity_capitation.amount"
NET_PRICE = "terms.guaranteed_net_price"
FAST = ("--resolution", "workbook")
QUICK = {
    "tornado": (),
    "breakeven": ("--vary", "terms.guaranteed_net_price", "--high", "600"),
    "threshold": (
        *("--x", "terms.guaranteed_net_price", "--x-low", "100", "--x-high", "400"),
        *("--y", "assumptions.persistence.fills_per_month", "--points", "4"),
    ),
    "information": ("--draws", "64"),
    "indices": ("--draws", "16"),
}
needs_salib = pytest.mark.skipif(
    importlib.util.find_spec("SALib") is None, reason="needs the extra gsa"
)


@needs_salib
@pytest.mark.parametrize("command", QUICK)
@pytest.mark.parametrize("name", ["egwp", "state_covering"])
def test_every_command_speaks_and_gives_json(capsys, command, name):
    said = done(capsys, command, name, *QUICK[command], *FAST)
    data = json.loads(done(capsys, command, name, *QUICK[command], *FAST, "--json"))
    assert data["scenario"] == name
    assert data["program"] == load_scenario(name).program
    assert data["fingerprint"] == decide(load_scenario(name), resolution="workbook").fingerprint
    assert said.splitlines()[0].startswith(f"{name}: ")
    assert data["sentence"] in said
    assert data["fingerprint"] in said
    if command in ("information", "indices"):
        assert data["seed"] == 1
        assert "seed 1" in said


@pytest.mark.parametrize("command", ["tornado", "breakeven"])
def test_set_is_accepted(capsys, command):
    plain, changed = (
        json.loads(done(capsys, command, "egwp", *QUICK[command], *FAST, *more, "--json"))
        for more in ((), ("--set", "plan.members=30000"))
    )
    assert plain["fingerprint"] != changed["fingerprint"]


def test_the_tornado_holds_every_number(capsys):
    data = json.loads(done(capsys, "tornado", "mapd", *FAST, "--json"))
    assert data["value"]["pmpm"] == pytest.approx(
        decide(load_scenario("mapd"), resolution="workbook").value.pmpm
    )
    paths = [bar["path"] for bar in data["inputs"]]
    assert "plan.part_c_coding" in paths
    assert {one["path"] for one in data["without_range"]} == {REINSURANCE, CAPITATION}
    short, whole = (done(capsys, "tornado", "mapd", *FAST, *more) for more in ((), ("--all",)))
    assert len(whole.splitlines()) > len(short.splitlines())
    assert "Part C coding has no published range" in short


def test_a_break_even_and_none_in_this_range(capsys):
    within = ("breakeven", "pdp_regional", "--vary", REINSURANCE, *FAST)
    assert "Joining is worth nothing where" in done(capsys, *within)
    said = done(capsys, *within, "--high", "0.1")
    assert "none in this range" in said
    data = json.loads(done(capsys, *within, "--high", "0.1", "--json"))["breakeven"]
    assert data["root"] is None
    assert data["value_at_low"] < data["value_at_high"] < 0.0
    # A date as people write it.
    dated = ("breakeven", "pdp_regional", "--vary", f"{CAPITATION}.2029-01-01", *FAST)
    assert "(here $0 a month per treated member)" in done(capsys, *dated, "--high", "500")


def test_information_before_and_after_the_bid(capsys):
    said = done(capsys, "information", "pdp_regional", "--draws", "64", *FAST)
    assert "with exit, before the bid" in said
    assert "committed, before the bid" in said
    assert "with exit, after the bid" in said
    data = json.loads(
        done(capsys, "information", "pdp_regional", "--draws", "64", *FAST, "--json",
             "--exit-cost", "250000", "--seed", "3")
    )  # fmt: skip
    assert data["exit_cost"] == 250_000
    assert data["seed"] == 3
    assert data["reprices"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tornado", "pdp_regionl"), "pdp_regional"),
        (("tornado", "pdp_regional", "--resolution", "fine"), "full, workbook"),
        (("breakeven", "pdp_regional"), "vary"),
        (("breakeven", "pdp_regional", "--vary", "terms.copai"), "terms.copay"),
        (("breakeven", "pdp_regional", "--vary", "terms.mechanism"), "a path with a number"),
        (("breakeven", "pdp_regional", "--vary", REINSURANCE, "--low", "much"), "low"),
        (("breakeven", "pdp_regional", "--vary", REINSURANCE, "--low", "2"), "inside 0 to 1"),
        (
            ("breakeven", "pdp_regional", "--vary", REINSURANCE, "--low", "0.5", "--high", "0.2"),
            "low before high",
        ),
        (("breakeven", "pdp_regional", "--vary", ""), "path"),
        (("threshold", "pdp_regional", "--x", REINSURANCE, "--y", REINSURANCE), "another path"),
        (("threshold", "pdp_regional", "--x", REINSURANCE), "y"),
        (("threshold", "pdp_regional", "--x", "plan.membrs", "--y", REINSURANCE), "plan.members"),
        (
            ("threshold", "pdp_regional", "--x", REINSURANCE, "--y", CAPITATION, "--points", "0"),
            "2 to 101",
        ),
        (
            ("threshold", "egwp", "--x", REINSURANCE, "--y", CAPITATION, "--x-low", "0.9",
             "--x-high", "0.1"),
            "low before high",
        ),
        (("information", "pdp_regional", "--draws", "0"), "draws"),
        (("information", "pdp_regional", "--draws", "many"), "draws"),
        (("information", "pdp_regional", "--seed", "-1"), "seed"),
        (("information", "pdp_regional", "--exit-cost", "-5"), "from 0 up"),
        (("indices", "pdp_regional", "--draws", "-8"), "draws"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(capsys, arguments, said):
    assert said in refused(capsys, *arguments)


def test_without_salib_one_line_names_the_extra(capsys, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "SALib" else real(name)
    )
    line = refused(capsys, "indices", "state_covering", "--draws", "16")
    assert "balance-calculator[gsa]" in line
