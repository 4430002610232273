"""A Part D plan's decision: both branches on the same people and months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from calculator.assumptions import Register
from calculator.drawn import Uncertain
from calculator.errors import InputError
from calculator.model import ledger as words
from calculator.model import offsets, outcomes, part_d, spell_table
from calculator.model.arrays import MONTHS, Array, pmpm
from calculator.model.drug_costs import Costs, drug_costs, same_costs
from calculator.model.inputs import Inputs, map_arrays
from calculator.model.known import Known
from calculator.model.ledger import Ledger
from calculator.model.part_d import Result, settle
from calculator.model.payment import Expected
from calculator.model.spell_table import Nodes, Year
from calculator.part_d_inputs import build_inputs
from calculator.plan_selection import MOVERS, SelectionCheck, check
from calculator.result import (
    Decision,
    Progress,
    Value,
    check_identities,
    in_chunks,
    joined,
    taken,
    widened,
    yearly_discount,
)
from calculator.scenario import PlanScenario
from calculator.therapy_inputs import OFFSETS, offset_effect

# Equal-probability points of spending per group, beside the stratum that spends nothing.
RESOLUTIONS = {"full": 60, "workbook": 7}
# Cases worked on at once; few where each case has its own benefit table.
CHUNK, CHUNK_WITH_TABLE = 256, 8


@dataclass(frozen=True)
class Evaluation:
    """A run over cases: what went in, the drug costs and the settled branches."""

    register: Register
    inputs: Inputs
    costs: Costs
    result: Result
    interpolated: bool = False  # read between nodes of the benefit table
    known: Known | None = None  # what a run of one case worked out


def evaluate_plan(
    scenario: PlanScenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
    interpolate: bool = False,
    expected: Expected | None = None,
    progress: Progress | None = None,
    beside: Evaluation | None = None,
) -> Evaluation:
    """Run both branches; `cases` lets any numeric path vary: path -> (C,) values.

    draws: every so many cases in a row are draws of one uncertain world (a bid is then priced
    partly at their mean), not worlds of their own. interpolate: where more than a few cases change
    the benefit table, read it between nodes. expected: see `settle`. progress(done, total) is
    called between chunks of cases and may raise to stop. beside: a run of one case, of this
    scenario or one near it, from which everything is taken that comes out the same.

    Raises InputError for bad input and IdentityError where a sum that must hold does not.
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    register = scenario.register()
    if cases:
        register = register.with_cases(cases)
    count = max((len(values) for values in (cases or {}).values()), default=1)
    known = Known() if count == 1 else None
    if beside is not None:
        known = beside.known
        register = register.with_known(beside.register)

    # Making the arrays is the first half of the work, running them the second.
    steps = [None, None] if progress is None else _halves(progress)
    points = RESOLUTIONS[resolution]
    inputs = _inputs(scenario, register, cases or {}, points, count, steps[0], known)
    table = spell_table.year(inputs)
    nodes = None
    if interpolate and spell_table.many(table, count) and spell_table.scalable(table):
        nodes = spell_table.nodes(inputs)
    if beside is not None and same_costs(inputs, beside.inputs):
        costs = beside.costs
    else:
        costs = _costs(inputs, table, nodes, count, steps[1], known)
    if known is not None:
        known.close()
    result = settle(inputs, costs, draws=draws, expected=expected)
    gaps = part_d.identities(inputs, costs, result)
    check_identities(gaps, float(np.max(np.abs(costs.join.gross))), [result.value])
    return Evaluation(register, inputs, costs, result, nodes is not None, known)


def _halves(progress: Progress) -> list[Progress | None]:
    """Progress of two steps over the same cases as one."""
    return [
        lambda done, total: progress(done // 2, total),
        lambda done, total: progress((total + done) // 2, total),
    ]


def _inputs(
    scenario: PlanScenario,
    register: Register,
    cases: Mapping[str, Array],
    points: int,
    count: int,
    progress: Progress | None,
    known: Known | None,
) -> Inputs:
    """The arrays of the model; of many cases a chunk at a time, so that memory is bounded."""
    if count <= CHUNK:
        return build_inputs(scenario, register, points, known)
    parts = []
    for first in range(0, count, CHUNK):
        some = {path: values[first : first + CHUNK] for path, values in cases.items()}
        parts.append(build_inputs(scenario, register.with_cases(some), points))
        if progress:
            progress(min(first + CHUNK, count), count)
    whole: Inputs = joined(parts, CHUNK)
    return whole


def _costs(
    inputs: Inputs,
    table: Year,
    nodes: Nodes | None,
    count: int,
    progress: Progress | None,
    known: Known | None,
) -> Costs:
    """The heavy half, a chunk of cases at a time; cases that share a benefit table share it."""
    heavy = partial(drug_costs, nodes=nodes, known=known)
    if count <= CHUNK_WITH_TABLE:
        return heavy(inputs)
    if nodes is not None:
        return in_chunks(heavy, inputs, count, CHUNK, progress)
    groups = spell_table.alike(table, count)
    if len(groups) == 1:
        return in_chunks(heavy, inputs, count, CHUNK, progress)
    if len(groups) == count:
        return in_chunks(heavy, inputs, count, CHUNK_WITH_TABLE, progress)
    parts, done = [], 0
    for group in groups:
        some = taken(inputs, group, count)
        parts.append(widened(in_chunks(heavy, some, len(group), CHUNK), len(group)))
        done += len(group)
        if progress:
            progress(done, count)
    order = np.argsort(np.concatenate(groups))
    found: Costs = map_arrays(joined(parts, len(groups[0])), lambda value: value[order])
    return found


@dataclass(frozen=True)
class PlanDecision(Decision):
    """The central run of a Part D plan, and everything read off it."""

    scenario: PlanScenario
    evaluation: Evaluation
    resolution: str
    uncertainty: Uncertain | None = None

    @property
    def years(self) -> tuple[int, ...]:
        """Plan years in the model."""
        return self.evaluation.inputs.years

    @property
    def periods(self) -> tuple[str, ...]:
        """Plan years as text."""
        return tuple(str(year) for year in self.years)

    @cached_property
    def value(self) -> Value:
        """What joining is worth, in total, as a present value, PMPM and by plan year."""
        result = self.evaluation.result
        yearly = result.value[0]
        rate = self.register.number("assumptions.payment.discount_rate")
        # Adjudicated by year: a year's value has no finer timing than its months.
        factor = yearly_discount(len(yearly), rate)[0]
        return Value(
            total=float(yearly.sum()),
            present_value=float(yearly @ factor),
            pmpm=float(pmpm(yearly.sum(), result.member_months[0].sum())),
            by_period=dict(zip(self.periods, map(float, yearly), strict=True)),
        )

    @cached_property
    def value_against_no_model(self) -> float:
        """What joining is worth against no model at all, USD in total.

        `value` compares with staying out of a model that runs, where rivals have moved bids and
        premiums; here nobody has.
        """
        quiet = {f"rivals.{name}": 0.0 for name, change in self.scenario.rivals if change}
        if not quiet:
            return self.value.total
        alone = self.scenario.with_settings(quiet)
        without = evaluate_plan(alone, None, self.resolution, beside=self.evaluation)
        joined = words.plan_result(self.evaluation.result.join.ledger)
        nobody = words.plan_result(without.result.stay_out.ledger)
        return float((joined - nobody)[0].sum())

    @cached_property
    def selection(self) -> SelectionCheck:
        """Whether members who come in order to use the drug turn the decision."""
        if self.scenario.plan.type == "egwp":
            return SelectionCheck(
                "not_applicable", "Nobody outside can choose an employer's plan for its coverage."
            )
        within = self.scenario.with_settings({"selection.include": True})

        def run(shares: Array) -> tuple[Costs, Result]:
            cases = {MOVERS: shares}
            found = evaluate_plan(within, cases, self.resolution, beside=self.evaluation)
            return found.costs, found.result

        rivals_rise = self.register.number("rivals.premium_change")
        return check(run, self.register, self.years, rivals_rise)

    def ledgers(self) -> dict[str, Ledger]:
        """Both branches' rows by plan year."""
        result = self.evaluation.result
        return {"join": result.join.ledger, "stay_out": result.stay_out.ledger}

    @cached_property
    def outcomes(self) -> dict[str, Any]:
        """Both branches' outcomes by year, the thesis, and the user's success criteria."""
        inputs, costs, result = (
            self.evaluation.inputs,
            self.evaluation.costs,
            self.evaluation.result,
        )
        found: dict[str, Any] = {}
        for name, people, settled in (
            ("join", costs.join_people, result.join),
            ("stay_out", costs.stay_out_people, result.stay_out),
        ):
            yearly = outcomes.by_year(inputs, people, settled)
            found[name] = {key: self._by_period(amounts) for key, amounts in yearly.items()}
            found[name]["federal_by_line"] = {
                line: self._by_period(amounts)
                for line, amounts in outcomes.federal_by_line(settled).items()
            }
        found["join"]["persistence_12_months"] = float(inputs.population.curve[0, MONTHS])
        found["thesis"] = self._thesis()
        found["success"] = self.success(found["join"])
        return found

    def _thesis(self) -> dict[str, str]:
        """The year in which medical savings overtake the drug's cost, by offset scenario.

        Both are joining less staying out: what the Bridge leaves behind is in neither.
        """
        inputs, costs, result = (
            self.evaluation.inputs,
            self.evaluation.costs,
            self.evaluation.result,
        )
        both = (
            (costs.join_people, result.join, 1.0),
            (costs.stay_out_people, result.stay_out, -1.0),
        )
        cost = sum(
            sign * self._central(outcomes.by_year(inputs, people, settled)["net_drug_cost"])
            for people, settled, sign in both
        )
        found = {}
        for name in OFFSETS:
            first, step, limit = offset_effect(self.register, name)
            saved = sum(
                sign
                * self._central(
                    offsets.medical_offsets(
                        people.treated_years,
                        people.after_stopping,
                        offsets.effect_by_year_on_therapy(
                            first, step, limit, people.treated_years.shape[-1]
                        ),
                    )
                )
                for people, _, sign in both
            )
            found[name] = self.overtaken(np.asarray(saved), np.asarray(cost))
        return found

    def to_dict(self) -> dict[str, Any]:
        """The decision as plain data, unrounded (the JSON contract)."""
        return {
            **self.heading(),
            "value_against_no_model": self.value_against_no_model,
            "branches": self.branches(),
            "selection": self.selection.to_dict(),
            "outcomes": self.outcomes,
            **self.drawn(),
        }

    def branches(self) -> dict[str, dict[str, Any]]:
        """Each branch by year: the plan's result, its rows, its bid and premium."""
        result = self.evaluation.result
        found: dict[str, dict[str, Any]] = {}
        for name, branch in (("join", result.join), ("stay_out", result.stay_out)):
            found[name] = {
                "result": self._by_period(words.plan_result(branch.ledger)),
                "bid": self._by_period(branch.bid),
                "premium": self._by_period(branch.premium),
                "direct_subsidy": self._by_period(branch.direct_subsidy),
                "corridor_target": self._by_period(branch.target),
                "corridor_actual": self._by_period(branch.actual),
                # Inside the first threshold (5% in the statute) the corridor shares nothing.
                "corridor_deviation": self._by_period(
                    outcomes.ratio(branch.actual, branch.target) - 1
                ),
                "leaving": self._by_period(branch.leaving),
                "lines": self._lines(branch.ledger),
            }
        return found
