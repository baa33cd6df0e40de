"""Changes and incidents are marked on every time chart, each with its way to where it comes from."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from alerts.evidence import iso
from incidents import respond
from telemetry.models import Change
from tests.dashboard.factories import make_span, send
from tests.incidents.factories import make_alert, make_incident, make_rule
from tests.people import make_bob

pytestmark = pytest.mark.usefixtures("stores")


def charts(page: str) -> dict[str, dict]:
    """Id -> figure, as the browser reads them."""
    found = re.findall(r'<script id="([\w-]+)-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    return {name: json.loads(unescape(text)) for name, text in found}


def time_charts(page: str) -> dict[str, dict]:
    return {name: figure for name, figure in charts(page).items() if "distribution" not in name}


@pytest.fixture
def happened(project):
    """Traffic, a deployment and an open incident within the last half hour, and an alert with its evidence."""
    now = timezone.now()
    for minutes in range(2, 40, 3):
        ago = timedelta(minutes=minutes)
        send(
            make_span(project, ago=ago, scores={"overall": 0.8}),
            make_span(project, ago=ago, status="error", error_type="timeout"),
        )
    Change.objects.create(
        project=project, title="checkout 2.4", kind="deployment", version="abc123", at=now - timedelta(minutes=20)
    )
    incident = make_incident(project, title="Search fails", now=now - timedelta(minutes=10))
    rule = make_rule(project)
    points = [(iso(now - timedelta(minutes=minutes)), 0.8, 10) for minutes in range(60, 0, -5)]
    evidence = {
        "series": "score", "label": "Quality: overall", "points": points, "threshold": 0.7, "clear": 0.75,
        "baseline": None, "words": "Quality below 0.7", "filters": {}, "examples": [],
    }  # fmt: skip
    alert = make_alert(rule, fired_at=now - timedelta(minutes=1), evidence=evidence)
    respond.collect_evidence(incident, alert)
    return {"alert": alert, "rule": rule, "incident": incident}


@pytest.mark.parametrize(
    ("address", "fewest"),
    [
        ("/?project=default&range=1h", 2),
        ("/quality/?project=default&range=1h", 1),
        ("/costs/?project=default&range=1h", 1),
        ("{alert}", 1),
        ("/alerts/rules/{rule}/", 1),
        # The alert's own chart, and the courses of quality, failures, latency and spend.
        ("{incident}", 5),
    ],
)
def test_every_time_chart_shows_the_change_and_the_incident(project, client, happened, address, fewest):
    client.force_login(make_bob(project))
    path = address.format(
        alert=happened["alert"].get_absolute_url(),
        rule=happened["rule"].pk,
        incident=happened["incident"].get_absolute_url(),
    )
    found = time_charts(client.get(path).content.decode())
    assert len(found) >= fewest
    for name, figure in found.items():
        marks = {mark.get("hovertext", ""): mark.get("name", "") for mark in figure["layout"]["annotations"]}
        assert "Deployment: checkout 2.4 abc123" in marks, name
        told = next((text for text in marks if "Search fails" in text), "")
        assert told, name
        assert marks[told] == happened["incident"].get_absolute_url()
