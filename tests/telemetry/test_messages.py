"""Conversations in the forms that senders really use."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry import messages
from telemetry.messages import Message, Part

GENAI = [
    {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Who wrote Emma?"}]},
]
OPENAI_RESPONSE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Jane Austen."}}]}
LANGCHAIN = {
    "messages": [
        [
            {"lc": 1, "id": ["langchain", "schema", "SystemMessage"], "kwargs": {"content": "Be kind."}},
            {"lc": 1, "id": ["langchain", "schema", "HumanMessage"], "kwargs": {"content": "Who wrote Emma?"}},
        ]
    ]
}
GENERATIONS = {"generations": [[{"text": "", "message": {"kwargs": {"content": "Jane Austen.", "type": "ai"}}}]]}


@pytest.mark.parametrize(
    "given_input",
    [
        "Who wrote Emma?",
        json.dumps(GENAI),
        json.dumps(json.dumps(GENAI)),
        json.dumps({"messages": [{"role": "user", "content": "Who wrote Emma?"}], "model": "gpt-4o-mini"}),
        json.dumps([{"role": "user", "content": [{"type": "text", "text": "Who wrote Emma?"}]}]),
        json.dumps({"system": "Be kind.", "messages": [{"role": "user", "content": "Who wrote Emma?"}]}),
        json.dumps({"model": "gpt-4o", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Who wrote Emma?"}]}]}),  # noqa: E501
        json.dumps(LANGCHAIN),
        json.dumps({"contents": [{"role": "user", "parts": [{"text": "Who wrote Emma?"}]}]}),
        json.dumps({"question": "Who wrote Emma?", "k": 4}),
        json.dumps([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"},
                    {"role": "user", "content": "Who wrote Emma?"}]),
    ],
)  # fmt: skip
def test_it_finds_what_the_user_asked_last(given_input):
    assert messages.question(given_input) == "Who wrote Emma?"


@pytest.mark.parametrize(
    "given_output",
    [
        "Jane Austen.",
        json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": "Jane Austen."}], "finish_reason": "stop"}]
        ),  # noqa: E501
        json.dumps(OPENAI_RESPONSE),
        json.dumps({"role": "assistant", "content": "Jane Austen."}),
        json.dumps(
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Jane Austen."}],
            }
        ),  # noqa: E501
        json.dumps(
            {
                "output": [
                    {
                        "type": "message",
                        "role": "assistant",
                        "content": [{"type": "output_text", "text": "Jane Austen."}],
                    }
                ]
            }
        ),  # noqa: E501
        json.dumps(GENERATIONS),
        json.dumps({"candidates": [{"content": {"role": "model", "parts": [{"text": "Jane Austen."}]}}]}),
        json.dumps({"answer": "Jane Austen.", "sources": []}),
        json.dumps({"role": "assistant", "content": None, "refusal": "Jane Austen."}),
    ],
)
def test_it_finds_what_the_model_answered(given_output):
    assert messages.answer(given_output) == "Jane Austen."


def test_a_tool_call_is_no_answer():
    output = [
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "look_up", "arguments": {"a": 1}}]}
    ]
    assert messages.answer(json.dumps(output)) == ""
    assert messages.conversation(json.dumps(output)) == [
        Message("assistant", [Part("tool_call", '{"a":1}', "look_up")])
    ]


def test_it_keeps_a_tools_result_apart_from_what_was_said():
    said = messages.conversation(json.dumps([{"role": "tool", "content": "42", "name": "count"}]))
    assert said == [Message("tool", [Part("tool_result", "42", "count")])]
    assert said[0].text == ""


def test_it_shows_what_it_does_not_understand_as_json():
    assert messages.conversation('{"odd": 1}') == [Message("", [Part("json", '{"odd":1}')])]


def test_it_never_shows_the_bytes_of_a_picture():
    content = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    assert messages.conversation(json.dumps([{"role": "user", "content": content}])) == [
        Message("user", [Part("media", "", "image")])
    ]


def test_system_text_is_found_in_every_place():
    assert messages.system(json.dumps(GENAI)) == "Be kind."
    assert (
        messages.system(json.dumps({"system": "Be kind.", "messages": [{"role": "user", "content": "?"}]}))
        == "Be kind."
    )
    assert messages.system(json.dumps(LANGCHAIN)) == "Be kind."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["role", "content", "parts", "type", "messages", "message", "kwargs", "id", "tool_calls", "function",
             "output", "choices", "text", "system", "image_url", "data", "message_content", "name", "contents"]
        ),
        children,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_it_never_raises(value):
    text = json.dumps(value)
    for message in messages.conversation(text):
        assert isinstance(message.role, str)
        assert all(isinstance(part.text, str) and isinstance(part.name, str) for part in message.parts)
    messages.question(text), messages.answer(text), messages.system(text)
