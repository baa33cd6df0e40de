"""The REST API under ``/api/v1/``: the routes of all apps, one way of saying what is wrong, and a page about it."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.defaults import page_not_found
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer

import alerts.api
import costs.api
import incidents.api
import telemetry.api
from core.problems import Problem
from core.timerange import BadRange
from onwatch import api_pages, summary
from telemetry.search import BadSearch
from telemetry.store import StoreUnavailable, TookTooLong

#: Exporters give up for good on more.
RETRY_AFTER_SECONDS = 2


class OrjsonRenderer(BaseRenderer):
    """Keeps the microseconds of times."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ANN401
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


api = NinjaAPI(
    title="Onwatch",
    version="1",
    description=(
        "What AI systems did, and what is made of it. Everything is about the project of the key. "
        "Times are ISO 8601; where a range is asked for, `now-6h` works too. Money is decimal text. "
        "Errors are `{detail, field}`; 503 comes with `Retry-After`."
    ),
    docs_url=None,
    urls_namespace="api",
    renderer=OrjsonRenderer(),
)
for router in (summary.router, telemetry.api.router, alerts.api.router, incidents.api.router, costs.api.router):
    api.add_router("", router)


def problem(request: HttpRequest, status: int, detail: str, *, field: str = "", **more: Any) -> HttpResponse:  # noqa: ANN401
    return api.create_response(request, {"detail": detail, "field": field, **more}, status=status)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    more = {"errors": error.errors} if isinstance(error, Problem) and error.errors else {}
    field = error.field if isinstance(error, Problem) else ""
    answer = problem(request, error.status_code, str(error), field=field, **more)
    if error.status_code == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(ValidationError)
def _validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """All that is wrong in ``errors``; the first of it as ``detail`` and ``field``."""
    errors = [{"field": _place(item["loc"]), "detail": item["msg"]} for item in error.errors]
    first = errors[0]
    return problem(request, 422, f"{first['field']}: {first['detail']}", field=first["field"], errors=errors)


def _place(location: tuple[str | int, ...]) -> str:
    """``("query", "query", "limit")`` is ``limit``: where it is, and what our function calls it, help nobody."""
    return ".".join(str(part) for part in location[2:]) or str(location[-1])


@api.exception_handler(BadSearch)
@api.exception_handler(BadRange)
def _bad_parameter(request: HttpRequest, error: ValueError) -> HttpResponse:
    return problem(request, 400, str(error), field=str(error).partition(":")[0])


@api.exception_handler(TookTooLong)
def _too_long(request: HttpRequest, error: TookTooLong) -> HttpResponse:
    return problem(request, 422, "The question took too long and was stopped: narrow the range.", field="from")


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
@api.exception_handler(StoreUnavailable)
def _store_away(request: HttpRequest, error: Exception) -> HttpResponse:
    answer = problem(request, 503, "A store does not answer; try again.")
    answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, "There is nothing here.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The site's ``handler404``: below ``/api/`` programs are answered, not people."""
    if request.path.startswith("/api/"):
        return problem(request, 404, f"There is nothing at {request.path}.")
    return page_not_found(request, exception)


@require_GET
@login_required
def docs(request: HttpRequest) -> HttpResponse:
    """The API for people, made from the same description that machines read."""
    groups = api_pages.groups(api.get_openapi_schema())
    return render(
        request,
        "api/docs.html",
        {"groups": groups, "about": api_pages.marked(api.description), "base": request.build_absolute_uri("/")},
    )
