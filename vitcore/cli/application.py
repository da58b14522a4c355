"""`app`: the Streamlit app, from a clone or from an installed wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

_PACKAGE = Path(__file__).resolve().parents[1]


def script() -> Path:
    """The app's launcher: a wheel has it, with all that it serves, within the package; in a clone it lies beside it."""
    installed = _PACKAGE / "app" / "app.py"
    return installed if installed.is_file() else _PACKAGE.parent / "app.py"


def start(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where it answers, on this machine alone.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Start the app in a browser; runs lie in ./results unless VITCORE_RESULTS or --results name another folder."""
    flags = ["--server.port", str(port), *([] if browser else ["--server.headless", "true"])]
    command = [sys.executable, "-m", "streamlit", "run", str(script()), *flags]
    if sys.platform == "win32":  # there exec returns to the shell while the server still runs
        raise typer.Exit(subprocess.run(command, check=False).returncode)
    sys.stdout.flush()
    os.execv(sys.executable, command)
