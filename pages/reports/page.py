"""A report's page: its tables twice (published, ours), what the difference is worth, its figures, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.reports import cells as report_cells
from pages.reports import figures, run_missing
from pages.server import store_cache
from pages.shared import addressed, format, frame
from pages.shared.evidence import evidence
from vitcore.published import tables as published
from vitcore.published.claims import claims
from vitcore.published.tables import Report, Table
from vitcore.reproduction import exports
from vitcore.reproduction.cell_runs import cell_specs, epoch_runs
from vitcore.reproduction.claims import by_published, by_runs
from vitcore.reproduction.comparisons import comparisons
from vitcore.reproduction.evidence import stored_epochs, with_stored
from vitcore.reproduction.paragraph import paragraph
from vitcore.reproduction.provenance import of_table
from vitcore.reproduction.tables import ResultTable, results
from vitcore.reproduction.verdicts import VOCABULARY, Verdict
from vitcore.store import queries

NARROW = 3  # columns up to which a table stands beside its twin
TICK = 3  # seconds between two looks while runs of the table are on their way


@dataclass(frozen=True)
class View:
    """What every part of the page looks at."""

    table: Table
    protocol: str
    runs: pd.DataFrame
    result: ResultTable
    counterpart: ResultTable | None


def page(key: str) -> None:
    """The whole page of one report."""
    report = published.reports()[key]
    frame.heading(report.title, report.lead)
    table, protocol = _choice(report)
    moving = not store_cache.active(store_cache.runs(now=True)).empty
    st.fragment(_body, run_every=TICK if moving else None)(table, protocol, moving)


def view(table: Table, protocol: str) -> View:
    """The table with the runs as they are now; runs kept with the project fill what the store lacks."""
    runs = with_stored(store_cache.runs())
    counterpart = published.table(table.counterpart) if table.counterpart else None
    made = [
        results(item, runs, protocol, epochs=epochs_of(epoch_runs(item, protocol, runs)))
        for item in (table, counterpart)
        if item
    ]
    return View(table, protocol, runs, made[0], made[1] if counterpart else None)


def epochs_of(ids: list[str]) -> pd.DataFrame | None:
    """Epochs of stored and of kept runs; None where none are asked for."""
    if not ids:
        return None
    stored = stored_epochs(ids)
    own = queries.epochs(store_cache.index(), ids)
    return (
        own if stored.empty else stored if own.empty else pd.concat([own, stored]).drop_duplicates(["run_id", "epoch"])
    )


def _choice(report: Report) -> tuple[Table, str]:
    """Which table and which protocol; both stand in the address."""
    known = [table for table in published.tables().values() if table.report == report.key]
    named = {table.key: table for table in known}
    _strays(report, known)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="report-choice"):
        key = known[0].key
        if len(known) > 1:
            key = st.segmented_control(
                "Table", list(named), default=key, required=True, key=f"{report.key}-table",
                format_func=lambda item: named[item].place, bind="query-params",
            )  # fmt: skip
        table = named[key or known[0].key]
        ways = list(table.protocols)
        protocol = st.segmented_control(
            "Protocol of our runs", ways, default=_first(table), required=True, key=f"{report.key}-protocol",
            format_func=lambda item: table.protocols[item].label if item in table.protocols else item,
            bind="query-params",
        )  # fmt: skip
    return table, protocol if protocol in ways else ways[0]


def _strays(report: Report, known: list[Table]) -> None:
    """Say what the address asks for and this report does not have."""
    names = {table.place: table for table in known}
    asked = names.get(st.query_params.get(f"{report.key}-table", ""), known[0])
    tables = {f"{report.key}-table": names} if len(known) > 1 else {}
    addressed.strays({**tables, f"{report.key}-protocol": [value.label for value in asked.protocols.values()]})


def _first(table: Table) -> str:
    """The protocol that is shown at first: of which there are runs, the scaled one before the others."""
    name = f"{table.key}-first-protocol"
    if name not in st.session_state:
        stands = set(with_stored(store_cache.runs())["fingerprint"])
        order = sorted(table.protocols, key="scaled".__ne__)
        st.session_state[name] = next((item for item in order if stands & _asked(table.key, item)), order[0])
    return str(st.session_state[name])


@st.cache_data(show_spinner=False)
def _asked(table: str, protocol: str) -> set[str]:
    """Fingerprints of what a table's cells are filled by."""
    specs = cell_specs(published.table(table), protocol).values()
    return {spec.fingerprint() for spec, _ in specs if spec}


def _body(table: Table, protocol: str, moving: bool) -> None:
    now = view(table, protocol)
    if moving == store_cache.active(store_cache.runs()).empty:
        st.rerun()  # it moves no more, or moves by now: the whole page, without a timer or with one
    st.subheader(f"{table.place}: {table.title}", anchor=False)
    st.caption(table.protocols[protocol].note)
    _verdict(now)
    _tables(now)
    _claims(now)
    run_missing.fill(table, protocol, now.runs)
    report_cells.inspect(now.result, now.runs)
    run_missing.explanations(table, protocol, now.runs)
    _against(now)
    figures.figures(now.result, now.runs)
    _exports(now.result)
    _notes(now.result)


def _verdict(now: View) -> None:
    with st.container(border=True, key="verdict"):
        st.markdown("**What the runs say**")
        st.markdown("\n".join(f"- {format.plain(text)}" for text in paragraph(now.result, now.runs, now.counterpart)))
        evidence(
            of_table(now.result, now.runs), "Evidence for these sentences and the figures below", key="table-evidence"
        )


def _tables(now: View) -> None:
    _pair(now.result, ("published", "ours"))
    if any(
        result.judgment.verdict not in (Verdict.NOT_COMPARED, Verdict.NOT_RUN, Verdict.NOT_PUBLISHED)
        for result in now.result.results
    ):
        _pair(now.result, ("difference", "verdict"))
    st.caption("† has a note below. Gray: no more than noise explains. Seconds are compared down a column only.")
    with st.expander("What the verdicts mean"):
        st.markdown("\n".join(f"- **{item}**: {format.plain(meaning)}." for item, meaning in VOCABULARY.items()))
        st.markdown(INTERVALS)
    if now.counterpart:
        with st.expander("Without and with replacement, side by side"):
            st.dataframe(exports.side_by_side(now.result, now.counterpart), hide_index=True)


def _claims(now: View) -> None:
    """What the report says in words about this table, judged twice."""
    own = [value for value in claims().values() if now.table.key in value.tables]
    if not own:
        return
    made = {result.table.key: result for result in (now.result, now.counterpart) if result}
    for key in {key for item in own for key in item.tables} - made.keys():
        other = published.table(key)
        epochs = epochs_of(epoch_runs(other, now.protocol, now.runs))
        made[key] = results(other, now.runs, now.protocol, epochs=epochs)
    lines = []
    for entry in own:
        curves = _curves(made.values()) if entry.plateau else None
        printed, measured = by_published(entry), by_runs(entry, made, curves)
        lines.append(
            (f"“{entry.text}” ({entry.place})", printed.standing, printed.why, measured.standing, measured.why)
        )
    names = ["Claim", "By the published numbers", "Why", "By our runs", "Why "]
    st.markdown("**What the report claims**")
    st.dataframe(pd.DataFrame(lines, columns=names).astype(str), hide_index=True, row_height=70, key="claims")
    for entry in own:
        if entry.open:
            st.caption(format.plain(entry.open))


def _curves(made: Iterable[ResultTable]) -> pd.DataFrame | None:
    """The epochs of all runs in these tables' cells."""
    return epochs_of(sorted({id for result in made for item in result.results for id in item.runs.values()}))


INTERVALS = (
    "- **Ours** is the median over seeds. The interval holds the median of all seeds in 95 of 100 cases: up to five "
    "seeds by Student's t on the scale of log odds, with a spread that the table's other cells moderate; from six on "
    "between the seeds' own values, whatever their distribution. The test set's own binomial error is part of it. "
    "One seed tells no interval. Runs that diverged are counted, never averaged."
)


def _pair(result: ResultTable, parts: tuple[str, str]) -> None:
    """Two parts of a table: side by side where it is narrow, else one under the other."""
    sides = st.columns(2, gap="medium") if len(result.table.columns) <= NARROW else [st.container() for _ in parts]
    for image_size, part in zip(sides, parts, strict=True):
        with image_size:
            st.markdown(f"**{exports.heading(result, part)}**")
            report_cells.shown(result, part)


COMPARED: dict[str, Any] = {
    "column": "Column",
    "row": "Row",
    "against": "Against",
    "seeds": "Seeds",
    "difference": st.column_config.NumberColumn("Difference", format="%+.2f"),
    "low": st.column_config.NumberColumn("95 % from", format="%+.2f"),
    "high": st.column_config.NumberColumn("to", format="%+.2f"),
    "p": st.column_config.NumberColumn("p", format="%.3f"),
    "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.3f"),
    "better": st.column_config.NumberColumn("P(better)", format="percent"),
    "better_low": st.column_config.NumberColumn("from ", format="percent"),
    "better_high": st.column_config.NumberColumn("to ", format="percent"),
    "fewest_seeds": st.column_config.NumberColumn("Seeds still needed, from", format="%d"),
    "most_seeds": st.column_config.NumberColumn("to  ", format="%d"),
    "minutes": st.column_config.NumberColumn("Minutes, from", format="%.0f"),
}


def _against(now: View) -> None:
    """Every row against every other, seed by seed."""
    pairs = comparisons(now.result, now.runs)
    if pairs.empty:
        return
    with st.expander("Every row against every other, seed by seed"):
        st.dataframe(pairs, hide_index=True, column_config=COMPARED)
        st.caption(
            "Runs of one seed share weights, samples and order, so they are compared in pairs, of seeds with which "
            "both finished. p: paired t-test in log odds, never finer than the test set tells; none below three pairs. "
            "Holm: corrected for all pairs of the table. Seeds still needed: for power 0.8 at 5 % over all pairs; the "
            "range holds the true number in 80 of 100 cases, and without an upper end no number is sure to settle it."
        )


def _exports(result: ResultTable) -> None:
    name = f"{result.table.key}-{result.protocol}"
    with st.container(horizontal=True, gap="small", key="exports"):
        for label, ending, kind, write in (
            ("CSV", "csv", "text/csv", exports.csv),
            ("Markdown", "md", "text/markdown", exports.markdown),
            ("LaTeX", "tex", "application/x-tex", exports.latex),
        ):
            st.download_button(
                label, write(result), f"{name}.{ending}", kind, on_click="ignore", key=f"export-{ending}"
            )


def _notes(result: ResultTable) -> None:
    """What is to be known of the published numbers, and whose they are."""
    cells = [f"{item.row.label}, {item.column.title}: {item.published.note}" for item in result.results
             if item.published and item.published.note]  # fmt: skip
    rows = [f"{row.label}: {row.note}" for row in result.table.rows if row.note]
    notes = [*result.table.notes, *rows, *cells]
    if notes:
        st.markdown("**Notes**")
        st.markdown("\n".join(f"- {format.plain(note)}" for note in notes))
    report = published.reports()[result.table.report]
    st.caption(f"{report.full_title}. {report.authors}.")
