"""What Langfuse's clients ask beside sending: who they are, prompts, and things that are not here."""

import pytest
from django.db import OperationalError

from accounts import keys
from accounts.models import ApiKey, Project
from telemetry import store
from telemetry.span import Span
from tests.people import make_bob, make_charlie
from tests.telemetry.langfuse.requests import START, call
from tests.telemetry.traces.factories import stored

UUID = "eade6a3a-2375-4dce-9de3-59d322fa3a75"
HEX = UUID.replace("-", "")


def test_auth_check_finds_the_project_of_the_key(key):
    answer = call("GET", "/api/public/projects", key=key)
    assert answer.status == 200
    (project,) = answer.body["data"]
    assert (project["id"], project["name"], project["metadata"]) == ("default", "Default", {})
    assert set(project["organization"]) == {"id", "name"}


@pytest.mark.parametrize("scope", ["ingest", "read"])
def test_a_key_that_may_only_send_or_only_read_is_enough(key, scope):
    own = ApiKey.issue(Project.objects.get(slug="default"), name=scope, scopes=[scope])[1]
    assert call("GET", "/api/public/projects", key=own).status == 200
    assert call("GET", "/api/public/v2/prompts/greet", key=own).status == 404


def test_without_a_good_key_nothing_is_told(key, settings):
    settings.ONWATCH_KEYLESS = False
    for method, path in (
        ("GET", "projects"), ("GET", "v2/prompts/greet"), ("POST", "scores"), ("POST", "ingestion"),
        ("GET", "v2/datasets"), ("POST", "media"),
    ):  # fmt: skip
        for wrong in ("", "ow_wrong"):
            answer = call(method, f"/api/public/{path}", key=wrong)
            assert answer.status == 401
            assert answer.body["message"] and answer.body["error"] == "UnauthorizedError"


def test_on_loopback_the_secret_may_say_that_none_is_needed(key, settings):
    settings.ONWATCH_KEYLESS = True
    assert call("GET", "/api/public/projects", key="none-needed").body["data"][0]["id"] == "default"


def test_a_fault_of_ours_is_told_in_json(key, monkeypatch, caplog):
    monkeypatch.setattr("telemetry.dialects.langfuse_events.read", lambda body: 1 / 0)
    answer = call("POST", "/api/public/ingestion", {"batch": []}, key=key)
    assert answer.status == 500 and "fault of the console" in answer.body["message"]
    assert "division by zero" in caplog.text


def test_a_key_that_may_not_send_is_told_so(key):
    reader = ApiKey.issue(Project.objects.get(slug="default"), name="reader", scopes=["read"])[1]
    answer = call("POST", "/api/public/ingestion", {"batch": []}, key=reader)
    assert answer.status == 403 and "'ingest'" in answer.body["message"]


def test_health_needs_no_key(settings):
    settings.ONWATCH_KEYLESS = False
    answer = call("GET", "/api/public/health")
    assert answer.status == 200 and answer.body["status"] == "OK" and answer.body["version"]


def test_there_are_no_prompts_in_words_that_clients_understand(key):
    answer = call("GET", "/api/public/v2/prompts/shop%2Fgreet", key=key)
    assert answer.status == 404 and answer.body["error"] == "LangfuseNotFoundError"
    assert "Prompt not found" in answer.body["message"] and "fallback" in answer.body["message"]


def test_what_is_not_here_is_404_in_json(key):
    for path in (
        "media", "v2/datasets", "dataset-items", "v2/observations", "v3/scores", "v2/metrics", "", "no/such/thing/",
    ):  # fmt: skip
        for method in ("GET", "POST", "PATCH"):
            answer = call(method, f"/api/public/{path}", key=key)
            assert answer.status == 404 and answer.body["message"]


def test_other_methods_are_named(key):
    answer = call("GET", "/api/public/ingestion", key=key)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert call("POST", "/api/public/projects", key=key).headers["allow"] == "GET"


def test_sql_that_is_away_is_503(key, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    for broken in ("telemetry.receive.langfuse._project_name", "accounts.keys.identify"):
        with monkeypatch.context() as patched:
            patched.setattr(broken, away)
            keys.forget_cached()
            answer = call("GET", "/api/public/projects", key=key)
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")


@pytest.fixture
def viewer(client, project, stores, settings):
    settings.TELEMETRY_PIPELINE = []
    client.force_login(make_bob(project))
    return client


def span(project, trace_id: str) -> None:
    stored(Span(project.pk, trace_id, "s1", start_time=START))


@pytest.mark.django_db
@pytest.mark.parametrize(("there", "asked"), [(HEX, HEX), (UUID, UUID), (UUID, HEX), (HEX, UUID), ("mine", "mine")])
def test_links_of_every_major_lead_to_the_trace(viewer, project, there, asked):
    span(project, there)
    for link in (f"/project/default/traces/{asked}", f"/trace/{asked}"):
        response = viewer.get(link, follow=True)
        assert response.redirect_chain == [(f"/traces/{there}/?project=default", 302)]
        assert response.status_code == 200
    response = viewer.get(f"/project/default/traces/{asked}?observation=s1")
    assert response.url == f"/traces/{there}/?project=default&span=s1"


@pytest.mark.django_db
def test_links_to_what_is_not_there_or_not_theirs_are_404(viewer, client, project):
    span(project, HEX)
    other = Project.objects.create(slug="other", name="Other")
    span(other, UUID.replace("e", "f"))
    for link in (f"/project/default/traces/{'0' * 32}", f"/project/nowhere/traces/{HEX}", "/trace/none"):
        assert viewer.get(link).status_code == 404
    assert viewer.get(f"/project/other/traces/{UUID.replace('e', 'f')}").status_code == 404
    assert viewer.get(f"/trace/{UUID.replace('e', 'f')}").status_code == 404
    client.force_login(make_charlie())
    assert client.get(f"/project/default/traces/{HEX}").status_code == 404
    client.logout()
    response = client.get(f"/project/default/traces/{HEX}")
    assert response.status_code == 302 and response.url.startswith("/accounts/login/?next=")


@pytest.mark.django_db
def test_a_link_while_the_store_is_away_says_so(viewer, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    monkeypatch.setattr("telemetry.store.rows", away)
    response = viewer.get(f"/trace/{HEX}")
    assert response.status_code == 503 and "does not answer" in response.content.decode()
