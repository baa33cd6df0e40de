"""The processes of the product: ``up`` (all in one), ``web`` and ``worker``, and how each starts and stops."""

from __future__ import annotations

import asyncio
import errno
import gc
import importlib
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import uvicorn
import uvloop
from django.conf import settings

from core import clickhouse, leases
from core.jobs import Job, Runner
from core.redis import RedisError
from costs import enrich
from dashboard import ticker
from onwatch import demo_process, first_start, private_redis, self_tracing, static_build
from telemetry import commit
from telemetry.receive import otlp_grpc
from telemetry.senders import tally
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

GRACE_SECONDS = 10


def say(text: str) -> None:
    """Progress for the person who started us."""
    print(text, file=sys.stdout, flush=True)  # noqa: T201


@dataclass(frozen=True, slots=True)
class Roles:
    """What this process does."""

    web: bool
    work: bool


class EmbeddedEngine(Exception):
    """chDB takes one process per folder, so ``web`` and ``worker`` need a ClickHouse server."""


class PortTaken(Exception):
    """Another program listens where we should; the message says which setting to change."""


def _reserve_ports() -> list[socket.socket]:
    """For pages, then as in ONWATCH_OTLP_PORTS, before anything else is touched: who starts a second console by mistake
    must not disturb the first. Nobody can connect yet.
    """
    reserved = [_bind(settings.PORT, "PORT")]
    return reserved + [_bind(port, "ONWATCH_OTLP_PORTS") for port in settings.ONWATCH_OTLP_PORTS]


def _bind(port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.HOST, port))
    except OSError as error:
        setting = setting if error.errno in (errno.EADDRINUSE, errno.EACCES) else "HOST"
        raise PortTaken(f"Cannot listen on {settings.HOST}:{port} ({error.strerror}). Set {setting}.") from error
    listener.setblocking(False)
    return listener


class Server(uvicorn.Server):
    """uvicorn, with signals left to us so that everything stops in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _jobs() -> list[Job]:
    return [job for module in settings.BACKGROUND_JOBS for job in importlib.import_module(module).JOBS]


def _holds_lease(job: Job) -> bool:
    """With one process there is nobody to share with; many workers need Redis to agree."""
    if clickhouse.is_embedded():
        return True
    try:
        return leases.hold(f"job:{job.name}", job.every * 2 + timedelta(seconds=30))
    except RedisError as error:
        logger.warning("The job %s waits: Redis does not answer (%s).", job.name, error)
        return False


async def _keep_redis(child: subprocess.Popen[bytes]) -> None:
    """Start the private server again whenever it has died; what it held is rebuilt from the stores."""
    while True:
        await asyncio.sleep(1)
        if child.poll() is not None:
            logger.warning("The private Redis server ended (status %s); starting it again.", child.returncode)
            child = private_redis.launch(settings.REDIS_SOCKET)
            _redis_children.append(child)


_redis_children: list[subprocess.Popen[bytes]] = []


async def _serve(roles: Roles, reserved: list[socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)

    background: list[asyncio.Task[None]] = []
    if _redis_children:
        background.append(asyncio.create_task(_keep_redis(_redis_children[-1])))

    server_task, grpc_server = None, None
    if roles.web:
        from onwatch.asgi import application

        pages, *receivers = reserved
        sockets = [pages, *receivers[-1:]]
        for listener in sockets:
            listener.listen(2048)
        server = Server(
            uvicorn.Config(
                application,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=GRACE_SECONDS,
                ws_ping_interval=20,
                proxy_headers=True,
            )
        )
        server_task = asyncio.create_task(server.serve(sockets=sockets))
        if len(receivers) > 1:
            # gRPC binds by itself.
            receivers[0].close()
            grpc_server = await otlp_grpc.serve(settings.HOST, settings.ONWATCH_OTLP_PORTS[0])

    runner = None
    if roles.work:
        runner = Runner(_jobs(), may_run=_holds_lease)
        runner.start()
        background.append(asyncio.create_task(ticker.run()))

    demo = None
    if roles.web and settings.ONWATCH_DEMO:
        demo = await asyncio.to_thread(demo_process.start)

    if roles.web:
        # A second of work that would else keep the first sender waiting.
        await asyncio.to_thread(enrich.warm)

    # What was made while starting lives as long as the process; the collector need not look at it again.
    gc.collect()
    gc.freeze()
    # Spans come and go by the thousand, without cycles: looking at them less often saves a tenth of the decoding.
    gc.set_threshold(50_000, 20, 50)

    await stopping.wait()
    say("Stopping …")
    if demo:
        await asyncio.to_thread(demo_process.stop, demo)
    if runner:
        await asyncio.to_thread(runner.stop)
    if grpc_server:
        await grpc_server.stop(GRACE_SECONDS)
    if server_task:
        server.should_exit = True
        await server_task
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)


def run(roles: Roles) -> None:
    """Start, serve until a signal, stop everything that was started."""
    began = time.monotonic()
    if clickhouse.is_embedded() and not (roles.web and roles.work):
        raise EmbeddedEngine("The embedded engine lives in one process: run `manage.py up`, or set CLICKHOUSE_URL.")
    reserved = _reserve_ports() if roles.web else []
    if static_build.needed():
        say("Preparing static files …")
        static_build.build()
    try:
        if settings.REDIS_URL.endswith(str(settings.REDIS_SOCKET)):
            _redis_children.append(private_redis.start(settings.REDIS_SOCKET))
        first_start.migrate()
        welcome = first_start.prepare()
        self_tracing.start()
        if roles.web:
            _print_welcome(welcome, time.monotonic() - began)
        uvloop.run(_serve(roles, reserved))
    finally:
        self_tracing.stop()
        commit.settle()
        with suppress(StoreUnavailable):
            tally.flush()
        clickhouse.end()
        for child in _redis_children:
            child.terminate()
            child.wait(5)


def _print_welcome(welcome: first_start.Welcome, seconds: float) -> None:
    address = f"http://{'localhost' if settings.ONWATCH_KEYLESS else settings.HOST}:{settings.PORT}"
    say(f"\nOnwatch is up after {seconds:.1f} s: {address}")
    if welcome.sign_in_token:
        say(f"  Sign in (once, as admin):  {address}/accounts/link/{welcome.sign_in_token}/")
    if welcome.api_key:
        say(f"  API key (shown once):      {welcome.api_key}")
    if settings.ONWATCH_OTLP_PORTS:
        ports = " and ".join(str(port) for port in settings.ONWATCH_OTLP_PORTS)
        say(f"  OpenTelemetry:             {address}/v1/traces, ports {ports}")
    if settings.ONWATCH_KEYLESS:
        say("  Senders on this machine need no key; one is required as soon as HOST is not loopback.")
    else:
        say("  Senders need a key: Authorization: Bearer KEY")
    say("  Ctrl-C stops everything.\n")
