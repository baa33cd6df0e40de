"""Who calls the REST API: a machine by its key, or, for reading, a signed-in person by the session."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security.base import AuthBase

from accounts.access import may
from accounts.keys import Caller, KeyRefused, identify, key_from_headers, refuse_foreign_page
from accounts.models import Membership
from core.problems import Problem

SAFE_METHODS = frozenset({"GET", "HEAD"})


class KeyAuth(AuthBase):
    """Lets through who has this scope; ``request.auth`` is then the ``Caller``.

    A session is good for reading alone, so that no other site can change anything with it.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A key of the project, as `Authorization: Bearer KEY` or `x-api-key: KEY`."

    def __init__(self, scope: str = "read") -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        """Raises Problem: 401 without a good key, 403 without the right."""
        headers = {name.lower(): value for name, value in request.headers.items()} | {"host": request.get_host()}
        try:
            if not key_from_headers(headers) and (person := self._from_session(request)):
                return person
            known = identify(headers, scope=self.scope)
            if not known.key_id:
                refuse_foreign_page(headers, known)
            return known
        except KeyRefused as refused:
            raise Problem(refused.status, str(refused), field=refused.field) from refused

    def _from_session(self, request: HttpRequest) -> Caller | None:
        if self.scope != "read" or request.method not in SAFE_METHODS or not request.user.is_authenticated:
            return None
        project = getattr(request, "project", None)
        if project is None or not may(request.user, project, Membership.Role.VIEWER):
            raise Problem(403, "You are in no project yet.", field="project")
        return Caller(0, project.pk, project.slug, frozenset({"read"}))


def caller(request: HttpRequest) -> Caller:
    """The caller that ``KeyAuth`` let through."""
    return request.auth  # type: ignore[attr-defined]
