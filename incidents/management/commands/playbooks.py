"""``manage.py playbooks check|import|export``: playbooks as YAML files, to keep them beside the code."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from incidents import library, playbook_format
from incidents.models import Playbook
from incidents.playbook_format import BadPlaybook


class Command(BaseCommand):
    help = "Check, import or export playbooks as YAML files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (
            ("check", "say what is wrong with the files and change nothing"),
            ("import", "add the files as new versions, or none of them when one is wrong"),
        ):
            action = actions.add_parser(name, help=text)
            action.add_argument("files", nargs="+", type=Path, metavar="FILE.yaml")
            if name == "import":
                action.add_argument("--note", default="", help="what changed and why")
        export = actions.add_parser("export", help="write the newest version of every playbook into a folder")
        export.add_argument("folder", type=Path)

    def handle(self, *_: object, action: str, **options: Any) -> None:  # noqa: ANN401
        if action == "export":
            self._export(options["folder"])
            return
        texts = [self._checked(path) for path in options["files"]]
        if action == "check":
            self.stdout.write(f"{len(texts)} good.")
            return
        with transaction.atomic():
            versions = [library.add(text, note=options["note"]) for text in texts]
        for path, made in zip(options["files"], versions, strict=True):
            self.stdout.write(f"{path}: imported as {made}" if made else f"{path}: says what the newest version says")

    def _checked(self, path: Path) -> str:
        try:
            text = path.read_text()
            playbook_format.parse(text)
        except (OSError, UnicodeDecodeError, BadPlaybook) as error:
            raise CommandError(f"{path}: {error}") from error
        return text

    def _export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for playbook in Playbook.objects.filter(archived_at=None):
            newest = playbook.newest
            if newest:
                path = folder / f"{playbook.slug}.yaml"
                path.write_text(playbook_format.dump(newest.definition))
                self.stdout.write(f"{path}: version {newest.number}")
