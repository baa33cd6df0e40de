"""Fragment or page?"""

from __future__ import annotations

from django.http import HttpRequest


def wants_fragment(request: HttpRequest) -> bool:
    """True for a request by htmx that swaps a part of the page; boosted links and history want the whole page."""
    details = getattr(request, "htmx", None)
    return bool(details) and not details.boosted and not details.history_restore_request


def template(request: HttpRequest, page: str, part: str) -> str:
    """``page`` for a visit, ``part`` (the template of the fragment alone) for a swap."""
    return part if wants_fragment(request) else page
