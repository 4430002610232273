"""What is not shown of a table by phase cannot be worked out from what is."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from calculator import load_assumptions
from calculator.claims import engine, query, small_cells
from calculator.claims.adjudication import adjudicate
from calculator.claims.small_cells import COLUMNS, ROWS, with_complements
from calculator.claims.synthetic import makeup
from calculator.claims.synthetic_files import synthesize


def solved(hidden):
    """Which hidden cells the sums give: those whose own equation adds nothing to the others."""
    sums = []
    for place in range(len(COLUMNS)):
        one = np.zeros(hidden.shape)
        one[:-1, place], one[-1, place] = 1.0, -1.0
        sums.append(one)
    for row in range(len(ROWS)):
        for whole, parts in (("gross", query.PAYERS), ("troop", ("member", "lics"))):
            one = np.zeros(hidden.shape)
            one[row, [COLUMNS.index(name) for name in parts]] = 1.0
            one[row, COLUMNS.index(whole)] = -1.0
            sums.append(one)
    known = np.array(sums).reshape(len(sums), -1)[:, hidden.ravel()]
    rank = np.linalg.matrix_rank(known)
    units = np.eye(known.shape[1])
    found = np.zeros(hidden.shape, dtype=bool)
    found[hidden] = [np.linalg.matrix_rank(np.vstack([known, unit])) == rank for unit in units]
    return found


def table(rng, size, empty):
    """Amounts of three phases and all of them, USD, and which rest on few people."""
    amounts = np.zeros((len(ROWS), len(COLUMNS)))
    parts = [COLUMNS.index(name) for name in query.PAYERS]
    amounts[:-1, parts] = rng.integers(1, size * 100, (len(ROWS) - 1, len(parts)))
    amounts[:-1, parts] *= rng.random((len(ROWS) - 1, len(parts))) > empty
    amounts[:-1, COLUMNS.index("gross")] = amounts[:-1, parts].sum(axis=1)
    both = [COLUMNS.index(name) for name in ("member", "lics")]
    amounts[:-1, COLUMNS.index("troop")] = amounts[:-1, both].sum(axis=1)
    amounts[:-1, 0] = rng.integers(1, size, len(ROWS) - 1)
    amounts[-1] = amounts[:-1].sum(axis=0)
    few = (rng.random(amounts.shape) < rng.choice([0.03, 0.1, 0.3])) & (amounts != 0)
    few[-1, 0] = False  # more members have claims
    return amounts, few


@pytest.mark.parametrize("size", [40, 240, 4000])
@pytest.mark.parametrize("empty", [0.1, 0.5])
def test_nothing_of_few_people_can_be_solved_for(size, empty):
    rng = np.random.default_rng(size)
    for _ in range(15):
        amounts, few = table(rng, size, empty)
        hidden = with_complements(amounts, few)
        assert hidden[few].all()
        assert not (solved(hidden) & few).any()
        # The number of all claims is said elsewhere.
        assert not hidden[-1, 0]


def test_one_members_reinsurance_below_the_deductible_cannot_be_solved_for():
    """Every cell beside the open one is hidden already; those beside the determined ones are not.

    The table of `balance synthesize --members 240 --year 2026 --seed 4`, to the dollar.
    """
    amounts = np.array(
        [
            (2767, 170893, 98480, 25104, 41759, 5541, 0, 9, 123584),
            (3602, 392433, 68506, 17253, 263631, 36001, 0, 7042, 85759),
            (2552, 861681, 0, 0, 522558, 155171, 0, 183952, 0),
            (8921, 1425007, 166986, 42357, 827948, 196713, 0, 191003, 209343),
        ],
        dtype=float,
    )
    few = np.zeros(amounts.shape, dtype=bool)
    few[0, COLUMNS.index("reinsurance")] = True
    hidden = with_complements(amounts, few)
    assert not (solved(hidden) & few).any()
    assert hidden.sum() < (amounts != 0).sum()


@contextlib.contextmanager
def quiet(_):
    yield


def test_a_made_up_file_gives_no_few_away(tmp_path, monkeypatch):
    seen = []

    def watched(amounts, few):
        seen.append((few, with_complements(amounts, few)))
        return seen[-1][1]

    monkeypatch.setattr(small_cells, "with_complements", watched)
    path = tmp_path / "claims.csv"
    synthesize(makeup(2026), 240, 4, path)
    with engine.duckdb("1GB", temp=tmp_path) as running:
        done = adjudicate(running, str(path), load_assumptions(), 2026, stage=quiet)
        people = small_cells.people(done)
        shown = small_cells.shown(done.summary, people, small_cells.bridge_members(done))
    ((few, hidden),) = seen
    assert few.any()
    assert not (solved(hidden) & few).any()
    assert shown["all_claims"] == shown["accepted"]


def test_the_number_of_all_claims_is_not_hidden_for_it_is_said_elsewhere():
    amounts = np.zeros((len(ROWS), len(COLUMNS)))
    amounts[:, 0] = 15, 14, 13, 42
    few = np.zeros(amounts.shape, dtype=bool)
    few[:-1, 0] = True
    assert list(with_complements(amounts, few)[:, 0]) == [True, True, True, False]
