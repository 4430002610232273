"""The terms' levers that pay the plan, one function each (model section 7). USD."""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, Number, array


def obesity_capitation(amount: Number, member_months: Number, risk_score: Number = 1.0) -> Array:
    """Capitation adjustment: USD PMPM x the member-months it is paid for, times risk if said so.

    >>> float(obesity_capitation(40.0, 120.0)), float(obesity_capitation(40.0, 120.0, 1.5))
    (4800.0, 7200.0)
    """
    return array(array(amount) * member_months * risk_score)


def extra_reinsurance(share: Number, net_liability: Number) -> Array:
    """More government reinsurance: a share of the plan's net liability on model fills.

    Net of DIR and of statutory reinsurance; never a payment on a gain.

    >>> float(extra_reinsurance(0.4, 1000.0)), float(extra_reinsurance(0.4, -5.0))
    (400.0, 0.0)
    """
    return array(array(share) * np.maximum(array(net_liability), 0.0))


def premium_stabilisation(premium_rise: Number, amount: Number, cap_on_rise: Number) -> Array:
    """What Medicare takes off the premium, USD PMPM: an amount, and any rise above the cap.

    A cap of nan: no cap.

    >>> float(premium_stabilisation(60.0, 10.0, 35.0))
    25.0
    >>> float(premium_stabilisation(5.0, 0.0, float("nan")))
    0.0
    """
    beyond = np.maximum(array(premium_rise) - amount - cap_on_rise, 0.0)
    return array(amount + np.nan_to_num(beyond))
