"""Bodies of OTLP/JSON for these tests: one good span, and ways to spoil it."""

import json
import time
from typing import Any

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def span(**changes: Any) -> dict[str, Any]:
    """A span of now; a field set to None is left away."""
    now = time.time_ns()
    good = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "chat gpt-4o-mini",
        "kind": 3,
        "startTimeUnixNano": str(now - 10**9),
        "endTimeUnixNano": str(now),
        "attributes": [attribute("gen_ai.operation.name", stringValue="chat")],
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def attribute(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def request(*spans: Any) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "t"}, "spans": list(spans)}]}]}


def body(*spans: Any) -> bytes:
    return json.dumps(request(*spans)).encode()
