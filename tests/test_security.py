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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled_evaluated_or_given_to_a_shell(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert not names & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
    for name, call in calls(path):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert name not in ("eval", "exec", "os.system", "os.popen", "pd.read_pickle")
        assert given.get("shell", "False") == "False"
        assert given.get("allow_pickle", "False") == "False"
        if name == "torch.load":
            assert given.get("weights_only") == "True"
        assert not name.endswith(("extractall", ".extract")), "archives are read, never unpacked"


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
