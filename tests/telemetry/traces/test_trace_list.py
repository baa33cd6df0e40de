"""Pages of traces over known rows: each trace once, newest first, in exact figures."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.timerange import TimeRange
from telemetry import commit, store, trace_list
from telemetry.search import BadSearch, Search
from telemetry.span import Score
from tests.telemetry.traces.factories import DAY, NOON, judged, make_span, make_trace, stored

pytestmark = pytest.mark.usefixtures("telemetry_store")

PROJECT = 7


def listed(span: TimeRange = DAY, size: int = 50, **query: str) -> list[str]:
    """The traces of all pages."""
    search, cursor, found = Search.from_query(query), "", []
    while True:
        page = trace_list.page(PROJECT, span, search, cursor=cursor, size=size)
        found += [row.summary.trace_id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return found


def test_a_row_sums_up_its_whole_trace():
    trace = make_trace(PROJECT, "t")
    judged(trace[2], "overall", 0.5)
    judged(trace[2], "overall", 1.0)
    extra = make_span(PROJECT, trace_id="t", parent_id=trace[0].span_id, second=1, counted=False)
    failed = make_span(
        PROJECT, trace_id="t", parent_id=trace[0].span_id, second=1.2, kind="tool", name="lookup", model="",
        status="error", error_type="tool_error", input_tokens=0, output_tokens=0, cost_nano=0, cost_source="",
    )  # fmt: skip
    stored(*trace, extra, failed)
    (row,) = trace_list.page(PROJECT, DAY, Search()).rows
    summary = row.summary
    assert (summary.name, summary.spans, summary.calls, summary.failed) == ("answer", 5, 1, 1)
    assert (summary.input_tokens, summary.output_tokens, summary.cost_nano) == (100, 20, 1_500_000)
    assert (summary.status, summary.error_type, summary.unpriced) == ("ok", "tool_error", 0)
    assert (summary.model, summary.models, summary.feature) == ("gpt-4o", 1, "chat")
    assert summary.started == NOON
    assert summary.duration_ms == 2000
    assert row.at == NOON + timedelta(seconds=1.2)
    assert row.excerpt == "Who wrote Emma?"
    assert [(score.name, score.mean, score.count) for score in row.scores] == [("overall", 0.75, 2)]


def test_a_failed_row_says_what_failed_inside_where_its_root_does_not():
    root, search, chat = make_trace(PROJECT, "t", status="error", error_type="other")
    chat.error_type = "timeout"
    stored(root, search, chat)
    (row,) = trace_list.page(PROJECT, DAY, Search()).rows
    assert (row.summary.status, row.summary.error_type) == ("error", "timeout")


def test_traces_come_newest_first_and_only_those_of_the_project_and_range():
    stored(
        make_span(PROJECT, trace_id="old", second=-60),
        make_span(PROJECT, trace_id="new", second=60),
        make_span(PROJECT, trace_id="tomorrow", second=12 * 3600),
        make_span(PROJECT + 1, trace_id="theirs"),
    )
    assert listed() == ["new", "old"]


FILTERS = {
    "kind": "tool", "name": "lookup", "provider": "azure", "model": "o3", "feature": "search", "environment": "staging",
    "release": "r2", "prompt_name": "p", "prompt_version": "2", "variant": "b", "service": "worker", "user_id": "eve",
    "session_id": "s9", "status": "error", "error_type": "timeout",
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_keeps_what_has_its_value(name):
    stored(make_span(PROJECT, trace_id="other"), make_span(PROJECT, trace_id="wanted", **{name: FILTERS[name]}))
    assert listed(**{name: FILTERS[name]}) == ["wanted"]


def test_an_empty_filter_keeps_what_has_no_value():
    stored(make_span(PROJECT, trace_id="with"), make_span(PROJECT, trace_id="without", feature=""))
    assert listed(feature="") == ["without"]


def test_durations_are_at_least_and_less_than():
    stored(*(make_span(PROJECT, trace_id=f"{ms}", duration_ms=float(ms), second=ms) for ms in (99, 100, 250, 300)))
    assert listed(min_ms="100", max_ms="300") == ["250", "100"]


def test_flags_count_as_the_figures_do():
    error = {"status": "error", "error_type": "timeout"}
    stored(
        make_span(PROJECT, trace_id="call"),
        make_span(PROJECT, trace_id="unpriced", second=1, cost_source="", cost_nano=0),
        make_span(PROJECT, trace_id="echo", second=2, cost_source="", counted=False, **error),
        make_span(PROJECT, trace_id="failed chain", second=3, kind="chain", **error),
        make_span(PROJECT, trace_id="failed tool", second=4, kind="tool", **error),
    )
    assert listed(calls="1") == ["unpriced", "call"]
    assert listed(unpriced="1") == ["unpriced"]
    assert listed(failed="1") == ["failed tool"]
    assert listed(status="error") == ["failed tool", "failed chain", "echo"]


def test_scores_narrow_by_name_bounds_and_topic():
    stored(
        judged(make_span(PROJECT, trace_id="low", second=3), "overall", 0.2, topic="billing"),
        judged(make_span(PROJECT, trace_id="edge", second=2), "overall", 0.5),
        judged(make_span(PROJECT, trace_id="high", second=1), "overall", 0.9),
        judged(make_span(PROJECT, trace_id="else"), "relevance", 0.1),
    )
    assert listed(score="overall") == ["low", "edge", "high"]
    assert listed(score="overall", score_below="0.5") == ["low"]
    assert listed(score="overall", score_above="0.5") == ["edge", "high"]
    assert listed(score="overall", score_above="0.2", score_below="0.9") == ["low", "edge"]
    assert listed(topic="billing") == ["low"]
    assert listed(topic="", score="overall") == ["edge", "high"]


def test_a_score_of_the_whole_trace_belongs_to_its_root():
    stored(*make_trace(PROJECT, "t"))
    commit.store_scores([Score("helpful", 0.0, trace_id="t", project_id=PROJECT, occurred_at=NOON)])
    assert trace_list.count(PROJECT, DAY, Search.from_query({"score": "helpful"})) == (1, 1)
    assert listed(score="helpful") == ["t"]


@pytest.mark.parametrize(
    "text",
    ["EMMA", "austen", "Jürgen", "chat gpt", "0000abcd", "ann@shop", "sess-77", "429 Too Many", "Mansfield", "kb/7"],
)
def test_a_text_is_found_wherever_it_stands(text):
    stored(
        make_span(PROJECT, trace_id="other", input="Hello", output="Hi", name="greet"),
        make_span(
            PROJECT, trace_id="wanted", input="Who wrote Emma, asks JÜRGEN?", span_id="0000abcd0000abcd",
            user_id="ann@shop", session_id="sess-77", error_message="429 Too Many Requests",
            documents=[{"content": "Mansfield Park", "metadata": {"source": "kb/7"}}],
        ),
    )  # fmt: skip
    assert listed(q=text) == ["wanted"]


@pytest.mark.parametrize("text", ["100%", "a_b", "it's", 'say "hi"', "back\\slash", "{f_model:String}"])
def test_a_text_means_itself(text):
    stored(
        make_span(PROJECT, trace_id="other", input="100 a-b its"),
        make_span(PROJECT, trace_id="wanted", input=f"<{text}>"),
    )
    assert listed(q=text) == ["wanted"]


def test_filters_hold_for_one_span_together():
    stored(
        make_span(PROJECT, trace_id="t", model="o3", feature="chat"),
        make_span(PROJECT, trace_id="t", model="gpt-4o", feature="search", second=1),
    )
    assert listed(model="o3", feature="search") == []
    assert listed(model="o3", feature="chat") == ["t"]


def test_the_count_says_spans_and_traces_and_stops_at_the_limit(monkeypatch):
    stored(*make_trace(PROJECT, "a"), *make_trace(PROJECT, "b", second=5))
    assert trace_list.count(PROJECT, DAY, Search()) == (6, 2)
    assert trace_list.count(PROJECT, DAY, Search.from_query({"calls": "1"})) == (2, 2)
    monkeypatch.setattr(trace_list, "MOST_COUNTED", 3)
    assert trace_list.count(PROJECT, DAY, Search()).spans == 4


def test_one_huge_trace_does_not_hide_the_others():
    huge = [make_span(PROJECT, trace_id="huge", input="", output="", second=n / 100) for n in range(30_000)]
    stored(*huge)
    stored(make_span(PROJECT, trace_id="before", second=-10), make_span(PROJECT, trace_id="amid", second=5.001))
    assert listed(size=2) == ["huge", "amid", "before"]


def test_traces_that_overlap_for_long_are_listed_once():
    spans = [make_span(PROJECT, trace_id=f"t{n % 90:02}", second=n, input="") for n in range(3000)]
    stored(*spans)
    found = listed(size=20)
    assert len(found) == len(set(found)) == 90
    assert found[0] == "t29"


def test_a_trace_that_goes_on_between_two_pages_is_not_lost():
    stored(*(make_span(PROJECT, trace_id=f"t{n}", second=n) for n in range(6)))
    first = trace_list.page(PROJECT, DAY, Search(), size=3)
    stored(make_span(PROJECT, trace_id="t1", second=8), make_span(PROJECT, trace_id="late", second=9))
    second = trace_list.page(PROJECT, DAY, Search(), cursor=first.next_cursor, size=3)
    assert [row.summary.trace_id for row in first.rows] == ["t5", "t4", "t3"]
    assert [row.summary.trace_id for row in second.rows] == ["t2", "t1", "t0"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    starts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=40),
    size=st.integers(1, 5),
    first_spans=st.sampled_from([2, 5, 1000]),
)
def test_pages_hold_each_trace_once_in_the_order_of_its_newest_match(telemetry_store, starts, size, first_spans):
    """Many spans share a moment here, and reading is cut early, which is where pages go wrong."""
    for table in ("spans", "scores"):
        store.command(f"TRUNCATE TABLE {table}")
    commit.forget()
    stored(*(make_span(PROJECT, trace_id=f"t{trace}", second=second) for trace, second in starts))
    newest: dict[str, int] = {}
    for trace, second in starts:
        newest[f"t{trace}"] = max(second, newest.get(f"t{trace}", 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_list, "_FIRST_SPANS", first_spans)
        found = listed(size=size)
    assert found == sorted(newest, key=lambda trace: (newest[trace], trace), reverse=True)


@pytest.mark.parametrize("cursor", ["x", "!!!", "MTIz", "a" * 300, "Li4u"])
def test_a_cursor_of_somebody_else_is_refused(cursor):
    with pytest.raises(BadSearch, match="cursor: not one that this list gave out"):
        trace_list.page(PROJECT, DAY, Search(), cursor=cursor)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  Who\n wrote  Emma? ", "Who wrote Emma?"),
        (
            '[{"role":"user","content":"First"},{"role":"assistant","content":"A"},{"role":"user","content":"Last"}]',
            "Last",
        ),
        ('{"question": "Why?"}', "Why?"),
        ("x" * 400, "x" * 179 + "…"),
        ("", ""),
    ],
)
def test_an_excerpt_is_the_last_question_in_one_line(text, said):
    assert trace_list.excerpt(text) == said


def test_the_excerpt_of_a_long_conversation_is_its_last_question():
    turns = [
        {"role": ("user", "assistant")[n % 2], "content": f'turn {n} "quoted" ' + "blah " * 60} for n in range(120)
    ]
    stored(make_span(PROJECT, trace_id="t", input=json.dumps({"messages": turns})))
    (row,) = trace_list.page(PROJECT, DAY, Search()).rows
    assert row.excerpt.startswith('turn 118 "quoted" blah')
