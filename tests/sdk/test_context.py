"""``AITraceContext``: what it carries to whom, and what is recorded on it."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

import onwatch_sdk as onwatch

WHO = {
    "user": "u-1",
    "session": "s-1",
    "feature": "help",
    "prompt": "answer",
    "prompt_version": 3,
    "experiment": "tone",
    "variant": "warm",
}
CARRIED = {
    "user.id": "u-1",
    "session.id": "s-1",
    "gen_ai.conversation.id": "s-1",
    "ai.feature": "help",
    "gen_ai.prompt.name": "answer",
    "gen_ai.prompt.version": "3",
    "feature_flag.key": "tone",
    "feature_flag.result.variant": "warm",
}


@onwatch.trace_tool
def tool():
    return 1


@onwatch.trace_tool
async def async_tool():
    await asyncio.sleep(0)
    return 1


def carried(span):
    return {name: value for name, value in span.attributes.items() if name in CARRIED}


def test_it_carries_to_everything_below(spans, provider):
    with onwatch.AITraceContext("turn", **WHO) as turn:
        tool()
        with provider.get_tracer("somebody.else").start_as_current_span("http"), onwatch.AITraceContext("inner"):
            tool()
    tool()
    *inside, outside = spans.all()
    assert len(inside) == 5
    for span in inside:
        assert carried(span) == CARRIED
        assert trace.format_trace_id(span.context.trace_id) == turn.trace_id
    assert carried(outside) == {}


def test_an_inner_context_changes_what_it_names(spans):
    with onwatch.AITraceContext("turn", **WHO), onwatch.AITraceContext("part", feature="search"):
        tool()
    assert carried(spans.named("tool")) == CARRIED | {"ai.feature": "search"}
    assert carried(spans.named("turn")) == CARRIED


def test_it_carries_to_coroutines_tasks_and_asyncios_threads(spans):
    async def main():
        async with onwatch.AITraceContext("turn", **WHO):
            await async_tool()
            await asyncio.gather(async_tool(), asyncio.create_task(async_tool()))
            await asyncio.to_thread(tool)

    asyncio.run(main())
    assert [carried(span) for span in spans.all()] == [CARRIED] * 5


def test_a_thread_begins_with_nothing_unless_it_is_carried_there(spans):
    with ThreadPoolExecutor() as executor, onwatch.AITraceContext("turn", **WHO) as turn:
        executor.submit(tool).result()
        together = onwatch.carry(tool)
        for done in [executor.submit(together) for _ in range(4)]:
            assert done.result() == 1
    alone, *inside = spans.all()
    assert carried(alone) == {}
    assert alone.parent is None
    assert [carried(span) for span in inside] == [CARRIED] * 5
    assert {trace.format_trace_id(span.context.trace_id) for span in inside} == {turn.trace_id}


def test_tasks_carry_their_own(spans):
    async def turn(number):
        async with onwatch.AITraceContext("turn", user=f"u-{number}"):
            await asyncio.sleep(0)
            await async_tool()

    async def main():
        await asyncio.gather(*(turn(number) for number in range(10)))

    asyncio.run(main())
    users = {}
    for span in spans.all():
        users.setdefault(span.context.trace_id, set()).add(span.attributes["user.id"])
    assert sorted(users.values(), key=sorted) == [{f"u-{number}"} for number in range(10)]


def test_what_is_recorded(spans):
    with onwatch.AITraceContext("answer", kind="llm", model="gpt-4o-mini", provider="openai", input="Why?") as turn:
        turn.record_tokens(120, 30, cached=64, cache_write=8, reasoning=10, model="gpt-4o-mini-2024-07-18")
        turn.record_cost(0.0125)
        turn.record_metric("retrieval.recall", 0.75)
        turn.record_metric("cache.hit", True)
        turn.record_quality_score(0.9)
        turn.record_quality_score(True, "grounded", label="yes", comment="Cites its sources.")
        turn.record_output({"answer": "Blue."})
    span = spans.only()
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "llm.model": "gpt-4o-mini",
        "gen_ai.provider.name": "openai",
        "llm.provider": "openai",
        "input.value": "Why?",
        "gen_ai.usage.input_tokens": 120,
        "llm.tokens.input": 120,
        "gen_ai.usage.output_tokens": 30,
        "llm.tokens.output": 30,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "ai.tokens.cached": 64,
        "gen_ai.usage.cache_write.input_tokens": 8,
        "ai.tokens.cache_write": 8,
        "gen_ai.usage.reasoning.output_tokens": 10,
        "ai.tokens.reasoning": 10,
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "llm.cost_usd": 0.0125,
        "retrieval.recall": 0.75,
        "cache.hit": True,
        "output.value": "Blue.",
    }
    assert [(event.name, dict(event.attributes)) for event in span.events] == [
        (
            "gen_ai.evaluation.result",
            {"gen_ai.evaluation.name": "overall", "gen_ai.evaluation.score.value": 0.9},
        ),
        (
            "gen_ai.evaluation.result",
            {
                "gen_ai.evaluation.name": "grounded",
                "gen_ai.evaluation.score.value": 1.0,
                "gen_ai.evaluation.score.label": "yes",
                "gen_ai.evaluation.explanation": "Cites its sources.",
            },
        ),
    ]


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("llm", "chat"),
        ("retrieval", "retrieval"),
        ("agent", "invoke_agent"),
        ("guardrail", "guardrail"),
        (None, "invoke_workflow"),
    ],
)
def test_kinds(kind, operation, spans):
    with onwatch.AITraceContext("work", kind=kind):
        pass
    assert spans.said()["gen_ai.operation.name"] == operation


@onwatch.trace_llm_call
def ask(prompt):
    return {"content": "Blue.", "usage": {"input_tokens": 1, "output_tokens": 1}}


def test_spend_is_counted_once(spans, provider):
    """Only model calls carry money: a context becomes one when it records spend that nobody below it tells."""
    with onwatch.AITraceContext("by hand") as turn:
        tool()
        turn.record_cost(0.5)
    with onwatch.AITraceContext("sum of its parts") as turn:
        ask("Why?")
        turn.record_tokens(1, 1)
    with onwatch.AITraceContext("outer") as outer, onwatch.AITraceContext("inner") as turn:
        with provider.get_tracer("another").start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
            pass
        turn.record_cost(0.5)
        outer.record_cost(0.5)
    with onwatch.AITraceContext("said", kind="chain") as turn:
        turn.record_cost(0.5)
    operations = {span.name: span.attributes["gen_ai.operation.name"] for span in spans.all()}
    assert operations["by hand"] == "chat"
    for name in ("sum of its parts", "outer", "inner", "said"):
        assert operations[name] == "invoke_workflow"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_errors_are_recorded_and_go_on(asynchronous, spans):
    error = ValueError("no such city")

    async def fail():
        async with onwatch.AITraceContext("turn"):
            raise error

    with pytest.raises(ValueError, match="no such city") as raised:
        if asynchronous:
            asyncio.run(fail())
        else:
            with onwatch.AITraceContext("turn"):
                raise error
    assert raised.value is error
    span = spans.only()
    assert (span.status.status_code, span.attributes["error.type"]) == (StatusCode.ERROR, "ValueError")


def test_names_that_others_use(spans):
    with onwatch.AITraceContext("turn", user_id="u-1", session_id="s-1", prompt_name="answer", team="search", size=[1]):
        tool()
    assert carried(spans.named("tool")) == {
        name: value
        for name, value in CARRIED.items()
        if name[:4] in ("user", "sess") or "conv" in name or "prompt.name" in name
    }
    assert (spans.named("turn").attributes["team"], spans.named("turn").attributes["size"]) == ("search", "[1]")


def test_it_can_be_used_again_and_inside_itself(spans):
    turn = onwatch.AITraceContext("turn")
    for _ in range(2):
        with turn:
            pass
    with turn, turn:
        pass
    assert len(spans.all()) == 4
    assert not trace.get_current_span().get_span_context().is_valid


def test_what_comes_too_late_is_counted(spans, connected, counted):
    with onwatch.AITraceContext("turn") as turn:
        pass
    turn.record_metric("late", 1)
    turn.record_cost(1)
    assert counted()["faults"] == 2
    turn.record_quality_score(0.5, "late")
    assert onwatch.flush(5)
    (late,) = connected.scores()
    assert (late["trace_id"], late["span_id"], late["name"]) == (turn.trace_id, turn.span_id, "late")


def test_before_it_begins_there_are_no_ids():
    turn = onwatch.AITraceContext("turn")
    assert (turn.trace_id, turn.span_id) == ("", "")
    turn.record_metric("early", 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many", None, object()])
def test_figures_that_are_none_are_counted_and_kept_out(value, spans, counted):
    with onwatch.AITraceContext("turn") as turn:
        turn.record_quality_score(value)
        turn.record_tokens(value)
    assert spans.only().events == ()
    assert "llm.tokens.input" not in spans.said()
    assert counted()["faults"] >= 1


def test_leaving_in_another_context_harms_nobody(spans):
    turn = onwatch.AITraceContext("turn")
    contextvars.copy_context().run(turn.__enter__)
    turn.__exit__(None, None, None)
    assert spans.only().name == "turn"
