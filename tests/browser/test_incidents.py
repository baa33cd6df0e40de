"""From an alert that fires to a closed incident, in a real browser; and without JavaScript."""

import re

from playwright.sync_api import Page, expect

from tests.browser.console import Console


def make_rule(page: Page, name: str, **values: str) -> None:
    """A rule as a person makes it in the admin: error rate of one feature, quick to fire and to resolve."""
    page.goto("/admin/alerts/rule/add/?project=default")
    page.locator("input[name=name]").fill(name)
    page.locator("select[name=project]").select_option(label="My application")
    texts = {
        "threshold": "50",
        "window_minutes": "1",
        "for_minutes": "0",
        "keep_firing_minutes": "0",
        "debounce_minutes": "0",
        "minimum_sample": "5",
        "check_every_seconds": "5",
    } | values
    choices = {"series": "error_rate", "severity": "SEV2"}
    for field, choice in choices.items():
        page.locator(f"select[name={field}]").select_option(choice)
    for field, text in texts.items():
        page.locator(f"[name={field}]").fill(text)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text(name)


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
    page.locator("textarea[name=text]").first.fill("Second key is in use")
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


def test_the_same_story_without_javascript(plain_page: Page, console: Console):
    page = plain_page
    page.goto("/incidents/new/?project=default")
    expect(page.locator("main")).to_contain_text("Proposed: SEV")
    page.locator("input[name=title]").fill("Answers invent refund rules")
    page.locator("input[name=severity][value=SEV2]").check()
    page.locator("select[name=playbook]").select_option("quality-degradation")
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    page.locator("li[id^=item-]").first.get_by_role("button", name="Done").click()
    page.locator("summary", has_text="2. Mitigate").click()
    page.get_by_role("button", name="A release, prompt or configuration changed").click()
    page.locator("summary", has_text="2. Mitigate").click()
    expect(page.locator("main")).to_contain_text("Roll the change back")
    page.locator("textarea[name=text]").first.fill("Prompt 13 is rolled back")
    page.get_by_role("button", name="Add the note").click()
    page.locator("#id_state").select_option("resolved")
    page.locator("#state-reason").fill("scores are back")
    page.get_by_role("button", name="Change the state").click()
    story = page.locator("#timeline").inner_text()
    assert "Prompt 13 is rolled back" in story and "Resolved: scores are back" in story
    page.goto("/incidents/?project=default&state=resolved")
    expect(page.locator("main")).to_contain_text("Answers invent refund rules")
