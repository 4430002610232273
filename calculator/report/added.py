"""Who pays what joining adds, in cents of a dollar or in dollars. For a plan and for a state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calculator.report.flow import CENT, listed
from calculator.report.words import dollars

MOST = 1.5  # of what is added: beyond it cents of a dollar say little
SEVERAL = ("members", "manufacturers", "managed care plans")


@dataclass(frozen=True)
class Added:
    """What joining adds to drug cost and administration, and who pays it, USD to the end."""

    total: float
    parties: Mapping[str, float]  # what a sentence calls them; sums to total
    until: str

    @property
    def cents(self) -> dict[str, int]:
        """Each party's part of the added dollar, whole cents; empty where little is added."""
        if not self.in_cents:
            return {}
        parts = whole_cents([usd / self.total for usd in self.parties.values()])
        return dict(zip(self.parties, parts, strict=True))

    @property
    def in_cents(self) -> bool:
        """Whether so much is added that parts of a dollar say something."""
        return self.total > 0.0 and all(
            abs(usd) <= MOST * self.total for usd in self.parties.values()
        )


def added_sentence(found: Added) -> str:
    """Who pays the added dollar: in cents, or in dollars where little or nothing is added.

    >>> print(added_sentence(Added(100.0, {"manufacturers": 88.0, "this plan": 18.0,
    ...                                    "Medicare": -6.0}, "2031")))
    Of each dollar that joining adds, manufacturers pay 88 cents and this plan 18; Medicare is 6 \
cents better off.
    """
    parts = _moving(found)
    if not parts:
        return "Joining changes nobody's cost."
    first = f"{parts[0][0]} {verb(parts[0][0], 'pay')}"
    if abs(found.total) < CENT:
        return added_cost(found)
    if not found.in_cents:
        return f"{added_cost(found)} In the end {_moved(parts)}."
    known = [(name, found.cents[name]) for name, _ in parts]
    pay = [(name, part) for name, part in known if part > 0]
    better = [(name, -part) for name, part in known if part < 0]
    said = _in_cents([(first, pay[0][1]), *pay[1:]])
    if better:
        name, part = better[0]
        begin = f"{name} {'are' if name in SEVERAL else 'is'}"
        said += f"; {_in_cents([(begin, part), *better[1:]])} better off"
    return f"Of each dollar that joining adds, {said}."


def _moving(found: Added) -> list[tuple[str, float]]:
    """Whose cost moves, the one who pays most first."""
    parts = ((name, usd) for name, usd in found.parties.items() if abs(usd) >= CENT)
    return sorted(parts, key=lambda part: -part[1])


def _moved(parts: Sequence[tuple[str, float]]) -> str:
    """Who pays how much more or less: manufacturers pay $5.00M more and Medicare $5.00M less."""
    said = [f"{name} {dollars(abs(usd))} {'more' if usd > 0.0 else 'less'}" for name, usd in parts]
    if said:
        name = parts[0][0]
        said[0] = said[0].replace(name, f"{name} {verb(name, 'pay')}", 1)
    return listed(said)


def added_cost(found: Added) -> str:
    """What joining adds, in one sentence."""
    if abs(found.total) < CENT:
        moved = _moved(_moving(found))
        if not moved:
            return "Joining changes nobody's cost."
        said = f"{moved[:1].upper()}{moved[1:]}"
        return (
            f"{said} to {found.until} when joining; drug cost and administration stay as they are."
        )
    does = "adds" if found.total > 0.0 else "saves"
    return (
        f"Joining {does} {dollars(abs(found.total))} of drug cost and administration to"
        f" {found.until}, before rebates."
    )


def verb(name: str, word: str) -> str:
    """A verb for one payer or for several.

    >>> verb("members", "pay"), verb("this plan", "pay")
    ('pay', 'pays')
    """
    return word if name in SEVERAL else f"{word}s"


def _in_cents(parts: Sequence[tuple[str, int]]) -> str:
    """Amounts of a dollar as one says them: the plan 60 cents, Medicare 40."""
    (name, first), *rest = parts
    begin = f"{name} {first} {'cent' if first == 1 else 'cents'}"
    return listed([begin, *(f"{other} {cents}" for other, cents in rest)])


def whole_cents(parts: Sequence[float]) -> list[int]:
    """Parts of a dollar in whole cents that sum to their own sum, rounded.

    >>> whole_cents([0.884, 0.096, 0.084, -0.064]), whole_cents([])
    ([88, 10, 8, -6], [])
    """
    down = [math.floor(100.0 * part) for part in parts]
    over = [100.0 * part - cents for part, cents in zip(parts, down, strict=True)]
    missing = round(100.0 * sum(parts)) - sum(down)
    largest = sorted(range(len(parts)), key=lambda place: -over[place])[:missing]
    return [cents + (place in largest) for place, cents in enumerate(down)]
