"""The one error a user sees: which field, what is allowed, what was given."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input, as one sentence for a person.

    >>> print(InputError("plan.members", "a number from 1 to 100,000,000", -5))
    plan.members: allowed is a number from 1 to 100,000,000; given was -5
    """

    def __init__(self, field: str, allowed: str, given: object) -> None:
        self.field = field
        self.allowed = allowed
        self.given = given
        shown = given if isinstance(given, str) else repr(given)
        super().__init__(f"{field}: allowed is {allowed}; given was {shown[:200]}")


class IdentityError(AssertionError):
    """A sum that must hold on every run did not (a bug, never the user's fault)."""
