"""Who may ask what, and how it is said when they may not."""

import pytest
from django.db import OperationalError

from accounts.models import ApiKey, Project
from telemetry import queries, trace_list
from telemetry.store import StoreUnavailable, TookTooLong
from tests.people import make_alice, make_bob, make_charlie
from tests.telemetry.traces.factories import IN_DAY, make_span, stored

READ = ("/summary", "/traces", "/spans?trace_id=t", "/changes", "/alerts", "/incidents", "/budgets", "/budgets/check")
INGEST = ("/spans", "/scores", "/cost-events")
WRITE = ("/changes", "/incidents")


@pytest.mark.parametrize("path", READ)
def test_reading_needs_the_scope_read(api_with, path):
    assert api_with("read").get(path).status_code == 200
    for answer, status in ((api_with("ingest", "write").get(path), 403), (api_with().get(path), 401)):
        assert answer.status_code == status
        assert answer.json()["field"] == "authorization"
        assert answer["Content-Type"].startswith("application/json")
    assert api_with().get(path)["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("paths", "scope"), [(INGEST, "ingest"), (WRITE, "write")])
def test_sending_and_changing_need_their_scopes(api_with, paths, scope):
    others = {"ingest", "write", "read"} - {scope}
    for path in paths:
        assert api_with(*others).post(path, {}).status_code == 403
        assert api_with().post(path, {}).status_code == 401
        assert api_with(scope).post(path, {}).status_code in (400, 422)


def test_a_key_is_good_for_its_own_project_alone(api, project):
    other = Project.objects.create(slug="other", name="Other")
    stored(make_span(project.pk, trace_id="ours"), make_span(other.pk, trace_id="theirs"))
    assert [one["trace_id"] for one in api.get(f"/traces?{IN_DAY}").json()["traces"]] == ["ours"]
    assert api.get("/spans", trace_id="theirs").json() == []
    assert api.get("/spans", trace_id="theirs", project="other").json() == []


@pytest.mark.parametrize("headers", [{"x-api-key": "KEY"}, {"authorization": "Basic dXNlcjpLRVk="}])
def test_a_key_may_come_in_the_other_usual_headers(client, telemetry_store, project, headers):
    ApiKey.issue(project, name="preset", key="KEY")
    assert client.get("/api/v1/traces", headers=headers).status_code == 200


def test_an_unknown_or_revoked_key_is_refused(api_with, client, project):
    for key in ("nonsense", ApiKey.issue(project, name="old", revoked_at="2020-01-01T00:00Z")[1]):
        answer = client.get("/api/v1/traces", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 401
        assert answer.json() == {"detail": "This key is not known, or it was revoked.", "field": "authorization"}


def test_a_person_reads_in_the_browser_what_they_may_see(client, telemetry_store, project):
    stored(make_span(project.pk, trace_id="t"))
    for person in (make_alice(project), make_bob(project)):
        client.force_login(person)
        assert len(client.get("/api/v1/spans?trace_id=t").json()) == 1
        assert client.post("/api/v1/changes", {"title": "x"}, content_type="application/json").status_code == 401
    client.force_login(make_charlie())
    answer = client.get("/api/v1/spans?trace_id=t")
    assert (answer.status_code, answer.json()["field"]) == (403, "project")


def test_where_no_key_is_needed_pages_of_other_sites_are_kept_out(api_with, settings):
    settings.ONWATCH_KEYLESS = True
    nobody = api_with()
    assert nobody.get("/traces").status_code == 200
    change = {"title": "Deployed"}
    assert nobody.post("/changes", change, origin="http://testserver").status_code == 201
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        answer = nobody.post("/changes", change, **headers)
        assert (answer.status_code, answer.json()["field"]) == (403, "origin")


@pytest.mark.parametrize(
    ("path", "query", "status", "field", "detail"),
    [
        ("/traces", {"from": "yesterday"}, 400, "from", "from: 'yesterday' is neither ISO 8601 nor of the form now-6h"),
        ("/traces", {"from": "now", "to": "now-1h"}, 400, "from", "from: must be before to"),
        ("/traces", {"range": "2y"}, 400, "range", "range: '2y' is not one of 15m, 1h, 6h, 24h, 7d, 30d"),
        ("/traces", {"cursor": "x"}, 400, "cursor", "cursor: not one that this list gave out"),
        ("/traces", {"score_below": "0.5"}, 400, "score_below", None),
        ("/traces", {"limit": "0"}, 422, "limit", "limit: Input should be greater than or equal to 1"),
        ("/traces", {"limit": "many"}, 422, "limit", None),
        ("/traces", {"min_ms": "soon"}, 422, "min_ms", None),
        ("/traces", {"status": "fine"}, 422, "status", None),
        ("/spans", {}, 422, "trace_id", "trace_id: Field required"),
        ("/summary", {"q": "emma"}, 400, "q", "q: only lists of traces can be narrowed by it"),
        ("/summary", {"compare": "tomorrow"}, 400, "compare", None),
        ("/changes", {"kind": "party"}, 400, "kind", None),
        ("/nothing", {}, 404, "", "There is nothing at /api/v1/nothing."),
    ],
)
def test_what_is_wrong_is_named(api, path, query, status, field, detail):
    answer = api.get(path, **query)
    assert answer.status_code == status, answer.content
    said = answer.json()
    assert said["field"] == field
    assert said["detail"] == detail if detail else said["detail"]


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), OperationalError("locked")])
def test_a_store_that_is_away_is_503_and_says_when_to_come_back(api, monkeypatch, error):
    def away(*_, **__):
        raise error

    monkeypatch.setattr(queries, "trace_spans", away)
    answer = api.get("/spans", trace_id="t")
    assert answer.status_code == 503
    assert 1 <= int(answer["Retry-After"]) <= 3
    assert answer.json()["field"] == ""


def test_a_search_that_takes_too_long_is_told(api, monkeypatch):
    def too_long(*_, **__):
        raise TookTooLong("TIMEOUT_EXCEEDED")

    monkeypatch.setattr(trace_list, "page", too_long)
    answer = api.get("/traces", q="emma")
    assert answer.status_code == 422
    assert "narrow the range" in answer.json()["detail"]
