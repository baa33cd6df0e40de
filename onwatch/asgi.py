"""One door for three kinds of traffic: telemetry goes to the receivers, sockets to Channels, the rest to Django."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onwatch.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from dashboard.routing import websocket_urlpatterns
from telemetry.receive.app import IngestApp, handles

ingest = IngestApp()
sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
    match scope["type"]:
        case "http" if handles(scope["path"]):
            await ingest(scope, receive, send)
        case "http":
            await django_application(scope, receive, send)
        case "websocket":
            await sockets(scope, receive, send)
