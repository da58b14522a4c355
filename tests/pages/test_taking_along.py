"""Weights to take along from a page: a button where they can be read, one sentence where they cannot."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pages.compare import weights_export
from tests.pages.opening import Open
from vitcore.runs.files import limit, open_own
from vitcore.runs.folder import Results


def forbid(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Has the system refuse this file alone; root may read any, so that a mode would not do."""
    real = open_own

    def refusing(path: Path) -> object:
        if path.name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(weights_export, "open_own", refusing)


def test_a_checkpoint_that_may_not_be_read_is_a_sentence(
    stocked: Results, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, "model.safetensors")
    app = open_page("compare")
    [text] = [item.value for item in app.warning if "taken along" in item.value]
    assert "Permission denied; its owner can make it readable" in text
    assert "\n" not in text
    assert not [item for item in app.get("download_button") if item.proto.label == "Download checkpoint"]


def test_a_checkpoint_that_leads_elsewhere_is_a_sentence(stocked: Results, open_page: Open, tmp_path: Path) -> None:
    for id in stocked.ids():
        run = stocked.run(id)
        run.checkpoint.rename(tmp_path / f"{id}.safetensors")
        run.checkpoint.symlink_to(tmp_path / f"{id}.safetensors")
    app = open_page("compare")
    [text] = [item.value for item in app.warning if "taken along" in item.value]
    assert "leads out of its folder" in text


def test_files_to_take_along_may_be_as_large_as_models_are(tmp_path: Path) -> None:
    for name in ("model.safetensors", "best.safetensors", "model.onnx"):
        assert limit(tmp_path / name) > 2_000_000_000
