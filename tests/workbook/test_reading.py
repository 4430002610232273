"""A workbook that was written reads back: unedited the same scenario, edited with its changes."""

import datetime as dt

import openpyxl
import pytest

from calculator import decide, load_scenario
from calculator.assumptions import scenario_files
from calculator.settable import Settable
from calculator.workbook_input import input_name, read_cells, settings
from tests.workbook.recalculated import convert
from tests.workbook.written import cell, edited, exported

SHIPPED = list(scenario_files())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Every shipped scenario's workbook, written once."""
    folder = tmp_path_factory.mktemp("written")
    known = {}

    def written(name):
        if name not in known:
            known[name] = exported(load_scenario(name), folder / f"{name}.xlsx")
        return known[name]

    return written


@pytest.mark.parametrize("name", SHIPPED)
def test_an_unedited_workbook_is_the_same_scenario(name, files):
    scenario = load_scenario(name)
    back = load_scenario(files(name))
    assert back == scenario
    first, again = (decide(one, resolution="workbook") for one in (scenario, back))
    assert again.fingerprint == first.fingerprint
    assert again.value == first.value


@pytest.mark.parametrize("name", ["mapd", "state_covering"])
def test_saved_by_another_program_it_is_still_the_same(name, files, tmp_path, needs):
    soffice = needs("libreoffice")
    scenario = load_scenario(name)
    assert load_scenario(edited(files(name), tmp_path / "openpyxl.xlsx", {})) == scenario
    again = convert(files(name), tmp_path / "office", soffice, "xlsx")
    assert load_scenario(again) == scenario


def test_a_scenario_with_changes_of_its_own_reads_back(tmp_path):
    scenario = load_scenario("mapd").with_settings({
        "plan.members": 12345.678901234567,
        "plan.bid": 190.125,
        "plan.retained_share": 1 / 3,
        "terms.package": "illustrative_all",
        "terms.copay.2029_01_01": 40.0,
        "assumptions.uptake.initiation.2029_01_01": 0.0712345678901,
        "assumptions.uptake.eligible_share": {"value": 0.08, "status": "expert", "source": "user"},
        "horizon.start": "2029-01-01",
        "therapy.persistence_points": {3: 0.8, 12: 0.5},
    })  # fmt: skip
    back = load_scenario(exported(scenario, tmp_path / "own.xlsx"))
    assert back == scenario
    fingerprints = {decide(one, resolution="workbook").fingerprint for one in (scenario, back)}
    assert len(fingerprints) == 1


PART_D = {
    "plan.members": 85_000,
    "plan.lis_share": None,  # not an input of the file where its strata are shaped by it
    "plan.bid": 180.5,
    "plan.waive_de_minimis": "yes",
    "plan.retained_share": 0.25,
    "rivals.premium_change": -1.5,
    "therapy.offsets": "cbo",
    "therapy.curve": "prime_2024",
    "terms.copay": 35,
    "terms.obesity_capitation.amount": 40,
    "terms.obesity_capitation.per": "enrolled",
    "terms.guaranteed_net_price": 210,
    "assumptions.uptake.eligible_share": 0.08,
    "assumptions.uptake.initiation.2029_01_01": 0.2,
    "assumptions.payment.priced_share": 0.7,
}
STATE = {
    "state.own_uptake_ratio": 0.5,
    "state.enrollment": 9_000_000,
    "groups.children.enrollment": 1_000_000,
    "groups.base_adults.supplemental_eligible": "no",
    "therapy.offsets": "cost_rise",
    "terms.guaranteed_net_price": 180,
    "assumptions.coverage.capitation_load": 0.12,
    "assumptions.coverage.conditional_net_price": 300,
    "assumptions.coverage.duration_cap_months": 24,
    "assumptions.rebates.mfp_sets_best_price": "no",
    "assumptions.drugs.wegovy_list_price.2027_01_01": 900,
}


def plain(value):
    return {"yes": True, "no": False}.get(value, value)


@pytest.mark.parametrize(("name", "changes"), [("mapd", PART_D), ("state_not_covering", STATE)])
def test_edited_cells_are_settings_of_their_paths(name, changes, files, tmp_path):
    scenario = load_scenario(name)
    there = openpyxl.load_workbook(files(name)).defined_names
    changes = {p: v for p, v in changes.items() if v is not None and input_name(p) in there}
    assert len(changes) >= 10
    path = edited(files(name), tmp_path / "edited.xlsx",
                  {input_name(p): v for p, v in changes.items()})  # fmt: skip
    back = load_scenario(path)
    wanted = scenario.with_settings({p: plain(v) for p, v in changes.items()})
    assert back == wanted
    assert decide(back, resolution="workbook").value == decide(wanted, resolution="workbook").value


@pytest.mark.parametrize("name", ["pdp_national", "state_ending_coverage"])
def test_every_input_cell_is_read(name, files, tmp_path):
    """Each cell alone, changed, changes its path and no other."""
    scenario = load_scenario(name)
    known = Settable(scenario)
    book = openpyxl.load_workbook(files(name))
    inputs = [name for name in book.defined_names if name.startswith("in_")]
    assert len(inputs) > 100
    by_name = {input_name(p): p for p in known.paths}
    untouched = read_cells(files(name))
    assert settings(untouched, scenario) == {}
    wrong = []
    for one in inputs:
        found = untouched.cells[one]
        path = by_name.get(one) or by_name[one[:-11]] + "." + one[-10:]
        if path.startswith("therapy.mix."):
            continue
        if known.is_flag(path):
            value = "no" if found.content == "yes" else "yes"
        elif known.is_word(path):
            value = next(word for word in known.choices(path) if word != found.content)
        elif known.is_date(path):
            value = dt.datetime(2029, 6, 30)
        else:
            low, high = known.limits(path).bounds
            value = (low + high) / 2 if found.content != (low + high) / 2 else low
        changed = dict(untouched.cells) | {one: type(found)(one, found.place, value)}
        said = settings(type(untouched)(name, untouched.text, None, changed), scenario)
        if list(said) != [path]:
            wrong.append(f"{one}: {said}")
    assert not wrong, "\n".join(wrong)


def test_an_emptied_cell_says_none(files, tmp_path):
    path = edited(files("mapd"), tmp_path / "none.xlsx", {"in_terms_guaranteed_net_price": None})
    back = load_scenario(path)
    assert back == load_scenario("mapd").with_settings({"terms.guaranteed_net_price": None})


def test_the_last_product_has_what_the_others_leave(files, tmp_path):
    mix = load_scenario("mapd").therapy.mix
    first, second, last = mix
    path = edited(files("mapd"), tmp_path / "mix.xlsx", {input_name(f"therapy.mix.{first}"): 0.25})
    back = load_scenario(path)
    assert list(back.therapy.mix) == list(mix)
    assert back.therapy.mix == pytest.approx({first: 0.25, second: mix[second],
                                              last: 0.75 - mix[second]})  # fmt: skip


def test_a_figure_of_the_past_typed_in_is_a_change(files, tmp_path):
    """The list price of 2026 in the cell of the years from 2028 on."""
    register = load_scenario("mapd").register()
    path = "assumptions.drugs.wegovy_list_price"
    past = register.entries[path].values[dt.date(2026, 1, 1)].value
    assert past != float(register.number(path)[0])
    file = edited(files("mapd"), tmp_path / "past.xlsx", {input_name(path): past})
    assert load_scenario(file) == load_scenario("mapd").with_settings({path: past})


def test_what_is_no_input_is_not_read(files, tmp_path):
    """A grey or calculated value typed over, a note beside: only input cells count."""

    def change(book):
        book["Inputs"].cell(3, 12).value = "a note of my own"
        for name in ("at_therapy_mix_foundayo", "out_value_total"):
            if name in book.defined_names:
                cell(book, name).value = 123.0

    assert load_scenario(edited(files("mapd"), tmp_path / "notes.xlsx", change)) == (
        load_scenario("mapd")
    )
