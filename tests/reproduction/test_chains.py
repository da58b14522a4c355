"""Chained recipes: what is missing of them, queued whole, and run to their end by one command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.published import tables as published
from vitcore.published.chains import takes, worded
from vitcore.published.tables import FOLDER, Table, table
from vitcore.reproduction.chains import queue_all
from vitcore.reproduction.missing import missing
from vitcore.reproduction.tables import results as result_table
from vitcore.runs import journal, locks
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

EMPTY = pd.DataFrame({"id": [], "status": [], "fingerprint": [], "seed": [], "epochs_done": []})
TINY: dict[str, Any] = {
    "key": "tiny-table",
    "kind": "table",
    "report": "slides",
    "place": "Table 0",
    "title": "A chain on digits: pre-train, fine-tune at another size, distil",
    "protocols": {
        "scaled": {
            "label": "scaled",
            "scaled": True,
            "fields": {"dataset": "digits", "samples": 64, "epochs": 1, "batch_size": 16, "image_size": 36},
        }
    },
    "stages": [
        {"key": "first", "label": "pre-training", "recipe": {"architecture": "cct-mini/3x3", "image_size": 28}},
        {"key": "teacher", "label": "CNN", "recipe": {"architecture": "cnn"}},
    ],
    "rows": [
        {
            "key": "tuned",
            "label": "fine-tuned",
            "recipe": {"architecture": "cct-mini/3x3", "layer_decay": 0.75},
            "init_recipe": {"scaled": "first"},
        },
        {
            "key": "distilled",
            "label": "distilled",
            "recipe": {"architecture": "cct-mini/3x3", "learning_rate": 1e-4},
            "init_recipe": {"scaled": "tuned"},
            "teacher_recipe": {"scaled": "teacher"},
        },
    ],
    "columns": [{"key": "top-1", "label": "Top-1", "metric": "accuracy_percent"}],
    "cells": [{"row": row, "column": "top-1", "value": 90, "printed": "90"} for row in ("tuned", "distilled")],
}


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A table of small networks among the published ones, in a folder of its own."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "tiny-table.json").write_text(json.dumps(TINY))
    (folder / "reports.json").write_text((FOLDER / "reports.json").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(published, "FOLDER", folder)
    for read in (published.tables, published.reports):
        read.cache_clear()
    yield published.table("tiny-table")
    for read in (published.tables, published.reports):
        read.cache_clear()


def stored(results: Results) -> pd.DataFrame:
    index = Index(results)
    index.poll()
    return queries.runs(index)


def test_a_chain_is_run_to_its_end_by_one_command_and_fills_its_cells(results: Results, tiny: Table) -> None:
    line = ["--results", str(results.root), "reports", "fill", "tiny-table", "--wait"]
    messages = CliRunner().invoke(app, line)
    assert messages.exit_code == 0, messages.output
    runs = stored(results)
    assert list(runs["status"]) == ["finished"] * 4, runs[["title", "status", "reason"]]
    found = result_table(tiny, runs, "scaled")
    assert all(result.values for result in found.results), "both cells are filled by the runs of the chain"
    assert missing(tiny, runs, [0], "scaled").specs == []
    assert runs["init_from"].notna().sum() == 2
    distilled = runs[runs["teacher"].notna()].iloc[0]
    loaded = [line for line in journal.read(results.run(distilled["id"]).events)[0] if line["event"] == "loaded"]
    assert loaded[0]["run"] == distilled["init_from"]
    began, ended = (runs.set_index("id")[name] for name in ("started", "ended"))
    for id, origin in runs[["id", "init_from"]].dropna().itertuples(index=False):
        assert began[id] >= ended[origin]
    again = CliRunner().invoke(app, [*line, "--dry-run"])
    assert again.output.startswith("0 runs are missing")


def test_a_chain_is_told_with_its_whole_cost_before_it_is_queued(results: Results, tiny: Table) -> None:
    messages = CliRunner().invoke(app, ["--results", str(results.root), "reports", "fill", "tiny-table", "--dry-run"])
    assert "4 runs are missing" in messages.output
    assert "fine-tuned, a chain of 2: pre-training → fine-tuned (starts from pre-training)" in messages.output
    assert "distilled (starts from fine-tuned, teacher CNN)" in messages.output
    assert results.ids() == []


def frame(specs: list[tuple[RunSpec, str]]) -> pd.DataFrame:
    rows = [
        {
            "id": f"run-{place}",
            "status": status,
            "fingerprint": RunSpec.of(spec, seed=0).fingerprint(),
            "seed": spec.seed,
        }
        for place, (spec, status) in enumerate(specs)
    ]
    return pd.DataFrame(rows).assign(epochs_done=1) if rows else EMPTY


def test_of_a_chain_only_what_is_not_there_is_missing(tiny: Table) -> None:
    links = {link.label: link.spec for link in tiny.chain("distilled", "top-1", "scaled")}
    assert list(links) == ["pre-training", "fine-tuned", "CNN", "distilled"]

    def left(*there: tuple[str, str]) -> list[str]:
        specs = missing(tiny, frame([(links[label], status) for label, status in there]), [0], "scaled").specs
        labels = {spec: label for label, spec in links.items()}
        return [labels[spec] for spec in specs]

    assert left() == ["pre-training", "fine-tuned", "CNN", "distilled"]
    assert left(("pre-training", "finished")) == ["fine-tuned", "CNN", "distilled"]
    assert left(("pre-training", "running")) == ["fine-tuned", "CNN", "distilled"]
    assert left(("pre-training", "failed")) == ["pre-training", "fine-tuned", "CNN", "distilled"]
    assert left(("fine-tuned", "finished")) == ["CNN", "distilled"], "what it started from is needed no more"
    assert left(("fine-tuned", "finished"), ("distilled", "finished")) == []


def test_each_seed_has_a_chain_of_its_own(tiny: Table) -> None:
    specs = missing(tiny, EMPTY, [0, 1], "scaled").specs
    assert [spec.seed for spec in specs].count(1) == 4
    assert len({(spec.fingerprint(), spec.seed) for spec in specs}) == 8


def test_nothing_starts_from_a_link_that_diverged_and_the_reason_is_said(tiny: Table) -> None:
    links = tiny.chain("tuned", "top-1", "scaled")
    gaps = missing(tiny, frame([(links[0].spec, "diverged")]), [0, 1], "scaled", rows=["tuned"])
    assert [spec.seed for spec in gaps.specs] == [1, 1]
    assert "pre-training, which it takes, has diverged with seed 0" in gaps.cannot[0][2]


def test_numbers_that_are_kept_with_the_project_can_be_started_from_by_nobody(tiny: Table) -> None:
    links = tiny.chain("tuned", "top-1", "scaled")
    gaps = missing(tiny, frame([(links[0].spec, "finished")]).assign(kept=True), [0], "scaled", rows=["tuned"])
    assert len(gaps.specs) == 2


def test_what_takes_a_run_that_is_nowhere_is_refused_before_anything_is_queued(results: Results, tiny: Table) -> None:
    last = tiny.chain("tuned", "top-1", "scaled")[-1].spec
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire():
        with pytest.raises(UserError, match="neither stored nor queued with it"):
            queue_all(results, [RunSpec(), last], EMPTY, lambda spec: None)
        assert results.ids() == []
        first = tiny.chain("tuned", "top-1", "scaled")[0].spec
        misfit = RunSpec.of(last, pos_embed="none")
        with pytest.raises(UserError, match="position embedding learnable"):
            queue_all(results, [first, misfit], EMPTY, lambda spec: None)
        assert results.ids() == []


def test_recipes_in_a_circle_or_of_no_name_are_no_table() -> None:
    circle = json.loads(json.dumps(TINY))
    circle["stages"][0]["init_recipe"] = {"scaled": "tuned"}
    with pytest.raises(ValueError, match="tuned → first → tuned"):
        Table.model_validate(circle)
    nameless = json.loads(json.dumps(TINY))
    nameless["rows"][0]["init_recipe"] = {"scaled": "nobody"}
    with pytest.raises(ValueError, match="no row or stage 'nobody'"):
        Table.model_validate(nameless)


@pytest.mark.parametrize("protocol", ["report", "scaled", "digits", "tiny-imagenet"])
@pytest.mark.parametrize(
    ("key", "row", "links"),
    [
        ("slides-table-3", "deit-s", 2),
        ("slides-table-3", "cct-distilled", 2),
        ("slides-table-4", "deit-b", 4),
        ("slides-table-4", "cct-384", 3),
    ],
)
def test_the_slides_chains_are_whole_and_every_link_fits_the_next(
    results: Results, key: str, row: str, links: int, protocol: str
) -> None:
    chain = table(key).chain(row, "top-1", protocol)
    assert len(chain) == links, worded(chain)
    specs = [link.spec for link in chain]
    assert {marker for spec in specs for marker in takes(spec)} <= {spec.fingerprint() for spec in specs}
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire():
        ids = queue_all(results, [RunSpec.of(spec, device="cpu") for spec in specs], EMPTY, lambda spec: None)
    assert len(ids) == links


def test_tables_share_what_they_pre_train() -> None:
    first = table("slides-table-4").chain("cct-384", "top-1", "scaled")[0].spec
    assert first == table("slides-table-3").spec("cct", "top-1", "scaled")


@pytest.mark.parametrize("row", ["vit-l", "vit-h"])
def test_what_was_trained_on_images_that_nobody_has_names_the_nearest_weights(row: str) -> None:
    for protocol in table("slides-table-4").protocols:
        with pytest.raises(UserError, match=r"never public; the nearest public weights are ViT-.*in21k.*import"):
            table("slides-table-4").spec(row, "top-1", protocol)
