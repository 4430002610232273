"""decide(scenario): both branches on the same people and months, and what joining is worth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from calculator import __version__
from calculator.assumptions import Register
from calculator.errors import IdentityError, InputError
from calculator.model import ledger as words
from calculator.model import offsets, outcomes, part_d
from calculator.model.arrays import MONTHS, Array
from calculator.model.drug_costs import Costs, drug_costs
from calculator.model.inputs import Inputs, map_arrays
from calculator.model.part_d import Result, settle
from calculator.part_d_inputs import OFFSETS, build_inputs, offset_effect
from calculator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

# Equal-probability points of spending per group, beside the stratum that spends nothing.
RESOLUTIONS = {"full": 60, "workbook": 8}
# Cases worked on at once; few where each case has its own benefit table.
CHUNK, CHUNK_WITH_TABLE = 256, 8
IDENTITY_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Evaluation:
    """A run over cases: what went in, the drug costs and the settled branches."""

    register: Register
    inputs: Inputs
    costs: Costs
    result: Result


@dataclass(frozen=True)
class Value:
    """What joining is worth to the payer: join less stay_out, USD, positive is good."""

    total: float
    present_value: float
    pmpm: float
    by_period: dict[str, float]


def evaluate(
    scenario: Scenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: bool = False,
) -> Evaluation:
    """Run both branches; `cases` lets any numeric path vary: path -> (C,) values.

    draws: the cases are draws of one uncertain world (a bid is then priced partly at their
    mean), not worlds of their own.

    Raises InputError for bad input and IdentityError where a sum that must hold does not.
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    register = scenario.register()
    if cases:
        register = register.with_cases(cases)
    inputs = build_inputs(scenario, register, RESOLUTIONS[resolution])
    count = max((len(values) for values in (cases or {}).values()), default=1)
    costs = _in_chunks(inputs, count)
    result = settle(inputs, costs, draws=draws)
    _check(inputs, costs, result)
    return Evaluation(register, inputs, costs, result)


def _in_chunks(inputs: Inputs, count: int) -> Costs:
    """Drug costs, a bounded number of cases at a time."""
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
    size = CHUNK_WITH_TABLE if own_table else CHUNK
    if count <= size:
        return drug_costs(inputs)
    parts = []
    for first in range(0, count, size):
        chunk = slice(first, min(first + size, count))
        wide = chunk.stop - chunk.start

        def take(value: Array, chunk: slice = chunk) -> Array:
            return value[chunk] if value.ndim and value.shape[0] == count else value

        def widen(value: Array, wide: int = wide) -> Array:
            return np.broadcast_to(value, (wide, *value.shape[1:]))

        parts.append(map_arrays(drug_costs(map_arrays(inputs, take)), widen))
    joined: Costs = _joined(parts)
    return joined


def _joined(parts: list[Any]) -> Any:
    """The same tree of dataclasses and dicts with the arrays of all parts end to end."""
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    if isinstance(first, dict):
        return {key: _joined([part[key] for part in parts]) for key in first}
    return type(first)(
        **{name: _joined([getattr(part, name) for part in parts]) for name in vars(first)}
    )


def _check(inputs: Inputs, costs: Costs, result: Result) -> None:
    for name, gap in part_d.identities(inputs, costs, result).items():
        scale = 1.0 + float(np.max(np.abs(costs.join.gross)))
        if not np.all(np.abs(gap) <= IDENTITY_TOLERANCE * scale):
            raise IdentityError(f"broken identity: {name} (by {float(np.max(np.abs(gap))):.6g})")
    if not np.all(np.isfinite(result.value)):
        raise IdentityError("broken identity: the value is not a number")


@dataclass(frozen=True)
class Decision:
    """The central run of one scenario, and everything read off it."""

    scenario: Scenario
    evaluation: Evaluation
    resolution: str

    @property
    def register(self) -> Register:
        """The assumptions, terms and inputs of the run."""
        return self.evaluation.register

    @property
    def years(self) -> tuple[int, ...]:
        """Plan years in the model."""
        return self.evaluation.inputs.years

    @cached_property
    def value(self) -> Value:
        """What joining is worth, in total, as a present value, PMPM and by plan year."""
        result = self.evaluation.result
        yearly = result.value[0]
        rate = float(self.register.number("assumptions.payment.discount_rate")[0])
        return Value(
            total=float(yearly.sum()),
            present_value=float(yearly @ discount_factors(len(yearly), rate)),
            pmpm=float(yearly.sum() / result.member_months[0].sum()),
            by_period={str(year): float(usd) for year, usd in zip(self.years, yearly, strict=True)},
        )

    def ledger(self) -> pd.DataFrame:
        """Every dollar with its payer: branch, period, line, payer, amount (USD)."""
        import pandas as pd  # a third of a second that only a table needs

        rows = []
        result = self.evaluation.result
        for name, branch in (("stay_out", result.stay_out), ("join", result.join)):
            for (line, payer), amounts in branch.ledger.items():
                wide = np.broadcast_to(amounts, result.value.shape)[0]
                if not np.any(wide):
                    continue
                rows += [
                    (name, str(year), line, payer, float(usd))
                    for year, usd in zip(self.years, wide, strict=True)
                ]
        frame = pd.DataFrame(rows, columns=["branch", "period", "line", "payer", "amount"])
        order = {line: index for index, line in enumerate(words.LINES)}
        return frame.sort_values(
            by=["branch", "line"], key=lambda c: c.map(order).fillna(c.name == "x"), kind="stable"
        ).reset_index(drop=True)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the inputs, the resolved assumptions, the resolution and the version."""
        record = {
            "version": __version__,
            "resolution": self.resolution,
            "scenario": self.scenario.model_dump(mode="json"),
            "assumptions": self.register.resolved(),
        }
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

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
            found[name] = {key: self._by_year(amounts) for key, amounts in yearly.items()}
            found[name]["federal_by_line"] = {
                line: self._by_year(amounts)
                for line, amounts in outcomes.federal_by_line(settled).items()
            }
        found["join"]["persistence_12_months"] = float(inputs.population.curve[0, MONTHS])
        found["thesis"] = self._thesis()
        found["success"] = self._success(found["join"])
        return found

    def _thesis(self) -> dict[str, str]:
        """The year in which medical savings overtake the drug's cost, by offset scenario."""
        people, result = self.evaluation.costs.join_people, self.evaluation.result
        yearly = outcomes.by_year(self.evaluation.inputs, people, result.join)
        net_cost = np.broadcast_to(yearly["net_drug_cost"], result.value.shape)[0]
        years = people.treated_years.shape[-1]
        found = {}
        for name in OFFSETS:
            effect = offsets.effect_by_year_on_therapy(
                *offset_effect(self.register, name), years=years
            )
            saved = offsets.medical_offsets(people.treated_years, people.after_stopping, effect)[0]
            index = outcomes.overtaking_year(saved, net_cost)
            found[name] = "not within the horizon" if index is None else str(self.years[index])
        return found

    def _success(self, join: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The user's thresholds, what was reached, and pass or miss. Empty without thresholds."""
        responders = sum(join["responders_10"].values())
        cost = sum(join["net_drug_cost"].values())
        reached_twelve = sum(join["at_twelve_months"].values())
        reached = {
            "value_pmpm_at_least": self.value.pmpm,
            "persistence_at_least": join["persistence_12_months"],
            "responders_10_at_least": (
                join["persistence_12_months"] * responders / reached_twelve
                if reached_twelve
                else 0.0
            ),
            "cost_per_responder_at_most": cost / responders if responders else float("inf"),
        }
        found = {}
        for name, wanted in self.scenario.success:
            if wanted is None:
                continue
            passed = reached[name] >= wanted if name.endswith("least") else reached[name] <= wanted
            found[name] = {
                "wanted": wanted,
                "reached": reached[name],
                "result": "pass" if passed else "miss",
            }
        return found

    def to_dict(self) -> dict[str, Any]:
        """The decision as plain data, unrounded (the JSON contract)."""
        return {
            "program": self.scenario.program,
            "scenario": self.scenario.name,
            "version": __version__,
            "fingerprint": self.fingerprint,
            "value": {
                "total": self.value.total,
                "present_value": self.value.present_value,
                "pmpm": self.value.pmpm,
                "by_period": self.value.by_period,
            },
            "branches": self.branches(),
            "selection": {
                "verdict": "not_assessed",
                "reason": "this version does not yet check adverse selection",
            },
            "outcomes": self.outcomes,
        }

    def branches(self) -> dict[str, dict[str, Any]]:
        """Each branch by year: the plan's result, its rows, its bid and premium."""
        result = self.evaluation.result
        found: dict[str, dict[str, Any]] = {}
        for name, branch in (("join", result.join), ("stay_out", result.stay_out)):
            found[name] = {
                "result": self._by_year(words.plan_result(branch.ledger)),
                "bid": self._by_year(branch.bid),
                "premium": self._by_year(branch.premium),
                "direct_subsidy": self._by_year(branch.direct_subsidy),
                "corridor_target": self._by_year(branch.target),
                "corridor_actual": self._by_year(branch.actual),
                "leaving": self._by_year(branch.leaving),
                "lines": {},
            }
            for (line, payer), amounts in branch.ledger.items():
                if np.any(amounts[0]):
                    found[name]["lines"].setdefault(line, {})[payer] = self._by_year(amounts)
        return found

    def _by_year(self, amounts: Array) -> dict[str, float | None]:
        """The central case by year; None where there is nobody to divide by."""
        wide = np.broadcast_to(amounts, self.evaluation.result.value.shape)[0]
        return {
            str(year): float(amount) if np.isfinite(amount) else None
            for year, amount in zip(self.years, wide, strict=True)
        }


def discount_factors(years: int, rate: float) -> Array:
    """Present value of a dollar spread evenly over each year's months, (years,).

    (1 + r)^-((t + 0.5) / 12) for month t; the benefit is adjudicated by year, so a year's value
    has no finer timing than its months.

    >>> discount_factors(2, 0.0).tolist()
    [1.0, 1.0]
    """
    month = np.arange(years * MONTHS)
    return np.asarray(
        ((1.0 + rate) ** (-(month + 0.5) / MONTHS)).reshape(years, MONTHS).mean(axis=1)
    )


def decide(scenario: Scenario, draws: int | None = None, resolution: str = "full") -> Decision:
    """What joining is worth to this scenario's payer against staying out.

    draws: None, the central run; draws over the inputs' ranges are not in this version.
    """
    if draws is not None:
        raise InputError("draws", "none: this version makes the central run only", draws)
    evaluation = evaluate(scenario, resolution=resolution)
    return Decision(scenario, evaluation, resolution)
