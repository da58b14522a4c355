"""A word when a run has ended or diverged: a command or a webhook that a file of this account names; off without one.

The worker starts `python -m vitcore.runs.notify ID` once all is written, in a process of its own, and goes: whatever
becomes of the message, the run and the queue do not notice.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vitcore import processes
from vitcore.data.storage.places import user_config, user_state
from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError, first_line
from vitcore.runs import journal
from vitcore.runs.files import write_own
from vitcore.runs.folder import Results, RunFolder, read_json, write_json

NAMED = "VITCORE_NOTIFY"  # environment: the file, in place of notify.toml in the account's own folder
STATUSES = ("finished", "diverged", "failed", "stopped", "paused")
ON = ("finished", "diverged", "failed")  # where the file does not say: what nobody has asked for
SECONDS, MOST_SECONDS = 10.0, 60.0
LARGEST = 64_000  # bytes of the file


@dataclass(frozen=True)
class Notifier:
    """What the file says: `command` gets the sentence as its last argument, `webhook` a JSON object by POST."""

    command: tuple[str, ...] = ()
    webhook: str = ""
    on: tuple[str, ...] = ON
    seconds: float = SECONDS


def place() -> Path:
    """The file that is looked for."""
    named = os.environ.get(NAMED)
    return Path(named).expanduser().absolute() if named else user_config() / "notify.toml"


def read(results: Results) -> Notifier | None:
    """What this account wants; None where it has no such file.

    Raises:
        UserError: it lies among the results, others may write it, or it says something that cannot be.
    """
    file = place()
    if not os.path.lexists(file):
        return None
    real = Path(os.path.realpath(file))
    if real.is_relative_to(os.path.realpath(results.root)):
        raise UserError(f"{file.name} lies in the results folder, which may come from elsewhere; keep it in your own")
    try:
        found = os.stat(real)
        if sys.platform != "win32" and (found.st_uid != os.geteuid() or found.st_mode & 0o022):
            raise UserError(f"{file.name} belongs to, or can be written by, others than you; chmod 600 it")
        return _parsed(tomllib.loads(read_regular(real, LARGEST).decode("utf-8")), file.name)
    except (OSError, ValueError) as error:
        raise error if isinstance(error, UserError) else UserError(f"{file.name} cannot be read: {error}") from None


def after(results: Results, folder: RunFolder, status: str) -> None:
    """Send word of how a run ended, in a process of its own; nothing happens where nobody wants any."""
    try:
        if os.path.lexists(place()):
            with os.fdopen(write_own(folder.log, os.O_WRONLY | os.O_APPEND), "ab") as file:
                arguments = [folder.id, "--status", status, "--results", str(results.root)]
                processes.forget(processes.start("vitcore.runs.notify", arguments, file, detached=True))
    except OSError:  # no room for a process: the run itself is over and well
        return


def trouble() -> str | None:
    """Why the last word could not be sent; None where it was, or nobody wants any."""
    found = read_json(_trouble())
    text = (found or {}).get("text")
    return text[:400] if isinstance(text, str) and text and os.path.lexists(place()) else None


def send(notifier: Notifier, message: dict[str, Any]) -> None:
    """Run the command and call the webhook, each for `seconds` at most.

    Raises:
        UserError: one of them did not do; what it says holds no address beyond the host, whose path may be a secret.
    """
    if notifier.command:
        _run(notifier, message["text"])
    if notifier.webhook:
        _post(notifier, message)


def _parsed(raw: dict[str, Any], name: str) -> Notifier:
    """Raises UserError."""
    if unknown := raw.keys() - {"command", "webhook", "on", "seconds"}:
        raise UserError(f"{name} says {sorted(unknown)[0][:40]!r}; it knows command, webhook, on and seconds")
    command, webhook = raw.get("command", []), raw.get("webhook", "")
    statuses, seconds = raw.get("on", list(ON)), raw.get("seconds", SECONDS)
    if not (isinstance(command, list) and all(isinstance(word, str) and "\0" not in word for word in command)):
        raise UserError(f"{name}: command is a list of words, such as ['notify-send', 'vitcore']")
    if not isinstance(webhook, str) or (webhook and urlsplit(webhook).scheme not in ("http", "https")):
        raise UserError(f"{name}: webhook is an address that begins with https:// or http://")
    if not command and not webhook:
        raise UserError(f"{name} names neither a command nor a webhook")
    if not isinstance(statuses, list) or not set(map(str, statuses)) <= set(STATUSES):
        raise UserError(f"{name}: on is a list of {', '.join(STATUSES)}")
    if not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
        raise UserError(f"{name}: seconds is a number up to {MOST_SECONDS:.0f}")
    return Notifier(tuple(command), webhook, tuple(statuses), float(seconds))


def _run(notifier: Notifier, text: str) -> None:
    """No shell reads the words, and the sentence begins with none that could be an option."""
    name = Path(notifier.command[0]).name
    try:
        done = subprocess.run(
            [*notifier.command, text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=notifier.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"the command {name} took more than {notifier.seconds:g} seconds and was ended") from None
    except (OSError, ValueError) as error:
        raise UserError(f"the command {name} cannot be started: {first_line(error)}") from None
    if done.returncode:
        raise UserError(f"the command {name} ended with code {done.returncode}")


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: what is sent is for the host that the file names."""

    def redirect_request(self, *given: Any) -> None:
        return None


def _post(notifier: Notifier, message: dict[str, Any]) -> None:
    host = urlsplit(notifier.webhook).hostname or "?"
    try:
        asked = urllib.request.Request(
            notifier.webhook, json.dumps(message).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.build_opener(_Straight).open(asked, timeout=notifier.seconds):
            return
    except urllib.error.HTTPError as error:
        raise UserError(f"the webhook at {host} answered {error.code}") from None
    except TimeoutError:
        raise UserError(f"the webhook at {host} took more than {notifier.seconds:g} seconds") from None
    except (OSError, ValueError, HTTPException) as error:
        raise UserError(f"the webhook at {host} cannot be reached: {first_line(error)}") from None


def _message(folder: RunFolder, status: str) -> dict[str, Any]:
    """A sentence of how a run ended, and what it is made of."""
    title, error = folder.id, None
    with suppress(UserError):
        title = folder.spec().title()
    with suppress(UserError, OSError):
        ended = [line for line in journal.read(folder.events)[0] if line.get("event") == "ended"]
        error = ended[-1].get("val_error") if ended else None
    measured = f", validation error {error:.2f} %" if isinstance(error, int | float) else ""
    shown = "".join(letter if letter.isprintable() else " " for letter in title)
    return {"text": f"vitcore: {shown} {status}{measured}", "run": folder.id, "title": shown, "status": status}


def _remember(text: str) -> None:
    """Say what went wrong, once: the same again is known already. Empty: all is well."""
    known = (read_json(_trouble()) or {}).get("text")
    if (known or "") == text:
        return
    with suppress(OSError):
        _trouble().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(_trouble(), {"text": text})
    if text:
        print(f"No word was sent of how this run ended: {text}.", flush=True)


def _trouble() -> Path:
    return user_state() / "notify.json"


def main() -> None:
    """Sends word of one run; what hinders it is said once, in the run's log and on Home."""
    parser = argparse.ArgumentParser(description="Send word of how a run ended.")
    parser.add_argument("id")
    parser.add_argument("--status", required=True)
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    watchdog = threading.Timer(2 * MOST_SECONDS + 10, os._exit, [1])  # a host that answers drop by drop
    watchdog.daemon = True
    watchdog.start()
    try:
        notifier = read(results)
        if notifier is None or arguments.status not in notifier.on:
            return
        send(notifier, _message(results.run(arguments.id), arguments.status))
        _remember("")
    except UserError as error:
        _remember(str(error))


if __name__ == "__main__":
    main()
