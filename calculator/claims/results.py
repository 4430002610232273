"""What comes out of adjudication: the members' file, the rejects' file, and the summary.

Files are whole or not there. No member identifier is in anything but the members' file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from calculator.claims import files, query
from calculator.claims.engine import LINE, Engine
from calculator.claims.reading import PAID, Claims
from calculator.errors import InputError
from calculator.exports import FORMULA, check_target, whole

SUFFIXES = (".csv", ".parquet")
USD = query.PER_CENT * 100  # hundred-millionths


def check_targets(claims: str, out: Path | None, rejects: Path | None) -> None:
    """Refuse, before anything is read, what could not be written or would be written over."""
    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise InputError("--out", "a file that ends in .csv or .parquet", out.name)
    for option, path in (("--out", out), ("--rejects", rejects)):
        if path is None:
            continue
        check_target(path, option)
        if path.resolve() == Path(claims).resolve():
            raise InputError(option, "another file than the claims", str(path))
    if out is not None and rejects is not None and out.resolve() == rejects.resolve():
        raise InputError("--rejects", "another file than --out", str(rejects))


def write_members(engine: Engine, by_phase: Any, path: Path) -> None:
    """One row a member, sorted by member_id, as .csv or .parquet by the suffix of the target."""
    import pyarrow as pa
    from pyarrow import parquet

    table = query.members(by_phase)
    usd = [(name, pa.decimal128(19, 2)) for name in query.AMOUNTS]
    schema = pa.schema([("member_id", pa.string()), *usd])
    batches = (_in_usd(pa, batch, schema) for batch in engine.batches(table) if batch.num_rows)
    with whole(path) as name:
        if path.suffix.lower() == ".parquet":
            with parquet.ParquetWriter(name, schema) as writer:
                for batch in batches:
                    writer.write_batch(batch)
            return
        with name.open("wb") as stream:
            stream.write((",".join(schema.names) + "\n").encode())
            for batch in batches:
                stream.write(_csv(pa, batch))


def _in_usd(pa: Any, batch: Any, schema: Any) -> Any:
    """A batch of whole cents as decimals with two places, whatever engine it came from."""
    member, *cents = batch.columns
    columns = [member.cast(pa.string())]
    for column in cents:
        whole_cents = column.cast(pa.int64()).cast(pa.decimal128(19, 0))
        # The same digits, read with two of them behind the point.
        columns.append(
            pa.Array.from_buffers(
                pa.decimal128(19, 2), len(column), whole_cents.buffers(), offset=whole_cents.offset
            )
        )
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _csv(pa: Any, batch: Any) -> bytes:
    """Rows as CSV text: plain decimals, an identifier quoted only where it must be."""
    from pyarrow import compute as pc

    member, *amounts = batch.columns
    # No identifier is run as a formula where the file is opened in a spreadsheet.
    starts = pc.match_substring_regex(member, f"^[{re.escape(''.join(FORMULA))}]")
    member = pc.if_else(starts, pc.binary_join_element_wise("'", member, ""), member)
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(member, '"', '""'), '"', "")
    plain = pc.if_else(pc.match_substring_regex(member, '[",\r\n]'), quoted, member)
    texts = [pc.cast(column, pa.string()) for column in amounts]
    lines = pc.binary_join_element_wise(plain, *texts, ",")
    text: bytes = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")[
        0
    ].as_buffer()
    return bytes(text) + b"\n"


def write_rejects(claims: Claims, path: Path) -> None:
    """Line and reason of every rejected row, in the order of the file."""
    table = claims.rejects.table.order_by(LINE)
    blank = files.blank_lines(claims.path) if claims.rejects.total and claims.text else []
    with whole(path) as name, name.open("w", encoding="utf-8", newline="") as stream:
        stream.write("line,reason\n")
        if not claims.rejects.total:
            return
        passed = 0
        for batch in claims.engine.batches(table):
            for row in batch.to_pylist():
                # Engines skip empty lines without counting them.
                while passed < len(blank) and blank[passed] <= row[LINE] + passed:
                    passed += 1
                stream.write(f"{row[LINE] + passed},{row['reason']}\n")


def compared(claims: Claims) -> tuple[str, ...]:
    """The amounts that the claims bring and a back-test can hold against ours."""
    return tuple(name for name in PAID if name in claims.given)


def summary(claims: Claims, by_phase: Any) -> dict[str, Any]:
    """Totals by payer and phase, and the back-test, in USD, as plain data."""
    names = [name for name in by_phase.columns if name not in ("member_id", "phase")]
    wide = {name: by_phase[name].cast("decimal(38, 0)").sum() for name in names}
    rows = by_phase.group_by("phase").agg(**wide).order_by("phase").to_pandas()
    table: dict[str, dict[str, int]] = {phase: dict.fromkeys(names, 0) for phase in query.PHASES}
    for row in rows.to_dict("records"):
        table[query.PHASES[int(row["phase"])]] = {name: int(row[name] or 0) for name in names}
    # One row a member and phase: members are counted apart.
    members = int(by_phase.member_id.nunique().to_pandas()) if claims.count else 0
    money = query.AMOUNTS
    return {
        "claims": claims.rows,
        "accepted": claims.count,
        "rejected": claims.rejects.total,
        "reasons": claims.rejects.counts,
        "set_aside": claims.set_aside,
        "members": members,
        "bridge": bridge(claims),
        "payers": {name: sum(row[name] for row in table.values()) / USD for name in money},
        "phases": {
            phase: {"claims": row["claims"], **{name: row[name] / USD for name in money}}
            for phase, row in table.items()
        },
        "backtest": {
            name: _backtest(name, table)
            for name in compared(claims)
            if sum(row[f"{name}_compared"] for row in table.values())
        },
    }


def bridge(claims: Claims) -> dict[str, Any]:
    """Bridge fills, which are outside the benefit: how many, and their gross in USD."""
    if "fill_kind" not in claims.given:
        return {"claims": 0, "gross": 0.0}
    fills = claims.table.filter(claims.table.fill_kind == "bridge")
    row = fills.agg(claims=fills.count(), gross=fills.gross.sum()).to_pandas().iloc[0]
    number = int(row["claims"])
    return {"claims": number, "gross": float(row["gross"]) / 10_000 if number else 0.0}


def _backtest(name: str, table: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Adjudicated against the amount on the claims, by the phase in which a claim begins."""

    def of(rows: list[dict[str, int]]) -> dict[str, Any]:
        claims = sum(row[f"{name}_compared"] for row in rows)
        within = sum(row[f"{name}_within"] for row in rows)
        paid = sum(row[f"{name}_paid"] for row in rows)
        gap = sum(row[f"{name}_gap"] for row in rows)
        return {
            "claims": claims,
            "on_claims": paid / USD,
            "adjudicated": (paid + gap) / USD,
            "difference": gap / USD,
            "within_a_cent": within / claims if claims else None,
        }

    return {
        **of(list(table.values())),
        "phases": {phase: of([row]) for phase, row in table.items()},
    }
