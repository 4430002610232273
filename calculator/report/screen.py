"""All states under one set of terms: the answer in a sentence, the table, the file."""

from __future__ import annotations

from collections.abc import Sequence
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
    covering = [row for row in found.known if row.covers_today in COVERED]
    gaining = [row for row in covering if row in found.gain]
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


def cards(found: Screen, price: float | None, until: str) -> list[tuple[str, str, str]]:
    """Four figures of all states together."""
    turning = found.breakeven()
    covered = [row for row in found.known if row.covers_today in COVERED]
    of_covered = sum(row.value or 0.0 for row in covered)
    return [
        (
            f"All states' own money, to {until}",
            dollars(found.total("value")),
            f"{dollars(found.total('high_uptake_value'))} at high uptake",
        ),
        (
            "Those that cover it today",
            dollars(of_covered),
            f"{len(covered)} programs",
        ),
        (
            "Break-even net price, median",
            "none" if turning is None else f"{dollars(turning, 0)} a fill",
            f"guaranteed is {'none' if price is None else dollars(price, 0)}",
        ),
        (
            f"People on therapy, {until}",
            f"{found.total('treated_at_end'):,.0f}",
            f"in {len(found.known)} programs",
        ),
    ]


def table(found: Screen) -> pd.DataFrame:
    """The table a reader sorts; a number that was not found is empty."""
    import pandas as pd

    rows: list[dict[str, Any]] = [
        {
            "State": row.state,
            "Per enrollee a year": row.value_per_enrollee_year,
            "Value": row.value,
            "Covers today": COVERS[row.covers_today],
            "Break-even net price": row.breakeven_net_price,
            "State share of added cost": row.state_share_of_added_cost,
            "On therapy": row.treated_at_end,
            "Value, high uptake": row.high_uptake_value,
            "Gap": "enter enrollment" if row.gaps else "",
        }
        for row in found.rows
    ]
    return pd.DataFrame(rows)


WRITTEN = {
    "Per enrollee a year": lambda usd: dollars(usd, 2),
    "Value": dollars,
    "Break-even net price": lambda usd: dollars(usd, 0),
    "State share of added cost": share,
    "On therapy": lambda count: f"{count:,.0f}",
    "Value, high uptake": dollars,
}


def frame(found: Screen) -> pd.DataFrame:
    """The states as the file has them, full precision."""
    import pandas as pd

    rows = [{**row.to_dict(), "gaps": "; ".join(row.gaps)} for row in found.rows]
    return pd.DataFrame(rows)
