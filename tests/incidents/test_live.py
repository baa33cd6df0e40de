"""How open pages learn of changes: the socket, the hub, and what stands in for both."""

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser

from accounts import sockets
from accounts.models import Membership, Project
from incidents import actions, consumers, hub, live
from incidents.consumers import IncidentsConsumer
from incidents.models import State
from tests.dashboard.sockets import Socket
from tests.incidents.factories import make_incident
from tests.people import make_alice, make_bob, make_charlie

pytestmark = [pytest.mark.usefixtures("live", "transactional_db"), pytest.mark.asyncio]


def socket(user, query: str = "project=default") -> Socket:
    return Socket(user, query, application=IncidentsConsumer.as_asgi())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nobody waits for the look that is taken anyway: what arrives was announced."""
    monkeypatch.setattr(hub, "ANYWAY_SECONDS", 60.0)


async def told(viewer: Socket) -> dict:
    return json.loads(await viewer.text())


async def test_a_viewer_is_told_at_once_what_is_open_and_then_every_change(project):
    alice, bob = await sync_to_async(make_alice)(project), await sync_to_async(make_bob)(project)
    viewer = socket(bob)
    first = await viewer.opened()
    assert (first["open"], first["worst"], first["strip"].strip()) == (0, "", "")

    incident = await sync_to_async(make_incident)(project, actor=alice, severity="SEV1", title="Answers <are> wrong")
    opened = await told(viewer)
    assert (opened["open"], opened["worst"]) == (1, "SEV1")
    assert "Answers &lt;are&gt; wrong" in opened["strip"]

    await sync_to_async(actions.add_note)(incident, "seen", actor=alice)
    noted = await told(viewer)
    assert noted["stamp"] != opened["stamp"]

    await sync_to_async(actions.change_state)(incident, State.RESOLVED, reason="fixed", actor=alice)
    while (resolved := await told(viewer))["open"]:
        pass
    assert resolved["strip"].strip() == ""
    await viewer.leave()


async def test_who_comes_back_is_told_what_happened_meanwhile(project):
    alice = await sync_to_async(make_alice)(project)
    viewer = socket(alice)
    before = await viewer.opened()
    await viewer.leave()
    await sync_to_async(make_incident)(project)
    again = socket(alice)
    after = await again.opened()
    assert after["stamp"] != before["stamp"] and after["open"] == 1
    await again.leave()


async def test_other_projects_are_not_told(project):
    other = await sync_to_async(Project.objects.create)(slug="other", name="Other")
    viewer = socket(await sync_to_async(make_alice)(project))
    await viewer.opened()
    await sync_to_async(make_incident)(other)
    assert await viewer.receive_nothing(timeout=0.5)
    await viewer.leave()


async def test_it_opens_for_members_alone(project):
    charlie = await sync_to_async(make_charlie)()
    assert await socket(charlie).refused_with() == sockets.NOT_FOUND
    assert await socket(charlie, "project=no-such").refused_with() == sockets.NOT_FOUND
    assert await socket(charlie, "").refused_with() == sockets.NOT_FOUND
    assert await socket(AnonymousUser()).refused_with() == sockets.NOT_SIGNED_IN


async def test_a_person_who_was_removed_hears_no_more(project, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.0)
    viewer = socket(await sync_to_async(make_bob)(project))
    await viewer.opened()
    await sync_to_async(Membership.objects.all().delete)()
    await sync_to_async(make_incident)(project)
    assert await viewer.close_code() == sockets.NOT_FOUND


async def test_without_redis_it_looks_by_itself(project, settings, monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "DEAF_SECONDS", 0.1)
    url = f"unix://{tmp_path / 'nobody.sock'}"
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [url]}}
    }
    viewer = socket(await sync_to_async(make_bob)(project))
    await viewer.opened()
    await sync_to_async(make_incident)(project)
    assert (await told(viewer))["open"] == 1
    await viewer.leave()


async def test_nothing_is_asked_of_the_database_while_nothing_happens(project, monkeypatch):
    monkeypatch.setattr(hub, "ANYWAY_SECONDS", 0.05)
    rendered = []
    now = live.now
    monkeypatch.setattr(live, "now", lambda found: rendered.append(1) or now(found))
    viewer = socket(await sync_to_async(make_bob)(project))
    await viewer.opened()
    await asyncio.sleep(0.5)
    # Once for the one who joined, and once by the hub before it knew anything.
    assert len(rendered) <= 2
    await viewer.leave()


async def test_pages_without_a_socket_may_ask_for_the_same(project, async_client):
    await sync_to_async(make_incident)(project, severity="SEV2")
    await async_client.aforce_login(await sync_to_async(make_bob)(project))
    answer = await async_client.get("/incidents/now/")
    assert (answer.json()["open"], answer.json()["worst"]) == (1, "SEV2")
