"""Live's table of several runs, which is its charts' legend too: how far each is, what it has reached, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import format
from pages.shared.status import COLORS, WAYS, Run, act, place, why_waiting
from vitcore.figures import color, dash
from vitcore.figures.style import COLOR_NAMES
from vitcore.runs import annotations as annotations_of
from vitcore.runs import hosts, seal
from vitcore.spec.differing import Called

HERE = Path(__file__).parent
AT_ONCE = 24  # runs that Live shows together: a sweep, with a color and a dash for each
VALIDATED, TESTED, HOST = "val_error", "error_percent", "node"

_component = st.components.v2.component(
    "vitcore_runs",
    html='<div class="vitcore-runs"></div>\n',
    css=(HERE / "run_table.css").read_text(encoding="utf-8"),
    js=(HERE / "run_table.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # text in a shadow root is found neither by the browser's search nor by a test of names
)


def table(runs: Sequence[Run], called: Called, places: Mapping[str, int], *, key: str) -> None:
    """The runs line by line; a press on a name brings its curves to the front, one on its color hides them.

    Args:
        places: of each run's color in the palette; of a run that is not drawn there is none.
    """
    palette = [{"name": name, "color": color(place)} for place, name in enumerate(COLOR_NAMES)]
    hosts_differ = any(_elsewhere(run) for run in runs)
    rows = [row(run, called, places, host=hosts_differ) for run in runs]
    data = {"columns": columns(runs), "palette": palette, "rows": rows}
    _component(key=key, data=data, height="content", on_pressed_change=partial(_pressed, key, [r["id"] for r in runs]))


def columns(runs: Sequence[Run]) -> list[dict[str, str]]:
    """The heads of the table, each with what its numbers are of; a column that no run has a value for is left out."""
    heads = [
        {"name": "status", "label": "Status", "of": ""},
        {"name": "epoch", "label": "Epochs", "of": "done of all"},
        {"name": "loss", "label": "Loss", "of": "training, latest"},
        {"name": VALIDATED, "label": "Validation error", "of": _of(runs, VALIDATED, "val_samples")},
        {"name": TESTED, "label": "Test error", "of": _of(runs, TESTED, "test_samples")},
        {"name": "speed", "label": "Images/s", "of": "training"},
        {"name": "left", "label": "Time left", "of": "or training time"},
        {"name": "device", "label": "Device", "of": "and host" if any(_elsewhere(run) for run in runs) else ""},
    ]
    known = {name for name in (VALIDATED, TESTED) if any(not format.missing(run[name]) for run in runs)}
    return [head for head in heads if head["name"] in known or head["name"] not in (VALIDATED, TESTED)]


def row(run: Run, called: Called, places: Mapping[str, int], *, host: bool = False) -> dict[str, Any]:
    """One run as the browser shows it: its name, its color where it is drawn, its cells, what can be done to it.

    Args:
        host: whether it is said which machine trains it.
    """
    id, status = str(run["id"]), str(run["status"])
    color_place = places.get(id)
    return {
        "id": id,
        "name": called.names.get(id, str(run["title"])),
        "color": None if color_place is None else color(color_place),
        "dash": None if color_place is None else dash(color_place),
        "shade": COLORS.get(status, "gray"),
        "progress": format.share(run["progress"]) if status == "running" else None,
        "why": _why(run),
        "cells": _cells(run),
        "host": str(run[HOST]) if host and not format.missing(run[HOST]) else "",
        "ways": {name: way.label(run) for name, way in WAYS.items() if way.fits(run)},
    }


def _cells(run: Run) -> dict[str, str]:
    """The table's numbers in words, of whatever kind their column is."""
    running = run["status"] == "running"
    loss = run["train_loss"] if format.missing(run["loss"]) or not running else run["loss"]
    took = format.duration(run["training_seconds"])
    return {
        "status": str(run["status"]),
        "epoch": f"{format.whole(run['epochs_done'])} of {format.whole(run['epochs'])}",
        "loss": format.NONE if format.missing(loss) else f"{loss:.3g}",
        VALIDATED: format.percent(run[VALIDATED], 2),
        TESTED: format.percent(run[TESTED], 2),
        "speed": format.count(run["images_per_second"]),
        "left": f"{format.duration(run['eta_seconds'])} left" if running and not format.missing(run["eta_seconds"])
        else "" if took == format.NONE else f"took {took}",
        "device": _device(run),
    }  # fmt: skip


def _elsewhere(run: Run) -> bool:
    """Whether another machine than this one trains the run, or has trained it."""
    return not format.missing(run[HOST]) and run[HOST] != hosts.name()


def _device(run: Run) -> str:
    """What it trains on; of one that trains now the slot too."""
    if run["status"] == "running" and (where := place({**run, HOST: None})):
        return where
    return format.NONE if format.missing(run["device_used"]) else str(run["device_used"])


def _of(runs: Sequence[Run], error: str, images: str) -> str:
    """'last weights, 360 images': of which weights an error is, and of how many images where that is one number."""
    sizes = {format.whole(run[images]) for run in runs if not format.missing(run[error])} - {format.NONE}
    return f"last weights, {int(sizes.pop()):,} images" if len(sizes) == 1 else "last weights"


def _why(run: Run) -> str:
    """Why it waits, or why it did not come to its end; empty where there is nothing to say."""
    if run["status"] == "queued":
        return seal.FOREIGN if run["reason"] == seal.FOREIGN else why_waiting(str(run["id"]))
    explained = run["status"] not in ("running", "finished") and not format.missing(run["reason"])
    return str(run["reason"]) if explained else ""


def _pressed(key: str, ids: Sequence[str]) -> None:
    """Do what was pressed in a line, if it is one of these runs and one of the ways."""
    done(st.session_state[key].pressed, ids)


def done(pressed: object, ids: Sequence[str]) -> None:
    """What a browser says was pressed, {id, way, name}: done where there is such a run and such a way, else nothing."""
    if not isinstance(pressed, Mapping) or pressed.get("id") not in ids:
        return
    id, way = str(pressed["id"]), pressed.get("way")
    if way == "color":
        place = pressed.get("place")
        if place is None or (type(place) is int and 0 <= place < len(COLOR_NAMES)):
            act(lambda results, run: annotations_of.amend(results.run(run), lambda old: replace(old, color=place)), id)
        return
    if way == "rename":
        name = str(pressed.get("name") or "")
        act(lambda results, run: annotations_of.write(results.run(run), name=name), id)
    elif way in WAYS:
        act(WAYS[way].does, id)
