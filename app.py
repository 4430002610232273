"""Streamlit entry: the list of pages, nothing else."""

import streamlit as st

from calculator.ui import (
    assumptions,
    claims,
    decide,
    export,
    logs,
    portfolio,
    selection,
    sign_in,
    states,
    uncertainty,
    who_pays,
)

st.set_page_config(
    page_title="balance-calculator",
    page_icon="⚖️",
    layout="wide",
    initial_sidebar_state=330,  # pixels; hidden at first on a phone
)
logs.discreet()
sign_in.required()
st.navigation(
    {
        "Decision": [
            # The first page lies at the root, whatever its path; who types /decide comes to it too.
            st.Page(decide.render, title="Decide", url_path="first", default=True),
            st.Page(decide.render, title="Decide", url_path="decide", visibility="hidden"),
            st.Page(who_pays.render, title="Who pays each dollar", url_path="who_pays"),
            st.Page(selection.render, title="Adverse selection", url_path="selection"),
            st.Page(uncertainty.render, title="Uncertainty", url_path="uncertainty"),
        ],
        "Many payers": [
            st.Page(states.render, title="States", url_path="states"),
            st.Page(portfolio.render, title="Portfolio", url_path="portfolio"),
        ],
        "Inputs and files": [
            st.Page(claims.render, title="My claims", url_path="claims"),
            st.Page(assumptions.render, title="Assumptions", url_path="assumptions"),
            st.Page(export.render, title="Export and compare", url_path="export"),
        ],
    },
    position="top",
).run()
