"""The house keeps its shape: imports run down only, and torch is never on the way to a page's first paint.

A rule for every file is one test that names all files which break it: a test a file would be thousands.
"""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "vitcore").rglob("*.py")])

# A room may import the rooms named here, itself, and the ground.
GROUND = {"aliases", "apart", "errors", "vision", "processes", "schema", "events", "uncompiled", "untrusted"}
_MODELS = {"layers"}
_SPEC = {"plugins", "models", "layers", "data"}
_TRAINING = {"spec", *_SPEC}
_COST = {"training", "published", *_TRAINING}
_RUNS = {"cost", *_COST}
_ENGINES = {"runs", *_RUNS}
_STORE = {"engines", *_ENGINES}
_ABOVE = {"store", "statistics", *_STORE}
BELOW: dict[str, set[str]] = {
    "layers": set(),
    "data": set(),
    "statistics": set(),
    "models": _MODELS,
    "plugins": {"models", "layers", "data"},
    "spec": _SPEC,
    "published": {"spec", "statistics"},
    "training": _TRAINING,
    "cost": _COST,
    "runs": _RUNS,
    "engines": _ENGINES,
    "store": _STORE,
    "figures": {"statistics", "store"},
    "analysis": _ABOVE,
    "lab": _ABOVE,
    "reproduction": {"figures", *_ABOVE},
    "settle": {"published", "reproduction", *_ABOVE},
    "search": {"settle", "published", "reproduction", *_ABOVE},
    "study": {"figures", "published", "reproduction", *_ABOVE},
}
TOP = {"front", "root"}  # beside pages and cli: nothing in the house goes in by the front door
BELOW["front"] = {*BELOW}
BELOW["root"] = {"front", "models", "plugins", "spec"}  # the front door names what it fetches from there
BELOW["pages"] = {*BELOW, "pages"} - TOP
BELOW["app"] = {*BELOW} - TOP
BELOW["__main__"] = BELOW["cli"] = {*BELOW} - {"pages", "app"} - TOP | {"cli"}

TORCH_FREE = (
    "spec",
    "models",
    "layers.kernels",
    "data",
    "data.registry",
    "engines.dispatcher",
    "runs.export",
    "runs.queue",
    "runs.journal",
    "runs.predictions",
    "store.history",
    "store.queries",
)


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] in ("app", "pages"):
        return parts[0]
    return "root" if parts[1] == "__init__" else parts[1]


@functools.cache
def imported(path: Path) -> list[str]:
    """Every module that a file imports anywhere, functions included, as a dotted name."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append(node.module or "")
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def there(name: str) -> str | None:
    """The room of a module; None where it is none of ours."""
    parts = name.split(".")
    if parts[0] in ("pages", "app"):
        return parts[0]
    if parts[0] != "vitcore" or len(parts) == 1:
        return None
    place = ROOT / "vitcore" / parts[1]
    return parts[1] if place.with_suffix(".py").exists() or place.is_dir() else None


def test_imports_run_down_only() -> None:
    assert len(SOURCES) > 300
    upward = [
        f"{path.relative_to(ROOT)} ({here}) imports {name}"
        for path in SOURCES
        for here in [room(path)]
        for name in imported(path)
        if (other := there(name)) and other != here and other not in GROUND | BELOW.get(here, set())
    ]
    assert upward == []


def test_only_pages_know_streamlit_and_only_the_store_knows_duckdb() -> None:
    known = [(path, {name.split(".")[0] for name in imported(path)}) for path in SOURCES]
    assert [path for path, packages in known if "streamlit" in packages and room(path) not in ("app", "pages")] == []
    assert [path for path, packages in known if "duckdb" in packages and room(path) != "store"] == []


def test_a_file_says_its_job_in_its_first_line() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCES}
    silent = [
        path for path, text in texts.items() if text.strip() and not (ast.get_docstring(ast.parse(text)) or "").strip()
    ]
    assert silent == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert not {path.stem for path in SOURCES} & {"utils", "util", "helpers", "common", "misc", "manager"}


@pytest.mark.parametrize("module", TORCH_FREE)
def test_no_torch_on_the_way_to_the_first_paint(module: str) -> None:
    code = f"import sys, vitcore.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_home_does_not_wait_for_what_it_does_not_draw() -> None:
    """What Home imports stands between a click and its first paint; scipy is dear."""
    page = ast.parse((ROOT / "pages" / "home" / "page.py").read_text(encoding="utf-8"))
    lines = [ast.unparse(line) for line in page.body if isinstance(line, ast.Import | ast.ImportFrom)]
    code = "\n".join([*lines, "import sys", "print(*sys.modules)"])
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"pages.home.open_questions", "pages.server.store_cache"} <= set(found.split())
    assert not {"scipy", "sklearn", "torch"} & set(found.split())


def test_no_modules_import_one_another_in_a_circle() -> None:
    """Imports within functions and for type checkers count too: what is read together belongs together."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SOURCES if path.stem != "__init__"
    }
    arrows = {name: {*imported(path)} & names.keys() - {name} for name, path in names.items()}
    clear: set[str] = set()

    def follow(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join([*trail[trail.index(name) :], name])
        if name not in clear:
            for other in sorted(arrows[name]):
                follow(other, (*trail, name))
            clear.add(name)

    for name in sorted(names):
        follow(name, ())
