"""Adjudicating claims against a bare running sum a member over the same file, and its growth.

`make bench` prints the ratio (at most 3 is asked; start-up apart) and seconds per million claims
at 1, 5 and 20 million; both are in `extra_info`. Ratios of one run hold on any machine.
"""

import resource
import time
from contextlib import nullcontext
from itertools import pairwise

import duckdb
import pytest

from calculator import load_assumptions
from calculator.claims import adjudication, engine

YEAR = 2027
THREADS = 2
MILLION = 1_000_000
SIZES = (1 * MILLION, 5 * MILLION, 20 * MILLION)
CLAIMS_PER_MEMBER = 25
MOST = 3.0
MEMORY = "4GB"

# Few dear brands, many cheap generics; a low-income quarter; a few model fills; all days of a year.
CLAIMS = """
copy (
    select
        'M' || lpad((hash(i * 2 + 1) % {members})::varchar, 9, '0') as member_id,
        date '{year}-01-01' + (hash(i * 3 + 7) % 365)::int as service_date,
        case when dice < 12 then 'applicable' when dice < 15 then 'selected'
             else 'non_applicable' end as drug_class,
        ((case when dice < 15 then 50000 + hash(i * 7 + 3) % 100000
               else 500 + hash(i * 7 + 3) % 9000 end) / 100)::decimal(12, 2) as gross_cost,
        i::int as sequence,
        case when dice = 13 then 50.00::decimal(12, 2) end as copay,
        case hash(hash(i * 2 + 1) % {members}) % 8
            when 0 then 'full_low' when 1 then 'full_other' else 'none' end as lis,
        dice < 15 as brand
    from (select i, hash(i * 5 + 11) % 100 as dice from range({claims}) t(i))
) to '{path}' (format parquet)
"""
BARE = """
select max(running) from (
    select sum(gross_cost) over (
        partition by member_id order by service_date, sequence rows unbounded preceding
    ) as running from '{path}'
)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    made = {}
    with duckdb.connect() as con:
        for claims in SIZES:
            made[claims] = folder / f"{claims}.parquet"
            con.execute(
                CLAIMS.format(
                    members=claims // CLAIMS_PER_MEMBER, year=YEAR, claims=claims, path=made[claims]
                )
            )
    return made


def bare(path) -> float:
    with duckdb.connect() as con:
        con.execute(f"set threads = {THREADS}")
        con.execute(f"set memory_limit = '{MEMORY}'")
        started = time.perf_counter()
        con.execute(BARE.format(path=path)).fetchall()
        return time.perf_counter() - started


def full(path, out) -> float:
    """Seconds to read, check, adjudicate and write a file; the engine's start apart."""
    register = load_assumptions()
    with engine.duckdb(memory_limit=MEMORY, threads=THREADS) as running:
        started = time.perf_counter()
        done = adjudication.adjudicate(
            running, str(path), register, YEAR, out=out, stage=lambda name: nullcontext()
        )
        seconds = time.perf_counter() - started
    assert done.summary["rejected"] == 0
    return seconds


def test_20_million_claims_against_a_bare_running_sum(benchmark, capsys, files, tmp_path):
    path, out = files[SIZES[-1]], tmp_path / "members.parquet"
    full(files[SIZES[0]], out)  # warm: libraries imported, assumptions read
    # One beside the other, so that a busy machine slows both.
    rounds = [(bare(path), full(path, out)) for _ in range(3)]
    benchmark.pedantic(full, args=(path, out), rounds=1)
    ratio = min(seconds for _, seconds in rounds) / min(seconds for seconds, _ in rounds)
    benchmark.extra_info.update(
        claims=SIZES[-1],
        ratio=round(ratio, 2),
        seconds=[round(seconds, 1) for _, seconds in rounds],
        bare_seconds=[round(seconds, 1) for seconds, _ in rounds],
        peak_gigabytes=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1),
    )
    with capsys.disabled():
        print(f"\n20 million claims: {ratio:.2f} times a bare running sum a member")
    assert ratio <= MOST


def test_time_grows_with_claims_and_no_faster(benchmark, capsys, files, tmp_path):
    out = tmp_path / "members.parquet"
    per_million = {}
    for claims, path in files.items():
        full(path, out)
        # Time of the processors: another program's use of them is no growth.
        started = time.process_time()
        full(path, out)
        per_million[claims] = (time.process_time() - started) / (claims / MILLION)
    benchmark.pedantic(full, args=(files[SIZES[0]], out), rounds=1)
    shown = {f"{size // MILLION}m": round(seconds, 3) for size, seconds in per_million.items()}
    benchmark.extra_info.update(processor_seconds_per_million=shown)
    with capsys.disabled():
        print(f"\nprocessor seconds per million claims: {shown}")
    # Linear, but for the logarithm of the sort.
    assert all(later < 1.5 * earlier for earlier, later in pairwise(per_million.values()))
