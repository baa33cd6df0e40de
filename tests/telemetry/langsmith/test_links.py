"""The addresses that LangSmith's clients compute lead people to the trace."""

import uuid

import pytest

from accounts.models import Project
from telemetry.langsmith import ids
from tests.people import make_bob, make_charlie
from tests.telemetry.langsmith.client import END, asked, run, sent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def child(key) -> dict:
    root = run(name="rag", run_type="chain") | END
    inside = run(trace_id=root["id"], parent_run_id=root["id"]) | END
    sent(key, root, inside)
    return inside


def address(project: Project, run_id: str) -> str:
    """As ``get_run_url`` makes it."""
    session = ids.session_id(project.pk, "shop")
    return f"/o/{ids.tenant_id(project.pk)}/projects/p/{session}/r/{run_id}?poll=true"


def test_a_viewer_lands_on_the_trace_with_the_run_chosen(client, project, child):
    client.force_login(make_bob(project))
    answer = client.get(address(project, child["id"]), follow=True)
    assert answer.status_code == 200
    chosen = uuid.UUID(child["id"]).hex
    assert answer.redirect_chain == [
        (f"/traces/{uuid.UUID(child['trace_id']).hex}/?project={project.slug}&span={chosen}", 302)
    ]
    assert answer.context["chosen"].span_id == chosen


def test_the_address_in_the_run_and_of_its_project_work_too(client, key, project, child):
    client.force_login(make_bob(project))
    path = asked(key, f"/runs/{child['id']}")["app_path"]
    assert client.get(path, follow=True).context["chosen"].name == "ChatOpenAI"
    url = asked(key, f"/api/v2/runs/{child['id']}/url?project_id={ids.session_id(project.pk, 'shop')}")["url"]
    assert url == f"http://localhost{path}"
    session = client.get(f"/o/{ids.tenant_id(project.pk)}/projects/p/{ids.session_id(project.pk, 'shop')}")
    assert session.url == f"/traces/?project={project.slug}&service=shop"


def test_who_may_not_know_of_it_finds_nothing(client, project, child):
    assert client.get(address(project, child["id"])).url.startswith("/accounts/login/")
    client.force_login(make_charlie())
    assert client.get(address(project, child["id"])).status_code == 404


def test_a_run_that_is_not_there_is_not_found(client, project, child):
    client.force_login(make_bob(project))
    other = Project.objects.create(slug="other", name="Other")
    for path in (address(project, str(uuid.uuid4())), address(other, child["id"])):
        assert client.get(path).status_code == 404
    unknown = f"/o/{ids.tenant_id(project.pk)}/projects/p/{uuid.uuid4()}"
    assert client.get(unknown).status_code == 404


def test_words_are_shown_beside_the_run(client, key, project, child):
    said = {"run_id": child["id"], "key": "note", "comment": "Too long.", "correction": {"answer": "Yes."}}
    asked(key, "/feedback", said, expect=202)
    client.force_login(make_bob(project))
    page = client.get(address(project, child["id"]), follow=True).content.decode()
    assert "Too long." in page and "What was said of this span" in page
