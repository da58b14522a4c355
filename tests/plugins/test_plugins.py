"""Plug-ins: registered by a file, stamped into specs, trained by workers; missing, broken or changed, a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from tests.plugins.tables import apart, documented
from tests.runs.processes import epochs_of, tiny, wait_for_status, wait_until, worker_of
from vitcore import plugins
from vitcore.data.load import load as load_images
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, build
from vitcore.runs import journal, predict, queue
from vitcore.runs.export import write_onnx
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

PLUGIN = {"architecture": "narrow-vit", "kernel": "softplus-1", "dataset": "stripes"}
Load = Callable[..., None]


@pytest.fixture
def load() -> Iterator[Load]:
    with apart() as found:
        yield found


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The documented plug-in as a file, with a data folder of the test's own."""
    monkeypatch.setenv("VITCORE_DATA", str(tmp_path / "data"))
    place = tmp_path / "my_plugin.py"
    place.write_text(documented(), encoding="utf-8")
    return place


def test_what_a_file_registers_is_chosen_like_vitcores_own(load: Load, file: Path) -> None:
    load(file)
    assert plugins.troubles() == []
    spec = RunSpec.of(**PLUGIN, depth=2)
    model = build("narrow-vit", channels=1, image_size=16, classes=2, kernel="softplus-1", depth=2)
    assert model(torch.zeros(3, 1, 16, 16)).shape == (3, 2)
    assert build("small-mlp", channels=1, image_size=20, classes=4)(torch.zeros(3, 1, 20, 20)).shape == (3, 4)
    assert "softplus-1" in spec.title()
    images = load_images("stripes")
    assert images.train.images.shape == (400, 1, 16, 16)
    assert images.classes == ("upright", "lying")


def test_the_spec_and_the_fingerprint_know_the_content(load: Load, file: Path) -> None:
    load(file)
    spec, other = RunSpec.of(**PLUGIN), RunSpec.of(kernel="relu")
    assert spec.plugins is not None
    assert spec.plugins.startswith("my_plugin@")
    assert other.plugins is None
    assert RunSpec.of(spec, **{name: RunSpec().flat()[name] for name in PLUGIN}).plugins is None
    assert RunSpec.parse(spec.to_dict()) == spec
    before = spec.fingerprint()
    assert RunSpec.of(spec, seed=3).fingerprint() == before
    file.write_text(documented() + "\n# another\n", encoding="utf-8")
    load(file)
    assert RunSpec.of(**PLUGIN).fingerprint() != before
    assert RunSpec.parse(spec.to_dict()).fingerprint() == before, "a stored one stays what it was"


def test_one_that_is_missing_or_has_changed_is_a_sentence(load: Load, file: Path) -> None:
    load(file)
    stored = RunSpec.of(**PLUGIN).to_dict()
    file.write_text(documented() + "\n# another\n", encoding="utf-8")
    assert "has changed since it was loaded here" in plugins.troubles()[0]
    load(file)
    with pytest.raises(UserError, match=r"the plug-in my_plugin has changed since this run was made \(its content was"):
        plugins.check_unchanged(RunSpec.parse(stored).plugins)
    load()
    with pytest.raises(UserError, match="this run needs the plug-in my_plugin, which is not loaded; name its file in"):
        RunSpec.parse(stored)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1/0", "ZeroDivisionError: division by zero, line 1"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import vitcore as vc\nvc.register_kernel('relu', abs)", "there is a kernel 'relu' already"),
        ("import vitcore as vc\nvc.register_kernel('f: x', abs)", "no formula is a name"),
        ("import vitcore as vc\nvc.register_kernel('a b', abs)", "'a b' is no name of a kernel"),
        ("import vitcore as vc\nvc.register_architecture('mine')", "either a function that builds it or a family"),
        ("import vitcore as vc\nvc.register_architecture('mine', family='gpt')", "there is no family 'gpt'"),
        ("import vitcore as vc\nvc.register_dataset('d', list, classes='a', train=1, test=1, image_size=8)",
         "2 classes or"),
        ("import vitcore as vc\nvc.register_kernel('fine', abs)\nvc.nothing", "no attribute 'nothing', line 3"),
    ],
)  # fmt: skip
def test_one_that_is_broken_leaves_nothing_but_a_sentence(source: str, words: str, load: Load, tmp_path: Path) -> None:
    tables = [dict(table) for table in (KERNELS, ARCHITECTURES, DATASETS)]
    place = tmp_path / "broken.py"
    place.write_text(source, encoding="utf-8")
    load(place)
    [messages] = plugins.troubles()
    assert messages.startswith("the plug-in broken could not be loaded: ")
    assert words in messages, messages
    assert "\n" not in messages
    assert [dict(table) for table in (KERNELS, ARCHITECTURES, DATASETS)] == tables
    with pytest.raises(UserError, match=r"there is no kernel 'fine'; .*the plug-in broken could not be loaded"):
        RunSpec.of(kernel="fine")


def test_a_file_that_is_not_there_and_two_of_one_name_are_said(load: Load, tmp_path: Path) -> None:
    load(tmp_path / "gone.py")
    assert plugins.troubles() == [
        f"VITCORE_PLUGINS names the plug-in {tmp_path / 'gone.py'}, and there is no such file"
    ]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text("", encoding="utf-8")
    load(tmp_path / "a" / "same.py", tmp_path / "b" / "same.py")
    assert "names two plug-ins 'same'" in plugins.troubles()[0]


def test_a_network_or_a_dataset_that_is_not_what_it_should_be_is_a_sentence(load: Load, tmp_path: Path) -> None:
    place = tmp_path / "odd.py"
    place.write_text(
        "import numpy as np\nimport vitcore as vc\nfrom torch import nn\n"
        "vc.register_architecture('no-module', lambda channels, image_size, classes: 3)\n"
        "vc.register_architecture('wrong-shape', lambda channels, image_size, classes: nn.Flatten())\n"
        "vc.register_architecture('fails', lambda channels, image_size, classes: {}['x'])\n"
        "size = {'classes': ('a', 'b'), 'train': 2, 'test': 2, 'image_size': 8}\n"
        "vc.register_dataset('none', lambda: 3, **size)\n"
        "vc.register_dataset('floats', lambda: [np.zeros((2, 8, 8)), [0, 1]] * 2, **size)\n"
        "vc.register_dataset('labels', lambda: [np.zeros((2, 8, 8), np.uint8), [0, 2]] * 2, **size)\n",
        encoding="utf-8",
    )
    load(place)
    assert plugins.troubles() == []
    for name, words in (
        ("no-module", "build gave int"),
        ("wrong-shape", r"it gives \(1, 3072\)"),
        ("fails", "KeyError"),
    ):
        with pytest.raises(ValueError, match=words):
            build(name)
    for name, words in (("none", "gave no four arrays"), ("floats", "are float64 of shape"), ("labels", "from 0 to 2")):
        with pytest.raises(UserError, match=words):
            load_images(name)


def test_what_is_registered_in_a_session_alone_is_built_and_not_trained(load: Load) -> None:
    load()
    plugins.register_kernel("mine", torch.abs)
    assert build("cct-mini/3x3", channels=1, image_size=28, kernel="mine") is not None
    plugins.register_kernel("mine", torch.exp)  # a cell that is run again
    with pytest.raises(UserError, match="'mine' was registered in this session alone"):
        RunSpec.of(kernel="mine")


def test_a_worker_trains_it_and_goes_on_after_a_kill(
    results: Results,
    load: Load,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(plugins.VARIABLE, str(file))  # what a worker inherits
    load(file)
    id = queue.enqueue(results, tiny(**PLUGIN, epochs=12, device="cpu"))
    wait_until(lambda: len(epochs_of(results, id)) >= 2, "two epochs are told")
    worker_of(results, id).kill()
    wait_for_status(results, id, "interrupted")
    queue.resume(results, id)
    wait_for_status(results, id, "finished")
    run = results.run(id)
    write_onnx(run, tmp_path / "it.onnx")
    images = load_images("stripes").test.images[:6]
    session = onnxruntime.InferenceSession(tmp_path / "it.onnx", providers=["CPUExecutionProvider"])
    [other] = session.run(None, {session.get_inputs()[0].name: images.numpy().astype(np.float32) / 255})
    with torch.inference_mode():
        measured = predict.load(run).model((images.float() / 255 - 0.5) / 0.25).numpy()
    np.testing.assert_allclose(other, measured, atol=1e-4)
    index = Index(results)
    index.poll()
    [group] = queries.groups(index, ["architecture", "kernel", "dataset"]).to_dict("records")
    assert {name: group[name] for name in PLUGIN} == PLUGIN

    file.write_text(documented() + "\n# another\n", encoding="utf-8")
    again = queue.enqueue(results, tiny(**PLUGIN))  # of the file as this process had loaded it
    wait_for_status(results, again, "failed")
    assert "the plug-in my_plugin has changed since this run was made" in str(journal.read(
        results.run(again).events)[0][-1]["reason"])  # fmt: skip
    load(file)
    with pytest.raises(UserError, match="my_plugin has changed"):
        predict.load(run)
