"""What stands in the environment and cannot be taken is named, and nothing starts."""

import os
import subprocess
import sys

import pytest

from tests.console import ROOT


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    """A command that reads the settings and ends."""
    command = [sys.executable, "manage.py", "diffsettings"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "99999"),
        ("ONWATCH_OTLP_PORTS", "4317,4318,4319"),
        ("ONWATCH_OTLP_PORTS", "4317,x"),
        ("ONWATCH_RETENTION_DAYS", "0"),
        ("ONWATCH_MAX_BODY_BYTES", "1MB"),
        ("ONWATCH_DEMO", "maybe"),
        ("ONWATCH_LOG_LEVEL", "LOUD"),
        ("ONWATCH_TRUSTED_ORIGINS", "onwatch.example.org"),
        ("ONWATCH_BASE_URL", "onwatch.example.org"),
        ("ONWATCH_OIDC_ISSUER", "login.example.org"),
        ("DATABASE_URL", "db.example.org"),
        ("CLICKHOUSE_URL", "ftp://clickhouse"),
        ("REDIS_URL", "localhost:6379"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line_that_names_it(name, value):
    ended = started(**{name: value})
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{name}: ") and ended.stderr.count("\n") == 1


def test_a_password_in_a_bad_address_is_not_shown():
    assert "secret" not in started(REDIS_URL="reddis://:secret@host").stderr


def test_an_empty_value_is_none_where_that_means_something_and_the_default_elsewhere():
    ended = started(PORT="", ONWATCH_OTLP_PORTS="", ONWATCH_DEMO="", REDIS_URL="", ONWATCH_LOG_LEVEL="")
    assert ended.returncode == 0, ended.stderr
    assert "ONWATCH_OTLP_PORTS = []" in ended.stdout and "ONWATCH_DEMO = False" in ended.stdout
    assert "PORT = 8000" in ended.stdout
