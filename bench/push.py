"""How long a span takes from being sent to being seen: with 1, 100 and 1,000 open dashboards.

    python -m bench.push                                      # some three minutes
    python -m bench.push --url http://… --user admin --password … [--key …]

Without ``--url`` the product is started from nothing in a folder of its own. Every viewer is a WebSocket of its own on
the same dashboard. A round sends one span to OTLP at a random moment and notes when each viewer receives the health
panel that counts it. The first column is what a page that polls would pay for the same panel, over HTTP, in the same
run. Half a second of the delay is the ticker's pause on average.
"""

from __future__ import annotations

import argparse
import asyncio
import http.cookiejar
import json
import random
import re
import secrets
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence

from websockets.asyncio.client import ClientConnection, connect

from bench.console import PASSWORD, Console, percentile

MODEL = "gpt-4o-mini"
PANEL = 'id="panel-health"'
CALLS = re.compile(r">([^<]+) calls?</a>")
PATIENCE_SECONDS = 30.0


def sign_in(url: str, user: str, password: str) -> str:
    """The session as a ``Cookie`` header."""
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    page = browser.open(f"{url}/accounts/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"login": user, "password": password, "csrfmiddlewaretoken": token.group(1) if token else ""}
    request = urllib.request.Request(
        f"{url}/accounts/login/", urllib.parse.urlencode(form).encode(), {"Referer": f"{url}/accounts/login/"}
    )
    browser.open(request).read()
    session = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
    if "sessionid" not in session:
        raise SystemExit(f"{user} could not sign in at {url}.")
    return session


def send_span(url: str, key: str) -> None:
    """One call of a model, by OTLP/HTTP JSON; returns when it is stored."""
    now = time.time_ns()
    texts = {"gen_ai.operation.name": "chat", "gen_ai.request.model": MODEL, "gen_ai.provider.name": "openai"}
    span = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": f"chat {MODEL}",
        "startTimeUnixNano": str(now - 300_000_000),
        "endTimeUnixNano": str(now),
        "attributes": [
            *({"key": name, "value": {"stringValue": value}} for name, value in texts.items()),
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
            {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "200"}},
        ],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "bench.push"}, "spans": [span]}]}]}
    headers = {"Content-Type": "application/json"} | ({"x-api-key": key} if key else {})
    urllib.request.urlopen(urllib.request.Request(f"{url}/v1/traces", json.dumps(body).encode(), headers)).read()


def poll_once(url: str, session: str, project: str) -> float:
    """Seconds that a page pays for fetching the same panel itself."""
    request = urllib.request.Request(f"{url}/panels/health/?project={project}", headers={"Cookie": session})
    began = time.perf_counter()
    urllib.request.urlopen(request).read()
    return time.perf_counter() - began


async def seen_at(viewer: ClientConnection, before: str) -> tuple[float, str]:
    """When the next health panel arrives that counts other calls than before, and what it counts."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for message in viewer:
            if PANEL in message and (calls := calls_in(message)) != before:
                return time.perf_counter(), calls
    raise ConnectionError("The console closed the socket.")


def calls_in(message: str) -> str:
    """The number of calls as the health panel says it."""
    found = CALLS.search(message)
    return found[1] if found else ""


async def settle(viewers: Sequence[ClientConnection]) -> list[str]:
    """Read away what comes on joining, until nothing has come for a while; returns the calls that each one sees."""

    async def drain(viewer: ClientConnection) -> str:
        calls = ""
        while True:
            try:
                async with asyncio.timeout(2.5):
                    while PANEL not in (message := await viewer.recv()):
                        pass
                calls = calls_in(message)
            except TimeoutError:
                return calls

    return list(await asyncio.gather(*(drain(viewer) for viewer in viewers)))


async def measure(arguments: argparse.Namespace, session: str, count: int) -> list[float]:
    """Seconds from sending to seeing, one for each viewer and round."""
    address = f"{arguments.url.replace('http', 'ws', 1)}/ws/live/?project={arguments.project}"
    headers = {"Cookie": session, "Origin": arguments.url}
    viewers = []
    for _ in range(0, count, 50):
        opening = (
            connect(address, additional_headers=headers, max_size=None, open_timeout=60, ping_interval=None)
            for _ in range(min(50, count - len(viewers)))
        )
        viewers += await asyncio.gather(*opening)
    await asyncio.to_thread(send_span, arguments.url, arguments.key)
    calls = await settle(viewers)
    delays: list[float] = []
    for _ in range(arguments.rounds):
        await asyncio.sleep(1 + random.random())
        watching = [asyncio.create_task(seen_at(*each)) for each in zip(viewers, calls, strict=True)]
        await asyncio.sleep(0)
        began = time.perf_counter()
        await asyncio.to_thread(send_span, arguments.url, arguments.key)
        seen = await asyncio.gather(*watching)
        delays += [at - began for at, _ in seen]
        calls = [shown for _, shown in seen]
    await asyncio.gather(*(viewer.close() for viewer in viewers))
    return delays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="", help="a console that runs already")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default=PASSWORD)
    parser.add_argument("--key", default="")
    parser.add_argument("--project", default="default")
    parser.add_argument("--viewers", default="1,100,1000", help="how many, one run for each")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    if arguments.url:
        compare(arguments)
        return
    with Console() as console:
        arguments.url = console.url
        console.settle(most=30)
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """One run for each number of viewers, printed as a table."""
    session = sign_in(arguments.url, arguments.user, arguments.password)
    send_span(arguments.url, arguments.key)
    poll_once(arguments.url, session, arguments.project)
    print("| viewers | one poll over HTTP, median | push, median | push, 95th percentile | slowest | × poll |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in map(int, arguments.viewers.split(",")):
        poll = statistics.median(poll_once(arguments.url, session, arguments.project) for _ in range(9))
        delays = asyncio.run(measure(arguments, session, count))
        median, slow = statistics.median(delays), percentile(delays, 0.95)
        print(
            f"| {count:,} | {poll * 1000:.0f} ms | {median * 1000:.0f} ms | {slow * 1000:.0f} ms "
            f"| {max(delays) * 1000:.0f} ms | {median / poll:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
