"""The clauses of SECURITY.md that can be read off the code and the settings."""

import ast
import tomllib
from pathlib import Path

import pytest

from pages.draw import upload
from pages.server.guard import POLICY
from vitcore.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "vitcore").rglob("*.py")])


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call in a file by what is called, as it is written."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_the_server_is_bound_to_this_machine_and_tells_no_one() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["maxUploadSize"] <= upload.MEGABYTES
    for name in ("enableXsrfProtection", "enableCORS"):
        assert settings["server"].get(name, True) is True
    assert "server.address" not in (ROOT / "Makefile").read_text(encoding="utf-8")


def _dangers(path: Path) -> list[str]:
    """What of a file could run what it reads; archives are read, never unpacked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found = sorted(names & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"})
    for name, call in calls(path):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        asked = {given.get(word, "False") for word in ("shell", "allow_pickle")} != {"False"}
        whole = name == "torch.load" and given.get("weights_only") != "True"
        evaluates = name in ("eval", "exec", "os.system", "os.popen", "pd.read_pickle")
        if asked or whole or evaluates or name.endswith(("extractall", ".extract")):
            found.append(f"{name}, line {call.lineno}")
    return found


def test_nothing_is_unpickled_evaluated_or_given_to_a_shell() -> None:
    assert len(SOURCES) > 300
    assert {str(path.relative_to(ROOT)): found for path in SOURCES if (found := _dangers(path))} == {}


def test_what_could_run_what_it_reads_is_found(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    lines = ("import pickle", "eval(x)", "f(shell=True)", "np.load(f, allow_pickle=True)", "torch.load(f)")
    for line in (*lines, "archive.extractall()"):
        path.write_text(line)
        assert _dangers(path), line


def test_a_page_may_load_from_this_server_alone() -> None:
    allowed = {word for part in POLICY.split("; ") for word in part.split()[1:]}
    assert allowed <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert "unsafe" not in POLICY.split("default-src")[1].split(";")[0]


def test_an_upload_is_checked_here_and_not_only_in_the_browser() -> None:
    with pytest.raises(UserError, match="21 MB; an image may have 20"):
        upload.opened("large.png", bytes(21 << 20))
    for content in (b"", b"<svg onload=alert(1)>", b"%!PS-Adobe", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(UserError, match="cannot be read as an image"):
            upload.opened("evil.png", content)
