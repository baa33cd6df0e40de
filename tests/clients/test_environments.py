"""The extra ``clients`` of pyproject.toml names what the main environment holds."""

import re
import tomllib

from tests.clients.run import ENVIRONMENTS_DESCRIBED
from tests.console import ROOT


def names(requirements):
    return {re.split(r"[=<>\[; ]", line, maxsplit=1)[0] for line in requirements if line and not line.startswith("#")}


def test_the_extra_names_the_main_environment():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["clients"]
    assert names(extra) == names((ENVIRONMENTS_DESCRIBED / "main.in").read_text().splitlines())
