"""The SDK's decorators around the OpenAI client: streams, tools, Responses, a refusal."""

import asyncio
import contextlib
import json

from openai import AsyncOpenAI, OpenAI, RateLimitError, Stream

import onwatch_sdk as onwatch

onwatch.setup_tracing("shop")
client = OpenAI()
MESSAGES = [{"role": "user", "content": "Why is the sky blue?"}]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


@onwatch.trace_llm_call(provider="openai")
def stream(messages, model="gpt-4o-mini"):
    yield from client.chat.completions.create(
        messages=messages, model=model, stream=True, stream_options={"include_usage": True}
    )


@onwatch.trace_llm_call(provider="openai")
def handed_out(messages, model="gpt-4o-mini"):
    return client.chat.completions.create(
        messages=messages, model=model, stream=True, stream_options={"include_usage": True}
    )


@onwatch.trace_llm_call(provider="openai")
async def handed_out_async(messages, model="gpt-4o-mini"):
    return await AsyncOpenAI().chat.completions.create(
        messages=messages, model=model, stream=True, stream_options={"include_usage": True}
    )


@onwatch.trace_llm_call(provider="openai")
def tools(messages, model="gpt-4o-mini"):
    return client.chat.completions.create(messages=messages, model=model, tools=TOOLS)


@onwatch.trace_llm_call(provider="openai")
def responses(prompt, model="gpt-4o-mini"):
    return client.responses.create(input=prompt, model=model)


@onwatch.trace_llm_call(provider="openai")
def refused(messages, model="fail-model"):
    return client.chat.completions.create(messages=messages, model=model)


async def read_async():
    stream = await handed_out_async(MESSAGES)
    async with stream:
        return [chunk async for chunk in stream]


with onwatch.AITraceContext("turn") as turn:
    list(stream(MESSAGES))
    answer = handed_out(MESSAGES)
    assert isinstance(answer, Stream)
    assert answer.response.status_code == 200
    with answer:
        list(answer)
    asyncio.run(read_async())
    tools(MESSAGES)
    responses("Why is the sky blue?")
    with contextlib.suppress(RateLimitError):
        refused(MESSAGES)
assert onwatch.flush(20)
counts = onwatch.stats()
print(json.dumps({"trace_id": turn.trace_id, "lost": counts.lost, "faults": counts.faults}))
