"""Questions about a handbook, answered by a model: one trace from the question to the answer."""

import math

from openai import OpenAI
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion

import onwatch_sdk as onwatch

onwatch.setup_tracing("handbook")  # ONWATCH_ENDPOINT and ONWATCH_KEY say where
client = OpenAI()
HANDBOOK = {"leave": "Everybody has 25 days of leave a year.", "tea": "Tea is free on all floors."}


@onwatch.trace_embedding(provider="openai")
def embed(texts: list[str], model: str = "text-embedding-3-small") -> CreateEmbeddingResponse:
    return client.embeddings.create(input=texts, model=model)


@onwatch.trace_retrieval(index="handbook")
def search(question: str, top_k: int = 1) -> list[dict]:
    asked, *pages = [row.embedding for row in embed([question, *HANDBOOK.values()]).data]
    found = [
        {"id": name, "score": 1 - math.dist(asked, page), "content": HANDBOOK[name]}
        for name, page in zip(HANDBOOK, pages, strict=True)
    ]
    return sorted(found, key=lambda page: page["score"], reverse=True)[:top_k]


@onwatch.trace_llm_call(provider="openai")
def complete(messages: list[dict], model: str = "gpt-4o-mini") -> ChatCompletion:
    return client.chat.completions.create(messages=messages, model=model)


@onwatch.trace_rag_pipeline(feature="handbook", prompt="handbook-answer", prompt_version="3")
def ask(question: str) -> str:
    pages = "\n".join(page["content"] for page in search(question))
    prompt = f"Answer from these pages alone:\n{pages}"
    answer = complete([{"role": "system", "content": prompt}, {"role": "user", "content": question}])
    return answer.choices[0].message.content


with onwatch.AITraceContext("turn", user="ada", session="monday", variant="short") as turn:
    if onwatch.check_budget(user="ada", feature="handbook"):
        print(ask("How many days of leave do I have?"))
    turn.record_quality_score(0.9, "grounded")

onwatch.feedback(True, trace_id=turn.trace_id, comment="Thanks!")
