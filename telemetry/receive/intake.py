"""What every JSON receiver does with a request before it looks inside: whose it is, how large, how packed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from accounts.keys import Caller, KeyRefused
from telemetry import counters
from telemetry.dialects.decoded import BadBody
from telemetry.receive import body
from telemetry.receive.body import BadEncoding, TooLarge, UnknownEncoding
from telemetry.receive.http import Request
from telemetry.store import BadRows, StoreUnavailable

#: Clients give up for good on a longer pause.
RETRY_AFTER = "2"

Result = TypeVar("Result")


class Refused(Exception):
    """A request that is not taken: the status to answer and why."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


async def caller_of(request: Request, *scopes: str) -> Caller:
    """Whose key this is; it needs one of the scopes. Raises Refused."""
    refusal = KeyRefused(401, "A key is required.")
    for scope in scopes:
        try:
            return await request.caller(scope)
        except KeyRefused as error:
            refusal = error
            if error.status == 401:
                break
        except DatabaseError:
            raise later() from None
    challenge = {"www-authenticate": "Basic"} if refusal.status == 401 else {}
    raise Refused(refusal.status, str(refusal), **challenge)


async def take(request: Request, work: Callable[[bytes, Caller], Result]) -> Result:
    """Do ``work`` with the unpacked body, in a thread; returns when it is done. Raises Refused and Disconnected."""
    caller = await caller_of(request, "ingest")
    try:
        raw = await body.read(
            request.receive,
            limit=settings.ONWATCH_MAX_BODY_BYTES,
            declared=request.headers.get("content-length", ""),
        )
        return await sync_to_async(_unpacked, thread_sensitive=False)(raw, request, work, caller)
    except TooLarge as error:
        raise Refused(413, str(error)) from None
    except UnknownEncoding as error:
        raise Refused(415, str(error)) from None
    except (BadBody, BadEncoding) as error:
        raise Refused(400, str(error)) from None
    except BadRows as error:
        raise Refused(400, f"The store refuses a value: {error}") from None
    except (StoreUnavailable, DatabaseError):
        raise later() from None


def _unpacked(raw: bytes, request: Request, work: Callable[[bytes, Caller], Result], caller: Caller) -> Result:
    encoding = request.headers.get("content-encoding", "")
    return work(body.decompress(raw, encoding, limit=settings.ONWATCH_MAX_DECODED_BYTES), caller)


def later() -> Refused:
    """A store is away: the sender should come back soon."""
    counters.count("onwatch_requests_refused_total")
    return Refused(503, "The store does not answer. Send it again in a moment.", **{"retry-after": RETRY_AFTER})
