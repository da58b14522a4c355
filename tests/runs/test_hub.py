"""Weights by name: fetched once from a hub, stored as a run that says where they are from, or one sentence in time."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from tests.models.foreign_names import hugging_face, perturbed
from tests.runs.hub_server import COMMIT, Hub, serving
from vitcore.errors import UserError
from vitcore.models import build, timm_nets
from vitcore.runs import hub, journal, origins, queue
from vitcore.runs.folder import Results
from vitcore.runs.import_checkpoint import store
from vitcore.spec import RunSpec

REPO = "google/vit-small"
FEW = {"depth": 2, "embed_dim": 48, "num_heads": 6, "mlp_ratio": 4.0}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one repository: a ViT under Hugging Face's names, in both of its forms; a token lies about."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    kind = timm_nets.library().models.vision_transformer.VisionTransformer
    model = perturbed(kind(img_size=32, patch_size=16, in_chans=1, num_classes=10, **FEW))
    weights = {name: tensor.contiguous() for name, tensor in hugging_face(model.state_dict(), "vit").items()}
    found = Hub()
    found.files[REPO] = {"config.json": b"{}", "model.safetensors": save(weights), "pytorch_model.bin": b"not this"}
    with serving(found) as serving_now:
        monkeypatch.setenv("HF_ENDPOINT", serving_now.address)
        yield serving_now


def test_what_is_fetched_is_stored_with_its_origin_and_can_be_started_from(served: Hub, results: Results) -> None:
    fetched = hub.fetch(f"hf:{REPO}")
    content = served.files[REPO]["model.safetensors"]
    digest = hashlib.sha256(content).hexdigest()
    assert fetched.path.read_bytes() == content
    assert fetched.origin == f"hf:{REPO} at revision {COMMIT[:12]} (model.safetensors, SHA-256 {digest[:12]})"
    spec = RunSpec.of(architecture="vit-s/16", dataset="digits", image_size=32, **FEW)
    id, text = store(results, spec, fetched.path, origin=fetched.origin)
    assert text[0].startswith("Loaded ")
    assert queue.status(results, id) == "finished"
    [ended] = [line for line in journal.read(results.run(id).events)[0] if line["event"] == "ended"]
    assert ended["reason"] == f"Imported from {fetched.origin}."
    assert 0 <= ended["error_percent"] <= 100
    assert results.run(id).spec().init.checkpoint_digest == digest
    origins.check(results, RunSpec.of(spec, init_from=id))


def test_asked_is_the_hub_alone_without_a_token_and_a_file_comes_once(served: Hub) -> None:
    for _ in range(2):
        hub.fetch(f"hf:{REPO}")
    assert len(served.fetched()) == 1
    for _, path, headers in served.asked:
        assert path.split("?")[0].startswith((f"/api/models/{REPO}/", f"/{REPO}/resolve/")), path
        given = {name.lower(): value for name, value in headers.items()}
        assert "authorization" not in given
        assert "torch" not in given["user-agent"]


REFUSED = {
    "a private repository": ("hf:google/secret", "has no open repository google/secret"),
    "another revision": (f"hf:{REPO}@v2", "has no revision 'v2'"),
    "no weights at all": ("hf:none/here", "neither model.safetensors nor pytorch_model.bin and no other weights"),
    "several parts": ("hf:in/parts", "keeps its weights in several files"),
    "a file that is code": (f"hf:{REPO}/config.json", "has no weights 'config.json'; it has model.safetensors"),
    "two to choose from": ("hf:two/here", "it has a.safetensors, b.safetensors: name one behind a slash"),
    "too large": ("hf:large/one", "has 4,294,967,297 bytes, and at most 4,294,967,296 are fetched by name"),
    "other bytes": ("hf:changed/one", "came with other bytes than are published"),
    "no name": ("hf:vit", "'hf:vit' names no repository of the hub; weights are named as in hf:google/vit-base"),
    "a way out": ("hf:google/../etc", "names no repository"),
}


@pytest.mark.parametrize(("name", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_to_be_had_is_one_sentence_and_no_file(served: Hub, name: str, sentence: str) -> None:
    served.files |= {
        "none/here": {"README.md": b"text", "code.py": b"print()"},
        "in/parts": {"model.safetensors.index.json": b"{}", "model-1-of-2.safetensors": b"", "m2.safetensors": b""},
        "two/here": {"a.safetensors": b"a", "b.safetensors": b"b"},
        "large/one": {"large.safetensors": b""},
        "changed/one": {"changed.safetensors": b"as published"},
    }
    served.sizes["large.safetensors"] = hub.LARGEST_BYTES + 1
    served.lies.add("changed.safetensors")
    with pytest.raises(UserError) as raised:
        hub.fetch(name)
    assert sentence in str(raised.value)
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "vitcore" / "hub"
    assert not [path for path in cache.rglob("*") if path.is_file() and path.parent.name == "blobs"]


def test_one_file_may_be_named(served: Hub) -> None:
    served.files["two/here"] = {"a.safetensors": b"a", "below/b.pt": b"b"}
    assert hub.fetch("hf:two/here").path.read_bytes() == b"a", "the only safetensors there"
    assert hub.fetch("hf:two/here@main/below/b.pt").path.read_bytes() == b"b"


@pytest.fixture
def silent() -> Iterator[dict[str, str]]:
    """Addresses where nobody answers: a closed port, one that takes the request and keeps still, and nowhere."""
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as still:
        closed.bind(("127.0.0.1", 0))
        yield {
            "closed": f"http://127.0.0.1:{closed.getsockname()[1]}",
            "still": f"http://127.0.0.1:{still.getsockname()[1]}",
            "nowhere": "http://192.0.2.1",
            "unnamed": "https://hub.invalid",
        }


@pytest.mark.parametrize("where", ["closed", "still", "nowhere", "unnamed"])
def test_without_a_network_it_is_one_sentence_in_time_and_then_what_was_fetched_before(
    where: str, served: Hub, silent: dict[str, str]
) -> None:
    begun = time.monotonic()
    with pytest.raises(UserError, match=r"did not answer.* cannot be fetched; bring their file here") as raised:
        hub.fetch(f"hf:{REPO}", endpoint=silent[where], seconds=0.5)
    assert time.monotonic() - begun < 30, "its own half second, however busy the machine is; not the minute of retries"
    assert silent[where].partition("//")[2] in str(raised.value)
    before = hub.fetch(f"hf:{REPO}")
    again = hub.fetch(f"hf:{REPO}", endpoint=silent[where], seconds=0.5)
    assert again.path == before.path
    assert again.origin.startswith(before.origin + "; ")
    assert again.origin.endswith("so it is what was fetched before")


@pytest.mark.parametrize("missing", ["huggingface_hub", ""])
def test_on_the_command_line(missing: str, served: Hub, tmp_path: Path) -> None:
    """As a person types it, where the hub's library is installed and where it is not."""
    source = perturbed(build("timm/test_resnet", channels=1, image_size=28, classes=10), 1, 28, 28)
    weights = {name: tensor.contiguous() for name, tensor in source.state_dict().items()}
    served.files["timm/test_resnet.r160"] = {"model.safetensors": save(weights)}
    code = f"import sys; sys.modules.update({{{missing!r}: None}}); from vitcore.cli import main; main()"
    arguments = ["import", "timm/test_resnet", "hf:timm/test_resnet.r160", "--dataset", "digits", "--no-evaluate"]
    done = subprocess.run(
        [sys.executable, "-c", code, "--results", str(tmp_path / "runs"), *arguments], capture_output=True, text=True
    )
    if missing:
        assert done.returncode == 2
        assert done.stderr.strip() == (
            "weights by name need huggingface_hub, which is not installed; pip install 'vitcore[hub]' brings it"
        )
        return
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Taken from hf:timm/test_resnet.r160 at revision 0123456789ab (model.safetensors, ")
    run = Results(tmp_path / "runs").run(done.stdout.strip())
    stored = load_file(run.checkpoint)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in weights.items())
