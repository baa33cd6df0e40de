"""The web forms of incidents, as plain posts; who may see and do what."""

import re

import pytest

from incidents import actions
from incidents.models import Incident, State
from incidents.seed import seed
from tests.incidents.factories import make_alert, make_incident, make_rule
from tests.people import make_alice, make_bob, make_charlie, make_rosa

pytestmark = pytest.mark.django_db


@pytest.fixture
def rosa(project, client, stores):
    seed(project)
    rosa = make_rosa(project)
    client.force_login(rosa)
    return rosa


def test_the_story_works_without_javascript(project, client, rosa):
    rule = make_rule(project, severity="SEV2", playbook="quality-degradation")
    alert = make_alert(rule)
    page = client.get(f"/incidents/new/?alert={alert.pk}").content.decode()
    assert "Proposed: SEV2." in page and "More than 50 % of requests failing" in page

    opened = client.post(
        "/incidents/new/",
        {"title": "Answers are wrong", "severity": "SEV2", "playbook": "quality-degradation", "alert": alert.pk},
    )
    incident = Incident.objects.get()
    assert opened.url == f"/incidents/{incident.ref}/"
    base = opened.url
    run = incident.runs.get()

    assert (
        client.post(f"{base}runs/{run.pk}/items/", {"item": "assess/confirm-drop", "outcome": "done"}).status_code
        == 302
    )
    client.post(f"{base}runs/{run.pk}/branch/", {"step": "mitigate", "branch": "recent-deployment"})
    client.post(f"{base}roles/", {"role": "commander", "person": rosa.pk})
    client.post(f"{base}notes/", {"text": "Prompt **13** is to blame"})
    client.post(f"{base}state/", {"state": "resolved", "reason": "scores are back"})

    page = client.get(base).content.decode()
    assert "<strong>13</strong>" in page
    assert "Resolved" in page and "Quality degradation" in page and alert.title in page
    incident.refresh_from_db()
    assert (incident.state, incident.commander) == (State.RESOLVED, rosa)


def test_one_click_opens_it_from_an_alert(project, client, rosa):
    alert = make_alert(make_rule(project, severity="SEV3"))
    first = client.post(f"/incidents/from-alert/{alert.pk}/")
    again = client.post(f"/incidents/from-alert/{alert.pk}/")
    assert first.url == again.url == f"/incidents/{Incident.objects.get().ref}/"


def test_it_says_which_field_is_missing_and_changes_nothing(project, client, rosa):
    incident = make_incident(project)
    response = client.post(f"/incidents/{incident.ref}/state/", {"state": "resolved"}, follow=True)
    assert "reason: This field is required." in response.content.decode()
    refused = client.post(f"/incidents/{incident.ref}/state/", {"state": "resolved"}, headers={"HX-Request": "true"})
    assert refused.status_code == 409
    incident.refresh_from_db()
    assert incident.state == State.DECLARED


def test_two_who_edit_at_once_see_both_versions(project, client, rosa):
    incident = make_incident(project)
    stale = incident.version
    actions.edit(incident, {"title": "Theirs"}, version=stale, actor=make_alice(project))
    answer = client.post(f"/incidents/{incident.ref}/edit/", {"title": "Mine", "version": stale})
    page = answer.content.decode()
    assert answer.status_code == 409 and "Theirs" in page and 'value="Mine"' in page
    incident.refresh_from_db()
    assert incident.title == "Theirs"


def test_it_escapes_what_comes_from_outside(project, client, rosa):
    bad = "<script>alert(1)</script>"
    incident = make_incident(project, title=bad, summary=f"{bad} [x](javascript:alert(1))", features=[bad])
    actions.add_note(incident, f"<img src=x onerror=alert(1)> {bad}", actor=rosa)
    page = client.get(f"/incidents/{incident.ref}/").content.decode()
    assert "<script>alert" not in page and "<img" not in page and 'href="javascript' not in page


def test_the_live_part_answers_only_when_something_changed(project, client, rosa):
    incident = make_incident(project)
    page = client.get(f"/incidents/{incident.ref}/live/", headers={"HX-Request": "true"})
    revision = page.context["incident"].revision
    address = f"/incidents/{incident.ref}/live/?revision={revision}"
    assert client.get(address).status_code == 204
    actions.add_note(incident, "new", actor=rosa)
    assert client.get(address).status_code == 200


def test_the_list_has_open_ones_first_and_finds_by_words_and_id(project, client, rosa):
    done = make_incident(project, title="Old outage", actor=rosa)
    actions.change_state(done, State.RESOLVED, reason="fixed", actor=rosa)
    make_incident(project, title="Slow answers", severity="SEV3")
    page = client.get("/incidents/")
    assert [row.title for row in page.context["page"].rows] == ["Slow answers", "Old outage"]
    found = client.get(f"/incidents/?q={done.ref.lower()}").context["page"].rows
    assert [row.pk for row in found] == [done.pk]
    assert [row.title for row in client.get("/incidents/?severity=SEV3").context["page"].rows] == ["Slow answers"]
    assert client.get("/incidents/?state=nonsense").status_code == 400


def test_pages_follow_each_other_without_gaps_or_repeats(project, client, rosa):
    made = [make_incident(project, title=f"n{number}") for number in range(53)]
    first = client.get("/incidents/").context["page"]
    second = client.get(f"/incidents/?cursor={first.cursor}").context["page"]
    seen = [row.pk for row in (*first.rows, *second.rows)]
    assert seen == [incident.pk for incident in reversed(made)] and second.cursor == ""


def test_open_incidents_stand_in_the_head_and_title_of_every_page(project, client, rosa):
    incident = make_incident(project, severity="SEV1")
    page = client.get("/incidents/playbooks/").content.decode()
    assert "<title>(1) SEV1 ·" in page and incident.ref in page


def test_a_viewer_sees_and_a_stranger_knows_nothing(project, client, stores):
    incident = make_incident(project)
    base = f"/incidents/{incident.ref}/"
    client.force_login(make_bob(project))
    assert client.get(base).status_code == 200
    assert "Add the note" not in client.get(base).content.decode()
    assert client.post(f"{base}notes/", {"text": "no"}).status_code == 403
    assert client.get(f"{base}edit/").status_code == 403
    client.force_login(make_charlie())
    assert client.get(base).status_code == 404
    assert client.post(f"{base}notes/", {"text": "no"}).status_code == 404
    client.logout()
    assert client.get(base).status_code == 302


def test_the_playbook_page_shows_steps_and_branches_without_empty_lines(project, client, rosa):
    page = client.get("/incidents/playbooks/quality-degradation/").content.decode()
    assert "From 5 min to 15 min." in page and "A release, prompt or configuration changed just before" in page
    assert not re.search(r"<li>\s*</li>", page)


def test_the_playbook_page_shows_each_version(project, client, rosa):
    assert "Quality degradation" in client.get("/incidents/playbooks/").content.decode()
    page = client.get("/incidents/playbooks/cost-spike/").content.decode()
    assert "A loop, a retry storm" in page
    assert client.get("/incidents/playbooks/cost-spike/?version=9").status_code == 404
