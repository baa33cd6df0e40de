"""Server time of the pages of incidents, with few and with many: list, search, one incident, its older entries.

python -m bench.incidents                         # 1,000 incidents with 200 timeline entries each, some two minutes
python -m bench.incidents --incidents 5000 --entries 500

Incidents are opened through the REST API, each with a playbook; the entries of their timelines are written into SQLite,
because two hundred thousand forms would take hours. Times are from the request to the last byte, over loopback. On a
busy machine the processor time, which includes the console's background work, says more than the percentiles. The
reference is a page of the same frame that shows no incident, and every page with ten incidents, in the same run.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from bench.console import Console, percentile

FEW = 10
FEW_ENTRIES = 10
KINDS = ("note", "step", "state", "role", "alert")
SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")
#: The promise, in milliseconds at the 95th percentile.
TARGET_MS = 150


def declare(console: Console, amount: int) -> None:
    for number in range(amount):
        body = {
            "title": f"Answers of the assistant invent refund rules, case {number}",
            "severity": SEVERITIES[number % 4],
            "affected_features": ["support-chat"],
            "playbook": "quality-degradation",
        }
        request = urllib.request.Request(
            f"{console.url}/api/v1/incidents", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=30).read()


def lengthen(console: Console, entries: int) -> int:
    """Bring every timeline to this many entries, and resolve nine of ten incidents; returns all entries."""
    began = datetime.now(UTC) - timedelta(days=2)
    with sqlite3.connect(console.folder / "data" / "onwatch.sqlite3", timeout=30) as database:
        have = database.execute(
            "SELECT incident.id, count(entry.id) FROM incidents_incident incident"
            " LEFT JOIN incidents_timelineentry entry ON entry.incident_id = incident.id GROUP BY incident.id"
        ).fetchall()
        (admin,) = database.execute("SELECT id FROM accounts_user WHERE username = 'admin'").fetchone()

        def missing() -> Iterator[tuple[int, str, str, int, str, str]]:
            for incident, known in have:
                for number in range(known, entries):
                    at = (began + timedelta(seconds=7 * number)).strftime("%Y-%m-%d %H:%M:%S.%f")
                    text = f"Looked at **trace {number}**: it cites a rule that no document has.\n\n- next: compare"
                    yield incident, at, KINDS[number % len(KINDS)], admin, text, "{}"

        database.executemany(
            "INSERT INTO incidents_timelineentry (incident_id, at, kind, actor_id, text, data)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            missing(),
        )
        database.execute(
            "UPDATE incidents_incident SET state = 'resolved', resolved_at = opened_at WHERE id % 10 != 0 AND id > ?",
            (FEW,),
        )
        (total,) = database.execute("SELECT count(*) FROM incidents_timelineentry").fetchone()
    return total


def pages(amount: int) -> dict[str, Callable[[], str]]:
    """Name -> the next address; incidents take turns."""
    turn = count(1)

    def ref() -> str:
        return f"INC-{next(turn) % amount + 1}"

    def older() -> str:
        return f"/incidents/{ref()}/older/999999999/"

    return {
        "list": lambda: "/incidents/?project=default",
        "list, open ones": lambda: "/incidents/?project=default&state=open",
        "list, a later page": lambda: f"/incidents/?project=default&cursor=1-{amount // 2}",
        "list, search by words": lambda: "/incidents/?project=default&q=refund+rules%2C+case+7",
        "list, search by id": lambda: f"/incidents/?project=default&q={ref()}",
        "incident": lambda: f"/incidents/{ref()}/",
        "its older entries": older,
        "its moving part": lambda: f"/incidents/{ref()}/live/",
        "told while no socket": lambda: "/incidents/now/?project=default",
        "reference: a page without": lambda: "/incidents/playbooks/?project=default",
    }


class Took(NamedTuple):
    """Milliseconds of a page: two percentiles, and the processor time of the console for each request."""

    p50: float
    p95: float
    processor: float


def measure(console: Console, amount: int, rounds: int) -> dict[str, Took]:
    found = {}
    for name, address in pages(amount).items():
        console.get_ms(address())
        before = console.cpu_seconds()
        times = [console.get_ms(address()) for _ in range(rounds)]
        spent = (console.cpu_seconds() - before) / rounds * 1000
        found[name] = Took(percentile(times, 0.5), percentile(times, 0.95), spent)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with Console() as console:
        console.sign_in()
        declare(console, FEW)
        lengthen(console, FEW_ENTRIES)
        time.sleep(5)
        few = measure(console, FEW, options.rounds)
        began = time.perf_counter()
        declare(console, options.incidents - FEW)
        seconds = time.perf_counter() - began
        print(f"opening an incident with its playbook by REST: {seconds / (options.incidents - FEW) * 1000:.0f} ms")
        total = lengthen(console, options.entries)
        many = measure(console, options.incidents, options.rounds)
    print(f"{options.incidents:,} incidents, {total:,} timeline entries; {options.rounds} requests each\n")
    print(f"{'p50 / p95 / processor, ms':28}{f'{FEW} incidents':>22}{f'{options.incidents:,} incidents':>24}")
    for name, took in many.items():
        verdict = "" if name.startswith("reference") else "ok" if took.p95 < TARGET_MS else f"above {TARGET_MS}"
        print(f"{name:28}{_text(few[name]):>22}{_text(took):>24}   {verdict}")


def _text(took: Took) -> str:
    return f"{took.p50:.0f} / {took.p95:.0f} / {took.processor:.0f}"


if __name__ == "__main__":
    main()
