"""What a sender's test asks of the console: its REST API, asked until the answer is there."""

from __future__ import annotations

import functools
import html
import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.console import PASSWORD, Running

#: A key of the project ``default`` with every scope.
KEY = "ow_only_for_these_tests_0123456789"
#: A program has sent everything when it ends; what it sent is stored, but lists may follow a moment later.
PATIENCE = 15.0

T = TypeVar("T")


@dataclass(frozen=True)
class Console:
    running: Running

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def key(self) -> str:
        return KEY

    def get(self, path: str, **parameters: Any) -> Any:
        """The parsed answer of ``/api/v1`` + path."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        request = urllib.request.Request(f"{self.url}/api/v1{path}{query}", headers={"x-api-key": KEY})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path}{query} answered {error.code}: {error.read().decode()}")

    @functools.cached_property
    def _signed_in(self) -> urllib.request.OpenerDirector:
        """The admin's browser."""
        cookies = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        browser.open(f"{self.url}/accounts/login/", timeout=20).read()
        token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
        form = {"login": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
        browser.open(f"{self.url}/accounts/login/", urllib.parse.urlencode(form).encode(), timeout=20).read()
        return browser

    def metric(self, name: str, aggregation: str, service: str) -> str:
        """What the chart of a metric says of the last hour; nothing before it knows the metric."""
        query = {"project": "default", "metric": name, "aggregation": aggregation, "where.service": service}
        try:
            address = f"{self.url}/metrics-explorer/chart/?{urllib.parse.urlencode(query | {'range': '1h'})}"
            with self._signed_in.open(address, timeout=20) as response:
                shown = response.read().decode()
        except urllib.error.HTTPError as error:
            if error.code != 404:
                pytest.fail(f"{address} answered {error.code}: {error.read().decode()}")
            return ""
        said = re.search(r"whole range: <strong>(.*?)</strong>", shown)
        return html.unescape(said[1]) if said else ""

    def not_understood(self) -> set[tuple[str, str]]:
        """Service and attribute of each row that the page of senders has of what no table knows."""
        with self._signed_in.open(f"{self.url}/senders/?project=default&part=report", timeout=20) as response:
            shown = response.read().decode().partition('id="attributes"')[2]
        rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>.*?<a [^>]*>(.*?)</a>', shown)
        return {(html.unescape(service), html.unescape(name)) for name, service in rows}

    def wait_metric(self, name: str, aggregation: str, service: str, value: str) -> None:
        about = f"{aggregation} of {name} from {service} to be {value}"
        self.until(lambda: self.metric(name, aggregation, service), value.__eq__, about)

    def until(self, ask: Callable[[], T], enough: Callable[[T], Any], what: str) -> T:
        """The first answer that is enough; the test fails when none is in time."""
        deadline = time.monotonic() + PATIENCE
        while not enough(found := ask()):
            if time.monotonic() > deadline:
                pytest.fail(f"waited {PATIENCE:.0f} s for {what}; there is {json.dumps(found, indent=1)[:4000]}")
            time.sleep(0.1)
        return found

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """Whole canonical spans, oldest first."""
        return self.get("/spans", trace_id=trace_id)

    def wait_spans(self, trace_id: str, count: int) -> list[dict[str, Any]]:
        return self.until(
            lambda: self.spans(trace_id), lambda spans: len(spans) >= count, f"{count} spans of trace {trace_id}"
        )

    def wait_traces(self, count: int, **filters: str) -> list[dict[str, Any]]:
        """The newest traces with a span that passes the filters of ``GET /traces``."""
        return self.until(
            lambda: self.get("/traces", **{"range": "1h", "limit": 200} | filters)["traces"],
            lambda traces: len(traces) >= count,
            f"{count} traces with {filters}",
        )

    def wait_all_spans(self, count: int, **filters: str) -> list[dict[str, Any]]:
        """Every span of every trace that passes the filters, when there are so many."""
        return self.wait_whole(lambda spans: len(spans) >= count, **filters)

    def wait_whole(self, are_whole: Callable[[list[dict[str, Any]]], bool], **filters: str) -> list[dict[str, Any]]:
        """Every span of every trace that passes the filters, when they are whole."""

        def ask() -> list[dict[str, Any]]:
            traces = self.get("/traces", **{"range": "1h", "limit": 200} | filters)["traces"]
            return [span for trace in reversed(traces) for span in self.spans(trace["trace_id"])]

        return self.until(ask, are_whole, f"all spans with {filters}")
