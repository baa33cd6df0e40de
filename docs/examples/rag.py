"""Questions about a handbook, answered by a model: one trace from the question to the answer."""

import math

from openai import OpenAI

import onwatch_sdk as onwatch

onwatch.setup_tracing("handbook")  # ONWATCH_ENDPOINT and ONWATCH_KEY say where
client = OpenAI()
embed = onwatch.trace_embedding("embed", provider="openai")(client.embeddings.create)
complete = onwatch.trace_llm_call("complete", provider="openai")(client.chat.completions.create)
HANDBOOK = {"leave": "Everybody has 25 days of leave a year.", "tea": "Tea is free on all floors."}


@onwatch.trace_retrieval(index="handbook")
def search(question: str) -> list[dict]:
    answer = embed(input=[question, *HANDBOOK.values()], model="text-embedding-3-small")
    asked, *pages = [row.embedding for row in answer.data]
    scores = [1 - math.dist(asked, page) for page in pages]
    best, score = max(zip(HANDBOOK, scores, strict=True), key=lambda page: page[1])
    return [{"id": best, "score": score, "content": HANDBOOK[best]}]


@onwatch.trace_rag_pipeline(feature="handbook", prompt="handbook-answer", prompt_version="3")
def ask(question: str) -> str:
    prompt = f"Answer from this page alone: {search(question)[0]['content']}"
    messages = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
    return complete(messages=messages, model="gpt-4o-mini").choices[0].message.content


with onwatch.AITraceContext("turn", user="ada", session="monday", variant="short") as turn:
    if onwatch.check_budget(user="ada", feature="handbook"):
        print(ask("How many days of leave do I have?"))
    turn.record_quality_score(0.9, "grounded")
onwatch.feedback(True, trace_id=turn.trace_id, comment="Thanks!")
