"""Medicaid rebates on one fill: statutory, inflation, supplemental, and who keeps what.

USD per fill (30 days). Model section 10; 42 USC 1396r-8.
"""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, Number, array


def basic_rebate(amp: Number, best_price: Number, minimum_share: Number) -> Array:
    """The larger of the minimum share of AMP and AMP less best price. 1396r-8(c)(1).

    >>> round(float(basic_rebate(1000.0, 900.0, 0.231)), 2)
    231.0
    >>> float(basic_rebate(1000.0, 600.0, 0.231))
    400.0
    """
    return array(np.maximum(array(minimum_share) * amp, array(amp) - best_price))


def inflation_rebate(amp: Number, base_amp_indexed: Number) -> Array:
    """What AMP has risen beyond the CPI-U: max(0, AMP - base AMP x CPI-U ratio). 1396r-8(c)(2).

    >>> float(inflation_rebate(1000.0, 950.0)), float(inflation_rebate(1000.0, 1050.0))
    (50.0, 0.0)
    """
    return array(np.maximum(array(amp) - base_amp_indexed, 0.0))


def federal_offset(
    amp: Number,
    best_price: Number,
    minimum_share: Number,
    earlier_minimum_share: Number,
    cap_share: Number,
) -> Array:
    """The part of the rebate that is wholly federal (the 2010 increase of the minimum).

    clamp(23.1% AMP - max(15.1% AMP, AMP - best price), 0, 8% AMP): nothing where AMP less best
    price is above the minimum.

    >>> round(float(federal_offset(1000.0, 900.0, 0.231, 0.151, 0.08)), 2)
    80.0
    >>> float(federal_offset(1000.0, 700.0, 0.231, 0.151, 0.08))
    0.0
    """
    without = np.maximum(array(earlier_minimum_share) * amp, array(amp) - best_price)
    increase = array(minimum_share) * amp - without
    return array(np.clip(increase, 0.0, array(cap_share) * amp))


def top_up(ingredient: Number, statutory: Number, guaranteed_net: Number) -> Array:
    """Supplemental rebate that brings a fill to the guaranteed net; nan guarantees nothing.

    Never makes a state worse off: a statutory rebate below the net is kept.

    >>> float(top_up(1300.0, 300.0, 245.0)), float(top_up(650.0, 500.0, 245.0))
    (755.0, 0.0)
    """
    return array(np.fmax(array(ingredient) - statutory - guaranteed_net, 0.0))


def state_share_of_net(gross: Number, rebates: Number, offset: Number, match: Number) -> Array:
    """What a fill costs the state after rebates: the offset never reaches it.

    gross (1 - match) - (rebates - offset) (1 - match).

    >>> amp = 0.97 * 1349.02
    >>> round(float(state_share_of_net(1349.02, 0.231 * amp, 0.08 * amp, 0.60)), 2)
    460.57
    """
    return array((array(gross) - (array(rebates) - offset)) * (1.0 - array(match)))


def federal_share_of_net(gross: Number, rebates: Number, offset: Number, match: Number) -> Array:
    """What a fill costs the federal government: its match of the net, less the offset it keeps.

    >>> state = state_share_of_net(1000.0, 231.0, 80.0, 0.60)
    >>> round(float(state + federal_share_of_net(1000.0, 231.0, 80.0, 0.60)), 9)
    769.0
    """
    return array((array(gross) - (array(rebates) - offset)) * match - array(offset))


def blended_match(old: Number, new: Number, months_old: Number, months: Number) -> Array:
    """Match of a state fiscal year that spans two federal years, by months in each.

    >>> round(float(blended_match(0.5099, 0.5039, 3, 12)), 4)
    0.5054
    """
    return array((array(old) * months_old + array(new) * (array(months) - months_old)) / months)
