"""Results as files. Nothing is kept: a file is made of what the page shows and handed over."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from calculator.decision import PlanDecision, StateDecision
from calculator.exports import csv_text
from calculator.report.words import file_stem
from calculator.scenario import file_text

Table = pd.DataFrame
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file_name(*parts: str) -> str:
    """A file's name of plain letters.

    >>> file_name("District of Columbia", "budget", "ab12")
    'district_of_columbia_budget_ab12.csv'
    """
    return re.sub(r"[^a-z0-9]+", "_", " ".join(parts).lower()).strip("_") + ".csv"


@st.cache_data(max_entries=16, show_spinner=False)
def workbook_bytes(mark: str, _decision: PlanDecision | StateDecision) -> bytes:
    """The decision's workbook; mark: its fingerprint."""
    from calculator.report.workbook import write_workbook

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decision.xlsx"
        write_workbook(_decision, path)
        return path.read_bytes()


def workbook(decision: PlanDecision | StateDecision, key: str) -> None:
    """A button that hands over a decision as a workbook of live formulas, written when clicked."""
    st.download_button(
        "Workbook of live formulas",
        partial(workbook_bytes, decision.fingerprint, decision),
        file_name=f"{file_stem(decision)}.xlsx",
        mime=XLSX,
        key=key,
        on_click="ignore",
        icon=":material/table_view:",
    )


def scenario_file(decision: PlanDecision | StateDecision, key: str) -> None:
    """A button that hands over the inputs as a file that loads back to the same run, written when
    clicked."""
    st.download_button(
        "Scenario file",
        lambda: file_text(decision.scenario.plain()),
        file_name=f"{file_stem(decision)}.yaml",
        mime="application/yaml",
        key=key,
        on_click="ignore",
        icon=":material/settings_backup_restore:",
    )


def ledger(decision: PlanDecision | StateDecision, key: str) -> None:
    """A button that hands over every dollar with its payer, written when clicked."""
    st.download_button(
        "Ledger as CSV",
        lambda: csv_text(decision.ledger()),
        file_name=f"{file_stem(decision)}.csv",
        mime="text/csv",
        key=key,
        on_click="ignore",
        icon=":material/receipt_long:",
    )


@st.cache_data(max_entries=16, show_spinner=False)
def memo_text(mark: str, _decision: PlanDecision | StateDecision) -> str:
    """The decision's memo; mark: its fingerprint."""
    from calculator.report.memo import memo_html

    return memo_html(_decision)


def memo(decision: PlanDecision | StateDecision, key: str) -> None:
    """A button that hands over the memo, ready to print, written when clicked."""
    st.download_button(
        "Memo to print",
        partial(memo_text, decision.fingerprint, decision),
        file_name=f"{file_stem(decision)}.html",
        mime="text/html",
        key=key,
        on_click="ignore",
        icon=":material/description:",
    )


def download(label: str, frame: Table | Callable[[], Table], name: str, key: str) -> None:
    """A button that hands over a table as a file, written (and made, if it can be) when clicked."""
    st.download_button(
        label,
        lambda: csv_text(frame() if callable(frame) else frame),
        file_name=name,
        mime="text/csv",
        key=key,
        on_click="ignore",
        icon=":material/download:",
    )
