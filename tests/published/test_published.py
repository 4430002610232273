"""Published results the calculator must reproduce, one readable file each."""

from pathlib import Path

import pytest

from tests.published import validation
from tests.published.results import CASES, FILES, Figure, compared

KINDS = {"published", "statute", "derived", "arithmetic", "calibration"}


@pytest.mark.parametrize("name", CASES)
def test_the_published_figure_is_reproduced(name):
    off = [one for one in compared(name) if not one.agreed]
    assert not off


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_explained_and_nothing_else_is(name):
    differ = [one for one in compared(name) if not (one.exact or one.to_its_digits)]
    if "difference" in CASES[name]:
        assert any(not one.exact for one in compared(name)), "explained, and there is none"
    else:
        assert not differ, "say in the file where the difference comes from: `difference`"


def test_every_file_says_what_it_is_and_where_it_comes_from():
    for name, case in CASES.items():
        assert case["id"].lower() == name.rpartition("-")[0]
        assert case["kind"] in KINDS
        assert case["what"]
        assert case["source"]


def test_no_published_result_has_gone_missing():
    wanted = {f"d{n}" for n in range(1, 16)} | {f"c{n}" for n in range(1, 10)}
    wanted |= {f"m{n}" for n in range(1, 8)}
    wanted |= {f"calibration_{year}" for year in (2025, 2026, 2027)}
    assert {path.stem for path in FILES} >= wanted


def test_the_document_says_what_the_run_gives():
    written = validation.DOCUMENT.read_text(encoding="utf-8")
    assert written == validation.document(), "make validation"


def test_every_test_that_the_document_names_exists():
    named = validation.named_tests()
    assert len(named) > 20
    for file in validation.named_files():
        assert (validation.ROOT / file).exists(), file
    missing = {(file, test) for file, test in named if test not in validation.tests_in(file)}
    assert not missing


def test_a_figure_that_is_off_is_found(monkeypatch):
    case = CASES["d3-1"]
    monkeypatch.setitem(CASES, "d3-off", {**case, "expected": Figure("55.99")})
    (found,) = compared("d3-off")
    assert not found.agreed
    assert not found.to_its_digits


def test_the_mutation_score_is_what_its_record_adds_up_to():
    record = validation.mutation()
    for file, counted in record["files"].items():
        assert counted["killed"] + counted["survived"] == counted["mutants"], file
        assert len(record["equivalent"].get(file, [])) <= counted["survived"]
        assert counted["killed"] / counted["mutants"] >= 0.85, file
        assert (Path(__file__).parents[2] / file).exists()
