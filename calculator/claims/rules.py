"""The benefit of a year in whole numbers, so that claims are settled without rounding.

Amounts are whole millionths of a dollar (a hundredth of the unit in which claims are read), shares
are whole percentages; an amount times a share is then a whole hundred-millionth of a dollar.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from calculator.assumptions import Register
from calculator.errors import InputError

FIRST_YEAR, LAST_YEAR = 2025, 2031
MILLIONTH = 1_000_000
BENEFIT = "assumptions.benefit"


@dataclass(frozen=True)
class Rules:
    """The benefit, the terms of model fills, and which of it is not final."""

    year: int
    deductible: int  # millionths of a dollar
    threshold: int
    coinsurance: int  # percent
    initial_discount: int
    initial_subsidy: int
    catastrophic_discount: int
    reinsurance: Mapping[str, int]  # by drug class
    phase_in_initial: int
    phase_in_catastrophic: int
    copays: Mapping[tuple[str, bool], int]  # (low-income level, brand), millionths of a dollar
    insulin_copay: int
    insulin_share: int  # percent
    month_supply_days: int
    deductible_exempt: bool
    copay_counts: bool
    subsidies_before_deductible: bool
    statutory_lis_copay: bool
    not_final: tuple[str, ...]

    @property
    def steps(self) -> int:
        """Spending that one dollar of coinsurance pays for: 4 at 25%."""
        return 100 // self.coinsurance


def rules(register: Register, year: int) -> Rules:
    """The rules of a plan year, from the assumptions and terms of a register.

    >>> from calculator import load_assumptions
    >>> law = rules(load_assumptions(), 2027)
    >>> law.deductible // MILLIONTH, law.threshold // MILLIONTH, law.steps, law.phase_in_initial
    (700, 2400, 4, 5)
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError("--year", f"a year from {FIRST_YEAR} to {LAST_YEAR}", str(year))
    day = dt.date(year, 1, 1)
    projected = []

    def exact(name: str, scale: int, unit: str) -> int:
        path = f"{BENEFIT}.{name}"
        value = Decimal(repr(round(float(register.number(path, day)[0]), 9))) * scale
        if value != int(value):
            raise InputError(path, unit, str(value / scale))
        if register.status(path, day) in {"projected", "expert", "assumed"}:
            projected.append(name)
        return int(value)

    def usd(name: str) -> int:
        return exact(name, MILLIONTH, "an amount with at most six decimals")

    def percent(name: str) -> int:
        return exact(name, 100, "a whole percentage")

    coinsurance = percent("initial_coinsurance")
    if coinsurance == 0 or 100 % coinsurance:
        allowed = "a percentage that divides 100, so that claims split exactly"
        raise InputError(f"{BENEFIT}.initial_coinsurance", allowed, f"{coinsurance}%")
    kinds = {False: "generic", True: "brand"}
    classes = ("applicable", "selected", "non_applicable")
    return Rules(
        year=year,
        deductible=usd("deductible"),
        threshold=usd("oop_threshold"),
        coinsurance=coinsurance,
        initial_discount=percent("initial_discount_applicable"),
        initial_subsidy=percent("initial_subsidy_selected"),
        catastrophic_discount=percent("catastrophic_discount_applicable"),
        reinsurance={name: percent(f"catastrophic_reinsurance_{name}") for name in classes},
        phase_in_initial=percent("phase_in_initial"),
        phase_in_catastrophic=percent("phase_in_catastrophic"),
        copays={
            (f"full_{level}", brand): usd(f"lis_copay_{kind}_{level}")
            for level in ("low", "other")
            for brand, kind in kinds.items()
        },
        insulin_copay=usd("insulin_copay"),
        insulin_share=percent("insulin_share"),
        month_supply_days=exact("month_supply_days", 1, "a whole number of days"),
        deductible_exempt=register.flag("terms.deductible_exempt"),
        copay_counts=register.flag("terms.copay_counts_to_troop"),
        subsidies_before_deductible=register.flag("terms.subsidies_before_deductible"),
        statutory_lis_copay=register.word("terms.lis_rule") == "statutory_copay",
        not_final=tuple(projected),
    )
