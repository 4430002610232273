"""The plan check: whether members who come in order to use the drug turn the decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calculator.assumptions import Register
from calculator.model import ledger as words
from calculator.model.arrays import MONTHS, Array, sign_changes, straight_root
from calculator.model.drug_costs import Costs
from calculator.model.part_d import Result
from calculator.model.selection import multiplier

MOVERS = "assumptions.selection.movers"
# Shares tried in each of the two rounds of the search for the break-even.
GRID = 31
# A value this small against gross drug cost is rounding.
NOTHING = 1e-11
Run = Callable[[Array], tuple[Costs, Result]]


@dataclass(frozen=True)
class SelectionCheck:
    """Verdict on adverse selection and what it rests on. USD from the plan's side."""

    verdict: str  # does_not_pay, not_adverse, robust, exposed, fails, not_applicable
    reason: str
    movers: float = 0.0  # share of the eligible outside who move in a year, and its range
    movers_low: float = 0.0
    movers_high: float = 0.0
    joining_share: float = 1.0
    breakeven_movers: float | None = None  # none: value does not change sign from 0 to 1
    breakeven_multiple: float | None = None  # eligible in the first year against the plan's own
    value_without: float = 0.0
    value_with: float = 0.0
    pmpm_without: float = 0.0  # per own member-month
    pmpm_with: float = 0.0
    multiplier: dict[str, float] | None = None  # eligible against the plan's own, by year
    extra_joiners: dict[str, float] | None = None  # people by year
    mover_months: float = 0.0
    per_mover: dict[str, float] | None = None  # USD a month by line: brings (+), costs (-)
    lost_when_staying_out: float = 0.0  # margin of own members who move away then
    relative_premium: dict[str, float] | None = None  # rise against rivals', USD PMPM
    leaving: dict[str, float] | None = None  # share of members gone, benchmark loss included

    def to_dict(self) -> dict[str, Any]:
        """Plain data, unrounded."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def check(
    run: Run, register: Register, years: tuple[int, ...], rivals_rise: Array
) -> SelectionCheck:
    """Judge a plan with its own engine.

    run: shares of movers (C,) -> drug costs and settled branches with the movers in them.
    rivals_rise (1,): rivals' premium change, USD PMPM.
    """
    base, low, high = movers_range(register)
    share = float(register.number("assumptions.selection.joining_share")[0])
    grid = np.linspace(0.0, 1.0, GRID)
    # What one who comes brings is looked at where somebody does.
    rates = np.concatenate([[0.0, base, base or high], grid])
    costs, result = run(rates)
    shape = (len(rates), len(years))

    def case(index: int, amounts: Array) -> Array:
        return np.asarray(np.broadcast_to(amounts, shape)[index])

    def at_base(amounts: Array) -> Array:
        return case(1, amounts)

    gross = float(np.broadcast_to(costs.join.gross, shape)[1].sum())
    worth = total_value(result, len(rates), gross)
    without, with_base = (float(amount) for amount in worth[:2])
    root = first_crossing(run, grid, worth[3:], gross)
    own = at_base(result.member_months)
    come = at_base(result.join_months) - own
    months = float((case(2, result.join_months) - own).sum())
    lines = words.plan_result_by_line(result.join.ledger)
    per_mover = {
        line: float((case(2, amounts) - case(0, amounts)).sum()) / months
        for line, amounts in lines.items()
        if months and np.any(amounts)
    }
    staying = np.broadcast_to(words.plan_result(result.stay_out.ledger), shape).sum(axis=1)
    eligible = at_base(costs.eligible)
    net = sum(per_mover.values())
    net = net if abs(net) * months > NOTHING * gross else 0.0
    verdict = judge(without, net, root, base, high)
    names = [str(year) for year in years]

    def by_year(amounts: Array) -> dict[str, float]:
        return dict(zip(names, map(float, amounts), strict=True))

    rise = at_base(result.join.premium) - at_base(result.stay_out.premium) - rivals_rise
    return SelectionCheck(
        verdict=verdict,
        reason=reason(verdict, net, root, base, high, months),
        movers=base,
        movers_low=low,
        movers_high=high,
        joining_share=share,
        breakeven_movers=root,
        breakeven_multiple=None if root is None else float(multiplier(root, share)),
        value_without=without,
        value_with=with_base,
        pmpm_without=without / float(own.sum()),
        pmpm_with=with_base / float(own.sum()),
        multiplier=by_year(1.0 + np.divide(come, eligible, where=eligible > 0.0, out=0.0 * come)),
        extra_joiners=by_year(come / MONTHS),
        mover_months=float(come.sum()),
        per_mover=per_mover,
        lost_when_staying_out=float(staying[0] - staying[1]),
        relative_premium=by_year(rise),
        leaving=by_year(at_base(result.join.leaving)),
    )


def movers_range(register: Register) -> tuple[float, float, float]:
    """Base, low and high share of movers. A user's own share keeps the shipped ends around it."""
    base = float(register.number(MOVERS)[0])
    shipped = register.tree.entries[MOVERS]
    ends = shipped.values[max(shipped.values)].range
    assert ends is not None  # the assumptions are checked when they are loaded
    return base, min(base, ends.low), max(base, ends.high)


def total_value(result: Result, cases: int, gross: float) -> Array:
    """Value of joining over the horizon, USD by case; what is rounding against `gross` is 0."""
    worth = np.broadcast_to(result.value, (cases, result.value.shape[1])).sum(axis=1)
    return np.where(np.abs(worth) > NOTHING * gross, worth, 0.0)


def first_crossing(run: Run, grid: Array, worth: Array, gross: float) -> float | None:
    """The smallest share of movers at which joining is worth nothing; none from 0 to 1.

    grid, worth (GRID,): shares of movers and the value at them, USD. The bracket is run once more;
    within it the value is taken as straight.
    """
    crossing = sign_changes(worth)
    if len(crossing) == 0:
        return None
    fine = np.linspace(grid[crossing[0]], grid[crossing[0] + 1], GRID)
    _, result = run(fine)
    worth = total_value(result, GRID, gross)
    crossing = sign_changes(worth)
    if len(crossing) == 0:
        return float(fine[0])
    return straight_root(fine, worth, int(crossing[0]))


def judge(without: float, net: float, root: float | None, base: float, high: float) -> str:
    """The verdict of model section 9.

    without: value if nobody moves; net: what a mover brings less what they cost; root: the share
    of movers at which joining is worth nothing.

    >>> judge(-1.0, 2.0, 0.05, 0.12, 0.24), judge(1.0, 2.0, None, 0.12, 0.24)
    ('does_not_pay', 'not_adverse')
    >>> [judge(1.0, -2.0, root, 0.12, 0.24) for root in (None, 0.3, 0.2, 0.1)]
    ['robust', 'robust', 'exposed', 'fails']
    """
    if without < 0.0:
        return "does_not_pay"
    if net >= 0.0:
        return "not_adverse"
    if root is None or root > high:
        return "robust"
    return "exposed" if root > base else "fails"


def reason(
    verdict: str, net: float, root: float | None, base: float, high: float, mover_months: float
) -> str:
    """The verdict's reason in one sentence. net: what a mover brings less costs, USD a month."""
    alone = verdict == "does_not_pay"
    if mover_months == 0.0:
        pays = "does not pay" if alone else "pays"
        return f"Joining {pays} by itself, and nobody comes in order to use the drug."
    who = "Each member who comes in order to use the drug"
    if net >= 0.0:
        each = f"{who} brings ${net:,.0f} a month more than they cost"
    else:
        each = f"{who} costs ${-net:,.0f} a month more than they bring"
    if alone:
        turned = "" if root is None else f", though joining would pay with {root:.1%} moving a year"
        return f"Joining does not pay even if nobody moves. {each}{turned}."
    if verdict == "not_adverse":
        return f"{each}."
    if verdict == "robust":
        until = "at any share" if root is None else f"up to {root:.1%} of the eligible outside"
        return f"{each}, but joining still pays if {high:.0%} move a year, and {until}."
    if verdict == "exposed":
        return (
            f"{each}. Joining pays if {base:.0%} of the eligible outside move a year, but not above"
            f" {root:.1%}, and up to {high:.0%} may."
        )
    return (
        f"{each}. Joining stops paying once {root:.1%} of the eligible outside move a year, and"
        f" {base:.0%} are expected to."
    )
