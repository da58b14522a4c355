"""Nothing is missing on any page, cold or by a click: the browser's console stays empty of errors."""

from playwright.sync_api import Page, expect

from tests.browser.driver import PAGES, Server, address, settle


def test_no_page_asks_for_what_is_not_there(page: Page, server: Server) -> None:
    missing: list[str] = []
    page.on(
        "response", lambda answer: missing.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
    )
    page.on("console", lambda entry: missing.append(entry.text) if entry.type == "error" else None)
    for name in PAGES:
        page.goto(f"{server.url}/{address(name)}")
        settle(page)
        assert missing == [], name
    page.goto(f"{server.url}/live")
    settle(page)
    page.get_by_role("link", name="Compare", exact=True).first.click()
    settle(page)
    expect(page).to_have_url(f"{server.url}/compare")
    page.go_back()
    expect(page).to_have_url(f"{server.url}/live")
    settle(page)
    assert missing == []
