"""A state's decision: its GLP-1 budget with the model and without, by fiscal year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from calculator.assumptions import Register
from calculator.drawn import Uncertain
from calculator.medicaid_inputs import build_inputs, months_of, periods
from calculator.model import cohort, medicaid, outcomes
from calculator.model import ledger as words
from calculator.model.arrays import MONTHS, Array, pmpm
from calculator.model.ledger import Ledger
from calculator.model.medicaid import Branch, Inputs, Result
from calculator.presets import OCTOBER, gaps
from calculator.result import (
    Decision,
    Progress,
    Value,
    check_identities,
    in_chunks,
    monthly_discount,
)
from calculator.scenario import StateScenario
from calculator.therapy_inputs import OFFSETS, offset_effect, weight_inputs

CHUNK = 64


@dataclass(frozen=True)
class StateEvaluation:
    """A run over cases: what went in and both branches by month."""

    register: Register
    inputs: Inputs
    result: Result
    months: tuple[dt.date, ...]


def evaluate_state(
    scenario: StateScenario,
    cases: Mapping[str, Array] | None = None,
    *,
    high_uptake: bool = False,
    progress: Progress | None = None,
) -> StateEvaluation:
    """Run both branches of a state; `cases` lets any numeric path vary: path -> (C,).

    progress(done, total) is called between chunks of cases and may raise to stop.
    """
    register = scenario.register()
    if cases:
        register = register.with_cases(cases)
    inputs = build_inputs(scenario, register, high_uptake)
    count = max((len(values) for values in (cases or {}).values()), default=1)
    result = in_chunks(medicaid.run, inputs, count, CHUNK, progress)
    _check(inputs, result)
    return StateEvaluation(register, inputs, result, months_of(scenario, register))


def _check(inputs: Inputs, result: Result) -> None:
    """Drugs, capitation and rebates: what is paid is received, whoever pays it."""
    gaps = {}
    scale = 0.0
    for name, branch in (("join", result.join), ("stay_out", result.stay_out)):
        rows = branch.rows
        for line in (*medicaid.REBATE_LINES, "capitation"):
            gaps[f"{line} paid is received, {name}"] = words.total(rows, [line])
        # Federal, state, plans and members together pay what the pharmacies get.
        paid = words.total(rows, words.DRUG_LINES)
        gaps[f"payers of drugs sum to gross, {name}"] = paid - branch.dispensed
        gross = medicaid.gross_cost(rows)
        rebates = words.total(rows, medicaid.REBATE_LINES, ("manufacturer",))
        gaps[f"gross less rebates is net, {name}"] = gross - rebates - medicaid.net_cost(rows)
        scale = max(scale, float(np.max(np.abs(gross))))
    check_identities(gaps, scale, [result.value])


@dataclass(frozen=True)
class StateDecision(Decision):
    """The central run of a state, and everything read off it."""

    scenario: StateScenario
    evaluation: StateEvaluation
    resolution: str
    uncertainty: Uncertain | None = None

    @cached_property
    def first_month(self) -> int:
        """First month of the state fiscal year."""
        return int(self.register.number("state.fiscal_year_start_month")[0])

    def _numbers(self, first_month: int) -> tuple[Array, tuple[str, ...]]:
        years = periods(self.evaluation.months, first_month)
        return np.array(years), tuple(str(year) for year in dict.fromkeys(years))

    @property
    def periods(self) -> tuple[str, ...]:
        """State fiscal years, named by the year in which they end."""
        return self._numbers(self.first_month)[1]

    def by_fiscal_year(self, monthly: Array, first_month: int | None = None) -> Array:
        """Monthly amounts by state fiscal year (or one that starts in another month)."""
        number, _ = self._numbers(self.first_month if first_month is None else first_month)
        return medicaid.by_period(monthly, number)

    def ledgers(self) -> dict[str, Ledger]:
        """Both branches' rows by state fiscal year, accrual."""
        result = self.evaluation.result
        return {
            name: {key: self.by_fiscal_year(self._wide(rows)) for key, rows in branch.rows.items()}
            for name, branch in (("join", result.join), ("stay_out", result.stay_out))
        }

    def _wide(self, monthly: Array) -> Array:
        return np.broadcast_to(monthly, self.evaluation.result.value.shape)

    @cached_property
    def value(self) -> Value:
        """What joining is worth to the state: its own dollars, accrual."""
        result = self.evaluation.result
        monthly = result.value[:1]
        rate = self.register.number("assumptions.payment.discount_rate")
        yearly = self.by_fiscal_year(monthly)[0]
        months = float(np.broadcast_to(result.member_months, result.value.shape)[0].sum())
        return Value(
            total=float(monthly.sum()),
            present_value=float((monthly * monthly_discount(monthly.shape[1], rate)).sum()),
            pmpm=float(pmpm(float(monthly.sum()), months)),
            by_period=dict(zip(self.periods, map(float, yearly), strict=True)),
        )

    @cached_property
    def budget(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """Each branch's budget by state fiscal year: measure -> year -> USD or people."""
        result = self.evaluation.result
        return {
            name: {
                key: self._by_period(self.by_fiscal_year(self._wide(monthly)))
                for key, monthly in self._measures(branch).items()
            }
            for name, branch in (("join", result.join), ("stay_out", result.stay_out))
        }

    def pmpm(self, key: str) -> dict[str, dict[str, float | None]]:
        """A measure of each branch per enrollee a month, by state fiscal year."""
        return {
            name: {
                period: None
                if amount is None
                else amount / (measures["member_months"][period] or 1)
                for period, amount in measures[key].items()
            }
            for name, measures in self.budget.items()
        }

    @cached_property
    def federal_budget(self) -> dict[str, dict[str, dict[str, float]]]:
        """Each branch's budget by federal fiscal year."""
        number, names = self._numbers(OCTOBER)
        result = self.evaluation.result
        return {
            name: {
                key: dict(
                    zip(
                        names,
                        map(float, medicaid.by_period(self._wide(monthly), number)[0]),
                        strict=True,
                    )
                )
                for key, monthly in self._measures(branch).items()
            }
            for name, branch in (("join", result.join), ("stay_out", result.stay_out))
        }

    def _measures(self, branch: Branch) -> dict[str, Array]:
        """Monthly measures of one branch."""
        rows = branch.rows
        lagged = medicaid.cash(
            rows,
            self.evaluation.inputs.rebate_lag_quarters,
            self.evaluation.result.stay_out.rows,
        )
        found = {}
        for name, payers in (
            ("total_computable", medicaid.GOVERNMENTS),
            ("federal", ("federal",)),
            ("state", ("state",)),
        ):
            found[f"{name}_gross"] = medicaid.gross_cost(rows, payers)
            found[f"{name}_net"] = medicaid.net_cost(rows, payers)
            found[f"{name}_net_cash"] = medicaid.net_cost(lagged, payers)
        found["rebates"] = words.total(rows, medicaid.REBATE_LINES, ("manufacturer",))
        found["managed_care_plans"] = words.total(rows, words.LINES, ("mco",))
        found["premium_tax_to_state"] = -words.total(rows, ("premium_tax",), ("state",))
        found["state_net_uses_today"] = branch.uses_today
        found["starts"] = branch.starts
        found["fills"] = branch.fills
        found["treated_years"] = branch.on_therapy / MONTHS
        found["member_months"] = self.evaluation.result.member_months
        return found

    @cached_property
    def outcomes(self) -> dict[str, Any]:
        """Both branches' outcomes by state fiscal year, the thesis, and the user's criteria."""
        inputs, result = self.evaluation.inputs, self.evaluation.result
        number, _ = self._numbers(self.first_month)
        ends = [*(np.flatnonzero(np.diff(number))), len(number) - 1]
        found: dict[str, Any] = {}
        joining = inputs.join if self.adopted else inputs.stay_out
        for name, branch, coverage in (
            ("join", result.join, joining),
            ("stay_out", result.stay_out, inputs.stay_out),
        ):
            clinical = weight_inputs(
                self.scenario.therapy, self.register, supported=coverage.guaranteed
            )
            group = medicaid.treated_group(inputs, coverage)
            stopped_since = cohort.carried_effect(group, inputs.churn, np.full(1, np.inf))
            at_twelve = self.by_fiscal_year(outcomes.reaching(group, MONTHS))
            held = outcomes.weight_held(
                group,
                1.0 - inputs.churn,
                (clinical.full_loss * inputs.prices.share).sum(axis=-1),
                clinical.months_to_full_loss,
                clinical.regain_months,
                clinical.regain_reduction,
                at=ends,
            )
            treated = self.by_fiscal_year(self._wide(branch.on_therapy)) / MONTHS
            cost = self.by_fiscal_year(self._wide(branch.net_drug_cost))
            yearly = {
                "starts": self.by_fiscal_year(self._wide(branch.starts)),
                "on_therapy": self._wide(branch.on_therapy)[:, ends],
                "member_years": treated,
                "fills": self.by_fiscal_year(self._wide(branch.fills)),
                "at_twelve_months": at_twelve,
                "mean_weight_kept": outcomes.ratio(
                    held, (group.on_therapy + stopped_since)[:, ends]
                ),
                "net_drug_cost": cost,
                "cost_per_treated_year": outcomes.ratio(cost, treated),
                "medical_effect": self.by_fiscal_year(self._wide(branch.medical_effect)),
            }
            for response in outcomes.RESPONSES:
                share = outcomes.mix_responding(
                    clinical.full_loss,
                    inputs.prices.share,
                    clinical.loss_standard_deviation,
                    response,
                )
                yearly[f"responders_{round(response * 100)}"] = at_twelve * share[:, None]
            yearly["cost_per_responder_10"] = outcomes.ratio(cost, yearly["responders_10"])
            found[name] = {key: self._by_period(amounts) for key, amounts in yearly.items()}
        for name, coverage in (("join", joining), ("stay_out", inputs.stay_out)):
            found[name]["persistence_12_months"] = float(coverage.curve[0, MONTHS])
        found["thesis"] = self._thesis(joining)
        found["success"] = self.success(found["join"])
        return found

    def _thesis(self, joining: medicaid.Coverage) -> dict[str, str]:
        """The fiscal year in which medical savings overtake the drug's cost, by offset scenario.

        Both are joining less staying out.
        """
        inputs, result = self.evaluation.inputs, self.evaluation.result
        added = result.join.net_drug_cost - result.stay_out.net_drug_cost
        cost = self.by_fiscal_year(self._wide(added))[0]
        groups = [medicaid.treated_group(inputs, one) for one in (joining, inputs.stay_out)]
        found = {}
        for name in OFFSETS:
            effect = offset_effect(self.register, name)
            with_model, without = (
                medicaid.medical_effect(inputs, group, effect) for group in groups
            )
            saved = self.by_fiscal_year(self._wide(with_model - without))[0]
            found[name] = self.overtaken(saved, cost)
        return found

    @cached_property
    def high_uptake(self) -> dict[str, float]:
        """The same decision at the upper end of observed use: it always stands beside."""
        run = evaluate_state(self.scenario, high_uptake=True).result
        return {
            "total": float(run.value[0].sum()),
            "state_net": float(self._wide(medicaid.state_cost(run.join.rows))[0].sum()),
            "fills": float(self._wide(run.join.fills)[0].sum()),
        }

    @cached_property
    def from_uses_today(self) -> float:
        """The part of the value that comes from uses covered today, repriced, USD."""
        result = self.evaluation.result
        change = self._wide(result.stay_out.uses_today) - self._wide(result.join.uses_today)
        return float(change[0].sum())

    @property
    def adopted(self) -> bool:
        """Whether the state joins at this net price under its own condition."""
        return bool(self.evaluation.inputs.adopts[0] > 0)

    @property
    def notes(self) -> list[str]:
        """What is missing, held or not used."""
        return [sentence for _, sentence in self.remarks]

    @cached_property
    def remarks(self) -> list[tuple[str, str]]:
        """What is missing, held or not used, as (kind, sentence)."""
        scenario, register = self.scenario, self.register
        preset = register.tree.states[scenario.state.abbr]
        found = [("gap", f"left out, no number found: {path}") for path in gaps(scenario, register)]
        if preset["pharmacy_carve"] == "unknown":
            share = float(register.number("assumptions.coverage.managed_care_share")[0])
            unknown = f"pharmacy in or out of managed care not found: {share:.0%} is used"
            found.append(("gap", unknown))
        published = [
            day
            for day, dated in register.entries["state.efmap"].values.items()
            if dated.status != "projected" and day.year > 1
        ]
        last = max(published).replace(year=max(published).year + 1)
        if scenario.state.fmap is None and self.evaluation.months[-1] >= last:
            held = f"match rates after federal fiscal year {last.year} are held"
            found.append(("projected", held))
        if not self.adopted:
            condition = "the net price is above the state's own condition: it does not join"
            found.append(("condition", condition))
        if scenario.uptake.form != "share_of_eligibles":
            only = "fills are given per enrollee or by month, so who is eligible only spreads them"
            found.append(("not used", f"{only} over the groups"))
        if register.word("terms.mechanism") == "point_of_sale":
            paid = "the net price reaches a state as a rebate, whatever the mechanism in Part D"
            found.append(("not used", paid))
        outside = [
            name.replace("_", " ")
            for name, group in scenario.groups
            if not group.included and name not in self.evaluation.inputs.groups.names
        ]
        if outside:
            apart = ", ".join(outside)
            found.append(("left out", f"{apart}: not in this budget, nor is their part of the use"))
        bmi, ratio = preset["bmi_threshold"], float(register.number("state.own_uptake_ratio")[0])
        restricted = preset["covers"] == "restricted" and scenario.state.stance != "not_covering"
        if restricted and ratio == 1.0:
            known = f"{preset['state']} covers from a BMI of {bmi}; state.own_uptake_ratio"
            found.append(("stance", f"{known} below 1 would say that it uses less today"))
        covers = preset["covers"] in ("yes", "restricted")
        if covers != (scenario.state.stance != "not_covering"):
            known = "covers" if covers else "is not known to cover"
            found.append(("stance", f"{preset['state']} {known} obesity use by what was found"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """The decision as plain data, unrounded (the JSON contract)."""
        federal, names = self._numbers(OCTOBER)
        value = medicaid.by_period(self.evaluation.result.value[:1], federal)[0]
        heading = self.heading()
        heading["value"]["by_federal_fiscal_year"] = dict(
            zip(names, map(float, value), strict=True)
        )
        return {
            **heading,
            "state": self.scenario.state.abbr,
            "adopted": self.adopted,
            "branches": {
                name: {**measures, "lines": self._lines(self.ledgers()[name])}
                for name, measures in self.budget.items()
            },
            "branches_by_federal_fiscal_year": self.federal_budget,
            "selection": {
                "verdict": "not_applicable",
                "reason": "enrollees do not choose a state's program by what it covers",
            },
            "state_net_pmpm": self.pmpm("state_net"),
            "high_uptake": self.high_uptake,
            "outcomes": self.outcomes,
            "notes": self.notes,
            **self.drawn(),
        }
