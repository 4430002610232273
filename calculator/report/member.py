"""One member of a plan walked through a year: who pays in each month and phase, and the finding."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from calculator.model import price
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.benefit import CLASSES
from calculator.model.drug_lines import LIS
from calculator.model.inputs import Inputs
from calculator.model.member import Member, Walk, walk
from calculator.part_d_decision import PlanDecision
from calculator.part_d_inputs import build_inputs
from calculator.report.flow import CENT, listed
from calculator.report.payers import EVERY
from calculator.report.words import dollars, many
from calculator.scenario import PlanScenario

TYPICAL = "typical"
KINDS: Mapping[str, str] = {
    TYPICAL: "as members who spend as much",
    "applicable": "brand drugs with the manufacturer's discount",
    "selected": "drugs with a negotiated price",
    "non_applicable": "generic and other drugs",
}
HELP: Mapping[str, str] = {
    "none": "none",
    "low": "to the poverty level",
    "other": "above the poverty level",
}
# Soft hyphens, for a narrow screen.
PHASE_NAMES = ("Deduc\u00adtible", "Initial coverage", "Catas\u00adtrophic")
OUTSIDE = "Outside Part D"
LOW_SHARE = "assumptions.benefit.lis_low_copay_share"
FEW_STRATA = 1
MONTH_NAMES = tuple(f"{dt.date(2000, month, 1):%B}" for month in range(1, MONTHS + 1))


@dataclass(frozen=True)
class Case:
    """Whom the explorer walks through which year."""

    spend: float  # USD a year on other drugs
    kind: str  # of KINDS
    first: int  # month in which therapy begins, 0 = January
    months: int  # on therapy in the year
    help: str  # of HELP
    product: str
    year: int
    branch: str


@dataclass(frozen=True)
class MemberYear:
    """One plan year of a member, USD: (12 months, 3 phases) for each payer."""

    case: Case
    paid: Mapping[str, Array]  # payer -> all Part D claims
    other: Array  # (12, 3) gross of other drugs
    model: Array  # (12, 3) gross of model fills
    outside: Mapping[str, Array]  # payer -> (12,): fills outside the Part D benefit
    outside_name: str  # what pays for them; "" where there are none
    fills: float  # of the model drug, in and outside the benefit
    member_model: float  # what the member pays for them
    rebates: float  # that come after the counter
    out_of_pocket: Array  # (12,) counted by the end of each month
    deductible: float
    threshold: float
    deductible_met: float  # months; 12: not met
    threshold_met: float

    @property
    def reached(self) -> bool:
        """Whether the threshold is reached, also at the very end of the year."""
        return self.threshold_met < MONTHS or self.threshold - self.out_of_pocket[-1] < CENT

    @property
    def gross(self) -> float:
        """All drugs at the counter."""
        return float(self.other.sum() + self.model.sum() + sum(map(np.sum, self.outside.values())))

    def total(self, payer: str) -> float:
        """What a payer pays at the counter in the year."""
        usd = float(np.sum(self.paid.get(payer, 0.0)) + np.sum(self.outside.get(payer, 0.0)))
        return usd if abs(usd) >= CENT else 0.0

    @property
    def payers(self) -> tuple[str, ...]:
        """Whoever pays, in the order of every picture."""
        return tuple(payer for payer in EVERY if self.total(payer))

    def monthly(self, payer: str) -> Array:
        """What a payer pays by month, (12,)."""
        inside = np.sum(self.paid.get(payer, np.zeros((MONTHS, 1))), axis=1)
        return np.asarray(inside + self.outside.get(payer, np.zeros(MONTHS)))


def statutory_copays(scenario: PlanScenario) -> dict[str, tuple[Array, Array]]:
    """Average low-income copay of a claim and of a brand fill, (1, Y), at each level of help."""
    register = scenario.register().with_cases({LOW_SHARE: np.array([1.0, 0.0])})
    found = build_inputs(scenario, register, FEW_STRATA)
    return {
        level: (found.lis_copay[case : case + 1], found.lis_brand_copay[case : case + 1])
        for case, level in enumerate(("low", "other"))
    }


def class_mix(inputs: Inputs, spend: float, group: int) -> Array:
    """Drug classes of members who spend as much, (Y, 3), between the plan's strata."""
    years = range(len(inputs.years))
    return np.array(
        [
            [
                np.interp(spend, inputs.spend[0, y, group], inputs.class_mix[0, y, group, :, one])
                for one in range(len(CLASSES))
            ]
            for y in years
        ]
    )


def member_year(
    decision: PlanDecision, copays: Mapping[str, tuple[Array, Array]], case: Case
) -> MemberYear:
    """Walk a member through a plan year of the central run. copays: from `statutory_copays`."""
    inputs = decision.evaluation.inputs
    low_income = case.help != "none"
    if low_income:
        claim, brand = copays[case.help]
        inputs = replace(inputs, lis_copay=claim, lis_brand_copay=brand)
    if case.kind == TYPICAL:
        mix = class_mix(inputs, case.spend, LIS if low_income else 0)
    else:
        one = np.array([float(name == case.kind) for name in CLASSES])
        mix = np.tile(one, (len(inputs.years), 1))
    joins = case.branch == "join"
    product = list(decision.scenario.therapy.mix).index(case.product)
    member = Member(
        spend=np.full(len(inputs.years), case.spend),
        mix=mix,
        first=case.first,
        months=case.months if joins else 0,
        low_income=low_income,
    )
    found = walk(inputs, member, product)
    at = inputs.years.index(case.year)
    outside = Outside() if joins else _outside(decision, case, product, at)
    return _of_year(inputs, found, case, at, outside)


@dataclass(frozen=True)
class Outside:
    """Fills of the drug outside the Part D benefit, USD."""

    paid: Mapping[str, Array] = field(default_factory=dict)  # payer -> (12,) at the counter
    name: str = ""  # what pays for them
    rebates: float = 0.0  # after the counter


def _of_year(
    inputs: Inputs,
    found: Walk,
    case: Case,
    at: int,
    own: Outside,
) -> MemberYear:
    outside = own.paid
    on_model = found.paid["model_drugs"]
    paid = {
        payer: (usd + on_model[payer])[:, :, at]
        for payer, usd in found.paid["baseline_drugs"].items()
    }
    fills = float(found.fills[:, :, at].sum())
    if outside:
        per_month = float(inputs.population.fills_per_month[0])
        fills = per_month * float(np.count_nonzero(sum(outside.values())))
    return MemberYear(
        case=case,
        paid=paid,
        other=found.gross("baseline_drugs")[:, :, at],
        model=found.gross("model_drugs")[:, :, at],
        outside=outside,
        outside_name=own.name,
        fills=fills,
        member_model=float(on_model["member"][:, :, at].sum() + np.sum(outside.get("member", 0.0))),
        rebates=float(found.rebates[:, :, at].sum()) + own.rebates,
        out_of_pocket=found.out_of_pocket[:, at],
        deductible=_number(inputs.rules.deductible, at),
        threshold=_number(inputs.rules.threshold, at),
        deductible_met=float(found.deductible_met[at]),
        threshold_met=float(found.threshold_met[at]),
    )


def _number(by_year: Array, at: int) -> float:
    return float(by_year[0, at if by_year.shape[1] > 1 else 0])


def _outside(decision: PlanDecision, case: Case, product: int, at: int) -> Outside:
    """Fills of the drug when staying out, by month: the plan's own coverage, or the Bridge.

    A rebate of the plan's own coverage comes after the counter, as one does when joining.
    """
    inputs = decision.evaluation.inputs
    month = np.arange(MONTHS)
    treated = (month >= case.first) & (month < case.first + case.months)
    own = inputs.supplement
    if own is not None:
        gross = float(inputs.products.gross[0, at, product])
        terms, payer, said = (own.net_price[0], own.copay[0]), "plan", "the plan's own coverage"
    else:
        opens, closes = (
            decision.register.day(f"assumptions.timeline.bridge_{end}") for end in ("start", "end")
        )
        days = [dt.date(case.year, number + 1, 1) for number in range(MONTHS)]
        treated &= np.array([opens <= day <= closes for day in days])
        gross = float(inputs.bridge.net_price[0])
        terms, payer, said = (gross, inputs.bridge.copay[0]), "bridge", "the Bridge"
    if not np.any(treated):
        return Outside()
    net, copay = map(float, price.outside_benefit(array(gross), *map(array, terms)))
    fills = np.where(treated, 1.0, 0.0) * float(inputs.population.fills_per_month[0])
    paid = {"member": fills * copay, payer: fills * (gross - copay)}
    return Outside(paid, said, float(fills.sum()) * (gross - net))


def usual_spend(decision: PlanDecision) -> float:
    """What members who use a GLP-1 drug spend on other drugs, USD a year: their mean."""
    inputs = decision.evaluation.inputs
    return float((inputs.user_weights * inputs.spend[:, 0]).sum() / inputs.user_weights.sum())


def limits(decision: PlanDecision, found: MemberYear) -> list[tuple[str, float, tuple[str, ...]]]:
    """What the year is settled by: label, USD, and the paths that it comes from."""
    case = found.case
    lines: list[tuple[str, float, tuple[str, ...]]] = [
        ("Deductible", found.deductible, ("assumptions.benefit.deductible",)),
        ("Out-of-pocket threshold", found.threshold, ("assumptions.benefit.oop_threshold",)),
    ]
    if case.branch == "join":
        inputs = decision.evaluation.inputs
        at = inputs.years.index(case.year)
        product = list(decision.scenario.therapy.mix).index(case.product)
        of = f"assumptions.drugs.{case.product}"
        copay = float(inputs.levers.copay[0, at % inputs.levers.copay.shape[1]])
        gross = float(inputs.products.gross[0, at, product])
        lines += [
            ("Copay of a model fill", copay, ("terms.copay",)),
            ("Gross of a model fill", gross, (f"{of}_list_price", f"{of}_maximum_fair_price")),
        ]
    return lines


# --------------------------------------------------------------------------------------- in words


def month_of(met: float) -> str:
    """The month in which so many months of the year are over; its end is still in it.

    >>> month_of(0.35), month_of(5.0), month_of(5.01), month_of(12.0)
    ('January', 'May', 'June', 'December')
    """
    # Met at an end of a month, floating point may say a moment later.
    return MONTH_NAMES[max(math.ceil(round(met, 9)) - 1, 0)]


def sentence(found: MemberYear) -> str:
    """The finding: when the threshold is reached, and what the member pays of the gross cost."""
    case, lics = found.case, found.total("lics")
    pays = f"the member pays {dollars(found.total('member'))}"
    if lics:
        pays += f" and the low-income subsidy {dollars(lics)}"
    of = f"of {dollars(found.gross)} gross {pays}."
    limit = f"the {dollars(found.threshold, 0)} threshold"
    if found.reached:
        when = month_of(found.threshold_met)
        return f"This member reaches {limit} in {when} {case.year}: {of}"
    short = found.threshold - float(found.out_of_pocket[-1])
    return f"This member stays {dollars(short)} below {limit} in {case.year}: {of}"


def on_model(found: MemberYear, without: MemberYear) -> str:
    """What the model fills cost the member, and what the year costs in the other branch."""
    other = "staying out" if found.case.branch == "join" else "joining"
    year = (
        f"When {other} the same year costs the member {dollars(without.total('member'))} of"
        f" {dollars(without.gross)} gross."
    )
    if not found.fills:
        if not found.case.months:
            return "No month on therapy: this is the year of the other drugs alone."
        alone = "Staying out, nothing covers the drug: this is the year of the other drugs alone."
        return f"{alone} {year}"
    count = many(found.fills, "fill")
    where = f" through {found.outside_name}" if found.outside_name else ""
    return f"{count} of the drug{where} cost the member {dollars(found.member_model)}. {year}"


def note(found: MemberYear) -> str:
    """What a reader must know to read the months."""
    notes = [
        "Other drugs are bought evenly over the year; a month is split where the deductible or the"
        " threshold is met."
    ]
    if found.rebates >= CENT:
        part = "" if found.outside else "; a part of it lowers Medicare's reinsurance"
        notes.append(
            f"After the counter the manufacturer pays a rebate of {dollars(found.rebates)} on these"
            f" fills{part}."
        )
    if found.outside:
        notes.append(f"What {found.outside_name} pays lies outside Part D and counts to no limit.")
    if found.total("lics"):
        notes.append("Low-income copays are averages of brand and generic claims.")
    return " ".join(notes)


def by_phase(found: MemberYear) -> tuple[list[str], list[tuple[str | float, ...]]]:
    """What is bought and who pays for it by phase; the head, and a line for each."""
    head = ["USD", *PHASE_NAMES, *([OUTSIDE] if found.outside else []), "Year"]

    def line(label: str, inside: Array, outside: float) -> tuple[str | float, ...]:
        phases = [float(usd) for usd in inside.sum(axis=0)]
        extra = [outside] if found.outside else []
        return (label, *phases, *extra, sum(phases) + outside)

    nothing = np.zeros((MONTHS, len(PHASE_NAMES)))
    outside = float(sum(map(np.sum, found.outside.values())))
    rows = [line("Other drugs, gross", found.other, 0.0)]
    if found.fills:
        rows.append(line("Model drug, gross", found.model, outside))
    rows += [
        line(
            EVERY[payer].label,
            found.paid.get(payer, nothing),
            float(np.sum(found.outside.get(payer, 0.0))),
        )
        for payer in found.payers
    ]
    gross = found.other + found.model
    return head, [*rows, line("All payers", gross, outside)]


def by_month(found: MemberYear) -> tuple[list[str], list[tuple[str | float, ...]]]:
    """The same by month, with what counts towards the threshold so far."""
    extra = np.asarray(sum(found.outside.values(), np.zeros(MONTHS)))
    head = ["Month", "Gross", *(EVERY[payer].label for payer in found.payers), "Out of pocket"]
    gross = (found.other + found.model).sum(axis=1) + extra
    columns = [gross, *(found.monthly(payer) for payer in found.payers)]
    rows: list[tuple[str | float, ...]] = [
        (name[:3], *(float(usd[month]) for usd in columns), float(found.out_of_pocket[month]))
        for month, name in enumerate(MONTH_NAMES)
    ]
    last = float(found.out_of_pocket[-1])
    return head, [*rows, ("Year", *(float(usd.sum()) for usd in columns), last)]


def alt(found: MemberYear) -> str:
    """The picture in words, for whoever cannot see it."""
    year = [f"{EVERY[payer].label} {dollars(found.total(payer))}" for payer in found.payers]
    met = []
    if found.deductible_met < MONTHS:
        met.append(f"the deductible is met in {month_of(found.deductible_met)}")
    if found.reached:
        met.append(f"the threshold in {month_of(found.threshold_met)}")
    when = f" {listed(met)[:1].upper()}{listed(met)[1:]}." if met else ""
    return (
        f"{sentence(found)} Stacked bars by month: who pays at the counter.{when} In the year:"
        f" {'; '.join(year) or 'nothing'}."
    )
