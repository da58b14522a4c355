"""Where the pages lie, and what the fixture that opens one is."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    **{file.parent.name: f"{file.parent.name}/page.py" for file in sorted((ROOT / "pages").glob("*/page.py"))},
    **{f"report_{name}": f"reports/{name}.py" for name in ("performer", "cifar10", "slides", "hybrid")},
}
del PAGES["reports"]  # what the four reports' pages share
"""Every page's file below pages/, by its address."""

Open = Callable[..., AppTest]


def metric(app: AppTest, label: str) -> str:
    """What stands in the metric of this label."""
    return str(next(item.value for item in app.metric if item.label == label))
