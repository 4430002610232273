"""A state's workbook is the calculator's own run: as written, recalculated, and changed."""

from __future__ import annotations

import datetime as dt
import importlib
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openxml_audit import OpenXmlValidator

from calculator.decision import decide
from calculator.errors import InputError
from calculator.medicaid_decision import StateDecision
from calculator.report.workbook import medicaid
from calculator.report.workbook.book import Book
from calculator.report.workbook.cells import Live
from calculator.report.workbook.frame import base_register
from calculator.report.workbook.medicaid_lines import LINES
from calculator.scenario import StateScenario, load_scenario
from tests.workbook.recalculated import recalculated

SHIPPED = ("state_not_covering", "state_covering", "state_ending_coverage")
A = "assumptions."
GROUPS = (
    "children",
    "base_adults",
    "expansion_adults",
    "disabled",
    "medicaid_chip",
    "separate_chip",
)
RELATIVE, CENT = 1e-9, 1e-6
# Functions that every spreadsheet since 2007 knows.
KNOWN = {
    "SUM", "SUMPRODUCT", "MIN", "MAX", "IF", "AND", "OR", "ABS", "EXP", "LN", "ROUND", "INDEX",
    "MATCH",
}  # fmt: skip
# No figures of the world: months a year and a quarter, half a month or cent, rates per 1,000, and
# the million of the sentence.
CONSTANTS = {"0", "1", "2", "3", "12", "0.5", "1000", "1000000"}
# Powers of ten by which the summary says an amount.
TENS = {"10", "100", "10000", "100000", "1000000000"}


def scenario_of(name: str, settings: Mapping[str, Any] | None = None) -> StateScenario:
    found = load_scenario(name).with_settings(settings or {})
    assert isinstance(found, StateScenario)
    return found


def decided(name: str, settings: Mapping[str, Any] | None = None) -> StateDecision:
    found = decide(scenario_of(name, settings), resolution="workbook")
    assert isinstance(found, StateDecision)
    return found


def book_of(decision: StateDecision, *, whole: bool = False) -> Book:
    """The workbook, without the sheet of sensitivities: no formula, and it takes longest."""
    base = base_register(decision.scenario)
    if whole:
        return medicaid.state_book(decision, base)
    with patch.object(medicaid, "sensitivity_sheet"):
        return medicaid.state_book(decision, base)


@cache
def shipped(name: str) -> tuple[StateDecision, Book]:
    decision = decided(name)
    return decision, book_of(decision, whole=True)


def outputs(decision: StateDecision) -> dict[str, float]:
    """Every named result, as the engine has it."""
    found = {
        "out_value_total": decision.value.total,
        "out_value_present_value": decision.value.present_value,
        "out_value_pmpm": decision.value.pmpm,
        **{f"out_value_{year}": usd for year, usd in decision.value.by_period.items()},
    }
    for branch, ledger in decision.ledgers().items():
        for line in LINES:
            rows = ledger.get((line, "state"), np.zeros((1, 1)))
            wide = np.broadcast_to(rows, (1, len(decision.periods)))[0]
            for year, usd in zip(decision.periods, wide, strict=True):
                found[f"out_{branch}_{line}_{year}"] = float(usd)
    for prefix, budget in (
        ("budget", decision.budget),
        ("federal_budget", decision.federal_budget),
    ):
        for branch, measures in budget.items():
            for key, by_year in measures.items():
                for year, amount in by_year.items():
                    found[f"{prefix}_{branch}_{key}_{year}"] = amount or 0.0
    return found


def assert_same(values: Mapping[str, Any], decision: StateDecision) -> None:
    wanted = outputs(decision)
    for name, amount in wanted.items():
        given = values[name]
        assert isinstance(given, int | float), f"{name} holds {given!r}"
        assert given == pytest.approx(amount, rel=RELATIVE, abs=CENT), name


def path_names(book: Book) -> dict[str, str]:
    """Path of every input cell -> its name."""
    cells = book.sheets["Inputs"].cells
    rows = {ref.first[0]: name for name, ref in book.names.items() if name.startswith("in_")}
    return {cells[row, 5][0]: name for row, name in rows.items()}


# ------------------------------------------------------------------------------------ as written


@pytest.mark.parametrize("name", SHIPPED)
def test_every_result_of_a_shipped_state_is_the_engines(name: str) -> None:
    decision, book = shipped(name)
    assert_same(book.values(), decision)
    assert book.values()["checks_broken"] == 0


SHARES = dict(zip(GROUPS, (0.4, 0.2, 0.15, 0.1, 0.1, 0.05), strict=True))
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "no managed care for drugs": ("state_not_covering", {"state.abbr": "AL"}),
    "drugs in managed care, expansion": ("state_not_covering", {"state.abbr": "VA"}),
    "carved out": ("state_not_covering", {"state.abbr": "CA"}),
    "fiscal year from October": ("state_covering", {"state.abbr": "MI"}),
    "from May 2026": ("state_not_covering", {"horizon.start": "2026-05-01"}),
    "three months": ("state_covering", {"horizon.start": "2031-10-01"}),
    "initiation": ("state_not_covering", {"uptake.form": "share_of_eligibles"}),
    "initiation, covered": (
        "state_covering",
        {"uptake.form": "share_of_eligibles", "therapy.offsets": "cbo"},
    ),
    "initiation with a cap": (
        "state_covering",
        {"uptake.form": "share_of_eligibles", A + "coverage.duration_cap_months": 9},
    ),
    "fills with a cap": (
        "state_covering",
        {A + "coverage.duration_cap_months": 9, "therapy.offsets": "upper"},
    ),
    "own rates": (
        "state_covering",
        {
            "uptake.quarterly_fills_per_1000": [3.0, 2.0, 9.0, 1.0],
            "state.own_uptake_ratio": 0.6,
            "therapy.offsets": "cost_rise",
        },
    ),
    "fills by month": (
        "state_ending_coverage",
        {
            "uptake.form": "monthly_fills",
            "uptake.monthly_fills": [5000.0, 3000.0, 900.0, 1500.0],
            "therapy.offsets": "cbo",
        },
    ),
    "ended before the start": (
        "state_ending_coverage",
        {"state.coverage_ends": "2026-09-30", "therapy.offsets": "cbo"},
    ),
    "ends as it starts": (
        "state_ending_coverage",
        {"state.coverage_ends": "2026-12-31", "uptake.form": "share_of_eligibles"},
    ),
    "covered for 70 months": ("state_covering", {"state.months_covered": 70}),
    "own points": (
        "state_covering",
        {
            "therapy.persistence_points": {3: 0.8, 12: 0.4},
            "uptake.form": "share_of_eligibles",
            "therapy.offsets": "trial_model",
        },
    ),
    "does not join": ("state_not_covering", {A + "coverage.conditional_net_price": 200}),
    "joins on condition": ("state_not_covering", {A + "coverage.conditional_net_price": 245}),
    "price falls in 2029": ("state_covering", {"terms.guaranteed_net_price.2029_04_01": 200}),
    "no net price": ("state_covering", {"terms.guaranteed_net_price": None}),
    "one share of rebates": ("state_covering", {"state.rebate_share_of_gross": 0.4}),
    "own net price": ("state_covering", {"state.own_net_price": 400}),
    "own match": ("state_covering", {"state.fmap": 0.6, "groups.duals.included": True}),
    "one product": ("state_covering", {"therapy.mix": {"zepbound": 1.0}}),
    "one group": (
        "state_covering",
        {f"groups.{name}.included": False for name in GROUPS if name != "base_adults"},
    ),
    "groups as shares": (
        "state_covering",
        {
            **{f"groups.{name}.share": share for name, share in SHARES.items()},
            "state.enrollment": 1_500_000,
        },
    ),
    "every group given": (
        "state_not_covering",
        {f"groups.{name}.enrollment": 100_000.0 for name in GROUPS},
    ),
    **{
        f"terms {package}": ("state_covering", {"terms.package": package})
        for package in (
            "illustrative_all",
            "illustrative_capitation",
            "illustrative_corridors",
            "illustrative_reinsurance",
        )
    },
}


@pytest.mark.parametrize("case", CASES)
def test_other_states_and_forms_are_the_engines(case: str) -> None:
    name, changes = CASES[case]
    decision = decided(name, {"state.accept_gaps": True, **changes})
    assert_same(book_of(decision).values(), decision)


NUMBERS: dict[str, tuple[float, float]] = {
    A + "coverage.churn_monthly": (0.0, 0.2),
    A + "coverage.duration_cap_months": (1.0, 40.0),
    A + "coverage.bmi_threshold": (25.0, 60.0),
    A + "coverage.managed_care_share": (0.0, 1.0),
    A + "coverage.months_until_rebased": (0.0, 30.0),
    A + "coverage.priced_fills_share": (0.0, 2.0),
    A + "coverage.capture_lag_months": (0.0, 70.0),
    A + "coverage.conditional_net_price": (200.0, 300.0),
    A + "coverage.enrollment_trend": (-0.1, 0.1),
    A + "rebates.rebate_lag_quarters": (0.0, 12.0),
    A + "rebates.base_amp_ratio": (0.5, 1.2),
    A + "rebates.best_price_share_of_amp": (0.4, 1.0),
    A + "rebates.share_340b": (0.0, 0.5),
    A + "persistence.restart_one_year": (0.0, 0.9),
    A + "persistence.denmark_scale": (4.0, 60.0),
    "terms.guaranteed_net_price": (150.0, 400.0),
    "state.own_uptake_ratio": (0.0, 2.0),
    "groups.children.eligible_share": (0.0, 0.3),
    "groups.separate_chip.eligible_share": (0.0, 0.3),
    "groups.disabled.enrollment": (0.0, 500_000.0),
    "groups.base_adults.trend": (-0.2, 0.2),
}
WORDS: dict[str, tuple[Any, ...]] = {
    "uptake.form": ("share_of_eligibles", "fills_per_1000"),
    "therapy.offsets": ("none", "cost_rise", "cbo", "trial_model", "upper"),
    "therapy.curve": ("prime_2021", "denmark", "prime_2024", "blue_health"),
    "terms.existing_users": ("none", "narrow"),
    "groups.separate_chip.supplemental_eligible": (True, False),
    "state.months_covered": (0.0, 5.0, 24.0),
}
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **{path: st.floats(low, high) for path, (low, high) in NUMBERS.items()},
        **{path: st.sampled_from(words) for path, words in WORDS.items()},
    },
)


@settings(max_examples=25)
@given(name=st.sampled_from(SHIPPED), changes=CHANGES)
def test_any_change_is_the_engines(name: str, changes: dict[str, Any]) -> None:
    decision = decided(name, changes)
    assert_same(book_of(decision).values(), decision)


# ---------------------------------------------------------------------------- worked out anew


@pytest.mark.parametrize("name", SHIPPED)
def test_recalculated_every_named_cell_is_as_written(
    name: str, tmp_path: Path, needs: Callable[[str], Path]
) -> None:
    soffice = needs("libreoffice")
    decision, book = shipped(name)
    path = tmp_path / f"{name}.xlsx"
    book.write(path)
    found = recalculated(path, tmp_path, soffice)
    assert_same(found, decision)
    for cell, value in book.values().items():
        if isinstance(value, float) and math.isnan(value):
            assert found[cell] is None, cell
        elif isinstance(value, int | float) and not isinstance(found[cell], dt.datetime):
            assert found[cell] == pytest.approx(value, rel=RELATIVE, abs=CENT), cell


EDITED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a covering state": (
        "state_covering",
        {},
        {
            "groups.children.enrollment": 500_000.0,
            "groups.base_adults.trend": 0.03,
            "groups.disabled.eligible_share": 0.2,
            "groups.expansion_adults.managed_share": 0.5,
            "state.enrollment": 2_500_000.0,
            "state.obesity_share": 0.4,
            "state.fmap": 0.61,
            "state.own_net_price": 300.0,
            "state.own_uptake_ratio": 1.3,
            A + "coverage.duration_cap_months": 9.0,
            A + "coverage.bmi_threshold": 38.0,
            A + "coverage.months_until_rebased": 7.5,
            A + "coverage.priced_fills_share": 0.4,
            A + "coverage.capture_lag_months": 11.0,
            A + "coverage.premium_tax": 0.05,
            A + "rebates.rebate_lag_quarters": 2.5,
            A + "rebates.share_340b": 0.1,
            A + "persistence.hazard_ratio_lifestyle": 0.7,
            A + "drugs.zepbound_list_price": 900.0,
            "therapy.offsets": "cbo",
            "therapy.curve": "prime_2024",
            "terms.lifestyle_support": False,
        },
    ),
    "a state whose coverage ends": (
        "state_ending_coverage",
        {},
        {
            "state.coverage_ends": dt.date(2028, 2, 29),
            "terms.guaranteed_net_price": 190.0,
            "terms.existing_users": "none",
            A + "coverage.conditional_net_price": 195.0,
            "groups.children.supplemental_eligible": False,
            "groups.separate_chip.supplemental_eligible": True,
            "groups.separate_chip.eligible_share": 0.05,
            "therapy.age_65_effect": True,
            "therapy.offsets": "upper",
            "therapy.mix.wegovy": 0.2,
            "therapy.mix.zepbound": 0.5,
            A + "rebates.mfp_sets_best_price": False,
            A + "rebates.base_amp_ratio": 0.9,
            A + "rebates.best_price_share_of_amp": 0.7,
            A + "coverage.fills_per_1000_q3": 30.0,
        },
    ),
    "use as initiation": (
        "state_ending_coverage",
        {"uptake.form": "share_of_eligibles"},
        {
            "state.coverage_ends": dt.date(2026, 9, 30),
            A + "coverage.initiation.2029_01_01": 0.3,
            A + "coverage.duration_cap_months": 14.0,
            A + "coverage.churn_monthly": 0.01,
            A + "coverage.work_requirement_expansion_loss": 0.2,
            A + "coverage.separate_chip_share": 0.3,
            A + "coverage.dual_share_of_aged": 0.8,
            A + "persistence.restart_one_year": 0.6,
            A + "persistence.denmark_scale": 30.0,
            A + "persistence.fills_per_month": 0.8,
            A + "offsets.trial_model_yearly_step": -100.0,
            A + "offsets.trial_model_limit": -2500.0,
            A + "drugs.wegovy_class": "applicable",
            A + "payment.discount_rate": 0.07,
            "therapy.offsets": "trial_model",
        },
    ),
    "every group given": (
        "state_not_covering",
        {"state.abbr": "VA"},
        {
            "state.rebate_share_of_gross": 0.45,
            "terms.guaranteed_net_price": 260.0,
            A + "coverage.conditional_net_price": 300.0,
            A + "coverage.administration_match": 0.6,
            A + "coverage.capitation_load": 0.14,
            **{f"groups.{name}.enrollment": 123_456.0 for name in GROUPS},
        },
    ),
    "fields emptied": (
        "state_not_covering",
        {
            "state.fmap": 0.7,
            "groups.children.enrollment": 300_000.0,
            A + "coverage.duration_cap_months": 6,
            A + "coverage.conditional_net_price": 100.0,
        },
        {
            "state.fmap": None,
            "groups.children.enrollment": None,
            A + "coverage.duration_cap_months": None,
            A + "coverage.conditional_net_price": None,
        },
    ),
}


@pytest.mark.parametrize("case", EDITED)
def test_inputs_changed_in_the_file_give_the_engines_run(
    case: str, tmp_path: Path, needs: Callable[[str], Path]
) -> None:
    soffice = needs("libreoffice")
    name, start, changes = EDITED[case]
    before = decided(name, start)
    book = book_of(before)
    path = tmp_path / "state.xlsx"
    book.write(path)
    names = path_names(book)
    typed = {
        names[key]: ("yes" if value else "no") if isinstance(value, bool) else value
        for key, value in changes.items()
    }
    found = recalculated(path, tmp_path, soffice, typed)
    after = dict(changes)
    if "therapy.mix.wegovy" in after:
        after["therapy.mix.foundayo"] = (
            1 - after["therapy.mix.wegovy"] - after["therapy.mix.zepbound"]
        )
    wanted = decide(before.scenario.with_settings(after), resolution="workbook")
    assert isinstance(wanted, StateDecision)
    assert wanted.value.total != pytest.approx(before.value.total, rel=1e-3)
    assert_same(found, wanted)
    assert found["checks_broken"] == 0


def test_what_the_calculator_refuses_is_told_in_the_file(
    tmp_path: Path, needs: Callable[[str], Path]
) -> None:
    soffice = needs("libreoffice")
    decision = decided("state_covering")
    book = book_of(decision)
    path = tmp_path / "state.xlsx"
    book.write(path)
    changes = {"terms.guaranteed_net_price": 1500.0, "state.enrollment": 1000.0}
    names = path_names(book)
    typed = {names[key]: value for key, value in changes.items()}
    found = recalculated(path, tmp_path, soffice, typed)
    assert found["checks_broken"] == found["inputs_changed"] == len(changes)
    assert found["inputs_outside"] == 0
    assert found["summary_checks"].startswith("2 checks do not hold: see Checks; do not use")
    for key, value in changes.items():
        with pytest.raises(InputError):
            decide(decision.scenario.with_settings({key: value}))


# ------------------------------------------------------------------------------------- the file


def formulas(book: Book) -> list[tuple[str, str]]:
    """Every formula with its sheet, without texts and names of sheets."""
    return [
        (name, re.sub(r"'[^']*'!", "", re.sub(r'"[^"]*"', "", content.text(name))))
        for name, sheet in book.sheets.items()
        for content, _, _ in sheet.cells.values()
        if isinstance(content, Live)
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_formulas_use_known_functions_and_no_figures(name: str) -> None:
    _, book = shipped(name)
    for sheet, text in formulas(book):
        assert set(re.findall(r"([A-Z]+)\(", text)) <= KNOWN, f"{sheet}: {text}"
        bare = re.sub(r"\$?[A-Z]{1,3}\$?\d+|\b[a-z_]\w*", "", text)
        constants = set(re.findall(r"\d+\.?\d*(?:E[-+]?\d+)?", bare))
        known = CONSTANTS | TENS if sheet == "Summary" else CONSTANTS
        assert constants <= known, f"{sheet}: {text}"


def test_a_formula_is_one_step() -> None:
    _, book = shipped("state_ending_coverage")
    long = [(sheet, text) for sheet, text in formulas(book) if len(text) > 600]
    assert not [one for one in long if one[0] not in ("Checks", "Summary")]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("state_covering", {"state.months_covered": 120, "horizon.start": "2026-05-01"}),
        (
            "state_ending_coverage",
            {
                "state.months_covered": 120,
                "horizon.start": "2026-05-01",
                "uptake.form": "share_of_eligibles",
                "groups.duals.included": True,
            },
        ),
    ],
)
def test_the_largest_file_stays_small(name: str, changes: dict[str, Any], tmp_path: Path) -> None:
    decision = decided(name, changes)
    book = book_of(decision, whole=True)
    assert_same(book.values(), decision)
    assert book.formulas() <= 30_000
    path = tmp_path / "state.xlsx"
    book.write(path)
    assert path.stat().st_size < 5_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_the_file_is_valid_and_laid_out_to_be_read(name: str, tmp_path: Path) -> None:
    _, book = shipped(name)
    path = tmp_path / f"{name}.xlsx"
    book.write(path)
    result = OpenXmlValidator().validate(path)
    assert result.is_valid, result.errors[:3]
    file = openpyxl.load_workbook(path)
    assert tuple(file.sheetnames) == medicaid.SHEETS
    for sheet in ("Inputs", "Cohort", "Who pays", "Payment", "Budget request", "Sensitivity"):
        assert file[sheet].freeze_panes is not None, sheet
    for sheet in file.worksheets:
        assert sheet.print_area, sheet.title
    for sheet in ("Summary", "Decision", "Budget request"):
        assert file[sheet]._charts, sheet
    # Input cells are not merged, and hold no formula.
    assert not file["Inputs"].merged_cells.ranges
    names = path_names(book)
    for cell in names.values():
        [(_, place)] = file.defined_names[cell].destinations
        content = file["Inputs"][place.replace("$", "")].value
        assert not (isinstance(content, str) and content.startswith("=")), cell


def test_the_sentence_follows_the_value() -> None:
    for name, changes, words in (
        ("state_not_covering", {}, "costs Georgia $28.8M of its own money"),
        ("state_covering", {}, "saves Minnesota $19.1M of its own money"),
        (
            "state_not_covering",
            {A + "coverage.conditional_net_price": 200},
            "Georgia does not join",
        ),
        ("state_covering", {"terms.guaranteed_net_price": None}, "changes nothing"),
    ):
        book = book_of(decided(name, changes))
        sentence = book.sheets["Summary"].cells[2, 0][0].value
        assert words in sentence


def test_every_function_named_beside_a_step_exists() -> None:
    """A reviewer finds the equation: module.function, or module.Class.field."""
    found = set()
    for name in SHIPPED:
        for changes in ({}, {"uptake.form": "share_of_eligibles"}):
            book = book_of(decided(name, changes))
            for sheet in ("Cohort", "Who pays", "Payment", "Decision", "Budget request"):
                for content, look, _ in book.sheets[sheet].cells.values():
                    if look in ("note", "shrunk") and isinstance(content, str):
                        found.update(re.findall(r"^[a-z_]+\.\w+(?:\.\w+)?$", content))
    steps = {one for one in found if not one.startswith(("terms.", "states."))}
    assert len(steps) > 30
    for step in sorted(steps):
        module, *names = step.split(".")
        assert _exists(module, names), step


def _exists(module: str, names: list[str]) -> bool:
    for place in ("calculator", "calculator.model", "calculator.analysis"):
        try:
            found = importlib.import_module(f"{place}.{module}")
        except ModuleNotFoundError:
            continue
        owners = [found, *(one for one in vars(found).values() if isinstance(one, type))]
        if len(names) == 1:
            return any(hasattr(one, names[0]) for one in owners)
        fields = getattr(getattr(found, names[0], None), "__dataclass_fields__", {})
        return names[1] in fields
    return False


def test_inputs_tell_what_was_changed() -> None:
    book = book_of(decided("state_covering", {"terms.guaranteed_net_price": 300.0}))
    cells = book.sheets["Inputs"].cells
    looks = {
        path: cells[row, 1][1]
        for (row, column), (path, _, _) in cells.items()
        if column == 5 and (row, 1) in cells
    }
    changed = [path for path, look in looks.items() if look == "changed"]
    assert changed == ["terms.guaranteed_net_price"]


def test_an_input_outside_its_limits_breaks_the_checks(
    tmp_path: Path, needs: Callable[[str], Path]
) -> None:
    soffice = needs("libreoffice")
    book = book_of(decided("state_covering"))
    path = tmp_path / "state.xlsx"
    book.write(path)
    names = path_names(book)
    typed = (
        {names["state.fmap"]: 2.0, names["terms.net_includes_discount"]: "perhaps"}
        if ("terms.net_includes_discount" in names)
        else {names["state.fmap"]: 2.0, names["therapy.offsets"]: "perhaps"}
    )
    found = recalculated(path, tmp_path, soffice, typed)
    assert found["inputs_outside"] == found["inputs_changed"] == 2
    assert found["checks_broken"] >= 2
    assert found["summary_checks"].startswith("2 inputs are outside what is allowed: see Checks")


def test_a_fixed_value_that_was_changed_is_marked() -> None:
    book = book_of(decided("state_covering", {"groups.duals.included": True}))
    sheet = book.sheets["Inputs"]
    ref = book.names["fixed_groups_duals_included"]
    assert sheet.cells[ref.first][:2] == ("yes", "changed engine")
    assert sheet.cells[ref.first[0], 6][0] == "no"
