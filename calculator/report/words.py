"""How numbers are said, everywhere the same."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from calculator.fields import walk
from calculator.register import Register
from calculator.result import Decision
from calculator.scenario import Scenario

MINUS = "\N{MINUS SIGN}"
SIGNIFICANT = 3
OWN_SPENDING = "spending."
OWN_TERMS = ", with your changes"


def dollars(amount: float, decimals: int | None = None) -> str:
    """Dollars with a true minus: cents below 100, three significant figures above a thousand.

    >>> dollars(1.3249), dollars(-0.5), dollars(15_234_000.0), dollars(-95_266.0), dollars(-0.3, 0)
    ('$1.32', '−$0.50', '$15.2M', '−$95,300', '$0')
    """
    sign = MINUS if amount < 0 and round(abs(amount), 2 if decimals is None else decimals) else ""
    size = abs(amount)
    if decimals is not None:
        return f"{sign}${size:,.{decimals}f}"
    for limit, unit in ((1e9, "B"), (1e6, "M")):
        if size >= limit:
            return f"{sign}${_significant(size / limit)}{unit}"
    return f"{sign}${size:,.2f}" if size < 100 else f"{sign}${_significant(size)}"


def fill_price(usd: float) -> str:
    """A price that was given: with its cents, where it has any.

    >>> fill_price(245.0), fill_price(244.6)
    ('$245', '$244.60')
    """
    return f"${usd:,.2f}".removesuffix(".00")


def _significant(size: float) -> str:
    digits = SIGNIFICANT - 1 - math.floor(math.log10(size)) if size else 0
    return f"{round(size, digits):,.{max(digits, 0)}f}"


def share(amount: float) -> str:
    """A share in per cent: 12.4%, 40%.

    >>> share(0.1244), share(0.4), share(-0.05)
    ('12.4%', '40%', '−5%')
    """
    text = f"{abs(amount) * 100:.1f}".removesuffix(".0")
    return f"{MINUS if amount < 0 else ''}{text}%"


def people(count: float) -> str:
    """People, whole, with separators.

    >>> people(1839.6)
    '1,840 people'
    """
    return f"{count:,.0f} people"


def changed(scenario: Scenario, register: Register) -> list[tuple[str, str]]:
    """What differs from the shipped scenario and assumptions, as (badge, sentence).

    What was read from data of the payer's own says `observed`, also where it is as shipped.
    """
    observed = scenario.observed.paths if scenario.observed is not None else []
    titles = {path: field.title or path for path, field in walk(type(scenario))}
    seen = {path: titles[path] for path in observed if path in titles}
    notes = []
    for path, title in {**seen, **scenario.changed_fields()}.items():
        badge = "observed" if path in observed else "changed"
        if path.startswith(OWN_SPENDING):
            # One distribution in many fields.
            path, title = OWN_SPENDING.rstrip("."), "Own spending of members"
        notes.append((badge, f"{title} ({path})"))
    for path in sorted(register.changed):
        entry_path, day = register.locate(path)
        entry = register.entries[entry_path]
        statuses = {dated.status for since, dated in entry.values.items() if day in (None, since)}
        badge = "observed" if statuses == {"observed"} else "changed"
        notes.append((badge, f"{entry.label} ({path})"))
    return list(dict.fromkeys(notes))


def terms_note(scenario: Scenario, register: Register) -> tuple[str, str]:
    """The terms a run rests on, and whether the user changed them, as (badge, sentence)."""
    package = register.tree.terms[str(scenario.terms["package"])]
    own = any(path.startswith("terms.") for path in register.changed)
    return "terms", f"{package.label} ({package.status}){OWN_TERMS if own else ''}"


def file_stem(decision: Decision) -> str:
    """The name of the scenario's file, as it is downloaded, without what follows the dot."""
    name = re.sub(r"[^a-z0-9]+", "_", decision.scenario.name.lower()).strip("_")
    return f"{name or 'scenario'}_{decision.fingerprint[:8]}"


def either(ways: Sequence[str]) -> str:
    """Ways as one phrase: a; a, or b; a, b, or c.

    >>> either(["a"]), either(["a", "b", "c"])
    ('a', 'a, b, or c')
    """
    return ", or ".join([", ".join(ways[:-1]), ways[-1]] if len(ways) > 1 else ways)


def many(number: float, one: str, more: str = "") -> str:
    """So many of something, in the singular where it is one.

    >>> many(1.0, "fill"), many(2.5, "fill"), many(1200.0, "person", "people")
    ('1 fill', '2.5 fills', '1,200 people')
    """
    text = f"{number:,.1f}".removesuffix(".0")
    return f"{text} {one if text == '1' else more or f'{one}s'}"


def from_to(first: object, last: object) -> str:
    """A span of years, or the one year that it is.

    >>> from_to(2028, 2031), from_to(2030, 2030)
    ('from 2028 to 2031', 'in 2030')
    """
    return f"in {first}" if first == last else f"from {first} to {last}"
