"""A Part D plan's decision: both branches on the same people and months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from calculator.assumptions import Register
from calculator.errors import InputError
from calculator.model import ledger as words
from calculator.model import offsets, outcomes, part_d
from calculator.model.arrays import MONTHS, Array, pmpm
from calculator.model.drug_costs import Costs, drug_costs
from calculator.model.inputs import Inputs
from calculator.model.ledger import Ledger
from calculator.model.part_d import Result, settle
from calculator.part_d_inputs import build_inputs
from calculator.plan_selection import MOVERS, SelectionCheck, check
from calculator.result import (
    Decision,
    Value,
    check_identities,
    in_chunks,
    monthly_discount,
)
from calculator.scenario import PlanScenario
from calculator.therapy_inputs import OFFSETS, offset_effect

# Equal-probability points of spending per group, beside the stratum that spends nothing.
RESOLUTIONS = {"full": 60, "workbook": 8}
# Cases worked on at once; few where each case has its own benefit table.
CHUNK, CHUNK_WITH_TABLE = 256, 8


@dataclass(frozen=True)
class Evaluation:
    """A run over cases: what went in, the drug costs and the settled branches."""

    register: Register
    inputs: Inputs
    costs: Costs
    result: Result


def evaluate_plan(
    scenario: PlanScenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
) -> Evaluation:
    """Run both branches; `cases` lets any numeric path vary: path -> (C,) values.

    draws: every so many cases in a row are draws of one uncertain world (a bid is then priced
    partly at their mean), not worlds of their own.

    Raises InputError for bad input and IdentityError where a sum that must hold does not.
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    register = scenario.register()
    if cases:
        register = register.with_cases(cases)
    inputs = build_inputs(scenario, register, RESOLUTIONS[resolution])
    count = max((len(values) for values in (cases or {}).values()), default=1)
    costs = in_chunks(drug_costs, inputs, count, _chunk(inputs))
    result = settle(inputs, costs, draws=draws)
    gaps = part_d.identities(inputs, costs, result)
    check_identities(gaps, float(np.max(np.abs(costs.join.gross))), [result.value])
    return Evaluation(register, inputs, costs, result)


def _chunk(inputs: Inputs) -> int:
    """Cases worked on at once: few where each has a benefit table of its own."""
    own_table = any(
        part.shape[0] > 1
        for part in (
            inputs.spend,
            inputs.rules.deductible,
            inputs.rules.threshold,
            inputs.rules.coinsurance,
            inputs.levers.copay,
            inputs.population.fills_per_month,
        )
    ) or (not inputs.levers.deductible_exempt and inputs.products.gross.shape[0] > 1)
    return CHUNK_WITH_TABLE if own_table else CHUNK


@dataclass(frozen=True)
class PlanDecision(Decision):
    """The central run of a Part D plan, and everything read off it."""

    scenario: PlanScenario
    evaluation: Evaluation
    resolution: str

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
        factor = monthly_discount(len(yearly) * MONTHS, rate)[0].reshape(-1, MONTHS).mean(axis=1)
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
        without = evaluate_plan(self.scenario.with_settings(quiet), None, self.resolution)
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
            found = evaluate_plan(within, {MOVERS: shares}, self.resolution)
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
