"""How many images each class has to train on and to test on: a chart, and beside it the table of all classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.shared.chart import chart
from vitcore import figures

if TYPE_CHECKING:
    from vitcore.data.load import Images

HEIGHT = 320  # pixels


def class_balance(images: Images, name: str) -> None:
    """Draw it; `name` is of the file that the chart is saved in."""
    classes = list(images.classes)
    splits = {
        label: split.labels.bincount(minlength=len(classes)).tolist()
        for label, split in {"To train on": images.train, "To test on": images.test}.items()
    }
    st.subheader("Images of each class", anchor=False)
    drawn, listed = st.columns([2, 1], gap="large")
    with drawn:
        chart(figures.class_counts(classes, splits, height=HEIGHT), key="class-counts", name=f"vitcore-{name}-classes")
    with listed:
        number = st.column_config.NumberColumn(format="%,d", width="small")
        st.dataframe(
            pd.DataFrame({"Class": classes, **splits}),
            hide_index=True,
            placeholder="",
            key="class-table",
            height=min(HEIGHT, 38 + 35 * len(classes)),
            column_config=dict.fromkeys(splits, number),
        )
