"""What a sender's test asks of the console: its REST API, asked until the answer is there."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.console import Running

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

        def ask() -> list[dict[str, Any]]:
            traces = self.get("/traces", **{"range": "1h", "limit": 200} | filters)["traces"]
            return [span for trace in reversed(traces) for span in self.spans(trace["trace_id"])]

        return self.until(ask, lambda spans: len(spans) >= count, f"{count} spans with {filters}")
