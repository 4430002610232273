"""Streamlit entry: the list of pages, nothing else."""

import streamlit as st

from calculator.ui import decide

st.set_page_config(
    page_title="balance-calculator",
    page_icon="⚖️",
    layout="wide",
    initial_sidebar_state=330,  # pixels; hidden at first on a phone
)
st.navigation(
    [st.Page(decide.render, title="Decide", url_path="decide", default=True)],
    position="top",
).run()
