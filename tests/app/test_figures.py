"""A drug plan's picture: figures are data, so they are tested without a browser."""

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.report import figures, figures_medicaid, figures_part_d
from calculator.ui.form import offered


@pytest.fixture(scope="module", params=offered("part_d"))
def decision(request):
    return decide(load_scenario(request.param))


def test_payers_sum_to_the_gross_cost_and_to_a_dollar(decision):
    payers = figures_part_d.drug_payers(decision)
    ledger = decision.ledger()
    for branch, paid in (("join", payers.join), ("stay_out", payers.stay_out)):
        rows = ledger[(ledger.branch == branch) & (ledger.line == "model_drugs")]
        gross = sum((float(amounts @ payers.months) for amounts in paid.values()), 0.0)
        assert gross == pytest.approx(rows.amount.sum(), rel=1e-9)
    assert sum(payers.cents().values()) == pytest.approx(100.0)


def test_what_medicare_adds_comes_off_the_plan():
    plain = load_scenario("pdp_regional")
    helped = plain.with_settings({"terms.extra_reinsurance.share": 1.0})
    before = figures_part_d.drug_payers(decide(plain)).join
    after = figures_part_d.drug_payers(decide(helped)).join
    assert "plan" not in after or np.allclose(after["plan"], 0.0, atol=1e-9)
    assert np.allclose(after["cms_incentive"], before["plan"])


def test_a_payment_above_the_cost_is_not_a_part_of_the_price():
    rich = load_scenario("pdp_regional").with_settings({"terms.obesity_capitation.amount": 2000})
    payers = figures_part_d.drug_payers(decide(rich))
    assert sum(payers.cents().values()) == pytest.approx(100.0)
    assert all(cents >= 0 for payer, cents in payers.cents().items() if payer != "reinsurance")
    assert payers.beyond > 0
    assert "more than these fills cost" in figures_part_d.payers_note(payers)


def test_the_title_names_the_two_who_pay_most(decision):
    payers = figures_part_d.drug_payers(decision)
    cents = payers.cents()
    manufacturer = cents["dir"] + cents["manufacturer"]
    title = figures_part_d.payers_title(payers)
    assert title.startswith(f"Of each model-drug dollar, the manufacturer pays {manufacturer:.0f}")
    assert figures_part_d.payers_alt(payers).count("¢") == len(cents)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_take_the_colours_of_the_theme_and_end_at_the_ledgers_amounts(decision, theme):
    payers = figures_part_d.drug_payers(decision)
    figure = figures_part_d.payers_figure(payers, theme)
    colours = set(figures.COLOURS[theme].values())
    assert {bar.marker.color for bar in figure.data} <= colours
    assert figure.layout.yaxis.title.text == "USD per member per month (PMPM)"
    branches = 2 if payers.stay_out else 1
    assert len(figure.data) == len(payers.join) + len(payers.stay_out)
    assert len({tuple(bar.x) for bar in figure.data}) == branches
    low, high = figure.layout.yaxis.range
    for bar in figure.data:
        assert low <= min(bar.y)
        assert max(bar.y) <= high


def test_direct_labels_do_not_touch(decision):
    payers = figures_part_d.drug_payers(decision)
    figure = figures_part_d.payers_figure(payers, "light")
    low, high = figure.layout.yaxis.range
    pixels = (figure.layout.height - figures.TOP - figures.BOTTOM) / (high - low)
    labels = [note for note in figure.layout.annotations if note.showarrow]
    places = sorted(note.y * pixels - note.ay for note in labels)
    assert len(labels) == len(payers.join)
    assert all(np.diff(places) >= figures.LABEL_GAP - 1e-6)
    assert places[0] >= low * pixels
    assert places[-1] <= high * pixels + figures.TOP


def test_the_two_sets_of_colours_name_the_same_payers():
    assert figures.COLOURS["light"].keys() == figures.COLOURS["dark"].keys()
    layers = (*figures_part_d.LAYERS, *figures_medicaid.LAYERS)
    known = {layer.colour for layer in layers}
    assert known <= figures.COLOURS["light"].keys()
