"""The whole product, started as an operator starts it, and a real browser in front of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.console import PASSWORD, Console

ROOT = Path(__file__).resolve().parent.parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="package")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A fresh installation without the demo; every test works in the project ``default``."""
    folder = tmp_path_factory.mktemp("console")
    port, otlp = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONWATCH_")} | {
        "PORT": str(port),
        "ONWATCH_OTLP_PORTS": f"{free_port()},{otlp}",
        "ONWATCH_DATA": str(folder / "data"),
        "ONWATCH_DEMO": "0",
        "ONWATCH_ADMIN_PASSWORD": PASSWORD,
        "DATABASE_URL": "",
    }
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    started = Console(f"http://127.0.0.1:{port}", folder / "log")
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{started.url}/readyz", timeout=2)
            break
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the console did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.2)
    yield started
    server.send_signal(signal.SIGINT)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        pytest.fail("the console did not stop")


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
