"""What every start makes sure of, and what only the first one makes: tables, projects, the admin, a key, seeds."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts.keys import DEFAULT_PROJECT
from accounts.models import ApiKey, Project, User, hash_key
from accounts.sign_in_link import make_token
from telemetry import commit, store

DEMO_PROJECT = "demo"
CONSOLE_PROJECT = "console"

SEEDED_APPS = ("costs", "quality", "alerts", "incidents")


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the start prints once; both are empty when nothing new was made."""

    sign_in_token: str
    api_key: str


def migrate() -> None:
    """Bring SQL and ClickHouse to the present schema; quick when there is nothing to do."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    store.migrate()
    commit.start()


def _ensure_projects() -> None:
    Project.objects.get_or_create(slug=DEFAULT_PROJECT, defaults={"name": "My application"})
    Project.objects.get_or_create(
        slug=CONSOLE_PROJECT, defaults={"name": "Onwatch itself", "purpose": Project.Purpose.CONSOLE}
    )
    if settings.ONWATCH_DEMO:
        Project.objects.get_or_create(
            slug=DEMO_PROJECT,
            defaults={
                "name": "Demo: bookshop assistant",
                "purpose": Project.Purpose.DEMO,
                "evaluation_share": 1.0,
                "latency_target_ms": 6000,
            },
        )


def _seed() -> None:
    for app in SEEDED_APPS:
        if find_spec(f"{app}.seed"):
            seed = importlib.import_module(f"{app}.seed").seed
            for project in Project.objects.exclude(purpose=Project.Purpose.CONSOLE):
                seed(project)


def _ensure_admin() -> User:
    admin, created = User.objects.get_or_create(username="admin", defaults={"is_staff": True, "is_superuser": True})
    password = settings.ONWATCH_ADMIN_PASSWORD
    if password and not admin.check_password(password):
        admin.set_password(password)
        admin.save(update_fields=["password"])
    elif created:
        # Until the admin chooses one, which needs no old password then.
        admin.set_unusable_password()
        admin.save(update_fields=["password"])
    return admin


def _ensure_key() -> str:
    """The text of a key that was made just now, or empty."""
    project = Project.objects.get(slug=DEFAULT_PROJECT)
    if preset := settings.ONWATCH_API_KEY:
        if not ApiKey.objects.filter(digest=hash_key(preset)).exists():
            ApiKey.issue(project, name="preset by ONWATCH_API_KEY", key=preset)
        return ""
    if project.keys.exists():
        return ""
    return ApiKey.issue(project, name="first key")[1]


@transaction.atomic
def prepare() -> Welcome:
    """Idempotent. The sign-in link is made until somebody has signed in once."""
    _ensure_projects()
    _seed()
    admin = _ensure_admin()
    token = "" if admin.last_login else make_token(admin)
    return Welcome(sign_in_token=token, api_key=_ensure_key())


def demo_key() -> str:
    """A fresh key for the demo application of this start; older ones are revoked."""
    project = Project.objects.get(slug=DEMO_PROJECT)
    project.keys.filter(name="demo application").delete()
    return ApiKey.issue(project, name="demo application", scopes=("ingest",))[1]
