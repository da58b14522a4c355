"""The recipe of SECURITY.md for a few people: a real reverse proxy with TLS and a password before the app."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, HttpCredentials

from pages.server.guard import SETTING
from tests.browser.driver import FLAGS, ROOT, served, visit, wait_for_points
from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

NAME, WHO, WORD = "vitcore.example.org", "ada", "a good long word"

pytestmark = pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed (apt-get install caddy)")


def caddy(*arguments: str) -> str:
    return subprocess.run(["caddy", *arguments], capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def recipe(port: int, app: int) -> str:
    """SECURITY.md's own lines, with the password's hash, ports of this test, and a certificate that nobody signed."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    found = re.search(rf"^( +){re.escape(NAME)} {{\n.*?^\1}}", text, re.MULTILINE | re.DOTALL)
    assert found, "SECURITY.md has no such block"
    hashed = caddy("hash-password", "--plaintext", WORD)
    lines = found.group().replace("$2a$14$\u2026", hashed).replace("127.0.0.1:8501", f"127.0.0.1:{app}")
    assert hashed in lines
    version = tuple(map(int, re.findall(r"\d+", caddy("version"))[:2]))
    if version < (2, 8):  # as SECURITY.md says
        lines = lines.replace("basic_auth", "basicauth")
    lines = lines.replace(f"{NAME} {{", f"https://{NAME}:{port} {{\n tls internal", 1)
    return f"{{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}}\n{lines}\n"


@contextmanager
def proxied(app: str, place: Path) -> Iterator[str]:
    """A proxy as the recipe makes it, until the block ends; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (place / "Caddyfile").write_text(recipe(port, int(app.rsplit(":", 1)[1])))
    homes = {name: str(place / "caddy") for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    with (place / "caddy.log").open("wb") as log:
        proxy = subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")],
            env={**os.environ, **homes},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 30
        while "serving initial configuration" not in (place / "caddy.log").read_text():
            assert proxy.poll() is None, (place / "caddy.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"https://{NAME}:{port}"
    finally:
        proxy.terminate()
        proxy.wait(20)


def test_the_recipe_lets_in_who_has_the_password_and_nobody_else(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Results(tmp_path / "results")
    tell(results, RunSpec.of(name="behind the proxy", epochs=3), error=5.0)
    flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    known: HttpCredentials = {"username": WHO, "password": WORD}
    chromium = browser.browser_type.launch(executable_path="/usr/bin/chromium", args=flags)
    monkeypatch.setenv(SETTING, NAME)
    with served(results.root) as server, proxied(server.url, tmp_path) as url:
        stranger = chromium.new_context(ignore_https_errors=True)
        with pytest.raises(Error, match="INVALID_AUTH_CREDENTIALS"):  # Chromium's word for 401 with nobody to ask
            stranger.new_page().goto(f"{url}/compare")
        guest = chromium.new_context(ignore_https_errors=True, http_credentials=known).new_page()
        visit(guest, f"{url}/compare", "Compare")  # which comes over the WebSocket
        wait_for_points(guest, "compare-curves", 2)
        with guest.expect_download() as download:
            guest.locator(".st-key-download-csv button:visible").last.click()
        assert "behind the proxy" in Path(download.value.path()).read_text(encoding="utf-8")
    monkeypatch.delenv(SETTING)
    with served(results.root) as server, proxied(server.url, tmp_path) as url:
        guest = chromium.new_context(ignore_https_errors=True, http_credentials=known).new_page()
        answer = guest.goto(f"{url}/compare")
        assert answer is not None
        assert answer.status == 403, "a name that is not set is not answered to"
        assert SETTING in guest.inner_text("body")
    chromium.close()
