"""Adverse selection: how many eligible people come to the plans that joined (model section 9)."""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, Number, array


def multiplier(movers: Number, joining_share: Number, year: int = 1) -> Array:
    """Eligible members of a joining plan against its own share of them, in model year `year`.

    movers: share of the eligible in plans outside who move in a year (0 to 1); joining_share:
    enrollment share of the plans inside (above 0, to 1). They accumulate:
    E_y = 1 - (1 - s) (1 - r)^y, multiplier E_y / s; in year 1 it is 1 + r (1 - s) / s.

    >>> [round(float(multiplier(0.12, share)), 3) for share in (0.25, 0.05, 0.90)]
    [1.36, 3.28, 1.013]
    >>> float(multiplier(0.0, 0.25, year=4)), float(multiplier(0.12, 1.0))
    (1.0, 1.0)
    """
    share = array(joining_share)
    inside = 1.0 - (1.0 - share) * (1.0 - array(movers)) ** np.asarray(year)
    return array(inside / share)
