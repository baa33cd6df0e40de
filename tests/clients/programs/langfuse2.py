"""Major 2: the low-level client, the decorator and the wrapper of OpenAI, all by event batches."""

import json

import openai as plain_openai
from langfuse import Langfuse
from langfuse.api.resources.prompts.types import Prompt_Text
from langfuse.decorators import langfuse_context, observe
from langfuse.model import TextPromptClient
from langfuse.openai import openai

langfuse = Langfuse(release="1.2.3", environment="staging")
QUESTION = [
    {"role": "system", "content": "You answer briefly."},
    {"role": "user", "content": "What colour is the sky?"},
]
#: Kinds of tokens that exclude one another, as Langfuse counts.
USED = {"input": 51, "input_cached_tokens": 64, "input_cache_creation": 5, "output": 20, "output_reasoning": 10}
GREET = TextPromptClient(
    Prompt_Text(type="text", name="greet", version=3, prompt="Hello {{name}}", config={}, labels=[], tags=[])
)


def by_hand() -> dict:
    trace = langfuse.trace(
        name="by-hand",
        user_id="user-1",
        session_id="session-2",
        tags=["t1", "t2"],
        metadata={"feature": "search"},
        input={"q": "What colour is the sky?"},
    )
    outer = trace.span(name="outer", input="in")
    # As it is known later: a patch by a batch of its own.
    generation = outer.generation(name="llm", model="gpt-4o-mini", input=QUESTION, prompt=GREET)
    langfuse.flush()
    generation.end(output="The sky is blue.", usage_details=USED)
    failed = outer.generation(name="failing", model="gpt-4o-mini", input="x")
    failed.end(level="ERROR", status_message="RateLimitError: 429 slow down")
    outer.event(name="clicked")
    outer.end(output="out")
    generation.score(name="helpful", value=0.8, comment="ok")
    trace.score(name="thumbs", value=1, data_type="BOOLEAN")
    trace.score(name="tone", value="friendly", data_type="CATEGORICAL")
    trace.update(output="The sky is blue.")
    return {"trace_id": trace.id, "generation": generation.id, "failed": failed.id, "outer": outer.id,
            "trace_link": trace.get_trace_url()}  # fmt: skip


@observe()
def retrieve(question: str) -> list[str]:
    return ["doc-1"]


@observe(as_type="generation", name="complete")
def complete(question: str) -> str:
    langfuse_context.update_current_observation(model="gpt-4o-mini", usage={"input": 120, "output": 30})
    return "The sky is blue."


@observe()
def answer(question: str) -> dict:
    retrieve(question)
    complete(question)
    said = openai.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, name="wrapped")
    # Who it is for is often known last.
    langfuse_context.update_current_trace(
        user_id="user-1", session_id="session-1", tags=["t1"], metadata={"feature": "search"}
    )
    langfuse_context.score_current_trace(name="solved", value=1)
    return {"said": said.choices[0].message.content, "trace_id": langfuse_context.get_current_trace_id(),
            "trace_url": langfuse_context.get_current_trace_url()}  # fmt: skip


@observe()
def failing() -> None:
    said["failing_trace_id"] = langfuse_context.get_current_trace_id()
    openai.chat.completions.create(model="fail-model", messages=QUESTION)


prompt = langfuse.get_prompt("greet", fallback="Hello {{name}}")
said = {
    "auth": langfuse.auth_check(),
    "prompt": prompt.compile(name="Ada"),
    "is_fallback": prompt.is_fallback,
    "hand": by_hand(),
    "decorated": answer("What colour is the sky?"),
}
try:
    failing()
except plain_openai.RateLimitError:
    said["raised"] = True
langfuse_context.flush()
langfuse.flush()
print(json.dumps(said))
