"""Workbooks: whatever is in their cells and parts, a decision or one line."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.report.template import write
from tests.fuzz.fuzzed import ODD_TEXT, balance, bounded

CELL = re.compile(rb'<c r="(B\d+)"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The parts of a template for a state, which is the smaller one."""
    path: Path = tmp_path_factory.mktemp("template") / "template.xlsx"
    write(path, "medicaid", None)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def in_xml(text: str) -> str:
    """Text as XML can hold it."""
    kept = "".join(
        c for c in text if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe"
    )
    return escape(kept)


# A cell's attributes and inside, as a program other than Excel might write them.
CONTENT = st.one_of(
    (ODD_TEXT | st.text(max_size=8)).map(
        lambda text: ('t="inlineStr"', f"<is><t>{in_xml(text)}</t></is>")
    ),
    st.floats().map(lambda number: ("", f"<v>{number}</v>")),
    st.integers().map(lambda number: ("", f"<v>{number}</v>")),
    st.sampled_from([
        ('t="b"', "<v>1</v>"), ('t="e"', "<v>#N/A</v>"), ("", "<f>1/0</f>"), ('t="s"', "<v>-1</v>"),
        ('t="s"', "<v>99999999</v>"), ('t="d"', "<v>2028-01-01</v>"), ('t="d"', "<v>soon</v>"),
        ("", "<v></v>"), ("", "<v>1e999</v>"), ('t="n"', "<v>x</v>"), ('s="99999"', "<v>1</v>"),
    ]),
)  # fmt: skip


@bounded(14)
@given(data=st.data())
def test_a_workbook_with_anything_in_its_cells_is_a_decision_or_one_line(
    data: st.DataObject, parts: dict[str, bytes]
) -> None:
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name]
    cells = list(CELL.finditer(sheet))
    assert len(cells) > 20
    chosen = data.draw(st.lists(st.sampled_from(cells), max_size=3, unique=True))
    for match in sorted(chosen, key=lambda match: -match.start()):
        kind, inside = data.draw(CONTENT)
        cell = f'<c r="{match[1].decode()}" {kind}>{inside}</c>'.encode("utf-8", "replace")
        sheet = sheet[: match.start()] + cell + sheet[match.end() :]
    changed = {**parts, name: sheet}
    if data.draw(st.integers(0, 5)) == 0:
        gone = data.draw(st.sampled_from(sorted(parts)))
        del changed[gone]
    options = ["--resolution", "workbook", "--ledger", "ledger.csv"]
    balance({"own.xlsx": packed(changed)}, ["decide", "own.xlsx", *options])


@bounded(10)
@given(data=st.data())
def test_a_book_of_plans_with_anything_in_it_is_a_table_or_one_line(data: st.DataObject) -> None:
    head = data.draw(st.permutations(["name", "scenario", "plan.members", "terms.package"]))
    word = (
        ODD_TEXT
        | st.text(max_size=5)
        | st.sampled_from(["pdp_regional", "mapd", "40000", "40,000"])
    )
    lines = data.draw(st.lists(st.lists(word, max_size=5), max_size=3))
    text = "\n".join(",".join(line) for line in [list(head), ["A", "mapd", "1000", ""], *lines])
    balance(
        {"book.csv": text.encode("utf-8", "replace")},
        ["portfolio", "book.csv", "--out", "book_out.csv", "--resolution", "workbook"],
    )


TABLES = {
    "plans.csv": (
        ["selection", "pdp_regional", "--resolution", "workbook", "--plans", "plans.csv"],
        [
            ["name", "share", "premium", "covers"],
            ["A", "0.4", "36", "yes"],
            ["B", "0.6", "30", "no"],
        ],
    ),
    "sponsors.csv": (
        ["market", "sponsors.csv", "--json"],
        [["name", "scenario", "members"], ["A", "mapd", "1000"], ["B", "pdp_national", "2000"]],
    ),
}


@bounded(6)
@given(data=st.data(), name=st.sampled_from(sorted(TABLES)))
def test_a_table_with_anything_in_it_is_an_answer_or_one_line(
    data: st.DataObject, name: str
) -> None:
    command, rows = TABLES[name]
    lines = [list(row) for row in rows]
    for _ in range(data.draw(st.integers(1, 3))):
        line = data.draw(st.sampled_from(lines))
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(ODD_TEXT | st.text(max_size=5))
    text = "\n".join(",".join(line) for line in lines)
    balance({name: text.encode("utf-8", "replace")}, command)
