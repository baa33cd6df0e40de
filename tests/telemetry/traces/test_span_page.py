"""One span for reading: texts are cut with their length said."""

import json

import pytest

from telemetry import span_page
from telemetry.queries import WholeSpan


def whole_span(**changes) -> WholeSpan:
    values = dict.fromkeys(WholeSpan._fields, "") | {
        "tags": [], "embedding_projection": [], "counted": True, "kind": "llm", "input_length": 0, "output_length": 0,
    }  # fmt: skip
    return WholeSpan(**values | changes)


def test_long_texts_are_cut_and_say_by_how_much():
    text = "x" * 10_000
    page = span_page.build(whole_span(input=text, input_length=10_000), whole=False)
    (part,) = page.input.last[0].parts
    assert (len(part.shown), part.hidden) == (span_page.PREVIEW, 10_000 - span_page.PREVIEW)
    assert page.has_hidden
    page = span_page.build(whole_span(input=text, input_length=10_000), whole=True)
    assert page.input.last[0].parts[0].shown == text
    assert not page.has_hidden


def test_a_long_conversation_shows_its_beginning_and_its_end():
    turns = [{"role": "user", "content": f"turn {n}"} for n in range(100)]
    said = span_page.build(whole_span(input=json.dumps(turns)), whole=False).input
    assert [turn.parts[0].shown for turn in said.first] == ["turn 0"]
    assert said.last[-1].parts[0].shown == "turn 99"
    assert said.skipped == 100 - 1 - len(said.last)
    everything = span_page.build(whole_span(input=json.dumps(turns)), whole=True).input
    assert (everything.skipped, len(everything.last)) == (0, 100)


def test_tool_calls_are_shown_once():
    call = {"id": "c1", "name": "search", "arguments": {"q": "emma"}}
    said = json.dumps([{"role": "assistant", "parts": [{"type": "tool_call", **call}]}])
    assert span_page.build(whole_span(output=said, tool_calls=json.dumps([call])), whole=False).tool_calls == []
    (shown,) = span_page.build(whole_span(output="", tool_calls=json.dumps([call])), whole=False).tool_calls
    assert (shown.id, shown.name, json.loads(shown.arguments.shown)) == ("c1", "search", {"q": "emma"})


def test_documents_keep_their_rank_and_need_no_score():
    found = json.dumps([{"id": "a", "score": 0.5, "content": "A"}, {"id": "b", "content": {"title": "B"}}, "odd"])
    page = span_page.build(whole_span(documents=found), whole=False)
    assert [(one.rank, one.id, one.score, one.content.shown) for one in page.documents] == [
        (1, "a", 0.5, "A"),
        (2, "b", None, '{"title":"B"}'),
    ]


def test_a_document_tells_where_it_is_from():
    found = json.dumps([{"id": "a", "metadata": {"source": "kb/1", "page": 3}}, {"id": "b", "metadata": "odd"}])
    first, second = span_page.build(whole_span(documents=found), whole=False).documents
    assert [(name, value.shown) for name, value in first.about] == [("source", "kb/1"), ("page", "3")]
    assert second.about == []


def test_broken_json_stays_readable():
    page = span_page.build(
        whole_span(documents="{", tool_calls="[1", attributes='{"a": 1', input='{"messages": ['), whole=False
    )
    assert (page.documents, page.tool_calls) == ([], [])
    assert page.attributes == [("", span_page.Text('{"a": 1'))]
    assert page.input.last[0].parts[0].shown == '{"messages": ['


def test_facts_leave_out_what_is_not_known_or_said_twice():
    page = span_page.build(
        whole_span(model="gpt-4o", response_model="gpt-4o", feature="chat", tags=["a", "b"]), whole=False
    )
    assert [(fact.label, fact.value) for fact in page.facts] == [
        ("Model", "gpt-4o"),
        ("Feature", "chat"),
        ("Tags", "a, b"),
    ]


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"retrieval.index": "kb", "retrieval.num_results": 0}, [("Index", "kb"), ("Documents found", "0")]),
        ({"gen_ai.data_source.id": "kb", "retrieval.index": "kb"}, [("Index", "kb")]),
        ({"gen_ai.retrieval.document_count": 3}, [("Documents found", "3")]),
        ({"retrieval.index": "x" * 500}, [("Index", "x" * 400)]),
    ],
)
def test_where_was_searched_and_how_much_was_found_are_facts(attributes, told):
    page = span_page.build(whole_span(kind="retrieval", attributes=json.dumps(attributes)), whole=False)
    assert [(fact.label, fact.value) for fact in page.facts] == told
