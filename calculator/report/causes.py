"""From stay out to join, cause by cause: the payer's own result, read off both ledgers.

A cause's amounts are the payer's: what it gets is positive, what it pays negative. The causes of a
branch sum to the payer's result in it, so their changes sum to the value of joining.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from calculator.medicaid_decision import StateDecision
from calculator.model import ledger as words
from calculator.model import medicaid
from calculator.model.arrays import Array
from calculator.model.ledger import Ledger
from calculator.part_d_decision import Evaluation, PlanDecision
from calculator.report.marks import CHANGED, ILLUSTRATIVE, NOT_PUBLISHED, Marks
from calculator.report.table import LINE_LABELS
from calculator.report.verdict import PAYERS

BRANCHES = ("stay_out", "join")
MODEL_DRUGS = "model_drugs"
GROSS = "gross"
SAID_OF_A_CAUSE = (ILLUSTRATIVE, CHANGED)
# What a payer spends can be saved, what it receives can be less; the rest goes either way.
SPENT, RECEIVED, EITHER = "spent", "received", "either"


@dataclass(frozen=True)
class Kind:
    """A cause by name: its line in the table, and the bar it is part of."""

    key: str
    label: str
    said: str  # after "goes to", "comes from" and what else its way says
    within: str = ""  # a bar of several causes, which stand together; its label says them all
    lever: str = ""  # of the terms, that is this cause itself
    way: str = EITHER

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
    # Cause -> what is illustrative or changed and moves it; see cause_feeds.
    fed: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def result(self, branch: str) -> Array:
        """The payer's result in a branch, USD by period."""
        nothing = np.zeros(len(self.periods))
        return sum((getattr(cause, branch) for cause in self.causes), nothing)

    def over(self, amounts: Array, period: str | None) -> float:
        """Amounts of one period or of all: a plan's in USD PMPM, a state's in USD."""
        pick = slice(None) if period is None else [self.periods.index(period)]
        whole = float(amounts[pick].sum())
        return whole if self.state else whole / float(self.months[pick].sum())

    def marks_of(self, name: str, marks: Marks) -> tuple[str, ...]:
        """Whether a cause, or people on therapy, rests on what is illustrative or changed."""
        fed = self.fed.get(name)
        # The years say what is projected; nearly all of a line of later years is.
        return tuple(mark for mark in marks.of(*fed) if mark in SAID_OF_A_CAUSE) if fed else ()

    def rows(self, marks: Marks, period: str | None = None) -> list[Row]:
        """Each cause that is something in a branch, or nothing because no number was published."""
        found = []
        for cause in self.causes:
            kind = cause.kind
            said = [*self.marks_of(kind.key, marks)]
            # What no number was published for is 0, and moves no line but its own.
            if kind.lever and NOT_PUBLISHED in marks.of(kind.lever):
                said.insert(0, NOT_PUBLISHED)
            out, into = (self.over(getattr(cause, branch), period) for branch in BRANCHES)
            if out or into or NOT_PUBLISHED in said:
                found.append(Row(kind, out, into, tuple(said)))
        return found


# ------------------------------------------------------------------------------------------ plans

_BID = "Premium and direct subsidy"
_DISCOUNT = "Manufacturer discount and drug subsidy"
_SHARING = "Cost sharing with low-income subsidy"
# What joins a plan's result from the model drugs: their cost, and whoever else pays a part of it.
_DRUGS = (
    (GROSS, "Model drugs before rebates", "model drugs before rebates", ""),
    ("dir", "Rebates (DIR)", "rebates", ""),
    ("manufacturer", "Manufacturer discount", "discounts", _DISCOUNT),
    ("selected_subsidy", "Selected-drug subsidy", "discounts", _DISCOUNT),
    ("member", "Members' cost sharing", "cost sharing", _SHARING),
    ("lics", "Low-income cost sharing", "cost sharing", _SHARING),
    ("reinsurance", "Reinsurance on model drugs", "reinsurance", ""),
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
_LEVERS = {
    "stabilisation": "terms.premium_stabilisation",
    "obesity_capitation": "terms.obesity_capitation",
    "extra_reinsurance": "terms.extra_reinsurance",
    "corridor": "terms.corridor",
}
_EITHER = ("corridor", "part_c_coding", "offsets", "selection")
_SPENT = (GROSS, "existing_glp1", "baseline_drugs", "administration")


def _way(key: str) -> str:
    return SPENT if key in _SPENT else EITHER if key in _EITHER else RECEIVED


PLAN_KINDS = (
    *(Kind(*one, way=_way(one[0])) for one in _DRUGS),
    *(
        Kind(
            *(line, LINE_LABELS[line], said, _BARS.get(line, ""), _LEVERS.get(line, "")),
            way=_way(line),
        )
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
        {key: central(usd) for key, usd in plan_branch(decision.evaluation, branch.ledger).items()}
        for branch in (result.stay_out, result.join)
    ]
    return Causes(
        PAYERS[decision.scenario.plan.type],
        False,
        decision.periods,
        central(result.member_months),
        _together(PLAN_KINDS, branches, len(decision.periods)),
    )


def plan_branch(evaluation: Evaluation, ledger: Ledger) -> dict[str, Array]:
    """A branch by cause, USD by case and year. The Bridge is outside Part D and in none of them."""
    found = words.plan_result_by_line(ledger)
    found.pop(MODEL_DRUGS)
    paid = {payer: usd for (line, payer), usd in ledger.items() if line == MODEL_DRUGS}
    if "bridge" in paid:
        bridge = evaluation.inputs.bridge
        copay = np.minimum(bridge.copay, bridge.net_price)[:, None]
        paid["member"] = paid["member"] - bridge.people.fills * copay
        del paid["bridge"]
    found[GROSS] = -np.asarray(sum(paid.values(), np.zeros((1, 1))))
    return {**found, **{payer: usd for payer, usd in paid.items() if payer != "plan"}}


# ----------------------------------------------------------------------------------------- states

STATE_KINDS = tuple(
    Kind(key, label, said, way=way)
    for key, label, said, way in (
        (MODEL_DRUGS, "Obesity drugs before rebates", "obesity drugs before rebates", SPENT),
        ("existing_glp1", "Uses covered today, before rebates", "uses covered today", SPENT),
        ("capitation", "Capitation above plans' drug cost", "managed care plans", EITHER),
        ("statutory_rebate", "Statutory rebates", "statutory rebates", RECEIVED),
        ("supplemental_rebate", "Supplemental rebates", "supplemental rebates", RECEIVED),
        ("administration", "Administration", "administration", SPENT),
        ("offsets", "Medical effect", "the medical effect", EITHER),
        ("federal", "Federal share", "the federal government", RECEIVED),
    )
)


def state_causes(decision: StateDecision) -> Causes:
    """A state's result (its net cost, negative) by cause and state fiscal year."""
    ledgers = decision.ledgers()
    branches = [
        {key: usd[0] for key, usd in state_branch(ledgers[branch]).items()} for branch in BRANCHES
    ]
    months = decision.budget["join"]["member_months"].values()
    return Causes(
        decision.register.tree.states[decision.scenario.state.abbr]["state"],
        True,
        decision.periods,
        np.array([number or 0.0 for number in months]),
        _together(STATE_KINDS, branches, len(decision.periods)),
    )


def state_branch(rows: Ledger) -> dict[str, Array]:
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
