"""A model whose weights are no numbers: every way to read one refuses it, naming it, and answers nothing."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

from pages.draw import answers
from tests.models.test_checkpoint_formats import perturbed, published
from tests.training.runs import after, quick
from vitcore import cli
from vitcore.analysis import drawings as own_drawings
from vitcore.errors import UserError
from vitcore.runs import drawings, export, import_checkpoint, predict, teachers
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import WEIGHT_FILES, WEIGHTS, load_model, save_model, save_resume
from vitcore.training.network import build_model

ROOT = Path(__file__).resolve().parents[2]
SPEC = RunSpec.of(architecture="cnn")
DIGITS = tuple("0123456789")


def spoil(path: Path, value: float) -> None:
    """Puts one such number among a file's weights."""
    tensors = load_file(path)
    tensors["0.weight"].view(-1)[3] = value
    save_file(tensors, path, metadata=about(path))


def about(path: Path) -> dict[str, str]:
    head = path.read_bytes()
    return dict(json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])["__metadata__"])


@pytest.fixture(params=[float("nan"), float("inf"), float("-inf")], ids=str)
def bad(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
def broken(results: Results, bad: float, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run whose last weights hold such a number, and whose best ones are whole; the pages read it too."""
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    run = results.create(SPEC)
    save_model(run.path, build_model(SPEC, 1, 28, 10), SPEC, DIGITS, 28, 1)
    (run.path / WEIGHT_FILES["best"]).write_bytes(run.checkpoint.read_bytes())
    spoil(run.checkpoint, bad)
    return run


def drawn() -> Image.Image:
    image = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(image).line((50, 10, 50, 90), fill=0, width=12)
    return image


def answered(text: object) -> None:
    """Draw's asking gives the sentence back where others raise it."""
    assert isinstance(text, str)
    raise UserError(text)


READERS: dict[str, Callable[[Results, RunFolder], object]] = {
    "the checkpoint": lambda results, run: load_model(run.path),
    "predict": lambda results, run: predict.predict(run, drawn()),
    "where it looks": lambda results, run: predict.attention_maps(predict.load(run), drawn()),
    "ONNX": lambda results, run: export.write_onnx(run, run.path / export.FILE),
    "a teacher": lambda results, run: teachers.load(results, RunSpec.of(teacher=run.id)),
    "drawings": lambda results, run: own_drawings.judge(results, run),
    "Draw": lambda results, run: answered(answers.ask(run.id, drawn())),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_a_run_refuses_it_and_names_it(results: Results, broken: RunFolder, reader: str) -> None:
    drawings.save(results, "digits", drawn(), "1")
    before = sorted(os.listdir(broken.path))
    with pytest.raises(UserError, match=r"is not finite: 1 of its .* such as 0\.weight") as refused:
        READERS[reader](results, broken)
    assert broken.id in str(refused.value)
    assert "--weights best" in str(refused.value)
    assert sorted(os.listdir(broken.path)) == before


def test_no_file_of_weights_is_opened_anywhere_else() -> None:
    """So that the readers above are all: whoever opens one itself stands in this list, or goes through them."""
    opens = re.compile(r"\b(load_file|safe_open|torch\.load|load_model|load_resume|load_published)\(")
    found = {
        str(path.relative_to(ROOT))
        for folder in ("vitcore", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if any(opens.search(line) for line in path.read_text("utf-8").splitlines())
    }
    assert found == {
        "vitcore/training/checkpoint.py",
        "vitcore/training/best.py",  # its metadata alone
        "vitcore/training/loop.py",  # to resume
        "vitcore/training/follower.py",  # to resume beside the first process
        "vitcore/models/checkpoint_files.py",  # to import
        "vitcore/models/checkpoint_formats.py",
        "vitcore/models/__init__.py",
        "vitcore/runs/teachers.py",
        "vitcore/runs/predict.py",  # pages, command line and drawings
        "vitcore/runs/export.py",
    }


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(results: Results, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m vitcore` within this process: its exit code, what it prints and what it complains of."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vitcore", "--results", str(results.root), *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        messages = capsys.readouterr()
        return int(ended.value.code or 0), messages.out, messages.err

    return run


@pytest.mark.parametrize("bad", [float("nan")], ids=str, indirect=True)
def test_the_command_line_answers_with_the_weights_that_are_asked_for(
    broken: RunFolder, command: Command, tmp_path: Path
) -> None:
    image, file = str(tmp_path / "one.png"), tmp_path / "it.onnx"
    drawn().save(image)
    for asked in ([], ["--weights", "last"]):
        for words in (["predict", broken.id, image], ["export", broken.id, "--onnx", str(file)]):
            code, out, err = command(*words, *asked)
            assert (code, out) == (2, "")
            assert broken.id in err
            assert "is not finite" in err
            assert len(err.splitlines()) == 1
    assert not file.exists()
    code, out, err = command("predict", broken.id, image, "--weights", "best", "--top", "3")
    assert (code, len(out.splitlines())) == (0, 3), err
    code, out, err = command("export", broken.id, "--onnx", str(file), "--weights", "best")
    assert code == 0, err
    assert file.stat().st_size > 10_000

    for words in (["predict", broken.id, image], ["export", broken.id, "--onnx", str(file)]):
        code, _, err = command(*words, "--weights", "first")
        assert code == 2
        assert "'last'" in err
        assert "'best'" in err
    (broken.path / WEIGHT_FILES["best"]).unlink()
    for words in (["predict", broken.id, image], ["export", broken.id, "--onnx", str(file)]):
        code, _, err = command(*words, "--weights", "best")
        assert code == 2
        assert "there are no best weights" in err


def test_best_weights_that_are_not_finite_are_refused_too(broken: RunFolder, bad: float) -> None:
    spoil(broken.path / WEIGHT_FILES["best"], bad)
    with pytest.raises(UserError, match=r"best\.safetensors is not finite"):
        predict.load(broken, "best")


@pytest.mark.parametrize("name", WEIGHT_FILES)
def test_weights_of_more_than_a_few_megabytes_are_read(results: Results, name: str) -> None:
    """A limit on a run's files is a limit for each kind: best weights are as large as the last."""
    spec = RunSpec.of(architecture="cct-7/3x1")
    run = results.create(spec)
    save_model(run.path, build_model(spec, 1, 28, 10), spec, DIGITS, 28, 1)
    if name != "last":
        run.checkpoint.rename(run.path / WEIGHT_FILES[name])
    assert (run.path / WEIGHT_FILES[name]).stat().st_size > 8 << 20
    assert predict.load(run, name).run == run.id


def test_a_drawing_s_judge_tells_and_goes_on(results: Results, broken: RunFolder) -> None:
    drawings.save(results, "digits", drawn(), "1")
    messages = own_drawings.ask(results, [broken.id])
    assert messages.startswith(f"{broken.id} was passed over: ")
    assert "is not finite" in messages
    assert drawings.score(broken) is None


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_an_import_is_refused_and_stores_nothing(results: Results, tmp_path: Path, suffix: str, bad: float) -> None:
    tensors = published(perturbed("cct-2/3x2", channels=1, image_size=28))
    tensors["classifier.norm.weight"].view(-1)[0] = bad
    file = tmp_path / f"authors{suffix}"
    if suffix == ".pth":
        torch.save(tensors, file)
    else:
        save_file(tensors, file)
    with pytest.raises(UserError, match=rf"authors{suffix}.* not finite") as refused:
        import_checkpoint.store(results, RunSpec.of(architecture="cct-2/3x2"), file, evaluate=False)
    assert "\n" not in str(refused.value)
    assert results.ids() == []


def test_a_resume_is_refused_and_leaves_the_weights(tmp_path: Path, bad: float) -> None:
    quick(tmp_path / "run", control=after(8, "pause"))
    state = torch.load(tmp_path / "run" / "resume.pt", weights_only=True)
    state["model"]["0.weight"].view(-1)[0] = bad
    save_resume(tmp_path / "run", state)
    before = (tmp_path / "run" / WEIGHTS).read_bytes()
    with pytest.raises(UserError, match=r"the checkpoint in .*run is of a training that has diverged .* not finite"):
        quick(tmp_path / "run", resume=True)
    assert (tmp_path / "run" / WEIGHTS).read_bytes() == before
