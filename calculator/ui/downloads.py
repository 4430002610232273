"""Results as files. Nothing is kept: a file is made of what the page shows and handed over."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

# What a spreadsheet takes for the start of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV; text that a spreadsheet would run as a formula gets an apostrophe.

    >>> print(csv_text(pd.DataFrame({"=name": ["=1+1", "-2", "plain"], "usd": [-1.5, 2.0, 0.1]})))
    '=name,usd
    '=1+1,-1.5
    '-2,2.0
    plain,0.1
    <BLANKLINE>
    """
    return frame.map(_safe).rename(columns=_safe).to_csv(index=False, lineterminator="\n")


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def file_name(*parts: str) -> str:
    """A file's name of plain letters.

    >>> file_name("District of Columbia", "budget", "ab12")
    'district_of_columbia_budget_ab12.csv'
    """
    return re.sub(r"[^a-z0-9]+", "_", " ".join(parts).lower()).strip("_") + ".csv"


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
