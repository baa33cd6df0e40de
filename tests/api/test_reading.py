"""What the API gives, in exact figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.timerange import TimeRange
from telemetry import exact, series
from telemetry.filters import Filters
from tests.telemetry.traces.factories import DAY, IN_DAY, NOON, judged, make_span, make_trace, stored


@pytest.fixture(autouse=True)
def _as_it_comes(settings):
    """Nothing is priced on the way in."""
    settings.TELEMETRY_PIPELINE = []


def test_a_span_comes_whole_under_the_names_of_the_canonical_span(api, project):
    span = make_span(
        project.pk, trace_id="t", span_id="s", parent_id="p", start_time=NOON + timedelta(microseconds=123456),
        time_to_first_token_ms=120.5, response_model="gpt-4o-2024", cached_tokens=64, tags=["x"], counted=False,
        documents=[{"id": "kb/1", "score": 0.91, "content": "Emma"}], attributes={"a": [1, {"b": None}]},
        tool_calls='[{"id":"c1","name":"search","arguments":{}}]', embedding_projection=[0.5, -1.0],
    )  # fmt: skip
    judged(span, "overall", 0.5, source="judge", label="fair", comment="why", evaluator="j/1")
    stored(span)
    (given,) = api.get("/spans", trace_id="t").json()
    assert given["start_time"] == "2026-11-20T12:00:00.123456Z"
    assert (given["span_id"], given["parent_id"], given["kind"], given["name"]) == ("s", "p", "llm", "chat gpt-4o")
    assert (given["model"], given["response_model"], given["status"]) == ("gpt-4o", "gpt-4o-2024", "ok")
    assert (given["input_tokens"], given["output_tokens"], given["cached_tokens"]) == (100, 20, 64)
    assert (given["cost_usd"], given["cost_source"]) == ("0.0015", "price_book")
    assert (given["input"], given["output"]) == ("Who wrote Emma?", "Jane Austen.")
    assert given["documents"] == [{"id": "kb/1", "score": 0.91, "content": "Emma", "metadata": {}}]
    assert given["attributes"] == {"a": [1, {"b": None}]}
    assert given["tool_calls"] == [{"id": "c1", "name": "search", "arguments": {}}]
    assert (given["embedding_projection"], given["tags"], given["counted"]) == ([0.5, -1.0], ["x"], False)
    assert (given["duration_ms"], given["time_to_first_token_ms"]) == (800.0, 120.5)
    (score,) = given["scores"]
    assert (score["name"], score["value"], score["source"], score["comment"]) == ("overall", 0.5, "judge", "why")
    assert "cost_nano" not in given


def test_unknown_is_null_and_not_nothing(api, project):
    stored(make_span(project.pk, trace_id="t", cost_source="", cost_nano=0))
    (given,) = api.get("/spans", trace_id="t").json()
    assert (given["cost_usd"], given["cost_source"], given["time_to_first_token_ms"]) == (None, "", None)
    assert api.get(f"/traces?{IN_DAY}").json()["traces"][0]["cost_usd"] is None


def test_the_spans_of_a_trace_come_oldest_first_and_in_pieces(api, project):
    stored(*(make_span(project.pk, trace_id="t", span_id=f"s{n}", second=-n) for n in range(5)))
    assert [span["span_id"] for span in api.get("/spans", trace_id="t").json()] == ["s4", "s3", "s2", "s1", "s0"]
    assert [span["span_id"] for span in api.get("/spans", trace_id="t", limit=2, offset=3).json()] == ["s1", "s0"]
    assert [span["span_id"] for span in api.get("/spans", trace_id="t", span_id="s3").json()] == ["s3"]
    assert api.get("/spans", trace_id="unknown").json() == []


def test_traces_come_in_sums_and_in_pages(api, project):
    stored(*make_trace(project.pk, "t1"), *make_trace(project.pk, "t2", second=60))
    first = api.get(f"/traces?{IN_DAY}&limit=1").json()
    (trace,) = first["traces"]
    assert trace["trace_id"] == "t2"
    assert (trace["name"], trace["spans"], trace["calls"], trace["status"]) == ("answer", 3, 1, "ok")
    assert (trace["cost_usd"], trace["input_tokens"], trace["output_tokens"]) == ("0.0015", 100, 20)
    assert (trace["start_time"], trace["duration_ms"]) == ("2026-11-20T12:01:00Z", 2000.0)
    assert trace["input"] == "Who wrote Emma?"
    second = api.get(f"/traces?{IN_DAY}&limit=1", cursor=first["next_cursor"]).json()
    assert [trace["trace_id"] for trace in second["traces"]] == ["t1"]
    assert second["next_cursor"] is None


def test_traces_take_the_filters_of_the_pages(api, project):
    stored(
        make_span(project.pk, trace_id="a", input="Refund?", feature=""),
        judged(make_span(project.pk, trace_id="b", second=1), "overall", 0.25),
    )

    def found(**query):
        return [trace["trace_id"] for trace in api.get(f"/traces?{IN_DAY}", **query).json()["traces"]]

    assert found(q="refund") == ["a"]
    assert found(feature="") == ["a"]
    assert found(score="overall", score_below="0.3") == ["b"]
    assert api.get(f"/traces?{IN_DAY}", score="overall").json()["traces"][0]["scores"] == {
        "overall": {"mean": 0.25, "count": 1}
    }


def test_a_range_of_a_list_is_exact(api, project):
    stored(*(make_span(project.pk, trace_id=f"t{second}", second=second) for second in (29, 30, 44, 45)))
    answer = api.get("/traces", **{"from": "2026-11-20T12:00:30Z", "to": "2026-11-20T12:00:45Z"}).json()
    assert [trace["trace_id"] for trace in answer["traces"]] == ["t44", "t30"]


def test_the_summary_counts_calls_alone(api, project):
    error = {"status": "error", "error_type": "timeout"}
    stored(
        judged(make_span(project.pk, duration_ms=100.0), "overall", 0.5),
        judged(make_span(project.pk, duration_ms=200.0, second=1), "overall", 1.0),
        make_span(project.pk, kind="embedding", model="e", duration_ms=300.0, second=2, output_tokens=0, **error),
        make_span(project.pk, kind="tool", duration_ms=9000.0, second=3, **error),
        make_span(project.pk, duration_ms=9000.0, second=4, counted=False),
        make_span(project.pk, duration_ms=100.0, second=5, cost_source="", cost_nano=0),
    )
    answer = api.get(f"/summary?{IN_DAY}").json()
    assert (answer["calls"], answer["errors"]) == (4, 1)
    assert (answer["input_tokens"], answer["output_tokens"]) == (400, 60)
    assert Decimal(answer["cost_usd"]) == Decimal("0.0045")
    assert answer["unpriced_calls"] == 1
    assert answer["latency_ms"]["p50"] == pytest.approx(100, rel=0.01)
    assert answer["latency_ms"]["p99"] == pytest.approx(300, rel=0.01)
    assert answer["scores"] == {"overall": {"mean": 0.75, "count": 2}}
    assert set(answer["health"]["components"]) == {"quality", "latency", "errors", "cost"}
    assert 0 <= answer["health"]["score"] <= 100
    assert answer["health"]["components"]["quality"]["score"] == 75.0


def test_a_summary_of_nothing_knows_nothing(api):
    answer = api.get("/summary").json()
    assert (answer["calls"], answer["cost_usd"], answer["scores"]) == (0, "0", {})
    assert answer["latency_ms"] == {"p50": None, "p95": None, "p99": None}
    assert answer["health"]["score"] is None


def test_what_was_sent_a_moment_ago_is_in_the_summary(api, project):
    api.post("/spans", {"trace_id": "t", "model": "gpt-4o", "input_tokens": 7, "cost_usd": "0.25"})
    answer = api.get("/summary", **{"from": "now-1h"}).json()
    assert (answer["calls"], answer["input_tokens"], answer["cost_usd"]) == (1, 7, "0.25")


def test_a_summary_is_exact_to_the_second_at_both_ends(api, project):
    stored(*(make_span(project.pk, second=second, cost_nano=1) for second in range(-200, 200, 10)))
    for start, end in ((-95, 95), (-61, 1), (-30, 30), (-180, 120), (5, 6), (0, 10), (-200, 200)):
        span = TimeRange(NOON + timedelta(seconds=start), NOON + timedelta(seconds=end))
        expected = sum(start <= second < end for second in range(-200, 200, 10))
        ends = {"from": span.start.isoformat(), "to": span.end.isoformat()}
        answer = api.get("/summary", **ends).json()
        assert answer["calls"] == expected, (start, end)


def test_a_summary_takes_filters_users_and_sessions_too(api, project):
    stored(
        make_span(project.pk, user_id="eve"),
        make_span(project.pk, user_id="eve", session_id="s2"),
        make_span(project.pk, model="o3", feature=""),
    )
    assert api.get(f"/summary?{IN_DAY}", model="o3").json()["calls"] == 1
    assert api.get(f"/summary?{IN_DAY}", feature="").json()["calls"] == 1
    assert api.get(f"/summary?{IN_DAY}", user_id="eve").json()["calls"] == 2
    assert api.get(f"/summary?{IN_DAY}", user_id="eve", session_id="s2").json()["calls"] == 1


def test_exact_sums_and_the_series_of_the_pages_agree(stores, project):
    """Over whole minutes both must say the same of everything that they know."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    for n in range(40):
        stored(
            judged(
                make_span(
                    project.pk, start_time=now - timedelta(seconds=37 * n),
                    kind=("llm", "tool", "embedding", "chain")[n % 4],
                    status=("ok", "ok", "error")[n % 3], error_type=("", "", "rate_limit")[n % 3], duration_ms=10.0 * n,
                    model=f"m{n % 3}", cost_source=("price_book", "")[n % 2], counted=bool(n % 7), reasoning_tokens=n,
                ),
                "overall", n / 40,
            )
        )  # fmt: skip
    for filters in (Filters(), Filters({"model": "m1"})):
        whole = TimeRange(now - timedelta(minutes=60), now + timedelta(minutes=1))
        cut = TimeRange(whole.start + timedelta(microseconds=1), whole.end - timedelta(microseconds=1))
        window = exact.total(project.pk, cut, filters)
        shown = series.total(project.pk, whole, filters)
        for name in (
            "spans",
            "calls",
            "errors",
            "failures",
            "input_tokens",
            "reasoning_tokens",
            "cost_nano",
            "latency",
        ):
            assert getattr(window, name) == getattr(shown, name), name
        assert window.latency == shown.latency
        assert window.models == {name: sums for name, sums in shown.models.items() if sums.calls}
        assert window.scores["overall"].count == shown.scores["overall"].count
        assert window.scores["overall"].total == pytest.approx(shown.scores["overall"].total)


def test_days_are_the_same_in_whole_and_in_parts(telemetry_store, project):
    stored(*(make_span(project.pk, second=second) for second in range(0, 40_000, 997)))
    whole = exact.total(project.pk, DAY, Filters())
    halves = [
        TimeRange(DAY.start, NOON + timedelta(seconds=12_345.6)),
        TimeRange(NOON + timedelta(seconds=12_345.6), DAY.end),
    ]
    assert whole.calls == sum(exact.total(project.pk, half, Filters()).calls for half in halves)
