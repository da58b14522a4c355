"""axe-core and the Tab key on every page, light and dark: nothing serious or critical, all is reached, focus seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import PAGES, PATIENCE, address, served, settle, visit, wait_for_points
from tests.pages.texts import give_weights, tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
STREAMLITS = {
    # st.navigation draws its list as <ul><div><li>, and nothing of ours stands in it.
    "list": '[data-testid="stSidebarNavItems"]',
    "listitem": '[data-testid="stSidebarNavItems"]',
    # What is disabled is pale on purpose, which WCAG 1.4.3 leaves out; axe does not see it in Streamlit's own choices.
    "color-contrast": '[data-testid="stMultiSelect"]:has(input:disabled)',
}
"""What is Streamlit's own and cannot be mended from here: a rule, and where alone it may be broken."""

FOUND = """async ([rules, own]) => {
    const { violations } = await axe.run(document, { elementRef: true, resultTypes: ['violations'], ...rules })
    return violations.filter(each => ['serious', 'critical'].includes(each.impact)).flatMap(({ id, nodes }) => nodes
        .filter(node => !(own[id] && node.element.closest(own[id])))
        .map(node => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`))
}"""
START = """() => {
    const OF = ['outline', 'boxShadow', 'borderColor', 'backgroundColor', 'textDecoration', 'opacity', 'color']
    const look = element => {
        const found = []
        for (let at = element, step = 0; at && at !== document.body && step < 8; at = at.parentElement, step++) {
            for (const run of at.getAnimations()) run.finish()
            for (const part of [null, '::before', '::after']) {
                const style = getComputedStyle(at, part)
                found.push(OF.map(name => style[name]))
            }
        }
        return JSON.stringify(found)
    }
    document.activeElement.blur()
    window.walk = { look, seen: new Set(), suspects: new Set(), last: null }
}"""
FOCUSED = """() => {
    const { look, seen, suspects, last } = window.walk, item = document.activeElement
    if (last?.item.isConnected && last.item !== item && last.look === look(last.item)) suspects.add(last.item)
    const marked = item !== document.body && item.tagName !== 'CANVAS'  // a table marks its cell within its own canvas
    window.walk.last = marked ? { item, look: look(item) } : null
    const round = item !== document.body && item !== last?.item && seen.has(item)
    seen.add(item)
    return round
}"""
"""Whether the walk is round; what had the focus before and looks the same without it is suspected to hide it."""

UNSEEN = """async () => {
    const { look, suspects } = window.walk, found = []
    for (const item of [...suspects].filter(each => each.isConnected)) {
        const before = look(item), until = Date.now() + 5000
        item.focus({ focusVisible: true })
        while (look(item) === before && Date.now() < until) await new Promise(done => requestAnimationFrame(done))
        if (look(item) === before) found.push(item.outerHTML.slice(0, 200))
        item.blur()
    }
    return found
}"""
MISSED = """() => [...document.querySelectorAll('main :is(button, a[href], input, textarea, summary)')]
    .filter(each => each.tabIndex >= 0 && !each.disabled && each.type !== 'radio' && each.role !== 'radio')
    .filter(each => each.checkVisibility({ visibilityProperty: true }) && each.offsetWidth)
    .filter(each => !window.walk.seen.has(each)).map(each => each.outerHTML.slice(0, 200))"""

PLAIN = """() => [...document.querySelectorAll('main [data-testid="stPageLink"] p')]
    .filter(each => getComputedStyle(each).textDecorationLine !== 'underline').map(each => each.textContent)"""
"""Links to other pages that look like any text."""

MOST = 400  # presses of Tab on a page


@pytest.fixture(scope="module")
def walked(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, str]]:
    """One page for all pages of the app, over two stored runs with weights."""
    results = Results(tmp_path_factory.mktemp("accessible"))
    for seed in range(2):
        give_weights(tell(results, RunSpec.of(architecture="cct-mini/3x3", seed=seed, epochs=3), error=5.0))
    with served(results.root) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        visit(page, server.url)
        page.evaluate(AXE)
        yield page, server.url
        page.close()


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe-core calls serious or critical and is ours."""
    found: list[str] = page.evaluate(FOUND, [rules, STREAMLITS])
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_walked_by_tab(name: str, walked: tuple[Page, str]) -> None:
    page, _ = walked
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    link = page.locator(f'[data-testid="stSidebarNavLink"][href$="/{address(name)}"]').last
    link.click()
    expect(link).to_have_attribute("aria-current", "page")
    settle(page)
    page.mouse.move(2, 2)
    assert violations(page, {}) == []
    assert page.evaluate(PLAIN) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function("() => getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    settle(page)  # the app runs anew for another theme
    assert violations(page, {"runOnly": ["color-contrast"]}) == []
    page.evaluate(START)
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) and not page.evaluate(MISSED):
            break  # while something is missed, one more round: what is drawn anew under the focus sends it to the start
    assert page.evaluate(MISSED) == []
    assert page.evaluate(UNSEEN) == []


def test_a_charts_numbers_stand_in_a_table_that_a_keyboard_opens(walked: tuple[Page, str]) -> None:
    page, url = walked
    visit(page, f"{url}/compare?y=error_percent", "Compare")
    wait_for_points(page, "compare-curves", 2)
    chart = page.get_by_role("img", name="Chart: Test error (%) over Epoch; seed 1, seed 0.")
    expect(chart).to_have_count(1)
    figure = page.locator("figure", has=page.locator("[data-key=compare-curves]"))
    figure.get_by_role("button", name="Table", exact=True).press("Enter")
    table = figure.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["Epoch", "seed 1", "seed 0"])
    expect(table.get_by_role("row")).to_have_text(["Epochseed 1seed 0", "155", "255", "355"])
    page.evaluate(AXE)
    assert violations(page, {}) == []
