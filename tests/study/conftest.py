"""Three runs that have ended, and a study of them."""

from pathlib import Path

import pytest

from tests.pages.texts import tell
from vitcore.published.tables import table
from vitcore.runs.folder import ENVIRONMENT, Results
from vitcore.spec import RunSpec
from vitcore.store.index import Index
from vitcore.study import bundle
from vitcore.study.contents import Study
from vitcore.study.drawn import Drawn, drawn
from vitcore.study.material import Material, gather

TEXT = "# Why\n\nBecause **x²** <b>wins</b>.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Two runs on digits and one of a table's cells."""
    results = Results(tmp_path / "results")
    monkeypatch.setenv(ENVIRONMENT, str(results.root))
    for seed in (0, 1):
        tell(results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=3, seed=seed), error=6.0 + seed)
    tell(results, RunSpec.of(table("performer-table-1").spec("softmax", "error", "scaled"), seed=77), error=5.0)
    return results


@pytest.fixture
def study(stored: Results) -> Study:
    """With text, a table, three kinds of figures and the two runs on digits."""
    return Study.of(
        "Kernels & <digits>", "A. Nother", TEXT, tables=["performer-table-1", "cifar10-text"],
        figures=["error_percent", "confusion", "size"], runs=stored.ids()[:2],
    )  # fmt: skip


@pytest.fixture
def material(study: Study, stored: Results) -> Material:
    """What it is made of."""
    return gather(study, indexed(stored))


@pytest.fixture
def figures(material: Material) -> tuple[Drawn, ...]:
    """Its figures."""
    return drawn(material)


@pytest.fixture
def packed(tmp_path: Path, material: Material, figures: tuple[Drawn, ...], stored: Results) -> Path:
    """Its bundle."""
    bundle.write(tmp_path / "study.zip", material, figures, stored)
    return tmp_path / "study.zip"


def indexed(results: Results) -> Index:
    index = Index(results)
    index.poll()
    return index
