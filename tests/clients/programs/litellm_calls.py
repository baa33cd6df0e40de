"""An application that calls its models through LiteLLM. It knows nothing of who watches."""

import contextlib

import litellm
from application import MESSAGES, WEATHER

WHO = {
    "trace_user_id": "user-1",
    "session_id": "session-1",
    "trace_name": "answer",
    "generation_name": "gen",
    "tags": ["beta"],
    "trace_metadata": {"feature": "search"},
    "prompt": {"name": "greet", "version": 3},
}


def run() -> None:
    litellm.completion(model="openai/gpt-4o-mini", messages=MESSAGES, user="user-1", metadata=WHO)
    litellm.completion(
        model="openai/gpt-4o-mini",
        messages=[{"role": "user", "content": "Weather in Springfield?"}],
        tools=[WEATHER],
    )
    for _ in litellm.completion(
        model="openai/gpt-4o-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ):
        pass
    litellm.embedding(model="openai/text-embedding-3-small", input=["first text", "second text"])
    with contextlib.suppress(litellm.RateLimitError):
        litellm.completion(model="openai/fail-model", messages=MESSAGES, max_retries=0)
