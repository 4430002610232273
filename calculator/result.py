"""What every program's decision has: value, ledger, fingerprint, and plain data."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from calculator import __version__
from calculator.assumptions import Register
from calculator.drawn import Uncertain
from calculator.errors import IdentityError
from calculator.model import ledger as words
from calculator.model import outcomes
from calculator.model.arrays import MONTHS, Array
from calculator.model.inputs import map_arrays
from calculator.model.ledger import Ledger
from calculator.register import as_json
from calculator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

IDENTITY_TOLERANCE = 1e-8
NOT_WITHIN = "not within the horizon"
NO_ADDED_COST = "no added drug cost"
Inputs = TypeVar("Inputs")
Outputs = TypeVar("Outputs")
# Told how many cases of how many are done; may raise to stop the run.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Value:
    """What joining is worth to the payer: join less stay_out, USD, positive is good."""

    total: float
    present_value: float
    pmpm: float
    by_period: dict[str, float]


class Decision(ABC):
    """The central run of one scenario, and everything read off it."""

    scenario: Scenario
    evaluation: Any  # each program's own: register, inputs, result
    resolution: str
    uncertainty: Uncertain | None  # what draws say, where some were asked for

    @property
    def register(self) -> Register:
        """The assumptions, terms and inputs of the run."""
        register: Register = self.evaluation.register
        return register

    @property
    @abstractmethod
    def periods(self) -> tuple[str, ...]:
        """Plan years, or state fiscal years."""

    @property
    @abstractmethod
    def value(self) -> Value:
        """What joining is worth, in total, as a present value, PMPM and by period."""

    @abstractmethod
    def ledgers(self) -> dict[str, Ledger]:
        """Each branch's rows by case and period."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The decision as plain data, unrounded (the JSON contract)."""

    def ledger(self) -> pd.DataFrame:
        """Every dollar with its payer: branch, period, line, payer, amount (USD)."""
        import pandas as pd  # a third of a second that only a table needs

        rows = []
        for branch, ledger in self.ledgers().items():
            for line in words.LINES:
                for payer in words.PAYERS:
                    wide = self._central(ledger.get((line, payer), np.zeros((1, 1))))
                    if np.any(wide):
                        rows += [
                            (branch, period, line, payer, float(usd))
                            for period, usd in zip(self.periods, wide, strict=True)
                        ]
        return pd.DataFrame(rows, columns=["branch", "period", "line", "payer", "amount"])

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the inputs, the resolved assumptions, the resolution and the version."""
        return fingerprint(self.scenario, self.register, self.resolution)

    def heading(self) -> dict[str, Any]:
        """What identifies the run, and its value: the start of the JSON contract."""
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
        }

    def drawn(self) -> dict[str, Any]:
        """What draws say, for the JSON contract; nothing where none were asked for."""
        return {} if self.uncertainty is None else {"uncertainty": self.uncertainty.to_dict()}

    def overtaken(self, saved: Array, cost: Array) -> str:
        """The period in which cumulative savings overtake cumulative drug cost, in words."""
        if np.all(np.cumsum(cost) <= 0.0):
            return NO_ADDED_COST
        index = outcomes.overtaking_year(saved, cost)
        return NOT_WITHIN if index is None else self.periods[index]

    def success(self, join: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The user's thresholds, what was reached, and pass or miss. Empty without thresholds.

        join: outcomes of the joining branch (at_twelve_months, responders_10, net_drug_cost by
        period, and persistence_12_months).
        """
        responders, cost, at_twelve = (
            sum(amount or 0.0 for amount in join[key].values())
            for key in ("responders_10", "net_drug_cost", "at_twelve_months")
        )
        persistence = join["persistence_12_months"]
        reached = {
            "value_pmpm_at_least": self.value.pmpm,
            "persistence_at_least": persistence,
            "responders_10_at_least": persistence * responders / at_twelve if at_twelve else 0.0,
            "cost_per_responder_at_most": cost / responders if responders else None,
        }
        found = {}
        for name, wanted in self.scenario.success:
            if wanted is None:
                continue
            got = reached[name]
            passed = got is not None and (
                got >= wanted if name.endswith("least") else got <= wanted
            )
            result = "pass" if passed else "miss"
            found[name] = {"wanted": wanted, "reached": got, "result": result}
        return found

    def _central(self, amounts: Array) -> Array:
        """The central case of (C, periods)."""
        wide = np.broadcast_shapes(amounts.shape, (1, len(self.periods)))
        return np.asarray(np.broadcast_to(amounts, wide)[0])

    def _by_period(self, amounts: Array) -> dict[str, float | None]:
        """The central case by period; None where there is nobody to divide by."""
        return {
            period: float(amount) if np.isfinite(amount) else None
            for period, amount in zip(self.periods, self._central(amounts), strict=True)
        }

    def _lines(self, ledger: Ledger) -> dict[str, dict[str, dict[str, float | None]]]:
        """Rows that are not zero: line -> payer -> period -> USD."""
        found: dict[str, dict[str, dict[str, float | None]]] = {}
        for (line, payer), amounts in ledger.items():
            if np.any(self._central(amounts)):
                found.setdefault(line, {})[payer] = self._by_period(amounts)
        return found


def fingerprint(scenario: Scenario, register: Register, resolution: str) -> str:
    """sha256 of the inputs, the resolved assumptions, the resolution and the version."""
    record = {
        "resolution": resolution,
        "scenario": scenario.model_dump(mode="json"),
        "version": __version__,
    }
    # One JSON object with its keys in order, of which the assumptions are the first.
    text = f'{{"assumptions":{register.resolved_text()},{as_json(record)[1:]}'
    return hashlib.sha256(text.encode()).hexdigest()


def check_identities(gaps: Mapping[str, Array], scale: float, worth: Iterable[Array]) -> None:
    """Raise IdentityError where a gap is not 0 (relative to `scale`) or a value not a number."""
    for name, gap in gaps.items():
        size = float(np.max(np.abs(gap)))
        if not size <= IDENTITY_TOLERANCE * (1.0 + scale):
            raise IdentityError(f"broken identity: {name} (by {size:.6g})")
    if not all(np.all(np.isfinite(amounts)) for amounts in worth):
        raise IdentityError("broken identity: the value is not a number")


def monthly_discount(months: int, rate: Array) -> Array:
    """(1 + r)^-((t + 0.5) / 12) for months t from the horizon's first, (C, T).

    >>> monthly_discount(2, np.zeros(1)).tolist()
    [[1.0, 1.0]]
    """
    month = np.arange(months) + 0.5
    return np.asarray((1.0 + rate[:, None]) ** (-month / MONTHS))


def yearly_discount(years: int, rate: Array) -> Array:
    """What a year's amount is worth today, spread evenly over its months, (C, Y).

    >>> yearly_discount(1, np.zeros(1)).tolist()
    [[1.0]]
    """
    monthly = monthly_discount(years * MONTHS, rate)
    return np.asarray(monthly.reshape(len(monthly), years, MONTHS).mean(axis=-1))


def joined(parts: Sequence[Any], rows: int) -> Any:
    """The same tree of dataclasses, tuples and dicts with the arrays of all parts end to end.

    rows: cases of the first part. What has not so many rows is shared by all cases.
    """
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts) if first.ndim and len(first) == rows else first
    if isinstance(first, dict):
        return {key: joined([part[key] for part in parts], rows) for key in first}
    if isinstance(first, tuple):
        return tuple(joined(same, rows) for same in zip(*parts, strict=True))
    if not is_dataclass(first) or isinstance(first, type):
        return first
    names = [field.name for field in fields(first)]
    return replace(
        first, **{name: joined([getattr(part, name) for part in parts], rows) for name in names}
    )


def taken(inputs: Inputs, cases: Any, count: int) -> Inputs:
    """Some of `count` cases: arrays with so many rows are cut, the others shared."""

    def take(value: Array) -> Array:
        return value[cases] if value.ndim and value.shape[0] == count else value

    found: Inputs = map_arrays(inputs, take)
    return found


def in_chunks(
    run: Callable[[Inputs], Outputs],
    inputs: Inputs,
    count: int,
    size: int,
    progress: Progress | None = None,
) -> Outputs:
    """Run a bounded number of cases at a time: arrays with `count` rows are cut, others shared.

    progress(done, total) is called between chunks and may raise to stop.
    """
    if count <= size:
        return run(inputs)
    parts = []
    for first in range(0, count, size):
        last = min(first + size, count)
        parts.append(widened(run(taken(inputs, slice(first, last), count)), last - first))
        if progress:
            progress(last, count)
    found: Outputs = joined(parts, size)
    return found


def widened(outputs: Outputs, cases: int) -> Outputs:
    """The same with a row for every case."""

    def widen(value: Array) -> Array:
        return np.broadcast_to(value, (cases, *value.shape[1:]))

    found: Outputs = map_arrays(outputs, widen)
    return found
