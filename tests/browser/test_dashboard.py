"""The dashboard in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import watched
from tests.browser.console import Console

PANELS = ("health", "quality", "errors", "issues", "costs", "alerts")
PAGES = (
    "/",
    "/traces/",
    "/quality/",
    "/costs/",
    "/alerts/",
    "/incidents/",
    "/senders/",
    "/settings/",
    "/settings/keys/",
)


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_an_empty_project_says_what_to_do_and_turns_by_itself(page: Page, console: Console):
    page.goto("/?project=default&range=15m")
    if page.locator("#panel-health").count():
        pytest.fail("this test must run before anything was sent")
    expect(page.locator("main")).to_contain_text("/v1/traces")
    console.send()
    expect(page.locator("#panel-health")).to_be_visible()


def test_new_traffic_arrives_without_a_reload(page: Page, console: Console):
    console.send()
    page.goto("/?project=default&range=15m")
    expect(page.locator("[data-js-live-state]")).to_contain_text("Live")
    before = console.calls("now-15m")
    page.evaluate("window.notReloaded = true")
    console.send(7)
    expect(page.locator("#panel-health")).to_contain_text(f"{before + 7} calls")
    assert page.evaluate("window.notReloaded") is True


def test_the_panels_stand_in_their_order(page: Page, console: Console):
    console.send()
    page.goto("/?project=default")
    ids = page.locator("main [id^=panel-]").evaluate_all("nodes => nodes.map(node => node.id)")
    assert [name for name in ids if name.count("-") == 1] == [f"panel-{name}" for name in PANELS]


def test_range_refresh_and_compare_live_in_the_address(page: Page, console: Console):
    console.send()
    page.goto("/?project=default&range=6h&compare=week&refresh=off")
    expect(page.locator("#range-6h")).to_have_attribute("aria-current", "true")
    expect(page.locator("main")).to_contain_text("same time last week")
    expect(page.locator("[data-js-live-state]")).to_contain_text("Paused")
    page.locator("#range-1h").click()
    page.wait_for_url(re.compile(r"range=1h"))
    assert "compare=week" in page.url and "refresh=off" in page.url
    page.go_back()
    expect(page.locator("#range-6h")).to_have_attribute("aria-current", "true")


def test_a_wrong_range_is_named(page: Page, console: Console):
    response = page.request.get("/?project=default&range=3h")
    assert response.status == 400 and "range" in response.text()


def test_a_number_leads_to_the_traces_that_it_counts(page: Page, console: Console):
    console.send(3, error="RateLimitError", feature="search")
    page.goto("/?project=default&range=15m")
    link = page.locator("#panel-errors table a", has_text=re.compile(r"^\d+$")).first
    counted = number(link.inner_text())
    link.click()
    page.wait_for_url(re.compile(r"/traces/\?.*error_type=rate_limit"))
    expect(page.locator("main")).to_contain_text(re.compile(rf"\b{counted}\b"))
    page.locator("main table tbody a").first.click()
    expect(page.locator("main")).to_contain_text("Why is the sky blue?")


def test_a_budget_set_in_the_admin_stands_on_the_dashboard(page: Page, console: Console):
    console.send(10)
    page.goto("/admin/costs/budget/add/?project=default")
    page.locator("input[name=name]").fill("Everything")
    page.locator("select[name=project]").select_option(label="My application")
    page.locator("select[name=period]").select_option("day")
    page.locator("input[name=limit_usd]").fill("12.50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text("Everything")
    page.goto("/?project=default")
    expect(page.locator("#panel-costs")).to_contain_text("$12.50")
    expect(page.locator("#panel-costs")).to_contain_text("left")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_fits_in_both_themes(browser: Browser, console: Console, signed_in: dict, theme: str, width: int):
    console.send(2, score=0.4)
    context = browser.new_context(
        base_url=console.url,
        storage_state=signed_in,
        color_scheme=theme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    for page in watched(context, console):
        for address in PAGES:
            response = page.goto(f"{address}?project=default")
            assert response.status == 200, address
            page.wait_for_load_state("load")
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, f"{address} scrolls sideways by {beyond} px at {width}"
            dark = page.evaluate(
                "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)"
                ".reduce((sum, part) => sum + Number(part), 0) < 384"
            )
            assert dark is (theme == "dark"), address


#: What a screen reader would stumble over, as a list of words.
STUMBLES = """() => {
  const found = [];
  const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
  found.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map(id => `two of #${id}`));
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  for (const node of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!node.labels?.length && !node.ariaLabel) found.push(`no label: ${node.outerHTML}`);
  for (const node of document.querySelectorAll("a[href]:not([aria-hidden]), button"))
    if (!(node.textContent.trim() || node.ariaLabel)) found.push(`no name: ${node.outerHTML}`);
  for (const node of document.querySelectorAll("img:not([alt]), table:not(:has(caption))"))
    found.push(`not described: ${node.outerHTML.slice(0, 80)}`);
  for (const name of ["aria-labelledby", "aria-describedby"])
    for (const node of document.querySelectorAll(`[${name}]`))
      for (const id of node.getAttribute(name).trim().split(/ +/))
        if (!document.getElementById(id)) found.push(`#${id} is missing`);
  return found;
}"""


def test_every_page_can_be_read_aloud(page: Page, console: Console):
    (trace,) = console.send(error="RateLimitError", score=0.4)
    page.goto("/alerts/rules/?project=default")
    rule = page.locator("main tbody a").first.get_attribute("href")
    others = (
        rule,
        f"/traces/{trace}/",
        "/alerts/rules/",
        "/incidents/new/",
        "/incidents/playbooks/quality-degradation/",
    )
    for address in (*PAGES, *others, "/metrics-explorer/", "/accounts/password/change/"):
        page.goto(f"{address}{'&' if '?' in address else '?'}project=default")
        page.wait_for_load_state("load")
        assert page.evaluate(STUMBLES) == [], address


@pytest.mark.parametrize("width", [390, 1440])
def test_the_button_to_copy_hides_nothing_of_what_it_copies(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/metrics-explorer/?project=default")
    for block in page.locator("main .code[data-js-copy]").all():
        button, text = block.locator("button").bounding_box(), block.locator("pre").bounding_box()
        beside, above = text["x"] + text["width"] <= button["x"], button["y"] + button["height"] <= text["y"]
        assert beside or above
        if beside:
            assert block.locator("pre").evaluate("node => node.scrollWidth <= node.clientWidth")


def test_charts_are_drawn(page: Page, console: Console):
    console.send(5, score=0.9)
    page.goto("/?project=default&range=15m")
    expect(page.locator("#panel-quality .main-svg").first).to_be_visible()


def test_the_keyboard_reaches_every_area(page: Page, console: Console):
    page.goto("/?project=default")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(re.compile("/incidents/"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
