"""Inputs in words: their names, their values with units, and what joining is worth at them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Any

from calculator.report.words import MINUS, dollars, share

# Half a cent PMPM is shown as nothing.
NOTHING = 0.005
MOST_ROWS = 15
# First words of labels that keep their capital.
NAMES = (
    *("Foundayo", "Mounjaro", "Ozempic", "Rybelsus", "Wegovy", "Zepbound"),
    *("Blue Health", "Danish", "Medicaid", "Medicare", "Part A", "Part C", "Part D", "Prime"),
)
# First words of units that are no words of a sentence, and those of a year of the calendar.
NO_UNIT = ("BMI", "index", "number", "ratio", "score")
YEARS = ("year", "model year")
# What units count, where it is one.
ONE = {"people": "person", "fills": "fill", "months": "month", "quarters": "quarter"}
# From here on a number is shown whole.
LARGE = 1000.0


def amount(value: float, unit: str) -> str:
    """An input's value in its own unit, short: a share, dollars, or a number.

    >>> amount(0.124, "share of members"), amount(245.0, "USD per fill"), amount(1.25, "ratio")
    ('12.4%', '$245', '1.25')
    >>> amount(400000.0, "USD per year"), amount(-0.5, "USD PMPM"), amount(0.0055, "share")
    ('$400,000', '−$0.50', '0.55%')
    """
    if math.isnan(value):
        return "not set"
    if unit.startswith("share"):
        small = 0.0 < abs(value) < 0.01
        return f"{MINUS if value < 0 else ''}{abs(value) * 100:.3g}%" if small else share(value)
    if unit.startswith("USD"):
        return dollars(value, 0) if float(value).is_integer() else dollars(value)
    if abs(value) >= LARGE:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:,.4g}".replace("-", MINUS)


def said(value: float, unit: str, *, short: bool = False) -> str:
    """An input's value with its unit, as a sentence says it; short: as a column does.

    >>> said(217.0, "USD per fill"), said(400000.0, "USD a year"), said(0.1, "share of members")
    ('$217 a fill', '$400,000 a year', '10%')
    >>> said(1.2558, "fills per 1,000 enrollees a quarter", short=True), said(1e8, "people")
    ('1.26 per 1,000', '100,000,000 people')
    >>> said(111.0, "USD a month per treated member"), said(float("nan"), "USD per fill")
    ('$111 a month per treated member', 'not set')
    >>> said(1.0, "fills per user-month"), said(1.0, "months"), said(2.0, "quarters")
    ('1 fill per user-month', '1 month', '2 quarters')
    >>> said(0.1, "USD per enrollee"), said(2030.0, "year"), said(1.5, "ratio")
    ('$0.10 an enrollee', '2030', '1.5')
    """
    unit = unit.partition(";")[0]
    shown = amount(value, unit)
    if math.isnan(value) or unit.startswith("share"):
        return shown
    if unit in YEARS:
        return f"{value:.0f}"
    if unit.startswith("USD"):
        of = unit.removeprefix("USD").strip()
        if of.startswith("per "):
            of = of.removeprefix("per ")
            of = f"{'an' if of[0] in 'aeiou' else 'a'} {of}"
        return f"{shown} {of}".strip()
    first, _, rest = unit.partition(" ")
    if value == 1.0 and first in ONE:
        unit = f"{ONE[first]} {rest}".strip()
    if short:
        shown = f"{value:,.3g}".replace("-", MINUS) if abs(value) < LARGE else shown
        unit = unit.removeprefix("fills ").removesuffix(" enrollees a quarter")
    return shown if unit.partition(" ")[0] in NO_UNIT else f"{shown} {unit}"


def shown(value: Any, unit: str) -> str:
    """A value in words: a number with its unit, yes or no, a date, or a word.

    >>> shown(0.15, "share of members"), shown(True, "yes or no"), shown(None, "USD per fill")
    ('15%', 'yes', 'none')
    >>> shown("by_drug", "word"), shown([1.0, 2.0], "word")
    ('by drug', '2 numbers')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:.0f}" if unit == "month" else said(float(value), unit)
    if isinstance(value, list | tuple | dict):
        return f"{len(value)} number{'' if len(value) == 1 else 's'}"
    return str(value).replace("_", " ") if isinstance(value, str) else str(value)


def by_year(values: Iterable[float], unit: str, *, short: bool = False) -> str:
    """One value, or from the lowest to the highest of several.

    >>> by_year([0.1, 0.103, 0.109], "share"), by_year([245.0], "USD per fill")
    ('10% to 10.9%', '$245 a fill')
    """
    every = list(values)
    known = [value for value in every if not math.isnan(value)]
    ends = [said(end, unit, short=short) for end in (min(known), max(known))] if known else []
    if len(known) < len(every):
        ends.insert(0, said(math.nan, unit))
    return " to ".join(dict.fromkeys(ends))


def here(by_date: Mapping[dt.date, float], unit: str) -> str:
    """The scenario's own value, or its values by year.

    >>> here({dt.date(2028, 1, 1): 0.1, dt.date(2029, 1, 1): 0.109}, "share")
    '10% to 10.9% by year'
    """
    words = by_year(by_date.values(), unit)
    return f"{words} by year" if len(set(by_date.values())) > 1 else words


def inside(label: str) -> str:
    """A label inside a sentence: its first letter small, unless its first word is a name.

    >>> inside("Share of members"), inside("BMI of members"), inside("Wegovy, list price")
    ('share of members', 'BMI of members', 'Wegovy, list price')
    """
    name = label.startswith(NAMES) or label[:2].isupper()
    return label if name else label[:1].lower() + label[1:]


def worth_words(pmpm: float) -> str:
    """What joining is worth, after "joining": costs, is worth, or changes nothing.

    >>> worth_words(-0.5), worth_words(0.2), worth_words(0.001)
    ('costs $0.50 PMPM', 'is worth $0.20 PMPM', 'changes nothing to within a cent PMPM')
    """
    if abs(pmpm) < NOTHING:
        return "changes nothing to within a cent PMPM"
    return f"{'costs' if pmpm < 0 else 'is worth'} {dollars(abs(pmpm), 2)} PMPM"
