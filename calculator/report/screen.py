"""All states under one set of terms: the answer in a sentence, the table, the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from calculator.analysis.states import COVERED, StateRow
from calculator.report.words import dollars, share

if TYPE_CHECKING:
    import pandas as pd

COVERS = {
    "yes": "yes",
    "restricted": "restricted",
    "no": "no",
    "no_report": "no report",
    "unconfirmed": "not confirmed",
}
CENT = 0.005


@dataclass(frozen=True)
class Screen:
    """Every state's row; those with a gap that leaves nobody to treat come last."""

    rows: Sequence[StateRow]

    @property
    def known(self) -> list[StateRow]:
        """States with an answer, best value per enrollee first."""
        return [row for row in self.rows if row.value_per_enrollee_year is not None]

    @property
    def gaps(self) -> list[StateRow]:
        """States without one."""
        return [row for row in self.rows if row.value_per_enrollee_year is None]

    @property
    def gain(self) -> list[StateRow]:
        """States whose own spending falls."""
        return [row for row in self.known if (row.value or 0.0) >= CENT]

    @property
    def covered(self) -> list[StateRow]:
        """States with an answer that cover obesity use today."""
        return [row for row in self.known if row.covers_today in COVERED]

    @property
    def pay(self) -> list[StateRow]:
        """States whose own spending rises."""
        return [row for row in self.known if (row.value or 0.0) <= -CENT]

    def total(self, of: str) -> float:
        """A figure of all states with an answer together."""
        return float(sum(getattr(row, of) for row in self.known))

    def breakeven(self) -> float | None:
        """Median break-even net price of the states that have one, USD per fill."""
        found = [row.breakeven_net_price for row in self.known]
        prices = [price for price in found if price is not None]
        return median(prices) if prices else None


def per_enrollee(row: StateRow) -> str:
    """Value per enrollee a year without its sign."""
    return dollars(abs(row.value_per_enrollee_year or 0.0), 2)


def sentence(found: Screen) -> str:
    """How many gain, how many pay, who gains or pays most."""
    gain, pay, count = found.gain, found.pay, len(found.known)
    programs = "state programs" if count != 1 else "state program"
    if not gain and not pay:
        return f"On these terms joining changes nothing for the {count} {programs}."
    if not gain:
        return (
            f"On these terms none of {count} {programs} gains; {pay[0].state} pays least"
            f" per enrollee, {per_enrollee(pay[0])} a year."
        )
    others = f"{len(pay)} pay{'s' if len(pay) == 1 else ''}" if pay else "none pays"
    return (
        f"On these terms {len(gain)} of {count} {programs} gain"
        f"{'s' if len(gain) == 1 else ''} and {others}; {gain[0].state} gains most per enrollee, "
        f"{per_enrollee(gain[0])} a year."
    )


def more(found: Screen) -> str:
    """Who gains, who pays most, and which states have gaps."""
    parts = []
    covering = sum(row.covers_today in COVERED for row in found.gain)
    if found.gain:
        who = "All" if covering == len(found.gain) else f"{covering}"
        parts.append(f"{who} of those that gain cover obesity use today.")
    if found.pay:
        worst = found.pay[-1]
        parts.append(f"{worst.state} pays most per enrollee, {per_enrollee(worst)} a year.")
    if found.gaps:
        names = " and ".join(row.state for row in found.gaps)
        parts.append(
            f"{len(found.gaps)} more {'has' if len(found.gaps) == 1 else 'have'} gaps that leave"
            f" nobody to treat and {'is' if len(found.gaps) == 1 else 'are'} not counted: {names}."
        )
    return " ".join(parts)


def title(found: Screen) -> str:
    """The finding of the picture."""
    gaining = [row for row in found.covered if row in found.gain]
    others = [row for row in found.gain if row.covers_today not in COVERED]
    if gaining and not others:
        return f"Value is positive only where obesity use is covered today: {_all(gaining)}."
    if not found.gain:
        return "Joining costs every state program something per enrollee."
    return f"Value is positive in {_all(found.gain)}."


def _all(rows: Sequence[StateRow], most: int = 9) -> str:
    names = [row.abbr for row in rows[:most]]
    if len(rows) > most:
        return ", ".join(names) + f" and {len(rows) - most} more"
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]


def in_words(found: Screen) -> str:
    """The picture in words, for whoever cannot see it."""
    listed = "; ".join(
        f"{row.state} {dollars(row.value_per_enrollee_year or 0.0, 2)}" for row in found.known
    )
    return f"One tile for each state: value per enrollee a year. {listed}."


# What the table says of a state: heading, what it means, the row's own name for it.
COLUMNS = (
    ("Per enrollee", "Value per enrollee a year, USD", "value_per_enrollee_year"),
    ("Value", "Value to the state, its own money over the model, USD", "value"),
    ("Covers", "Covers obesity use at the end of 2026", "covers_today"),
    (
        "Break-even",
        "Net price at which joining is worth nothing, USD a fill",
        "breakeven_net_price",
    ),
    (
        "State share",
        "State's part of the added cost, net; – where joining adds none",
        "state_share_of_added_cost",
    ),
    ("Treated", "People on therapy in the last month", "treated_at_end"),
    ("High uptake", "Value at the high end of the use seen in other states", "high_uptake_value"),
)
WRITTEN: dict[str, Callable[[float], str]] = {
    "Per enrollee": lambda usd: dollars(usd, 2),
    "Value": dollars,
    "Break-even": lambda usd: dollars(usd, 0),
    "State share": share,
    "Treated": lambda count: f"{count:,.0f}",
    "High uptake": dollars,
}
VALUES = ("Per enrollee", "Value", "High uptake")


def table(found: Screen) -> pd.DataFrame:
    """The table a reader sorts; a number that was not found is empty."""
    import pandas as pd

    rows = []
    for row in found.rows:
        line: dict[str, Any] = {"State": row.state}
        line |= {heading: getattr(row, name) for heading, _, name in COLUMNS}
        rows.append({**line, "Covers": COVERS[row.covers_today], "Gap": "gap" if row.gaps else ""})
    return pd.DataFrame(rows)


def frame(found: Screen) -> pd.DataFrame:
    """The states as the file has them, full precision."""
    import pandas as pd

    rows = [{**row.to_dict(), "gaps": "; ".join(row.gaps)} for row in found.rows]
    return pd.DataFrame(rows)
