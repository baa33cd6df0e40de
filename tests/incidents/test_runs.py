"""Playbooks at work."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import deadlines, runs
from incidents.actions import Refused
from incidents.models import Playbook, PlaybookVersion
from incidents.seed import seed
from tests.incidents.factories import make_incident
from tests.people import make_alice

pytestmark = pytest.mark.django_db
BASE = "http://localhost:8000"


@pytest.fixture
def alice(project):
    return make_alice(project)


@pytest.fixture
def run(project, alice):
    seed(project)
    incident = make_incident(project, actor=alice, features=["support chat"])
    return runs.start(incident, Playbook.objects.get(slug="quality-degradation"), actor=alice, base_url=BASE)


def step(run, slug):
    return next(step for step in runs.steps(run) if step.slug == slug)


def test_it_leads_through_a_branch_to_the_end(run, alice):
    for item in step(run, "assess").items:
        runs.settle(run, item.key, "done", actor=alice)
    assert step(run, "assess").is_done
    assert not step(run, "mitigate").is_done
    run = runs.choose_branch(run, "mitigate", "recent-deployment", actor=alice)
    mitigate = step(run, "mitigate")
    assert [item.key.split("/")[1] for item in mitigate.open_items] == ["recent-deployment"] * 3
    runs.settle(run, mitigate.open_items[0].key, "done", note="reverted to prompt 12", actor=alice)
    runs.settle(run, mitigate.open_items[1].key, "done", actor=alice)
    runs.settle(run, mitigate.open_items[2].key, "skipped", note="no other change is planned", actor=alice)
    assert step(run, "mitigate").is_done
    texts = [entry.text for entry in run.incident.timeline.all()]
    assert "Mitigate: A release, prompt or configuration changed just before." in texts
    assert any("(reverted to prompt 12)" in text for text in texts)


def test_it_wants_a_reason_for_skipping_and_counts_the_first_tick(run, alice):
    key = step(run, "assess").items[0].key
    with pytest.raises(Refused, match="why it is skipped"):
        runs.settle(run, key, "skipped", actor=alice)
    first = runs.settle(run, key, "done", actor=alice)
    assert runs.settle(run, key, "skipped", note="late", actor=alice) == first
    runs.undo(run, key, actor=alice)
    assert step(run, "assess").items[0].state is None
    with pytest.raises(Refused, match="no such item"):
        runs.settle(run, "assess/nothing", "done", actor=alice)


def test_it_fills_commands_and_pages_from_the_incident(run):
    item = next(item for item in step(run, "assess").items if item.key.endswith("read-worst"))
    assert item.page.startswith(f"{BASE}/traces/?project=default")
    assert "&feature=support%20chat" in item.page
    assert "$ONWATCH_KEY" in step(run, "assess").items[0].command


def test_it_is_not_changed_by_a_new_version(run, alice):
    playbook = Playbook.objects.get(slug="quality-degradation")
    before = runs.steps(run)
    PlaybookVersion.objects.create(
        playbook=playbook, number=2, author=alice, definition=run.definition | {"steps": run.definition["steps"][:1]}
    )
    run.refresh_from_db()
    assert runs.steps(run) == before
    seed(run.incident.project)
    assert playbook.newest.number == 2


def test_an_overdue_step_is_marked_and_told_once(run, alice):
    later = timezone.now() + timedelta(minutes=6)
    assert step(run, "assess").is_overdue(later)
    assert not step(run, "mitigate").is_overdue(later)
    told = run.incident.timeline.count()
    deadlines.sweep(later)
    deadlines.sweep(later)
    assert run.incident.timeline.count() == told + 1


def test_a_step_that_was_done_in_time_is_never_told_as_missed(run, alice):
    for item in step(run, "assess").items:
        runs.settle(run, item.key, "done", actor=alice)
    assert deadlines.sweep(timezone.now() + timedelta(minutes=6)) == 0


def test_starting_it_twice_gives_the_run_that_is_under_way(run, alice):
    again = runs.start(run.incident, run.version.playbook, actor=alice, base_url=BASE)
    assert again.pk == run.pk
