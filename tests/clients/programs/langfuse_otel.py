"""Majors 3 to 5: spans by OTLP, scores beside it. The three name some things differently."""

import contextlib
import json

import openai as plain_openai
from langfuse import get_client, observe, propagate_attributes
from langfuse.model import TextPromptClient
from langfuse.openai import OpenAI

try:
    from langfuse.api import Prompt_Text
except ImportError:
    from langfuse.api.resources.prompts.types import Prompt_Text

client = get_client()
QUESTION = [
    {"role": "system", "content": "You answer briefly."},
    {"role": "user", "content": "What colour is the sky?"},
]
#: Kinds of tokens that exclude one another, as Langfuse counts.
USED = {"input": 51, "input_cached_tokens": 64, "input_cache_creation": 5, "output": 20, "output_reasoning": 10}
GREET = TextPromptClient(
    Prompt_Text(type="text", name="greet", version=3, prompt="Hello {{name}}", config={}, labels=[], tags=[])
)


@observe(as_type="retriever")
def retrieve(question: str) -> list[dict]:
    return [{"id": "doc-1", "score": 0.9}]


def answer() -> dict:
    with client.start_as_current_observation(name="answer", as_type="span", input="What colour is the sky?") as root:
        shared = {
            "user_id": "user-1",
            "session_id": "session-1",
            "tags": ["t1", "t2"],
            "metadata": {"feature": "search"},
        }
        with propagate_attributes(**shared):
            retrieve("sky?")
            with client.start_as_current_observation(
                name="llm", as_type="generation", model="gpt-4o-mini", input=QUESTION, prompt=GREET
            ) as generation:
                generation.update(output="The sky is blue.", usage_details=USED)
                generation.score(name="helpful", value=0.8, comment="ok")
                client.score_current_trace(name="tone", value="friendly", data_type="CATEGORICAL")
            with client.start_as_current_observation(
                name="failing", as_type="generation", model="gpt-4o-mini"
            ) as failed:
                failed.update(level="ERROR", status_message="RateLimitError: 429 slow down")
            OpenAI().chat.completions.create(model="gpt-4o-mini", messages=QUESTION, name="wrapped")
            with contextlib.suppress(plain_openai.RateLimitError):
                OpenAI().chat.completions.create(model="fail-model", messages=QUESTION, name="refused")
        root.update(output="The sky is blue.")
        root.score_trace(name="thumbs", value=1, data_type="BOOLEAN")
        trace_id = client.get_current_trace_id()
    ids = {"generation": generation.id, "failed": failed.id, "root": root.id, "trace_id": trace_id}
    return ids | {"trace_url": client.get_trace_url(trace_id=trace_id)}


prompt = client.get_prompt("greet", fallback="Hello {{name}}")
said = {
    "auth": client.auth_check(),
    "prompt": prompt.compile(name="Ada"),
    "is_fallback": prompt.is_fallback,
} | answer()
client.flush()
# Spans first: a session is judged by what is known of it.
client.create_score(name="session-mood", value=3, session_id="session-1", data_type="NUMERIC")
client.create_score(name="beyond", value=7.5, trace_id=said["trace_id"])
client.flush()
client.shutdown()
print(json.dumps(said))
