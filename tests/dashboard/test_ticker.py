"""One rendering for everybody who looks at the same; nothing while nobody looks."""

import asyncio
import random
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async

from core.redis import connect
from dashboard import ticker as ticker_module
from dashboard import viewers
from dashboard.panels import PANELS
from dashboard.ticker import Ticker
from telemetry import commit
from telemetry.live import freshness, keys, rebuild
from telemetry.scope import Scope
from tests.dashboard.panels_for_tests import Counting, Still
from tests.dashboard.sockets import Socket
from tests.people import make_alice, make_bob
from tests.telemetry.live.traffic import make_span

pytestmark = [pytest.mark.usefixtures("stores", "transactional_db"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def as_new_process(settings, monkeypatch):
    settings.TELEMETRY_PIPELINE = []
    freshness.forget()
    # Only telemetry moves the panels of these tests.
    monkeypatch.setattr(ticker_module, "ANYWAY_SECONDS", 3600.0)
    yield
    freshness.forget()


async def send_call(project) -> None:
    def store() -> None:
        rng = random.Random(datetime.now(UTC).timestamp())
        commit.store_spans([make_span(rng, project.pk, datetime.now(UTC), kind="llm", counted=True)])
        commit.settle()

    await sync_to_async(store)()


async def joined(people, query="project=default"):
    sockets = []
    for user in people:
        sockets.append(Socket(user, query))
        await sockets[-1].opened()
    return sockets


async def leave(sockets):
    for each in sockets:
        await each.leave()


async def test_many_viewers_cost_one_rendering(project):
    alice = await sync_to_async(make_alice)(project)
    sockets = await joined([alice] * 20)
    panel = Counting("calls")
    ticker = Ticker([panel])
    assert await ticker.tick() == 1
    assert {await each.html() for each in sockets} == {panel.rendered[0]}
    assert len(panel.rendered) == 1
    await leave(sockets)


async def test_the_same_view_at_two_addresses_is_one_scope(project):
    alice, bob = await sync_to_async(make_alice)(project), await sync_to_async(make_bob)(project)
    sockets = [
        *await joined([alice], "project=default&feature=search&model=x"),
        *await joined([bob], "model=x&refresh=live&range=24h&feature=search&project=default"),
    ]
    assert await Ticker([Counting("calls")]).tick() == 1
    await leave(sockets)


async def test_nobody_looking_nothing_rendered(project):
    panel = Counting("calls")
    ticker = Ticker([panel])
    assert await ticker.tick() == 0
    alice = await sync_to_async(make_alice)(project)
    await leave(await joined([alice]))
    assert await ticker.tick() == 0
    assert panel.rendered == []


async def test_a_span_moves_the_panel_and_only_what_changed_is_sent(project):
    await sync_to_async(rebuild.repair_all)()
    alice = await sync_to_async(make_alice)(project)
    (viewer,) = await joined([alice])
    calls, still = Counting("calls"), Still("still")
    ticker = Ticker([calls, still])
    await ticker.tick()
    assert await viewer.html() == calls.rendered[0] + still.rendered[0]

    assert await ticker.tick() == 0, "nothing was recorded, so nothing is rendered"
    await send_call(project)
    assert await ticker.tick() == 1
    assert await viewer.html() == calls.rendered[-1]
    assert "1 calls" in calls.rendered[-1]
    await leave([viewer])


async def test_what_changes_without_telemetry_is_looked_at_every_few_seconds(project, monkeypatch):
    monkeypatch.setattr(ticker_module, "ANYWAY_SECONDS", 0.1)
    alice = await sync_to_async(make_alice)(project)
    sockets = await joined([alice])
    panel = Still("alerts")
    ticker = Ticker([panel])
    await ticker.tick()
    await asyncio.sleep(0.15)
    assert await ticker.tick() == 1
    assert len(panel.rendered) == 2
    assert await sockets[0].html() == panel.rendered[0]
    assert await sockets[0].receive_nothing()
    await leave(sockets)


async def test_what_was_pushed_is_forgotten_with_the_last_viewer(project):
    alice = await sync_to_async(make_alice)(project)
    sockets = await joined([alice])
    ticker = Ticker([Counting("calls")])
    await ticker.tick()
    scope_id = await sync_to_async(lambda: viewers.scope_id(Scope.from_query(project, {})))()
    assert connect().exists(keys.fragments(scope_id))
    await leave(sockets)
    await ticker.tick()
    assert not connect().exists(keys.fragments(scope_id))


async def test_a_viewer_whose_process_died_is_gone_after_a_while(project, monkeypatch):
    alice = await sync_to_async(make_alice)(project)
    sockets = await joined([alice])
    monkeypatch.setattr(viewers, "GONE_SECONDS", -1.0)
    assert await Ticker([Counting("calls")]).tick() == 0
    await leave(sockets)


async def test_the_real_panels_are_pushed_out_of_band(project):
    await send_call(project)
    alice = await sync_to_async(make_alice)(project)
    (viewer,) = await joined([alice])
    await Ticker().tick()
    html = await viewer.html()
    for panel in PANELS:
        assert f'id="panel-{panel.name}"' in html
    assert html.count('hx-swap-oob="true"') >= len(PANELS)
    await leave([viewer])


async def test_it_ticks_until_it_is_stopped(project):
    alice = await sync_to_async(make_alice)(project)
    (viewer,) = await joined([alice])
    task = asyncio.create_task(ticker_module.run())
    assert "panel-health" in await viewer.html()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await leave([viewer])
