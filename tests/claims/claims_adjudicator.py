"""A second opinion on `balance adjudicate`: rows of a claims file, one member at a time, exactly.

It shares no code with the calculator. `tests/unit/claim_adjudicator.py` has the benefit itself;
here the columns of a claims file become its claims: who owes which low-income copay, what an
insulin or a vaccine costs, which discount a manufacturer gives, which claims stand outside Part D,
and in which order claims of one day may come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import groupby, permutations, product

from tests.unit.claim_adjudicator import EXACT, Claim, Year, adjudicate

PAYERS = ("member", "lics", "plan", "manufacturer", "selected_subsidy", "reinsurance")
AMOUNTS = ("gross", *PAYERS, "troop")
COLUMNS = (
    *("member_id", "service_date", "drug_class", "gross_cost", "sequence", "copay", "lis"),
    *("brand", "fill_kind", "manufacturer", "days_supply"),
)
CENT = Decimal("0.01")

# 42 USC 1395w-114c(g)(4): discount in percent below and above the threshold, from 2031 on as then.
PHASE_IN = {
    2025: (1, 1),
    2026: (2, 2),
    2027: (5, 5),
    2028: (8, 8),
    2029: (10, 10),
    2030: (10, 15),
    2031: (10, 20),
}
INSULIN_COPAY = 35  # USD a month's supply, 42 USC 1395w-102(b)(9)
MONTH_SUPPLY = 35  # days: the longest supply taken as one month's


@dataclass(frozen=True)
class Row:
    """A line of a claims file in the project's own columns. USD."""

    member_id: str
    service_date: date
    drug_class: str
    gross_cost: Decimal
    sequence: int | None = None
    copay: Decimal | None = None
    lis: str = "none"
    brand: bool = True
    fill_kind: str = "standard"
    manufacturer: str = "standard"
    days_supply: int | None = None

    def texts(self) -> list[str]:
        """As written in a CSV file, in the order of COLUMNS."""
        cells = (getattr(self, column) for column in COLUMNS)
        return [
            ""
            if cell is None
            else str(cell).lower()
            if isinstance(cell, bool)
            else f"{cell:.2f}"
            if isinstance(cell, Decimal)
            else str(cell)
            for cell in cells
        ]


@dataclass(frozen=True)
class Benefit:
    """The amounts of a year, USD; copays by (level, brand)."""

    year: int
    deductible: int
    threshold: int
    copays: dict[tuple[str, bool], Decimal]

    @property
    def covered_at_threshold(self) -> int:
        """Gross of standard claims at which they alone reach the threshold."""
        return self.deductible + 4 * (self.threshold - self.deductible)


def claim_of(row: Row, benefit: Benefit) -> Claim | None:
    """The claim as Part D sees it; None: it stands outside Part D."""
    if row.fill_kind == "bridge":
        return None
    copay = row.copay
    if row.fill_kind == "vaccine":
        copay = Decimal(0)
    elif row.fill_kind == "insulin":
        months = -(-(row.days_supply or 1) // MONTH_SUPPLY)
        copay = Decimal(INSULIN_COPAY * months)
        if benefit.year >= 2026:
            copay = min(copay, row.gross_cost / 4)
    statutory = None
    if row.lis == "institutional":
        statutory = Decimal(0)
    elif row.lis != "none":
        statutory = benefit.copays[row.lis, row.brand]
    phased_in = row.manufacturer == "specified_small" or (
        row.manufacturer == "specified" and row.lis != "none"
    )
    below, above = PHASE_IN[min(benefit.year, 2031)]
    discount = (Decimal(below) / 100, Decimal(above) / 100) if phased_in else None
    return Claim(row.gross_cost, row.drug_class, copay, statutory, discount)


def exact_year(rows: Iterable[Row], benefit: Benefit) -> Year:
    """One member's year, unrounded, in the order given."""
    with localcontext(EXACT):
        claims = [claim for row in rows if (claim := claim_of(row, benefit))]
    return adjudicate(claims, benefit.deductible, benefit.threshold)


def cents(amount: Decimal) -> str:
    """Rounded half up, as it stands in the file that comes out."""
    return str(amount.quantize(CENT, ROUND_HALF_UP))


def amounts(rows: Iterable[Row], benefit: Benefit) -> tuple[str, ...]:
    """AMOUNTS of one member in the order given, as text."""
    year = exact_year(rows, benefit)
    return tuple(cents(year.troop if name == "troop" else year.total(name)) for name in AMOUNTS)


def service_orders(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Every order in which a member's claims may have come: by date, then sequence, where given."""

    def of_day(row: Row) -> tuple[date, int]:
        return row.service_date, -1 if row.sequence is None else row.sequence

    ties = [list(tied) for _, tied in groupby(sorted(rows, key=of_day), key=of_day)]
    for order in product(*(permutations(tied) for tied in ties)):
        yield [row for tied in order for row in tied]


def possible_amounts(rows: Iterable[Row], benefit: Benefit) -> set[tuple[str, ...]]:
    """What may come out for one member: one answer, unless the order of ties matters."""
    return {amounts(order, benefit) for order in service_orders(rows)}


def by_member(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each member, members in the order of the file that comes out."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(row)
    return dict(sorted(found.items()))
