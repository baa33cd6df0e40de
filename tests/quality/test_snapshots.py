"""Hourly snapshots: exact, idempotent, and caught up with what comes late."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Project
from quality import snapshots
from quality.models import QualitySnapshot
from tests.people import make_alice, make_bob
from tests.quality.factories import store_score

pytestmark = pytest.mark.usefixtures("judged_project")


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_it_sums_up_the_hour_exactly(project):
    hour = this_hour() - timedelta(hours=1)
    for name, value, minute in (
        ("overall", 0.25, 0), ("overall", 0.5, 30), ("overall", 0.75, 59), ("safety", 1.0, 5), ("groundedness", 0.1, 5),
    ):  # fmt: skip
        store_score(project, name, value, hour + timedelta(minutes=minute))
    store_score(project, "overall", 0.0, hour - timedelta(seconds=1))
    store_score(project, "overall", 0.0, hour + timedelta(hours=1))
    snapshots.update()
    row = QualitySnapshot.objects.get(project=project, hour=hour)
    assert (row.overall, row.safety, row.correctness, row.relevance) == (0.5, 1.0, None, None)
    assert (row.overall_count, row.safety_count, row.correctness_count, row.sample_size) == (3, 1, 0, 3)
    assert not row.provisional


def test_the_running_hour_is_provisional_until_it_is_over(project):
    now = this_hour() + timedelta(minutes=20)
    store_score(project, "overall", 0.5, now - timedelta(minutes=5))
    snapshots.update(now)
    assert QualitySnapshot.objects.get().provisional
    store_score(project, "overall", 1.0, now - timedelta(minutes=4))
    snapshots.update(now)
    row = QualitySnapshot.objects.get()
    assert (row.overall, row.sample_size, row.provisional) == (0.75, 2, True)
    snapshots.update(now + timedelta(hours=9))
    row.refresh_from_db()
    assert (row.overall, row.sample_size, row.provisional) == (0.75, 2, False)


def test_it_writes_only_what_changed(project):
    store_score(project, "overall", 0.5, this_hour() - timedelta(minutes=5))
    assert snapshots.update() == 1
    assert snapshots.update() == 0
    store_score(project, "overall", 0.6, this_hour() - timedelta(minutes=5))
    assert snapshots.update() == 1


def test_it_catches_up_with_scores_for_hours_long_past(project):
    store_score(project, "overall", 0.5, this_hour() - timedelta(minutes=5))
    snapshots.update()
    store_score(project, "overall", 0.25, this_hour() - timedelta(hours=40))
    assert snapshots.update() == 1
    assert QualitySnapshot.objects.get(hour=this_hour() - timedelta(hours=40)).overall == 0.25


def test_an_hour_without_scores_has_no_snapshot(project):
    snapshots.update()
    assert not QualitySnapshot.objects.exists()


def test_it_keeps_projects_apart_and_forgets_deleted_ones(project):
    other = Project.objects.create(slug="other", name="Other")
    gone = Project.objects.create(slug="gone", name="Gone")
    for each, value in ((project, 0.5), (other, 0.75), (gone, 1.0)):
        store_score(each, "overall", value, this_hour() - timedelta(minutes=5))
    gone.delete()
    snapshots.update()
    assert dict(QualitySnapshot.objects.values_list("project__slug", "overall")) == {"default": 0.5, "other": 0.75}


def test_the_admin_shows_snapshots_and_lets_nobody_change_them(client, project):
    store_score(project, "overall", 0.625, this_hour() - timedelta(minutes=5))
    snapshots.update()
    row = QualitySnapshot.objects.get()
    client.force_login(make_alice(project))
    assert "0.625" in client.get(reverse("admin:quality_qualitysnapshot_changelist")).content.decode()
    assert client.get(reverse("admin:quality_evaluationcursor_changelist")).status_code == 200
    assert client.get(reverse("admin:quality_qualitysnapshot_add")).status_code == 403
    assert (
        client.post(reverse("admin:quality_qualitysnapshot_change", args=[row.pk]), {"overall": 1}).status_code == 403
    )
    assert (
        client.post(reverse("admin:quality_qualitysnapshot_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    )
    client.force_login(make_bob(project))
    assert client.get(reverse("admin:quality_qualitysnapshot_changelist")).status_code in (302, 403)
