"""One model call seen by two instrumentors is billed once, in whichever order and request its spans come."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from core.timerange import TimeRange
from telemetry import commit, queries, trace_tree
from telemetry.span import Span
from tests.telemetry.ingest.ask import ask, value

pytestmark = pytest.mark.usefixtures("stores", "db")

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC) - MINUTE


def sight(span_id: str, parent_id: str = "", *, begins: float = 0, lasts: float = 1000, **changes) -> Span:
    values = {
        "kind": "llm", "name": span_id, "model": "gpt-4o", "response_id": "chatcmpl-1", "input_tokens": 100,
        "output_tokens": 20, "cost_nano": 1000, "cost_source": "reported",
    } | changes  # fmt: skip
    start = NOW + timedelta(milliseconds=begins)
    return Span(1, "t", span_id, parent_id, start_time=start, duration_ms=lasts, **values)


def other(span_id: str, parent_id: str = "", **changes) -> Span:
    nothing = {"model": "", "response_id": "", "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}
    return sight(span_id, parent_id, **({"kind": "chain"} | nothing | changes))


def counted() -> list[str]:
    return [name for (name,) in ask("SELECT span_id FROM spans WHERE counted AND kind = 'llm' ORDER BY span_id")]


def billed() -> int:
    return value("SELECT sum(cost_nano) FROM spend_15m")


def test_in_every_order_of_three_requests(telemetry_store):
    """A client around an HTTP span around the gateway's own span."""
    for order in itertools.permutations(range(3)):
        commit.forget()
        made = [
            sight("client", lasts=1000),
            other("http", "client", begins=10, lasts=980),
            sight("gateway", "http", begins=20, lasts=900),
        ]
        for span in made:
            span.trace_id = f"trace {order}"
        for place in order:
            commit.store_spans([made[place]])
        assert len(counted()) == 1 + list(itertools.permutations(range(3))).index(order), order
    assert billed() == 6 * 1000


def test_the_one_that_was_stored_first_stays_counted():
    commit.store_spans([sight("inner", "outer", begins=5, lasts=900)])
    commit.store_spans([sight("outer")])
    assert counted() == ["inner"]
    assert billed() == 1000


def test_a_sight_without_an_id_is_known_by_its_tokens():
    """A framework's span around that of the client seldom knows the id."""
    commit.store_spans([sight("client", "framework", begins=5, lasts=900)])
    commit.store_spans([sight("framework", response_id="")])
    assert counted() == ["client"]


def test_the_later_sight_counts_where_it_alone_knows_the_tokens():
    commit.store_spans([sight("inner", "outer", begins=5, lasts=900, input_tokens=0, output_tokens=0, cost_nano=0)])
    commit.store_spans([sight("outer")])
    assert billed() == 1000


def test_calls_beside_each_other_are_two_though_their_server_gives_one_id():
    commit.store_spans([other("agent")])
    commit.store_spans([sight("first", "agent")])
    commit.store_spans([sight("second", "agent", begins=2000)])
    assert counted() == ["first", "second"]


def test_calls_beside_each_other_are_two_also_before_their_parent_is_there():
    commit.store_spans([sight("first", "agent")])
    commit.store_spans([sight("second", "agent")])
    commit.store_spans([sight("third", "agent", begins=2000)])
    commit.store_spans([other("agent", lasts=5000)])
    assert counted() == ["first", "second", "third"]


def test_the_same_id_in_another_trace_is_another_call():
    commit.store_spans([sight("one")])
    elsewhere = sight("two", "one", begins=5, lasts=900)
    elsewhere.trace_id = "another"
    commit.store_spans([elsewhere])
    assert counted() == ["one", "two"]


def test_different_ids_inside_each_other_are_two_calls():
    commit.store_spans([sight("inner", "outer", begins=5, lasts=900)])
    commit.store_spans([sight("outer", response_id="chatcmpl-2")])
    assert counted() == ["inner", "outer"]


def test_an_agent_that_repeats_totals_is_no_call():
    commit.store_spans([sight("call", "agent")])
    commit.store_spans([sight("agent", kind="agent", response_id="", lasts=5000)])
    assert counted() == ["call"]
    assert billed() == 1000
    (trace,) = queries.trace_summaries(1, ["t"], TimeRange(NOW - MINUTE, NOW + MINUTE))
    assert (trace.input_tokens, trace.output_tokens, trace.cost_nano) == (100, 20, 1000)
    tree = trace_tree.build(queries.trace_spans(1, "t"))
    assert (tree.input_tokens, tree.output_tokens, tree.cost_nano) == (100, 20, 1000)


def test_a_call_around_others_that_has_tokens_of_its_own_counts():
    around = sight("around", response_id="", input_tokens=77, output_tokens=5, lasts=5000)
    inside = [sight(f"in{n}", "around", response_id=f"r{n}", begins=n * 1000) for n in range(2)]
    commit.store_spans([around, *inside])
    assert counted() == ["around", "in0", "in1"]


def test_what_is_sent_again_neither_counts_nor_takes_the_count_away():
    for _ in range(2):
        commit.store_spans([sight("inner", "outer", begins=5, lasts=900)])
        commit.store_spans([sight("outer")])
    assert billed() == 1000
