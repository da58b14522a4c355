"""Compare's charts of a sweep of twelve in a real browser: the legend beside the plot, by mouse and by keyboard."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from pages.compare.columns import NAME_ON_A_PHONE
from tests.browser.driver import Server, served, settle, visit, wait_for_points
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


def test_a_runs_name_leaves_its_numbers_room_on_a_phone(sweep: Server, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{sweep.url}/compare", "Compare")
    page.locator('i[data-narrow="true"]').wait_for(state="attached")  # the page was drawn before its width was known
    settle(page)
    page.locator(".dvn-scroller").first.click(position={"x": NAME_ON_A_PHONE + 70, "y": 15})
    expect(page).to_have_url(re.compile("sort=learning_rate"))


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


PLACE = """([key, trace, point]) => {
    const host = document.querySelector(`.vitcore-chart[data-key=${key}]`), data = host._fullData[trace]
    const frame = host.querySelector('.nsewdrag').getBoundingClientRect(), { xaxis, yaxis } = host._fullLayout
    return [frame.x + xaxis.d2p(data.x[point]), frame.y + yaxis.d2p(data.y[point]), data.legendgroup, data.customdata]
}"""


def choose(page: Page, key: str, mode: str) -> None:
    """Press one of a chart's tools."""
    figure = page.locator("figure", has=page.locator(f"[data-key={key}]"))
    figure.hover()
    figure.get_by_role("button", name=mode, exact=True).click()


def chosen(page: Page, count: int) -> None:
    """Wait until so many are chosen, in the table and in the address."""
    expect(page.locator(".st-key-choose-none button")).to_have_text(f"Clear choice ({count})")
    settle(page)
    names = parse_qs(urlsplit(page.url).query)["runs"][0].split(",")
    assert len(names) == count


def test_a_click_on_a_curve_chooses_its_run_and_takes_it_out_again(sweep: Server, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 1600})
    visit(page, f"{sweep.url}/compare?y=error_percent", "Compare")
    wait_for_points(page, "compare-curves", 12)
    x, y, group, _ = page.evaluate(PLACE, ["compare-curves", 4, 1])
    page.mouse.click(x, y)
    chosen(page, 1)
    assert f"runs={group.partition(':')[2]}" in page.url
    assert len(page.evaluate(SHOWN, "compare-curves")) == 1
    x, y, *_ = page.evaluate(PLACE, ["compare-curves", 0, 1])
    page.mouse.click(x, y)
    expect(page.locator(".st-key-choose-none")).to_have_count(0)
    wait_for_points(page, "compare-curves", 12)


def test_a_click_on_a_groups_curve_chooses_its_runs(sweep: Server, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 1600})
    visit(page, f"{sweep.url}/compare?y=error_percent&grouped=1&by=learning_rate", "Compare")
    wait_for_points(page, "compare-curves", 3)
    curve = page.evaluate(
        "() => document.querySelector('[data-key=compare-curves]')._fullData.findLastIndex(each => each.meta?.runs)"
    )
    x, y, *_ = page.evaluate(PLACE, ["compare-curves", curve, 1])
    page.mouse.click(x, y)
    chosen(page, 4)
    page.locator(".st-key-show-chosen button").click()
    expect(page.locator(".st-key-show-chosen")).to_have_count(0)
    settle(page)
    chosen(page, 4)
    assert "grouped" not in page.url
    assert len(page.evaluate(SHOWN, "compare-curves")) == 4


def test_a_box_chooses_what_lies_within_and_a_lasso_round_points_their_runs(sweep: Server, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 1600})
    visit(page, f"{sweep.url}/compare?y=error_percent", "Compare")
    wait_for_points(page, "compare-curves", 12)
    choose(page, "compare-curves", "Box")
    left, high, *_ = page.evaluate(PLACE, ["compare-curves", 2, 0])  # errors 13, 14 and 15 are the newest runs'
    right, low, *_ = page.evaluate(PLACE, ["compare-curves", 0, 2])
    page.mouse.move(left - 8, max(high, low) + 6)
    page.mouse.down()
    page.mouse.move(right + 8, min(high, low) - 6, steps=6)
    page.mouse.up()
    chosen(page, 3)
    page.locator(".st-key-choose-none button").click()
    visit(page, f"{sweep.url}/compare?chart=cost", "Compare")
    wait_for_points(page, "compare-against", 2)
    choose(page, "compare-against", "Lasso")
    x, y, _, behind = page.evaluate(PLACE, ["compare-against", 0, 0])
    page.mouse.move(x - 20, y - 20)
    page.mouse.down()
    for across, down in ((20, -20), (20, 20), (-20, 20), (-20, -18)):
        page.mouse.move(x + across, y + down, steps=6)
    page.mouse.up()
    chosen(page, 4)
    assert set(parse_qs(urlsplit(page.url).query)["runs"][0].split(",")) == set(behind[0])


def test_the_lines_that_a_brush_has_left_are_chosen(sweep: Server, page: Page) -> None:
    visit(page, f"{sweep.url}/compare?chart=parallel&axes=seed,error_percent", "Compare")
    wait_for_points(page, "compare-parallel", 0)
    page.evaluate(
        """() => Plotly.restyle(document.querySelector('[data-key=compare-parallel]'),
            {'dimensions[0].constraintrange': [[-0.1, 1.1]]})"""
    )
    choose(page, "compare-parallel", "Choose these lines")
    chosen(page, 6)
