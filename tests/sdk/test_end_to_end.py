"""A program with a whole pipeline, as a process of its own, and a started console that is asked by REST."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from telemetry.embedding_facts import embedding_facts
from tests.clients.console import KEY, Console
from tests.console import ROOT, running

PROGRAM = """
import asyncio, json
from concurrent.futures import ThreadPoolExecutor
import onwatch_sdk as onwatch

provider = onwatch.setup_tracing("shop", environment="test", release="1.4.2")

@onwatch.trace_embedding(model="text-embedding-3-small", provider="openai")
async def embed(texts):
    return [[0.6, 0.8, 0.0], [0.0, 0.6, 0.8]]

@onwatch.trace_retrieval(index="handbook")
async def search(query, k=2):
    await embed([query, "another"])
    return [{"id": "tea", "score": 0.9, "text": "Tea is free."}, {"id": "leave", "score": 0.4, "text": "25 days."}]

@onwatch.trace_tool
def look_up(name):
    return {"floor": 3}

@onwatch.trace_llm_call(model="gpt-4o-mini", provider="openai")
async def answer(messages):
    yield {"choices": [{"delta": {"content": "Tea "}}]}
    yield {"choices": [{"delta": {"content": "is free."}, "finish_reason": "stop"}]}
    yield {"id": "c-1", "model": "gpt-4o-mini-2024-07-18", "choices": [],
           "usage": {"prompt_tokens": 120, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 64}}}

@onwatch.trace_llm_call(model="gpt-4o-mini")
def broken(prompt):
    raise TimeoutError("no answer within 30 s")

@onwatch.trace_rag_pipeline(feature="help", prompt="answer", prompt_version=3)
async def ask(question):
    documents = await search(question)
    with ThreadPoolExecutor() as executor:
        executor.submit(onwatch.carry(look_up), "tea").result()
    try:
        broken(question)
    except TimeoutError:
        pass
    with provider.get_tracer("some.http.client").start_as_current_span("GET"):
        pass
    text = ""
    async for chunk in answer([{"role": "user", "content": documents[0]["text"] + question}]):
        text += (chunk["choices"] or [{}])[0].get("delta", {}).get("content", "")
    onwatch.annotate().record_quality_score(0.8, "overall", comment="Cites the page.")
    return text

async def main():
    async with onwatch.AITraceContext("turn", user="ada", session="s-1", experiment="tone", variant="warm") as turn:
        turn.record_metric("basket.items", 3)
        said = await ask("What does tea cost?")
        onwatch.score(0.7, "helpful")
    with onwatch.AITraceContext("by hand", user="ada", feature="batch", model="gpt-4o-mini") as hand:
        hand.record_tokens(1000, 500)
        hand.record_cost(2.5)
    onwatch.feedback(True, trace_id=turn.trace_id, comment="Thanks!")
    assert onwatch.flush(20)
    return turn, hand, said

turn, hand, said = asyncio.run(main())
stats = onwatch.stats()
print(json.dumps({
    "trace": turn.trace_id, "hand": hand.trace_id, "said": said, "sent": stats.spans_sent, "lost": stats.lost,
    "faults": stats.faults, "scores": stats.scores_sent,
}))
"""

BUDGET = """
from accounts.models import Project
from costs.models import Budget
project = Project.objects.get(slug="default")
Budget.objects.create(project=project, name="ada", scope="user", scope_value="ada", limit_usd="1", period="month")
"""

CHECK = """
import json, onwatch_sdk as onwatch
onwatch.setup_tracing("shop")
checked = [onwatch.check_budget(user=user, timeout_seconds=20) for user in ("ada", "bob")]
print(json.dumps([[bool(budget), budget.known, budget.remaining_usd] for budget in checked]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def started(folder):
    with running(folder, ONWATCH_API_KEY=KEY) as console:
        yield Console(console)


def run(program: str, url: str):
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "sdk"),
        "ONWATCH_ENDPOINT": url,
        "ONWATCH_KEY": KEY,
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def told(started):
    said = run(PROGRAM, started.url)
    assert (said["said"], said["lost"], said["faults"]) == ("Tea is free.", 0, 0)
    assert (said["sent"], said["scores"]) == (9, 2)
    return said


@pytest.fixture(scope="module")
def found(started, told):
    return {span["name"]: span for span in started.wait_spans(told["trace"], 8)}


def test_a_question_is_one_trace(found):
    tree = {name: span["parent_id"] for name, span in found.items()}
    ids = {name: span["span_id"] for name, span in found.items()}
    assert tree == {
        "turn": "",
        "ask": ids["turn"],
        "search": ids["ask"],
        "embed": ids["search"],
        "look_up": ids["ask"],
        "broken": ids["ask"],
        "GET": ids["ask"],
        "answer": ids["ask"],
    }
    assert {name: span["kind"] for name, span in found.items()} == {
        "turn": "chain",
        "ask": "chain",
        "search": "retrieval",
        "embed": "embedding",
        "look_up": "tool",
        "broken": "llm",
        "GET": "other",
        "answer": "llm",
    }


def test_all_children_know_whose_they_are(found):
    for name, span in found.items():
        assert (span["user_id"], span["session_id"]) == ("ada", "s-1"), name
        assert (span["experiment"], span["variant"]) == ("tone", "warm"), name
        assert (span["service"], span["environment"], span["release"]) == ("shop", "test", "1.4.2"), name
        if name != "turn":
            assert (span["feature"], span["prompt_name"], span["prompt_version"]) == ("help", "answer", "3"), name


def test_tokens_cost_and_time(found):
    answer = found["answer"]
    assert (answer["model"], answer["response_model"]) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert (answer["provider"], answer["finish_reason"]) == ("openai", "stop")
    assert (answer["input_tokens"], answer["output_tokens"], answer["cached_tokens"]) == (120, 30, 64)
    assert (answer["cost_usd"], answer["cost_source"]) == ("0.0000312", "price_book")
    assert 0 < answer["time_to_first_token_ms"] <= answer["duration_ms"]


def test_inputs_outputs_and_documents(found):
    assert found["ask"]["input"] == "What does tea cost?"
    assert found["ask"]["output"] == "Tea is free."
    assert json.loads(found["answer"]["input"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Tea is free.What does tea cost?"}]}
    ]
    assert found["search"]["documents"] == [
        {"id": "tea", "score": 0.9, "content": "Tea is free.", "metadata": {}},
        {"id": "leave", "score": 0.4, "content": "25 days.", "metadata": {}},
    ]
    assert (found["look_up"]["tool_name"], json.loads(found["look_up"]["output"])) == ("look_up", {"floor": 3})


def test_embedding_facts(found):
    facts = embedding_facts([[0.6, 0.8, 0.0], [0.0, 0.6, 0.8]])
    embed = found["embed"]
    assert (embed["embedding_count"], embed["embedding_dimensions"]) == (2, 3)
    assert embed["embedding_norm"] == pytest.approx(facts.norm)
    assert embed["embedding_projection"] == pytest.approx(facts.projection, abs=1e-6)
    assert embed["output"] == ""
    assert not [name for name in embed["attributes"] if name.startswith(("embedding.", "gen_ai."))]


def test_failures(found):
    broken = found["broken"]
    assert (broken["status"], broken["error_type"], broken["error_original"]) == ("error", "timeout", "TimeoutError")
    assert broken["error_message"] == "no answer within 30 s"
    assert found["ask"]["status"] == "ok"


def test_scores_of_all_sorts(started, told):
    scores = started.until(
        lambda: [(span["name"], score) for span in started.spans(told["trace"]) for score in span["scores"]],
        lambda scores: len(scores) >= 3,
        "three scores",
    )
    assert {(span, score["name"], score["value"], score["source"]) for span, score in scores} == {
        ("ask", "overall", 0.8, "client"),
        ("turn", "helpful", 0.7, "client"),
        ("turn", "feedback", 1.0, "user"),
    }


def test_what_is_recorded_by_hand(started, told, found):
    assert found["turn"]["attributes"]["basket.items"] == 3
    (hand,) = started.wait_spans(told["hand"], 1)
    assert (hand["kind"], hand["model"], hand["feature"]) == ("llm", "gpt-4o-mini", "batch")
    assert (hand["input_tokens"], hand["output_tokens"]) == (1000, 500)
    assert (hand["cost_usd"], hand["cost_source"]) == ("2.5", "reported")


def test_a_budget_that_is_used_up_says_no(started, told, folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONWATCH_")}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", BUDGET],
        cwd=ROOT,
        env=environment | {"ONWATCH_DATA": str(folder / "data"), "DATABASE_URL": ""},
        check=True,
        capture_output=True,
        timeout=60,
    )
    answers = started.until(
        lambda: run(CHECK, started.url), lambda answers: answers[0][0] is False, "a budget that is used up"
    )
    assert answers == [[False, True, "0"], [True, True, None]]
