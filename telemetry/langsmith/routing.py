"""Which request is answered by whom, and a request as those who answer see it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from accounts.keys import Caller

#: A client appends its paths to whatever endpoint it was given.
ROOTS = ("/api/v1", "/api", "")
_UUID = r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"


class Problem(Exception):
    """An answer that says what is wrong."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as handlers see it."""

    caller: Caller
    #: The UUID in the path.
    id: uuid.UUID
    query: Mapping[str, list[str]]
    body: Any
    #: Scheme and host as the client knows them, and the path before the endpoint.
    site: str
    root: str

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def uuids(self, name: str) -> list[uuid.UUID]:
        """Raises Problem."""
        return [as_uuid(text, name) for text in self.query.get(name, [])]

    def number(self, name: str, default: int, *, most: int) -> int:
        """Raises Problem."""
        text = self.one(name) or str(default)
        if not text.isdecimal():
            raise Problem(422, f"{name}: {text[:40]!r} is no whole number")
        return min(int(text), most)

    def object(self) -> dict[str, Any]:
        """The body. Raises Problem."""
        if not isinstance(self.body, dict):
            raise Problem(422, "body: must be a JSON object")
        return self.body


def as_uuid(text: str, name: str) -> uuid.UUID:
    """Raises Problem."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Problem(422, f"{name}: {text[:60]!r} is no UUID") from None


#: From the request to what is answered as JSON, or the whole answer.
Handler = Callable[[Asked], Any]


class Route(NamedTuple):
    """``scope`` is what the key needs; a presigned link (None) needs no key, and pages of any site may use it."""

    method: str
    path: re.Pattern[str]
    scope: str | None
    handler: Handler


class Routes:
    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(
        self, method: str, path: str, *, scope: str | None, roots: tuple[str, ...] = ROOTS
    ) -> Callable[[Handler], Handler]:
        """Serve ``path`` (``{id}`` is a UUID) below these roots."""
        either = "|".join(map(re.escape, roots))
        pattern = re.compile(f"(?P<root>{either})" + path.replace("{id}", f"(?P<id>{_UUID})") + "/?")

        def register(handler: Handler) -> Handler:
            self._routes.append(Route(method, pattern, scope, handler))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route, re.Match[str]] | None:
        for route in self._routes:
            if route.method == method and (match := route.path.fullmatch(path)):
                return route, match
        return None
