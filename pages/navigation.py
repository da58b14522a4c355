"""Page config and st.navigation, nothing else; which pages there are stands in contents.py."""

import streamlit as st

from pages.contents import COMPUTING, CONTENTS
from pages.shared import format, frame
from vitcore.errors import UserError

st.set_page_config(page_title="vitcore", page_icon="🔬", layout="wide")

PAGES = {
    heading: [
        st.Page(entry.file, title=entry.title, url_path=entry.address, default=not entry.address) for entry in entries
    ]
    for heading, entries in CONTENTS.items()
}

page = st.navigation(PAGES)
frame.dress()
st.session_state["page-before"], st.session_state["page-now"] = st.session_state.get("page-now"), page.url_path
try:
    with frame.alone():
        page.run()
except UserError as user_error:  # one sentence for the person, such as a results folder that cannot be read
    st.error(format.plain(str(user_error)))
frame.warm_up(frame.SOON if page.url_path in COMPUTING else frame.LATER)
