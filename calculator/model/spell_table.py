"""What a spell on therapy moves in a member's year: a table by stratum and window (section 5).

No case changes the table unless it changes a benefit parameter, a copay or the spending
distribution. Where draws do, it is computed once on nodes and read between them: a year is
homogeneous in dollars, so everything is measured in the spending at which the threshold is met.
Shapes as in inputs.py, with W the windows of a year; phases before classes at the end.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from calculator.model import benefit, cohort, price
from calculator.model.arrays import Array, array, pad_right
from calculator.model.benefit import Fills, Phases, Rules
from calculator.model.drug_lines import contract, rules
from calculator.model.inputs import Inputs
from calculator.model.known import Known

# Nodes of spending: even below the threshold's; above it even in the month in which the threshold
# is met, the ends of months among them (a multiple of 12), because there the table has its kinks.
BELOW, ABOVE = 64, 48
# Widest step between nodes, in the spending at the threshold: deductible, a month's copays, a
# month's gross; of the coinsurance, in points.
STEPS = {"deductible": 0.005, "coinsurance": 0.01, "copay": 0.0012, "gross": 0.0025}
# Fewest and most nodes of one of them where it varies, and most in all.
FEWEST, MOST, MOST_CELLS = 2, 64, 1024
ROUNDING = 1e-12
# Up to so many tables each is made in full.
FEW = 8
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Year:
    """What the table rests on; one row where all cases are alike."""

    spend: Array  # (C, Y, L, K) USD per member-year
    deductible: Array  # (C, Y) USD
    threshold: Array
    coinsurance: Array
    copay: Array  # USD per fill, mean of products
    gross: Array  # USD per fill, mean of products; inf where no deductible applies to a fill
    per_month: Array  # (C,) fills

    @property
    def arrays(self) -> list[Array]:
        """Every array of it."""
        return [getattr(self, field.name) for field in fields(self)]


def year(inputs: Inputs) -> Year:
    """What the table of a run rests on."""
    drugs, levers = inputs.products, inputs.levers
    gross = drugs.gross
    if levers.point_of_sale:
        gross = price.point_of_sale_price(gross, levers.guaranteed_net_price[..., None])
    shares = drugs.share[:, None, :]
    copay = (np.minimum(levers.copay[..., None], gross) * shares).sum(axis=-1)
    mean_gross = (gross * shares).sum(axis=-1)
    return Year(
        spend=_one_row(inputs.spend),
        deductible=_one_row(inputs.rules.deductible),
        threshold=_one_row(inputs.rules.threshold),
        coinsurance=_one_row(inputs.rules.coinsurance),
        copay=_one_row(copay),
        gross=np.full((1, 1), np.inf) if levers.deductible_exempt else _one_row(mean_gross),
        per_month=_one_row(inputs.population.fills_per_month),
    )


def _one_row(value: Array) -> Array:
    """The first row where all rows are the same."""
    return value[:1] if len(value) > 1 and np.all(value == value[:1]) else value


def many(year: Year, count: int) -> bool:
    """Whether the cases have more than a few tables between them."""
    varying = [part.reshape(count, -1) for part in year.arrays if len(part) > 1]
    seen: set[bytes] = set()
    for first in range(0, count if varying else 0, FEW):
        rows = np.concatenate([part[first : first + FEW] for part in varying], axis=1)
        seen.update(row.tobytes() for row in rows)
        if len(seen) > FEW:
            return True
    return False


def scalable(year: Year) -> bool:
    """Whether the threshold is met at a finite spending above the deductible, in every case."""
    unit = benefit.covered_spend_at_threshold(year.deductible, year.threshold, year.coinsurance)
    return bool(np.all(np.isfinite(unit)) and np.all(year.threshold >= year.deductible))


def alike(year: Year, count: int) -> list[Rows]:
    """The cases, in groups that share one table."""
    varying = [part.reshape(count, -1) for part in year.arrays if len(part) > 1]
    if not varying:
        return [np.arange(count)]
    groups: dict[bytes, list[int]] = {}
    for case, row in enumerate(np.concatenate(varying, axis=1)):
        groups.setdefault(row.tobytes(), []).append(case)
    return [np.array(cases) for cases in groups.values()]


@dataclass(frozen=True)
class Moved:
    """What spells move, summed over them: USD and fills a year."""

    standard: Array  # (C, Y, L, 3 phases, 3 classes) of other claims
    fills: Array  # (C, Y, L, 3 phases)


# --------------------------------------------------------------------------------- exact


@dataclass(frozen=True)
class Exact:
    """The table of one spell with strata summed out: (C, Y, L, W, ...)."""

    standard: Array
    fills: Array

    def over(self, spells: Array) -> Moved:
        """Sum windows out; spells (C, Y, L, W)."""
        return Moved(_over_windows(spells, self.standard), _over_windows(spells, self.fills))


def exact(inputs: Inputs, without: Phases, within: Array, known: Known | None = None) -> Exact:
    """The table at every stratum and window. without: phases of the strata with no therapy.

    within (C, L, K): how users of a group are spread over its strata. known: tables made before.
    """
    levers = inputs.levers
    return (known or Known())(
        _exact,
        year(inputs),
        inputs.rules,
        levers.deductible_exempt,
        levers.copay_counts_to_troop,
        inputs.class_mix,
        without.standard,
        within,
    )


def _exact(
    own: Year,
    parameters: Rules,
    deductible_exempt: bool,
    counts_to_troop: bool,
    class_mix: Array,
    without: Array,
    within: Array,
) -> Exact:
    yearly = replace(
        rules(parameters, 3),
        deductible=pad_right(own.deductible, 3),
        threshold=pad_right(own.threshold, 3),
        coinsurance=pad_right(own.coinsurance, 3),
    )
    table = benefit.year_phases(
        own.spend[..., None],
        array(cohort.WINDOW_FIRST),
        array(cohort.WINDOW_LENGTH),
        yearly,
        Fills(
            copay=pad_right(own.copay, 3),
            gross=pad_right(own.gross, 3),
            per_month=pad_right(own.per_month[:, None], 3),
            deductible_exempt=deductible_exempt,
            counts_to_troop=counts_to_troop,
        ),
    )
    moved = table.standard - without[: len(table.standard), ..., None, :]
    flat = moved.reshape(*moved.shape[:4], -1)
    by_class = _by_class(within, class_mix, flat)
    flat = table.fills.reshape(*moved.shape[:4], -1)
    filled = contract(within[:, None], flat)
    return Exact(
        by_class.reshape(*by_class.shape[:3], *moved.shape[4:], 3),
        filled.reshape(*filled.shape[:3], *moved.shape[4:]),
    )


def _by_class(weights: Array, mix: Array, table: Array) -> Array:
    """Sum strata out by class: weights (C, L, K), mix (C, Y, L, K, 3) -> (C, Y, L, Q, 3)."""
    tilted = weights[:, None, :, :, None] * mix
    return np.stack([contract(tilted[..., index], table) for index in range(3)], axis=-1)


def _over_windows(spells: Array, table: Array) -> Array:
    """Sum windows out: spells (C, Y, L, W), table (C, Y, L, W, ...) -> (C, Y, L, ...)."""
    shape = table.shape
    flat = table.reshape(*shape[:4], -1)
    return array((spells[..., None, :] @ flat)[..., 0, :]).reshape(
        max(spells.shape[0], shape[0]), *shape[1:3], *shape[4:]
    )


# ------------------------------------------------------------------------- between nodes


@dataclass(frozen=True)
class Nodes:
    """The table on nodes, in the spending at which the threshold is met. Made once for all draws.

    axes: nodes of deductible, coinsurance, copays a month and gross a month; one node where all
    draws are alike. table (cells, W, N x 4): per spell the standard gross moved into the deductible
    and beyond the threshold, and months of fills before the deductible is met and beyond the
    threshold; what is between follows from the whole.
    """

    axes: tuple[Array, ...]
    table: Array

    @property
    def corners(self) -> Rows:
        """The cells around a place, counted from the first of them, (2^varying axes,)."""
        found = np.zeros(1, dtype=np.intp)
        for axis in self.axes:
            found = found[:, None] * len(axis) + np.arange(min(len(axis), 2))
            found = found.ravel()
        return found


COLUMNS = 4


def _scaled(own: Year) -> tuple[Array, tuple[Array, ...]]:
    """Spending at the threshold, (C, Y) USD, and the place of each case on the axes, (C, Y)."""
    unit = benefit.covered_spend_at_threshold(own.deductible, own.threshold, own.coinsurance)
    per_month = own.per_month[:, None]
    gross = np.where(np.isinf(own.gross), 0.0, own.gross)
    return unit, (
        array(own.deductible / unit),
        own.coinsurance,
        array(own.copay * per_month / unit),
        array(gross * per_month / unit),
    )


def _spending_nodes() -> Array:
    """Nodes of spending in that unit, N; the last one stands for any that is far above."""
    below = np.arange(BELOW + 1) / BELOW
    above = 1.0 / (1.0 - np.arange(1, ABOVE) / ABOVE)
    return np.concatenate([below, above, [1e3 * ABOVE]])


def nodes(inputs: Inputs) -> Nodes:
    """Place nodes where the draws lie and tabulate a spell on them."""
    own = year(inputs)
    _, places = _scaled(own)
    spans = [(float(place.min()), float(place.max())) for place in places]
    counts = [
        1
        if high - low <= ROUNDING * max(abs(high), 1e-3)
        else int(np.clip(1 + np.ceil((high - low) / step), FEWEST, MOST))
        for (low, high), step in zip(spans, STEPS.values(), strict=True)
    ]
    while np.prod(counts) > MOST_CELLS:
        counts[int(np.argmax(counts))] -= 1
    axes = tuple(np.linspace(*span, count) for span, count in zip(spans, counts, strict=True))
    levers = inputs.levers
    spend = _spending_nodes()
    cells = []
    for deductible, coinsurance, copay, gross in itertools.product(*axes):
        threshold = deductible + coinsurance * (1.0 - deductible)
        nothing = array(0.0)
        share = Rules(array(deductible), array(threshold), array(coinsurance), *[nothing] * 6)
        fill = Fills(
            copay=array(copay),
            gross=array(np.inf if levers.deductible_exempt else gross),
            per_month=array(1.0),
            deductible_exempt=levers.deductible_exempt,
            counts_to_troop=levers.copay_counts_to_troop,
        )
        windows = array(cohort.WINDOW_FIRST)[:, None], array(cohort.WINDOW_LENGTH)[:, None]
        on = benefit.year_phases(spend, *windows, share, fill)
        off = benefit.year_phases(spend, nothing, nothing, share, None)
        moved = on.standard - off.standard
        columns = [moved[..., 0], moved[..., 2], on.fills[..., 0], on.fills[..., 2]]
        cells.append(np.stack(columns, axis=-1).reshape(len(windows[0]), -1))
    return Nodes(axes, np.stack(cells))


@dataclass(frozen=True)
class Between:
    """Some cases of a run between the nodes."""

    nodes: Nodes
    unit: Array  # (C, Y) USD
    corner: Rows  # (C, Y) first of the cells around each case and year
    shares: Array  # (C, Y, corners) weight of each of them
    left: Rows  # (C, Y, L, K) node of spending below each stratum
    part: Array  # (C, Y, L, K) of the way to the next
    weights: Array  # (C, Y, L, 4, K) users over strata, and by class of their other claims
    per_month: Array  # (C,)

    def over(self, spells: Array) -> Moved:
        """Sum windows, then strata out; spells (C, Y, L, W)."""
        shape = np.broadcast_shapes(
            spells.shape[:3], self.left.shape[:3], (*self.corner.shape, 1), self.weights.shape[:3]
        )
        spells = np.broadcast_to(spells, (*shape, spells.shape[-1]))
        corner = np.broadcast_to(self.corner, shape[:2])
        shares = np.broadcast_to(self.shares, (*shape[:2], self.shares.shape[-1]))
        by_node = np.empty((*shape, self.nodes.table.shape[-1]))
        for first in np.unique(corner):
            rows = np.nonzero(corner == first)
            mixed = shares[rows][:, None, :, None] * spells[rows][:, :, None, :]
            around = self.nodes.table[first + self.nodes.corners]
            sums = mixed.reshape(-1, mixed.shape[2] * mixed.shape[3]) @ around.reshape(
                -1, around.shape[-1]
            )
            by_node[rows] = sums.reshape(len(rows[0]), shape[2], -1)
        points = self.nodes.table.shape[-1] // COLUMNS
        by_node = by_node.reshape(-1, COLUMNS)
        row = np.arange(int(np.prod(shape))).reshape(*shape, 1) * points + self.left
        low, high = by_node[row], by_node[row + 1]
        high -= low
        high *= self.part[..., None]
        low += high
        sums = self.weights @ low
        users = self.weights[..., 0, :].sum(axis=-1, keepdims=True)
        months = (spells @ cohort.WINDOW_LENGTH)[..., None] * users
        early, late = sums[..., 0, 2:3], sums[..., 0, 3:4]
        fills = np.concatenate([early, months - early - late, late], axis=-1)
        deductible, beyond = sums[..., 1:, 0], sums[..., 1:, 1]
        standard = np.stack([deductible, -deductible - beyond, beyond], axis=-2)
        return Moved(
            standard * pad_right(self.unit, 3), fills * pad_right(self.per_month[:, None], 2)
        )


def between(inputs: Inputs, known: Nodes, within: Array) -> Between:
    """Place the cases of `inputs` between the nodes; within (C, L, K) as for `exact`."""
    own = year(inputs)
    unit, places = _scaled(own)
    corner = np.zeros((1, 1), dtype=np.intp)
    shares = np.ones((1, 1, 1))
    for place, axis in zip(places, known.axes, strict=True):
        corner = corner * len(axis)
        if len(axis) == 1:
            continue
        step = np.clip((place - axis[0]) / (axis[1] - axis[0]), 0.0, len(axis) - 1.0)
        left = np.minimum(step.astype(np.intp), len(axis) - 2)
        corner = corner + left
        part = (step - left)[..., None, None]
        both = np.concatenate([1.0 - part, part], axis=-1)
        wide = shares[..., None] * both
        shares = wide.reshape(*wide.shape[:2], -1)
    spend = own.spend / pad_right(unit, 2)
    node = np.where(
        spend <= 1.0, BELOW * spend, BELOW + ABOVE * (1.0 - 1.0 / np.maximum(spend, 1.0))
    )
    left = np.minimum(node.astype(np.intp), BELOW + ABOVE - 1)
    users = within[:, None, :, None, :]
    by_class = users * np.moveaxis(inputs.class_mix, -1, -2)
    alone = np.broadcast_to(users, (*by_class.shape[:3], 1, by_class.shape[-1]))
    return Between(
        nodes=known,
        unit=unit,
        corner=corner,
        shares=shares,
        left=left,
        part=node - left,
        weights=np.concatenate([alone, by_class], axis=-2),
        per_month=own.per_month,
    )
