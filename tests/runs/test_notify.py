"""A word when a run ends: by command and webhook, from this account's own file alone, within its time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.pages.texts import tell
from tests.runs.processes import wait_until
from vitcore.errors import UserError
from vitcore.runs import notify, queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec

WRITES = "import sys; open(sys.argv[1], 'a').write(sys.argv[-1] + '\\n')"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The account's own file, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(notify.NAMED, raising=False)
    (tmp_path / "config" / "vitcore").mkdir(parents=True)
    return notify.place()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return tell(Results(tmp_path / "results"), RunSpec.of(architecture="cnn", epochs=2, name="-rf $(touch x) ok"))


def put(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o600)


def sent(run: RunFolder, status: str = "finished") -> str:
    """What the notifier prints, which is nothing where all is well."""
    arguments = [run.id, "--status", status, "--results", str(run.path.parents[1])]
    done = subprocess.run(
        [sys.executable, "-m", "vitcore.runs.notify", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def command(*words: str) -> str:
    return f"command = {json.dumps([sys.executable, '-c', *words])}"


def test_without_a_file_nothing_is_started(file: Path, run: RunFolder) -> None:
    assert notify.read(Results(run.path.parents[1])) is None
    notify.after(Results(run.path.parents[1]), run, "finished")
    assert not (run.path / "worker.log").exists()
    assert notify.trouble() is None


def test_a_command_gets_the_sentence_as_one_word(file: Path, run: RunFolder, tmp_path: Path) -> None:
    put(file, command(WRITES, str(tmp_path / "out")))
    assert sent(run, "diverged") == ""
    assert sent(run, "stopped") == "", "a person has asked for that"
    assert (tmp_path / "out").read_text() == "vitcore: -rf $(touch x) ok diverged\n"


def test_a_run_that_ends_sends_word_by_itself(file: Path, tmp_path: Path) -> None:
    """The worker's own way: a run whose spec was damaged meanwhile fails at once."""
    put(file, command(WRITES, str(tmp_path / "out")))
    results = Results(tmp_path / "results")
    id = queue.enqueue(results, RunSpec.of(architecture="cnn", epochs=1))
    (results.run(id).path / "spec.json").write_text('{"spec": {"data": {"dataset": "nothing"}}}')
    subprocess.run(
        [sys.executable, "-m", "vitcore.runs.worker", id, "--results", str(results.root)], check=True, timeout=120
    )
    wait_until(lambda: (tmp_path / "out").exists() and (tmp_path / "out").read_text().endswith("failed\n"), "word came")


def test_what_hinders_it_is_said_once_until_it_is_gone(file: Path, run: RunFolder, tmp_path: Path) -> None:
    put(file, command("import sys; sys.exit(3)"))
    assert "ended with code 3" in sent(run)
    assert sent(run) == "", "the same again is known"
    assert "ended with code 3" in (notify.trouble() or "")
    put(file, command("import time; time.sleep(60)") + "\nseconds = 0.3")
    assert "more than 0.3 seconds" in sent(run)
    put(file, 'command = ["/no/such/program"]')
    assert "cannot be started" in sent(run)
    put(file, command(WRITES, str(tmp_path / "out")))
    assert sent(run) == ""
    assert notify.trouble() is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("command = 'rm'", "command is a list"),
        ("webhook = 'file:///etc/passwd'", "begins with https"),
        ("", "neither a command nor a webhook"),
        ("command = ['x']\non = ['begun']", "on is a list"),
        ("command = ['x']\nseconds = 1e9", "seconds is a number"),
        ("command = ['x']\nshell = true", "'shell'"),
        ("command = [", "cannot be read"),
        ("webhook = 'http://[x'", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_followed_is_a_sentence(file: Path, run: RunFolder, text: str, sentence: str) -> None:
    put(file, text)
    with pytest.raises(UserError, match=sentence):
        notify.read(Results(run.path.parents[1]))


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_it_is_this_accounts_alone(file: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Never one that came with a results folder, nor one that others may write."""
    results = Results(run.path.parents[1])
    put(file, "command = ['x']")
    file.chmod(0o666)
    with pytest.raises(UserError, match="written by, others"):
        notify.read(results)
    lying = results.root / "notify.toml"
    put(lying, "command = ['x']")
    monkeypatch.setenv(notify.NAMED, str(lying))
    with pytest.raises(UserError, match="results folder"):
        notify.read(results)
    (tmp_path / "link.toml").symlink_to(lying)
    monkeypatch.setenv(notify.NAMED, str(tmp_path / "link.toml"))
    with pytest.raises(UserError, match="results folder"):
        notify.read(results)


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server that takes what it is sent at /hook, and sends whoever asks for /away elsewhere."""
    got: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/hook":
                got.append(json.loads(body))
            self.send_response(200 if self.path == "/hook" else 302)
            self.send_header("Location", "/hook")
            self.end_headers()

        def log_message(self, *given: Any) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", got
    listening.shutdown()
    listening.server_close()


def test_a_webhook_gets_a_json_object_and_nobody_else_does(
    file: Path, run: RunFolder, server: tuple[str, list[dict[str, Any]]]
) -> None:
    url, got = server
    put(file, f'webhook = "{url}/hook"')
    assert sent(run) == ""
    assert got == [
        {
            "text": "vitcore: -rf $(touch x) ok finished",
            "run": run.id,
            "title": "-rf $(touch x) ok",
            "status": "finished",
        }
    ]
    put(file, f'webhook = "{url}/away?token=secret"')
    text = sent(run)
    assert "answered 302" in text
    assert "secret" not in text, "the address may be one"
    assert len(got) == 1
    assert os.environ.get("VITCORE_NOTIFY") is None
