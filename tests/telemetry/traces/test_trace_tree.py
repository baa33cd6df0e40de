"""Spans into a tree, whatever came of the trace."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry import trace_tree
from telemetry.queries import SpanRow
from tests.telemetry.traces.factories import NOON


def row(
    span_id: str, parent_id: str = "", ms: float = 0, *, duration: float = 10, kind: str = "chain", **more
) -> SpanRow:
    values = {
        "name": span_id, "model": "", "feature": "", "status": "ok", "error_type": "", "input_tokens": 0,
        "output_tokens": 0, "cost_nano": 0, "cost_source": "", "counted": True,
    } | more  # fmt: skip
    return SpanRow(
        span_id=span_id, parent_id=parent_id, start_time=NOON + timedelta(milliseconds=ms), duration_ms=duration,
        kind=kind, **values,
    )  # fmt: skip


def drawn(*rows: SpanRow) -> list[str]:
    """``depth:id`` of each line."""
    ordered = sorted(rows, key=lambda span: (span.start_time, span.span_id))
    return [f"{node.depth}:{node.span.span_id}" for node in trace_tree.build(ordered).lines(0, 1000)]


def test_children_follow_their_parent_in_the_order_of_their_start():
    assert drawn(row("a"), row("c", "a", 20), row("b", "a", 10), row("d", "b", 30)) == ["0:a", "1:b", "2:d", "1:c"]


def test_what_names_an_absent_parent_stands_at_the_top():
    trace = trace_tree.build([row("a"), row("b", "lost", 5), row("c", "b", 6)])
    assert [(node.span.span_id, node.depth, node.is_orphan) for node in trace.lines(0, 9)] == [
        ("a", 0, False),
        ("b", 0, True),
        ("c", 1, False),
    ]
    assert (trace.orphans, trace.roots) == (1, 1)


@pytest.mark.parametrize(
    "rows",
    [
        [row("a", "a")],
        [row("a", "b"), row("b", "a", 1)],
        [row("a"), row("b", "c", 1), row("c", "d", 2), row("d", "b", 3)],
    ],
    ids=["its own parent", "two in a circle", "three in a circle"],
)
def test_circles_end(rows):
    assert sorted(line[2:] for line in drawn(*rows)) == sorted(span.span_id for span in rows)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-1, 12)), max_size=13, unique_by=lambda pair: pair[0]))
def test_every_span_is_drawn_once(pairs):
    rows = [row(str(own), "" if parent < 0 else str(parent), own) for own, parent in pairs]
    if rows:
        assert sorted(line.partition(":")[2] for line in drawn(*rows)) == sorted(span.span_id for span in rows)


def test_bars_are_shares_of_the_whole_trace():
    trace = trace_tree.build(
        [row("a", duration=1000), row("b", "a", 250, duration=500), row("c", "a", 999, duration=0.001)]
    )
    bars = [(node.left, node.width) for node in trace.lines(0, 9)]
    assert bars == [(0, 100), (25, 50), (99.6, 0.4)]
    assert trace.duration_ms == 1000


def test_a_trace_of_no_length_has_full_bars():
    assert [(n.left, n.width) for n in trace_tree.build([row("a", duration=0)]).lines(0, 1)] == [(0, 100)]


def test_figures_count_what_is_counted():
    call = {"kind": "llm", "input_tokens": 10, "output_tokens": 2, "cost_nano": 5, "cost_source": "price_book"}
    trace = trace_tree.build(
        [
            row("a", status="error"),
            row("b", "a", 1, **call),
            row("c", "a", 2, **call | {"cost_source": "", "cost_nano": 0}),
            row("d", "b", 3, **call | {"counted": False}),
            row("e", "a", 4, kind="tool", status="error"),
            row("f", "a", 5, kind="agent", status="unfinished"),
        ]
    )
    assert (trace.calls, trace.unpriced, trace.failed, trace.unfinished) == (2, 1, 1, 1)
    assert (trace.input_tokens, trace.output_tokens, trace.cost_nano) == (20, 4, 5)


def test_a_very_deep_trace_is_drawn_without_recursion():
    chain = [row(str(n), str(n - 1) if n else "", n) for n in range(20_000)]
    lines = trace_tree.build(chain).lines(19_990, 20_000)
    assert [node.depth for node in lines] == list(range(19_990, 20_000))
    assert {node.indent for node in lines} == {trace_tree.DEEPEST}
