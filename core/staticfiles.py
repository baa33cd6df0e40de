"""Static files: hashed names cached for ever, compressed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """Answers with whole files: none is large, and streaming one from a thread would hold up the event loop."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        body = found.file.read() if found.file else b""
        if found.file:
            found.file.close()
        response = HttpResponse(body, status=int(found.status))
        del response["content-type"]
        for name, value in found.headers:
            response[name] = value
        return response


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Compresses only what is new: a hashed name stands for its content, and Plotly's script takes ten seconds."""

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        fresh = [path for path in paths if not Path(f"{self.path(path)}.gz").exists()]
        return super().compress_files(fresh)
