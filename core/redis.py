"""The only place that opens Redis: what is happening now. It may be emptied at any time and nothing is lost."""

from __future__ import annotations

import functools

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["RedisError", "async_connect", "connect"]

TIMEOUT_SECONDS = 2.0
#: Once and at once: a pooled connection that a restarted server has closed. The library's own default waits for
#: seconds between three tries, which would hold up every page while Redis is away.
RETRY = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=RETRY
    )


def connect() -> redis.Redis:
    """The process's client (thread-safe, pooled). Commands raise RedisError when the server is away."""
    return _client(settings.REDIS_URL)


def async_connect() -> redis.asyncio.Redis:
    """A client for the running event loop; the caller closes it."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
