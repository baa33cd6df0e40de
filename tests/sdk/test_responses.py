"""What the usual clients return is understood, as dictionaries and as objects, without the clients."""

import json
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

import onwatch_sdk as onwatch
from tests.sdk.test_streams import objects

OPENAI_CHAT = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Blue."}}],
    "usage": {
        "prompt_tokens": 120,
        "completion_tokens": 30,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 10},
    },
}
OPENAI_RESPONSE = {
    "id": "resp_1",
    "model": "gpt-4o-mini-2024-07-18",
    "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Blue."}]}],
    "output_text": "Blue.",
    "usage": {
        "input_tokens": 120,
        "output_tokens": 30,
        "input_tokens_details": {"cached_tokens": 64},
        "output_tokens_details": {"reasoning_tokens": 10},
    },
}
#: Anthropic's input excludes what was cached.
ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "Blue."}],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 36,
        "output_tokens": 30,
        "cache_read_input_tokens": 64,
        "cache_creation_input_tokens": 20,
    },
}
LANGCHAIN = {
    "id": "run-1",
    "type": "ai",
    "content": "Blue.",
    "usage_metadata": {
        "input_tokens": 120,
        "output_tokens": 30,
        "total_tokens": 150,
        "input_token_details": {"cache_read": 64},
        "output_token_details": {"reasoning": 10},
    },
    "response_metadata": {"model_name": "gpt-4o-mini-2024-07-18", "finish_reason": "stop"},
}
GOOGLE = {
    "model_version": "gemini-2.5-flash",
    "response_id": "g-1",
    "candidates": [{"finish_reason": "STOP", "content": {"role": "model", "parts": [{"text": "Blue."}]}}],
    "usage_metadata": {
        "prompt_token_count": 120,
        "candidates_token_count": 20,
        "thoughts_token_count": 10,
        "cached_content_token_count": 64,
    },
}
BEDROCK = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Blue."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 120, "outputTokens": 30, "totalTokens": 150},
}
OLLAMA = {
    "model": "llama3",
    "message": {"role": "assistant", "content": "Blue."},
    "done_reason": "stop",
    "prompt_eval_count": 120,
    "eval_count": 30,
}
CASES = {
    "openai": (OPENAI_CHAT, "gpt-4o-mini-2024-07-18", (120, 30, 64, None, 10)),
    "responses": (OPENAI_RESPONSE, "gpt-4o-mini-2024-07-18", (120, 30, 64, None, 10)),
    "anthropic": (ANTHROPIC, "claude-sonnet-4-5", (120, 30, 64, 20, None)),
    "langchain": (LANGCHAIN, "gpt-4o-mini-2024-07-18", (120, 30, 64, None, 10)),
    "google": (GOOGLE, "gemini-2.5-flash", (120, 30, 64, None, 10)),
    "bedrock": (BEDROCK, None, (120, 30, None, None, None)),
    "ollama": (OLLAMA, "llama3", (120, 30, None, None, None)),
}
COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read.input_tokens",
    "cache_write.input_tokens",
    "reasoning.output_tokens",
)
#: These clients return dictionaries alone, or have objects of another form.
NO_OBJECTS = ("bedrock", "ollama", "langchain")


def told(spans, result):
    @onwatch.trace_llm_call
    def ask(prompt):
        return result

    assert ask("Why?") is result
    return spans.said()


@pytest.mark.parametrize("as_objects", [False, True], ids=["dictionaries", "objects"])
@pytest.mark.parametrize("client", CASES)
def test_tokens_model_and_text(client, as_objects, spans):
    answer, model, tokens = CASES[client]
    said = told(spans, objects(answer) if as_objects and client not in NO_OBJECTS else answer)
    assert tuple(said.get(f"gen_ai.usage.{name}") for name in COUNTS) == tokens
    assert said.get("gen_ai.response.model") == model
    assert said["output.value"] == "Blue."
    (message,) = json.loads(said["gen_ai.output.messages"])
    assert message["role"] == "assistant"
    assert message["parts"] == [{"type": "text", "content": "Blue."}]
    if client != "responses":
        assert said["gen_ai.response.finish_reasons"][0] in ("stop", "end_turn", "STOP")


TOOL_CALLS = {
    "openai": {
        "choices": [
            {
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "weather", "arguments": '{"city":"Bern"}'},
                        }
                    ],
                },
            }
        ]
    },
    "responses": {
        "output": [{"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Bern"}'}],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "anthropic": {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Bern"}}],
        "stop_reason": "tool_use",
    },
    "langchain": {
        "type": "ai",
        "content": "",
        "tool_calls": [{"id": "c1", "name": "weather", "args": {"city": "Bern"}}],
        "response_metadata": {},
    },
}


@pytest.mark.parametrize("client", TOOL_CALLS)
def test_tool_calls(client, spans):
    (message,) = json.loads(told(spans, TOOL_CALLS[client])["gen_ai.output.messages"])
    assert message["parts"] == [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Bern"}}]


def test_messages_of_all_clients_become_those_of_the_conventions(spans):
    @onwatch.trace_llm_call
    def ask(messages):
        return "ok"

    ask(
        [
            {"role": "system", "content": "Be brief."},
            ("human", "Why?"),
            {
                "role": "user",
                "content": [{"type": "text", "text": "See:"}, {"type": "image_url", "image_url": {"url": "data:x"}}],
            },
            SimpleNamespace(
                type="ai", content="Look.", tool_calls=[{"id": "c1", "name": "look", "args": {"at": "sky"}}]
            ),
            {"role": "tool", "tool_call_id": "c1", "content": "blue"},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c2", "content": "dark"}]},
            {"role": "model", "parts": [{"text": "So it is."}]},
        ]
    )
    assert json.loads(spans.said()["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Why?"}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "See:"},
                {"type": "uri", "modality": "image", "uri": "<inline image>"},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "Look."},
                {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": "sky"}},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "blue"}]},
        {"role": "user", "parts": [{"type": "tool_call_response", "id": "c2", "response": "dark"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "So it is."}]},
    ]


@pytest.mark.parametrize(
    ("result", "output"),
    [
        ("Blue.", "Blue."),
        ({"answer": "Blue.", "sources": [1]}, "Blue."),
        ({"colour": "blue"}, '{"colour": "blue"}'),
        (["a", "b"], '["a", "b"]'),
        (12, "12"),
        ("", ""),
    ],
)
def test_results_of_ones_own(result, output, spans):
    assert told(spans, result)["output.value"] == output


def test_nothing_returned_is_nothing_said(spans):
    assert "output.value" not in told(spans, None)


def test_an_object_that_answers_to_everything_tells_nothing(spans):
    said = told(spans, MagicMock())
    assert not [name for name in said if "usage" in name or "response" in name]
    assert said["output.value"] == "<unittest.mock.MagicMock>"


def test_objects_that_are_no_answer_are_not_touched(spans):
    class Streaming:
        """Like an HTTP response whose body is read by asking for it."""

        @property
        def content(self):
            raise AssertionError("read")

        text = content

    assert told(spans, Streaming())["output.value"].endswith("Streaming>")


@pytest.mark.parametrize(
    "usage",
    [{"prompt_tokens": -1}, {"prompt_tokens": True}, {"prompt_tokens": "12"}, {"prompt_tokens": float("nan")}, 7, "x"],
)
def test_counts_that_cannot_be_are_not_told(usage, spans):
    assert "llm.tokens.input" not in told(spans, {"content": "a", "usage": usage})
