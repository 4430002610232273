"""What a live workbook costs to write and to work out anew, against one run of the engine.

`make bench` prints the times, the size and the ratio of LibreOffice's recalculation to one engine
run, both taken in this run; the same is in `extra_info`. Nothing here fails for being slow.
"""

import subprocess
import time

import pytest

from calculator import decide, load_scenario
from calculator.report.workbook import write_workbook
from tests.workbook.recalculated import cell_of, convert

SCENARIOS = ("pdp_regional", "state_not_covering")
MEGABYTE = 1e6


@pytest.fixture(scope="module", params=SCENARIOS)
def decision(request):
    found = decide(load_scenario(request.param))
    decide(found.scenario, resolution="workbook")  # warm: assumptions read, scipy imported
    return found


def test_writing_a_workbook(benchmark, decision, tmp_path):
    path = tmp_path / "decision.xlsx"
    write_workbook(decision, path)
    benchmark.pedantic(write_workbook, args=(decision, path), rounds=3)
    benchmark.extra_info["megabytes"] = path.stat().st_size / MEGABYTE
    assert path.stat().st_size < 5 * MEGABYTE


def test_recalculating_it_against_one_engine_run(benchmark, capsys, decision, tmp_path, needs):
    import openpyxl

    soffice = needs("libreoffice")
    path, bare = tmp_path / "decision.xlsx", tmp_path / "bare.xlsx"
    write_workbook(decision, path)
    # Opened and saved without the stored values: every formula is calculated.
    openpyxl.load_workbook(path).save(bare)
    empty = tmp_path / "empty.xlsx"
    openpyxl.Workbook().save(empty)
    started = time.perf_counter()
    convert(empty, tmp_path / "start", soffice, "xlsx")
    opening = time.perf_counter() - started

    def recalculate():
        return convert(bare, tmp_path / "out", soffice, "xlsx")

    made = benchmark.pedantic(recalculate, rounds=2)
    back = openpyxl.load_workbook(made, data_only=True)
    assert cell_of(back, "out_value_total").value == pytest.approx(decision.value.total, rel=0.05)
    rounds = 20
    started = time.perf_counter()
    for _ in range(rounds):
        decide(decision.scenario, resolution="workbook")
    engine = (time.perf_counter() - started) / rounds
    office = benchmark.stats.stats.min
    benchmark.extra_info.update(
        engine_ms=engine * 1e3,
        libreoffice_s=office,
        libreoffice_starting_s=opening,
        ratio=office / engine,
        ratio_without_starting=(office - opening) / engine,
    )
    version = subprocess.run([soffice, "--version"], capture_output=True, text=True, check=True)
    with capsys.disabled():
        print(
            f"\n{decision.scenario.name}: one engine run {engine * 1e3:.1f} ms, LibreOffice"
            f" {office:.1f} s (of it {opening:.1f} s to start and close an empty file):"
            f" {office / engine:,.0f} times, {(office - opening) / engine:,.0f} without starting;"
            f" {version.stdout.strip()}"
        )
