"""Scenario files: whatever is in them, a decision or one line."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from calculator.scenario import load_scenario
from tests.fuzz.fuzzed import ANYTHING, balance, bounded

SHIPPED = {
    name: load_scenario(name).plain() for name in ("pdp_regional", "mapd", "state_ending_coverage")
}
OWN = {
    "spending": {"year": 2025, "strata": {"non_lis": {"weights": [0.4, 0.6]}}},
    "uncertainty": {"ranges": {"plan.spend_ratio": {"low": 0.9, "high": 1.1, "dist": "lognormal"}}},
    "observed": {"source": "a file", "paths": ["plan.members"]},
    "assumptions": {"uptake": {"initiation": {"2028-01-01": 0.1}}},
    "terms": {"package": "illustrative_all", "copay": {"2029-01-01": 40}},
    "therapy": {"persistence_points": {"3": 0.8, "12": 0.5}},
    "horizon": {"start": "2028-01-01", "end": "2030-12-31"},
}


def places(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in plain data."""
    found = [at]
    if isinstance(data, dict):
        for key, value in data.items():
            found += places(value, (*at, key))
    return found


@st.composite
def scenarios(draw: st.DrawFn) -> Any:
    """A shipped scenario with a few things changed, left out or added."""
    data: Any = copy.deepcopy(SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))])
    for key in draw(st.lists(st.sampled_from(sorted(OWN)), max_size=2, unique=True)):
        data[key] = {**data.get(key, {}), **copy.deepcopy(OWN[key])}
    for _ in range(draw(st.integers(0, 3))):
        *above, last = draw(st.sampled_from(places(data)[1:]))
        inner = data
        for key in above:
            inner = inner[key]
        match draw(st.sampled_from(["change", "change", "change", "drop", "add"])):
            case "change":
                inner[last] = draw(ANYTHING)
            case "drop":
                del inner[last]
            case "add":
                inner[draw(st.text(max_size=8))] = draw(ANYTHING)
    return data


def plain(data: Any) -> Any:
    """The same where JSON can write it."""
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    return data.isoformat() if isinstance(data, dt.date) else data


@bounded(50)
@given(data=scenarios(), as_json=st.booleans())
def test_a_scenario_with_anything_in_it_is_a_decision_or_one_line(data: Any, as_json: bool) -> None:
    if as_json:
        name, text = "own.json", json.dumps(plain(data))
    else:
        name, text = "own.yaml", yaml.safe_dump(data, allow_unicode=True)
    options = ["--resolution", "workbook", "--ledger", "ledger.csv"]
    balance({name: text.encode("utf-8", "replace")}, ["decide", name, *options])


@bounded(40)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_a_damaged_file_is_a_decision_or_one_line(data: st.DataObject, seed: int) -> None:
    base = yaml.safe_dump(SHIPPED["pdp_regional"]).encode()
    text = bytearray(base)
    chance = random.Random(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        at = chance.randrange(len(text) + 1)
        match data.draw(st.sampled_from(["cut", "put", "drop", "double"])):
            case "cut":
                del text[at:]
            case "put":
                text[at:at] = data.draw(
                    st.binary(max_size=4)
                    | st.sampled_from(
                        [b"\xff", b"\x00", b"\t", b"&a ", b"*a", b"<<: ", b"? ", b"!!x "]
                    )
                    | st.sampled_from(
                        [b"[" * 9, b"{", b": ", b"- ", b"---\n", b"...\n", b"%YAML 9\n"]
                    )
                )
            case "drop":
                del text[at : at + 5]
            case "double":
                text[at:at] = text[at : at + 60]
    name = data.draw(st.sampled_from(["own.yaml", "own.yml", "own.json"]))
    balance({name: bytes(text)}, ["decide", name, "--resolution", "workbook"])


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "{a: " * 20_000, "a: " + "9" * 5_000, "a:\n" * 3, "? {a: 1}\n: b", "&a [*a]",
     "- 1\n- 2", "'", "\ufeff", "name: 2028-02-30", "!!binary |\n  aGk=", "!!set {a}", "1: 2\n1: 3",
     "name: !!timestamp 2028-01-01T00:00:00+99:99", "a: 1e999999", "a: 1_0:59", "a: 0o8"],
    ids=range(17),
)  # fmt: skip
def test_yaml_at_its_oddest_is_one_line(text: str) -> None:
    assert balance({"own.yaml": text.encode()}, ["decide", "own.yaml"]).code == 2


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, '{"a": ' + "9" * 5_000 + "}", '{"a": 1, "a": 2}', "[1]",
     '{"a": NaN}', "null", '"a"', "{", '{"name": "\\ud800"}', "\ufeff{}"],
    ids=range(11),
)  # fmt: skip
def test_json_at_its_oddest_is_one_line(text: str) -> None:
    assert balance({"own.json": text.encode()}, ["decide", "own.json"]).code == 2
