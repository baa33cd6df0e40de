"""Adds what was just stored to the minute buckets: the last step after storing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from core.redis import RedisError
from telemetry.live import freshness, gaps, keys, scripts
from telemetry.live.buckets import KEPT_SECONDS, encode, oldest_minute
from telemetry.span import CALL_KINDS, OPERATION_KINDS, Score, Span
from telemetry.window import GAMMA, LOWEST_MS, ModelSum, ScoreSum, Window

Minutes = dict[int, Window]

_LOG_GAMMA = math.log(GAMMA)


def record(spans: list[Span], scores: list[Score]) -> None:
    """Add stored spans and scores to Redis in one round trip.

    Never raises for Redis: what it does not take is noted as a gap and copied from ClickHouse later.
    """
    projects = sums(spans, scores, oldest=oldest_minute())
    if not projects:
        return
    if not freshness.may_ask():
        _miss(projects)
        return
    try:
        # Before this commit: what is marked as a gap is copied, so adding to it would count twice.
        gaps.report()
        scripts.run("record_minutes", *(_call(project_id, minutes) for project_id, minutes in projects.items()))
    except RedisError as error:
        _miss(projects)
        freshness.failed(error)
    else:
        freshness.answered()


def sums(spans: Sequence[Span], scores: Sequence[Score], *, oldest: int = 0) -> dict[int, Minutes]:
    """Project -> minute since 1970 -> what happened in it, from ``oldest`` on.

    The definitions are those of the roll-ups (``schema/``); a test holds the two together. This runs once per stored
    span, at 2 µs, which is why it reads like one long loop.
    """
    projects: defaultdict[int, Minutes] = defaultdict(dict)
    for span in spans:
        minute = int(span.start_time.timestamp() // 60)
        if not span.counted or minute < oldest:
            continue
        minutes = projects[span.project_id]
        window = minutes.get(minute)
        if window is None:
            window = minutes[minute] = Window()
        window.spans += 1
        kind = span.kind
        failed = span.status == "error"
        if failed and kind in OPERATION_KINDS:
            window.failures[span.error_type] = window.failures.get(span.error_type, 0) + 1
        if kind not in CALL_KINDS:
            continue
        window.calls += 1
        window.errors += failed
        window.cached_tokens += span.cached_tokens
        window.reasoning_tokens += span.reasoning_tokens
        duration = span.duration_ms
        bucket = 0 if duration <= LOWEST_MS else math.ceil(math.log(duration / LOWEST_MS) / _LOG_GAMMA)
        window.latency[bucket] = window.latency.get(bucket, 0) + 1
        model = window.models.get(span.model)
        if model is None:
            model = window.models[span.model] = ModelSum()
        model.calls += 1
        model.input_tokens += span.input_tokens
        model.output_tokens += span.output_tokens
        model.cost_nano += span.cost_nano
        model.unpriced += not span.cost_source
    for minutes in projects.values():
        for window in minutes.values():
            _add_up_models(window)
    _add_scores(projects, scores, oldest)
    return projects


def _add_up_models(window: Window) -> None:
    for model in window.models.values():
        window.input_tokens += model.input_tokens
        window.output_tokens += model.output_tokens
        window.cost_nano += model.cost_nano


def _add_scores(projects: dict[int, Minutes], scores: Sequence[Score], oldest: int) -> None:
    for score in scores:
        if score.occurred_at is None:
            continue
        minute = int(score.occurred_at.timestamp() // 60)
        if minute >= oldest:
            window = projects[score.project_id].setdefault(minute, Window())
            window.scores.setdefault(score.name, ScoreSum()).add(ScoreSum(1, score.value, score.value * score.value))


def _call(project_id: int, minutes: Minutes) -> scripts.Call:
    return scripts.Call(
        [
            keys.state(project_id), keys.changed(project_id), keys.dirty(project_id), keys.derived(project_id),
            *(keys.minute(project_id, minute) for minute in minutes),
        ],
        [KEPT_SECONDS, *flat(minutes)],
    )  # fmt: skip


def flat(minutes: Mapping[int, Window]) -> list[Any]:
    """The arguments that the scripts read: for each minute itself, the number of its fields, and them."""
    arguments: list[Any] = []
    for minute, window in minutes.items():
        pairs = encode(window)
        arguments += (minute, len(pairs))
        for pair in pairs:
            arguments += pair
    return arguments


def _miss(projects: dict[int, Minutes]) -> None:
    for project_id, minutes in projects.items():
        freshness.mark_minutes(project_id, minutes)
