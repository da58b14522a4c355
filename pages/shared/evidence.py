"""The evidence behind what a page says, folded: SQL, runs, command, notebook cell, each with a button to copy it."""

from __future__ import annotations

import streamlit as st

from vitcore.store.provenance import Provenance

SQL = "A row a run, by DuckDB on results/runs.duckdb, or on the runs kept with the project:"


def evidence(found: Provenance, label: str, *, key: str, sql: str = SQL) -> None:
    """Draw it under `label`.

    Args:
        sql: what the SQL gives, in a sentence.
    """
    with st.expander(label, key=key):
        if found.sql:
            st.caption(sql)
            st.code(found.sql, language="sql", wrap_lines=True)
        if found.runs:
            st.caption("Runs:")
            st.code("\n".join(found.runs), language=None)
        else:
            st.caption("No run is counted here.")
        if found.command:
            st.caption("Made by:")
            st.code(found.command, language="bash", wrap_lines=True)
        st.caption("Computed again in a notebook:")
        st.code(found.notebook, language="python", wrap_lines=True)
