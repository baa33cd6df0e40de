"""Every route as stranger, outsider, viewer, responder and admin; every socket; every REST call with every kind of key.

docs/routes.md is the tables that these tests make.
"""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import keys
from accounts.invitations import invite
from accounts.models import ApiKey, Membership
from alerts.models import Rule
from dashboard.routing import websocket_urlpatterns as dashboard_sockets
from incidents import actions, runs
from incidents.models import Playbook
from incidents.routing import websocket_urlpatterns as incident_sockets
from incidents.seed import seed
from onwatch.api import api
from telemetry.langsmith import ids
from tests.dashboard.factories import make_span, send
from tests.dashboard.sockets import Socket
from tests.incidents.factories import make_alert, make_incident, make_rule
from tests.people import make_alice, make_bob, make_charlie, make_rosa

pytestmark = pytest.mark.django_db

TABLES = Path(__file__).resolve().parent.parent / "docs" / "routes.md"
HEAD = """# Routes

Who gets what, as `tests/test_routes.py` found it. A stranger is not signed in, an outsider is in no project; viewer,
responder and admin are members. 302 after a `POST` means that it was done, or refused with the reason on the next page.
"""
#: The framework's own pages, tested by it; the admin and the REST API have their own tables.
LEFT_OUT = ("accounts/", "admin/", "api/", "static/")
PUBLIC = {"favicon.ico", "healthz", "readyz", "metrics", "join/<str:token>/"}
#: Of the person alone, whatever their projects.
OWN = {"appearance/"}


def routes(patterns, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and not path.startswith(LEFT_OUT):
            yield path


@pytest.fixture
def people(project) -> dict:
    return {
        "stranger": None,
        "outsider": make_charlie(),
        "viewer": make_bob(project),
        "responder": make_rosa(project),
        "admin": make_alice(project),
    }


def everything(project, alice) -> dict[str, str]:
    """A real value for every parameter of a route."""
    seed(project)
    alert = make_alert(make_rule(project))
    incident = make_incident(project, actor=alice)
    note = actions.add_note(incident, "seen", actor=alice)
    run = runs.start(incident, Playbook.objects.get(slug="cost-spike"), actor=alice, base_url="http://localhost")
    key, _ = ApiKey.issue(project, name="service")
    rotated, _ = ApiKey.issue(project, name="another service")
    send(trace := make_span(project))
    invited = invite(project, "viewer", actor=alice)
    return {
        "ref": incident.ref,
        "entry": str(note.pk),
        "before": str(note.pk),
        "run": str(run.pk),
        "slug": "cost-spike",
        "token": invited.token,
        "trace_id": trace.trace_id,
        "project": project.slug,
        "alert": str(alert.pk),
        "rule": str(Rule.objects.get().pk),
        "key": str(key.pk),
        "rotated": str(rotated.pk),
        "member": str(Membership.objects.exclude(user=alice).first().pk),
        "invitation": str(invited.invitation.pk),
        "name": "health",
        "tenant": str(ids.tenant_id(project.pk)),
        "session": str(ids.session_id(project.pk, "shop")),
        "langsmith_run": str(uuid.uuid4()),
    }


def address(route: str, values: dict[str, str]) -> str:
    """The route with its parameters filled in; ``pk`` means what the route's first word says."""
    whose = {
        "alerts": "alert", "incidents": "alert", "settings/keys": "key",
        "settings/people": "member", "settings/invitations": "invitation",
    }  # fmt: skip

    def value(match: re.Match) -> str:
        name = match[1].rpartition(":")[2]
        if name == "run" and route.startswith("o/"):
            return values["langsmith_run"]
        if name in values and name != "key":
            return values[name]
        if route.startswith("costs/"):
            return "model"
        if route.endswith("rotate/"):
            return values["rotated"]
        if route.startswith("alerts/rules"):
            return values["rule"]
        return values[next(kind for start, kind in whose.items() if route.startswith(start))]

    return "/" + re.sub(r"<([^>]+)>", value, route)


def ask(client, person, method: str, path: str) -> str:
    client.logout()
    if person:
        client.force_login(person)
    response = client.get(path) if method == "GET" else client.post(path, {})
    return "sign in" if response.status_code == 302 and not person else str(response.status_code)


def faults(route: str, method: str, answers: dict[str, str]) -> list[str]:
    """What is wrong with how a route answers, whoever wrote it."""
    found = [f"{name} meets {answer}" for name, answer in answers.items() if answer.startswith("5")]
    if route in PUBLIC:
        return found
    if answers["stranger"] != "sign in":
        found.append(f"a stranger meets {answers['stranger']}")
    if answers["outsider"] not in ("403", "404") and route not in OWN:
        found.append(f"an outsider meets {answers['outsider']}")
    if route.startswith("settings/") and {answers["viewer"], answers["responder"]} != {"403"}:
        found.append("somebody who is no admin enters the settings")
    if method == "POST" and route not in OWN and answers["viewer"] != "403":
        found.append(f"a viewer who posts meets {answers['viewer']}")
    return found


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Put a table into docs/routes.md; fail when it was not there as it is."""
    lines = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    section = f"## {title}\n\n" + "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"
    text = TABLES.read_text() if TABLES.exists() else ""
    sections = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", text, re.MULTILINE))
    sections[title] = section.split("\n", 1)[1].rstrip("\n") + "\n"
    order = ["Pages", "WebSockets", "Admin", "REST API"]
    made = HEAD + "".join(f"\n## {name}\n{sections[name].rstrip()}\n" for name in order if name in sections)
    if made != text:
        TABLES.write_text(made)
        pytest.fail(f"{title} in docs/routes.md was out of date and has been written anew; look at it and commit it")


def test_every_page_answers_each_person_as_the_table_says(project, people, client, stores):
    values = everything(project, people["admin"])
    rows, wrong = [], []
    for route in sorted(set(routes(get_resolver().url_patterns))):
        path, method = address(route, values), "GET"
        answers = {name: ask(client, person, method, path) for name, person in people.items()}
        if answers["admin"] == "405":
            method = "POST"
            answers = {name: ask(client, person, method, path) for name, person in people.items()}
        rows.append([f"`{method} /{route}`", *answers.values()])
        wrong += [f"{method} /{route}: {fault}" for fault in faults(route, method, answers)]
        if method == "GET" and route not in PUBLIC:
            # Forms answer both; an empty one changes nothing.
            answers = {name: ask(client, person, "POST", path) for name, person in people.items()}
            if answers["admin"] != "405":
                rows.append([f"`POST /{route}`", *answers.values()])
                wrong += [f"POST /{route}: {fault}" for fault in faults(route, "POST", answers)]
    assert wrong == []
    table("Pages", ["page", *people], rows)


async def knock(pattern, user) -> str:
    """``open``, or the code with which the socket is closed."""
    socket = Socket(user, "project=default", application=pattern.callback)
    await socket.handshake()
    first = await socket.receive_output(timeout=5)
    if first["type"] == "websocket.close":
        return str(first["code"])
    await socket.leave()
    return "open"


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_every_socket_opens_for_members_alone(project, people, stores):
    rows = []
    for pattern in [*dashboard_sockets, *incident_sockets]:
        answers = [await knock(pattern, person or AnonymousUser()) for person in people.values()]
        assert answers == ["4401", "4404", "open", "open", "open"], pattern
        rows.append([f"`/{pattern.pattern}`", *answers])
    table("WebSockets", ["socket", *people], rows)


def test_the_admin_is_for_admins(project, people, client, stores):
    rows, wrong = [], []
    ours = sorted(
        (model._meta.app_label, model._meta.model_name)
        for model in admin.site._registry
        if model.__module__.partition(".")[0] in ("accounts", "telemetry", "costs", "quality", "alerts", "incidents")
    )
    root = people["admin"].__class__.objects.create_superuser("root", password="a long enough password")
    everybody = people | {"superuser": root}
    paths = [reverse("admin:index"), *(reverse(f"admin:{app}_{name}_changelist") for app, name in ours)]
    for path in paths:
        answers = {name: ask(client, person, "GET", path) for name, person in everybody.items()}
        rows.append([f"`{path}`", *answers.values()])
        inside = [name for name in ("stranger", "outsider", "viewer", "responder") if answers[name] == "200"]
        wrong += [f"{path}: {name} enters" for name in inside]
    assert wrong == []
    table("Admin", ["page", *everybody], rows)


def test_every_rest_call_wants_a_key_with_the_right_scope(project, people, client, stores, settings):
    settings.ONWATCH_KEYLESS = False
    keys.forget_cached()
    values = everything(project, people["admin"])
    issued = {scope: ApiKey.issue(project, name=scope, scopes=(scope,))[1] for scope in ("ingest", "read", "write")}
    rows, wrong = [], []
    for path, operations in sorted(api.get_openapi_schema()["paths"].items()):
        for method in operations:
            answers = {}
            target = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], "1"), path)
            for name, headers, person in (
                ("no key", {}, None),
                ("session of an outsider", {}, people["outsider"]),
                ("session of a member", {}, people["admin"]),
                *((scope, {"x-api-key": key}, None) for scope, key in issued.items()),
            ):
                client.logout()
                if person:
                    client.force_login(person)
                response = client.generic(
                    method.upper(), target, b"{}", content_type="application/json", headers=headers
                )
                answers[name] = str(response.status_code)
            rows.append([f"`{method.upper()} {path}`", *answers.values()])
            if answers["no key"] != "401":
                wrong.append(f"{method} {path}: {answers['no key']} without a key")
            if method != "get" and answers["session of a member"] != "401":
                wrong.append(f"{method} {path}: a session changes something")
            if answers["ingest"] == "200" and method == "get":
                wrong.append(f"{method} {path}: a key for sending reads")
    assert wrong == []
    table("REST API", ["call", *answers], rows)
