"""Studies: text, tables, figures and runs as one document to hand in, with a bundle that opens elsewhere."""

from __future__ import annotations

import streamlit as st

from pages.server import store_cache
from pages.shared import format, frame
from pages.studies import choosing, handing, receiving
from vitcore.errors import UserError

frame.heading(
    "Studies",
    "What you found, to hand in: your text, the tables, figures and runs behind it as one document that any browser "
    "opens offline, and a bundle from which another machine makes it again.",
)
choice = choosing.form(store_cache.runs())
try:
    handing.hand_in(choice)
except UserError as user_error:
    st.warning(format.plain(str(user_error)))
st.subheader("Open a study", anchor=False)
receiving.form()
