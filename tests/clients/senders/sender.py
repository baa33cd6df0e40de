"""One row of docs/senders.md: a published client, what is changed to point it here, and a program that uses it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.clients.run import ENVIRONMENTS_DESCRIBED, PROGRAMS

#: A program's first lines, up to this one, are what a person adds for this sender.
APPLICATION = "The application as it was."
#: The environment of programs that stand between an application and here.
COLLECTORS = "collectors"
#: Each client takes the name of what sends from one of these.
NAMED_BY = ("OTEL_SERVICE_NAME", "PHOENIX_PROJECT_NAME", "LANGSMITH_PROJECT")


@dataclass(frozen=True)
class Collector:
    """A program that takes what an application tells and sends it on."""

    package: str
    #: A file among the packages of its environment, and arguments.
    command: tuple[str, ...]
    #: Names of the values that say where it listens.
    listens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sender:
    #: Name of its test, and the service under which its spans are found.
    slug: str
    title: str
    #: Published packages that speak here; their versions are those of the environment.
    packages: tuple[str, ...]
    environment: str
    program: str
    #: Environment variables that point it here; ``{url}``, ``{grpc}``, ``{key}`` and others are filled in.
    settings: Mapping[str, str]
    #: How many spans its program makes.
    spans: int
    #: Settings that are no matter of address, and what they are for.
    options: Mapping[str, str] = field(default_factory=dict)
    options_say: str = ""
    #: Filters of ``GET /traces`` that find what it sent; by its service when empty.
    found_by: Mapping[str, str] = field(default_factory=dict)
    #: Runs beside the program, with the same environment and, where it has one, the file ``configuration``.
    collector: Collector | None = None
    configuration: str = ""
    #: A field that comes by another way than its span, and may come later.
    joined: str = ""

    @property
    def filters(self) -> Mapping[str, str]:
        return self.found_by or {"service": self.slug}

    def environ(self, **values: str) -> dict[str, str]:
        return self.pointed(**values) | self.optional(**values) | dict.fromkeys(NAMED_BY, self.slug)

    def pointed(self, **values: str) -> dict[str, str]:
        return {name: value.format(**values) for name, value in self.settings.items()}

    def optional(self, **values: str) -> dict[str, str]:
        return {name: value.format(**values) for name, value in self.options.items()}

    def configured(self, **values: str) -> str:
        """The collector's file."""
        return (PROGRAMS / self.configuration).read_text().format(**values)

    def added_lines(self) -> str:
        """What the program has before the application begins, without its docstring."""
        text = (PROGRAMS / self.program).read_text()
        before = text.partition(APPLICATION)[0].rpartition("\n")[0]
        return before.partition("\n\n")[2].strip()

    def about(self) -> str:
        """The first line of the program: its docstring."""
        return (PROGRAMS / self.program).read_text().partition("\n")[0].strip('/*" ')

    def versions(self) -> dict[str, str]:
        versions = {package: _pinned(self.environment, package) for package in self.packages}
        if self.collector:
            versions[self.collector.package] = _pinned(COLLECTORS, self.collector.package)
        return versions

    def is_whole(self, spans: Collection[Mapping[str, Any]]) -> bool:
        """Whether all that its program sends has come."""
        return len(spans) >= self.spans and (not self.joined or any(span[self.joined] for span in spans))


def _pinned(environment: str, package: str) -> str:
    folder = ENVIRONMENTS_DESCRIBED / environment
    if folder.is_dir():
        return json.loads((folder / "package.json").read_text())["dependencies"][package]
    for line in folder.with_suffix(".txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if name == package:
            return version.partition(" ")[0]
    raise LookupError(f"{package} is not in {folder}.txt")
