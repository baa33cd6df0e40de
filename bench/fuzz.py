"""Fuzz one decoder at a time.

    python -m bench.fuzz otlp_traces --seconds 60 [--corpus FOLDER]
    python -m bench.fuzz --list

Guided by coverage where ``atheris`` is installed (``pip install .[fuzz]``; Linux, Python below 3.14), else by the plain
mutator of ``bench.fuzz_decoders``. A finding is written to the corpus folder; ``--repeat FILE`` shows it again.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onwatch.settings")
django.setup()

from bench import fuzz_decoders  # noqa: E402
from bench.fuzz_decoders import CALLER, MAX_BODY, MAX_SECONDS, check_span  # noqa: E402
from core.problems import Problem  # noqa: E402
from telemetry import api_input  # noqa: E402
from telemetry.columns import json_text  # noqa: E402
from telemetry.dialects import langsmith  # noqa: E402
from telemetry.dialects.decoded import BadBody, BadItem  # noqa: E402
from telemetry.langsmith import feedback, runs  # noqa: E402
from telemetry.receive import langsmith as langsmith_receiver  # noqa: E402

BOUNDARY = "b0undary"
NOW = "2026-11-20T12:00:00+00:00"


class Target(NamedTuple):
    """Decodes one body or raises what it may; good bodies to begin with."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def _by_number(number: int) -> Target:
    head = bytes([number])
    return Target(
        lambda data: fuzz_decoders.check(head + data),
        lambda: [data[1:] for data in fuzz_decoders.seeds() if data[0] == number],
    )


def _check_runs(read: Callable[[bytes, Any], Any], data: bytes) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    request = SimpleNamespace(headers=headers, method="POST", path="/runs")
    with contextlib.suppress(BadBody):
        sent = read(data, request)
        joined = runs.translate(sent.posts, sent.patches, CALLER)
        for span in joined.spans if joined else ():
            check_span(span, free_ids=True)
        for piece in sent.posts + sent.patches:
            if not isinstance(piece, dict):
                continue
            with contextlib.suppress(BadItem):
                langsmith.run_id(piece.get("id"))
                run = langsmith.checked(piece)
                json.dumps(run)
                check_span(langsmith.to_span(run, CALLER), free_ids=True)
        for entry in sent.feedback:
            with contextlib.suppress(BadItem):
                feedback.read(entry)


def _run() -> dict[str, Any]:
    identity = str(uuid.UUID(int=7))
    usage = {"input_tokens": 120, "output_tokens": 30, "input_token_details": {"cache_read": 64}, "total_cost": 0.01}
    return {
        "id": identity, "trace_id": identity, "parent_run_id": None, "name": "ChatOpenAI", "run_type": "llm",
        "start_time": NOW, "end_time": 1795176000000, "session_name": "shop", "tags": ["a"], "error": "E('x')\n\ntrace",
        "inputs": {"messages": [{"role": "user", "content": "Why?"}], "model": "gpt-4o"},
        "outputs": {"usage_metadata": usage, "documents": [{"page_content": "x", "metadata": {"score": 0.5}}]},
        "events": [{"name": "new_token", "time": NOW}],
        "extra": {"metadata": {"ls_provider": "openai", "thread_id": "s"}, "runtime": {"sdk": "x", "sdk_version": "1"}},
    }  # fmt: skip


def _feedback() -> dict[str, Any]:
    return {"id": "f", "run_id": _run()["id"], "key": "thumbs", "score": True, "value": "good", "comment": "c"}


def _multipart_seeds() -> list[bytes]:
    run = _run()
    fields = ("inputs", "outputs", "events", "extra", "error")
    parts = [(f"post.{run['id']}", {key: value for key, value in run.items() if key not in fields})]
    parts += [(f"post.{run['id']}.{name}", run[name]) for name in fields] + [("feedback.f", _feedback())]
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (BOUNDARY.encode(), name.encode(), json.dumps(value).encode())
        for name, value in parts
    )
    return [body + f"--{BOUNDARY}--\r\n".encode()]


def _langsmith_seeds() -> list[bytes]:
    runs = [_run() | {"run_type": kind} for kind in ("llm", "retriever", "tool", "embedding", "chain")]
    return [json.dumps({"post": [run], "patch": [run]}).encode() for run in runs]


class _Body:
    """As much of a request as the REST reader wants."""

    headers: Mapping[str, str] = {}

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int) -> bytes:
        return self.data[:size]


def _rest(item_type: Any, plural: str, make: Callable[[Any, Any], Any], good: dict[str, Any]) -> Target:  # noqa: ANN401
    def check(data: bytes) -> None:
        with contextlib.suppress(Problem):
            for item in api_input.read(_Body(data), item_type, plural=plural).good:
                made = make(item, CALLER)
                if hasattr(made, "attributes"):
                    check_span(made, free_ids=True)
                    json_text(made.attributes)

    return Target(check, lambda: [json.dumps(good).encode(), json.dumps([good, {}]).encode()])


TARGETS: dict[str, Target] = {
    "otlp_traces": _by_number(0),
    "otlp_traces_json": _by_number(1),
    "otlp_logs": _by_number(2),
    "otlp_logs_json": _by_number(3),
    "otlp_metrics": _by_number(4),
    "otlp_metrics_json": _by_number(5),
    "langfuse_ingestion": _by_number(6),
    "langsmith_multipart": Target(lambda data: _check_runs(langsmith_receiver.read_multipart, data), _multipart_seeds),
    "langsmith_json": Target(lambda data: _check_runs(langsmith_receiver.read_batch, data), _langsmith_seeds),
    "langsmith_feedback": Target(
        lambda data: _check_runs(langsmith_receiver.read_feedback, data), lambda: [json.dumps(_feedback()).encode()]
    ),
    "rest_spans": _rest(
        api_input.SpanIn, "spans", api_input.span_of,
        {"trace_id": "t", "start_time": "now-5m", "duration_ms": 5, "kind": "llm", "input": [{"role": "user"}],
         "attributes": {"a": [1, {"b": None}]}, "scores": [{"name": "overall", "value": 1}], "cost_usd": "0.1"},
    ),
    "rest_scores": _rest(
        api_input.ScoreIn, "scores", api_input.score_of, {"trace_id": "t", "name": "x", "value": True, "at": NOW}
    ),
    "rest_cost_events": _rest(
        api_input.CostEventIn, "events", api_input.cost_event_span, {"model": "m", "input_tokens": 5, "at": "now-1h"}
    ),
}  # fmt: skip


def timed(target: Target, data: bytes) -> None:
    """Check one body; a decoder that takes its time for so little is a finding too."""
    started = time.thread_time()
    target.check(data)
    took = time.thread_time() - started
    if took > MAX_SECONDS:
        raise AssertionError(f"{len(data)} bytes took {took:.1f} s")


def run_plain(target: Target, *, seconds: float, seed: int, folder: Path) -> int:
    """Mutate for a while; returns how many bodies were tried. Raises Finding."""
    corpus = target.seeds() + [path.read_bytes() for path in sorted(folder.glob("seed-*"))]
    return fuzz_decoders.run_plain(corpus, seconds=seconds, seed=seed, check=lambda data: timed(target, data))


def run_guided(target: Target, *, seconds: float, seed: int, folder: Path) -> None:
    """Let libFuzzer look for new paths; it prints its own progress and writes its own crash files."""
    atheris = importlib.import_module("atheris")
    for data in target.seeds():
        (folder / f"seed-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
    for function in _ours():
        atheris.instrument_func(function)
    options = [f"-max_total_time={seconds:.0f}", f"-seed={seed}", f"-max_len={MAX_BODY}"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(folder)], lambda data: timed(target, data))
    atheris.Fuzz()


def _ours() -> Iterator[FunctionType]:
    """The functions that read bodies. Those of all libraries besides would take minutes to prepare."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "telemetry":
            continue
        holders = [module, *(one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name)]
        for holder in holders:
            for one in vars(holder).values():
                function = getattr(one, "__wrapped__", one)
                if isinstance(function, FunctionType) and function.__module__ == name:
                    yield function


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.fuzz", description="Fuzz one decoder.")
    parser.add_argument("target", nargs="?", choices=TARGETS, help="the decoder")
    parser.add_argument("--list", action="store_true", help="name the decoders")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="folder of inputs; findings go there")
    parser.add_argument("--plain", action="store_true", help="the plain mutator, also where atheris is installed")
    parser.add_argument("--repeat", type=Path, help="check this one input and show what happens")
    given = parser.parse_args()
    if given.list or not given.target:
        print("\n".join(TARGETS))
        return
    target = TARGETS[given.target]
    if given.repeat:
        timed(target, given.repeat.read_bytes())
        print("no finding")
        return
    folder = given.corpus or Path("fuzz-corpus") / given.target
    folder.mkdir(parents=True, exist_ok=True)
    if not given.plain and importlib.util.find_spec("atheris"):
        run_guided(target, seconds=given.seconds, seed=given.seed, folder=folder)
        return
    try:
        tried = run_plain(target, seconds=given.seconds, seed=given.seed, folder=folder)
    except fuzz_decoders.Finding as finding:
        path = folder / f"crash-{hashlib.sha256(finding.data).hexdigest()[:16]}"
        path.write_bytes(finding.data)
        print(f"A finding: python -m bench.fuzz {given.target} --repeat {path}", file=sys.stderr)
        raise
    print(f"{given.target}: {tried:,} inputs in {given.seconds:.0f} s, no finding (plain mutator)")


if __name__ == "__main__":
    main()
