"""The process is killed in the middle of an incident: what was answered is there, and the clocks went on."""

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.console import PASSWORD, Process


class Person:
    """Somebody with a browser that knows no JavaScript."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)
        self.client.get("/accounts/login/")
        assert self.post("/accounts/login/", login="admin", password=PASSWORD) == 302

    def post(self, path: str, **form: str) -> int:
        """The status of the answer; raises httpx.TransportError when there was none."""
        origin = str(self.client.base_url).rstrip("/")
        headers = {"X-CSRFToken": self.client.cookies.get("csrftoken", ""), "Referer": f"{origin}{path}"}
        answer = self.client.post(path, data=form, headers=headers)
        self.went_to = answer.headers.get("location", "")
        return answer.status_code

    def read(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.text

    def whole_timeline(self, base: str) -> str:
        """The page's entries and all older ones."""
        page = self.read(base)
        found = page[page.index('id="timeline"') :]
        while match := re.search(rf'href="({base}older/\d+/)"', page):
            page = self.read(match[1])
            found += page
        return found


@pytest.fixture
def process(tmp_path) -> Iterator[Process]:
    process = Process(tmp_path)
    process.start()
    yield process
    process.kill()


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def work(person: Person, base: str, name: str, answered: list[str], stop: threading.Event) -> None:
    """Write notes until the console is gone; remember those that were answered."""
    number = 0
    while not stop.is_set():
        text = f"note-{name}-{number:04d}"
        try:
            if person.post(f"{base}notes/", text=text) == 302:
                answered.append(text)
        except httpx.TransportError:
            return
        number += 1


def clocks_run_out_while_nothing_runs(process: Process) -> None:
    """Stand in for hours of darkness: what was due later is due by now."""
    past = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S")
    with sqlite3.connect(process.data / "onwatch.sqlite3") as database:
        database.execute("UPDATE incidents_deadline SET due_at = ? WHERE met_at IS NULL", (past,))
        database.execute("UPDATE incidents_incident SET responded_at = NULL")


def test_nothing_that_was_answered_is_lost_and_clocks_go_on(process):
    alice = Person(process.console.url)
    form = {"title": "Answers invent refunds", "severity": "SEV2", "playbook": "quality-degradation"}
    assert alice.post("/incidents/new/?project=default", **form) == 302
    base = alice.went_to
    process.kill()

    process.start()
    run = re.search(rf"{base}runs/(\d+)/items/", alice.read(base))[1]
    assert alice.post(f"{base}runs/{run}/branch/", step="mitigate", branch="recent-deployment") == 302
    assert alice.post(f"{base}runs/{run}/items/", item="assess/confirm-drop", outcome="done", note="down 30 %") == 302
    assert alice.post(f"{base}state/", state="mitigating", reason="rolling back") == 302
    answered: list[str] = []
    stop = threading.Event()
    writers = [
        threading.Thread(target=work, args=(Person(process.console.url), base, name, answered, stop))
        for name in ("a", "b")
    ]
    for writer in writers:
        writer.start()
    until(lambda: len(answered) > 60)
    process.kill()
    stop.set()
    for writer in writers:
        writer.join()

    clocks_run_out_while_nothing_runs(process)
    process.start()
    until(lambda: "Communicate” is over" in alice.whole_timeline(base))
    told = alice.whole_timeline(base)
    entries = re.findall(r"note-[ab]-\d{4}(?=</p>)", told)
    assert set(answered) <= set(entries)
    assert len(entries) == len(set(entries))
    for text in (
        "admin declared it as SEV2", "Started the playbook Quality degradation", "Done: Compare quality now",
        "Mitigate: A release, prompt or configuration changed", "Declared → Mitigating: rolling back",
    ):  # fmt: skip
        assert told.count(text) == 1, text
    assert told.count("The time for the step “Assess” is over.") == 1
    assert told.count("The time for the step “Mitigate” is over.") == 1
