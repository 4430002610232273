"""Which figures of adjudicated claims rest on too few people to be shown, or give such a one away.

CMS's cell size policy (assumptions/privacy.yaml): no cell of 1 to 10 is shown, nor one from which
such a cell can be worked out. A hidden figure is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calculator.assumptions import load_assumptions
from calculator.claims import query
from calculator.claims.adjudication import Adjudication
from calculator.model.arrays import Array

ALL = "all"
ROWS = (*query.PHASES, ALL)
COLUMNS = ("claims", *query.AMOUNTS)
# Amounts of a back-test and the column that adds up to the same, so that one gives away the other.
SAME = {
    "paid_member": "member",
    "paid_lics": "lics",
    "paid_plan": "plan",
    "paid_below": "gross",
    "paid_above": "gross",
}
NOTHING = 1e-9

People = Mapping[str, Mapping[str, int]]  # phase or ALL -> what -> members
Mask = NDArray[np.bool_]


@lru_cache(maxsize=1)
def smallest() -> int:
    """The fewest people behind a figure that is shown."""
    return int(load_assumptions().number("assumptions.privacy.smallest_cell")[0])


def small(count: int) -> bool:
    """Whether a count is too small to be shown; nobody at all may be.

    >>> [small(count) for count in (0, 1, 10, 11)]
    [False, True, True, False]
    """
    return 0 < count < smallest()


# ---------------------------------------------------------------------------------- who is behind


def people(done: Adjudication) -> dict[str, dict[str, int]]:
    """How many members stand behind each figure, by phase and in all."""
    table = done.by_phase
    names = [name for name in table.columns if name not in ("member_id", "phase", "ties")]
    whole = table.group_by("member_id").agg(**{name: table[name].sum() for name in names})
    tested = tuple(done.summary["backtest"])
    by_phase = table.group_by("phase").agg(**_counts(table, tested)).to_pandas()
    found = {row: dict.fromkeys(_counts(table, tested), 0) for row in ROWS}
    for row in by_phase.to_dict("records"):
        phase = query.PHASES[int(row.pop("phase"))]
        found[phase] = {str(name): int(count or 0) for name, count in row.items()}
    totals = whole.agg(**_counts(whole, tested)).to_pandas().iloc[0]
    found[ALL] = {str(name): int(count or 0) for name, count in totals.items()}
    return found


def _counts(table: Any, tested: tuple[str, ...]) -> dict[str, Any]:
    """Members with an amount other than nothing, and those whose amounts are compared or differ."""
    counts = {"claims": table.count()}
    counts |= {name: (table[name] != 0).sum() for name in query.AMOUNTS}
    for name in tested:
        paid, ours = table[f"{name}_paid"], table[f"{name}_paid"] + table[f"{name}_gap"]
        compared, within = table[f"{name}_compared"], table[f"{name}_within"]
        counts |= {
            f"{name}_amount": ((paid != 0) | (ours != 0)).sum(),
            f"{name}_compared": (compared > 0).sum(),
            f"{name}_left_out": (compared < table.claims).sum(),
            f"{name}_apart": (within < compared).sum(),
            f"{name}_within": (within > 0).sum(),
        }
    return counts


def bridge_members(done: Adjudication) -> int:
    """How many members have fills under the Bridge."""
    table = done.claims.table
    if not done.summary["bridge"]["claims"]:
        return 0
    return int(table.filter(table.fill_kind == "bridge").member_id.nunique().to_pandas())


# ------------------------------------------------------------------------------------ what is shown


def shown(summary: Mapping[str, Any], behind: People, on_bridge: int) -> dict[str, Any]:
    """A summary of claims (results.summary) without what rests on too few people.

    behind: members by `people`; on_bridge: members with Bridge fills.
    """
    rows = [*(summary["phases"][phase] for phase in query.PHASES), dict(summary["payers"])]
    rows[-1]["claims"] = sum(row["claims"] for row in rows[:-1])
    amounts = np.array([[float(row[name]) for name in COLUMNS] for row in rows])
    few = np.array([[small(behind[row][name]) for name in COLUMNS] for row in ROWS])
    few[:, 0] |= [small(int(count)) for count in amounts[:, 0]]
    hidden = with_complements(amounts, few)
    cells = {
        row: {
            name: None if hidden[at, place] else rows[at][name]
            for place, name in enumerate(COLUMNS)
        }
        for at, row in enumerate(ROWS)
    }
    bridge = dict(summary["bridge"])
    if small(on_bridge) or small(int(bridge["claims"])):
        bridge = {"claims": None, "gross": None}
    return {
        **summary,
        "bridge": bridge,
        "payers": {name: cells[ALL][name] for name in query.AMOUNTS},
        "phases": {phase: cells[phase] for phase in query.PHASES},
        "all_claims": cells[ALL]["claims"],
        "backtest": _tests(summary["backtest"], behind, cells),
    }


def with_complements(amounts: Array, few: Mask) -> Mask:
    """Which cells are hidden, (R, C): those of few people, and others that give them away.

    amounts: (R, C) of COLUMNS, the last row the sum of the others. A hidden cell is given away
    where sums determine it, and what few people have together where all that a sum hides is theirs;
    the smallest amounts beside them are then hidden as well, until no sums determine a cell of few.

    >>> amounts = np.zeros((4, len(COLUMNS)))
    >>> amounts[0], amounts[1] = (9, 60, 10, 2, 30, 18, 0, 0, 12), (9, 90, 20, 0, 40, 30, 0, 0, 20)
    >>> amounts[3] = amounts.sum(axis=0)
    >>> few = np.zeros_like(amounts, dtype=bool)
    >>> few[0, COLUMNS.index("lics")] = few[3, COLUMNS.index("lics")] = True
    >>> hidden = with_complements(amounts, few)
    >>> bool((hidden & few).sum() == 2), bool(hidden.sum() > 2)
    (True, True)
    >>> bool((given_away(hidden) & few).any())
    False
    """
    hidden = few.copy()
    while (beside := _next(amounts != 0.0, few, hidden)).any():
        candidates = [(int(at), int(place)) for at, place in np.argwhere(beside)]

        def worse(cell: tuple[int, int]) -> tuple[int, bool, float]:
            tried = hidden.copy()
            tried[cell] = True
            left = int((given_away(tried) & few).sum())
            return left, COLUMNS[cell[1]] in ("claims", "gross"), abs(float(amounts[cell]))

        hidden[min(candidates, key=worse)] = True
    assert not (given_away(hidden) & few).any()
    return hidden


def _next(amount: Mask, few: Mask, hidden: Mask) -> Mask:
    """The cells of which one more is to be hidden, (R, C); none where nothing of few is left open.

    It ends: with all that is not 0 hidden, any multiple of the table would do as well.
    """
    usual = amount & ~hidden
    usual[-1, 0] = False  # the number of all claims is said elsewhere too
    beside = _beside_few(usual, few, hidden)
    if beside.any():
        return beside
    determined = given_away(hidden)
    if not (determined & few).any():
        return np.zeros_like(few)
    # Where all beside the open cells is hidden, what is beside those that give them away.
    for one in (_beside(determined & few) & usual, _beside(determined) & usual, usual):
        if one.any():
            return np.asarray(one)
    return np.asarray(amount & ~hidden)


def given_away(hidden: Mask) -> Mask:
    """Which hidden cells the sums of the table determine, (R, C)."""
    places = np.flatnonzero(hidden)
    found = np.zeros(hidden.size, dtype=bool)
    if len(places):
        known = _sums()[:, places]
        _, sizes, vectors = np.linalg.svd(known)
        free = vectors[int((sizes > NOTHING).sum()) :]
        # A cell that no free direction moves is determined.
        found[places] = np.all(np.abs(free) < NOTHING, axis=0)
    return found.reshape(hidden.shape)


def _beside_few(usual: Mask, few: Mask, hidden: Mask) -> Mask:
    """What can be hidden of the first sum whose hidden cells are all of few people."""
    for row in _sums() != 0.0:
        one = row.reshape(few.shape)
        seen = one & usual
        if (one & hidden).any() and not (one & hidden & ~few).any() and seen.any():
            return np.asarray(seen)
    return np.zeros_like(few)


def _beside(open_: Mask) -> Mask:
    """Cells that stand in a sum with one of these."""
    sums = _sums() != 0.0
    return np.asarray(sums[(sums & open_.ravel()).any(axis=1)].any(axis=0).reshape(open_.shape))


@lru_cache(maxsize=1)
def _sums() -> Array:
    """The sums of the table, a row each that comes to 0: (S, R * C)."""
    shape = len(ROWS), len(COLUMNS)
    found = []
    for place in range(shape[1]):
        one = np.zeros(shape)
        one[:, place], one[-1, place] = 1.0, -1.0
        found.append(one)
    for at in range(shape[0]):
        for whole, parts in (("gross", query.PAYERS), ("troop", ("member", "lics"))):
            one = np.zeros(shape)
            one[at, [COLUMNS.index(name) for name in parts]] = 1.0
            one[at, COLUMNS.index(whole)] = -1.0
            found.append(one)
    return np.array([one.ravel() for one in found])


# ------------------------------------------------------------------------------------ the back-test


def _tests(
    tests: Mapping[str, Any], behind: People, cells: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The back-test without what is hidden; a phase of it is hidden with all of them."""

    def hidden(name: str, row: str) -> bool:
        of = behind[row]
        few = any(small(of[f"{name}_{what}"]) for what in ("amount", "compared", "left_out"))
        return few or None in (cells[row]["claims"], cells[row][SAME[name]])

    # What is below the threshold and what is above it make up gross together.
    pairs = {"paid_below": ("paid_below", "paid_above"), "paid_above": ("paid_below", "paid_above")}
    found: dict[str, Any] = {}
    for name, test in tests.items():
        both = [one for one in pairs.get(name, (name,)) if one in tests]
        if any(hidden(one, ALL) for one in both):
            found[name] = {**dict.fromkeys(test), "few_differ": False, "phases": {}}
            continue
        phases = not any(
            hidden(one, phase) or small(behind[phase][f"{one}_apart"])
            for one in both
            for phase in query.PHASES
        )
        found[name] = {
            **_compared(test, behind[ALL], name),
            "phases": {
                phase: _compared(part, behind[phase], name)
                for phase, part in (test["phases"].items() if phases else ())
            },
        }
    return found


def _compared(test: Mapping[str, Any], of: Mapping[str, int], name: str) -> dict[str, Any]:
    """One comparison; that a few members' amounts differ is said, not by how much."""
    differs = small(of[f"{name}_apart"])
    one = {**test, "few_differ": differs}
    if differs:
        one |= dict.fromkeys(("on_claims", "difference", "within_a_cent"))
    elif small(of[f"{name}_within"]):
        one["within_a_cent"] = None
    return one
