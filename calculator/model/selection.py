"""Adverse selection: who comes to a plan that joined in order to use the drug (model section 9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.model.arrays import Array, Number, array


@dataclass(frozen=True)
class Movers:
    """Eligible members of plans outside who come when the plan joins; L groups: non-LIS, LIS.

    A run without movers has none of this: `Inputs.movers` is None.
    """

    people: Array  # (C, T, L) who have come, by month; not members before
    bridge: Array  # (C, L) Bridge users among them on the first day, against own Bridge users
    initiation: Array  # (C, T) yearly share of those never treated who start
    risk_ratio: Array  # (C,) risk score against the plan's average
    priced: Array  # (C, Y) 1 where the bid expects them
    leaving: Array  # (C, Y) eligible members who move away when the plan stays out


def moved(movers: Array) -> Array:
    """Share of the eligible outside who have moved by each year, (C, Y): 1 - product of (1 - r).

    >>> moved(np.array([[0.1, 0.1]])).round(3).tolist()
    [[0.1, 0.19]]
    """
    return array(1.0 - np.cumprod(1.0 - movers, axis=-1))


def outside_per_own(joining_share: Number, capture: Number = 1.0) -> Array:
    """Eligible members of plans outside for each own one that may come here: c (1 - s) / s.

    Those who move spread over the plans that joined by size, times `capture`.

    >>> float(outside_per_own(0.25)), float(outside_per_own(1.0))
    (3.0, 0.0)
    """
    share = array(joining_share)
    return array(capture * (1.0 - share) / share)


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
    stayed = (1.0 - array(movers)) ** np.asarray(year)
    return array(1.0 + outside_per_own(joining_share) * (1.0 - stayed))


def joiners(eligible: Array, bridge_users: Array, movers: Array, bridge_movers: Array) -> Array:
    """Outside members who have moved by each year, (C, Y), per eligible member outside.

    eligible (C, Y) and bridge_users (C,), of them, on the Bridge on its last day: own numbers,
    as the plans outside hold them in the same proportion. movers, bridge_movers (C, Y): shares
    who move in a year; Bridge users move at their own rate in the first year, when they would
    lose their treatment, and like the others afterwards.

    >>> joiners(np.array([[100.0, 100.0]]), np.array([10.0]), np.array([[0.1, 0.1]]),
    ...         np.array([[0.5, 0.5]])).round(2).tolist()
    [[14.0, 22.6]]
    """
    others = (eligible - bridge_users[:, None]) * moved(movers)
    first = np.concatenate(
        [bridge_movers[:, :1], np.broadcast_arrays(movers, bridge_movers)[0][:, 1:]], axis=1
    )
    return array(others + bridge_users[:, None] * moved(first))
