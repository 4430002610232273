"""The engine under the claims query: DuckDB in this process, or Spark where the claims lie.

Both give ibis tables, so that everything after the scan is defined once. DuckDB sorts and
aggregates out of core: past `memory_limit` it spills to a private folder, removed at the end.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator.errors import InputError

ENGINES = ("duckdb", "spark")
LINE = "line"
# A row with more cells than the header fills these and is rejected, not the whole file.
SPARE = tuple(f"spare_cell_{index}" for index in range(8))
# Of the free space of the disk: the rest is for the files that are written at the end.
SPILL_SHARE = 0.8


@dataclass(frozen=True)
class Engine:
    """A running engine: `con` is its ibis backend, `folder` its private temporary folder."""

    name: str
    con: Any
    folder: Path | None = None

    def scan_csv(self, path: str, columns: Sequence[str], delimiter: str) -> Any:
        """A CSV file as an ibis table: every cell as text, its line number, and spare cells."""
        if self.name == "duckdb":
            return _duckdb_csv(self.con, path, columns, delimiter)
        reader = self.con._session.read
        schema = ", ".join(f"`{name}` string" for name in (*columns, *SPARE))
        frame = reader.csv(
            path, schema=schema, sep=delimiter, header=True, escape='"', mode="PERMISSIVE",
            enforceSchema=True, ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False,
        )  # fmt: skip
        return _spark_lines(self.con, frame, first_line=2)

    def scan_parquet(self, path: str) -> Any:
        """A Parquet file as an ibis table of its own types; `line` as in a CSV file, from 2 on."""
        if self.name == "duckdb":
            quoted = path.replace("'", "''")
            # hive_partitioning would turn a folder's name into a column.
            return _duckdb_view(
                self.con,
                f"select * exclude (file_row_number), file_row_number + 2 as {LINE} from "
                f"read_parquet('{quoted}', file_row_number = true, hive_partitioning = false)",
            )
        return _spark_lines(self.con, self.con._session.read.parquet(path), first_line=2)

    def scan_table(self, name: str) -> Any:
        """A table of the Spark catalog."""
        return _spark_lines(self.con, self.con._session.table(name), first_line=2)

    def keep(self, expression: Any) -> Any:
        """The rows of an expression, computed once, as long as the engine runs."""
        import ibis

        name = ibis.util.gen_name("kept")
        if self.name == "duckdb":
            return self.con.create_table(name, expression, temp=True)
        frame = self.con._session.sql(self.con.compile(expression))
        # Also ends the plan here: Spark would write a column out wherever it is used, and the plan
        # of columns made of columns would outgrow its memory.
        frame.localCheckpoint().createOrReplaceTempView(name)
        return self.con.table(name)

    def batches(self, expression: Any) -> Iterator[Any]:
        """The rows of an expression as Arrow batches, in its order."""
        if self.name == "duckdb":
            yield from self.con.con.sql(self.con.compile(expression)).to_arrow_reader(250_000)
            return
        yield from _spark_batches(self.con, expression)

    def progress(self) -> float | None:
        """Share of the running query that is done, 0 to 1; None where the engine does not say."""
        if self.name != "duckdb":
            return None
        share = float(self.con.con.query_progress())
        return min(share / 100.0, 1.0) if share >= 0.0 else None

    def close(self) -> None:
        """End the engine and remove what it wrote."""
        with contextlib.suppress(Exception):
            self.con.disconnect()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def duckdb(
    memory_limit: str | None = None, threads: int | None = None, temp: Path | None = None
) -> Engine:
    """DuckDB in this process. memory_limit as "4GB"; temp: where to spill (a folder).

    It spills at most SPILL_SHARE of what is free on that disk.

    >>> with duckdb(memory_limit="1GB", threads=1) as engine:
    ...     engine.name
    'duckdb'
    """
    import duckdb as library
    import ibis

    if temp is not None and not temp.is_dir():
        raise InputError("--temp", "a folder that exists", str(temp))
    folder = Path(tempfile.mkdtemp(prefix="balance-claims-", dir=temp))
    # The order of lines is asked for where it matters; otherwise rows may stream.
    free = int(shutil.disk_usage(folder).free * SPILL_SHARE)
    config: dict[str, Any] = {
        "temp_directory": str(folder),
        "max_temp_directory_size": f"{free}B",
    }
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    if threads is not None:
        config["threads"] = threads
    try:
        con = ibis.duckdb.connect(**config)
    except library.Error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError("--memory", "an amount as 4GB", str(memory_limit)) from None
    # query_progress() is only kept up while this is on; it is not printed.
    con.raw_sql("set enable_progress_bar = true")
    con.raw_sql("set enable_progress_bar_print = false")
    return Engine("duckdb", con, folder)


def spark(master: str | None = None) -> Engine:
    """Spark: local[*] without a word, a master as spark://host:7077, or Spark Connect as sc://host."""
    try:
        import ibis
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "--engine", "duckdb, or spark after pip install 'balance-calculator[spark]'", "spark"
        ) from None
    master = master or "local[*]"
    if not master.startswith("sc://") and shutil.which("java") is None:
        raise InputError("--engine", "duckdb, or spark with Java 17 installed", "spark")
    folder = Path(tempfile.mkdtemp(prefix="balance-claims-"))
    # Spark's own process outlives a session and may still write there.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    builder = SparkSession.builder
    try:
        if master.startswith("sc://"):
            session = builder.remote(master).getOrCreate()
        else:
            session = (
                builder.master(master)
                .appName("balance adjudicate")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                .config("spark.local.dir", str(folder))
                .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
                .config("spark.sql.shuffle.partitions", "8" if "local" in master else "200")
                .getOrCreate()
            )
            session.sparkContext.setLogLevel("OFF")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(
            "--master", "a Spark that answers", f"{master} ({type(error).__name__})"
        ) from None
    return Engine("spark", ibis.pyspark.connect(session), folder)


def _duckdb_view(con: Any, query: str) -> Any:
    import ibis

    name = ibis.util.gen_name("scan")
    con.raw_sql(f"create temp view {name} as {query}")
    return con.table(name)


def _duckdb_csv(con: Any, path: str, columns: Sequence[str], delimiter: str) -> Any:
    def text(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    types = ", ".join(f"{text(name)}: 'VARCHAR'" for name in (*columns, *SPARE))
    return _duckdb_view(
        con,
        f"select *, row_number() over () + 1 as {LINE} from read_csv({text(path)}, "
        f"columns = {{{types}}}, auto_detect = false, header = false, skip = 1, "
        f"delim = {text(delimiter)}, quote = '\"', escape = '\"', null_padding = true, "
        "max_line_size = 1000000)",
    )


def _spark_lines(con: Any, frame: Any, first_line: int) -> Any:
    """A Spark frame with `line`: rows before this partition, plus the row's place in it."""
    import ibis
    from pyspark.sql import functions as f

    counts = dict(frame.groupBy(f.spark_partition_id().alias("part")).count().collect())
    starts, total = [], first_line
    for part in range(max(counts, default=-1) + 1):
        starts.append(total)
        total += counts.get(part, 0)
    place = f.monotonically_increasing_id()
    within = place.bitwiseAND(f.lit((1 << 33) - 1))
    start = f.element_at(
        f.array(*(f.lit(s).cast("bigint") for s in starts or [first_line])),
        f.shiftright(place, 33).cast("int") + 1,
    )
    name = ibis.util.gen_name("scan")
    frame.withColumn(LINE, start + within).createOrReplaceTempView(name)
    return con.table(name)


def _spark_batches(con: Any, expression: Any) -> Iterator[Any]:
    """Rows of a Spark expression, partition by partition in order, never all at once."""
    import pyarrow as pa

    frame = con._session.sql(con.compile(expression))
    schema = expression.schema().to_pyarrow()
    rows: list[Any] = []
    for row in frame.toLocalIterator(prefetchPartitions=True):
        rows.append(row.asDict())
        if len(rows) == 50_000:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=schema)
