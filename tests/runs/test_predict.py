"""A checkpoint and an image make probabilities, the same as evaluation would; anything else is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.figures import overlay
from vitcore.runs import predict as predicting
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import save_model
from vitcore.training.network import build_model


@pytest.fixture
def stored(tmp_path: Path) -> RunFolder:
    """A run with the weights that a fresh model has."""
    spec = RunSpec.of(architecture="cct-2/3x2", dataset="digits")
    folder = Results(tmp_path).create(spec)
    torch.manual_seed(0)
    data = DATASETS["digits"]
    save_model(folder.path, build_model(spec, 1, data.image_size, 10), spec, data.classes, data.image_size, 1)
    return folder


def drawn(width: int = 25) -> Image.Image:
    image = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(image).line((90, 60, 180, 60, 120, 230), fill=0, width=width)
    return image


def test_probabilities_are_the_model_s_on_the_prepared_image(stored: RunFolder) -> None:
    loaded = predicting.load(stored)
    found = predicting.predict(loaded, drawn())
    assert found.classes == DATASETS["digits"].classes
    assert sum(found.probabilities) == pytest.approx(1, abs=1e-5)
    assert found.best == found.classes[int(np.argmax(found.probabilities))]
    assert (found.prepared.shape, found.prepared.dtype) == ((28, 28), np.dtype(np.uint8))
    data = DATASETS["digits"]
    inputs = (torch.from_numpy(found.prepared)[None, None] / 255 - data.mean[0]) / data.std[0]
    with torch.no_grad():
        expected = loaded.model(inputs).softmax(-1)[0]
    torch.testing.assert_close(torch.tensor(found.probabilities), expected, atol=1e-5, rtol=1e-4)
    assert predicting.predict(stored, drawn()).probabilities == found.probabilities


def test_an_empty_image_is_refused(stored: RunFolder) -> None:
    with pytest.raises(UserError, match="nothing drawn"):
        predicting.predict(stored, Image.new("L", (100, 100), 255))


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04cos\nsystem\n", b"\xff" * 100, b"{" * 1000])
def test_a_missing_broken_or_foreign_checkpoint_is_refused(stored: RunFolder, content: bytes | None) -> None:
    stored.checkpoint.unlink()
    if content is not None:
        stored.checkpoint.write_bytes(content)
    with pytest.raises(UserError):
        predicting.load(stored)


def test_a_cut_checkpoint_is_refused(stored: RunFolder) -> None:
    whole = stored.checkpoint.read_bytes()
    stored.checkpoint.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="safetensors"):
        predicting.load(stored)


def test_where_a_model_looks_is_a_share_for_each_token(stored: RunFolder) -> None:
    loaded = predicting.load(stored)
    before = predicting.predict(loaded, drawn()).probabilities
    maps = predicting.attention_maps(loaded, drawn())
    assert set(maps) == {"Attention rollout", "Sequence pooling"}
    for value in maps.values():
        assert value.shape == (7, 7)
        assert value.sum() == pytest.approx(1, abs=1e-4)
    assert predicting.predict(loaded, drawn()).probabilities == before


def test_a_map_is_bright_where_its_weight_lies() -> None:
    image = np.zeros((28, 28), np.uint8)
    weights = np.zeros((7, 7))
    weights[2, 5] = 0.7
    laid = overlay(image, weights).astype(int)
    assert laid.shape == (168, 168, 3)
    bright = laid.sum(-1) == laid.sum(-1).max()
    assert np.argwhere(bright).min(0).tolist() == [48, 120]
    assert np.argwhere(bright).max(0).tolist() == [71, 143]
    assert len(np.unique(laid.reshape(-1, 3), axis=0)) == 2
