"""Seeded random members whose claims land where adjudication is hard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

from tests.claims.claims_adjudicator import Benefit, Row, exact_year

CLASSES = ("applicable", "selected", "non_applicable")
LEVELS = ("none", "institutional", "full_low", "full_other")


def usd(random: Random, low: int, high: int) -> Decimal:
    """Whole cents between two amounts of dollars, often a round amount."""
    if random.random() < 0.3:
        return Decimal(random.randint(low, high))
    return Decimal(random.randint(low * 100, high * 100)) / 100


def pieces(random: Random, total: Decimal, count: int) -> list[Decimal]:
    """A total in whole cents as that many claims, some of which may cost nothing."""
    in_cents = int(total * 100)
    cuts = sorted(random.randint(0, in_cents) for _ in range(count - 1))
    bounds = [0, *cuts, in_cents]
    return [Decimal(high - low) / 100 for low, high in pairwise(bounds)]


def any_class(random: Random) -> str:
    return random.choice(CLASSES)


def standard(random: Random, gross: Decimal) -> Row:
    return Row("", date.min, any_class(random), gross)


def model_fill(random: Random) -> Row:
    price = random.choice((Decimal(245), Decimal(274), Decimal("1349.02"), usd(random, 20, 1500)))
    copay = random.choice((Decimal(50), Decimal(50), Decimal(0), usd(random, 0, 600)))
    return Row("", date.min, any_class(random), price, copay=copay)


def usual(random: Random, benefit: Benefit) -> list[Row]:
    """Some of everything."""
    rows = []
    for _ in range(random.randint(1, 16)):
        if random.random() < 0.3:
            rows.append(model_fill(random))
        else:
            rows.append(standard(random, usd(random, 0, random.choice((30, 400, 3000)))))
    return rows


def exactly_at_the_deductible(random: Random, benefit: Benefit) -> list[Row]:
    parts = pieces(random, Decimal(benefit.deductible), random.randint(1, 5))
    return [*(standard(random, part) for part in parts), *usual(random, benefit)[:5]]


def exactly_at_the_threshold(random: Random, benefit: Benefit) -> list[Row]:
    parts = pieces(random, Decimal(benefit.covered_at_threshold), random.randint(1, 8))
    return [*(standard(random, part) for part in parts), *usual(random, benefit)[:5]]


def far_above_the_threshold(random: Random, benefit: Benefit) -> list[Row]:
    many = [standard(random, usd(random, 1_000, 90_000)) for _ in range(random.randint(2, 8))]
    return [*many, *usual(random, benefit)]


def fills_just_below_the_threshold(random: Random, benefit: Benefit) -> list[Row]:
    """Standard claims that leave a few dollars or cents to the threshold, then model fills."""
    short = random.choice((Decimal("0.01"), Decimal("0.04"), usd(random, 0, 300)))
    before = pieces(random, benefit.covered_at_threshold - short, random.randint(1, 4))
    rows = [standard(random, part) for part in before]
    rows += [model_fill(random) for _ in range(random.randint(1, 3))]
    return rows + [standard(random, usd(random, 0, 300)) for _ in range(random.randint(0, 2))]


def copays_alone_reach_the_threshold(random: Random, benefit: Benefit) -> list[Row]:
    fills = [replace(model_fill(random), copay=usd(random, 200, 900)) for _ in range(8)]
    return [row for fill in fills for row in (fill, standard(random, usd(random, 0, 150)))]


def other_kinds(random: Random, benefit: Benefit) -> list[Row]:
    """Insulin, vaccines and Bridge fills among the rest."""
    rows = usual(random, benefit) + usual(random, benefit)
    for _ in range(random.randint(2, 8)):
        kind = random.choice(("insulin", "vaccine", "bridge"))
        most = {"insulin": 500, "vaccine": 400, "bridge": 245}[kind]
        days = random.choice((None, 28, 30, 34, 60, 84, 90)) if kind == "insulin" else None
        row = standard(random, usd(random, 0, most))
        rows.append(replace(row, fill_kind=kind, days_supply=days))
    random.shuffle(rows)
    return rows


KINDS: Sequence[Callable[[Random, Benefit], list[Row]]] = (
    usual,
    exactly_at_the_deductible,
    exactly_at_the_threshold,
    far_above_the_threshold,
    fills_just_below_the_threshold,
    copays_alone_reach_the_threshold,
    other_kinds,
)


def with_levels(random: Random, rows: list[Row], levels: Sequence[str]) -> list[Row]:
    """One level of the low-income subsidy for the year, or a change in it."""
    first, then = random.choice(levels), random.choice(levels)
    change = random.randint(0, len(rows))
    return [
        replace(row, lis=first if number < change else then, brand=random.random() < 0.6)
        for number, row in enumerate(rows)
    ]


def with_manufacturers(random: Random, rows: list[Row]) -> list[Row]:
    firms = ("standard", "specified", "specified_small")
    return [replace(row, manufacturer=random.choice(firms)) for row in rows]


def dated(random: Random, rows: list[Row], year: int) -> list[Row]:
    """In the order given, on days of the year; a sequence says the order of every tie."""
    first, days = date(year, 1, 1), 365
    if random.random() < 0.5:
        offsets = sorted(random.sample(range(days), len(rows)))
        return [
            replace(row, service_date=first + timedelta(offset))
            for row, offset in zip(rows, offsets, strict=True)
        ]
    # Few days, many ties; sequences of one and two digits sort differently as text.
    offsets = sorted(random.choice((0, 1, 58, 200, 364)) for _ in rows)
    return [
        replace(row, service_date=first + timedelta(offset), sequence=sequence)
        for sequence, (row, offset) in enumerate(zip(rows, offsets, strict=True), 1)
    ]


def with_ties(random: Random, benefit: Benefit) -> list[Row]:
    """Few claims, some on one day and without a sequence, around deductible and threshold."""
    rows = random.choice(KINDS)(random, benefit)[:7]
    offsets = sorted(random.sample(range(365), len(rows)))
    tied = random.randint(1, min(4, len(rows)))
    offsets[:tied] = [offsets[0]] * tied
    if len(rows) > 5:
        offsets[-2:] = [offsets[-1]] * 2
    # Without a sequence two equal rows would be one claim billed twice.
    found: list[Row] = []
    for row, offset in zip(rows, offsets, strict=True):
        row = replace(row, service_date=date(benefit.year, 1, 1) + timedelta(offset))
        if row not in found:
            found.append(row)
    return found


def members(
    seed: int, count: int, benefit: Benefit, levels: Sequence[str] = LEVELS, ties: bool = False
) -> list[Row]:
    """That many members' claims in random order of rows.

    levels: low-income levels that occur. ties: claims of one day whose order nothing says.
    """
    random = Random(f"{seed} {benefit.year}")
    rows: list[Row] = []
    numbers = random.sample(range(100_000), count)
    for position, number in enumerate(numbers):
        # Identifiers with leading zeros and of different lengths are text, not numbers.
        member = f"{number:05d}" if position % 3 else f"SECRET-{number}"
        if ties:
            own = with_ties(random, benefit)
        else:
            own = KINDS[position % len(KINDS)](random, benefit)
            own = dated(random, own, benefit.year)
        if position % 2:
            own = with_levels(random, own, levels)
        if position % 5 < 2:
            own = with_manufacturers(random, own)
        rows += [replace(row, member_id=member) for row in own]
    if ties:
        rows = list(dict.fromkeys(rows))
    random.shuffle(rows)
    return rows


def reached(rows: list[Row], benefit: Benefit) -> Decimal:
    """The member's TrOOP, to see that the hard places do occur."""
    return exact_year(rows, benefit).troop
