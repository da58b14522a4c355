"""What an address asks for and a page does not have: said in a sentence, never answered with something else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.shared import format

_MESSAGES = "address-told"
NAMED = 4  # of what is not known; of more, how many


def unknown(known: Collection[str]) -> list[str]:
    """A sentence where the address has parameters of other names than these; else none."""
    strange = [name for name in st.query_params if name not in known]
    if not strange:
        return []
    here = ", ".join(map(repr, known))
    return [f"The address says {listed(strange)}, which this page does not know; it knows {here}."]


def strays(offered: Mapping[str, Collection[str]], *, most: Mapping[str, int] | None = None) -> None:
    """Say what the address asks of widgets that are bound to it and that they do not offer.

    Before they are drawn: they drop it from the address, and what was said would be gone with the next run of the page.

    Args:
        offered: what each parameter may be, as the widget words it.
        most: how many values a parameter may have.
    """
    state = st.session_state
    if state.get("page-before") != state.get("page-now"):  # only an address that was opened may ask for anything
        state[_MESSAGES] = _Notices(_sentences(offered, most or {}))
    notices = state.setdefault(_MESSAGES, _Notices([]))
    for sentence in notices.until(st.query_params.to_dict()):
        st.warning(format.plain(sentence))


@dataclass
class _Notices:
    """What was said of an address, until another choice changes that."""

    sentences: list[str]
    fresh: bool = True
    address_read: dict[str, str] | None = None

    def until(self, address: dict[str, str]) -> list[str]:
        if self.fresh:  # the widgets correct the address while they are drawn: what is left counts from the next run on
            self.fresh = False
        elif self.address_read is None:
            self.address_read = address
        elif address != self.address_read:
            self.sentences = []
        return self.sentences


def _sentences(offered: Mapping[str, Collection[str]], most: Mapping[str, int]) -> list[str]:
    found = unknown(offered)
    for name, values in offered.items():
        given = st.query_params.get_all(name)
        bad = [value for value in given if value not in values]
        if bad:
            found.append(f"The address asks for {listed(bad)} as {name!r}, which is not to be had here.")
        good, limit = len(given) - len(bad), most.get(name)
        if limit is not None and good > limit:
            found.append(f"The address names {good} of {name!r}; the first {limit} of them are shown, as many as fit.")
    return found


def listed(values: Sequence[str]) -> str:
    """At most four of them, each within quotes, and how many more."""
    shown = [repr(value if len(value) <= 40 else value[:40] + "…") for value in values[:NAMED]]
    more = [f"{len(values) - NAMED:,} more"] if len(values) > NAMED else []
    parts = [*shown, *more]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
