"""Compare's charts of a sweep of twelve in a real browser: the legend beside the plot, by mouse and by keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Server, served, visit, wait_for_points
from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

RATES = (0.001, 0.003, 0.01)
LEGEND = ".vitcore-charts .legend"
SHOWN = """key => document.querySelector(`.vitcore-chart[data-key=${key}]`).data
    .filter(trace => trace.visible !== false && trace.showlegend !== false).map(trace => trace.name)"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Twelve runs of three rates and four seeds, which nothing changes."""
    results = Results(tmp_path_factory.mktemp("sweep"))
    for place in range(12):
        spec = RunSpec.of(architecture="cct-mini/3x3", learning_rate=RATES[place // 4], seed=place % 4, epochs=3)
        tell(results, spec, error=4.0 + place)
    with served(results.root) as item:
        yield item


def test_twelve_names_leave_a_phones_plot_whole(sweep: Server, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{sweep.url}/compare", "Compare")
    wait_for_points(page, "compare-curves", 12)
    legend = page.locator(LEGEND)
    expect(legend.get_by_role("button")).to_have_count(12)
    plot, names = page.locator("[data-key=compare-curves] .nsewdrag").bounding_box(), legend.bounding_box()
    assert plot
    assert names
    assert plot["height"] > 300
    assert names["height"] <= 160
    assert names["y"] + names["height"] <= plot["y"]
    assert page.locator("[data-key=compare-curves] .legend .traces").count() == 0


def test_a_name_hides_its_curve_by_mouse_and_keyboard(sweep: Server, page: Page) -> None:
    visit(page, f"{sweep.url}/compare", "Compare")
    wait_for_points(page, "compare-curves", 12)
    first = page.locator(LEGEND).get_by_role("button", name="lr 0.01 · seed 3")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    assert len(page.evaluate(SHOWN, "compare-curves")) == 11
    first.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(first).to_be_focused()
    first.dblclick()
    pressed = page.locator(LEGEND).locator("button[aria-pressed=true]")
    expect(pressed).to_have_text(["lr 0.01 · seed 3"])
    first.dblclick()
    expect(pressed).to_have_count(12)
