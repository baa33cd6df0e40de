"""Presigned links for feedback: made with a key, used without one, until they expire."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadItem
from telemetry.langsmith import feedback
from telemetry.langsmith.feedback import Given
from telemetry.models import FeedbackToken

DEFAULT_LIFE = timedelta(hours=3)
LONGEST_LIFE = timedelta(days=365)


class Expired(Exception):
    """The link's time is over."""


def make(project_id: int, asked: Mapping[str, Any]) -> FeedbackToken:
    """Raises BadItem naming the field."""
    key = asked.get("feedback_key")
    if not isinstance(key, str) or not 0 < len(key) <= feedback.MOST_KEY:
        raise BadItem(f"must be a text of 1 to {feedback.MOST_KEY} characters", field="feedback_key")
    own = asked.get("id")
    return FeedbackToken.objects.create(
        project_id=project_id,
        run_id=langsmith.run_id(asked.get("run_id"), field="run_id"),
        key=key,
        feedback_id=uuid.UUID(langsmith.run_id(own)) if own else uuid.uuid4(),
        expires_at=_expiry(asked),
    )


def _expiry(asked: Mapping[str, Any]) -> datetime:
    now = datetime.now(UTC)
    expires = langsmith.moment(asked.get("expires_at"), field="expires_at")
    if expires is None:
        parts = asked.get("expires_in") or {}
        if not isinstance(parts, Mapping):
            raise BadItem("must have days, hours or minutes", field="expires_in")
        life = {name: parts[name] for name in ("days", "hours", "minutes") if parts.get(name)}
        if any(isinstance(count, bool) or not isinstance(count, int | float) for count in life.values()):
            raise BadItem("days, hours and minutes must be numbers", field="expires_in")
        try:
            expires = now + (timedelta(**life) if life else DEFAULT_LIFE)
        except OverflowError:
            raise BadItem("is too far ahead", field="expires_in") from None
    if not now < expires <= now + LONGEST_LIFE:
        raise BadItem(f"must lie ahead, by {LONGEST_LIFE.days} days at the most", field="expires_at")
    return expires


def as_json(token: FeedbackToken, url: str) -> dict[str, Any]:
    """``url`` is the address under which tokens are used."""
    return {"id": token.token, "url": f"{url}/{token.token}", "expires_at": token.expires_at}


def listed(project_id: int, run: uuid.UUID, *, limit: int, offset: int) -> list[FeedbackToken]:
    """Those of a run that have not expired, newest first."""
    found = FeedbackToken.objects.filter(project_id=project_id, run_id=run.hex, expires_at__gt=datetime.now(UTC))
    return list(found.order_by("-pk")[offset : offset + limit])


def use(token: uuid.UUID, said: Mapping[str, Any]) -> bool:
    """Keep what was said through a link; said again, the later holds. False when there is no such link.

    Raises Expired, BadItem naming the field, StoreUnavailable.
    """
    link = FeedbackToken.objects.filter(token=token).first()
    if link is None:
        return False
    if link.expires_at <= datetime.now(UTC):
        raise Expired
    kept = {name: said[name] for name in feedback.MEANING if said.get(name) is not None}
    feedback.check(kept)
    metadata = said.get("metadata")
    kept["feedback_source"] = {"type": "app", "metadata": metadata if isinstance(metadata, dict) else {}}
    now = datetime.now(UTC)
    given = Given(link.feedback_id, uuid.UUID(link.run_id), None, link.key, kept, now, now)
    feedback.take(link.project_id, [given])
    return True
