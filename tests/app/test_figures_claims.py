"""Pictures and sentences of claims: every payer in its colour, the curve against the scenario's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calculator.report import claims as report
from calculator.report import figures_claims as figures
from calculator.report.figures import COLOURS

PAYERS = {
    "gross": 100.0, "member": 20.0, "lics": 5.0, "plan": 50.0,
    "manufacturer": 10.0, "selected_subsidy": 0.0, "reinsurance": 15.0, "troop": 25.0,
}  # fmt: skip
PHASES = ("deductible", "initial", "catastrophic")


def summary(**more):
    nothing = dict.fromkeys(PAYERS, 0.0) | {"claims": 0}
    phases = dict.fromkeys(PHASES, nothing)
    phases["deductible"] = {
        **nothing, "claims": 3, "gross": 40.0, "member": 20.0, "lics": 5.0, "plan": 15.0,
    }  # fmt: skip
    phases["catastrophic"] = {
        **nothing, "claims": 2, "gross": 60.0, "plan": 35.0, "manufacturer": 10.0,
        "reinsurance": 15.0,
    }  # fmt: skip
    usual = {
        "claims": 7, "accepted": 5, "rejected": 1, "members": 2, "payers": PAYERS, "phases": phases,
        "backtest": {}, "reasons": {"no member_id": 1}, "set_aside": {"reversed": 1},
        "bridge": {"claims": 0, "gross": 0.0},
    }  # fmt: skip
    return {**usual, **more}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_bar_adds_up_to_a_dollar_in_the_payers_colours(theme):
    found = figures.paid(summary())
    assert found.phases == ("Deductible", "Catastrophic", "All")
    figure = figures.paid_figure(found, theme)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert np.sum([trace.y for trace in bars], axis=0) == pytest.approx([1.0, 1.0, 1.0])
    colours = {trace.name: trace.marker.color for trace in bars}
    assert colours["Plan"] == COLOURS[theme]["plan"]
    assert colours["Reinsurance"] == COLOURS[theme]["medicare"]
    assert "Drug subsidy" not in colours  # nothing of it
    texts = [note.text for note in figure.layout.annotations]
    assert "Plan 50¢" in texts
    assert {"40%", "60%", "100%"} <= set(texts)
    low, high = figure.layout.yaxis.range
    assert low <= 0.0 < 1.0 < high


def test_the_title_names_the_two_who_owe_most():
    title = figures.paid_title(figures.paid(summary()))
    assert title == "Of each dollar of these claims, the plan owes 50 cents and members 20."
    nothing = figures.paid(summary(payers=dict.fromkeys(PAYERS, 0.0), phases={}))
    assert figures.paid_title(nothing) == "These claims come to nothing."
    figures.paid_figure(nothing, "light")
    assert "Plan 50%" in figures.paid_alt(figures.paid(summary()))


def test_a_plan_that_is_left_less_than_nothing_hangs_below_the_axis():
    low = {**PAYERS, "plan": -10.0, "manufacturer": 70.0}
    figure = figures.paid_figure(figures.paid(summary(payers=low, phases={})), "light")
    assert figure.layout.yaxis.range[0] < -0.1


def curve(low=0.4, high=0.6, month=12, scenario=0.5):
    months = np.array([6.0, float(month)])
    return figures.Persisting(
        months=months,
        shares=np.array([0.7, 0.5]),
        low=np.array([0.6, low]),
        high=np.array([0.8, high]),
        people=np.array([50, 20]),
        scenario=np.linspace(1.0, scenario, 13),
        published={"Denmark": np.linspace(1.0, 0.48, 13)},
        starters=80,
        of_model=False,
    )


@pytest.mark.parametrize(
    ("scenario", "ending"),
    [
        (0.5, "within the band of these claims."),
        (0.7, "above the band of these claims."),
        (0.3, "below the band of these claims."),
    ],
)
def test_the_title_holds_the_claims_against_the_scenario(scenario, ending):
    title = figures.persisting_title(curve(scenario=scenario))
    assert title.startswith("After 12 months 50% are still on therapy; the scenario has")
    assert title.endswith(ending)


def test_a_curve_of_late_months_only_is_held_against_its_first():
    late = replace(curve(), months=np.array([15.0, 18.0]), scenario=np.linspace(1.0, 0.5, 19))
    assert figures.persisting_title(late).startswith("After 15 months 70% are still on therapy")


def test_without_gross_there_is_no_picture():
    assert figures.paid(summary(payers={**PAYERS, "gross": None})) is None


def test_without_a_band_nothing_is_said_of_it():
    assert "band" not in figures.persisting_title(curve(low=np.nan, high=np.nan))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_curve_has_its_band_and_names_at_the_ends(theme):
    figure = figures.persisting_figure(curve(), theme)
    by_name = {trace.name: trace for trace in figure.data}
    own = by_name["these claims"]
    assert list(own.x) == [0.0, 6.0, 12.0]
    assert list(own.y) == pytest.approx([1.0, 0.7, 0.5])
    assert own.line.color == COLOURS[theme]["plan"]
    assert by_name["scenario"].line.dash == "dash"
    assert by_name["95% band"].fill == "toself"
    texts = [note.text for note in figure.layout.annotations]
    assert {"scenario 50%", "Denmark", "these claims 50%"} <= set(texts)
    assert figure.layout.yaxis.tickprefix == ""
    assert "12 months 50%" in figures.persisting_alt(curve())
    assert "At least 80 new users" in figures.persisting_note(curve())
    assert "at least 20 people" in own.customdata[-1]


# --------------------------------------------------------------------------------- the sentences


def comparison(on=200.0, difference=1.0, within=0.5):
    return {
        "claims": 4, "on_claims": on, "adjudicated": on + difference, "difference": difference,
        "within_a_cent": within, "phases": {}, "few_differ": False,
    }  # fmt: skip


def test_the_sentence_says_how_far_the_amounts_agree():
    said = report.sentence(summary(), 2026)
    assert said == ("5 claims of 2 members in 2026 come to $100, of which the plan owes $50.00.")
    with_amounts = summary(backtest={"paid_member": comparison()})
    assert report.sentence(with_amounts, 2026).endswith("to within 0.5%.")
    more = summary(backtest={"paid_member": comparison(difference=1.08)})
    assert report.agreement(more).endswith("to within 0.6%")
    far = summary(backtest={"paid_plan": comparison(difference=100.0)})
    assert report.agreement(far) == "the amounts on the claims differ by up to 50%"
    near = summary(backtest={"paid_plan": comparison(difference=0.001)})
    assert "to within 0.1%" in report.agreement(near)
    # An amount that is nowhere on the claims and should be is no agreement.
    missing = summary(backtest={"paid_plan": comparison(on=0.0, difference=5.0)})
    assert report.agreement(missing) == "the amounts on the claims differ by up to 100%"


def test_the_rest_says_where_every_row_went():
    said = report.rest(summary())
    assert "Of 7 rows, 1 could not be used. Reversed, replaced or deleted by other rows: 1." in said
    clean = summary(rejected=0, set_aside={}, reasons={}, claims=5)
    assert report.rest(clean).endswith("All 5 rows were used.")
    bridge = summary(bridge={"claims": 3, "gross": 90.0})
    said = (
        "3 Bridge fills, $90.00, are outside the benefit: counted among the claims, in no amount."
    )
    assert said in report.rest(bridge)


def test_rejected_rows_name_their_first_lines():
    reasons = {"no member_id": 7, "negative copay": 1}
    listed = "line,reason\n" + "".join(f"{n},no member_id\n" for n in range(2, 9))
    rows = report.rejected(summary(reasons=reasons), listed + "1200,negative copay\n")
    assert rows == [
        ("no member_id", "7", "2, 3, 4, 5, 6 ..."),
        ("negative copay", "1", "1,200"),
        ("set aside: reversed", "1", ""),
    ]


def test_a_point_of_the_curve_is_named_with_its_month():
    line = {"path": report.POINTS, "what": "Still on therapy at 6 months"}
    assert report.named(line) == "therapy.persistence_points.6"
    assert report.named({"path": None, "what": "x"}) is None
