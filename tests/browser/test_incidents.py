"""An alert of failing calls, in one click an incident: how it is worked when every figure is live."""

import re

from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.rules import make_rule


def test_an_alert_fires_and_resolves_live_and_becomes_an_incident(page: Page, console: Console):
    console.send()
    make_rule(page, "Checkout answers fail", scope='{"feature": "checkout"}', playbook="provider-down")
    page.goto("/?project=default&range=15m")
    console.send(10, error="InternalServerError", feature="checkout", seconds_ago=0.5)
    panel = page.locator("#panel-alerts")
    expect(panel).to_contain_text("Checkout answers fail", timeout=60_000)

    panel.locator("a", has_text="Checkout answers fail").first.click()
    page.get_by_role("button", name="Open an incident").click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    expect(page).to_have_title(re.compile("SEV2"))
    expect(page.locator("main")).to_contain_text("Model provider API is down")

    item = page.locator("li[id^=item-]").first
    item.get_by_role("button", name="Done").click()
    expect(page.locator("li[id^=item-]").first).to_contain_text("✓ Done")
    page.locator("summary", has_text="2. Mitigate").click()
    page.get_by_role("button", name="The provider limits us").click()
    expect(page.locator("main")).to_contain_text("Shed what matters least")
    page.locator("#id_text").fill("Second key is in use")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#timeline")).to_contain_text("Second key is in use")
    page.locator("#role-operations").select_option(label="admin")
    page.locator("form", has=page.locator("#role-operations")).get_by_role("button", name="Set").click()
    expect(page.locator("#timeline")).to_contain_text("Operations: nobody → admin")

    console.send(400, feature="checkout", seconds_ago=0.5)
    expect(page.locator("#timeline")).to_contain_text("Alert resolved", timeout=90_000)
    page.locator("#id_state").select_option("resolved")
    page.locator("#state-reason").fill("calls succeed again")
    page.get_by_role("button", name="Change the state").click()
    expect(page.locator("#timeline")).to_contain_text("→ Resolved: calls succeed again")
    story = page.locator("#timeline > li").all_inner_texts()
    order = ["declared it", "Alert:", "Second key", "Operations:", "Alert resolved", "Resolved: calls"]
    positions = [next(i for i, text in enumerate(reversed(story)) if words in text) for words in order]
    assert positions == sorted(positions)
