"""One door for all traffic: telemetry goes to the receivers, what LangSmith's clients read to its own application,
sockets to Channels, the rest to Django.
"""

# ruff: noqa: E402  Django must be set up before anything that holds models is imported.

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onwatch.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.urls import re_path

from core.request_threads import RequestThreads
from dashboard.routing import websocket_urlpatterns as dashboard_sockets
from incidents.routing import websocket_urlpatterns as incident_sockets
from telemetry.langsmith.app import LangSmithApp
from telemetry.langsmith.app import handles as is_langsmith
from telemetry.receive.app import IngestApp, handles, is_lost

PROTOBUF = frozenset({b"application/x-protobuf", b"application/protobuf"})
#: As many as ask at once in a small team; more are made when needed.
KEPT_THREADS = 8

request_threads = RequestThreads(KEPT_THREADS)
ingest = IngestApp()
langsmith = LangSmithApp()


async def no_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
    """Refuses a socket that is nowhere. Channels would meet a fault, and log it."""
    await send({"type": "websocket.close"})


socket_routes = URLRouter([*dashboard_sockets, *incident_sockets, re_path("", no_socket)])
sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(socket_routes))


def _is_receiver_port(scope: dict[str, Any]) -> bool:
    """The OTLP ports carry telemetry alone: who may reach them need not reach the console."""
    server = scope.get("server")
    return bool(server) and server[1] != settings.PORT and server[1] in settings.ONWATCH_OTLP_PORTS


def _carries_telemetry(scope: dict[str, Any]) -> bool:
    """An exporter whose path is wrong gets an answer that it can read. No page sends protobuf or JSON."""
    if scope["method"] != "POST":
        return False
    types = [value.partition(b";")[0].strip().lower() for name, value in scope["headers"] if name == b"content-type"]
    return not PROTOBUF.isdisjoint(types) or (b"application/json" in types and is_lost(scope["path"]))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
    match scope["type"]:
        case "http" if not _is_receiver_port(scope) and is_langsmith(scope["method"], scope["path"]):
            await langsmith(scope, receive, send)
        case "http" if handles(scope["path"]) or _is_receiver_port(scope) or _carries_telemetry(scope):
            await ingest(scope, receive, send)
        case "http":
            async with request_threads.one():
                await django_application(scope, receive, send)
        case "websocket" if not _is_receiver_port(scope):
            await sockets(scope, receive, send)
        case "websocket":
            await no_socket(scope, receive, send)
