"""A plan's workbook is the engine's own run: as written, recalculated, and changed in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from openxml_audit import OpenXmlValidator
from typer.testing import CliRunner

from calculator import decide, load_scenario
from calculator.cli import app
from calculator.errors import InputError
from calculator.model import ledger as words
from calculator.part_d_decision import RESOLUTIONS, PlanDecision
from calculator.report.table import LINE_LABELS
from calculator.report.verdict import opening
from calculator.report.words import dollars
from calculator.report.workbook import part_d, write_workbook
from calculator.report.workbook.book import Book
from calculator.report.workbook.cells import Live
from calculator.report.workbook.frame import base_register
from calculator.report.workbook.inputs import Row
from calculator.report.workbook.part_d_crosswalk import CROSSWALK
from calculator.report.workbook.part_d_levels import levels
from calculator.scenario import PlanScenario
from calculator.scenario import scenario_of as scenario_from
from calculator.ui.downloads import workbook_bytes
from tests.unit.plans import PACKAGES, SHIPPED, plans
from tests.workbook.recalculated import recalculated
from tests.workbook.test_medicaid import _exists

RELATIVE = 1e-9
# A value is what two large results leave: rounding is against them.
OF_GROSS = 1e-12
MOST_FORMULAS = 30_000
# Functions that every spreadsheet since 2007 knows.
KNOWN = {
    "SUM", "SUMPRODUCT", "MIN", "MAX", "IF", "AND", "OR", "ABS", "EXP", "LN", "ROUND", "INDEX",
    "MATCH",
}  # fmt: skip
# No figures of the world: months of a year, half a month, digits a result is rounded to, the
# million of the sentence; years, which shape the sheets, are looked at apart.
CONSTANTS = {"0", "1", "2", "3", "4", "5", "6", "12", "0.5", "1000000"}
# Powers of ten by which the summary says an amount.
TENS = {"10", "100", "1000", "10000", "100000", "1000000000"}
# Sheets of the model: what stands there is a formula, or shapes the sheets, or comes of a solver.
MODEL = ("Persistence", "Cohort", "Selection", "Windows", "Drug costs", "Who pays", "Payment",
         "Decision", "Bid crosswalk")  # fmt: skip
OWN_GROUP = {
    "zero_share": 0.1,
    "points": [100.0, 400.0, 1500.0, 6000.0, 20000.0],
    "applicable": [0.3, 0.4, 0.5, 0.6, 0.7],
    "selected": [0.0, 0.0, 0.1, 0.1, 0.2],
}


def scenario_of(name: str, changes: Mapping[str, Any] | None = None) -> PlanScenario:
    """A shipped scenario with paths changed; a whole section is given by its name."""
    paths = dict(changes or {})
    sections = {key: paths.pop(key) for key in ("own_coverage", "spending") if key in paths}
    found = load_scenario(name)
    if sections:
        data = found.model_dump(mode="json", exclude_none=True)
        data |= {key: section for key, section in sections.items() if section}
        for key, section in sections.items():
            if not section:
                data.pop(key)
        found = scenario_from(data)
    found = found.with_settings(paths)
    assert isinstance(found, PlanScenario)
    return found


def decided(scenario: PlanScenario) -> PlanDecision:
    found = decide(scenario, resolution="workbook")
    assert isinstance(found, PlanDecision)
    return found


def book_of(decision: PlanDecision, *, whole: bool = False) -> Book:
    """The workbook; without what the engine says beside the formulas, which takes longest."""
    base = base_register(decision.scenario)
    if whole:
        return part_d.plan_book(decision, base)
    with ExitStack() as stack:
        for name in ("sensitivity", "verdict", "selection_check"):
            stack.enter_context(patch.object(part_d, name))
        return part_d.plan_book(decision, base)


@cache
def shipped(name: str) -> tuple[PlanDecision, Book]:
    decision = decided(scenario_of(name))
    return decision, book_of(decision, whole=True)


def outputs(decision: PlanDecision) -> dict[str, float]:
    """Every named result, as the engine has it."""
    found = {
        "out_value_total": decision.value.total,
        "out_value_present_value": decision.value.present_value,
        "out_value_pmpm": decision.value.pmpm,
        **{f"out_value_{year}": usd for year, usd in decision.value.by_period.items()},
    }
    for branch, ledger in decision.ledgers().items():
        lines = words.plan_result_by_line(ledger)
        for line in LINE_LABELS:
            wide = np.broadcast_to(lines[line], (1, len(decision.years)))[0]
            for year, usd in zip(decision.years, wide, strict=True):
                found[f"out_{branch}_{line}_{year}"] = float(usd)
    return found


def assert_same(values: Mapping[str, Any], decision: PlanDecision) -> None:
    gross = float(np.max(decision.evaluation.costs.join.gross))
    wanted = outputs(decision)
    assert set(wanted) == {name for name in values if name.startswith("out_")}
    for name, amount in wanted.items():
        given = values[name]
        assert isinstance(given, int | float), f"{name} holds {given!r}"
        assert given == pytest.approx(amount, rel=RELATIVE, abs=OF_GROSS * gross), name
    assert values["checks_broken"] == 0


# ------------------------------------------------------------------------------------ as written


@pytest.mark.parametrize("name", SHIPPED)
def test_every_result_of_a_shipped_plan_is_the_engines(name: str) -> None:
    decision, book = shipped(name)
    assert_same(book.values(), decision)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_of_terms(package: str) -> None:
    for name in SHIPPED:
        decision = decided(scenario_of(name, {"terms.package": package}))
        assert_same(book_of(decision).values(), decision)


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "who comes is in the value": ("pdp_regional", {"selection.include": True}),
    "and priced from the first year": (
        "mapd",
        {"selection.include": True, "assumptions.selection.priced_from_year": 1,
         "terms.package": "illustrative_all", "therapy.offsets": "cbo"},
    ),
    "from 2027, with the Bridge inside": (
        "mapd", {"horizon.start": "2027-01-01", "therapy.offsets": "upper",
                 "plan.part_c_coding": 250.0},
    ),
    "from 2029, after the Bridge": ("pdp_regional", {"horizon.start": "2029-01-01"}),
    "one year": (
        "pdp_regional", {"horizon.start": "2031-01-01", "horizon.end": "2031-12-31"}
    ),
    "own persistence": (
        "dsnp", {"therapy.persistence_points": {3: 0.8, 12: 0.5, 24: 0.3},
                 "terms.lifestyle_support": True,
                 "assumptions.persistence.hazard_ratio_lifestyle": 0.9},
    ),
    "own coverage of a plan with a bid": (
        "pdp_regional", {"own_coverage": {"net_price": 300, "copay": 20, "initiation_ratio": 1.2}}
    ),
    "own coverage of a plan with a zero premium": (
        "mapd", {"own_coverage": {"net_price": 5000, "copay": 1000, "initiation_ratio": 0.4}}
    ),
    "an employer plan without it": ("egwp", {"own_coverage": None}),
    "own spending with its GLP-1 drugs": (
        "pdp_regional", {"spending": {"year": 2025, "glp1": "included", "non_lis": OWN_GROUP,
                                      "lis": OWN_GROUP}},
    ),
    "own spending without them": (
        "pdp_regional", {"spending": {"year": 2025, "glp1": "left_out", "non_lis": OWN_GROUP,
                                      "lis": OWN_GROUP},
                         "terms.mechanism": "point_of_sale"},
    ),
    "one product": ("pdp_regional", {"therapy.mix": {"wegovy": 1.0}}),
    "a lever that changes by date": (
        "pdp_regional", {"terms.copay.2030_01_01": 75.0,
                         "terms.extra_reinsurance.share.2029_01_01": 0.3,
                         "terms.extra_reinsurance.phase": "catastrophic"},
    ),
    "no guaranteed price": (
        "pdp_regional", {"terms.guaranteed_net_price": None, "terms.mechanism": "point_of_sale"}
    ),
    "at the benchmark, waived, stabilised": (
        "pdp_national",
        {"plan.waive_de_minimis": True, "plan.benchmark_headroom": 0.1,
         "plan.low_income_benchmark": 40.0, "terms.premium_stabilisation.amount": 0.05,
         "terms.premium_stabilisation.cap_on_rise": 0.1, "rivals.bid_change": 3.0,
         "rivals.premium_change": 0.2, "rivals.lis_bid_change": 0.5},
    ),
    "a threshold below the deductible": (
        "pdp_regional", {"assumptions.benefit.deductible": 3000.0,
                         "assumptions.benefit.oop_threshold": 900.0,
                         "terms.deductible_exempt": False, "terms.existing_users": "broad"},
    ),
    "no coinsurance, no deductible": (
        "pdp_regional", {"assumptions.benefit.deductible": 0.0,
                         "assumptions.benefit.initial_coinsurance": 0.0,
                         "assumptions.drugs.existing_fills_per_month": 0.0},
    ),
    "copays reach the threshold": ("dsnp", {"terms.copay": 400.0, "terms.lis_rule": "full_copay"}),
    "nobody is eligible": ("pdp_regional", {"assumptions.uptake.eligible_share": 0.0}),
    "everybody stops at once": (
        "pdp_regional", {"assumptions.persistence.denmark_scale": 0.5,
                         "assumptions.persistence.denmark_kappa": 3.0}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_plan(case: str) -> None:
    name, changes = CASES[case]
    decision = decided(scenario_of(name, changes))
    book = book_of(decision)
    assert_same(book.values(), decision)
    assert book.formulas() <= MOST_FORMULAS


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(plans())
def test_any_plan_under_any_terms(scenario: PlanScenario) -> None:
    decision = decided(scenario)
    assert_same(book_of(decision).values(), decision)


@pytest.mark.parametrize("name", SHIPPED)
def test_full_resolution_is_near(name: str) -> None:
    full, here = decide(scenario_of(name)).value, shipped(name)[0].value
    gap = abs(here.pmpm - full.pmpm)
    assert gap <= 0.01 or gap <= 0.01 * abs(full.pmpm)


# --------------------------------------------------------------- what is said beside the figures


@pytest.mark.parametrize("name", SHIPPED)
def test_the_live_sentence_says_what_the_engine_says(name: str) -> None:
    decision, book = shipped(name)
    said, full = book.values(), decide(scenario_of(name))
    assert said["summary_sentence"] == opening(decision)
    gap = abs(decision.value.total - full.value.total)
    apart = "less than half a cent PMPM"
    wanted = (
        f"These formulas use {RESOLUTIONS['workbook']} points of spending a group; in full the"
        f" value was {dollars(full.value.total)} (difference {dollars(gap)}, {apart}) when this"
        " file was written."
    )
    assert abs(decision.value.pmpm - full.value.pmpm) < 0.005
    assert said["summary_full"] == wanted
    assert said["summary_changed"] == "No input was changed since this file was written."
    assert said["summary_checks"] == "All checks hold."
    assert said["inputs_outside"] == said["inputs_changed"] == said["checks_broken"] == 0


def test_where_the_difference_is_larger_it_is_said_in_cents() -> None:
    """An input that moves nothing but the resolution's own error is not hidden behind a phrase."""
    decision = decided(scenario_of("pdp_regional", {"plan.members": 1_000.0}))
    full = decide(scenario_of("pdp_regional", {"plan.members": 1_000.0}))
    moved = replace(full, scenario=decision.scenario)
    moved.__dict__["value"] = replace(full.value, pmpm=full.value.pmpm + 0.2)
    with patch.object(part_d, "decide", lambda *_, **__: moved):
        said = book_of(decision).values()["summary_full"]
    assert f"${round(abs(decision.value.pmpm - moved.value.pmpm), 2):.2f} PMPM)" in said


def crosswalk_rows(book: Book, title: str) -> dict[str, list[list[float]]]:
    """Label -> live cells, levels in full and differences of a branch of the bid crosswalk."""
    sheet = book.sheets[CROSSWALK]
    top = next(
        row
        for (row, column), (content, _, _) in sorted(sheet.cells.items())
        if column == 0 and isinstance(content, str) and content.startswith(title)
    )
    found: dict[str, list[list[float]]] = {}
    row = top + 2
    while (row, 0) in sheet.cells:
        cells = [
            (column, getattr(sheet.cells[row, column][0], "value", sheet.cells[row, column][0]))
            for column in range(3, 40)
            if (row, column) in sheet.cells
        ]
        count = len(cells) // 3 if title != "Change" and not title.startswith("To") else len(cells)
        values = [value for _, value in cells]
        found[sheet.cells[row, 0][0]] = [
            values[at : at + count] for at in range(0, len(values), count)
        ]
        row += 1
    return found


CROSSED = {
    "priced at cost": ("pdp_regional", {}),
    "a bid of its own": ("mapd", {"plan.bid": 250.0, "terms.package": "illustrative_all"}),
    "with those who come": (
        "pdp_regional",
        {"selection.include": True, "plan.bid": 300.0, "terms.extra_reinsurance.share": 0.4},
    ),
    "no bid": ("egwp", {}),
}


@pytest.mark.parametrize("case", CROSSED)
def test_the_bid_crosswalk_foots_and_has_the_levels_in_full(case: str) -> None:
    name, changes = CROSSED[case]
    scenario = scenario_of(name, changes)
    decision, full = decided(scenario), decide(scenario)
    assert isinstance(full, PlanDecision)
    book = book_of(decision)
    here, best = levels(decision), levels(full)
    priced = decision.register.number("assumptions.payment.priced_share")[0]
    for branch, title in (("join", "Joining"), ("stay_out", "Staying out")):
        rows = crosswalk_rows(book, title)
        for place, (live, grey, apart) in enumerate(rows.values()):
            assert live == pytest.approx(here[branch][place].tolist(), rel=1e-9, abs=1e-9)
            assert grey == best[branch][place].tolist()
            off = [one - other for one, other in zip(live, grey, strict=True)]
            assert apart == pytest.approx(off, abs=0.00501)
        column = np.array([cells[0] for cells in rows.values()])
        labels = list(rows)
        signs = np.array([-1 if x.startswith("less") else 1 if x.startswith("plus") else 0
                          for x in labels])[:, None]  # fmt: skip
        left = labels.index("Left to the plan")
        allowed = labels.index("Allowed")
        sums = column[allowed] + (signs * column)[allowed:left].sum(axis=0)
        assert sums == pytest.approx(column[left], rel=1e-12)
        if name == "egwp":
            continue
        bid = labels.index("Bid at the plan's risk score")
        sums = column[left] + (signs * column)[left:bid].sum(axis=0)
        assert sums == pytest.approx(column[bid], rel=1e-12)
        unpriced = column[labels.index("less added cost that is not priced")]
        if "selection.include" not in changes:
            net = decision.evaluation.result.net_cost[0] if branch == "join" else 0.0 * unpriced
            assert unpriced == pytest.approx((1 - priced) * net, rel=1e-9, abs=1e-12)
            assert branch != "join" or abs(unpriced).max() > 0.01
        below = column[labels.index("less cost that the bid entered for the plan does not carry")]
        if "plan.bid" not in changes:
            assert below == pytest.approx(0.0 * below, abs=1e-9)
        else:
            assert abs(below).min() > 1
    out, change = crosswalk_rows(book, "Staying out"), crosswalk_rows(book, "Change")
    for label, (cells,) in crosswalk_rows(book, "To carry over").items():
        if label not in out:
            continue  # the note and the heading of the block
        wanted = [one + other for one, other in zip(out[label][1], change[label][0], strict=True)]
        assert cells == pytest.approx(wanted, rel=1e-12, abs=1e-12)


# ------------------------------------------------------------- nothing is baked into a formula


def moved(row: Row) -> Any:
    """Another value that the row allows."""
    value = row.content
    if row.choices == ("yes", "no"):
        return not value
    if row.choices:
        return next(one for one in row.choices if one != value)
    assert row.bounds is not None
    low, high = row.bounds
    if value is None or value != value:
        return low + 0.25 * (high - low)
    for other in (value * 1.07, value * 0.93, value + 0.3, value - 0.3):
        if low <= other <= high and other != value:
            return other
    raise AssertionError(row.path)


def paths_of(book: Book) -> dict[str, str]:
    """Name of every input cell -> its path, as the sheet says it."""
    cells = book.sheets["Inputs"].cells
    return {
        name: cells[ref.first[0], 5][0]
        for name, ref in book.names.items()
        if name.startswith("in_")
    }


def changes_of(book: Book, rows: Mapping[Any, Row], group: int) -> dict[str, Any]:
    """Half of the inputs with another value: path -> value."""
    found = {}
    paths = paths_of(book)
    for key, name in book.given.items():
        row = rows.get(key)
        # A share of the mix leaves the rest to the others.
        if row is None or row.prefix != "in" or row.path.startswith("therapy.mix"):
            continue
        if sum(map(ord, name)) % 2 == group:
            found[paths[name]] = moved(row)
    return found


def model_cells(book: Book) -> Iterator[tuple[tuple[str, int, int], str]]:
    """What stands in the model's sheets: formulas, numbers and text."""
    for name, sheet in book.sheets.items():
        if name in MODEL or name.startswith("Benefit"):
            for (row, column), (content, _, _) in sheet.cells.items():
                if name == CROSSWALK and isinstance(content, float):
                    continue  # the calculator in full beside the formulas: it has the inputs
                if isinstance(content, Live):
                    text = content.text(name)
                else:
                    # What a solver found is the same but for rounding.
                    text = content if isinstance(content, str) else f"{float(content or 0):.9g}"
                yield (name, row, column), text


@pytest.mark.parametrize("group", [0, 1])
@pytest.mark.parametrize("name", ["pdp_national", "egwp"])
def test_an_input_changes_no_formula_and_no_other_cell_of_the_model(name: str, group: int) -> None:
    """Whatever an input's value: the formulas are the same, so no constant is an input's."""
    kept = {}
    build = part_d.Inputs

    def remembered(*given: Any) -> Any:
        kept["inputs"] = build(*given)
        return kept["inputs"]

    with patch.object(part_d, "Inputs", remembered):
        decision = decided(scenario_of(name))
        book = book_of(decision)
        changes = changes_of(book, kept["inputs"].rows, group)
        assert len(changes) > 30
        scenario = decision.scenario.with_settings(changes)
        other_decision = decided(scenario)
        other = book_of(other_decision)
    assert_same(other.values(), other_decision)
    before, after = dict(model_cells(book)), dict(model_cells(other))
    differ = {
        place: (before.get(place), after.get(place))
        for place in before.keys() | after.keys()
        if before.get(place) != after.get(place)
    }
    assert not differ, (len(differ), list(differ.items())[:5])


# ------------------------------------------------------------------------------------- the file


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The file of a shipped plan, written once."""
    folder = tmp_path_factory.mktemp("plans")

    def file(name: str) -> Path:
        path = folder / f"{name}.xlsx"
        if not path.exists():
            shipped(name)[1].write(path)
        return path

    return file


@pytest.mark.parametrize("name", SHIPPED)
def test_every_stored_value_is_what_libreoffice_calculates(
    name: str, written: Any, tmp_path: Path, needs: Any
) -> None:
    soffice = needs("libreoffice")
    decision, book = shipped(name)
    found = recalculated(written(name), tmp_path, soffice)
    assert_same({k: v for k, v in found.items() if k in book.names}, decision)
    for key, value in book.values().items():
        if isinstance(value, str):
            assert found[key] == value, key
        elif value is not None and value == value:
            assert found[key] == pytest.approx(value, rel=RELATIVE, abs=1e-6), key


CHANGED: dict[str, dict[str, Any]] = {
    "pdp_regional": {
        "plan.members": 52_000.0,
        "plan.spend_ratio": 1.1,
        "plan.bid": 260.0,
        "terms.guaranteed_net_price": 199.0,
        "terms.copay": 35.0,
        "terms.obesity_capitation.amount": 22.0,
        "terms.obesity_capitation.per": "enrolled",
        "terms.extra_reinsurance.share": 0.25,
        "terms.net_includes_discount": False,
        "therapy.curve": "prime_2024",
        "therapy.mix.wegovy": 0.3,
        "selection.include": True,
        "assumptions.uptake.initiation.2029_01_01": 0.2,
        "assumptions.uptake.bridge_conversion": 0.6,
        "assumptions.payment.priced_share": 0.8,
        "assumptions.payment.dir_allocation": "by_drug",
        "assumptions.benefit.oop_threshold.2027_01_01": 2600.0,
    },
    "mapd": {
        "plan.member_trend": 0.03,
        "plan.risk_score": 1.05,
        "plan.retained_share": 0.6,
        "plan.part_c_coding": 120.0,
        "plan.rebate_funded_share": 0.4,
        "therapy.offsets": "cbo",
        "terms.mechanism": "point_of_sale",
        "terms.existing_users": "broad",
        "terms.deductible_exempt": False,
        "terms.corridor.first_threshold": 0.01,
        "assumptions.persistence.restart_one_year": 0.1,
        "assumptions.persistence.fills_per_month": 0.9,
    },
    "egwp": {
        "own_coverage.net_price": 380.0,
        "own_coverage.copay": 40.0,
        "own_coverage.initiation_ratio": 0.9,
        "plan.members": 9_000.0,
        "terms.copay": 60.0,
        "terms.lis_rule": "full_copay",
        "terms.administrative_support.pmpm": 0.2,
        "terms.lifestyle_support": False,
        "assumptions.drugs.zepbound_list_price": 900.0,
        "assumptions.administration.fixed_cost": 250_000.0,
        "assumptions.payment.discount_rate": 0.05,
    },
}


@pytest.mark.parametrize("name", CHANGED)
def test_inputs_changed_in_the_file_give_what_the_engine_gives(
    name: str, written: Any, tmp_path: Path, needs: Any
) -> None:
    soffice = needs("libreoffice")
    book = shipped(name)[1]
    names = {path: cell for cell, path in paths_of(book).items()}
    changes = CHANGED[name]
    assert len(changes) > 10
    typed = {
        names[path]: {True: "yes", False: "no"}.get(value, value)
        if isinstance(value, bool)
        else value
        for path, value in changes.items()
    }
    found = recalculated(written(name), tmp_path, soffice, typed)
    back = load_scenario(tmp_path / f"{name}_bare.xlsx")
    assert isinstance(back, PlanScenario)
    decision = decided(back)
    assert decision.value.total != pytest.approx(shipped(name)[0].value.total, rel=0.01)
    assert_same({k: v for k, v in found.items() if k in book.names}, decision)
    if "therapy.mix.wegovy" in changes:
        # The last product takes what the others leave.
        changes = changes | {"therapy.mix": {"wegovy": 0.3, "zepbound": 0.45, "foundayo": 0.25}}
        del changes["therapy.mix.wegovy"]
    told = decided(scenario_of(name, changes))
    assert decision.value.by_period == pytest.approx(told.value.by_period, rel=RELATIVE)


OUTSIDE: dict[str, tuple[dict[str, Any], int]] = {
    "numbers and a word": (
        {"terms.copay": 501.0, "assumptions.payment.priced_share": -0.1,
         "terms.lis_rule": "as_you_like", "plan.members": 30_000.0}, 3,
    ),
    "at the limits": ({"terms.copay": 500.0, "assumptions.payment.priced_share": 1.0}, 0),
    "none where none may be": ({"terms.guaranteed_net_price": None, "plan.bid": 0.0}, 0),
    "none where there must be one": ({"terms.copay": None, "terms.lis_rule": None}, 2),
    "a text for a number": ({"terms.copay": "fifty"}, 1),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTSIDE)
def test_an_input_outside_its_limits_is_counted_and_said(
    case: str, written: Any, tmp_path: Path, needs: Any
) -> None:
    soffice = needs("libreoffice")
    changes, outside = OUTSIDE[case]
    names = {path: cell for cell, path in paths_of(shipped("pdp_regional")[1]).items()}
    typed = {names[path]: value for path, value in changes.items()}
    found = recalculated(written("pdp_regional"), tmp_path, soffice, typed)
    assert found["inputs_outside"] == outside
    assert found["inputs_changed"] == len(changes)
    if case != "a text for a number":  # which leaves the sums without a value
        assert found["checks_broken"] == outside
    said = found["summary_checks"]
    if outside == 0:
        assert said == "All checks hold."
    else:
        noun = "1 input is" if outside == 1 else f"{outside} inputs are"
        ending = "outside what is allowed: see Checks; do not use these figures."
        assert said == f"{noun} {ending}"
    noun = "1 input was" if len(changes) == 1 else f"{len(changes)} inputs were"
    ending = "changed since; the grey sentence is of the file as written."
    assert found["summary_changed"] == f"{noun} {ending}"


TOKEN = re.compile(
    r"""("[^"]*")|('[^']*'!)|([A-Za-z_][A-Za-z0-9_.]*)(\(?)|(\d+\.?\d*(?:E[+-]?\d+)?)"""
)


def parts_of(formula: str) -> tuple[set[str], set[str]]:
    """Functions and constants of a formula."""
    functions, constants = set(), set()
    bare = re.sub(r"\$[A-Z]+\$\d+", "", formula)
    for text, _, word, opened, number in TOKEN.findall(bare):
        if text:
            continue
        if word and opened:
            functions.add(word)
        if number:
            constants.add(number)
    return functions, constants


def test_a_formula_has_known_functions_and_no_constant_of_the_world() -> None:
    for name in SHIPPED:
        book = shipped(name)[1]
        assert book.formulas() <= MOST_FORMULAS
        years = {str(year) for year in range(2023, 2032)}
        for sheet in book.sheets.values():
            for content, _, _ in sheet.cells.values():
                if isinstance(content, Live):
                    functions, constants = parts_of(content.text(sheet.name))
                    assert functions <= KNOWN, content.text(sheet.name)
                    known = CONSTANTS | TENS if sheet.name == "Summary" else CONSTANTS
                    assert constants <= known | years, content.text(sheet.name)


def test_every_function_named_beside_a_step_exists() -> None:
    """A reviewer finds the equation: module.function, or module.Class."""
    found = set()
    for name in ("pdp_regional", "egwp"):
        for title, sheet in shipped(name)[1].sheets.items():
            if title in MODEL or title.startswith("Benefit"):
                for content, look, _ in sheet.cells.values():
                    if look in ("note", "shrunk") and isinstance(content, str):
                        found.update(re.findall(r"^[a-z_]+\.\w+$", content))
    assert len(found) > 40
    for step in sorted(found):
        module, *names = step.split(".")
        assert _exists(module, names), step


@pytest.mark.parametrize("name", SHIPPED)
def test_the_file_is_clean_and_small(name: str, written: Any) -> None:
    path = written(name)
    assert path.stat().st_size < 5_000_000
    result = OpenXmlValidator().validate(str(path))
    assert result.is_valid, result.errors
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:3] == ["Summary", "Inputs", "Assumptions"]
    assert book.sheetnames[-4:] == ["Sensitivity", "Bid crosswalk", "Checks", "About"]
    for sheet in book.worksheets:
        assert sheet.print_area
        if sheet.title not in ("Summary", "Checks", "About"):
            assert sheet.freeze_panes, sheet.title


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    names = ("=1+1", "+2", "-3", "@SUM(1)")
    for place, name in enumerate(names):
        scenario = scenario_of("pdp_regional", {"name": name, "label": f"{name} as a label"})
        decision = decided(scenario)
        path = tmp_path / f"{place}.xlsx"
        book_of(decision).write(path)
        for sheet in openpyxl.load_workbook(path).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        assert str(cell.value)[1:] not in names
                        assert "as a label" not in str(cell.value)
        title = openpyxl.load_workbook(path)["Summary"]["A1"]
        assert title.data_type == "s"
        assert str(title.value).startswith(name)


@pytest.mark.parametrize("name", ["mapd", "state_covering"])
def test_the_page_hands_the_workbook_over(name: str, tmp_path: Path) -> None:
    decision = decide(load_scenario(name))
    path = tmp_path / "page.xlsx"
    path.write_bytes(workbook_bytes(decision.fingerprint, decision))
    assert load_scenario(path) == decision.scenario


def test_the_command_writes_the_file_and_reads_it_back(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    said = CliRunner().invoke(app, ["decide", "dsnp", "--xlsx", str(path)])
    assert said.exit_code == 0, said.output
    again = CliRunner().invoke(app, ["decide", str(path)])
    first, second = (
        [line for line in one.output.splitlines() if line.startswith("balance-calculator")]
        for one in (said, again)
    )
    assert first == second
    assert len(first) == 1


@pytest.mark.parametrize(
    ("place", "told"),
    [("plan.csv", "ends in .xlsx"), ("none/plan.xlsx", "a folder that exists"), (".xlsx", "")],
)
def test_a_file_that_cannot_be_written_is_named(place: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / place
    if not told:
        path.mkdir()
        path = path.rename(tmp_path / "folder.xlsx")
        told = "which is a folder"
    with pytest.raises(InputError, match=told):
        write_workbook(scenario_of("dsnp"), path)
    said = CliRunner().invoke(app, ["decide", "dsnp", "--xlsx", str(path)])
    assert isinstance(said.exception, InputError)
    assert not [one for one in tmp_path.iterdir() if one.is_file()]


def test_a_scenario_or_a_decision_is_written(tmp_path: Path) -> None:
    write_workbook(scenario_of("egwp"), tmp_path / "scenario.xlsx")
    decision = decide(scenario_of("egwp"))
    write_workbook(decision, tmp_path / "decision.xlsx")
    for name in ("scenario", "decision"):
        book = openpyxl.load_workbook(tmp_path / f"{name}.xlsx")
        [(sheet, place)] = book.defined_names["fingerprint"].destinations
        assert book[sheet][place].value == decision.fingerprint
    assert sorted(tmp_path.iterdir()) == [tmp_path / "decision.xlsx", tmp_path / "scenario.xlsx"]
