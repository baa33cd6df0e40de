"""Bodies that real clients sent, through the receivers. They lie beside some checkouts, not in the repository."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

from core import clickhouse
from telemetry.models import PendingRun
from tests.telemetry.langsmith.client import call

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLES = Path(settings.BASE_DIR).parent / "shared" / "wire" / "samples"


class Row(NamedTuple):
    """What one run must become."""

    name: str
    kind: str
    model: str
    #: Input, cached, output, reasoning.
    tokens: tuple[int, int, int, int]
    status: str
    error_type: str


NONE, USED, FAKED = (0, 0, 0, 0), (120, 64, 30, 10), (12, 4, 3, 1)
#: The same program in four configurations of the Python client.
PYTHON = [
    Row("rag", "chain", "", NONE, "ok", ""),
    Row("retrieve", "retrieval", "", NONE, "ok", ""),
    Row("ChatOpenAI", "llm", "gpt-4o-mini", USED, "ok", ""),
    Row("ChatOpenAI", "llm", "gpt-4o-mini", USED, "ok", ""),
    Row("bad", "tool", "", NONE, "error", "tool_error"),
]
EXPECTED: dict[str, list[Row]] = {
    "langsmith": [*PYTHON, Row("manual", "llm", "", NONE, "ok", "")],
    "langsmith-zstd": PYTHON,
    "langsmith-batch": PYTHON,
    "langsmith-hybrid": PYTHON,
    "langchain": [
        Row("R", "retrieval", "", NONE, "ok", ""),
        Row("answer", "chain", "", NONE, "ok", ""),
        Row("ChatPromptTemplate", "chain", "", NONE, "ok", ""),
        Row("GenericFakeChatModel", "llm", "demo-model-1", FAKED, "ok", ""),
        Row("StrOutputParser", "chain", "", NONE, "ok", ""),
        Row("add", "tool", "", NONE, "ok", ""),
        Row("LangGraph", "chain", "", NONE, "ok", ""),
        Row("node_a", "chain", "", NONE, "ok", ""),
        Row("GenericFakeChatModel", "llm", "demo-model-1", FAKED, "ok", ""),
    ],
    "langsmith-js": [
        Row("rag", "chain", "", NONE, "ok", ""),
        Row("llm", "llm", "gpt-4o-mini", NONE, "ok", ""),
    ],
}


def send(label: str, key: str) -> None:
    """Every body of one client in the order in which it sent them."""
    if not SAMPLES.is_dir():
        pytest.skip("the captured client bodies do not lie beside this checkout")
    captured = json.loads((SAMPLES / "headers.json").read_text())
    names = [name for name in captured if re.fullmatch(rf"http-{label}-(patch-)?runs(?!-query).*", name)]
    assert names, label
    for name in names:
        told = captured[name]
        headers = {header.lower(): value for header, value in told["headers"]}
        kept = {one.replace("-", "_"): headers[one] for one in ("content-type", "content-encoding") if one in headers}
        status, answer = call(told["method"], told["path"], (SAMPLES / name).read_bytes(), x_api_key=key, **kept)
        assert (status, answer["refused"]) == (202, []), name


def stored() -> list[Row]:
    with clickhouse.reading().client() as client:
        found = client.query(
            "SELECT name, kind, model, (input_tokens, cached_tokens, output_tokens, reasoning_tokens),"
            " status, error_type FROM spans"
        ).result_rows
    return [Row(*row) for row in found]


@pytest.mark.parametrize("label", EXPECTED)
def test_every_run_of_a_captured_client(key, label):
    send(label, key)
    assert sorted(stored()) == sorted(EXPECTED[label]) and not PendingRun.objects.exists()
    # Sent again, nothing is counted twice.
    send(label, key)
    assert len(stored()) == len(EXPECTED[label])


def test_no_captured_body_is_forgotten():
    if not SAMPLES.is_dir():
        pytest.skip("the captured client bodies do not lie beside this checkout")
    senders = {re.sub(r"^http-(.*?)-(?:patch-)?runs.*", r"\1", path.name) for path in SAMPLES.glob("http-lang*runs*")}
    assert senders == set(EXPECTED)
