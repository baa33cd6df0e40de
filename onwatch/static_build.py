"""Collects and compresses static files when they are missing or older than their sources."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management import call_command


def _manifest() -> Path:
    return Path(settings.STATIC_ROOT) / "staticfiles.json"


def needed() -> bool:
    manifest = _manifest()
    if not manifest.exists():
        return True
    sources = (Path(settings.BASE_DIR) / "static").rglob("*")
    return any(path.stat().st_mtime > manifest.stat().st_mtime for path in sources)


def build() -> None:
    """Fill ``STATIC_ROOT``. Plotly's script is compressed once, which takes some ten seconds."""
    call_command("collectstatic", interactive=False, verbosity=0)
    _manifest().touch()
