"""One answered question as one trace, written with the OpenTelemetry API and the GenAI conventions."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from demo.catalogue import COMPLAINTS, TOPICS, USERS, Topic

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the assistant calls: its public name, its speed, and how often it is chosen."""

    name: str
    served: str
    provider: str
    first_token_ms: float
    ms_per_token: float
    share: float


MODELS: tuple[Model, ...] = (
    Model("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai", 320, 9, 0.5),
    Model("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", "anthropic", 410, 11, 0.25),
    Model("gpt-4o", "gpt-4o-2024-08-06", "openai", 480, 15, 0.15),
    Model("gemini-2.0-flash", "gemini-2.0-flash", "gcp.gemini", 260, 6, 0.1),
)
EMBEDDER = "text-embedding-3-small"


@dataclass(frozen=True, slots=True)
class Mood:
    """What goes wrong at a moment, as shares of the questions asked."""

    wrong: float = 0.03
    refused: float = 0.01
    timeout: float = 0.006
    rate_limited: float = 0.004
    tool_failed: float = 0.01
    slowness: float = 1.0
    prompt_version: str = "12"


def mood_at(hours_ago: float) -> Mood:
    """The story of the last two days: a bad prompt, a provider's rate limit, a slow evening, and calm between."""
    if 5.0 <= hours_ago < 6.2:
        return Mood(wrong=0.45, prompt_version="13")
    if 10.0 <= hours_ago < 10.6:
        return Mood(rate_limited=0.30)
    if 15.0 <= hours_ago < 16.5:
        return Mood(slowness=2.6, timeout=0.05)
    return Mood(prompt_version="12" if hours_ago >= 6.2 else "14")


@dataclass(slots=True)
class Clock:
    """Walks through one trace; times are nanoseconds since the epoch."""

    now: int

    def after(self, ms: float) -> int:
        self.now += int(ms * MS)
        return self.now


def _fail(span: Span, name: str, message: str) -> None:
    span.set_status(Status(StatusCode.ERROR, message))
    span.set_attribute("error.type", name)


def _messages(role: str, text: str, **more: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}], **more}])


class Assistant:
    """Answers questions of the catalogue; ``answer`` writes one trace and returns when it ended."""

    def __init__(self, tracer: Tracer, seed: int) -> None:
        self.tracer = tracer
        self.random = random.Random(seed)

    def answer(self, *, started: int, mood: Mood) -> int:
        """Ask one question at ``started`` (ns since the epoch) and return the end of its trace."""
        chance = self.random
        topic = chance.choice(TOPICS)
        question = chance.choice(topic.questions)
        who = {"user.id": chance.choice(USERS), "gen_ai.conversation.id": f"visit-{chance.randrange(10**8):08d}"}
        common = who | {"ai.feature": topic.feature}
        clock = Clock(started)
        root = self.tracer.start_span(
            f"answer {topic.feature}", start_time=started, kind=SpanKind.INTERNAL,
            attributes=common | {
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.input.messages": _messages("user", question),
            },
        )  # fmt: skip
        inside = trace.set_span_in_context(root)
        self._embed(question, common, clock, inside, mood)
        self._retrieve(topic, question, common, clock, inside, mood)
        reply = self._chat(topic, question, common, clock, inside, mood)
        if reply is None:
            root.set_status(Status(StatusCode.ERROR, "the model gave no answer"))
        else:
            root.set_attribute("gen_ai.output.messages", _messages("assistant", reply))
            if topic.feature == "order-agent":
                self._cancel_order(common, clock, inside, mood)
            self._feedback(root, topic, reply)
        end = clock.after(4)
        root.end(end)
        return end

    def _feedback(self, root: Span, topic: Topic, reply: str) -> None:
        """One reader in twelve presses a thumb, and mostly the right one; who is not content often says why.

        The GenAI conventions have no word for who judged; OpenInference has.
        """
        if self.random.random() < 1 / 12:
            liked = (reply == topic.answer) == (self.random.random() < 0.9)
            given = {"name": "thumbs", "annotator_kind": "HUMAN", "score": float(liked)}
            if not liked:
                given["explanation"] = self.random.choice(COMPLAINTS)
            root.set_attributes({f"annotations.0.annotation.{name}": value for name, value in given.items()})

    def _embed(self, question: str, common: dict[str, str], clock: Clock, inside: trace.Context, mood: Mood) -> None:
        span = self.tracer.start_span(
            f"embeddings {EMBEDDER}", context=inside, start_time=clock.after(2), kind=SpanKind.CLIENT,
            attributes=common | {
                "gen_ai.operation.name": "embeddings",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": EMBEDDER,
                "gen_ai.usage.input_tokens": 4 + len(question) // 4,
                "gen_ai.embeddings.dimension.count": 1536,
            },
        )  # fmt: skip
        span.end(clock.after(self.random.uniform(18, 60) * mood.slowness))

    def _retrieve(
        self, topic: Topic, question: str, common: dict[str, str], clock: Clock, inside: trace.Context, mood: Mood
    ) -> None:
        documents = [
            {"id": name, "score": round(self.random.uniform(0.72, 0.94) - 0.08 * rank, 3), "content": text}
            for rank, (name, text) in enumerate(topic.documents)
        ]
        span = self.tracer.start_span(
            "retrieval bookshop-kb", context=inside, start_time=clock.after(1), kind=SpanKind.CLIENT,
            attributes=common | {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": "bookshop-kb",
                "gen_ai.retrieval.query.text": question,
                "gen_ai.retrieval.documents": json.dumps(documents),
            },
        )  # fmt: skip
        span.end(clock.after(self.random.uniform(12, 90) * mood.slowness))

    def _chat(
        self, topic: Topic, question: str, common: dict[str, str], clock: Clock, inside: trace.Context, mood: Mood
    ) -> str | None:
        chance = self.random
        (model,) = chance.choices(MODELS, weights=[model.share for model in MODELS])
        context = "\n".join(text for _, text in topic.documents)
        prompt = f"Answer the customer from these documents only.\n\n{context}\n\nQuestion: {question}"
        span = self.tracer.start_span(
            f"chat {model.name}", context=inside, start_time=clock.after(3), kind=SpanKind.CLIENT,
            attributes=common | {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": model.provider,
                "gen_ai.request.model": model.name,
                "gen_ai.prompt.name": "answer-from-documents",
                "gen_ai.prompt.version": mood.prompt_version,
                "gen_ai.input.messages": _messages("user", prompt),
            },
        )  # fmt: skip
        fate = chance.random()
        if fate < mood.rate_limited:
            _fail(span, "RateLimitError", "429 Too Many Requests: tokens per minute exceeded")
            span.end(clock.after(chance.uniform(60, 200)))
            return None
        if fate < mood.rate_limited + mood.timeout:
            _fail(span, "APITimeoutError", "Request timed out.")
            span.end(clock.after(20_000))
            return None
        reply = topic.answer
        if chance.random() < mood.wrong:
            reply = topic.wrong_answer
        elif chance.random() < mood.refused:
            reply = "I'm sorry, but I cannot help with that request."
        used = 60 + len(prompt) // 4
        written = 8 + len(reply) // 4
        first = model.first_token_ms * mood.slowness * chance.lognormvariate(0, 0.35)
        span.set_attributes(
            {
                "gen_ai.response.model": model.served,
                "gen_ai.response.id": f"resp-{chance.getrandbits(48):012x}",
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.time_to_first_chunk": round(first / 1000, 4),
                "gen_ai.usage.input_tokens": used,
                "gen_ai.usage.output_tokens": written,
                "gen_ai.output.messages": _messages("assistant", reply, finish_reason="stop"),
            }
        )
        if chance.random() < 0.4:
            span.set_attribute("gen_ai.usage.cache_read.input_tokens", used // 2)
        span.end(clock.after(first + written * model.ms_per_token * mood.slowness * chance.lognormvariate(0, 0.2)))
        return reply

    def _cancel_order(self, common: dict[str, str], clock: Clock, inside: trace.Context, mood: Mood) -> None:
        span = self.tracer.start_span(
            "execute_tool cancel_order", context=inside, start_time=clock.after(2), kind=SpanKind.INTERNAL,
            attributes=common | {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "cancel_order",
                "gen_ai.tool.call.arguments": json.dumps({"order": self.random.randrange(1000, 9999)}),
            },
        )  # fmt: skip
        if self.random.random() < mood.tool_failed:
            _fail(span, "OrderServiceUnavailable", "the order service did not answer")
        else:
            span.set_attribute("gen_ai.tool.call.result", json.dumps({"cancelled": True}))
        span.end(clock.after(self.random.uniform(40, 300)))
