"""A sponsor's whole book: every plan against staying out, summed, ranked, and chosen among.

Plans that share a scenario and all that is not a number are one run along the cases axis. Each
plan stands alone: members do not move between plans of the book, and a plan's weight in the
national average is its own input.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from calculator import __version__
from calculator.analysis.portfolio_blocks import Block, blocks_of, halves
from calculator.analysis.portfolio_table import Book
from calculator.assumptions import load_tree
from calculator.decision import RESOLUTIONS, PlanDecision, StateDecision, evaluate
from calculator.errors import IdentityError, InputError
from calculator.medicaid_decision import StateEvaluation
from calculator.model import ledger, medicaid
from calculator.model.arrays import MONTHS, Array, pmpm
from calculator.part_d_decision import Evaluation
from calculator.result import Progress, Value, monthly_discount, yearly_discount
from calculator.scenario import PlanScenario, StateScenario

PROGRAMS = ("part_d", "medicaid")
# Less than this is nothing, USD in total: sums of large amounts leave traces.
CENT = 0.005


@dataclass(frozen=True)
class PlanResult:
    """One plan: what joining is worth to it, USD, and both branches by period."""

    name: str
    scenario: str
    program: str
    line: int  # of the table
    value: Value
    member_months: dict[str, float]
    join: dict[str, float]  # the payer's result: a plan's gain, a state's cost as a minus
    stay_out: dict[str, float]
    treated_years: float  # when joining
    rank: int = 0  # by value in total, among the plans of its program

    @property
    def joins(self) -> bool:
        """Whether it joins where each plan may choose."""
        return self.value.total >= CENT

    def to_dict(self) -> dict[str, Any]:
        """Plain data, unrounded."""
        return {
            "name": self.name,
            "scenario": self.scenario,
            "program": self.program,
            "row": self.line,
            "rank": self.rank,
            "joins_if_free": self.joins,
            "value": vars(self.value),
            "member_months": self.member_months,
            "join": self.join,
            "stay_out": self.stay_out,
            "treated_years": self.treated_years,
        }


@dataclass(frozen=True)
class Sums:
    """Some plans of a program together, USD."""

    plans: int
    total: float
    present_value: float
    pmpm: float  # over the members of all plans of the program, so that choices compare
    by_period: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, unrounded."""
        return dict(vars(self))


@dataclass(frozen=True)
class Program:
    """All plans of one program: Part D by plan year, or Medicaid by state fiscal year."""

    program: str
    plans: tuple[PlanResult, ...]  # best value first

    @cached_property
    def periods(self) -> tuple[str, ...]:
        """Every period of some plan."""
        return tuple(sorted({period for plan in self.plans for period in plan.value.by_period}))

    @cached_property
    def member_months(self) -> float:
        """Of all plans over all periods."""
        return sum(sum(plan.member_months.values()) for plan in self.plans)

    def sums(self, plans: Sequence[PlanResult]) -> Sums:
        """Values of some of the plans, added."""
        total = sum(plan.value.total for plan in plans)
        return Sums(
            plans=len(plans),
            total=total,
            present_value=sum(plan.value.present_value for plan in plans),
            pmpm=float(pmpm(total, self.member_months)),
            by_period={
                period: sum(plan.value.by_period.get(period, 0.0) for plan in plans)
                for period in self.periods
            },
        )

    @cached_property
    def all_in(self) -> Sums:
        """Every plan joins."""
        return self.sums(self.plans)

    @cached_property
    def chosen(self) -> Sums:
        """Only those join to which it is worth something."""
        return self.sums([plan for plan in self.plans if plan.joins])

    @property
    def joins_as_one(self) -> bool:
        """Whether to join where it is all plans or none."""
        return self.all_in.total >= CENT

    @property
    def worth_of_choosing(self) -> float:
        """What being free to choose is worth against all or none, USD, never below 0."""
        return self.chosen.total - max(self.all_in.total, 0.0)

    def branch(self, name: str) -> dict[str, float]:
        """The payers' result in a branch, all plans together, by period."""
        return {
            period: sum(getattr(plan, name).get(period, 0.0) for plan in self.plans)
            for period in self.periods
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data, unrounded."""
        return {
            "plans": len(self.plans),
            "member_months": self.member_months,
            "each_may_choose": {
                "join": [plan.name for plan in self.plans if plan.joins],
                **self.chosen.to_dict(),
            },
            "all_or_none": {"join": self.joins_as_one, **self.all_in.to_dict()},
            "worth_of_choosing": self.worth_of_choosing,
        }


@dataclass(frozen=True)
class Portfolio:
    """A book's results; programs apart, as their periods and dollars are not the same."""

    file: str
    resolution: str
    fingerprint: str
    programs: Mapping[str, Program]

    @property
    def plans(self) -> list[PlanResult]:
        """Every plan, by program and rank."""
        return [plan for program in self.programs.values() for plan in program.plans]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, unrounded."""
        return {
            "file": self.file,
            "version": __version__,
            "resolution": self.resolution,
            "fingerprint": self.fingerprint,
            "programs": {name: program.to_dict() for name, program in self.programs.items()},
            "plans": [plan.to_dict() for plan in self.plans],
        }


# ------------------------------------------------------------------------------------- running


def run(book: Book, resolution: str = "full", progress: Progress | None = None) -> Portfolio:
    """Every plan of the book, each as it would be alone.

    progress: called with plans done and plans in all. InputError names the row and column;
    IdentityError the row.
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    blocks = list(blocks_of(book))
    found: list[PlanResult] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        try:
            for results in threads.map(lambda block: _results(block, resolution), blocks):
                found += results
                if progress is not None:
                    progress(len(found), len(book.entries))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    programs = {}
    for program in PROGRAMS:
        own = [plan for plan in found if plan.program == program]
        if own:
            programs[program] = Program(program, ranked(own))
    return Portfolio(book.file, resolution, fingerprint(book, resolution), programs)


def ranked(plans: Sequence[PlanResult]) -> tuple[PlanResult, ...]:
    """Best value first, in the table's order where equal, each with its rank."""
    order = sorted(plans, key=lambda plan: (-plan.value.total, plan.line))
    return tuple(replace(plan, rank=rank) for rank, plan in enumerate(order, start=1))


def _results(block: Block, resolution: str) -> list[PlanResult]:
    """A block's plans; an error is looked for until its plan is found."""
    try:
        evaluation = evaluate(block.scenario, block.cases, resolution)
    except (InputError, IdentityError) as error:
        if len(block.entries) == 1:
            entry = block.entries[0]
            if isinstance(error, IdentityError):
                raise IdentityError(f"row {entry.row.line} ({entry.name}): {error}") from None
            raise entry.wrong(error) from None
        return [one for half in halves(block) for one in _results(half, resolution)]
    if isinstance(evaluation, Evaluation):
        assert isinstance(block.scenario, PlanScenario)
        parts = _of_plans(block.scenario, evaluation, resolution)
    else:
        assert isinstance(block.scenario, StateScenario)
        parts = _of_states(block.scenario, evaluation, resolution)
    return _rows(block, parts)


@dataclass(frozen=True)
class Parts:
    """What is kept of a run: (C, periods) each, and the names of the periods."""

    periods: tuple[str, ...]
    value: Array
    present_value: Array  # (C, 1)
    member_months: Array
    join: Array
    stay_out: Array
    treated_years: Array  # (C, 1)


def _of_plans(scenario: PlanScenario, evaluation: Evaluation, resolution: str) -> Parts:
    result = evaluation.result
    periods = PlanDecision(scenario, evaluation, resolution).periods
    rate = evaluation.register.number("assumptions.payment.discount_rate")
    return Parts(
        periods=periods,
        value=result.value,
        present_value=(result.value * yearly_discount(len(periods), rate)).sum(
            axis=1, keepdims=True
        ),
        member_months=result.member_months,
        join=ledger.plan_result(result.join.ledger),
        stay_out=ledger.plan_result(result.stay_out.ledger),
        treated_years=evaluation.costs.join_people.treated_years.sum(axis=(1, 2))[:, None],
    )


def _of_states(scenario: StateScenario, evaluation: StateEvaluation, resolution: str) -> Parts:
    result = evaluation.result
    decision = StateDecision(scenario, evaluation, resolution)
    rate = evaluation.register.number("assumptions.payment.discount_rate")
    months = result.value.shape[1]
    return Parts(
        periods=decision.periods,
        value=decision.by_fiscal_year(result.value),
        present_value=(result.value * monthly_discount(months, rate)).sum(axis=1, keepdims=True),
        member_months=decision.by_fiscal_year(
            np.broadcast_to(result.member_months, (len(result.member_months), months))
        ),
        join=-decision.by_fiscal_year(medicaid.state_cost(result.join.rows)),
        stay_out=-decision.by_fiscal_year(medicaid.state_cost(result.stay_out.rows)),
        treated_years=result.join.on_therapy.sum(axis=1, keepdims=True) / MONTHS,
    )


def _rows(block: Block, parts: Parts) -> list[PlanResult]:
    """A result for each plan of the block."""
    count, width = len(block.entries), len(parts.periods)

    def wide(amounts: Array) -> Array:
        return np.broadcast_to(amounts, (count, width if amounts.shape[1] > 1 else 1))

    def named(amounts: Array) -> dict[str, float]:
        return dict(zip(parts.periods, map(float, amounts), strict=True))

    value, join, stay_out = (
        _without_traces(wide(amounts)) for amounts in (parts.value, parts.join, parts.stay_out)
    )
    months, treated = wide(parts.member_months), wide(parts.treated_years)[:, 0]
    present = _without_traces(wide(parts.present_value))[:, 0]
    return [
        PlanResult(
            name=entry.name,
            scenario=entry.scenario,
            program=block.scenario.program,
            line=entry.row.line,
            value=Value(
                total=float(value[case].sum()),
                present_value=float(present[case]),
                pmpm=float(pmpm(value[case].sum(), months[case].sum())),
                by_period=named(value[case]),
            ),
            member_months=named(months[case]),
            join=named(join[case]),
            stay_out=named(stay_out[case]),
            treated_years=float(treated[case]),
        )
        for case, entry in enumerate(block.entries)
    ]


def _without_traces(amounts: Array) -> Array:
    """The same, with less than a cent as nothing.

    >>> _without_traces(np.array([-3e-8, 0.01, -5.0])).tolist()
    [0.0, 0.01, -5.0]
    """
    return np.where(np.abs(amounts) < CENT, 0.0, amounts)


def fingerprint(book: Book, resolution: str) -> str:
    """sha256 of the book's scenarios and settings, all assumptions, the resolution, the version."""
    tree = load_tree()
    record = {
        "version": __version__,
        "resolution": resolution,
        "scenarios": {
            name: known.scenario.model_dump(mode="json") for name, known in book.scenarios.items()
        },
        "plans": [[entry.name, entry.scenario, entry.settings] for entry in book.entries],
        "entries": {path: entry.model_dump(mode="json") for path, entry in tree.entries.items()},
        "terms": {name: terms.model_dump(mode="json") for name, terms in tree.terms.items()},
        "states": [dict(row) for row in tree.states.values()],
        "match_rates": [[dict(row) for row in rows] for rows in tree.match_rates.values()],
    }
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
