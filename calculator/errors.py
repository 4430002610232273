"""The one error a user sees: which field, what is allowed, what was given."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Set
from itertools import islice

LONGEST = 200
MOST_WHOLE = 2**53
A_PER_CENT = re.compile(r"(\d+(?:\.\d+)?) ?%")


class InputError(ValueError):
    """Bad input, as one sentence for a person.

    >>> print(InputError("plan.members", "a number from 1 to 100,000,000", -5))
    plan.members: allowed is a number from 1 to 100,000,000; given was -5
    >>> print(InputError("copay", "a number from 0 to 1 share of cost", "22%"))
    copay: allowed is a number from 0 to 1 share of cost (22% is written 0.22); given was 22%
    """

    def __init__(self, field: str, allowed: str, given: object) -> None:
        per_cent = A_PER_CENT.fullmatch(given) if isinstance(given, str) else None
        if per_cent and allowed.startswith("a number from 0 to 1 "):
            # A share is a decimal everywhere; whoever types per cent is told it.
            allowed += f" ({given} is written {float(per_cent[1]) / 100:.12g})"
        self.field = field
        self.allowed = allowed
        self.given = given
        said = f"allowed is {allowed}; given was {in_words(given)[:LONGEST]}"
        # A field may be a key of somebody's file.
        super().__init__(f"{field[: 2 * LONGEST]}: {said}")

    def __str__(self) -> str:
        return one_line(super().__str__())


def one_line(text: str) -> str:
    """Text that a terminal shows on one line: what it would not print is a blank.

    >>> one_line("two\\nlines\\x1b[31m")
    'two lines [31m'
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)


def in_words(given: object) -> str:
    """What was given as a person would write it, without Python in it.

    >>> in_words(None), in_words(True), in_words(dt.date(2028, 1, 1)), in_words("")
    ('nothing', 'yes', '2028-01-01', 'nothing')
    >>> in_words(-1.0), in_words(0.5), in_words(1e400)
    ('-1', '0.5', 'inf')
    >>> in_words([dt.date(2028, 1, 1), None]), in_words({"low": 1, "high": False})
    ('[2028-01-01, nothing]', '{low: 1, high: no}')
    """
    if given is None or given == "":
        return "nothing"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, str):
        return given
    if isinstance(given, dt.datetime) and given.time() != dt.time():
        return given.isoformat(" ")
    if isinstance(given, dt.date):
        return given.isoformat()[:10]
    # Only so many: it is cut anyway.
    if isinstance(given, Mapping):
        pairs = [
            f"{in_words(key)}: {in_words(value)}" for key, value in islice(given.items(), LONGEST)
        ]
        return "{" + ", ".join(pairs) + "}"
    if isinstance(given, list | tuple | Set):
        return "[" + ", ".join(map(in_words, islice(given, LONGEST))) + "]"
    if isinstance(given, float) and given.is_integer() and abs(given) < MOST_WHOLE:
        return f"{given:.0f}"
    return repr(given)


class IdentityError(AssertionError):
    """A sum that must hold on every run did not (a bug, never the user's fault)."""
