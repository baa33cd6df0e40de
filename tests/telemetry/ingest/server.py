"""A receiver in a process of its own, to be killed: python -m tests.telemetry.ingest.server PORT

With ``look`` instead of a port it prints what is stored, as JSON, and ends.
"""

import json
import sys

import django
import uvicorn
from django.conf import settings
from django.core.management import call_command


def look() -> None:
    from telemetry import commit
    from tests.telemetry.ingest.ask import ask

    commit.start()
    print(  # noqa: T201
        json.dumps(
            {
                "spans": ask("SELECT lower(span_id), count() FROM spans GROUP BY span_id"),
                "minutes": ask("SELECT sum(spans) FROM spans_1m")[0][0],
                "hours": ask("SELECT sum(spans) FROM spans_1h")[0][0],
                "calls": ask("SELECT sum(calls) FROM spend_15m")[0][0],
            }
        )
    )


def serve(port: int) -> None:
    from accounts.models import Project
    from telemetry import commit, store
    from telemetry.receive.app import IngestApp

    call_command("migrate", verbosity=0)
    Project.objects.get_or_create(slug="default", defaults={"name": "Default"})
    store.migrate()
    commit.start()
    uvicorn.run(IngestApp(), port=port, lifespan="off", log_config=None)


if __name__ == "__main__":
    django.setup()
    settings.TELEMETRY_PIPELINE = []
    settings.TELEMETRY_AFTER_STORE = []
    if sys.argv[1] == "look":
        look()
    else:
        serve(int(sys.argv[1]))
