"""What a fill costs before and after the manufacturer's money. USD per fill (model section 4)."""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, Number, array


def gross_price(list_price: Number, maximum_fair_price: Number, dispensing_fee: Number) -> Array:
    """Gross price at the pharmacy: the maximum fair price where one is in force, else list.

    `maximum_fair_price` is nan where the drug is not selected.

    >>> float(gross_price(675.0, 274.0, 1.0)), float(gross_price(1086.37, float("nan"), 0.0))
    (275.0, 1086.37)
    """
    negotiated = array(maximum_fair_price)
    ingredient = np.where(np.isnan(negotiated), array(list_price), negotiated)
    return array(ingredient + array(dispensing_fee))


def point_of_sale_price(gross: Number, guaranteed_net: Number) -> Array:
    """Gross price when the guaranteed net is charged at the counter; never above today's gross.

    >>> float(point_of_sale_price(1349.0, 245.0)), float(point_of_sale_price(200.0, 245.0))
    (245.0, 200.0)
    """
    return array(np.fmin(array(gross), array(guaranteed_net)))


def dir_per_fill(
    gross: Number, discount: Number, guaranteed_net: Number, net_includes_discount: bool
) -> Array:
    """Rebate on one fill, direct and indirect remuneration (DIR).

    max(0, gross - discount - net) when the manufacturer's Part D discount counts towards the
    guaranteed net, else max(0, gross - net). A net of nan (none guaranteed) gives no rebate.

    >>> [float(dir_per_fill(1000.0, 100.0, 245.0, counted)) for counted in (True, False)]
    [655.0, 755.0]
    >>> float(dir_per_fill(274.0, 0.0, float("nan"), True))
    0.0
    """
    owed = array(gross) - array(guaranteed_net)
    if net_includes_discount:
        owed = owed - array(discount)
    return array(np.fmax(owed, 0.0))


def outside_benefit(gross: Array, net_price: Array, copay: Array) -> tuple[Array, Array]:
    """Net price and copay of a fill outside the Part D benefit: at most gross, and at most net.

    >>> net, copay = outside_benefit(array(1_000), array(245), array(50))
    >>> float(net), float(copay)
    (245.0, 50.0)
    >>> [float(usd) for usd in outside_benefit(array(40), array(245), array(50))]
    [40.0, 40.0]
    """
    net = np.minimum(net_price, gross)
    return net, np.minimum(copay, net)
