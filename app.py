"""Streamlit entry: the list of pages, nothing else."""

import streamlit as st

from calculator.ui import decide, selection, state, states

st.set_page_config(
    page_title="balance-calculator",
    page_icon="⚖️",
    layout="wide",
    initial_sidebar_state=330,  # pixels; hidden at first on a phone
)
st.navigation(
    {
        "Medicare Part D": [
            st.Page(decide.render, title="Decide", url_path="decide", default=True),
            st.Page(selection.render, title="Adverse selection", url_path="selection"),
        ],
        "Medicaid": [
            st.Page(state.render, title="State budget", url_path="state"),
            st.Page(states.render, title="States", url_path="states"),
        ],
    },
    position="top",
).run()
