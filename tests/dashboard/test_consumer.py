"""The live socket: who may open it, what a viewer gets at once, and what happens without Redis."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.security.websocket import AllowedHostsOriginValidator
from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership
from dashboard import consumers, viewers
from dashboard.consumers import LiveConsumer
from dashboard.ticker import Ticker
from onwatch import private_redis
from telemetry.live import freshness, rebuild
from tests.dashboard.panels_for_tests import Counting
from tests.dashboard.sockets import Socket
from tests.people import make_alice, make_bob, make_charlie

pytestmark = [pytest.mark.usefixtures("stores", "transactional_db"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def as_new_process():
    freshness.forget()
    yield
    freshness.forget()


def pubsub_at(url: str) -> dict:
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [url]}}
    return {"default": layer}


async def keep_repairing() -> None:
    while True:
        await sync_to_async(rebuild.repair_all)()
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("make", [make_alice, make_bob])
async def test_members_may_watch(project, make):
    await sync_to_async(rebuild.repair_all)()
    communicator = Socket(await sync_to_async(make)(project), "project=default")
    assert await communicator.opened() == {"state": "live"}
    await communicator.leave()


async def test_a_stranger_is_told_that_there_is_no_such_project(project):
    assert await Socket(await sync_to_async(make_charlie)(), "project=default").refused_with() == consumers.NOT_FOUND


async def test_nobody_learns_whether_a_project_exists(project):
    alice = await sync_to_async(make_alice)(project)
    assert await Socket(alice, "project=no-such").refused_with() == consumers.NOT_FOUND
    assert await Socket(alice, "").refused_with() == consumers.NOT_FOUND


async def test_it_needs_a_person_who_is_signed_in(project):
    assert await Socket(AnonymousUser(), "project=default").refused_with() == consumers.NOT_SIGNED_IN


@pytest.mark.parametrize(
    "query", ["range=2years", "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "refresh=10s", "compare=never"]
)
async def test_only_what_moves_is_pushed(project, query):
    alice = await sync_to_async(make_alice)(project)
    assert await Socket(alice, f"project=default&{query}").refused_with() == consumers.NOT_LIVE


async def test_another_site_cannot_open_it(project, settings):
    settings.ALLOWED_HOSTS = ["console.example"]
    alice = await sync_to_async(make_alice)(project)
    elsewhere = [(b"origin", b"https://elsewhere.example")]
    guarded = AllowedHostsOriginValidator(LiveConsumer.as_asgi())
    refused = await Socket(alice, "project=default", application=guarded, headers=elsewhere).handshake()
    assert refused["type"] == "websocket.close"


async def test_it_says_since_when_figures_are_stale(project):
    alice = await sync_to_async(make_alice)(project)
    communicator = Socket(alice, "project=default")
    message = await communicator.opened()
    assert message["state"] == "stale"
    assert message["since"].endswith("+00:00")
    await communicator.leave()


async def test_a_viewer_who_joins_gets_the_present_state_at_once(project):
    alice = await sync_to_async(make_alice)(project)
    first = Socket(alice, "project=default")
    await first.opened()
    await Ticker([Counting("one"), Counting("two")]).tick()
    pushed = await first.text()

    second = Socket(alice, "range=24h&project=default&compare=yesterday")
    await second.opened()
    assert await second.text() == pushed
    await first.leave()
    await second.leave()


async def test_a_slow_browser_delays_nobody_and_gets_the_newest_state(project):
    alice = await sync_to_async(make_alice)(project)
    quick, slow = Socket(alice, "project=default"), Socket(alice, "project=default")
    await slow.opened()
    (consumer,) = viewers.hubs.hub._viewers["project=default"]
    taken, send = asyncio.Event(), consumer.base_send

    async def send_when_taken(message):
        await taken.wait()
        await send(message)

    consumer.base_send = send_when_taken
    await quick.opened()
    for number in range(4):
        await viewers.announce("project=default", {"one": f'<p id="panel-one">{number}</p>'})
        assert await quick.html() == f'<p id="panel-one">{number}</p>'
    taken.set()
    assert await drain(slow) == ['<p id="panel-one">0</p>', '<p id="panel-one">3</p>']
    await quick.leave()
    await slow.leave()


async def drain(socket) -> list[str]:
    texts = []
    while not await socket.receive_nothing(timeout=0.3):
        texts.append(await socket.text())
    return [text for text in texts if not text.startswith("{")]


async def test_without_redis_a_viewer_is_told_so(project, settings, tmp_path, monkeypatch):
    settings.REDIS_URL = f"unix://{tmp_path / 'nobody.sock'}"
    settings.CHANNEL_LAYERS = pubsub_at(settings.REDIS_URL)
    alice = await sync_to_async(make_alice)(project)
    communicator = Socket(alice, "project=default")
    assert (await communicator.opened())["state"] == "stale"
    await communicator.leave()


async def test_a_person_who_was_removed_stops_watching(project, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.0)
    alice = await sync_to_async(make_alice)(project)
    communicator = Socket(alice, "project=default")
    await communicator.opened()
    await sync_to_async(Membership.objects.all().delete)()
    await Ticker([Counting("one")]).tick()
    assert await communicator.close_code() == consumers.NOT_FOUND


async def test_viewers_are_told_when_redis_goes_and_comes_back(project, monkeypatch, settings, tmp_path):
    path = private_redis.socket_path(tmp_path)
    settings.REDIS_URL = f"unix://{path}"
    settings.CHANNEL_LAYERS = pubsub_at(settings.REDIS_URL)
    monkeypatch.setattr(viewers, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(freshness, "PAUSE_SECONDS", 0.2)
    child = await asyncio.to_thread(private_redis.start, path)
    await sync_to_async(rebuild.repair_all)()
    alice = await sync_to_async(make_alice)(project)
    communicator = Socket(alice, "project=default")
    ticker = Ticker([Counting("one")])
    assert await communicator.opened() == {"state": "live"}
    # The next one comes from the heartbeat: opening is over.
    await communicator.state("live")

    child.kill()
    child.wait()
    stale = await communicator.state("stale")
    assert stale["since"]

    child = await asyncio.to_thread(private_redis.start, path)
    # As the job does it: a connection from before may fail once more.
    repairing = asyncio.create_task(keep_repairing())
    await communicator.state("live")
    while not await asyncio.to_thread(viewers.watched):
        await asyncio.sleep(0.05)
    await ticker.tick()
    assert "panel-one" in await communicator.html()
    repairing.cancel()
    await communicator.leave()
    child.terminate()
    child.wait()
