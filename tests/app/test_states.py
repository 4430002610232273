"""The page of all states as a person meets it."""

import numpy as np
import pytest

from calculator.analysis.states import screen, state_scenario
from calculator.decision import decide
from calculator.report import screen as screens
from calculator.ui.widgets import plain

PRICE = "terms.guaranteed_net_price"


@pytest.fixture(scope="module")
def rows():
    return screen()


def test_the_page_says_what_the_screen_found(opened, rows):
    page = opened("states")
    found = screens.Screen(rows)
    assert page.calm
    assert page.said == plain(screens.sentence(found))
    assert f"{len(found.gain)} of {len(found.known)} state programs gain" in page.said
    assert len(page.at.metric) == 4
    table = page.at.dataframe[0].value.set_index("State")
    assert len(table) == 51
    for row in rows:
        assert table.loc[row.state, "Value"] == pytest.approx(row.value, nan_ok=True) or (
            row.value is None and np.isnan(table.loc[row.state, "Value"])
        )
    assert table.loc["North Carolina", "Gap"] == "gap"


def test_a_price_for_all_states(opened):
    page = opened("states").change(PRICE, "120")
    assert page.calm
    table = page.at.dataframe[0].value.set_index("State")
    wanted = decide(state_scenario("TX").with_settings({PRICE: 120}))
    assert table.loc["Texas", "Value"] == pytest.approx(wanted.value.total)
    assert page.at.query_params == {"terms.package": "announced_2025_12", PRICE: "120"}
    assert page.reset().calm
    assert page.text(PRICE) == "245"


@pytest.mark.parametrize(
    ("text", "sentence"), [("0", "allowed is a number from 1"), ("1990", "a net price not above")]
)
def test_a_wrong_price_keeps_the_last_good_result(opened, text, sentence):
    page = opened("states")
    before = page.said
    page.change(PRICE, text)
    assert sentence in page.complaint
    assert page.said == before
    assert "This result belongs to the last valid inputs." in page.aside


def test_a_link_may_change_assumptions_but_no_single_states_fields(opened):
    page = opened("states", {"assumptions.rebates.share_340b": "0.2"})
    assert page.calm
    page = opened("states", {"state.fmap": "0.7"})
    assert "terms and assumptions, which all states share" in page.complaint


def test_the_file_has_every_state_and_says_its_gaps(opened, monkeypatch, rows):
    handed = {}
    monkeypatch.setattr(
        "calculator.ui.states.download",
        lambda label, frame, name, key: handed.update({name: frame}),
    )
    assert opened("states").calm
    (frame,) = handed.values()
    assert set(frame.abbr) == {row.abbr for row in rows}
    known = frame.set_index("abbr")
    assert known.loc["GA", "value"] == next(row.value for row in rows if row.abbr == "GA")
    assert "groups" in known.loc["NC", "gaps"]
