"""Synthetic claims and members as files: chunk by chunk, whole or not there at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calculator.claims.synthetic import (
    CLASSES,
    FILL_KINDS,
    LEVELS,
    MANUFACTURERS,
    Claims,
    Makeup,
    Members,
    Whole,
    chunks,
)
from calculator.errors import InputError
from calculator.exports import whole

SUFFIXES = (".csv", ".parquet")
MONEY = pa.decimal128(12, 2)
DATE = pa.date32()
CLAIMS = pa.schema(
    [
        ("member_id", pa.string()),
        ("service_date", DATE),
        ("sequence", pa.int32()),
        ("drug_class", pa.string()),
        ("gross_cost", MONEY),
        ("copay", MONEY),
        ("lis", pa.string()),
        ("brand", pa.bool_()),
        ("fill_kind", pa.string()),
        ("manufacturer", pa.string()),
        ("days_supply", pa.int32()),
        ("product", pa.string()),
    ]
)


def synthesize(
    makeup: Makeup, members: int, seed: int, out: Path, enrollment: Path | None = None
) -> int:
    """Write claims of so many members, and who they are; the number of claims.

    out and enrollment end in .csv or .parquet. The same seed writes the same bytes.
    """
    if members < 1:
        raise InputError("--members", "a number from 1 up", members)
    for option, path in (("--out", out), ("--enrollment", enrollment)):
        if path is not None and path.suffix.lower() not in SUFFIXES:
            raise InputError(option, "a file ending in .csv or .parquet", path.name)
    written = 0
    with _whole(out, CLAIMS) as add_claims, _whole(enrollment, ENROLLMENT) as add_members:
        for people, claims in chunks(makeup, members, seed):
            ids = pa.array([f"S{number:09d}" for number in people.number.tolist()])
            add_claims(_claims_table(makeup, people, claims, ids))
            add_members(_members_table(makeup, people, ids))
            written += len(claims.member)
    return written


@contextmanager
def _whole(path: Path | None, schema: Any) -> Iterator[Any]:
    """A function that adds a table to a file, which takes its name when all is written."""
    if path is None:
        yield lambda table: None
        return
    with whole(path) as unfinished, _writer(unfinished, schema) as writer:
        yield writer.write_table


def _writer(path: Path, schema: Any) -> Any:
    if path.suffix.lower() == ".csv":
        from pyarrow import csv

        # Nothing that is written here needs quotes.
        options = csv.WriteOptions(quoting_style="none", quoting_header="none")
        return csv.CSVWriter(path, schema, write_options=options)
    from pyarrow import parquet

    return parquet.ParquetWriter(path, schema, compression="zstd")


def _claims_table(makeup: Makeup, people: Members, claims: Claims, ids: Any) -> Any:
    products = list(makeup.covered.products)
    if makeup.model is not None:
        products += makeup.model.products
    columns = [
        ids.take(pa.array(claims.member)),
        _dates(makeup.year, claims.day),
        pa.array(claims.sequence, pa.int32()),
        _words(CLASSES, claims.drug_class),
        _money(claims.cents),
        _money(claims.copay, empty=claims.copay < 0),
        _words(LEVELS, people.level[claims.member]),
        pa.array(claims.brand),
        _words(FILL_KINDS, claims.fill_kind),
        _words(MANUFACTURERS, claims.manufacturer),
        pa.array(claims.days_supply, pa.int32()),
        _words(products, claims.product),
    ]
    return pa.table(columns, schema=CLAIMS)


def _members_table(makeup: Makeup, people: Members, ids: Any) -> Any:
    ends = np.zeros(len(ids), dtype=np.int64)
    last = dt.date(makeup.year, 12, 31).timetuple().tm_yday - 1
    columns = [
        ids,
        _dates(makeup.year, ends),
        _dates(makeup.year, ends + last),
        _words(LEVELS, people.level),
    ]
    return pa.table(columns, schema=ENROLLMENT)


def _dates(year: int, day: Whole) -> Any:
    since = (dt.date(year, 1, 1) - dt.date(1970, 1, 1)).days
    return pa.array((since + day).astype(np.int32), pa.int32()).cast(DATE)


def _words(words: Any, codes: Whole) -> Any:
    """Words by their place; below 0: empty."""
    found = pa.array(codes, pa.int32(), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(found, pa.array(list(words))).dictionary_decode()


def _money(cents: Whole, empty: NDArray[np.bool_] | None = None) -> Any:
    """Cents as exact decimals, which Arrow keeps as 128-bit integers."""
    wide = np.zeros((len(cents), 2), dtype="<i8")
    wide[:, 0] = np.maximum(cents, 0)
    valid = None
    if empty is not None:
        valid = pa.py_buffer(np.packbits(~empty, bitorder="little").tobytes())
    return pa.Array.from_buffers(MONEY, len(cents), [valid, pa.py_buffer(wide)])


ENROLLMENT = pa.schema(
    [("member_id", pa.string()), ("start", DATE), ("end", DATE), ("lis", pa.string())]
)
