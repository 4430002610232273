"""Streamlit entry: the list of pages, nothing else."""

import streamlit as st

from calculator.ui import decide, portfolio, selection, states, uncertainty

st.set_page_config(
    page_title="balance-calculator",
    page_icon="⚖️",
    layout="wide",
    initial_sidebar_state=330,  # pixels; hidden at first on a phone
)
st.navigation(
    {
        "Decision": [
            st.Page(decide.render, title="Decide", url_path="decide", default=True),
            st.Page(selection.render, title="Adverse selection", url_path="selection"),
            st.Page(uncertainty.render, title="Uncertainty", url_path="uncertainty"),
        ],
        "Many payers": [
            st.Page(states.render, title="States", url_path="states"),
            st.Page(portfolio.render, title="Portfolio", url_path="portfolio"),
        ],
    },
    position="top",
).run()
