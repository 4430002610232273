"""The persistence that claims tell, beside the scenario's own curve and published ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from calculator.model import cohort
from calculator.model.arrays import Array
from calculator.report.figures_claims import Persisting
from calculator.scenario import PlanScenario
from calculator.therapy_inputs import persistence

# Published curves by the name of their assumptions, and what a picture calls them.
PUBLISHED = {
    "prime_2021": "Prime 2021",
    "denmark": "Denmark",
    "prime_2024": "Prime 2024",
    "blue_health": "Blue Health",
}
LEAST_MONTHS = 12  # that a curve is drawn


class Point(Protocol):
    """A share still on therapy, the people it rests on, and its 95% band."""

    @property
    def value(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


class Measured(Protocol):
    """A curve out of claims, as `calculator.claims.persistence` makes it."""

    @property
    def share(self) -> Mapping[int, Point]: ...
    @property
    def starters(self) -> int: ...
    @property
    def of_model(self) -> bool: ...


def curve(scenario: PlanScenario, months: int) -> Array:
    """A scenario's own share still on therapy, by month from 0: (months + 1,)."""
    return np.asarray(persistence(scenario.therapy, scenario.register(), months + 1)[0])


def persisting(found: Measured | None, scenario: PlanScenario) -> Persisting | None:
    """The claims' persistence beside the scenario's; None where they do not tell any."""
    if found is None or not found.share:
        return None
    months = np.array(list(found.share), dtype=float)
    points = list(found.share.values())
    until = max(LEAST_MONTHS, int(months[-1]))
    register = scenario.register()
    month = np.arange(until + 1, dtype=float)

    def published(name: str) -> Array:
        path = f"assumptions.persistence.{name}"
        kappa, scale = (register.number(f"{path}_{part}")[0] for part in ("kappa", "scale"))
        return cohort.survival(month, kappa, scale)

    return Persisting(
        months=months,
        shares=np.array([one.value for one in points]),
        low=np.array([np.nan if one.low is None else one.low for one in points]),
        high=np.array([np.nan if one.high is None else one.high for one in points]),
        people=np.array([one.n for one in points]),
        scenario=curve(scenario, until),
        published={label: published(name) for name, label in PUBLISHED.items()},
        starters=found.starters,
        of_model=found.of_model,
    )
