"""Streamlit entry: the list of pages, nothing else."""

import streamlit as st

st.title("Balance calculator")
