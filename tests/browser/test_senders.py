"""The page of senders in a real browser: what an engineer sees who wires a client up."""

import json
import urllib.request

from playwright.sync_api import Page, expect

from tests.browser.console import Console

PAGE = "/senders/?project=default"


def send_badly(console: Console, program: str) -> None:
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "abc", "spanId": "1"}]}]}]}
    headers = {"content-type": "application/json", "user-agent": program}
    request = urllib.request.Request(f"{console.url}/v1/traces", json.dumps(body).encode(), headers)
    urllib.request.urlopen(request, timeout=20)


def test_a_new_sender_appears_by_itself_with_what_is_wrong(page: Page, console: Console):
    console.send(1)
    page.goto(PAGE)
    program = "a-new-client/3.1"
    expect(page.get_by_role("heading", name=program)).to_have_count(0)
    send_badly(console, program)
    sender = page.get_by_role("region", name=program)
    expect(sender).to_be_visible(timeout=20_000)
    expect(sender).to_contain_text("1 refused: traceId: must be hex digits")
    sender.get_by_role("link", name="Show").first.click()
    expect(page.locator("#refused")).to_be_in_viewport()


def test_its_spans_are_one_click_away_and_nothing_overflows_a_phone(page: Page, console: Console):
    console.send(2)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("region", name="Python-urllib").get_by_role("link", name="Python-urllib").click()
    expect(page.locator("table.traces tbody tr").first).to_be_visible()
    assert "client=Python-urllib" in page.url


def test_it_reads_without_script(plain_page: Page, console: Console):
    console.send(1)
    plain_page.goto(PAGE)
    expect(plain_page.get_by_role("heading", name="Python-urllib")).to_be_visible()
