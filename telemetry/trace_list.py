"""Pages of traces, newest first: a trace stands where its newest matching span does, and on one page only."""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.timerange import TimeRange
from telemetry import messages, queries, store
from telemetry.columns import EPOCH, microseconds
from telemetry.queries import Hit, MatchCount, Position, ScoreMean, TraceSummary
from telemetry.search import BadSearch, Search

PAGE_SIZE = 50
#: Counting stops here; the page then says "more than".
MOST_COUNTED = 10_000
EXCERPT_LENGTH = 180

#: Enough for a page of ordinary traces; traces of many spans make it grow. What is filtered is rarer, and often one
#: span of its trace.
_FIRST_SPANS = 1000
_FIRST_FILTERED_SPANS = 300
_GROWTH = 8
#: A trace with a root that began and ended this close to its match is known whole from a narrow look ...
_NEAR = timedelta(hours=1)
#: ... and the others are looked for this far.
_FAR = timedelta(hours=25)

#: A user's text in a piece of message JSON.
_USER_TEXT = re.compile(r'"role"\s*:\s*"(?:user|human)".{0,90}?"(?:content|text)"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)


class TraceRow(NamedTuple):
    """One trace in a list."""

    #: Start of the newest matching span, and that span.
    at: datetime
    span_id: str
    summary: TraceSummary
    #: What was asked, in one line.
    excerpt: str
    scores: list[ScoreMean]

    @property
    def tokens(self) -> int:
        return self.summary.input_tokens + self.summary.output_tokens


class TracePage(NamedTuple):
    rows: list[TraceRow]
    #: Empty on the last page.
    next_cursor: str


class Cursor(NamedTuple):
    """Where the next page goes on, and when the first one was read: what came since was on none of them."""

    read_at: datetime
    after: Position

    def encode(self) -> str:
        text = f"{microseconds(self.read_at)}.{microseconds(self.after.at)}.{self.after.trace_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Raises BadSearch."""
        try:
            padded = text + "=" * (-len(text) % 4)
            read_at, at, trace_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(".", 2)
            return cls(_moment(int(read_at)), Position(_moment(int(at)), trace_id))
        except (binascii.Error, ValueError, OverflowError):
            raise BadSearch("cursor", "not one that this list gave out") from None


def _moment(microseconds_since_1970: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds_since_1970)


def page(project_id: int, span: TimeRange, search: Search, *, cursor: str = "", size: int = PAGE_SIZE) -> TracePage:
    """One page of the traces that have a matching span in the range.

    Raises BadSearch for a foreign cursor, TookTooLong for a text that takes too long to find, StoreUnavailable.
    """
    last = Cursor.decode(cursor) if cursor else None
    read_at = last.read_at if last else datetime.now(UTC)
    hits = _hits(project_id, span, search, last, size + 1)
    shown = hits[:size]
    more = len(hits) > size
    following = Cursor(read_at, Position(shown[-1].at, shown[-1].trace_id)).encode() if more else ""
    return TracePage(_rows(project_id, shown), following)


def count(project_id: int, span: TimeRange, search: Search) -> MatchCount:
    """Matching spans and their traces; more than ``MOST_COUNTED`` spans means that there are more."""
    return queries.count_matches(project_id, span, search, limit=MOST_COUNTED + 1)


def _hits(project_id: int, span: TimeRange, search: Search, last: Cursor | None, wanted: int) -> list[Hit]:
    """The next traces after those of earlier pages.

    Only the newest spans are read at first. When all of them belong to too few traces, or to traces of earlier pages,
    more are: without those known already, so that the work is bounded by what was not seen.
    """
    found: list[Hit] = []
    seen: set[str] = set()
    spans, traces = _FIRST_FILTERED_SPANS if search else _FIRST_SPANS, wanted
    after = last.after if last else Position(span.end, "")
    while True:
        hits = queries.matching_traces(project_id, span, search, after=after, seen=seen, spans=spans, traces=traces)
        was_cut = bool(hits) and hits[0].was_read >= spans
        # Of the oldest moment that was read, some spans may be missing.
        certain = [hit for hit in hits if not was_cut or hit.at > hit.oldest]
        before = _listed_before(project_id, span, search, last, certain)
        found += [hit for hit in certain if hit.trace_id not in before]
        if len(found) >= wanted or (not was_cut and len(hits) < traces):
            return found[:wanted]
        seen.update(hit.trace_id for hit in certain)
        traces *= 2
        if was_cut:
            spans *= _GROWTH


def _listed_before(
    project_id: int, span: TimeRange, search: Search, last: Cursor | None, hits: Sequence[Hit]
) -> set[str]:
    if last is None or not hits:
        return set()
    candidates = [hit.trace_id for hit in hits]
    return queries.listed_before(
        project_id, span, search, after=last.after, read_at=last.read_at, candidates=candidates
    )


def _rows(project_id: int, hits: Sequence[Hit]) -> list[TraceRow]:
    if not hits:
        return []
    (summaries, excerpts), means = store.together(
        lambda: _described(project_id, hits),
        lambda: queries.scores_of_traces(project_id, [hit.trace_id for hit in hits], _around(hits, _FAR)),
    )
    scores: defaultdict[str, list[ScoreMean]] = defaultdict(list)
    for score in means:
        scores[score.trace_id].append(score)
    return [
        TraceRow(
            hit.at, hit.span_id, summaries[hit.trace_id], excerpts.get(hit.trace_id, ""), scores.get(hit.trace_id, [])
        )
        for hit in hits
        if hit.trace_id in summaries
    ]


def _described(project_id: int, hits: Sequence[Hit]) -> tuple[dict[str, TraceSummary], dict[str, str]]:
    """Summary and excerpt of each, by trace id."""
    summaries = _summaries(project_id, hits)
    return summaries, _excerpts(project_id, list(summaries.values()))


def _around(hits: Sequence[Hit], distance: timedelta) -> TimeRange:
    return TimeRange(min(hit.at for hit in hits) - distance, max(hit.at for hit in hits) + distance)


def _summaries(project_id: int, hits: Sequence[Hit]) -> dict[str, TraceSummary]:
    near = _around(hits, _NEAR)
    found = {row.trace_id: row for row in queries.trace_summaries(project_id, [hit.trace_id for hit in hits], near)}
    partial = [hit.trace_id for hit in hits if not _is_whole(found.get(hit.trace_id), near)]
    for row in queries.trace_summaries(project_id, partial, _around(hits, _FAR)):
        found[row.trace_id] = row
    return found


def _is_whole(summary: TraceSummary | None, looked_at: TimeRange) -> bool:
    return summary is not None and summary.roots > 0 and summary.ended < looked_at.end


def _excerpts(project_id: int, summaries: Sequence[TraceSummary]) -> dict[str, str]:
    """Trace id -> what was asked: in its root, else in its first model call."""
    spans = [(row.main_start, row.main_span) for row in summaries]
    spans += [(row.call_start, row.call_span) for row in summaries if row.call_span not in ("", row.main_span)]
    inputs = {(row.trace_id, row.span_id): row for row in queries.span_inputs(project_id, spans)}
    excerpts = {}
    for row in summaries:
        found = inputs.get((row.trace_id, row.main_span)) or inputs.get((row.trace_id, row.call_span))
        if found:
            excerpts[row.trace_id] = excerpt(found.text, found.ending)
    return excerpts


def excerpt(text: str, ending: str = "") -> str:
    """One line of an input: the last question in it, else whatever it says first."""
    said = (_asked_last(ending) if ending else messages.question(text)) or _first_said(text)
    line = re.sub(r"\s+", " ", said[: EXCERPT_LENGTH * 8]).strip()
    return line if len(line) <= EXCERPT_LENGTH else f"{line[: EXCERPT_LENGTH - 1].rstrip()}…"


def _asked_last(ending: str) -> str:
    """The last question in the end of a long conversation, whose JSON cannot be read as a whole."""
    found = _USER_TEXT.findall(ending)
    return messages.as_text(messages.parse(f'"{found[-1]}"')) if found else ""


def _first_said(text: str) -> str:
    return next((message.text for message in messages.conversation(text) if message.text), "") or text
