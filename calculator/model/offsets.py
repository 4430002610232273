"""Medical cost effects and Part C coding, on Parts A and B (model section 8)."""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, array


def effect_by_year_on_therapy(first: Array, step: Array, limit: Array, years: int) -> Array:
    """USD per treated member-year by year on therapy, (C, years); negative saves.

    Starts at `first`, moves by `step` a year, never beyond `limit`; a step of 0 stays at `first`.

    >>> first, step, limit = np.array([-50.0]), np.array([-75.0]), np.array([-200.0])
    >>> effect_by_year_on_therapy(first, step, limit, 4).tolist()
    [[-50.0, -125.0, -200.0, -200.0]]
    """
    path = first[:, None] + step[:, None] * np.arange(years)
    falling = np.maximum(path, limit[:, None])
    rising = np.minimum(path, limit[:, None])
    moved = np.where(step[:, None] < 0.0, falling, rising)
    return array(np.where(step[:, None] == 0.0, path, moved))


def medical_offsets(treated: Array, after_stopping: Array, effect: Array) -> Array:
    """Change in Part A and B cost, USD a year, (C, Y).

    treated (C, Y, N) member-years by year on therapy; effect (C, N); people who stopped keep the
    first year's effect as it fades (after_stopping, member-years).

    >>> float(medical_offsets(np.ones((1, 1, 1)), np.zeros((1, 1)), np.array([[-100.0]]))[0, 0])
    -100.0
    """
    on_therapy = (treated * effect[:, None, :]).sum(axis=-1)
    return array(on_therapy + after_stopping * effect[:, :1])


def coding_revenue(amount: Array, treated_member_years: Array) -> Array:
    """Part C payment change from coding, USD a year, (C, Y): paid the year after treatment.

    >>> coding_revenue(np.array([100.0]), np.array([[2.0, 3.0]])).tolist()
    [[0.0, 200.0]]
    """
    lagged = np.concatenate(
        [np.zeros_like(treated_member_years[:, :1]), treated_member_years[:, :-1]], axis=1
    )
    return array(amount[:, None] * lagged)
