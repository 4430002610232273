"""A book of plans: each plan as it is alone, summed, ranked and chosen among."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis import portfolio, portfolio_blocks
from calculator.analysis.portfolio import run
from calculator.analysis.portfolio_blocks import blocks_of
from calculator.analysis.portfolio_table import read_book
from calculator.assumptions import plans_file
from calculator.errors import InputError
from calculator.report import portfolio as report

EXACT = 1e-9
TRACE = 1e-6  # USD: what differences of hundreds of millions leave behind


def book(tmp_path, rows, name="plans.csv"):
    """A table of plans from mappings; columns are those of any row."""
    columns = list(dict.fromkeys(["name", "scenario", *(key for row in rows for key in row)]))
    path = tmp_path / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return read_book(path)


def named(rows):
    return [{"name": f"plan {number}", **row} for number, row in enumerate(rows)]


def differences(found, resolution):
    """Plans that are not what `decide` says of each alone."""
    read, result = found
    wrong = []
    by_name = {plan.name: plan for plan in result.plans}
    for entry in read.entries:
        scenario = read.scenarios[entry.scenario].scenario.with_settings(entry.settings)
        alone = decide(scenario, resolution=resolution)
        plan = by_name[entry.name]
        assert list(plan.value.by_period) == list(alone.value.by_period)
        months = alone.evaluation.result.member_months
        both = alone.branches() if scenario.program == "part_d" else alone.budget
        pairs = [
            (plan.value.total, alone.value.total),
            (plan.value.present_value, alone.value.present_value),
            (plan.value.pmpm, alone.value.pmpm),
            *zip(plan.value.by_period.values(), alone.value.by_period.values(), strict=True),
            (sum(plan.member_months.values()), float(np.sum(months[0]))),
        ]
        for branch in ("join", "stay_out"):
            if scenario.program == "part_d":
                rows = both[branch]["result"]
            else:
                rows = {period: -usd for period, usd in both[branch]["state_net"].items()}
            own = getattr(plan, branch)
            pairs += list(zip(own.values(), rows.values(), strict=True))
        # Less than a cent is nothing in a book.
        close = [
            np.isclose(got, wanted, rtol=EXACT, atol=TRACE)
            or (got == 0.0 and abs(wanted) < portfolio.CENT)
            for got, wanted in pairs
        ]
        if not all(close):
            got, wanted = pairs[close.index(False)]
            wrong.append(f"{entry.name} {dict(entry.settings)}: {got!r} instead of {wanted!r}")
    return wrong


MIXED = [
    {"scenario": "pdp_regional"},
    {"scenario": "pdp_regional", "plan.members": "85,000", "plan.lis_share": 0.3},
    {"scenario": "pdp_regional", "plan.members": 12000, "plan.spend_ratio": 1.2},
    {"scenario": "pdp_regional", "plan.bid": 190.5},
    {"scenario": "pdp_regional", "plan.bid": "none"},
    {"scenario": "pdp_regional", "terms.copay": 35, "plan.members": 3000},
    {"scenario": "pdp_regional", "terms.package": "illustrative_all", "terms.copay": 20},
    {"scenario": "pdp_regional", "horizon.start": "2029-01-01", "plan.risk_score": 1.1},
    {"scenario": "pdp_regional", "horizon.start": "2029-01-01", "plan.risk_score": 0.9},
    {"scenario": "pdp_regional", "selection.include": "yes", "plan.members": 9000},
    {"scenario": "pdp_regional", "therapy.mix.wegovy": 0.2, "therapy.mix.zepbound": 0.7},
    {"scenario": "pdp_regional", "therapy.mix.wegovy": 0.4, "therapy.mix.zepbound": 0.5},
    {"scenario": "pdp_regional", "therapy.curve": "prime_2024", "assumptions.uptake.eligible_share": 0.09},  # noqa: E501
    {"scenario": "pdp_regional", "assumptions.uptake.initiation": 0.05},
    {"scenario": "pdp_regional", "own_coverage.net_price": 300, "own_coverage.copay": 25, "own_coverage.initiation_ratio": 0.5},  # noqa: E501
    {"scenario": "pdp_regional", "own_coverage.net_price": 400, "own_coverage.copay": 50, "own_coverage.initiation_ratio": 0.7},  # noqa: E501
    {"scenario": "mapd", "plan.retained_share": 0.5, "therapy.offsets": "cbo"},
    {"scenario": "mapd", "plan.retained_share": 0.9, "therapy.offsets": "cbo"},
    {"scenario": "dsnp", "plan.members": 7000},
    {"scenario": "egwp", "plan.members": 7000},
    {"scenario": "pdp_national", "plan.auto_assigned_share": 0.3, "plan.benchmark_headroom": 1.5},
    {"scenario": "pdp_national", "plan.auto_assigned_share": 0.5},
    {"scenario": "state_not_covering"},
    {"scenario": "state_not_covering", "state.abbr": "TX"},
    {"scenario": "state_covering", "state.abbr": "VA", "state.own_uptake_ratio": 0.5},
    {"scenario": "state_covering", "state.abbr": "VA", "state.own_uptake_ratio": 0.9},
    {"scenario": "state_covering", "state.fiscal_year_start_month": 10},
    {"scenario": "state_covering", "state.fiscal_year_start_month": 7},
    {"scenario": "state_covering", "groups.base_adults.enrollment": 200000},
    {"scenario": "state_covering", "groups.base_adults.enrollment": 300000, "state.fmap": 0.6},
    {"scenario": "state_covering", "state.rebate_share_of_gross": 0.6, "state.enrollment": 3e6},
    {"scenario": "state_ending_coverage", "terms.guaranteed_net_price": 210},
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 64])
def test_plans_of_a_mixed_book_are_what_each_is_alone(tmp_path, monkeypatch, size):
    monkeypatch.setattr(portfolio_blocks, "BLOCK", size)
    read = book(tmp_path, named(MIXED))
    assert differences((read, run(read, "workbook")), "workbook") == []


def test_at_full_resolution_too(tmp_path):
    rows = named(MIXED[:3] + MIXED[16:18] + MIXED[24:26])
    read = book(tmp_path, rows)
    assert differences((read, run(read)), "full") == []


def value_of(register, path):
    """Another value of a path inside its bounds."""
    low, high = register.entries[path].bounds
    now = float(register.number(path).flat[0])
    if np.isnan(now):
        now = low + 0.1 * (high - low)
    if register.entries[path].unit in ("months", "quarters", "month", "year"):
        return min(now + 3, high)
    return min(max(0.9 * now or 0.01 * high, low), high)


@pytest.mark.parametrize("name", ["mapd", "state_covering"])
def test_any_number_may_differ_or_be_left_out(tmp_path, name):
    """Every number the engine reads, each in a plan of its own that leaves out the others."""
    evaluation = decide(load_scenario(name), resolution="workbook").evaluation
    register = evaluation.register
    scenario = load_scenario(name)
    own = {*scenario.paths()}
    wholes = re.compile(r"therapy\.mix\..*|groups\..*\.share")
    numbers = [
        path
        for path in sorted(register.read & {*register.entries})
        if register.entries[path].kind == "number"
        and (path in own or path.startswith(("terms.", "assumptions.")))
        and not wholes.fullmatch(path)
    ]
    assert len(numbers) > 80
    rows, refused = [], []
    for path in numbers:
        value = value_of(register, path)
        try:
            decide(scenario.with_settings({path: value}), resolution="workbook")
            rows.append({"scenario": name, path: value})
        except InputError:
            refused.append((path, value))
    read = book(tmp_path, named([{"scenario": name}, *rows]))
    assert differences((read, run(read, "workbook")), "workbook") == []
    # What one plan alone is refused for is said of its row, wherever it stands among others.
    for path, value in refused:
        read = book(tmp_path, named([{"scenario": name}, {"scenario": name, path: value}]))
        with pytest.raises(InputError, match="row 3"):
            run(read, "workbook")


def test_plans_with_the_same_words_are_one_run_whatever_numbers_they_leave_out(tmp_path):
    draw = np.random.default_rng(3)
    rows = []
    for number in range(60):
        row = {"scenario": "mapd", "plan.members": 1_000 + number}
        if number % 2:
            row["plan.lis_share"] = round(draw.uniform(0.1, 0.5), 3)
        if number % 3:
            row["assumptions.uptake.eligible_share"] = round(draw.uniform(0.05, 0.1), 3)
        rows.append(row)
    (block,) = blocks_of(book(tmp_path, named(rows)))
    assert len(block.entries) == 60
    assert {*block.cases} == {"plan.members", "plan.lis_share", "assumptions.uptake.eligible_share"}
    # A bid, or none, is another way of pricing; another word is another run.
    rows[5]["plan.bid"] = 200
    rows[6]["therapy.curve"] = "prime_2024"
    assert sorted(len(one.entries) for one in blocks_of(book(tmp_path, named(rows)))) == [1, 1, 58]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    read = book(tmp_path_factory.mktemp("mixed"), named(MIXED))
    return read, run(read, "workbook")


@pytest.mark.parametrize("name", ["part_d", "medicaid"])
def test_sums_are_those_of_the_plans(mixed, name):
    program = mixed[1].programs[name]
    worth = {plan.name: plan.value for plan in program.plans}
    gaining = {key: value for key, value in worth.items() if value.total > 0}
    assert 0 < len(gaining) < len(worth)
    for sums, values in ((program.all_in, worth), (program.chosen, gaining)):
        assert sums.plans == len(values)
        assert sums.total == pytest.approx(sum(v.total for v in values.values()), rel=1e-12)
        assert sum(sums.by_period.values()) == pytest.approx(sums.total, rel=1e-9)
        assert sums.present_value == pytest.approx(
            sum(v.present_value for v in values.values()), rel=1e-12
        )
        assert sums.pmpm * program.member_months == pytest.approx(sums.total, rel=1e-12)
    # No other choice is worth more than the free one, and all or none is never worth less than 0.
    assert program.chosen.total >= max(program.all_in.total, 0.0)
    assert program.worth_of_choosing == pytest.approx(
        program.chosen.total - max(program.all_in.total, 0.0)
    )
    assert program.joins_as_one == (program.all_in.total > 0)
    join, stay_out = program.branch("join"), program.branch("stay_out")
    for period in program.periods:
        assert join[period] - stay_out[period] == pytest.approx(
            program.all_in.by_period[period], abs=1e-3
        )


def test_ranks_are_by_value_within_a_program(mixed):
    for program in mixed[1].programs.values():
        totals = [plan.value.total for plan in program.plans]
        assert totals == sorted(totals, reverse=True)
        assert [plan.rank for plan in program.plans] == list(range(1, len(totals) + 1))


def test_the_order_of_rows_is_irrelevant(tmp_path, mixed):
    read = book(tmp_path, named(MIXED)[::-1])
    again = {plan.name: plan for plan in run(read, "workbook").plans}
    for plan in mixed[1].plans:
        assert again[plan.name].value.total == pytest.approx(plan.value.total, rel=EXACT, abs=TRACE)


def test_periods_of_plans_with_different_years_stand_side_by_side(mixed):
    program = mixed[1].programs["part_d"]
    late = next(plan for plan in program.plans if "2028" not in plan.value.by_period)
    assert program.periods == ("2028", "2029", "2030", "2031")
    assert list(late.value.by_period) == ["2029", "2030", "2031"]


def test_the_fingerprint_is_that_of_what_was_run(tmp_path, mixed):
    read, found = mixed
    assert run(read, "workbook").fingerprint == found.fingerprint
    assert portfolio.fingerprint(read, "full") != found.fingerprint
    rows = named(MIXED)
    rows[1]["plan.members"] = 85_001
    assert portfolio.fingerprint(book(tmp_path, rows), "workbook") != found.fingerprint


def test_progress_counts_every_plan_once(tmp_path):
    told = []
    read = book(tmp_path, named(MIXED[:6]))
    run(read, "workbook", lambda done, of: told.append((done, of)))
    assert told[-1] == (6, 6)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_what_is_worth_less_than_a_cent_does_not_join(tmp_path, mixed):
    nobody = {
        "scenario": "pdp_national", "assumptions.uptake.eligible_share": 0,
        "terms.existing_users": "none", "assumptions.administration.fixed_cost": 0,
        "assumptions.administration.pmpm_cost": 0,
    }  # fmt: skip
    (plan,) = run(book(tmp_path, named([nobody])), "workbook").plans
    assert abs(plan.value.total) < portfolio.CENT
    assert not plan.joins
    one = mixed[1].plans[0]
    trace = replace(one, value=replace(one.value, total=3e-8))
    assert not trace.joins
    assert not portfolio.Program("part_d", (trace,)).joins_as_one


def test_products_and_sections_that_the_scenario_lacks_come_with_their_numbers(tmp_path):
    own = "extends: pdp_regional\nname: own\ntherapy: {mix: {wegovy: 1.0}}\n"
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    shares = [(0.6, 0.4), (0.3, 0.7), (1.0, 0.0)]
    rows = [{"scenario": "own.yaml"}]
    rows += [
        {"scenario": "own.yaml", "therapy.mix.wegovy": one, "therapy.mix.zepbound": other}
        for one, other in shares
    ]
    slices = {
        f"spending.{group}.{name}": value
        for group in ("non_lis", "lis")
        for name, value in {
            "zero_share": 0.2, "points": "[100, 900, 9000]", "applicable": "[0.1, 0.5, 0.6]",
            "selected": "[0, 0, 0]",
        }.items()
    }  # fmt: skip
    year = {"spending.year": 2025, "spending.glp1": "left_out"}
    rows += [{"scenario": "mapd", **slices, **year, "plan.members": n} for n in (9_000, 5_000)]
    read = book(tmp_path, named(rows))
    assert sorted(len(block.entries) for block in blocks_of(read)) == [1, 2, 3]
    assert differences((read, run(read, "workbook")), "workbook") == []


# ------------------------------------------------------------------------------ in words


@pytest.fixture(scope="module")
def illustrative():
    return run(read_book(plans_file()), "workbook")


def test_all_or_none_in_plain_words(illustrative):
    text = " ".join(report.sentences(illustrative))
    assert "none joins" not in text
    assert "; all or none" not in text
    assert "if all 10 have to join together" in text


def test_less_than_a_cent_is_nothing_everywhere(illustrative):
    _, rows = report.plan_rows(illustrative)
    for plan in illustrative.plans:
        amounts = [
            plan.value.total, plan.value.present_value, *plan.value.by_period.values(),
            *plan.join.values(), *plan.stay_out.values(),
        ]  # fmt: skip
        assert all(amount == 0.0 or abs(amount) >= portfolio.CENT for amount in amounts), plan.name
        assert not any(str(amount) == "-0.0" for amount in amounts), plan.name
    assert "−$0 " not in report.text(illustrative)
    assert not any(str(cell) == "-0.0" for row in rows for cell in row)
