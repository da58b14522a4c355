"""Page config and st.navigation, nothing else; a new page is a folder here and one line below."""

import streamlit as st

from pages.shared import format, frame
from vitcore.errors import Refusal

st.set_page_config(page_title="vitcore", page_icon="🔬", layout="wide")

PAGES = {
    "": [st.Page("home/page.py", title="Home", default=True)],
    "Work": [
        st.Page("train/page.py", title="Train", url_path="train"),
        st.Page("live/page.py", title="Live", url_path="live"),
        st.Page("compare/page.py", title="Compare", url_path="compare"),
        st.Page("draw/page.py", title="Draw", url_path="draw"),
    ],
    "Understand": [
        st.Page("architectures/page.py", title="Architectures", url_path="architectures"),
        st.Page("kernels/page.py", title="Kernels", url_path="kernels"),
        st.Page("datasets/page.py", title="Datasets", url_path="datasets"),
    ],
    "Reports": [
        st.Page("reports/performer.py", title="Performer kernels", url_path="report_performer"),
        st.Page("reports/cifar10.py", title="ViT on CIFAR-10", url_path="report_cifar10"),
        st.Page("reports/slides.py", title="Compact transformers", url_path="report_slides"),
        st.Page("reports/hybrid.py", title="Hybrid sequential ViT", url_path="report_hybrid"),
    ],
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
