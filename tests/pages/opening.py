"""Where the pages lie, and what the fixture that opens one is."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem not in ("navigation", "__init__"))

Open = Callable[..., AppTest]


def metric(app: AppTest, label: str) -> str:
    """What stands in the metric of this label."""
    return str(next(one.value for one in app.metric if one.label == label))
