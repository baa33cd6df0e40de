"""From a request's headers to the project and rights of its key."""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import ApiKey, Project, hash_key

#: A revoked key stops working after this many seconds at the latest.
CACHE_SECONDS = 5.0
DEFAULT_PROJECT = "default"
#: For clients that refuse to start without a key, where none is needed.
NO_KEY = "none-needed"
#: Characters that are kept of what a client calls itself.
MAX_CLIENT = 120
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends: the key (0 when loopback needs none), its project and scopes."""

    key_id: int
    project_id: int
    project_slug: str
    scopes: frozenset[str]
    #: What the program calls itself (``User-Agent``).
    client: str = ""
    #: Why the key is good for nothing any more: ``revoked`` or ``expired``.
    ended: str = ""


class KeyRefused(Exception):
    """No key, an unknown or revoked one (status 401), or one without the scope needed (403)."""

    def __init__(
        self, status: int, message: str, *, caller: Caller | None = None, mark: str = "", field: str = "authorization"
    ) -> None:
        super().__init__(message)
        self.status = status
        #: The header that is wrong.
        self.field = field
        #: Whose key it is, where that is known.
        self.caller = caller
        #: Tells unknown keys apart and says nothing about them: see ``mark_of``.
        self.mark = mark


def mark_of(key: str) -> str:
    """Six digits that differ from key to key; made with our secret, so that no guess at a key can be tried on them."""
    return salted_hmac("accounts.keys.mark", key, algorithm="sha256").hexdigest()[:6]


def client_of(headers: Mapping[str, str]) -> str:
    return _UNPRINTABLE.sub(" ", headers.get("user-agent", "")).strip()[:MAX_CLIENT]


_cache: dict[str, tuple[float, Caller | None]] = {}
_lock = threading.Lock()


def key_from_headers(headers: Mapping[str, str]) -> str:
    """The key in ``Authorization: Bearer``, ``x-api-key`` or the secret half of Basic; names are lower case."""
    authorization = headers.get("authorization", "")
    scheme, _, value = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                user, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise KeyRefused(401, "authorization: the Basic credentials are not base64 of user:secret") from None
            return secret or user
    return headers.get("x-api-key", "").strip()


def _load(digest: str) -> Caller | None:
    found = ApiKey.objects.select_related("project").filter(digest=digest).first()
    if found is None:
        return None
    if not found.is_valid():
        ended = "revoked" if found.revoked_at else "expired"
        return Caller(found.pk, found.project_id, found.project.slug, frozenset(), ended=ended)
    ApiKey.objects.filter(pk=found.pk).update(last_used_at=timezone.now())
    return Caller(found.pk, found.project_id, found.project.slug, frozenset(found.scopes))


def _load_keyless() -> Caller | None:
    project = Project.objects.filter(slug=DEFAULT_PROJECT).first()
    return project and Caller(0, project.pk, project.slug, frozenset({"ingest", "read", "write"}))


def _cached(name: str) -> Caller | None:
    now = time.monotonic()
    with _lock:
        known = _cache.get(name)
    if known and known[0] > now:
        return known[1]
    caller = _load_keyless() if name == "" else _load(name)
    with _lock:
        if len(_cache) > 10_000:
            _cache.clear()
        _cache[name] = (now + CACHE_SECONDS, caller)
    return caller


def forget_cached() -> None:
    with _lock:
        _cache.clear()


def keyless_allowed() -> bool:
    """In the embedded default, listening on loopback alone, a sender needs no key."""
    return settings.ONWATCH_KEYLESS


def _key(headers: Mapping[str, str]) -> str:
    key = key_from_headers(headers)
    return "" if key == NO_KEY and keyless_allowed() else key


def refuse_foreign_page(headers: Mapping[str, str], caller: Caller) -> None:
    """Where loopback needs no key, a page of another site must not send in its visitor's name. Raises KeyRefused.

    A browser names the origin of whatever a page sends; programs name none. Nor may a page give this machine a name
    of its own, under which it would be no other site.
    """
    origin = headers.get("origin", "")
    host = headers.get("host", "")
    own = origin.partition("://")[2] == host and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    if headers.get("sec-fetch-site") == "cross-site" or (origin and not own):
        raise KeyRefused(403, "Pages of other sites need a key.", caller=caller, field="origin")


def identify(headers: Mapping[str, str], *, scope: str) -> Caller:
    """The caller behind these headers. May query SQL: call it in a thread. Raises KeyRefused."""
    key = _key(headers)
    if not key:
        if not keyless_allowed():
            raise KeyRefused(401, "A key is required: send Authorization: Bearer KEY or x-api-key: KEY.")
        caller = _cached("")
    else:
        caller = _cached(hash_key(key))
    if caller is None or caller.ended:
        # The sender is told the same of both: whether a key was ever good is nobody's business.
        mark = "" if caller or not key else mark_of(key)
        raise KeyRefused(401, "This key is not known, or it was revoked.", caller=caller, mark=mark)
    if scope not in caller.scopes:
        raise KeyRefused(403, f"This key lacks the scope {scope!r}.", caller=caller)
    return replace(caller, client=client_of(headers))


def cached_caller(headers: Mapping[str, str], *, scope: str) -> Caller | None:
    """Like ``identify`` but without SQL, for the event loop: None when the answer is not at hand."""
    key = _key(headers)
    if not key and not keyless_allowed():
        return None
    with _lock:
        known = _cache.get(hash_key(key) if key else "")
    if known and known[0] > time.monotonic() and known[1] and scope in known[1].scopes:
        return replace(known[1], client=client_of(headers))
    return None
