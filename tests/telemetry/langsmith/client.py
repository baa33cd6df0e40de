"""What LangSmith's clients do: requests, runs, and the bodies that carry them."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone

from telemetry.langsmith.app import LangSmithApp
from telemetry.langsmith.app import handles as langsmith_handles
from telemetry.receive.app import IngestApp, handles

NOW = timezone.now().replace(microsecond=0)


def call(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """One request, to whichever application answers it in front of Django; the answer is JSON, or text."""
    sent: list[dict] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    app = LangSmithApp() if langsmith_handles(method, path) else IngestApp()
    assert isinstance(app, LangSmithApp) or handles(path)
    asyncio.run(app(scope, receive, send))
    status, content = sent[0]["status"], sent[1]["body"]
    headers_sent = dict(sent[0]["headers"])
    return status, orjson.loads(content or b"{}") if b"json" in headers_sent[b"content-type"] else content.decode()


def run(**values) -> dict:
    identity = str(uuid.uuid4())
    return {
        "id": identity,
        "trace_id": identity,
        "name": "ChatOpenAI",
        "run_type": "llm",
        "start_time": NOW.isoformat(),
        "session_name": "shop",
        "inputs": {"messages": [{"role": "user", "content": "Why?"}], "model": "gpt-4o-mini"},
        "extra": {
            "metadata": {"ls_provider": "openai", "user_id": "u1", "feature": "search", "LANGSMITH_API_KEY": "s"}
        },
    } | values


END = {
    "end_time": (NOW + timedelta(seconds=2)).isoformat(),
    "outputs": {
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"message": {"role": "assistant", "content": "Because."}}],
        "usage_metadata": {
            "input_tokens": 120, "output_tokens": 30, "input_token_details": {"cache_read": 64},
            "output_token_details": {"reasoning": 10},
        },
    },
}  # fmt: skip


def multipart(*parts: tuple[str, object]) -> tuple[bytes, str]:
    boundary = "b0undary"
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\nContent-Type: application/json\r\n\r\n%b\r\n'
        % (boundary.encode(), name.encode(), orjson.dumps(value))
        for name, value in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def pieces_of(event: str, whole: dict) -> list[tuple[str, object]]:
    """The run's scalars in one part, its texts in parts of their own, as the Python client does."""
    own = ("inputs", "outputs", "events", "extra", "error")
    scalars = {name: value for name, value in whole.items() if name not in own}
    fields = [(f"{event}.{whole['id']}.{name}", whole[name]) for name in own if name in whole]
    return [(f"{event}.{whole['id']}", scalars), *fields]


def sent(key: str, *runs: dict) -> None:
    """Store whole runs."""
    status, answer = call("POST", "/api/v1/runs/batch", orjson.dumps({"post": list(runs)}), x_api_key=key)
    assert status == 202 and answer["refused"] == []


def asked(key: str, path: str, body: Any = None, *, method: str = "", expect: int = 200) -> Any:
    """The answer to a question; with a body it is posted."""
    method = method or ("GET" if body is None else "POST")
    status, answer = call(method, path, b"" if body is None else orjson.dumps(body, default=str), x_api_key=key)
    assert status == expect, answer
    return answer
