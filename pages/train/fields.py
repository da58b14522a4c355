"""One widget for one spec field: its table of choices, its bounds and its line of help come from the spec itself."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from pages.shared import format
from pages.shared.own_data import by_choice
from pages.train.stored_runs import LINES, LINKS, fitting_runs, run_name
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.layers.kernels import kernel_of
from vitcore.spec import SpecField, typed
from vitcore.spec.typed import written

STORED: Literal["session"] = "session"  # a widget's value outlives a change of page


def widget(field: SpecField, *, several: bool = False, asked: bool = False) -> Any:
    """Draw `field` and return what stands in it: one value, or with `several` a list of them.

    Beneath it stands what it does and what is usual; where it is `asked` for in words above, neither that nor its label
    is said again. Raises UserError of one sentence, said there instead, where what
    was typed is no value of it.
    """
    with st.container(key=f"cell-{field.name}{'-several' * several}", gap="xxsmall"):
        try:
            found = _several(field) if several else _item(field, "collapsed" if asked else "visible")
        except UserError as error:
            _sentence(error)
            raise
        if not several and not asked:
            st.caption(format.plain(line(field)))
        return found


def line(field: SpecField) -> str:
    """What an option does, and what is usual: 'Images in one step. Usual: 64 to 1024.'"""
    if field.name in LINKS:
        return LINES[field.name]
    usual = field.usual or shown(field, field.initial)
    if field.kind is bool:
        usual = "on" if field.initial else "off"
    return field.help if field.kind is str and not field.choices else f"{field.help} Usual: {usual}."


def whole(
    label: str, key: str, low: int, high: int, value: int | None, *, help: str = "", empty: str = "", width: int = 0
) -> int | None:
    """A whole number that is no option of a spec, read in the same way.

    None where nothing stands there, and where what stands there is refused beneath it.
    """
    asked = SpecField(key, (key,), "", int, value is None, value, label, help, False, (), {"ge": low, "le": high})
    with st.container(key=f"cell-{key}", gap="xxsmall", width=width or "stretch"):
        found: int | None = typed_in(asked, empty)
        return found


def decimal(
    label: str,
    key: str,
    above: float,
    below: float,
    value: float,
    *,
    help: str = "",
    low_in: bool = False,
    high_in: bool = False,
    width: int = 0,
) -> float | None:
    """A number that is no option of a spec; None where what stands there is refused beneath it.

    Args:
        low_in, high_in: whether the ends themselves may be given too.
    """
    bounds = {"ge" if low_in else "gt": above, "le" if high_in else "lt": below}
    asked = SpecField(key, (key,), "", float, False, value, label, help, False, (), bounds)
    with st.container(key=f"cell-{key}", gap="xxsmall", width=width or "stretch"):
        found: float | None = typed_in(asked)
        return found


def typed_in(asked: SpecField, empty: str = "") -> Any:
    """What is typed into a field, read as it stands there or refused beneath it."""
    text = st.text_input(
        asked.label,
        written(asked.default),
        key=asked.name,
        help=asked.help or None,
        placeholder=empty or None,
        persist_state=STORED,
    )
    try:
        return typed.read(asked, text, empty=empty)
    except UserError as error:
        _sentence(error)
        return None


def _sentence(error: UserError) -> None:
    st.markdown(f":small[:red[{format.plain(str(error))}]]")


def inapplicable(field: SpecField, why: str, instead: str = "none") -> None:
    """The field where it has no meaning, and why: what was chosen in it is neither shown nor lost."""
    with st.container(key=f"cell-{field.name}", gap="xxsmall"):
        st.selectbox(field.label, [instead], key=f"field-{field.name}-none", disabled=True)
        st.caption(why)


def key_of(field: SpecField, *, several: bool = False) -> str:
    """Where the session keeps what stands in the field."""
    return f"field-{field.name}-several" if several else f"field-{field.name}"


def carried(field: SpecField, value: Any) -> Any:
    """What stands in a field that holds this value: a choice as it is, everything else as text."""
    return value if field.choices or field.kind is bool or field.name in LINKS else written(value)


def shown(field: SpecField, value: Any) -> str:
    """A value as the form words it."""
    if value is None:
        return field.empty
    if field.name == "kernel":
        return kernel_label(value)
    if field.name in LINKS:
        return run_name(value)
    if field.kind is bool:
        return "on" if value else "off"
    if field.name == "dataset" and value in DATASETS:
        return DATASETS[value].label
    if field.name == "dataset" and (named := by_choice().get(value)):
        return named.name
    return written(value)


def kernel_label(name: str) -> str:
    """A kernel as people call it; what is typed and is none stays as it was typed."""
    try:
        return kernel_of(name).label
    except ValueError:
        return name


def _typed(field: SpecField) -> bool:
    """Whether values besides the choices are typed into the box: formulas are. Names are searched for beside it, since
    half a name and Enter must choose the first that fits, not a network called so."""
    return bool(field.example) and field.name != "architecture"


def _offered(field: SpecField, chosen: object) -> list[Any]:
    """The choices, and those that came from a search, an address or a stored run."""
    values = chosen if isinstance(chosen, list) else [chosen]
    if field.name in LINKS:
        return list(dict.fromkeys([None, *fitting_runs(field.name), *values]))
    if field.kind is bool:
        return [False, True]
    besides = [value for value in values if field.example and value not in (None, *field.choices)]
    named = (
        by_choice() if field.name == "dataset" and not isinstance(chosen, list) else ()
    )  # each is a path by its name
    return [*field.choices, *besides, *named]


def _item(field: SpecField, label: Literal["visible", "collapsed"]) -> Any:
    key = key_of(field)
    if field.choices or field.name in LINKS:
        offered = _offered(field, st.session_state.get(key))
        return st.selectbox(
            field.label,
            offered,
            index=offered.index(field.initial),
            key=key,
            label_visibility=label,
            format_func=lambda choice: shown(field, choice),
            accept_new_options=_typed(field),
            persist_state=STORED,
        )
    if field.kind is bool:
        return st.checkbox(field.label, field.initial, key=key, persist_state=STORED)
    # Numbers too: a browser's number field takes what it makes of a text, or its last value, without a word.
    return typed.read(field, _text(field, key), empty=shown(field, None))


def _several(field: SpecField) -> list[Any]:
    key = key_of(field, several=True)
    if not (field.choices or field.kind is bool or field.name in LINKS):
        text = _text(field, key)
        note = "Several with commas or spaces: 0, 1, 2" + ("; a range as 0-4" if field.kind is int else "")
        st.caption(note + (f"; {shown(field, None)}: as if left empty." if field.optional else "."))
        return typed.read_list(field, text, empty=shown(field, None))
    chosen = st.multiselect(
        field.label,
        _offered(field, st.session_state.get(key)),
        default=[field.initial],
        key=key,
        format_func=lambda choice: shown(field, choice),
        accept_new_options=_typed(field),
        persist_state=STORED,
        wrap=True,
    )
    if not chosen:
        raise UserError(f"{field.label}: nothing is chosen; choose at least one")
    return list(chosen)


def _text(field: SpecField, key: str) -> str:
    """What stands in a field of text, to the letter."""
    text: str = st.text_input(
        field.label,
        carried(field, field.initial),
        key=key,
        placeholder=field.empty if "empty: " in field.help else None,  # as its line says
        persist_state=STORED,
    )
    return text
