"""The way from a stored run to Train with its options filled in."""

from __future__ import annotations

import streamlit as st

from pages.shared import format
from pages.train import address
from vitcore.errors import UserError
from vitcore.runs.folder import RunFolder


def start_from(run: RunFolder, *, key: str) -> None:
    """A button that opens Train with the run's options; they stand in the address, and can be changed there."""
    if not st.button("Start from this run", key=key, help="Opens Train with its options, to be changed or launched."):
        return
    try:
        spec = run.spec()
        if spec.init.checkpoint_digest:
            raise UserError(
                "this run's weights were imported, so its options would train another network; choose it under "
                "'Weights from run' to go on from them"
            )
        asked = address.of(spec)
    except UserError as error:
        st.toast(format.plain(str(error)))
        return
    address.forget()
    st.switch_page("train/page.py", query_params=asked)
