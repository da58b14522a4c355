"""What can be done with the chosen runs at once: tag, rename, run again with other seeds, settle, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, islice

import pandas as pd
import streamlit as st

from pages.compare.run_details import all_tags, delete_chosen
from pages.shared import format
from pages.shared.launch import launch, watch
from pages.shared.measured_speeds import speeds
from pages.shared.status import answered
from vitcore.errors import UserError
from vitcore.figures.style import COLOR_NAMES, color
from vitcore.runs.annotations import Annotations, amend
from vitcore.runs.folder import Results
from vitcore.settle.question import MOST_SETTINGS
from vitcore.spec import RunSpec
from vitcore.store import naming, pooling

MOST_SEEDS = 20  # of each setting at once
AUTOMATIC = -1  # in place of a color: the pages choose; None would be taken for no answer


def actions(chosen: pd.DataFrame, everything: pd.DataFrame) -> None:
    """The ways, in a row; none where nothing is chosen."""
    if chosen.empty:
        return
    ids = [str(id) for id in chosen["id"]]
    with st.popover("Tag", key="bulk-tag"):
        _tag(ids, all_tags(everything))
    with st.popover("Color", key="bulk-color"):
        _color(ids)
    with st.popover("Rename", key="bulk-rename"):
        _rename(ids, chosen)
    settings = chosen[~pooling.without_spec(chosen)]  # another program's can be neither trained again nor settled
    if not settings.empty:
        with st.popover("More seeds", key="bulk-seeds", on_change="rerun") as opened:
            if opened.open:  # what it would cost need not be known before
                _more_seeds(settings, everything, len(chosen) - len(settings))
        _settle(settings)
    delete_chosen(ids)


def _tag(ids: list[str], known: list[str]) -> None:
    tags = st.multiselect(
        "Tags", known, accept_new_options=True, key="bulk-tags", placeholder="Type a tag and press Enter"
    )
    with st.container(horizontal=True, gap="small"):
        for words, key, change in (("Add", "bulk-tag-add", set.union), ("Remove", "bulk-tag-remove", set.difference)):
            st.button(
                f"{words} to {len(ids):,}" if words == "Add" else f"{words} from {len(ids):,}",
                key=key, disabled=not tags, on_click=_amend, args=(ids, partial(_tagged, change, tags)),
            )  # fmt: skip


def _tagged(change: Callable[[set[str], set[str]], set[str]], tags: list[str], _: str, old: Annotations) -> Annotations:
    return replace(old, tags=tuple(sorted(change(set(old.tags), set(tags)))))


def _color(ids: list[str]) -> None:
    """One of the palette's colors for each; chosen for all runs of a group it is the group's."""
    place = st.selectbox(
        "Color", [AUTOMATIC, *range(len(COLOR_NAMES))], key="bulk-color-place",
        format_func=lambda place: "Chosen by the pages" if place == AUTOMATIC else COLOR_NAMES[place],
        help="On Live, Compare, Draw and Diagnostics. A color of all runs of a group is the group's.",
    )  # fmt: skip
    chosen = None if place == AUTOMATIC else place
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"Color {len(ids):,}", key="bulk-color-go", on_click=_amend,
            args=(ids, lambda _, old: replace(old, color=chosen)),
        )  # fmt: skip
        if chosen is not None:  # its name alone does not show it
            st.html(f'<div class="chosen-color" style="background: {color(chosen)}"></div>', width="content")


def _rename(ids: list[str], chosen: pd.DataFrame) -> None:
    """One run's name; of several a name that each has before the options in which it differs from the others."""
    name = st.text_input("Name", key="bulk-name", placeholder="empty: the one it was started with").strip()
    differ = naming.what_differs(chosen) if len(ids) > 1 else [""]
    names = {
        id: " · ".join(filter(None, [name, options])) if name else "" for id, options in zip(ids, differ, strict=True)
    }
    if name and len(ids) > 1:
        st.caption(format.plain(f"The first becomes “{names[ids[0]]}”."))
    st.button(
        f"Rename {len(ids):,}", key="bulk-rename-go", on_click=_amend,
        args=(ids, lambda id, old: replace(old, name=names[id])),
    )  # fmt: skip


def _amend(ids: list[str], change: Callable[[str, Annotations], Annotations]) -> None:
    """Change each run's annotations; what is refused for one would be for all, and is said once."""

    def each(results: Results) -> None:
        for id in ids:
            amend(results.run(id), partial(change, id))

    answered(each)


def _more_seeds(chosen: pd.DataFrame, everything: pd.DataFrame, without: int) -> None:
    """How many further seeds of each chosen setting, what they may take, and the button that queues them."""
    if without:
        st.caption(f"Without {format.number(without, 'run')} of other programs.")
    many = int(st.number_input("Further seeds of each setting", 1, MOST_SEEDS, 1, key="bulk-seeds-many") or 1)
    try:
        specs = further(chosen, everything, many)
    except UserError as error:
        st.caption(format.plain(str(error)))
        return
    settings = format.number(chosen["fingerprint"].nunique(), "setting")
    st.caption(f"{format.number(len(specs), 'run')} of {settings}: {_minutes(specs, everything)}.")
    if st.button(f"Launch {len(specs):,}", key="bulk-seeds-go", type="primary") and (ids := launch(specs)):
        watch(ids)


def _minutes(specs: list[RunSpec], runs: pd.DataFrame) -> str:
    from vitcore.cost.speed import estimate  # brings scipy, for which the page's first paint need not wait

    return str(estimate(specs, runs, measured=speeds()))


def further(chosen: pd.DataFrame, everything: pd.DataFrame, many: int) -> list[RunSpec]:
    """A spec for each further seed of the chosen runs' settings: the smallest that no stored run of a setting has.

    Raises:
        UserError: a run's weights were imported, or its spec can no longer be read.
    """
    found = []
    for fingerprint, runs in chosen.groupby("fingerprint", sort=False):
        spec = Results().run(str(runs["id"].iloc[0])).spec()
        if spec.init.checkpoint_digest:
            raise UserError(f"{runs['title'].iloc[0]} has imported weights: training it again would be another network")
        used = set(everything.loc[everything["fingerprint"] == fingerprint, "seed"].dropna().astype(int))
        seeds = islice((seed for seed in count() if seed not in used), many)
        found += [RunSpec.of(spec, seed=seed, name="") for seed in seeds]
    return found


def _settle(chosen: pd.DataFrame) -> None:
    """Settle's question with the chosen runs' settings filled in."""
    settings = chosen.drop_duplicates("fingerprint")
    fits = 2 <= len(settings) <= MOST_SETTINGS
    explained = (
        f"Asks which of these settings is better; it takes 2 to {MOST_SETTINGS}, and {len(settings)} are chosen."
    )
    if st.button("Settle", key="bulk-settle", disabled=not fits, help=explained):
        st.switch_page("settle/page.py", query_params={"runs": ",".join(map(str, settings["id"]))})
