"""The package builds, installs into a fresh environment, and runs there with OpenTelemetry alone."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.console import ROOT

PROGRAM = """
import importlib.metadata, sys
import onwatch_sdk as onwatch

@onwatch.trace_rag_pipeline
def ask(question):
    return question

@onwatch.trace_embedding
def embed(text):
    return [3.0, 4.0]

provider = onwatch.setup_tracing("shop", "http://127.0.0.1:9")
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans = InMemorySpanExporter()
provider.add_span_processor(SimpleSpanProcessor(spans))
assert ask("Why?") == "Why?"
assert embed("Why?") == [3.0, 4.0]
asked, embedded = spans.get_finished_spans()
assert asked.attributes["output.value"] == "Why?"
assert embedded.attributes["embedding.norm"] == 5.0
assert importlib.metadata.version("onwatch-sdk") == onwatch.__version__
foreign = {name.partition(".")[0] for name in sys.modules} & {"numpy", "requests", "django", "openai", "langsmith"}
assert not foreign, foreign
print(onwatch.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    # Built from a copy: setuptools leaves folders beside the sources.
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "sdk"
    for path in (ROOT / "sdk").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = source / path.relative_to(ROOT / "sdk")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "-w", str(folder), str(source)], check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("onwatch_sdk-*.whl")
    return built


def test_the_wheel_holds_the_package_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    name, version, *_ = wheel.name.split("-")
    assert {path.partition("/")[0] for path in names} == {"onwatch_sdk", f"{name}-{version}.dist-info"}
    assert "onwatch_sdk/py.typed" in names
    modules = {path.name for path in (ROOT / "sdk" / "onwatch_sdk").glob("*.py")}
    assert modules == {name.removeprefix("onwatch_sdk/") for name in names if name.endswith(".py")}


def test_its_metadata(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
    lines = archive.read(name).decode().splitlines()
    assert "Name: onwatch-sdk" in lines
    needed = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    assert all(need.startswith("opentelemetry-") or need.endswith('; extra == "langsmith"') for need in needed), needed


def test_it_runs_in_a_fresh_environment(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(
        subprocess.run(
            [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    zipfile.ZipFile(wheel).extractall(site)
    # What it depends on is there already; tests do not load from the network.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    done = subprocess.run(
        [str(python), "-I", "-c", PROGRAM], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(site))
