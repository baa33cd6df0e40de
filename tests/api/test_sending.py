"""What the API takes: spans, scores, cost events and changes."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import zstandard

from accounts.models import ApiKey, AuditEntry
from telemetry import trace_list
from telemetry.models import Change
from telemetry.search import Search
from telemetry.senders import report
from tests.telemetry.traces.factories import DAY, make_trace, stored


def spans_of(api, trace_id: str) -> list[dict]:
    return api.get("/spans", trace_id=trace_id).json()


def test_a_span_is_stored_priced_and_given_back(api):
    sent = {
        "trace_id": "t", "span_id": "s", "start_time": "2026-11-20T12:00:00.5Z", "duration_ms": 812.5, "kind": "llm",
        "name": "chat", "provider": "openai", "model": "gpt-4o-mini", "input_tokens": 1_000_000, "output_tokens": 0,
        "input": [{"role": "user", "content": "Hi"}], "output": "Hello.", "tags": ["x"],
        "attributes": {"tenant": "acme"},
        "documents": [{"id": "d", "score": 0.5, "content": "D", "metadata": {"page": 3}}],
        "tool_calls": [{"id": "c", "name": "n", "arguments": {}}],
        "scores": [{"name": "overall", "value": True}], "feature": "chat", "user_id": "ann",
    }  # fmt: skip
    answer = api.post("/spans", sent)
    assert (answer.status_code, answer.json()) == (201, {"stored": 1, "repeated": 0, "rejected": 0, "errors": []})
    (given,) = spans_of(api, "t")
    for name in (
        "span_id",
        "duration_ms",
        "kind",
        "model",
        "input_tokens",
        "tags",
        "attributes",
        "documents",
        "feature",
    ):
        assert given[name] == sent[name], name
    assert given["start_time"] == "2026-11-20T12:00:00.500000Z"
    assert given["input"] == '[{"role":"user","content":"Hi"}]'
    assert given["tool_calls"] == sent["tool_calls"]
    assert (given["dialect"], given["status"]) == ("rest", "ok")
    assert [(score["name"], score["value"]) for score in given["scores"]] == [("overall", 1.0)]
    assert (given["cost_source"], Decimal(given["cost_usd"])) == ("price_book", Decimal("0.15"))


def test_an_attribute_may_be_called_events(api):
    for at, events in enumerate((["a"], [{"name": "n"}], [{}], "a", None)):
        sent = {"trace_id": "t", "span_id": f"s{at}", "attributes": {"events": events}}
        assert api.post("/spans", sent).json()["stored"] == 1


def test_sending_again_counts_once(api):
    spans = [{"trace_id": "t", "span_id": f"s{n}", "model": "m"} for n in range(3)]
    assert api.post("/spans", spans).json()["stored"] == 3
    assert api.post("/spans", {"spans": spans}).json() == {"stored": 0, "repeated": 3, "rejected": 0, "errors": []}
    assert len(spans_of(api, "t")) == 3


def test_what_is_not_said_is_told_by_the_rest(api):
    api.post(
        "/spans",
        [
            {"trace_id": "t", "span_id": "a", "model": "m"},
            {"trace_id": "t", "span_id": "b", "documents": []},
            {"trace_id": "t", "span_id": "c", "tool_name": "search", "error_message": "KeyError: 7"},
            {
                "trace_id": "t",
                "span_id": "d",
                "model": "m",
                "error_type": "openai.RateLimitError",
                "end_time": "now-1m",
            },
            {
                "trace_id": "t",
                "span_id": "e",
                "start_time": "2026-11-20T12:00:00+02:00",
                "end_time": "2026-11-20T12:00:01+02:00",
            },
        ],
    )
    given = {span["span_id"]: span for span in spans_of(api, "t")}
    assert [given[name]["kind"] for name in "abcd"] == ["llm", "other", "tool", "llm"]
    assert (given["c"]["status"], given["c"]["error_type"]) == ("error", "tool_error")
    assert (given["d"]["error_type"], given["d"]["error_original"]) == ("rate_limit", "openai.RateLimitError")
    assert (given["e"]["start_time"], given["e"]["duration_ms"]) == ("2026-11-20T10:00:00Z", 1000.0)
    age = datetime.now(UTC) - datetime.fromisoformat(given["d"]["start_time"])
    assert timedelta(seconds=59) < age < timedelta(seconds=120)


def test_a_cost_that_is_reported_stands(api):
    api.post("/spans", {"trace_id": "t", "model": "gpt-4o-mini", "input_tokens": 10, "cost_usd": "0.000000001"})
    (given,) = spans_of(api, "t")
    assert (given["cost_usd"], given["cost_source"]) == ("0.000000001", "reported")


def nested(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


BAD_SPANS = [
    ({"span_id": "s"}, "trace_id", "Field required"),
    ({"trace_id": ""}, "trace_id", "at least 1 character"),
    ({"trace_id": "t", "kind": "magic"}, "kind", "Input should be 'llm', 'embedding'"),
    ({"trace_id": "t", "modle": "m"}, "modle", "Extra inputs are not permitted"),
    ({"trace_id": "t", "duration_ms": -1}, "duration_ms", "greater than or equal to 0"),
    ({"trace_id": "t", "input_tokens": 1.5}, "input_tokens", "valid integer"),
    ({"trace_id": "t", "input_tokens": 2**60}, "input_tokens", "less than"),
    ({"trace_id": "t", "cost_usd": "-1"}, "cost_usd", "greater than or equal to 0"),
    ({"trace_id": "t", "start_time": "soon"}, "start_time", "valid datetime"),
    ({"trace_id": "t", "start_time": "now-soon"}, "start_time", "neither ISO 8601"),
    ({"trace_id": "t", "start_time": 1795000000000000000}, "start_time", ""),
    ({"trace_id": "t", "start_time": "1969-01-01T00:00:00Z"}, "start_time", "before the year 2000"),
    ({"trace_id": "t", "documents": [{"id": "a"}, {"score": "high"}]}, "documents.1.score", "valid number"),
    ({"trace_id": "t", "scores": [{"name": "x", "value": "good"}]}, "scores.0.value", "a number, true or false"),
    ({"trace_id": "t", "input": nested(300)}, "input", "nested deeper than 100"),
    ({"trace_id": "t", "output": nested(300)}, "output", "nested deeper than 100"),
    ({"trace_id": "t", "attributes": {"a": nested(300)}}, "attributes", "nested deeper than 100"),
    ({"trace_id": "t", "tool_calls": [{"a": nested(300)}]}, "tool_calls", "nested deeper than 100"),
    ("text", "", "valid dictionary"),
    (None, "", "valid dictionary"),
]


@pytest.mark.parametrize(("span", "field", "said"), BAD_SPANS)
def test_a_bad_span_is_refused_by_field_and_index(api, span, field, said):
    answer = api.post("/spans", [span])
    assert answer.status_code == 422
    assert answer.json()["field"] == f"0.{field}".rstrip(".")
    assert said in answer.json()["detail"]
    mixed = api.post("/spans", [{"trace_id": "good", "span_id": "g"}, span])
    assert mixed.status_code == 201
    assert (mixed.json()["stored"], mixed.json()["rejected"]) == (1, 1)
    (error,) = mixed.json()["errors"]
    assert (error["index"], error["field"]) == (1, field)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"", 400), (b"\xff", 400), (b"[]", 422), (b"7", 422), (b'"x"', 422), (b'{"trace_id": NaN}', 400)],
)
def test_a_body_that_holds_no_spans_is_refused(api, body, status):
    answer = api.post("/spans", body)
    assert (answer.status_code, answer.json()["field"]) == (status, "body")


def test_a_body_may_be_larger_than_a_form(api):
    assert api.post("/spans", {"trace_id": "t", "input": "x" * 5_000_000}).status_code == 201
    answer = api.post("/spans", b'{"trace_id": "t", "input": "' + b"x" * (33 * 1024 * 1024) + b'"}')
    assert (answer.status_code, answer.json()["field"]) == (413, "body")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.ZstdCompressor().compress)],
)
def test_a_body_may_be_compressed(api, encoding, pack):
    body = pack(b'[{"trace_id": "t", "span_id": "s"}]')
    assert api.post("/spans", body, **{"content-encoding": encoding}).status_code == 201
    assert len(spans_of(api, "t")) == 1
    for broken, status in ((body[:-4], 400), (b"{}", 400), (pack(b" " * (33 * 1024 * 1024)), 413)):
        answer = api.post("/spans", broken, **{"content-encoding": encoding})
        assert (answer.status_code, answer.json()["field"]) == (status, "body")


def test_an_unknown_compression_is_named(api):
    answer = api.post("/spans", b"{}", **{"content-encoding": "br"})
    assert (answer.status_code, answer.json()["field"]) == (415, "content-encoding")
    assert "gzip" in answer.json()["detail"]


def test_input_includes_what_was_cached_and_output_the_reasoning(api):
    """Whether the sender counts so or not; else no price could be computed."""
    tokens = {"cached_tokens": 64, "cache_write_tokens": 6, "reasoning_tokens": 20}
    asked = {"model": "gpt-4o-mini", "provider": "openai"} | tokens
    apart = asked | {"trace_id": "t", "span_id": "a", "kind": "llm", "input_tokens": 50, "output_tokens": 10}
    included = asked | {"trace_id": "t", "span_id": "b", "kind": "llm", "input_tokens": 120, "output_tokens": 30}
    assert api.post("/spans", [apart, included]).json()["stored"] == 2
    event = asked | {"id": "e", "input_tokens": 120, "output_tokens": 30}
    assert api.post("/cost-events", event).json()["stored"] == 1
    spans = spans_of(api, "t") + spans_of(api, "e")
    assert [span["input_tokens"] for span in spans] == [120, 120, 120]
    assert [span["output_tokens"] for span in spans] == [30, 30, 30]
    assert len({span["cost_usd"] for span in spans}) == 1 and spans[0]["cost_usd"]
    assert (spans[2]["cache_write_tokens"], spans[2]["reasoning_tokens"]) == (6, 20)


def test_a_score_takes_time_model_feature_and_user_from_its_span(api, project):
    trace = make_trace(project.pk, "t")
    stored(*trace)
    answer = api.post("/scores", {"trace_id": "t", "span_id": trace[2].span_id, "name": "relevance", "value": 0.25})
    assert (answer.status_code, answer.json()["stored"]) == (201, 1)
    assert trace_list.count(project.pk, DAY, Search.from_query({"score": "relevance", "calls": "1"})) == (1, 1)
    summary = api.get("/summary?from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:01Z&model=gpt-4o&feature=chat").json()
    assert summary["scores"] == {"relevance": {"mean": 0.25, "count": 1}}


def test_a_score_of_a_trace_takes_them_from_the_trace(api, project):
    stored(*make_trace(project.pk, "t"))
    api.post("/scores", {"trace_id": "t", "name": "thumbs", "value": False, "source": "user", "comment": "Wrong."})
    summary = api.get("/summary?from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:01Z&model=gpt-4o&feature=chat").json()
    assert summary["scores"] == {"thumbs": {"mean": 0.0, "count": 1}}
    root = spans_of(api, "t")[0]
    assert [(score["name"], score["source"], score["comment"]) for score in root["scores"]] == [
        ("thumbs", "user", "Wrong.")
    ]


def test_a_score_of_a_span_that_is_not_known_takes_them_from_its_trace(api, project):
    stored(*make_trace(project.pk, "t"))
    api.post("/scores", {"trace_id": "t", "span_id": "unknown", "name": "x", "value": 1})
    assert api.get("/summary?from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:01Z").json()["scores"]["x"]["count"] == 1


def test_a_score_of_something_not_yet_stored_is_kept(api):
    assert api.post("/scores", {"trace_id": "later", "name": "x", "value": 1}).json()["stored"] == 1
    assert api.get("/summary", **{"from": "now-1m"}).json()["scores"]["x"] == {"mean": 1.0, "count": 1}


def test_the_same_score_is_stored_once(api):
    score = {"trace_id": "t", "name": "x", "value": 1, "id": "once"}
    assert api.post("/scores", [score, score]).json()["stored"] == 1
    assert api.post("/scores", score).json() == {"stored": 0, "repeated": 1, "rejected": 0, "errors": []}


@pytest.mark.parametrize(
    ("score", "field"),
    [
        ({"name": "x", "value": 1}, "trace_id"),
        ({"trace_id": "t", "value": 1}, "name"),
        ({"trace_id": "t", "name": "", "value": 1}, "name"),
        ({"trace_id": "t", "name": "x"}, "value"),
        ({"trace_id": "t", "name": "x", "value": "good"}, "value"),
        ({"trace_id": "t", "name": "x", "value": None}, "value"),
        ({"trace_id": "t", "name": "x", "value": 10**400}, "value"),
        ({"trace_id": "t", "name": "x", "value": 1e300}, "value"),
        ({"trace_id": "t", "name": "x", "value": 1, "source": "nobody"}, "source"),
        ({"trace_id": "t", "name": "x", "value": 1, "spanid": "s"}, "spanid"),
    ],
)
def test_a_bad_score_is_refused_by_field_and_index(api, score, field):
    assert api.post("/scores", score).json()["field"] == field
    good = {"trace_id": "t", "name": "good", "value": 1}
    answer = api.post("/scores", [good, score])
    assert (answer.status_code, answer.json()["stored"]) == (201, 1)
    assert [(error["index"], error["field"]) for error in answer.json()["errors"]] == [(1, field)]


def test_a_cost_event_is_spend_of_its_model_and_user(api):
    events = [
        {"id": "bill-1", "model": "m", "cost_usd": "1.25", "user_id": "ann", "at": "2026-11-20T12:00:00Z"},
        {"id": "bill-2", "model": "m", "cost_usd": 0.75, "at": "2026-11-20T12:00:00Z"},
    ]
    assert api.post("/cost-events", events).json()["stored"] == 2
    assert api.post("/cost-events", {"events": events}).json()["repeated"] == 2
    summary = api.get("/summary?from=2026-11-20T12:00:00Z&to=2026-11-20T12:01:00Z&model=m").json()
    assert (summary["calls"], summary["cost_usd"]) == (2, "2")
    assert (
        api.get("/summary?from=2026-11-20T11:00:00Z&to=2026-11-20T13:00:00Z&user_id=ann").json()["cost_usd"] == "1.25"
    )


def test_a_change_is_kept_with_who_made_it(api, project):
    answer = api.post("/changes", {"title": "Release 7", "version": "v7", "url": "https://ci.example/7"})
    assert answer.status_code == 201
    given = answer.json()
    assert (given["kind"], given["title"], given["version"], given["by"]) == ("deployment", "Release 7", "v7", "test")
    assert given["url"] == "https://ci.example/7"
    (change,) = Change.objects.all()
    assert change.project == project
    assert datetime.now(UTC) - change.at < timedelta(minutes=1)
    entry = AuditEntry.objects.get(action="change.added")
    assert (entry.subject, entry.key) == ("Deployment: Release 7", ApiKey.objects.get(name="test"))


def test_changes_are_listed_newest_first_within_a_range(api, project):
    for hours, kind in ((1, "prompt"), (2, "model"), (30, "config")):
        api.post("/changes", {"title": f"{kind} changed", "kind": kind, "at": f"now-{hours}h", "by": "ann"})
    found = api.get("/changes").json()["changes"]
    assert [change["kind"] for change in found] == ["prompt", "model"]
    assert [change["kind"] for change in api.get("/changes", kind="config", range="7d").json()["changes"]] == ["config"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "x", "kind": "party"}, "kind"),
        ({"title": "x", "url": "javascript:alert(1)"}, "url"),
        ({"title": "x", "at": "2020"}, "at"),
        ({"title": "x", "when": "now"}, "when"),
    ],
)
def test_a_bad_change_is_refused_by_field(api, change, field):
    answer = api.post("/changes", change)
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(field)
    assert not Change.objects.exists()


def test_nothing_of_a_refused_batch_is_stored_and_each_of_it_is_named(api, project):
    answer = api.post("/spans", [{"trace_id": ""}, {"kind": "magic", "trace_id": "t"}, 7])
    said = answer.json()
    assert (answer.status_code, said["field"]) == (422, "0.trace_id")
    assert said["detail"].endswith("(and 2 more)")
    assert [(error["index"], error["field"]) for error in said["errors"]] == [(0, "trace_id"), (1, "kind"), (2, "")]
    assert "'llm', 'embedding'" in said["errors"][1]["detail"]
    assert spans_of(api, "t") == []
    found = report.report(project)
    assert {(one.subject.partition(":")[0], one.about) for one in found.refused} == {
        ("trace_id", "spans"),
        ("kind", "spans"),
        ("Input should be a valid dictionary or object to extract fields from", "spans"),
    }
    assert [(client.refused, client.receipts[0].requests) for client in found.clients] == [(3, 1)]


@pytest.mark.parametrize(
    ("path", "wrong", "field"),
    [
        ("/spans", {"trace_id": "t", "modle": "m"}, "modle"),
        ("/scores", {"trace_id": "t", "name": "x"}, "value"),
        ("/cost-events", {"at": "soon", "cost_usd": 1}, "at"),
    ],
)
def test_a_batch_that_is_bad_throughout_names_up_to_a_hundred(api, path, wrong, field):
    for batch, named in (([wrong] * 3, 3), ([wrong] * 150, 100), (wrong, 1)):
        answer = api.post(path, batch)
        assert answer.status_code == 422
        assert [(error["index"], error["field"]) for error in answer.json()["errors"]] == [
            (at, field) for at in range(named)
        ]


def test_sizes_of_embeddings_are_bounded_by_name(api):
    largest = {"trace_id": "t", "span_id": "s", "embedding_count": 2**32 - 1, "embedding_dimensions": 2**32 - 1}
    assert api.post("/spans", largest).status_code == 201
    for field in ("embedding_count", "embedding_dimensions"):
        answer = api.post("/spans", {"trace_id": "t", field: 2**32})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert "less than or equal to 4294967295" in answer.json()["detail"]
