"""Assumptions are dated, sourced and bounded; anything else is refused with its file and line."""

import datetime as dt
import re
import shutil
from textwrap import dedent

import numpy as np
import pytest

from calculator import load_assumptions
from calculator.assumptions import AssumptionError, Register, load_tree, uncited_sources
from calculator.errors import InputError
from calculator.shipped import shipped

GOOD = """\
form_cost:
  label: Cost of a form
  unit: USD per form
  bounds: [0, 10]
  every_year: true
  values:
    2027-01-01: {value: 3, status: assumed, source: expert, range: {low: 1, high: 5, dist: beta}}
    2028-01-01: {value: 4, status: assumed, source: expert}
"""


@pytest.fixture
def tree_with(tmp_path):
    """The shipped assumptions with a file of one's own beside them, as `assumptions/forms.yaml`."""
    root = tmp_path / "assumptions"
    shutil.copytree(shipped("assumptions"), root)

    def load(text: str, file: str = "forms.yaml"):
        (root / file).write_text(dedent(text), encoding="utf-8")
        tree = load_tree(root)
        return Register(tree, dict(tree.entries))

    return load


def test_a_well_formed_assumption_is_read_with_its_status(tree_with):
    register = tree_with(GOOD)
    path = "assumptions.forms.form_cost"
    assert register.yearly(path, [2027, 2028]).tolist() == [[3.0, 4.0]]
    assert register.number(path, dt.date(2027, 6, 30)).tolist() == [3.0]
    assert register.status(path) == "assumed"


REFUSED = {
    "a duplicate key": (
        ("  bounds: [0, 10]", "  bounds: [0, 10]\n  unit: USD"), 5, "duplicate key unit"
    ),
    "an unknown key": (("  bounds", "  bound"), 4, "bound: "),
    "an unknown key of a value": (("value: 4,", "value: 4, reference: me,"), 8, "reference: "),
    "a missing label": (("  label: Cost of a form\n", ""), 1, "label: Field required"),
    "a missing unit": (("  unit: USD per form\n", ""), 1, "unit: Field required"),
    "missing bounds": (("  bounds: [0, 10]\n", ""), 1, "a number needs bounds"),
    "a missing source": ((", source: expert}", "}"), 8, "source: Field required"),
    "a missing status": (("value: 4, status: assumed", "value: 4"), 8, "status: Field required"),
    "an unknown source": (
        ("source: expert}", "source: my_neighbour}"), 1, "2028-01-01: unknown source my_neighbour"
    ),
    "an unknown status": (("4, status: assumed", "4, status: certain"), 8, "status: "),
    "no value at all": (("value: 4, ", ""), 1, "2028-01-01: allowed is a number from 0 to 10"),
    "a word for a number": (("value: 4,", "value: four,"), 1, "given was four"),
    "a yes for a number": (("value: 4,", "value: true,"), 1, "given was yes"),
    "a value above its bounds": (
        ("value: 4,", "value: 11,"), 1, "2028-01-01: allowed is a number from 0 to 10 USD per form"
    ),
    "a value below its bounds": (("value: 4,", "value: -0.5,"), 1, "given was -0.5"),
    "not a number": (("value: 4,", "value: .nan,"), 1, "given was nan"),
    "a range that excludes its value": (
        ("low: 1, high: 5", "low: 4, high: 5"), 1, "2027-01-01: the range excludes the value"
    ),
    "a range the wrong way round": (
        ("low: 1, high: 5", "low: 5, high: 1"), 1, "the range excludes the value"
    ),
    "an unknown distribution": (("dist: beta", "dist: gauss"), 7, "dist: "),
    "growth of nothing": (
        ("value: 3, status", "grow: payment.part_d_index, status"), 1, "either a value or a growth"
    ),
    "growth beside a value": (
        ("value: 4,", "value: 4, grow: payment.part_d_index,"), 1, "either a value or a growth"
    ),
    "broken syntax": (("  bounds: [0, 10]", "  bounds: [0, 10"), 5, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_well_formed_is_refused_with_file_and_line(tree_with, what):
    (old, new), line, problem = REFUSED[what]
    text = GOOD[: GOOD.rindex(old)] + new + GOOD[GOOD.rindex(old) + len(old) :]
    with pytest.raises(AssumptionError, match=rf"forms\.yaml, line {line}\b.*{re.escape(problem)}"):
        tree_with(text)


def test_growth_by_an_unknown_index_is_refused_with_file_and_line(tree_with):
    text = GOOD.replace("value: 4,", "grow: payment.no_such_index,")
    with pytest.raises(AssumptionError, match=r"forms\.yaml, line 1\b.*payment.no_such_index"):
        tree_with(text)


def test_two_paths_with_one_workbook_name_are_refused(tree_with):
    text = """\
    a_form:
      label: A form
      unit: yes or no
      values:
        2027-01-01: {value: true, status: assumed, source: expert}
    a:
      form:
        label: A form
        unit: yes or no
        values:
          2027-01-01: {value: true, status: assumed, source: expert}
    """
    with pytest.raises(
        AssumptionError, match=r"forms\.a.form: has the same workbook name as assumptions\.forms\.a"
    ):
        tree_with(text)


def test_a_lever_that_does_not_exist_is_refused(tree_with):
    text = """\
    label: Mine
    note: Mine.
    status: illustrative
    levers:
      moon_price: {value: 1, status: illustrative, source: project}
    """
    with pytest.raises(AssumptionError, match=r"mine\.yaml, line 5\b.*moon_price.*not a lever"):
        tree_with(text, "terms/mine.yaml")


def test_a_value_of_a_terms_package_outside_the_levers_bounds_is_refused(tree_with):
    text = """\
    label: Mine
    note: Mine.
    status: illustrative
    levers:
      copay: {value: -1, status: illustrative, source: project}
    """
    with pytest.raises(AssumptionError, match=r"mine\.yaml, line 5\b.*copay.*given was -1"):
        tree_with(text, "terms/mine.yaml")


# -------------------------------------------------------------------------------------------- dates


def test_a_date_before_the_first_value_is_refused_with_what_is_allowed(tree_with):
    register = tree_with(GOOD)
    with pytest.raises(InputError) as error:
        register.number("assumptions.forms.form_cost", dt.date(2026, 12, 31))
    assert "assumptions.forms.form_cost" in str(error.value)
    assert "allowed is a date from 2027-01-01" in str(error.value)
    assert "given was 2026-12-31" in str(error.value)


def test_a_figure_of_every_year_is_not_carried_into_a_year_without_one(tree_with):
    register = tree_with(GOOD)
    with pytest.raises(InputError, match="a year from 2027 to 2028; given was 2029"):
        register.yearly("assumptions.forms.form_cost", [2028, 2029])


def test_any_other_figure_holds_until_the_next(tree_with):
    register = tree_with(GOOD.replace("  every_year: true\n", ""))
    path = "assumptions.forms.form_cost"
    assert register.yearly(path, [2027, 2028, 2035]).tolist() == [[3.0, 4.0, 4.0]]


# ------------------------------------------------------------------------------------------- growth

GROWN = """\
index:
  label: Index
  unit: share a year
  bounds: [0, 1]
  values:
    2027-01-01: {value: 0.12, status: assumed, source: expert}
    2029-01-01: {value: 0.20, status: assumed, source: expert}

amount:
  label: Amount
  unit: USD
  bounds: [0, 10000]
  every_year: true
  round_to: 5
  values:
    2026-01-01: {value: 101, status: published, source: expert}
    2027-01-01: {grow: forms.index, status: projected, source: expert}
    2028-01-01: {grow: forms.index, status: projected, source: expert}
    2029-01-01: {grow: forms.index, status: projected, source: expert}
"""


def test_growth_compounds_unrounded_and_is_rounded_only_where_it_is_read(tree_with):
    register = tree_with(GROWN)
    # 101, 113.12, 126.69 and 152.03. A chain of rounded amounts would give 115, 130 and 155.
    amounts = register.yearly("assumptions.forms.amount", [2026, 2027, 2028, 2029])
    assert amounts.tolist() == [[101.0, 115.0, 125.0, 150.0]]


def test_a_published_amount_is_never_rounded(tree_with):
    register = tree_with(GROWN)
    assert register.number("assumptions.forms.amount", dt.date(2026, 1, 1)).tolist() == [101.0]


def test_an_own_value_of_one_year_carries_into_the_years_that_grow_from_it(tree_with):
    register = tree_with(GROWN).with_value("assumptions.forms.amount.2027_01_01", 200)
    amounts = register.yearly("assumptions.forms.amount", [2026, 2027, 2028, 2029])
    assert amounts.tolist() == [[101.0, 200.0, 225.0, 270.0]]  # 224 and 268.8


def test_the_projected_benefit_of_2028_is_that_of_2027_and_the_index_rounded_as_by_statute():
    register = load_assumptions()
    index = float(register.number("assumptions.payment.part_d_index", dt.date(2028, 1, 1))[0])
    for key, of_2027, step in (("deductible", 700, 5), ("oop_threshold", 2400, 50)):
        grown = register.yearly(f"assumptions.benefit.{key}", [2028])[0, 0]
        assert grown == round(of_2027 * (1 + index) / step) * step
        assert register.status(f"assumptions.benefit.{key}", dt.date(2028, 1, 1)) == "projected"


# ----------------------------------------------------------------------------------------- overlays

PATH = "assumptions.persistence.restart_one_year"


def test_an_own_value_has_status_user_loses_the_shipped_range_and_is_marked():
    shipped_register = load_assumptions()
    assert shipped_register.entries[PATH].values[dt.date(2025, 1, 1)].range is not None
    register = shipped_register.with_value(PATH, 0.25)
    (dated,) = register.entries[PATH].values.values()
    assert register.number(PATH).tolist() == [0.25]
    assert (dated.status, dated.range) == ("user", None)
    assert register.changed == {PATH}
    assert shipped_register.changed == frozenset()
    assert shipped_register.number(PATH).tolist() == [0.363]


def test_an_own_value_may_bring_its_own_range_status_and_source():
    own = {"value": 0.2, "status": "observed", "source": "project",
           "range": {"low": 0.1, "high": 0.3, "dist": "beta"}}  # fmt: skip
    register = load_assumptions().with_value(PATH, own)
    (dated,) = register.entries[PATH].values.values()
    assert (dated.value, dated.status, dated.source) == (0.2, "observed", "project")
    assert (dated.range.low, dated.range.high) == (0.1, 0.3)


@pytest.mark.parametrize(
    "own",
    [
        1.2,
        -0.1,
        float("nan"),
        "a lot",
        True,
        None,
        {"value": 1.2},
        {"value": 0.5, "range": {"low": 0.6, "high": 0.7, "dist": "beta"}},
        {"value": 0.5, "source": "my_neighbour"},
        {"value": 0.5, "status": "certain"},
        {"value": 0.5, "unit": "share"},
    ],
)
def test_an_overlay_is_under_the_same_checks_as_the_file(own):
    with pytest.raises(InputError, match=re.escape(PATH)):
        load_assumptions().with_value(PATH, own)


def test_a_word_a_date_and_a_yes_are_checked_as_what_they_are():
    register = load_assumptions()
    start = "assumptions.timeline.part_d_start"
    assert register.with_value(start, "2029-01-01").day(start) == dt.date(2029, 1, 1)
    assert register.with_value("terms.mechanism", "point_of_sale").word("terms.mechanism")
    for path, value, allowed in (
        (start, "next year", "a date as 2028-01-01"),
        ("terms.mechanism", "coupon", "one of rebate, point_of_sale"),
        ("terms.deductible_exempt", "maybe", "yes or no"),
    ):
        with pytest.raises(InputError, match=f"{path}: allowed is {allowed}; given was {value}"):
            register.with_value(path, value)


def test_none_is_a_value_only_where_it_is_allowed():
    register = load_assumptions("announced_2025_12")
    free = register.with_value("terms.guaranteed_net_price", None)
    assert np.isnan(free.number("terms.guaranteed_net_price")).all()
    with pytest.raises(InputError, match=r"terms.copay: allowed is .*; given was nothing"):
        register.with_value("terms.copay", None)


def test_a_terms_package_sets_its_levers_and_leaves_the_others_neutral():
    neutral, register = load_assumptions(), load_assumptions("illustrative_capitation")
    assert np.isnan(neutral.number("terms.guaranteed_net_price")).all()
    assert register.number("terms.guaranteed_net_price").tolist() == [245.0]
    assert register.number("terms.obesity_capitation.amount").tolist() == [40.0]
    assert register.number("terms.extra_reinsurance.share").tolist() == [0.0]
    assert register.status("terms.obesity_capitation.amount") == "illustrative"
    with pytest.raises(
        InputError, match=r"terms.package: allowed is one of announced_2025_12.*none"
    ):
        load_assumptions("none")


def test_what_was_announced_without_a_number_is_zero_and_says_so():
    register = load_assumptions("announced_2025_12")
    for path in ("terms.obesity_capitation.amount", "terms.extra_reinsurance.share"):
        assert register.number(path).tolist() == [0.0]
        assert register.status(path) == "not_published"


# -------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("assumptions.persistence.restart_one_yaer", PATH),
        ("assumptions.restart_one_year", PATH),
        ("terms.obesity_capitation", "terms.obesity_capitation.amount"),
        ("terms.capitation.amount", "terms.obesity_capitation.amount"),
        ("terms.copays", "terms.copay"),
    ],
)
def test_a_wrong_path_answers_with_the_nearest_right_one(wrong, right):
    with pytest.raises(InputError) as error:
        load_assumptions().with_value(wrong, 0.3)
    assert f"such as {right}" in str(error.value) or f", {right}" in str(error.value)
    assert f"given was {wrong}" in str(error.value)


def test_a_wrong_date_answers_with_the_dates_there_are():
    path = "assumptions.benefit.oop_threshold"
    with pytest.raises(InputError, match=r"2027_01_01, 2028_01_01.*given was 2035_01_01"):
        load_assumptions().with_value(f"{path}.2035_01_01", 3000)


def test_cases_are_checked_at_both_ends():
    register = load_assumptions()
    assert register.with_cases({PATH: np.array([0.1, 0.5])}).number(PATH).tolist() == [0.1, 0.5]
    for values in ([0.1, 1.5], [-0.1, 0.5], [0.1, np.nan]):
        with pytest.raises(InputError, match=PATH):
            register.with_cases({PATH: np.array(values)})
    with pytest.raises(InputError, match=PATH):
        register.with_cases({PATH + "s": np.array([0.1])})


@pytest.mark.parametrize("date", ["", ".2028_01_01"])
def test_a_case_is_read_as_given_like_any_own_value(date):
    # The deductible of 2028 grows from 2027's and is rounded to 5 dollars; 703 is nobody's growth.
    path = "assumptions.benefit.deductible"
    own = load_assumptions().with_value(path + date, 703)
    case = load_assumptions().with_cases({path + date: np.array([703.0])})
    assert own.yearly(path, [2028]).tolist() == [[703.0]]
    assert case.yearly(path, [2028]).tolist() == [[703.0]]


def test_cases_of_one_date_carry_into_the_years_that_grow_from_it():
    path = "assumptions.payment.national_average_bid"
    register = load_assumptions().with_cases({f"{path}.2027_01_01": np.array([200.0, 300.0])})
    bids = register.yearly(path, [2026, 2027, 2028])
    growth = 1 + load_assumptions().number("assumptions.payment.part_d_index")[0]
    assert bids[:, 0].tolist() == [239.27, 239.27]
    assert bids[:, 1:] == pytest.approx(np.array([[200, 200 * growth], [300, 300 * growth]]))


# ---------------------------------------------------------------------------------- what is shipped


def test_the_calendar_as_it_was_said_on_a_day_can_be_rebuilt():
    register = load_assumptions()
    start = register.entries["assumptions.timeline.part_d_start"].values
    assert start[dt.date(2025, 12, 23)].value == dt.date(2027, 1, 1)
    assert register.day("assumptions.timeline.part_d_start") == dt.date(2028, 1, 1)
    assert register.status("assumptions.timeline.part_d_start") == "assumed"


def test_every_shipped_number_has_bounds_that_hold_it_and_a_source_that_exists():
    tree = load_tree()
    for path, entry in tree.entries.items():
        for dated in entry.values.values():
            assert dated.source in tree.sources, path
            if isinstance(dated.value, float) and entry.kind == "number":
                low, high = entry.bounds
                assert low <= dated.value <= high, path


def test_no_source_is_shipped_that_nothing_cites():
    assert uncited_sources(load_tree()) == []
