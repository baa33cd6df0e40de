"""The engine in process ends in order with every program that used it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

#: As a management command would end while roll-ups are counted or senders written.
ENDS_WHILE_OTHERS_ASK = """
import threading
import django
django.setup()
from telemetry import store

asked = threading.Semaphore(0)

def ask():
    try:
        while True:
            store.ping()
            asked.release()
    except store.StoreUnavailable:
        pass

store.migrate()
for _ in range(6):
    threading.Thread(target=ask, daemon=True).start()
for _ in range(30):
    asked.acquire()
print("done")
"""


def test_a_program_ends_while_its_threads_ask(tmp_path):
    environment = os.environ | {"ONWATCH_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "onwatch.settings"}
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_WHILE_OTHERS_ASK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
