"""Loaded by pytest before Django: every run gets a data folder of its own, with real engines in it."""

import atexit
import os
import shutil
import tempfile

folder = tempfile.mkdtemp(prefix="onwatch-tests-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)

os.environ["ONWATCH_DATA"] = folder
os.environ["ONWATCH_DEMO"] = "0"
os.environ.setdefault("SECRET_KEY", "only-for-tests")
for name in ("REDIS_URL", "CLICKHOUSE_URL", "ONWATCH_API_KEY", "ONWATCH_ADMIN_PASSWORD"):
    os.environ.pop(name, None)
