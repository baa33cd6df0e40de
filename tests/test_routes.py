"""Every route as stranger, outsider, viewer, responder and admin. docs/routes.md is the table that this test makes."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.invitations import invite
from accounts.models import ApiKey, Membership
from alerts.models import Rule
from incidents import actions, runs
from incidents.models import Playbook
from incidents.seed import seed
from tests.incidents.factories import make_alert, make_incident, make_rule
from tests.people import make_alice, make_bob, make_charlie, make_rosa

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).resolve().parent.parent / "docs" / "routes.md"
#: Third parties' own pages, tested by them; and the REST API, which has its own keys and tests.
LEFT_OUT = ("accounts/", "admin/", "api/", "static/")
PUBLIC = {"favicon.ico", "healthz", "readyz", "metrics", "join/<str:token>/"}


def routes(patterns, prefix: str = ""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and not path.startswith(LEFT_OUT):
            yield path


def everything(project, alice) -> dict[str, str]:
    """A real value for every parameter of a route."""
    seed(project)
    alert = make_alert(make_rule(project))
    incident = make_incident(project, actor=alice)
    note = actions.add_note(incident, "seen", actor=alice)
    run = runs.start(incident, Playbook.objects.get(slug="cost-spike"), actor=alice, base_url="http://localhost")
    key, _ = ApiKey.issue(project, name="service")
    invited = invite(project, "viewer", actor=alice)
    return {
        "ref": incident.ref,
        "entry": str(note.pk),
        "before": str(note.pk),
        "run": str(run.pk),
        "slug": "cost-spike",
        "token": invited.token,
        "trace_id": "a" * 32,
        "project": project.slug,
        "alert": str(alert.pk),
        "rule": str(Rule.objects.get().pk),
        "key": str(key.pk),
        "member": str(Membership.objects.exclude(user=alice).first().pk),
        "invitation": str(invited.invitation.pk),
        "name": "health",
        "table": "models",
    }


def address(route: str, values: dict[str, str]) -> str:
    """The route with its parameters filled in; ``pk`` means what the route's first word says."""
    whose = {
        "alerts": "alert", "incidents": "alert", "settings/keys": "key",
        "settings/people": "member", "settings/invitations": "invitation",
    }  # fmt: skip

    def value(match: re.Match) -> str:
        name = match[1].rpartition(":")[2]
        if name in values:
            return values[name]
        if route.startswith("alerts/rules"):
            return values["rule"]
        return values[next(kind for start, kind in whose.items() if route.startswith(start))]

    return "/" + re.sub(r"<([^>]+)>", value, route)


def test_every_route_answers_each_person_as_the_table_says(project, client, stores, settings):
    alice, rosa, bob, charlie = make_alice(project), make_rosa(project), make_bob(project), make_charlie()
    values = everything(project, alice)
    people = {"stranger": None, "outsider": charlie, "viewer": bob, "responder": rosa, "admin": alice}
    lines = ["| route | " + " | ".join(people) + " |", "| --- |" + " --- |" * len(people)]
    wrong = []
    for route in sorted(set(routes(get_resolver().url_patterns))):
        answers = {}
        for name, person in people.items():
            client.logout()
            if person:
                client.force_login(person)
            # A get changes nothing; routes that only take a post answer 405 after access was checked.
            response = client.get(address(route, values))
            answers[name] = "sign in" if response.status_code == 302 and not person else str(response.status_code)
        lines.append(f"| `/{route}` | " + " | ".join(answers.values()) + " |")
        if route in PUBLIC:
            continue
        if answers["stranger"] not in ("sign in", "405"):
            wrong.append((route, "stranger", answers["stranger"]))
        if answers["outsider"] not in ("403", "404", "405") and route not in ("", "theme/"):
            wrong.append((route, "outsider", answers["outsider"]))
        if "settings/" in route and {answers["viewer"], answers["responder"]} - {"403", "405"}:
            wrong.append((route, "viewer or responder", answers["viewer"]))
        wrong += [(route, name, status) for name, status in answers.items() if status.startswith("5")]
    assert wrong == []
    table = (
        "# Routes\n\nWhat a `GET` answers each person; made by `tests/test_routes.py`.\n\n" + "\n".join(lines) + "\n"
    )
    if not TABLE.exists() or TABLE.read_text() != table:
        TABLE.write_text(table)
        pytest.fail("docs/routes.md was out of date and has been written anew; look at it and commit it")
