"""Page config and st.navigation, nothing else; a new page is one file here and one line below."""

import streamlit as st

from pages.parts import frame, wording
from vitcore.errors import Refusal

st.set_page_config(page_title="vitcore", page_icon="🔬", layout="wide")

PAGES = {
    "": [st.Page("home.py", title="Home", default=True)],
    "Work": [
        st.Page("train.py", title="Train"),
        st.Page("live.py", title="Live"),
        st.Page("compare.py", title="Compare"),
        st.Page("draw.py", title="Draw"),
    ],
    "Understand": [
        st.Page("architectures.py", title="Architectures"),
        st.Page("kernels.py", title="Kernels"),
        st.Page("datasets.py", title="Datasets"),
    ],
    "Reports": [
        st.Page("report_performer.py", title="Performer kernels"),
        st.Page("report_cifar10.py", title="ViT on CIFAR-10"),
        st.Page("report_slides.py", title="Compact transformers"),
        st.Page("report_hybrid.py", title="Hybrid sequential ViT"),
    ],
}

page = st.navigation(PAGES)
frame.dress()
st.session_state["page-before"], st.session_state["page-now"] = st.session_state.get("page-now"), page.url_path
try:
    with frame.alone():
        page.run()
except Refusal as refusal:  # one sentence for the person, such as a results folder that cannot be read
    st.error(wording.plain(str(refusal)))
frame.warm_up()
