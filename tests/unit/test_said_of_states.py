"""A state's budget at a terminal: whose years, whose terms, and why cash differs."""

import pytest

from calculator import decide, load_scenario
from calculator.report import state
from calculator.report.budget import LABELS, frame
from tests.commands import done


@pytest.fixture(scope="module")
def decision():
    return decide(load_scenario("state_not_covering"))


def test_changed_terms_are_said_to_be_changed(capsys):
    plain = done(capsys, "decide", "state_not_covering")
    own = done(capsys, "decide", "state_not_covering", "--set", "terms.guaranteed_net_price=150")
    assert "(announced), with your changes" in own
    assert "with your changes" not in plain


def test_years_are_those_of_the_state(decision):
    assert state.text(decision).splitlines()[0].startswith("By state fiscal year")


def test_cash_above_what_accrues_has_its_reason(decision):
    said = "rebates of the last quarters arrive after December 2031"
    assert said in state.text(decision)
    at_once = load_scenario("state_not_covering").with_settings(
        {"assumptions.rebates.rebate_lag_quarters": 0}
    )
    assert said not in state.text(decide(at_once))


def test_the_sign_of_what_managed_care_plans_keep_is_said(decision):
    label = LABELS["managed_care_plans"]
    assert "a minus is their gain" in label
    book = frame(decision)
    found = book[(book.measure == label) & (book.fiscal_year == "all")]
    rows = decision.ledger()
    paid = rows[rows.payer == "mco"].groupby("branch").amount.sum()
    for branch in ("stay_out", "join"):
        # What they pay less what they get.
        assert found[branch].item() == pytest.approx(paid[branch], rel=1e-9)
