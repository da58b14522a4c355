"""Where the pages lie, and what the fixture that opens one is."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem not in ("navigation", "__init__"))

Open = Callable[..., AppTest]
