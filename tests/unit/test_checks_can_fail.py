"""The sums checked on every run stop a run that breaks them."""

from dataclasses import replace

import numpy as np
import pytest

from calculator import load_scenario
from calculator.decision import evaluate
from calculator.errors import IdentityError
from calculator.medicaid_decision import _check
from calculator.model.part_d import identities
from calculator.result import check_identities

CENT = 1.01  # a ledger in millions shows a change of a hundredth


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        (("model_drugs", "state"), "payers of drugs sum to gross"),
        (("model_drugs", "mco"), "payers of drugs sum to gross"),
        (("existing_glp1", "federal"), "payers of drugs sum to gross"),
        (("capitation", "federal"), "capitation paid is received"),
        (("statutory_rebate", "state"), "statutory_rebate paid is received"),
        (("supplemental_rebate", "manufacturer"), "supplemental_rebate paid is received"),
    ],
)
def test_a_state_row_that_is_off_is_found(row: tuple[str, str], broken: str) -> None:
    run = evaluate(load_scenario("state_not_covering"))
    rows = {**run.result.join.rows, row: run.result.join.rows[row] * CENT}
    tampered = replace(run.result, join=replace(run.result.join, rows=rows))
    with pytest.raises(IdentityError, match=broken):
        _check(run.inputs, tampered)


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        (("model_drugs", "plan"), "payers sum to gross, join"),
        (("baseline_drugs", "reinsurance"), "payers sum to gross, join"),
        (("premium", "member"), "premium and subsidy are the bid, join"),
        (("direct_subsidy", "federal"), "premium and subsidy are the bid, join"),
    ],
)
def test_a_plan_row_that_is_off_is_found(row: tuple[str, str], broken: str) -> None:
    run = evaluate(load_scenario("pdp_regional"))
    rows = {**run.result.join.ledger, row: run.result.join.ledger[row] * CENT}
    tampered = replace(run.result, join=replace(run.result.join, ledger=rows))
    gaps = identities(run.inputs, run.costs, tampered)
    with pytest.raises(IdentityError, match=broken):
        check_identities(gaps, float(np.max(np.abs(run.costs.join.gross))), [tampered.value])


def test_a_spell_that_is_in_no_window_is_found() -> None:
    run = evaluate(load_scenario("pdp_regional"))
    costs = replace(run.costs, window_gap=run.costs.window_gap + 10.0)
    with pytest.raises(IdentityError, match="windows sum to user-months"):
        check_identities(identities(run.inputs, costs, run.result), 1e6, [run.result.value])


def test_a_value_that_is_no_number_is_found() -> None:
    with pytest.raises(IdentityError, match="not a number"):
        check_identities({}, 1.0, [np.array([[np.nan]])])
