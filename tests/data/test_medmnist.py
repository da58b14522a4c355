"""MedMNIST's files against the package's own reader, where it is installed (`pip install medmnist`)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitcore.data.load import load

medmnist = pytest.importorskip("medmnist", reason="medmnist is not installed; it is the oracle here, and no one's need")
SIDE = 28
SETS = {"pneumoniamnist": 1, "bloodmnist": 3}  # with the channels of each


@pytest.mark.parametrize("name", SETS)
def test_a_file_of_medmnist_is_read_as_its_own_reader_reads_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    info, numbers = medmnist.INFO[name], np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    classes = len(info["label"])
    for place, split in enumerate(("train", "val", "test")):
        shape = (3 * classes + place, SIDE, SIDE, *[3] * (SETS[name] == 3))
        arrays[f"{split}_images"] = numbers.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{split}_labels"] = (np.arange(shape[0], dtype=np.uint8) % classes)[:, None]
    np.savez(tmp_path / f"{name}.npz", **arrays)
    images = load("folder", SIDE, folder=str(tmp_path / f"{name}.npz"), validation=True)
    assert images.classes == tuple(map(str, range(classes)))
    for split in ("train", "val", "test"):
        oracle = getattr(medmnist, info["python_class"])(split=split, root=str(tmp_path), as_rgb=True, download=False)
        wanted = sorted((int(label[0]), np.asarray(image).tobytes()) for image, label in oracle)
        part = getattr(images, split)
        pixels = part.images.permute(0, 2, 3, 1).numpy()
        assert wanted == sorted(
            (int(images.classes[label]), image.tobytes())
            for image, label in zip(pixels, part.labels.tolist(), strict=True)
        )
