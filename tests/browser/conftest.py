"""The whole product, started as an operator starts it, and a real browser in front of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.console import Console
from tests.console import PASSWORD, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Every test works in the project ``default``."""
    with running(tmp_path_factory.mktemp("console")) as started:
        yield Console(started.url, started.log)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-background-networking", "--disable-quic"]
        )
        yield started
        started.close()


@pytest.fixture(scope="package")
def signed_in(console: Console, browser: Browser) -> dict:
    """Cookies of the admin, so that each test need not sign in."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Username").or_(page.locator("input[name=login]")).first.fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{console.url}/")
    state = context.storage_state()
    context.close()
    return state


def watched(context: BrowserContext, console: Console) -> Iterator[Page]:
    """A page that fails its test on script errors, policy violations, failed requests and requests to other hosts."""
    page = context.new_page()
    complaints: list[str] = []
    own = (console.url, console.url.replace("http", "ws"), "data:", "blob:", "about:")
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.text} {message.location['url']}") if message.type == "error" else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(own) else complaints.append(request.url))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def page(browser: Browser, console: Console, signed_in: dict) -> Iterator[Page]:
    context = browser.new_context(
        base_url=console.url, storage_state=signed_in, viewport={"width": 1440, "height": 1000}
    )
    context.set_default_timeout(15_000)
    yield from watched(context, console)


@pytest.fixture
def plain_page(browser: Browser, console: Console, signed_in: dict) -> Iterator[Page]:
    """The same without JavaScript."""
    context = browser.new_context(base_url=console.url, storage_state=signed_in, java_script_enabled=False)
    context.set_default_timeout(15_000)
    yield from watched(context, console)
