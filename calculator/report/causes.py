"""From stay out to join, cause by cause: the payer's own result, read off both ledgers.

A cause's amounts are the payer's: what it gets is positive, what it pays negative. The causes of a
branch sum to the payer's result in it, so their changes sum to the value of joining.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calculator.medicaid_decision import StateDecision
from calculator.model import ledger as words
from calculator.model import medicaid
from calculator.model.arrays import Array
from calculator.model.ledger import Ledger
from calculator.part_d_decision import PlanDecision
from calculator.report.marks import NOT_PUBLISHED, PROJECTED, Marks
from calculator.report.table import LINE_LABELS
from calculator.report.verdict import PAYERS

BRANCHES = ("stay_out", "join")
MODEL_DRUGS = "model_drugs"
GROSS = "gross"


@dataclass(frozen=True)
class Kind:
    """A cause by name: its line in the table, the bar it is part of, and what feeds it."""

    key: str
    label: str
    said: str  # after "goes to" and "comes from"
    fed_by: tuple[str, ...] = ()
    within: str = ""  # a bar of several causes, which stand together; its label says them all

    @property
    def bar(self) -> str:
        """The bar of the picture it is, or is part of."""
        return self.within or self.label


@dataclass(frozen=True)
class Cause:
    """What one cause does to the payer in each branch, USD by period: positive is good for it."""

    kind: Kind
    stay_out: Array  # (periods,)
    join: Array

    @property
    def change(self) -> Array:
        """What joining changes, USD by period."""
        return self.join - self.stay_out


@dataclass(frozen=True)
class Row:
    """A cause in one period or all of them: a plan's in USD PMPM, a state's in USD."""

    kind: Kind
    stay_out: float
    join: float
    marks: tuple[str, ...]

    @property
    def change(self) -> float:
        """What joining changes."""
        return self.join - self.stay_out


@dataclass(frozen=True)
class Causes:
    """Every cause of one decision, in the order of the picture."""

    payer: str  # whose result it is: this plan, Georgia
    state: bool
    periods: tuple[str, ...]
    months: Array  # member-months by period
    causes: tuple[Cause, ...]

    def result(self, branch: str) -> Array:
        """The payer's result in a branch, USD by period."""
        nothing = np.zeros(len(self.periods))
        return sum((getattr(cause, branch) for cause in self.causes), nothing)

    def over(self, amounts: Array, period: str | None) -> float:
        """Amounts of one period or of all: a plan's in USD PMPM, a state's in USD."""
        pick = slice(None) if period is None else [self.periods.index(period)]
        whole = float(amounts[pick].sum())
        return whole if self.state else whole / float(self.months[pick].sum())

    def rows(self, marks: Marks, period: str | None = None) -> list[Row]:
        """Each cause that is something in a branch, or nothing because no number was published."""
        found = []
        for cause in self.causes:
            kind = cause.kind
            said = marks.of(*kind.fed_by) if kind.fed_by else ()
            # The years say what is projected; nearly all of a line of later years is.
            said = tuple(mark for mark in said if mark != PROJECTED)
            out, into = (self.over(getattr(cause, branch), period) for branch in BRANCHES)
            if out or into or NOT_PUBLISHED in said:
                found.append(Row(kind, out, into, said))
        return found


# ------------------------------------------------------------------------------------------ plans

_BID = "Premium and direct subsidy"
_DISCOUNT = "Manufacturer discount and drug subsidy"
_SHARING = "Cost sharing with low-income subsidy"
# What joins a plan's result from the model drugs: their cost, and whoever else pays a part of it.
_DRUGS = (
    Kind(
        GROSS,
        "Model drugs before rebates",
        "model drugs before rebates",
        ("assumptions.drugs", "assumptions.uptake", "assumptions.persistence", "therapy"),
    ),
    Kind(
        "dir",
        "Rebates (DIR)",
        "rebates",
        ("terms.guaranteed_net_price", "terms.net_includes_discount", "terms.mechanism"),
    ),
    Kind("manufacturer", "Manufacturer discount", "discounts", within=_DISCOUNT),
    Kind("selected_subsidy", "Selected-drug subsidy", "discounts", within=_DISCOUNT),
    Kind("member", "Members' cost sharing", "cost sharing", ("terms.copay",), _SHARING),
    Kind("lics", "Low-income cost sharing", "cost sharing", within=_SHARING),
    Kind("reinsurance", "Reinsurance on model drugs", "reinsurance"),
)
_SAID = {
    "existing_glp1": "GLP-1 drugs covered today",
    "baseline_drugs": "members' other drugs",
    "premium": "premium and direct subsidy",
    "direct_subsidy": "premium and direct subsidy",
    "stabilisation": "premium stabilisation",
    "obesity_capitation": "the obesity capitation",
    "extra_reinsurance": "extra reinsurance",
    "corridor": "the risk corridor",
    "part_c_coding": "Part C coding",
    "offsets": "the medical effect kept",
    "selection": "members who leave or come",
    "administration": "administration and margin",
}
_BARS = {"premium": _BID, "direct_subsidy": _BID}
# The levers of the terms, and what else is a plan's own, behind a line.
_FED_BY = {
    "existing_glp1": ("terms.existing_users",),
    "stabilisation": ("terms.premium_stabilisation",),
    "obesity_capitation": ("terms.obesity_capitation",),
    "extra_reinsurance": ("terms.extra_reinsurance",),
    "corridor": ("terms.corridor",),
    "part_c_coding": ("plan.part_c_coding",),
    "offsets": ("plan.retained_share", "therapy.offsets"),
    "administration": ("assumptions.administration", "terms.administrative_support"),
}


PLAN_KINDS = (
    *_DRUGS,
    *(
        Kind(line, LINE_LABELS[line], said, _FED_BY.get(line, ()), _BARS.get(line, ""))
        for line, said in _SAID.items()
    ),
)


def plan_causes(decision: PlanDecision) -> Causes:
    """A plan's result by cause and plan year."""
    result = decision.evaluation.result
    shape = result.value.shape

    def central(amounts: Array) -> Array:
        return np.asarray(np.broadcast_to(amounts, shape)[0])

    branches = [
        {key: central(usd) for key, usd in _plan_branch(decision, branch.ledger).items()}
        for branch in (result.stay_out, result.join)
    ]
    return Causes(
        PAYERS[decision.scenario.plan.type],
        False,
        decision.periods,
        central(result.member_months),
        _together(PLAN_KINDS, branches, len(decision.periods)),
    )


def _plan_branch(decision: PlanDecision, ledger: Ledger) -> dict[str, Array]:
    """A branch by cause, USD by case and year. The Bridge is outside Part D and in none of them."""
    found = words.plan_result_by_line(ledger)
    found.pop(MODEL_DRUGS)
    paid = {payer: usd for (line, payer), usd in ledger.items() if line == MODEL_DRUGS}
    if "bridge" in paid:
        bridge = decision.evaluation.inputs.bridge
        copay = np.minimum(bridge.copay, bridge.net_price)[:, None]
        paid["member"] = paid["member"] - bridge.people.fills * copay
        del paid["bridge"]
    found[GROSS] = -np.asarray(sum(paid.values(), np.zeros((1, 1))))
    return {**found, **{payer: usd for payer, usd in paid.items() if payer != "plan"}}


# ----------------------------------------------------------------------------------------- states

STATE_KINDS = (
    Kind(
        MODEL_DRUGS,
        "Obesity drugs before rebates",
        "obesity drugs before rebates",
        ("therapy", "uptake", "assumptions.drugs"),
    ),
    Kind("existing_glp1", "Uses covered today, before rebates", "uses covered today"),
    Kind(
        "capitation",
        "Capitation above plans' drug cost",
        "managed care plans",
        ("assumptions.coverage.capitation_load", "assumptions.coverage.priced_fills_share"),
    ),
    Kind(
        "statutory_rebate",
        "Statutory rebates",
        "statutory rebates",
        ("assumptions.rebates.amp_share_of_list", "assumptions.rebates.best_price_share_of_amp"),
    ),
    Kind(
        "supplemental_rebate",
        "Supplemental rebates",
        "supplemental rebates",
        ("terms.guaranteed_net_price", "assumptions.rebates.own_supplemental_share"),
    ),
    Kind(
        "administration",
        "Administration",
        "administration",
        (
            "assumptions.coverage.administration_fixed",
            "assumptions.coverage.prior_authorization_cost",
        ),
    ),
    Kind("offsets", "Medical effect", "the medical effect", ("therapy.offsets",)),
    Kind("federal", "Federal share", "the federal government", ("state.fmap",)),
)


def state_causes(decision: StateDecision) -> Causes:
    """A state's result (its net cost, negative) by cause and state fiscal year."""
    ledgers = decision.ledgers()
    branches = [
        {key: usd[0] for key, usd in _state_branch(ledgers[branch]).items()} for branch in BRANCHES
    ]
    months = decision.budget["join"]["member_months"].values()
    return Causes(
        decision.register.tree.states[decision.scenario.state.abbr]["state"],
        True,
        decision.periods,
        np.array([number or 0.0 for number in months]),
        _together(STATE_KINDS, branches, len(decision.periods)),
    )


def _state_branch(rows: Ledger) -> dict[str, Array]:
    """A branch by cause, USD by case and fiscal year: the whole program, less the federal share."""
    spenders = (*medicaid.GOVERNMENTS, "mco")
    found = {line: -words.total(rows, [line], spenders) for line in words.DRUG_LINES}
    # What governments pay plans, less what plans pay pharmacies.
    found["capitation"] = words.total(rows, payers=["mco"])
    for line in medicaid.REBATE_LINES:
        found[line] = words.total(rows, [line], ["manufacturer"])
    for line in ("administration", "offsets"):
        found[line] = -words.total(rows, [line], medicaid.GOVERNMENTS)
    found["federal"] = medicaid.net_cost(rows, ("federal",))
    return found


def _together(
    kinds: tuple[Kind, ...], branches: Sequence[Mapping[str, Array]], periods: int
) -> tuple[Cause, ...]:
    nothing = np.zeros(periods)
    return tuple(
        Cause(
            kind,
            *(np.broadcast_to(one.get(kind.key, nothing), periods) for one in branches),
        )
        for kind in kinds
    )
