"""An application that calls a model in five ways. It knows nothing of who watches."""

import contextlib

import openai

MESSAGES = [
    {"role": "system", "content": "You answer briefly."},
    {"role": "user", "content": "What colour is the sky?"},
]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def answer(client: openai.OpenAI) -> str:
    done = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, temperature=0.2, max_tokens=100)
    return done.choices[0].message.content


def ask_for_a_tool(client: openai.OpenAI) -> str:
    messages = [{"role": "user", "content": "Weather in Springfield?"}]
    done = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])
    return done.choices[0].message.tool_calls[0].function.arguments


def stream(client: openai.OpenAI) -> str:
    chunks = client.chat.completions.create(
        model="gpt-4o-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def embed(client: openai.OpenAI) -> int:
    done = client.embeddings.create(model="text-embedding-3-small", input=["first text", "second text"])
    return len(done.data)


def be_refused(client: openai.OpenAI) -> None:
    with contextlib.suppress(openai.RateLimitError):
        client.chat.completions.create(model="fail-model", messages=MESSAGES)


def run(client: openai.OpenAI | None = None) -> None:
    """All five, one after the other."""
    client = client or openai.OpenAI()
    for call in (answer, ask_for_a_tool, stream, embed, be_refused):
        call(client)
