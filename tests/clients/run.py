"""Run a program of a sender where that sender is installed, and read what it prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.console import ROOT

ENVIRONMENTS = ROOT / ".venv-clients"
PROGRAMS = Path(__file__).resolve().parent / "programs"
ENVIRONMENTS_DESCRIBED = Path(__file__).resolve().parent / "environments"

#: Clients that would look for news, or report home, outside this machine.
OFFLINE = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENLIT_PRICING_JSON": "/dev/null",
    "TRACELOOP_TELEMETRY": "false",
    "NO_PROXY": "127.0.0.1,localhost",
    "DO_NOT_TRACK": "1",
}


def run_client(environment: str, program: str, env: Mapping[str, str], *, timeout: float = 60) -> Any:
    """The last JSON object or list that ``programs/<program>`` prints on a line of its own; ``None`` without one.

    Nothing of this process's environment is passed on but where to find programs.
    """
    done = subprocess.run(
        _command(environment, PROGRAMS / program),
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp")} | OFFLINE | dict(env),
        cwd=PROGRAMS,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode:
        pytest.fail(f"{program} in {environment} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    told = [line for line in done.stdout.splitlines() if line.startswith(("{", "["))]
    return json.loads(told[-1]) if told else None


def _command(environment: str, program: Path) -> list[str]:
    home = ENVIRONMENTS / environment
    if not (home / ".installed").is_file():
        pytest.fail(f"the clients of {environment} are not installed: run `make test-clients`")
    if program.suffix == ".py":
        return [str(home / "bin" / "python"), str(program)]
    # Node looks for packages from where the program lies.
    return ["node", shutil.copy(program, home)]
