"""Results as files. Nothing is kept: a file is made of what the page shows and handed over."""

from __future__ import annotations

import re
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from calculator.decision import PlanDecision, StateDecision
from calculator.exports import csv_text

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
    name = file_name(decision.scenario.name, decision.fingerprint[:8])
    st.download_button(
        "Workbook of live formulas",
        partial(workbook_bytes, decision.fingerprint, decision),
        file_name=name.removesuffix(".csv") + ".xlsx",
        mime=XLSX,
        key=key,
        on_click="ignore",
        icon=":material/table_view:",
    )


def download(label: str, frame: pd.DataFrame, name: str, key: str) -> None:
    """A button that hands over a table as a file."""
    st.download_button(
        label,
        csv_text(frame),
        file_name=name,
        mime="text/csv",
        key=key,
        on_click="ignore",
        icon=":material/download:",
    )
