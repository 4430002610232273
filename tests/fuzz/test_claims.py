"""Claims files: whatever is in them, a table or one line, and no member in any message."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.fuzz.fuzzed import ODD_TEXT, at_odds, balance, bounded

HEAD = ["member_id", "service_date", "drug_class", "gross_cost", "sequence", "copay", "lis",
        "brand", "fill_kind", "manufacturer", "days_supply", "product", "paid_member"]  # fmt: skip
ROW = ["SECRET{n}", "2026-01-{d:02}", "applicable", "150.10", "1", "", "none", "yes", "standard",
       "standard", "30", "wegovy", "10"]  # fmt: skip
CELL = (
    ODD_TEXT
    | st.text(max_size=6)
    | st.sampled_from(["-5", "1e5", "31-Jan-2026", "20260131", "5,5"])
)


def rows(count: int) -> list[list[str]]:
    return [[cell.format(n=n % 4, d=n + 1) for cell in ROW] for n in range(count)]


def as_csv(lines: list[list[str]], delimiter: str = ",") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, escapechar="\\").writerows(lines)
    return stream.getvalue().encode("utf-8", "replace")


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A claims file in which some cells, names and bytes are not what they should be."""
    lines = [[draw(at_odds(name)) if draw(st.integers(0, 12)) == 0 else name for name in HEAD]]
    lines += rows(draw(st.integers(0, 20)))
    for _ in range(draw(st.integers(0, 4))):
        line = lines[draw(st.integers(0, len(lines) - 1))]
        line[draw(st.integers(0, len(line) - 1))] = draw(CELL)
    if draw(st.integers(0, 3)) == 0:
        lines = lines[1:] or [[]]
    data = as_csv(lines, draw(st.sampled_from([",", "|", "\t", ";"])))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(data)))
        odd = draw(
            st.sampled_from([b"\xff", b"\x00", b'"', b"\r", b"\n\n", b"\xef\xbb\xbf", b"\\"])
        )
        data = data[:at] + odd + data[at:]
    return data


def said_of_nobody(data: bytes, *arguments: str) -> None:
    files = {"claims.csv": data, "codes.csv": b"code,drug_class\n1,applicable\n"}
    ran = balance(files, arguments)
    assert "SECRET" not in ran.out + ran.err
    assert "secret" not in ran.out + ran.err


@bounded(10)
@given(data=tables())
def test_claims_with_anything_in_them_are_settled_or_one_line(data: bytes) -> None:
    options = ("--out", "members.csv", "--rejects", "rejects.csv", "--threads", "1")
    said_of_nobody(data, "adjudicate", "claims.csv", "--year", "2026", *options)


@bounded(5)
@given(data=tables())
def test_claims_with_anything_in_them_are_a_scenario_or_one_line(data: bytes) -> None:
    said_of_nobody(data, "profile", "claims.csv", "--out", "own.yaml")


MAPPINGS = (
    "label: Ours\ndelimiter: ';'\ncolumns:\n  member_id: {first: [a, b]}\n"
    "  gross_cost: {sum: [c]}\ncodes: {column: ndc, file: codes.csv}\ndates: [us]\n",
    "label: Ours\ncolumns: {member_id: member_id, service_date: service_date, "
    "drug_class: {constant: applicable}, gross_cost: gross_cost, "
    "lis: {column: lis, values: {a: b}, otherwise: none}}\n",
)


@bounded(8)
@given(text=st.text(max_size=40) | st.one_of(*map(at_odds, MAPPINGS)))
def test_a_mapping_with_anything_in_it_is_read_or_one_line(text: str) -> None:
    files = {"claims.csv": as_csv([HEAD, *rows(3)]), "map.yaml": text.encode("utf-8", "replace"),
             "codes.csv": b"code\n1\n"}  # fmt: skip
    options = ["--year", "2026", "--layout", "map.yaml", "--out", "members.csv", "--threads", "1"]
    balance(files, ["adjudicate", "claims.csv", *options])


@pytest.mark.parametrize("command", ["adjudicate", "profile"])
def test_an_enrollment_file_without_names_shows_no_cell(command: str) -> None:
    files = {"claims.csv": as_csv([HEAD, *rows(3)]), "e.csv": b"SECRET1,2026-01-01,2026-12-31\n"}
    options = {"adjudicate": ["--year", "2026"], "profile": ["--out", "own.yaml"]}[command]
    ran = balance(files, [command, "claims.csv", "--enrollment", "e.csv", *options])
    assert ran.code == 2
    assert "--enrollment" in ran.err
    assert "secret" not in ran.err.lower()


@st.composite
def columns(draw: st.DrawFn) -> dict[str, pa.Array]:
    """The columns of a Parquet file whose types nobody expects."""
    count = draw(st.integers(0, 15))
    texts = list(zip(*rows(count), strict=True)) or [()] * len(HEAD)
    found: dict[str, pa.Array] = {
        name: pa.array(list(column), pa.string()) for name, column in zip(HEAD, texts, strict=True)
    }
    for name in draw(st.lists(st.sampled_from(HEAD), max_size=3, unique=True)):
        odd = draw(st.sampled_from(sorted(TYPES)))
        found[name] = pa.array([TYPES[odd][0]] * count, TYPES[odd][1])
    if draw(st.integers(0, 4)) == 0:
        del found[draw(st.sampled_from(sorted(found)))]
    return found


TYPES: dict[str, tuple[object, pa.DataType]] = {
    "a flag": (True, pa.bool_()),
    "a whole number": (5, pa.int8()),
    "a large number": (2**63 - 1, pa.int64()),
    "without sign": (2**64 - 1, pa.uint64()),
    "not a number": (float("nan"), pa.float64()),
    "without end": (float("-inf"), pa.float32()),
    "a decimal": (Decimal("1.123456789"), pa.decimal128(38, 9)),
    "a day": (dt.date(2026, 2, 3), pa.date32()),
    "a time": (dt.datetime(2026, 2, 3, 4, 5), pa.timestamp("ns")),
    "a zone": (dt.datetime(2026, 2, 3, 4, 5, tzinfo=dt.UTC), pa.timestamp("us", "UTC")),
    "a time of day": (dt.time(1, 2), pa.time64("us")),
    "a duration": (dt.timedelta(days=1), pa.duration("us")),
    "bytes": (b"\\xff\\x00", pa.binary()),
    "a list": ([1, 2], pa.list_(pa.int64())),
    "a record": ({"a": 1}, pa.struct([("a", pa.int64())])),
    "nothing": (None, pa.null()),
    "missing": (None, pa.string()),
    "words of a list": ("applicable", pa.dictionary(pa.int8(), pa.string())),
}


@bounded(6)
@given(table=columns(), command=st.sampled_from(["adjudicate", "adjudicate", "profile"]))
def test_parquet_of_any_types_is_settled_or_one_line(
    table: dict[str, pa.Array], command: str
) -> None:
    stream = io.BytesIO()
    parquet.write_table(pa.table(table), stream)
    options = {
        "adjudicate": ["--year", "2026", "--out", "members.parquet", "--threads", "1"],
        "profile": ["--out", "own.yaml"],
    }[command]
    ran = balance({"claims.parquet": stream.getvalue()}, [command, "claims.parquet", *options])
    assert "SECRET" not in ran.out + ran.err


@bounded(8)
@given(data=st.data())
def test_an_enrollment_or_code_file_with_anything_in_it_is_read_or_one_line(
    data: st.DataObject,
) -> None:
    def table(head: list[str], row: list[str]) -> bytes:
        lines = [[data.draw(at_odds(name)) for name in head], row, list(row)]
        lines[data.draw(st.integers(1, 2))][data.draw(st.integers(0, 1))] = data.draw(CELL)
        return as_csv(lines)

    files = {
        "claims.csv": as_csv([[*HEAD, "ndc"], *([*row, "1"] for row in rows(5))]),
        "e.csv": table(["member_id", "start", "end"], ["SECRET1", "2026-01-01", "2026-12-31"]),
        "codes.csv": table(["code", "drug_class"], ["1", "selected"]),
        "map.yaml": MAPPINGS[1].encode() + b"codes: {column: ndc, file: codes.csv}\\n",
    }
    options = data.draw(
        st.sampled_from([["--enrollment", "e.csv"], ["--layout", "map.yaml"],
                         ["--enrollment", "e.csv", "--layout", "map.yaml"]])
    )  # fmt: skip
    ran = balance(files, ["adjudicate", "claims.csv", "--year", "2026", "--threads", "1", *options])
    assert "SECRET" not in ran.out + ran.err
