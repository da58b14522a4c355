"""An installed package that names its module under `vitcore.plugins` is loaded, and its content known."""

import subprocess
import sys
from pathlib import Path

from tests.plugins.tables import documented

ROOT = Path(__file__).resolve().parents[2]
ASKED = (
    "from vitcore import plugins\n"
    "from vitcore.spec import RunSpec\n"
    "print(plugins.troubles())\n"
    "print(RunSpec.of(kernel='softplus-1').plugins)\n"
)


def install(site: Path, module: str, content: str | None) -> None:
    """What pip leaves of a package with one module: the module, and metadata that name its entry point."""
    about = site / "lab_kernels-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-kernels\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[vitcore.plugins]\nlab = {module}\n", encoding="utf-8")
    if content is not None:
        (site / f"{module}.py").write_text(content, encoding="utf-8")


def ask(site: Path) -> tuple[int, str]:
    code = f"import sys; sys.path.insert(0, {str(site)!r})\n{ASKED}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_is_loaded_and_its_content_is_in_the_spec(tmp_path: Path) -> None:
    install(tmp_path, "lab_module", documented())
    code, first = ask(tmp_path)
    assert code == 0, first
    assert first.startswith("[]\nlab@")
    install(tmp_path, "lab_module", documented() + "\n# another\n")
    assert ask(tmp_path)[1] != first, "another content is another digest"


def test_one_whose_module_is_gone_or_broken_is_a_sentence_and_the_rest_works(tmp_path: Path) -> None:
    install(tmp_path, "lab_gone", None)
    code, text = ask(tmp_path)
    assert code != 0, "its kernel is not there"
    assert "there is no module lab_gone" in text.splitlines()[0]
    install(tmp_path, "lab_broken", "import vitcore as vc\nvc.nothing\n")
    assert "no attribute 'nothing'" in ask(tmp_path)[1].splitlines()[0]
