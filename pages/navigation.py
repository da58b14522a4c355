"""Page config and st.navigation, nothing else; which pages there are stands in contents.py."""

import streamlit as st

from pages.contents import CONTENTS
from pages.shared import format, frame
from vitcore.errors import Refusal

st.set_page_config(page_title="vitcore", page_icon="🔬", layout="wide")

PAGES = {
    heading: [st.Page(one.file, title=one.title, url_path=one.address, default=not one.address) for one in entries]
    for heading, entries in CONTENTS.items()
}

page = st.navigation(PAGES)
frame.dress()
st.session_state["page-before"], st.session_state["page-now"] = st.session_state.get("page-now"), page.url_path
try:
    with frame.alone():
        page.run()
except Refusal as refusal:  # one sentence for the person, such as a results folder that cannot be read
    st.error(format.plain(str(refusal)))
frame.warm_up()
