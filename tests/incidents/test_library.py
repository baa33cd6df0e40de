"""Playbooks edited in the admin and kept as files: versions, the round trip, and what is refused with which words."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, User
from incidents import playbook_format, runs
from incidents.models import Playbook
from incidents.seed import seed
from tests.incidents.factories import make_incident
from tests.people import make_alice, make_bob

pytestmark = pytest.mark.django_db


@pytest.fixture
def playbook(project) -> Playbook:
    seed(project)
    return Playbook.objects.get(slug="cost-spike")


@pytest.fixture
def root(client) -> User:
    root = User.objects.create_superuser("root", password="a long enough password")
    client.force_login(root)
    return root


def save(client, playbook: Playbook, text: str, note: str = ""):
    return client.post(f"/admin/incidents/playbook/{playbook.pk}/change/", {"text": text, "note": note})


def test_saving_in_the_admin_makes_a_version_and_runs_keep_theirs(project, client, root, playbook):
    incident = make_incident(project)
    run = runs.start(incident, playbook, actor=root, base_url="http://localhost")
    text = playbook_format.dump(playbook.newest.definition).replace("name: Cost spike", "name: Spend explodes")
    assert save(client, playbook, text, note="clearer").status_code == 302
    playbook.refresh_from_db()
    assert (playbook.name, playbook.newest.number, playbook.newest.author) == ("Spend explodes", 2, root)
    run.refresh_from_db()
    assert (run.version.number, run.name) == (1, "Cost spike")
    assert "version 1" in client.get(incident.get_absolute_url()).content.decode()
    entry = AuditEntry.objects.get(action="playbook.changed")
    assert (entry.user, entry.detail["note"]) == (root, "clearer")
    # The same again is no new version, and the next start does not undo it.
    save(client, playbook, text)
    seed(project)
    assert playbook.newest.number == 2


def test_the_admin_names_the_place_that_is_wrong_and_keeps_the_text(client, root, playbook):
    text = playbook_format.dump(playbook.newest.definition).replace("to: 5m", "to: five minutes", 1)
    page = save(client, playbook, text)
    assert page.status_code == 200
    assert "step 1, window, to: &#x27;five minutes&#x27; is no duration" in page.content.decode()
    assert "five minutes" in page.context["adminform"].form["text"].value()
    assert playbook.newest.number == 1


def test_only_superusers_edit_what_all_projects_share(project, client, playbook):
    client.force_login(make_alice(project))
    assert save(client, playbook, "slug: x").status_code == 403


def test_a_file_goes_out_and_comes_back_the_same(playbook, tmp_path, capsys):
    call_command("playbooks", "export", str(tmp_path))
    path = tmp_path / "cost-spike.yaml"
    assert playbook_format.parse(path.read_text()) == playbook.newest.definition
    call_command("playbooks", "import", str(path))
    assert playbook.newest.number == 1
    path.write_text(path.read_text().replace("name: Cost spike", "name: Spend explodes"))
    call_command("playbooks", "import", str(path), "--note", "from the repository")
    assert (playbook.newest.number, playbook.newest.note) == (2, "from the repository")


def test_one_wrong_file_and_none_is_imported(playbook, tmp_path):
    call_command("playbooks", "export", str(tmp_path))
    good = tmp_path / "cost-spike.yaml"
    good.write_text(good.read_text().replace("name: Cost spike", "name: Spend explodes"))
    bad = tmp_path / "provider-down.yaml"
    bad.write_text(bad.read_text().replace("  name: Assess\n", "", 1))
    with pytest.raises(CommandError, match=r"provider-down\.yaml: step 1: needs name"):
        call_command("playbooks", "import", str(good), str(bad))
    with pytest.raises(CommandError, match=r"nowhere\.yaml"):
        call_command("playbooks", "check", str(tmp_path / "nowhere.yaml"))
    assert playbook.newest.number == 1


def test_every_version_can_be_downloaded(project, client, playbook):
    client.force_login(make_bob(project))
    answer = client.get("/incidents/playbooks/cost-spike.yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="cost-spike.yaml"'
    assert playbook_format.parse(answer.content.decode()) == playbook.newest.definition
    assert client.get("/incidents/playbooks/cost-spike.yaml?version=7").status_code == 404
