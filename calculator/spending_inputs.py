"""Drug prices by year, and what members spend today: the nation's strata or the plan's own."""

from __future__ import annotations

import datetime as dt

import numpy as np

from calculator.assumptions import Register, load_assumptions
from calculator.errors import InputError
from calculator.model import price, spending
from calculator.model.arrays import MONTHS, Array, pad_right
from calculator.model.benefit import CLASSES
from calculator.model.inputs import Drugs
from calculator.model.own_spending import (
    growth_of_the_rest,
    own_class_mix,
    own_weights,
    resliced,
)
from calculator.sections import OwnSpending

EXISTING = ("ozempic", "rybelsus", "mounjaro")
NON_APPLICABLE = CLASSES.index("non_applicable")


def drugs_by_year(
    register: Register, products: tuple[str, ...], years: tuple[int, ...], share: str
) -> Drugs:
    """Prices and classes of products, and the share of people on each."""
    fee = register.number("assumptions.drugs.dispensing_fee")
    gross, net, classes, shares = [], [], [], []
    for product in products:
        path = f"assumptions.drugs.{product}"
        listed = register.yearly(f"{path}_list_price", years)
        kinds = [register.word(f"{path}_class", dt.date(year, 1, 1)) for year in years]
        negotiated = np.full((1, len(years)), np.nan)
        if "selected" in kinds:
            columns = [
                register.fair_price(product, dt.date(year, 1, 1))
                if kind == "selected"
                else np.full(1, np.nan)
                for year, kind in zip(years, kinds, strict=True)
            ]
            negotiated = np.stack(np.broadcast_arrays(*columns), axis=-1)
        gross.append(price.gross_price(listed, negotiated, fee[:, None]))
        classes.append([[float(kind == name) for name in CLASSES] for kind in kinds])
        if share:
            net.append(register.yearly(f"{path}_net_price", years) + fee[:, None])
            shares.append(register.number(f"{path}_{share}"))
        else:
            net.append(np.full((1, len(years)), np.nan))
            shares.append(register.number(f"therapy.mix.{product}"))
    return Drugs(
        share=np.stack(np.broadcast_arrays(*shares), axis=-1),
        gross=np.stack(np.broadcast_arrays(*gross), axis=-1),
        net=np.stack(np.broadcast_arrays(*net), axis=-1),
        classes=np.moveaxis(np.array(classes), 0, 1),
    )


def in_use_cost(drugs: Drugs, per_month: Array) -> Array:
    """What the GLP-1 drugs in use today cost, USD per member-year, (C, Y)."""
    per_member: Array = (drugs.share[:, None] * drugs.gross).sum(axis=-1)
    return per_member * per_month[:, None] * MONTHS


def _withoutin_use_cost(total: Array, weights: Array, in_use: Array) -> Array:
    """Strata less the GLP-1 drugs in use, in proportion: they are laid on top of the rest."""
    mean = (weights[:, None] * total).sum(axis=(-2, -1))
    if np.any(in_use >= mean):
        raise InputError(
            "assumptions.drugs.ozempic_users_share",
            "shares of members whose GLP-1 cost is below all drug spending",
            f"{float(np.max(in_use / mean)):.0%} of it",
        )
    rest: Array = total * pad_right(1.0 - in_use / mean, 2)
    return rest


def _class_curve(register: Register, spend: Array, years: tuple[int, ...]) -> Array:
    """Class shares of spending (C, Y, L, K) along the national curve, (C, Y, L, K, 3)."""
    return spending.class_mix(
        spend,
        register.number("assumptions.spending.brand_share_floor"),
        register.number("assumptions.spending.brand_share_rise"),
        register.number("assumptions.spending.brand_share_half"),
        register.yearly("assumptions.spending.selected_share_of_brand", years),
    )


def national_strata(
    register: Register, years: tuple[int, ...], points: int, in_use: Array
) -> tuple[Array, Array, Array]:
    """Spending, weights and class mix of strata at the plan's ratio to national spending.

    National spending holds the GLP-1 drugs in use today, in_use (C, Y); they are taken off.
    """

    def assumed(name: str) -> Array:
        return register.number(f"assumptions.spending.{name}")

    zero = assumed("zero_share")
    weights = spending.member_weights(zero, register.number("plan.lis_share"), points)
    total = spending.strata(
        register.yearly("assumptions.spending.mean_gross", years)
        * register.number("plan.spend_ratio")[:, None],
        zero,
        assumed("lis_spend_ratio"),
        assumed("national_lis_share"),
        spending.unit_points(
            assumed("body_sigma"), assumed("tail_start"), assumed("tail_index"), points
        ),
    )
    spend = _withoutin_use_cost(total, weights, in_use)
    return spend, weights, _class_curve(register, spend, years)


def own_strata(
    own: OwnSpending, register: Register, years: tuple[int, ...], points: int, in_use: Array
) -> tuple[Array, Array, Array]:
    """Spending, weights and class mix of the plan's own strata, brought to the plan years.

    Without GLP-1 drugs they grow as the rest of national spending does; with them as all of it,
    and the plan's own in_use (C, Y) is taken off as from national spending.
    """
    known = [day.year for day in register.entries["assumptions.spending.mean_gross"].values]
    if not min(known) <= own.year <= min(max(known), years[0]):
        latest = min(max(known), years[0])
        raise InputError("spending.year", f"a year from {min(known)} to {latest}", own.year)
    measured = (own.year, *years)
    groups = (own.non_lis, own.lis)
    given = [np.array(group.points) for group in groups]
    slices = np.stack([resliced(usd, points) for usd in given])

    def share(name: str) -> Array:
        """A class's share of each slice, its dollars re-sliced with all of them, (L, K)."""
        pairs = [usd * np.array(getattr(g, name)) for usd, g in zip(given, groups, strict=True)]
        dollars = np.stack([resliced(usd, points) for usd in pairs])
        return np.divide(dollars, slices, out=np.zeros_like(slices), where=slices > 0.0)

    zeros = [register.number(f"spending.{name}.zero_share") for name in ("non_lis", "lis")]
    zero_shares = np.stack(np.broadcast_arrays(*zeros), axis=-1)
    lis_share = register.number("plan.lis_share")
    length = max(len(zero_shares), len(lis_share))
    weights = own_weights(
        np.broadcast_to(zero_shares, (length, 2)), np.broadcast_to(lis_share, (length,)), points
    )
    with_zero = np.concatenate([np.zeros((2, 1)), slices], axis=-1)
    first = with_zero[None, None] * pad_right(register.number("plan.spend_ratio"), 3)
    index = register.yearly("assumptions.spending.mean_gross", measured)
    if own.glp1 == "included":
        total = first * pad_right(index[:, 1:] / index[:, :1], 2)
        spend = _withoutin_use_cost(total, weights, in_use)
    else:
        # The nation's use, not the plan's: how many of its members use GLP-1 drugs says nothing
        # about how their other drugs grow.
        nation = load_assumptions()
        drugs = drugs_by_year(nation, EXISTING, measured, "users_share")
        national_use = in_use_cost(
            drugs, nation.number("assumptions.drugs.existing_fills_per_month")
        )
        mean = (weights * first[:, 0]).sum(axis=(-2, -1))
        if np.any(mean <= 0.0):
            raise InputError("spending.non_lis.points", "spending above 0", "none at all")
        spend = first * pad_right(growth_of_the_rest(mean, index, national_use), 2)
    before = _class_curve(register, with_zero[None, None], (own.year,))[..., NON_APPLICABLE]
    rise = before - _class_curve(register, spend, years)[..., NON_APPLICABLE]
    applicable, selected = (
        np.concatenate([shares[:, :1], shares], axis=-1)
        for shares in (share("applicable"), share("selected"))
    )
    nationally = register.yearly("assumptions.spending.selected_share_of_brand", measured)
    mix = own_class_mix(applicable, selected, rise, nationally)
    return spend, weights, mix
