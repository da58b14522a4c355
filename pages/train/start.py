"""What the form starts from: a measured preset, a stored run, a report's recipe, imported weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.server import store_cache
from pages.shared import format, naming
from pages.train import standing
from pages.train.fold import fold
from vitcore.errors import UserError
from vitcore.published import recipes
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.spec.presets import presets

KIND = "start-kind"
KINDS = ("A preset", "A stored run", "A report's recipe", "Imported weights")
KEYS = dict(zip(KINDS, ("preset", "start-run", "start-recipe", "start-weights"), strict=True))
_REFUSED = "start-refused"  # in the session: why what was chosen could not be followed
MOST = 300  # of the newest runs that are offered


def start_from() -> None:
    """The fold: of which kind, which of them; choosing one sets every option of the form."""
    state = st.session_state
    kind = state.get(KIND) or KINDS[0]
    chosen = state.get(KEYS[kind])
    label = f"Start from · {_words(kind, chosen)}" if chosen else "Start from · the defaults"
    with fold(format.plain(label), "fold-start"):
        kind = st.segmented_control("Start from", KINDS, default=KINDS[0], required=True, key=KIND,
                                    label_visibility="collapsed", persist_state="session")  # fmt: skip
        offered = _offered(kind)
        if offered:
            st.selectbox(
                f"Which {kind.split(' ', 1)[1]}" if kind != KINDS[3] else "Which weights",
                offered,
                index=None,
                placeholder="the defaults",
                key=KEYS[kind],
                format_func=lambda item: _words(kind, item),
                on_change=_fill,
                args=(kind,),
                persist_state="session",
            )
        _describe(kind, state.get(KEYS[kind]) if offered else None, bool(offered))
    if sentence := state.pop(_REFUSED, None):
        st.warning(format.plain(sentence))


def nothing() -> None:
    """Forget what the form started from: an address has set it."""
    for key in KEYS.values():
        st.session_state[key] = None


def _offered(kind: str) -> list[Any]:
    if kind == KINDS[0]:
        return list(presets())
    if kind == KINDS[2]:
        return [recipe.label for recipe in recipes.recipes()]
    table = store_cache.runs()
    if table.empty:
        return []
    imported = table["checkpoint_digest"].notna() if "checkpoint_digest" in table else table["id"].isna()
    return [str(id) for id in table.loc[imported if kind == KINDS[3] else ~imported, "id"].head(MOST)]


def _words(kind: str, item: Any) -> str:
    return naming.everything().get(item, item) if kind in (KINDS[1], KINDS[3]) else str(item)


def _describe(kind: str, chosen: Any, offered: bool) -> None:
    """What was chosen, in a line; where there is nothing to choose, where it would come from."""
    if kind == KINDS[0] and chosen:
        st.caption(f"{presets()[chosen]} Any change below makes it another spec.")
    elif kind == KINDS[2] and chosen:
        st.caption(format.plain(_recipe(chosen).source or "Not the report's own recipe: a shorter one of vitcore's."))
    elif not offered and kind == KINDS[1]:
        st.caption("No run is stored yet.")
    elif not offered:
        st.caption("No weights were imported yet; Architectures takes a checkpoint file.")
        st.page_link("architectures/page.py", label="Import weights")


def _fill(kind: str) -> None:
    """Set every option as what was chosen has it, or as the form begins."""
    state = st.session_state
    chosen = state[KEYS[kind]]
    for other in KINDS:
        if other != kind:
            state[KEYS[other]] = None
    state["how-long"], state["sweep-over"] = None, []
    try:
        standing.fill(_SPECS[kind](chosen) if chosen else RunSpec.begun())
    except UserError as error:
        state[_REFUSED], state[KEYS[kind]] = str(error), None


def _recipe(label: str) -> recipes.PublishedRecipe:
    return next(recipe for recipe in recipes.recipes() if recipe.label == label)


def _of_weights(id: str) -> RunSpec:
    """A run that goes on from imported weights: their network and data, everything else as the form begins."""
    known = Results().run(id).spec().flat()
    model = {leaf.name: known[leaf.name] for leaf in standing.leaves() if leaf.section == "model"}
    data = {name: known[name] for name in ("dataset", "folder", "image_size", "resize", "crop_from", "normalize")}
    return RunSpec.begun(**model, **data, init_from=id)


_SPECS: dict[str, Callable[[Any], RunSpec]] = {
    "A preset": lambda name: RunSpec.of(**presets()[name].fields),
    "A stored run": lambda id: Results().run(id).spec(),
    "A report's recipe": lambda label: _recipe(label).spec,
    "Imported weights": _of_weights,
}
