"""The whole story in a real browser: the demo's quality falls, an alert fires, an incident is worked and resolved.

Once without JavaScript, through plain form posts, and once live, with a second person who looks on.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.stage import BADLY, WELL, answer, wait_until_judged
from tests.browser.conftest import watched
from tests.browser.console import Console
from tests.browser.rules import make_rule
from tests.console import PASSWORD, running

YESTERDAY = 24 * 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Console]:
    """A console that judges every answer of the bookshop's assistant: well yesterday, badly for ten minutes now."""
    with running(tmp_path_factory.mktemp("story")) as started:
        console = Console(started.url, started.log)
        prepare(console, browser)
        yield console


def prepare(console: Console, browser: Browser) -> None:
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    sign_in(page)
    page.goto("/settings/?project=default")
    page.locator("[name=evaluation_share]").fill("1")
    page.get_by_role("button", name="Save").click()
    for feature in ("support-chat", "book-search"):
        make_rule(
            page, f"Quality of {feature} fell", severity="SEV3", series="score", subject="overall", condition="change",
            direction="below", threshold="20", clear_threshold="18", baseline="yesterday",
            window_minutes="15", minimum_sample="5",
            scope=f'{{"feature": "{feature}"}}', playbook="quality-degradation",
        )  # fmt: skip
    change = page.request.post(
        "/api/v1/changes", data={"kind": "prompt", "title": "answer-from-documents", "version": "13"}
    )
    assert change.ok
    context.close()
    wait_until_judged(console.url)
    answer(console.url, 80, WELL, minutes_ago=YESTERDAY - 2, over_minutes=50, seed=1)
    answer(console.url, 60, BADLY, minutes_ago=0.5, over_minutes=9, seed=2)


def sign_in(page: Page, name: str = "admin", password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/$"))


def open_page(browser: Browser, console: Console, **more) -> Iterator[Page]:
    context = browser.new_context(base_url=console.url, viewport={"width": 1440, "height": 1000}, **more)
    context.set_default_timeout(15_000)
    yield from watched(context, console)


@pytest.fixture
def live_page(browser: Browser, shop: Console) -> Iterator[Page]:
    yield from open_page(browser, shop)


@pytest.fixture
def onlooker(browser: Browser, shop: Console) -> Iterator[Page]:
    yield from open_page(browser, shop)


@pytest.fixture
def scriptless_page(browser: Browser, shop: Console) -> Iterator[Page]:
    yield from open_page(browser, shop, java_script_enabled=False)


def wait_for_alert(page: Page, name: str) -> None:
    """Load the list of alerts until it is there: without JavaScript nothing else brings it."""
    for _ in range(60):
        page.goto("/alerts/?project=default&state=firing")
        if page.get_by_role("link", name=name).count():
            break
        page.wait_for_timeout(1000)
    page.get_by_role("link", name=name).first.click()


def declare(page: Page) -> str:
    """From the alert's page to the incident, by the form; returns its id."""
    page.get_by_role("link", name="with details").click()
    expect(page.locator("main")).to_contain_text("Proposed: SEV2.")
    expect(page.locator("main")).to_contain_text(
        re.compile(r"Quality down by more than 20 %: overall 0\.\d\d .*yesterday")
    )
    expect(page.locator("input[name=severity][value=SEV2]")).to_be_checked()
    expect(page.locator("select[name=playbook]")).to_have_value("quality-degradation")
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    return re.search(r"INC-\d+", page.url)[0]


def step(page: Page, name: str) -> Locator:
    return page.locator("li[data-stamp]", has=page.locator("summary", has_text=name))


def item(page: Page, words: str) -> Locator:
    return page.locator("li[id^=item-]", has_text=words)


def note(page: Page, text: str) -> None:
    page.locator("#id_text").fill(text)
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#timeline")).to_contain_text(text)


def assign(page: Page, role: str, person: str) -> None:
    page.locator(f"#role-{role}").select_option(label=person)
    page.locator("form", has=page.locator(f"#role-{role}")).get_by_role("button", name="Set").click()
    expect(page.locator("#timeline")).to_contain_text(f"→ {person}.")


def change_state(page: Page, state: str, reason: str) -> None:
    page.locator("#id_state").select_option(state)
    page.locator("#state-reason").fill(reason)
    page.get_by_role("button", name="Change the state").click()
    expect(page.locator("#timeline")).to_contain_text(reason)


def assert_told_in_order(page: Page, *words: str) -> None:
    """The timeline, oldest first, holds these in this order."""
    story = page.locator("#timeline > li").all_inner_texts()[::-1]
    places = []
    for wanted in words:
        found = [place for place, text in enumerate(story) if wanted in text]
        assert found, f"{wanted!r} is not told in {story}"
        places.append(found[0])
    assert places == sorted(places), list(zip(words, places, strict=True))


def test_the_story_without_javascript(scriptless_page: Page, shop: Console):
    page = scriptless_page
    sign_in(page)
    wait_for_alert(page, "Quality of book-search fell")
    ref = declare(page)
    expect(page).to_have_title(re.compile(r"^\(1\) SEV2 · SEV2 " + ref))

    item(page, "Compare quality now").locator("input[name=note]").fill("0.4 instead of 0.8, 30 answers")
    item(page, "Compare quality now").get_by_role("button", name="Done").click()
    expect(item(page, "Compare quality now")).to_contain_text("✓ Done")
    item(page, "Rule out the measurement").get_by_role("button", name="Skip").click()
    expect(page.locator("main")).to_contain_text("Say why it is skipped.")
    item(page, "Rule out the measurement").locator("input[name=note]").fill("nothing changed there")
    item(page, "Rule out the measurement").get_by_role("button", name="Skip").click()
    expect(item(page, "Rule out the measurement")).to_contain_text("Skipped")

    step(page, "2. Mitigate").locator("summary").click()
    page.get_by_role("button", name="A release, prompt or configuration changed").click()
    # The browser comes back to the step that it left, opened.
    expect(page.locator("li[id^=item-]", has_text="Roll the change back.")).to_be_visible()
    note(page, "Prompt 13 is to blame")
    assign(page, "commander", "admin")
    change_state(page, "mitigating", "rolling prompt 13 back")
    change_state(page, "resolved", "prompt 12 answers again")
    assert_told_in_order(
        page, "admin declared it as SEV2. As proposed: Quality down", "Alert: Quality of book-search fell",
        "Started the playbook Quality degradation", "pieces of evidence and",
        "Done: Compare quality now", "Skipped: Rule out the measurement", "Mitigate: A release, prompt",
        "Prompt 13 is to blame", "Incident commander: nobody → admin", "→ Mitigating: rolling", "→ Resolved: prompt 12",
    )  # fmt: skip
    expect(page.locator("main")).to_contain_text(re.compile(r"Example traces \((10|[5-9])\)"))
    expect(page.locator("main")).to_contain_text("answer-from-documents")
    page.goto("/incidents/?project=default&state=resolved")
    expect(page.locator("main")).to_contain_text(ref)


def invite_rosa(admin: Page, rosa: Page) -> None:
    """A second responder, through an invitation's link."""
    admin.goto("/settings/people/?project=default")
    admin.locator("select[name=role]").last.select_option("responder")
    admin.get_by_role("button", name="Make a link").click()
    rosa.goto(admin.locator(".notice pre").inner_text())
    rosa.locator("[name=username]").fill("rosa")
    rosa.locator("[name=password1]").fill("a long enough pass phrase")
    rosa.locator("[name=password2]").fill("a long enough pass phrase")
    rosa.get_by_role("button", name="Join").click()
    rosa.wait_for_url(re.compile(r"project=default"))


def test_the_story_live_with_a_second_person_looking_on(live_page: Page, onlooker: Page, shop: Console):
    page = live_page
    sign_in(page)
    invite_rosa(page, onlooker)
    onlooker.goto("/costs/?project=default")
    bare = onlooker.title()
    expect(onlooker.locator("[data-js-incident-strip]")).to_be_hidden()

    page.goto("/?project=default&range=1h")
    panel = page.locator("#panel-alerts")
    expect(panel).to_contain_text("Quality of support-chat fell", timeout=60_000)
    panel.get_by_role("link", name="Quality of support-chat fell").first.click()
    ref = declare(page)

    # Whoever looks at any page of the project sees it within a moment, in the tab's title too.
    expect(onlooker.locator("[data-js-incident-strip]")).to_contain_text(ref)
    expect(onlooker).to_have_title(f"(1) SEV2 · {bare}")
    onlooker.locator("[data-js-incident-strip]").get_by_role("link").first.click()

    # Rosa is writing; what happens elsewhere on the page comes in, and her words stay.
    onlooker.locator("#id_text").fill("I read five of them: refund rules are")
    item(page, "Compare quality now").get_by_role("button", name="Done").click()
    expect(item(page, "Compare quality now")).to_contain_text("✓ Done")
    expect(item(onlooker, "Compare quality now")).to_contain_text("✓ Done")
    expect(onlooker.locator("#timeline")).to_contain_text("Done: Compare quality now")
    expect(onlooker.locator("#id_text")).to_have_value("I read five of them: refund rules are")
    expect(onlooker.locator("#id_text")).to_be_focused()
    onlooker.locator("#id_text").press_sequentially(" made up")
    onlooker.get_by_role("button", name="Add the note").click()
    expect(page.locator("#timeline")).to_contain_text("refund rules are made up")
    expect(onlooker.locator("#id_text")).to_have_value("")

    step(page, "2. Mitigate").locator("summary").click()
    page.get_by_role("button", name="A release, prompt or configuration changed").click()
    expect(page.locator("li[id^=item-]", has_text="Roll the change back.")).to_be_visible()
    change_state(page, "mitigating", "rolling prompt 13 back")
    assign(page, "commander", "admin")
    assign(page, "commander", "rosa")
    expect(onlooker.locator("#role-commander")).to_have_value(re.compile(r"\d+"))
    expect(page.locator("#timeline")).to_contain_text("Incident commander: admin → rosa.")

    answer(shop.url, 400, WELL, minutes_ago=0.1, over_minutes=0.1, seed=3)
    expect(page.locator("#timeline")).to_contain_text("Alert resolved: Quality of support-chat fell", timeout=60_000)
    change_state(onlooker, "resolved", "prompt 12 answers again")
    expect(page.locator("#incident-facts")).to_contain_text("Resolved")
    assert_told_in_order(
        page, "admin declared it as SEV2. As proposed: Quality down", "Alert: Quality of support-chat fell",
        "Started the playbook Quality degradation", "pieces of evidence and",
        "Done: Compare quality now", "refund rules are made up", "Mitigate: A release, prompt",
        "→ Mitigating: rolling", "Incident commander: nobody → admin", "Incident commander: admin → rosa",
        "Alert resolved: Quality of support-chat fell", "→ Resolved: prompt 12",
    )  # fmt: skip
    expect(page).to_have_title(re.compile(rf"^SEV2 {ref}"))


def test_what_somebody_reads_stays_where_it_is(live_page: Page, shop: Console):
    page = live_page
    sign_in(page)
    page.goto("/incidents/new/?project=default")
    page.locator("input[name=title]").fill("A long evening")
    page.locator("input[name=severity][value=SEV4]").check()
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    for number in range(12):
        note(page, f"Line {number:02d}\n\n- one\n- two\n- three")
    read = page.locator("#timeline > li", has_text="Line 04")
    read.evaluate("entry => scrollTo({ top: scrollY + entry.getBoundingClientRect().top - 200, behavior: 'instant' })")
    before = read.bounding_box()["y"]
    other = page.context.new_page()
    other.goto(page.url)
    note(other, "Something new\n\n- that is\n- several\n- lines high")
    expect(page.locator("#timeline")).to_contain_text("Something new")
    assert abs(read.bounding_box()["y"] - before) < 2


def test_a_page_whose_socket_is_away_still_learns(live_page: Page, browser: Browser, shop: Console):
    page = live_page
    page.route_web_socket("**/ws/incidents/**", lambda socket: socket.close(code=1001))
    sign_in(page)
    page.goto("/incidents/new/?project=default")
    other = page.context.new_page()
    other.goto("/incidents/?project=default")
    page.locator("input[name=title]").fill("Search returns nothing")
    page.locator("input[name=severity][value=SEV3]").check()
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    expect(other.locator("#incident-rows")).to_contain_text("Search returns nothing")
    other.goto(page.url)
    note(other, "seen in another window")
    expect(page.locator("#timeline")).to_contain_text("seen in another window")
