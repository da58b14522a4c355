"""A name that could be read as something else, on every figure there is: Chromium draws it to the letter, from here."""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser, Page

from pages.architectures.pipeline import Pipeline, pipelines
from pages.shared.chart import plain
from vitcore import figures
from vitcore.figures import kernels, reliability, representations, robustness, search
from vitcore.figures.scales import apart
from vitcore.models.stages import Stage
from vitcore.statistics.calibration import Bin
from vitcore.statistics.expected_best import expected_best_course
from vitcore.statistics.importance import Importance
from vitcore.statistics.intervals import Interval

NAMES = (
    "**z** _u_ `c` [l](http://elsewhere.invalid/)",
    "<b>t</b> <a href=http://elsewhere.invalid/a>l</a>",
    "<img src=http://elsewhere.invalid/i.png onerror=alert(1)>",
    "$x^2$ $$y$$",
    ":material/home: :red[r]",
    "![](http://elsewhere.invalid/p.png)",
    "=cmd()",
    "n" * 120,
    "שלום עולם",
    "%{x} %{meta[0]} %{customdata}",
    "&lt;b&gt; &amp; &#60;",
    "a<br>b<sup>2</sup>",
)
COUNT = len(NAMES)
EPOCHS = pd.DataFrame(
    {
        "run_id": [str(run) for run in range(COUNT) for _ in range(3)],
        "epoch": [1, 2, 3] * COUNT,
        "accuracy": [0.5 + run / 50 + epoch / 10 for run in range(COUNT) for epoch in range(3)],
        "test_loss": [np.nan if epoch else 1.0 for _ in range(COUNT) for epoch in range(3)],
    }
)
RUNS = pd.DataFrame({"id": [str(run) for run in range(COUNT)], "title": NAMES, "note": NAMES})
MODELS = pd.DataFrame(
    {"label": NAMES, "family": NAMES, "parameters": np.geomspace(1, 1e6, COUNT), "accuracy": np.linspace(1, 9, COUNT)}
)
COUNTS = np.ones((COUNT, COUNT), dtype=int) + 9 * np.eye(COUNT, dtype=int)


def _named(texts: tuple[str, ...]) -> Callable[[str], str]:
    """Series are known by keys of their own, and called by these."""
    return lambda key: texts[int(key)]


def _parallel() -> go.Figure:
    found = figures.parallel(
        RUNS.assign(value=np.arange(COUNT)), ["title", "value"], {"title": NAMES[1], "value": NAMES[-2]}
    )
    assert found is not None
    return found


FIGURES: dict[str, Callable[[], go.Figure | dict[str, object]]] = {
    "curves": lambda: figures.curves(EPOCHS, RUNS),
    "curve_plot": lambda: figures.curve_plot(EPOCHS, RUNS, group="note", log_y=True),
    "curve_plot of losses": lambda: figures.curve_plot(EPOCHS, RUNS, y="test_loss"),
    "bars": lambda: figures.bars(NAMES, [figures.Series(name, [1.0] * COUNT) for name in NAMES], log_y=True),
    "probabilities": lambda: figures.probabilities(
        dict.fromkeys(NAMES, [1 / COUNT] * COUNT), NAMES, most=COUNT, height=2400
    ),
    "confusion": lambda: figures.confusion(COUNTS, NAMES),
    "confusion_difference": lambda: figures.confusion_difference(COUNTS, COUNTS.T + 1, NAMES),
    "accuracy_against_size": lambda: figures.accuracy_against_size(MODELS),
    "parallel": _parallel,
    "shapes": lambda: kernels.shapes(
        pd.DataFrame({"kernel": [str(at) for at in range(COUNT)] * 2, "x": [0.0] * COUNT + [1.0] * COUNT, "y": 1.0}),
        _named(NAMES),
        x="x",
        y="y",
    ),
    "reliability_diagram": lambda: reliability.reliability_diagram(
        {str(at): (name, [Bin(0.4, 0.6, 9, 0.5, Interval(0.5, 0.2, 0.8))]) for at, name in enumerate(NAMES)}
    ),
    "error_against_severity": lambda: robustness.error_against_severity(
        pd.DataFrame({"run": [*map(str, range(COUNT))] * 2, "severity": [0] * COUNT + [5] * COUNT}).assign(error=9.0),
        {str(at): name for at, name in enumerate(NAMES)},
        legend=True,
    ),
    "feature_map": lambda: representations.feature_map(
        np.arange(2 * COUNT).reshape(-1, 2), range(COUNT), range(COUNT), NAMES, [0.5, 0.2], by_class=True, revision="m"
    ),
    "layer_similarity": lambda: representations.layer_similarity(
        [[Interval(0.5, 0.2, 0.8)] * COUNT] * COUNT, NAMES, NAMES, revision="layers"
    ),
    "attention_distance": lambda: representations.attention_distance(
        {str(at): (name, np.ones((2, 3)) + at) for at, name in enumerate(NAMES)}
    ),
    "class_counts": lambda: figures.class_counts(NAMES, {"Training": [3] * COUNT, "Test": [1] * COUNT}, height=2400),
    "expected_best": lambda: search.expected_best(
        [(name, expected_best_course(np.arange(9.0) + at)) for at, name in enumerate(NAMES)], sampled="random"
    ),
    "history": lambda: search.history(
        pd.DataFrame({"arm": range(COUNT), "order": 1, "val_error": 9.0, "ended": "complete", "words": NAMES}), NAMES
    ),
    "importances": lambda: search.importances(
        [(name, [(name, Importance(0.5, 0.3))]) for name in NAMES]
    ),
    "cost": lambda: kernels.cost(
        pd.DataFrame({"series": [str(at) for at in range(COUNT)] * 2, "tokens": [8] * COUNT + [16] * COUNT,
                      "milliseconds": 1.0}),
        _named(NAMES),
        crossings=[("1", 9.0, 1.0)],
    ),
}  # fmt: skip

NAMELESS = {"attention", "favor", "narrowing", "portrait", "style"}
"""Builders that draw nothing anybody has named, and the layout that all of them are given."""

DRAW = """async ([host, figure]) => {
    await Plotly.newPlot(host, figure.data, figure.layout, {displaylogo: false})
    const written = () => [...host.querySelectorAll('text, .hoverlayer text')].map(text => text.textContent)
    const found = written()
    for (const [place, trace] of figure.data.entries()) {
        if (trace.type === 'parcoords' || trace.hoverinfo === 'skip') continue
        const point = trace.type === 'heatmap' ? {pointNumber: [place, place]} : {pointNumber: 0}
        Plotly.Fx.hover(host, [{curveNumber: place, ...point}], trace.yaxis === 'y2' ? ['xy2'] : ['xy'])
        found.push(...written())
    }
    const odd = host.querySelectorAll('svg text a, svg script, svg foreignObject, svg tspan[style*=bold], img')
    return [found, odd.length]
}"""


@pytest.fixture(scope="module")
def canvas(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """An empty page with the charts' library, and the addresses it asks for."""
    page = browser.new_page(viewport={"width": 1600, "height": 1200})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append("a dialog"))
    page.set_content("<body><div id=host style='width:1500px'></div></body>")
    page.add_script_tag(path=Path(plotly.__file__).parent / "package_data" / "plotly.min.js")
    yield page, asked
    page.close()


@pytest.mark.parametrize("name", FIGURES)
def test_a_hostile_name_is_drawn_to_the_letter(name: str, canvas: tuple[Page, list[str]]) -> None:
    page, asked = canvas
    host = page.locator("#host").evaluate_handle("host => { Plotly.purge(host); host.innerHTML = ''; return host }")
    figure = json.loads(json.dumps(plain(FIGURES[name]())))
    texts, odd = page.evaluate(DRAW, [host, figure])
    wanted = [*apart(NAMES), NAMES[1], NAMES[-2]] if name == "parallel" else NAMES
    for item in wanted:
        assert any(item in text for text in texts), (name, item, texts)
    assert odd == 0
    assert [url for url in asked if not url.startswith(("data:", "blob:", "about:"))] == []


def test_the_pipeline_drawing_holds_them_too(canvas: tuple[Page, list[str]]) -> None:
    page, asked = canvas
    drawn = pipelines([Pipeline(entry, entry, [Stage("head", entry, (entry,))]) for entry in NAMES])
    page.locator("#host").evaluate("(host, html) => { host.innerHTML = html }", drawn)
    texts = page.locator("#host text").all_text_contents()
    for item in NAMES:
        assert texts.count(item) == 8, item
    assert page.locator("#host :is(a, img, script, b)").count() == 0
    assert [url for url in asked if not url.startswith(("data:", "blob:", "about:"))] == []


def test_every_builder_of_a_figure_is_among_them() -> None:
    found = set()
    for module in pkgutil.iter_modules(figures.__path__, f"{figures.__name__}."):
        for name, member in inspect.getmembers(import_module(module.name), inspect.isfunction):
            returns = str(member.__annotations__.get("return", ""))
            if member.__module__ == module.name and not name.startswith("_") and "Figure" in returns:
                found.add(name)
    assert found - NAMELESS == {name for name in FIGURES if name != "curve_plot" and " " not in name}
