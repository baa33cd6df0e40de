"""What the docs say of the SDK is so."""

import dataclasses
import re

import onwatch_sdk as onwatch
from onwatch_sdk import budgets, console, content, embedding, sending, texts, tracing
from tests.console import ROOT

PAGE = (ROOT / "docs" / "sdk.md").read_text()


def test_the_example_is_the_file_that_runs():
    assert (ROOT / "docs" / "examples" / "rag.py").read_text() in PAGE


def test_every_name_is_explained():
    explained = PAGE + (ROOT / "docs" / "api.md").read_text()
    for name in set(onwatch.__all__) - {"__version__", "Stats", "Budget"}:
        assert f"{name}(" in explained or f"`{name}`" in explained or f"onwatch.{name}" in explained, name
    for environment in re.findall(r'environ(?:\.get)?[\[(]"(ONWATCH_\w+)"', sources()):
        assert environment in PAGE


def test_limits_are_as_stated():
    assert f"{content.MAX_CHARACTERS:,} characters" in PAGE
    assert f"{texts.MAX_ENTRIES:,} entries" in PAGE
    assert f"{sending.SPANS_WAITING} wait" in PAGE
    assert f"{sending.MOST_WAITING // 10**6} million characters" in PAGE
    assert "six tries, about 15 seconds" in PAGE
    assert (len(console.PAUSES_SECONDS) + 1, sum(console.PAUSES_SECONDS)) == (6, 15.5)
    assert "at most five seconds" in PAGE
    assert tracing.EXIT_SECONDS == 5
    assert "two seconds after that" in PAGE
    assert budgets.PAUSE_SECONDS == 2
    assert f"more than {embedding.MAX_VECTORS} vectors" in PAGE


def test_every_count_is_said():
    for field in dataclasses.fields(onwatch.Stats):
        what, _, how = field.name.partition("_")
        # Those that began are no outcome.
        assert how in ("ended", "given") or (how or what) in PAGE, field.name


def sources() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "sdk" / "onwatch_sdk").glob("*.py"))
