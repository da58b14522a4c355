"""Every file of arrays that evaluations keep with a run: damaged in any way it is a sentence, of other weights none."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.pages.texts import give_weights, tell
from tests.runs.damages import DAMAGES, SECRET, damage
from vitcore.analysis import outputs, representations
from vitcore.analysis.assessor import KINDS
from vitcore.errors import UserError
from vitcore.runs.files import EVALUATIONS
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec

KEPT_BY = (outputs, representations)
DEEP = b'{"a":' * 5000
BROKEN = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "nine bytes short": lambda whole: whole[:-9],
    "another kind of number": lambda whole: whole.replace(b'"F32"', b'"F64"', 1),
    "words": lambda whole: b"a file of words, no more",
    "a deep head": lambda whole: len(DEEP).to_bytes(8, "little") + DEEP,
    "a head that is no table": lambda whole: (2).to_bytes(8, "little") + b"[]",
    "a head longer than the file": lambda whole: (1 << 40).to_bytes(8, "little") + whole[8:],
}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = tell(
        Results(tmp_path_factory.mktemp("kept") / "results"),
        RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, validation=None),
    )
    give_weights(run)
    for kind in KEPT_BY:
        kind.evaluate(run, {}, lambda: False)
    return run


def test_every_evaluation_that_keeps_arrays_is_among_them() -> None:
    assert {kind.KIND for kind in KEPT_BY} == KINDS.keys() - {"robustness"}  # which counts line by line
    assert {f"{kind.KIND}.safetensors" for kind in KEPT_BY} == EVALUATIONS.keys(), "each has a limit of its own"


@pytest.mark.parametrize("kind", KEPT_BY, ids=lambda kind: kind.KIND)
@pytest.mark.parametrize("how", [*BROKEN, *DAMAGES])
def test_a_damaged_file_is_a_sentence_and_tells_nothing_of_ours(
    evaluated: RunFolder, kind: ModuleType, how: str
) -> None:
    path: Path = kind.path(evaluated)
    whole = path.read_bytes()
    try:
        if how in BROKEN:
            path.write_bytes(BROKEN[how](whole))
        else:
            damage(path, how)
        if how == "a link to nothing":
            assert kind.read(evaluated) is None
            return
        with pytest.raises(UserError, match=evaluated.id) as error:
            kind.read(evaluated)
        assert SECRET not in str(error.value)
    finally:
        if path.is_dir() and not path.is_symlink():
            (path / "within").unlink()
            path.rmdir()
        path.unlink(missing_ok=True)
        path.write_bytes(whole)


@pytest.mark.parametrize("kind", KEPT_BY, ids=lambda kind: kind.KIND)
def test_of_other_weights_it_counts_no_more(evaluated: RunFolder, kind: ModuleType) -> None:
    path: Path = kind.path(evaluated)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole.replace(b'"epoch":"1"', b'"epoch":"7"', 1))
        assert kind.read(evaluated) is None
    finally:
        path.write_bytes(whole)
    assert kind.read(evaluated) is not None
