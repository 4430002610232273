"""Published results the calculator must reproduce, one readable file each.

`call` is the public function that gives the figure. Most are called with a file's inputs as they
stand; where a figure needs several steps, a function below takes them and says which.
"""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import yaml

from calculator import decide, load_assumptions, load_scenario
from calculator.model import benefit, cohort, payment, spending
from calculator.model.arrays import MONTHS, array
from calculator.model.benefit import CLASSES, Rules
from tests.claims.claims_adjudicator import AMOUNTS, Row
from tests.claims.command import adjudicated as adjudicate_file
from tests.claims.command import write_claims

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
PAYERS = ("member", "plan", "manufacturer", "selected_subsidy", "reinsurance")
KINDS = {"published", "statute", "derived", "arithmetic", "calibration"}
BASELINE_LINES = ("baseline_drugs", "existing_glp1")


def shipped_rules(year: int) -> Rules:
    """The shipped benefit parameters of a year."""
    register = load_assumptions()
    names = (
        "deductible",
        "oop_threshold",
        "initial_coinsurance",
        "initial_discount_applicable",
        "initial_subsidy_selected",
        "catastrophic_discount_applicable",
        "catastrophic_reinsurance_applicable",
        "catastrophic_reinsurance_selected",
        "catastrophic_reinsurance_non_applicable",
    )
    return Rules(*(register.yearly(f"assumptions.benefit.{name}", [year])[0, 0] for name in names))


def member_year(year: int, gross: float, drug_class: str) -> dict[str, float]:
    """A member's year of standard claims on one class, under the shipped benefit."""
    rules = shipped_rules(year)
    phases = benefit.year_phases(array(gross), array(0), array(0), rules, None)
    of_class = array([drug_class == name for name in CLASSES])
    owed = benefit.standard_liability(phases.standard[:, None] * of_class, rules)
    return {payer: float(getattr(owed, payer)) for payer in PAYERS}


def treated_cost(eligible: float, take_up: float, months: int, usd_per_month: float) -> float:
    """Cost of people who all start on the first day and never stop, USD billion."""
    group = cohort.project(
        eligible=np.full((1, months), eligible),
        initiation=np.zeros((1, months)),
        curve=np.ones((1, months + 1)),
        churn=np.zeros(1),
        restart=np.zeros(1),
        opening_stock=np.array([[eligible * take_up]]),
        opening_stopped=np.zeros(1),
    )
    return float(group.on_therapy.sum()) * usd_per_month / 1e9


def bridge_fill(scenario: str, start, year: str) -> dict[str, float]:
    """What each payer pays for a Bridge fill when a plan stays out, and what it moves elsewhere."""
    settings = {"horizon.start": start.isoformat()}
    nobody = {**settings, "assumptions.uptake.bridge_initiation": 0.0}
    decision, without = (
        decide(load_scenario(scenario).with_settings(chosen)) for chosen in (settings, nobody)
    )
    fills = decision.evaluation.costs.stay_out_people.fills[0, decision.years.index(int(year))]
    assert fills > 1_000

    def rows(of):
        ledger = of.ledger()
        stay_out = ledger[(ledger.branch == "stay_out") & (ledger.period == year)]
        return stay_out.set_index(["line", "payer"]).amount

    model = rows(decision).loc["model_drugs"] / fills
    others = [payer for payer in model.index if payer not in ("member", "bridge", "plan")]
    baseline, untouched = (rows(of).loc[list(BASELINE_LINES)] for of in (decision, without))
    assert "model_drugs" not in rows(without).index.get_level_values("line")
    return {
        "gross": model.sum(),
        "member": model["member"],
        "bridge": model["bridge"],
        "plan": model.get("plan", 0.0),
        "other_payers": model[others].sum(),
        "moved_on_other_claims": (baseline - untouched).abs().max(),
    }


def national_averages(year: int, points: int) -> dict[str, float]:
    """Reinsurance, bid and direct subsidy that the shipped national spending gives, USD PMPM."""
    register = load_assumptions()

    def yearly(key: str):
        return register.yearly(f"assumptions.{key}", [year])

    def of_year(key: str):
        return yearly(key)[:, 0]

    zero, lis = of_year("spending.zero_share"), of_year("spending.national_lis_share")
    unit = spending.unit_points(
        of_year("spending.body_sigma"),
        of_year("spending.tail_start"),
        of_year("spending.tail_index"),
        points,
    )
    spend = spending.strata(
        yearly("spending.mean_gross"), zero, of_year("spending.lis_spend_ratio"), lis, unit
    )
    weights = spending.member_weights(zero, lis, points)
    mix = spending.class_mix(
        spend,
        of_year("spending.brand_share_floor"),
        of_year("spending.brand_share_rise"),
        of_year("spending.brand_share_half"),
        yearly("spending.selected_share_of_brand"),
    )
    rules = shipped_rules(year)
    phases = benefit.year_phases(spend, array(0), array(0), rules, None)
    by_class = phases.standard[0, 0, ..., :, None] * mix[0, 0, ..., None, :]
    owed = benefit.standard_liability((weights[0, ..., None, None] * by_class).sum((0, 1)), rules)

    rebates = of_year("spending.dir_share") * owed.gross * np.array([1.0, 0.0, 0.0])
    above = benefit.share_above_threshold(owed.catastrophic, owed.gross)
    reinsurance = benefit.reinsurance_after_dir(
        rules.reinsurance, owed.catastrophic, rebates, above
    ).sum()
    plan = owed.plan - rebates.sum() + owed.reinsurance - reinsurance
    load = float(of_year("payment.administration_and_margin")[0])
    bid = float(plan) / MONTHS / (1.0 - load)
    base_premium = float(of_year("payment.base_premium")[0])
    return {
        "reinsurance": float(reinsurance) / MONTHS,
        "bid": bid,
        "direct_subsidy": float(payment.direct_subsidy(bid, 1.0, bid, base_premium)),
    }


def adjudicated(year: int, claims: list[dict]) -> dict[str, float]:
    """What each payer pays for one member's claims of applicable drugs, one a day."""
    rows = [
        Row(
            **{
                "member_id": "A",
                "service_date": dt.date(year, 1, day),
                "drug_class": "applicable",
                **claim,
                "gross_cost": Decimal(claim["gross_cost"]),
            }
        )
        for day, claim in enumerate(claims, 1)
    ]
    return payers_of_members(rows, year)["A"]


def phased_in_discount(year: int, manufacturer: str, lis: str) -> dict[str, float]:
    """The manufacturer's share of a claim of 100 just above the deductible, then the threshold."""
    members = {
        "initial": covered_spend(year, "deductible"),
        "catastrophic": covered_spend(year, "oop_threshold"),
    }
    rows = []
    for member, before in members.items():
        first = Row(member, dt.date(year, 1, 1), "non_applicable", before, lis=lis)
        rows += [
            first,
            replace(
                first,
                service_date=dt.date(year, 1, 2),
                drug_class="applicable",
                gross_cost=Decimal(100),
                manufacturer=manufacturer,
            ),
        ]
    of = payers_of_members(rows, year)
    return {member: of[member]["manufacturer"] / 100 for member in members}


def covered_spend(year: int, name: str) -> Decimal:
    """Gross of standard claims at which the year's deductible or threshold is reached."""
    rules = shipped_rules(year)
    deductible, threshold = Decimal(int(rules.deductible)), Decimal(int(rules.threshold))
    return deductible if name == "deductible" else deductible + 4 * (threshold - deductible)


def payers_of_members(rows: list[Row], year: int) -> dict[str, dict[str, float]]:
    """What `balance adjudicate` says of each member, USD."""
    with TemporaryDirectory() as folder:
        texts = adjudicate_file(write_claims(Path(folder) / "claims.csv", rows), year)
    return {
        member: dict(zip(AMOUNTS, map(float, amounts), strict=True))
        for member, amounts in texts.items()
    }


STEPS = {
    "balance adjudicate": adjudicated,
    "balance adjudicate, one claim in each phase": phased_in_discount,
    "calculator.model.benefit.standard_liability": member_year,
    "calculator.model.cohort.project": treated_cost,
    "calculator.decide": bridge_fill,
    "calculator.model.spending.strata": national_averages,
}


def result_of(call: str, inputs: dict):
    """The named function's result as plain numbers."""
    if call in STEPS:
        return STEPS[call](**inputs)
    module, _, name = call.rpartition(".")
    arrays = {key: array(value) for key, value in inputs.items()}
    return getattr(import_module(module), name)(**arrays).tolist()


def within(tolerance: dict, expected):
    """The expected figure with exactly one stated tolerance."""
    ((kind, size),) = tolerance.items()
    absolute, relative = (size, 0.0) if kind == "absolute" else (0.0, size)
    return pytest.approx(expected, abs=absolute, rel=relative)


def read(path: Path) -> list[tuple[str, dict]]:
    """A file's cases, each with what the file says for all of them."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    cases = data.pop("cases")
    return [(f"{path.stem}-{number}", {**data, **case}) for number, case in enumerate(cases, 1)]


CASES = [case for path in FILES for case in read(path)]


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_the_published_figure_is_reproduced(case):
    result = result_of(case["call"], case["inputs"])
    if isinstance(case["expected"], dict):
        result = {key: result[key] for key in case["expected"]}
    assert result == within(case["tolerance"], case["expected"])


def test_every_file_says_what_it_is_and_where_it_comes_from():
    labelled = [(path.stem, case) for path in FILES for _, case in read(path)]
    for name, case in labelled:
        assert case["id"].lower() == name
        assert case["kind"] in KINDS
        assert case["what"]
        assert case["source"]


def test_no_published_result_has_gone_missing():
    wanted = {*(f"d{n}" for n in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14))}
    wanted |= {f"c{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9)}
    wanted |= {f"calibration_{year}" for year in (2025, 2026, 2027)}
    assert {path.stem for path in FILES} >= wanted
