"""Takes the pictures of docs/incidents.md: a realistic incident, made through the product itself, in a real browser.

python -m bench.screenshots            # some two minutes; writes docs/images/incident*.png

A fresh console judges all answers of the demo's assistant: well yesterday, badly for ten minutes now. A rule fires, the
incident is declared from its alert and worked with the playbook; then list, form and page are photographed in light and
dark, 1440 and 390 pixels wide. Needs the packages of the tests and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.console import PASSWORD, ROOT, Console
from demo.stage import BADLY, WELL, answer, wait_until_judged

IMAGES = ROOT / "docs" / "images"
YESTERDAY = 24 * 60
WIDTHS = {"wide": (1440, 1000), "narrow": (390, 844)}
#: Taller pages are cut here: a picture in the docs is looked at, not scrolled.
HIGHEST = {"wide": 1500, "narrow": 2000}
RULE = {
    "series": "score",
    "subject": "overall",
    "condition": "change",
    "direction": "below",
    "threshold": "20",
    "baseline": "yesterday",
    "severity": "SEV2",
    "window_minutes": "15",
    "for_minutes": "0",
    "minimum_sample": "5",
    "check_every_seconds": "5",
    "scope": '{"feature": "support-chat"}',
    "playbook": "quality-degradation",
}
PAST = (
    ("SEV3", "Book search answers slowly in the evening"),
    ("SEV2", "Every third call of the order agent is rate limited"),
    ("SEV4", "Typing error in the greeting of the assistant"),
)


@contextmanager
def browser() -> Iterator[Browser]:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/$"))


def prepare(page: Page, console: Console) -> None:
    """Judge everything, watch quality, report the change that is to blame, and let it go wrong."""
    page.goto("/settings/?project=default")
    page.locator("[name=evaluation_share]").fill("1")
    page.locator("[name=name]").fill("Bookshop assistant")
    page.get_by_role("button", name="Save").click()
    page.goto("/admin/alerts/rule/add/?project=default")
    page.locator("input[name=name]").fill("Support answers are worse than yesterday")
    page.locator("select[name=project]").select_option(label="Bookshop assistant")
    for field, value in RULE.items():
        target = page.locator(f"[name={field}]")
        if target.evaluate("node => node.tagName") == "SELECT":
            target.select_option(value)
        else:
            target.fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    for severity, title in PAST:
        ref = post(console, "/api/v1/incidents", {"severity": severity, "title": title})["id"]
        page.goto(f"/incidents/{ref}/")
        change_state(page, "resolved", "all is as usual again")
    wait_until_judged(console.url)
    answer(console.url, 120, WELL, minutes_ago=YESTERDAY - 2, over_minutes=55, seed=1)
    answer(console.url, 90, WELL, minutes_ago=13, over_minutes=120, seed=2)
    post(
        console,
        "/api/v1/changes",
        {"kind": "prompt", "title": "answer-from-documents", "version": "13", "by": "rosa", "at": "now-12m"},
    )
    answer(console.url, 110, BADLY, minutes_ago=0.3, over_minutes=11, seed=3)


def post(console: Console, path: str, body: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(
        f"{console.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request, timeout=30))


def change_state(page: Page, state: str, reason: str) -> None:
    page.locator("#id_state").select_option(state)
    page.locator("#state-reason").fill(reason)
    page.get_by_role("button", name="Change the state").click()
    page.locator("#timeline").get_by_text(reason).wait_for()


def find_alert(page: Page) -> str:
    page.goto("/?project=default&range=1h")
    link = page.locator("#panel-alerts").get_by_role("link", name="Support answers are worse than yesterday")
    link.first.click(timeout=120_000)
    page.wait_for_url(re.compile(r"/alerts/\d+/"))
    return page.url


def work(page: Page, form: str) -> str:
    """From the form to the second step of the playbook; returns the incident's address."""
    page.goto(form)
    page.locator("[name=title]").fill("The assistant invents return rules")
    page.locator("[name=summary]").fill("Readers are told of a **90 day exchange** that no document knows.")
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    for words in ("Compare quality now", "Find the features", "Read five of the worst"):
        item = page.locator("li[id^=item-]", has_text=words)
        item.get_by_role("button", name="Done").click()
        item.get_by_text("✓ Done").wait_for()
    page.locator("#id_text").fill("All five cite a *90 day exchange*. They come from prompt **13**, since 12 minutes.")
    page.get_by_role("button", name="Add the note").click()
    for words, why in (("Rule out the measurement", "same judge, same sample"), ("List what changed", "")):
        item = page.locator("li[id^=item-]", has_text=words)
        if why:
            item.locator("input[name=note]").fill(why)
        item.get_by_role("button", name="Skip" if why else "Done").click()
        item.get_by_text("Skipped" if why else "✓ Done").first.wait_for(state="attached")
    page.get_by_role("button", name="A release, prompt or configuration changed").click()
    page.locator("li[id^=item-]", has_text="Roll the change back.").wait_for()
    page.locator("#role-commander").select_option(label="admin")
    page.locator("form", has=page.locator("#role-commander")).get_by_role("button", name="Set").click()
    page.locator("#timeline").get_by_text("→ admin.").wait_for()
    change_state(page, "mitigating", "rolling prompt 13 back")
    return page.url


def photograph(started: Browser, console: Console, state: dict, addresses: dict[str, str], folder: Path) -> None:
    for theme in ("light", "dark"):
        for width, (across, down) in WIDTHS.items():
            context = started.new_context(
                base_url=console.url,
                storage_state=state,
                viewport={"width": across, "height": down},
                color_scheme=theme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name, address in addresses.items():
                page.goto(address)
                page.wait_for_load_state("networkidle")
                if page.locator("[data-js-figure]:visible").count():
                    page.locator("[data-js-figure][data-drawn=yes]:visible").first.wait_for()
                high = min(HIGHEST[width], page.evaluate("document.documentElement.scrollHeight"))
                path = folder / f"{name}-{width}-{theme}.png"
                page.set_viewport_size({"width": across, "height": high})
                page.wait_for_timeout(400)
                page.screenshot(path=path, clip={"x": 0, "y": 0, "width": across, "height": high})
                page.set_viewport_size({"width": across, "height": down})
                print(
                    f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {path.stat().st_size // 1024} KB"
                )
            context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=IMAGES)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with Console() as console, browser() as started:
        context = started.new_context(base_url=console.url, viewport={"width": 1440, "height": 1000})
        page = context.new_page()
        sign_in(page)
        prepare(page, console)
        find_alert(page)
        form = page.get_by_role("link", name="with details").get_attribute("href")
        state = context.storage_state()
        photograph(started, console, state, {"incident-form": form}, options.folder)
        incident = work(page, form)
        addresses = {"incident": incident, "incident-list": "/incidents/?project=default"}
        photograph(started, console, state, addresses, options.folder)


if __name__ == "__main__":
    main()
