"""The dashboard page, its panels alone, who sees them, and that their numbers are those of the store."""

import gzip
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from accounts.models import Project
from costs.models import Budget
from dashboard import panels
from dashboard.panels import BY_NAME, PANELS
from dashboard.ticker import Pushed
from telemetry.models import Change
from telemetry.scope import Scope
from telemetry.store import StoreUnavailable
from telemetry.window import Window
from tests.dashboard.factories import make_span, send
from tests.people import make_alice, make_bob, make_charlie

pytestmark = pytest.mark.usefixtures("stores", "as_sent")


@pytest.fixture
def bob(client, project):
    client.force_login(make_bob(project))
    return client


def text_of(response):
    """The words on the page, each piece of space a single blank."""
    html = response.content.decode() if hasattr(response, "content") else str(response)
    bare = re.sub(r"<script.*?</script>|<noscript.*?</noscript>", " ", html, flags=re.DOTALL)
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", bare).split()))


def panel(project, name, **query):
    return str(BY_NAME[name].render(Scope.from_query(project, query)))


@pytest.mark.parametrize("path", ["/", "/panels/health/", "/panels/first-span/"])
def test_strangers_see_nothing(client, project, path):
    assert client.get(path).status_code == 302

    client.force_login(make_charlie())

    assert client.get(path).status_code == 404
    assert client.get(f"{path}?project={project.slug}").status_code == 404


@pytest.mark.parametrize("make_person", [make_alice, make_bob])
def test_members_see_all_panels_in_their_order(client, project, make_person):
    send(make_span(project))
    client.force_login(make_person(project))

    html = client.get("/").content.decode()

    order = re.findall(r'<section class="[^"]*" id="panel-(\w+)"', html)
    assert order == ["health", "quality", "errors", "issues", "costs", "alerts"]


def test_the_page_travels_compressed(bob, project):
    send(make_span(project))
    plain = bob.get("/")
    packed = bob.get("/", headers={"accept-encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert b"panel-health" in gzip.decompress(packed.content)
    assert len(packed.content) < len(plain.content) / 3


@pytest.mark.parametrize(
    ("query", "named"),
    [("range=2y", "range"), ("from=tomorrowish", "from"), ("compare=never", "compare"), ("refresh=3s", "refresh")],
)
def test_a_bad_address_is_400_and_names_the_parameter(bob, query, named):
    for path in ("/", "/panels/errors/"):
        response = bob.get(f"{path}?{query}")
        assert response.status_code == 400
        assert f"{named}:" in response.content.decode()


def test_an_unknown_panel_is_404(bob):
    assert bob.get("/panels/astrology/").status_code == 404


@pytest.mark.parametrize("name", [each.name for each in PANELS])
def test_every_panel_works_alone_and_pushed(bob, project, name):
    send(make_span(project, scores={"overall": 0.7}), make_span(project, status="error", error_type="timeout"))

    alone = bob.get(f"/panels/{name}/").content.decode()
    pushed = str(BY_NAME[name].render(Scope.from_query(project, {}), oob=True))

    assert alone.startswith(f'<section class="card panel panel--{name}" id="panel-{name}"')
    assert "hx-swap-oob" not in alone
    assert pushed.startswith(f'<section class="card panel panel--{name}" id="panel-{name}"')
    assert 'hx-swap-oob="true"' in pushed


def test_a_panel_whose_store_is_away_says_so_and_the_page_loads(bob, project, monkeypatch):
    send(make_span(project))

    def away(*_):
        raise StoreUnavailable("away")

    broken = tuple(panels.Panel(each.name, each.title, away) if each.name == "costs" else each for each in PANELS)
    monkeypatch.setattr("dashboard.views.PANELS", broken)
    response = bob.get("/")

    assert response.status_code == 200
    html = response.content.decode()
    assert html.count("No figures right now") == 1
    assert 'hx-target="#panel-costs"' in html
    assert "1 calls" in text_of(response)


def test_all_panels_say_when_the_store_is_away(bob, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr("telemetry.store.rows", away)
    monkeypatch.setattr("telemetry.series.total", away)
    monkeypatch.setattr("telemetry.series.windows", away)
    response = bob.get("/")

    assert response.status_code == 200
    assert response.content.decode().count("No figures right now") == 5


def test_numbers_equal_what_was_stored(project):
    send(
        *(make_span(project) for _ in range(7)),
        make_span(project, model="model-b", cost_nano=500_000_000),
        make_span(project, model="local", cost_nano=0, cost_source=""),
        make_span(project, status="error", error_type="timeout"),
        make_span(project, kind="tool", model="", status="error", error_type="tool_error", cost_nano=0, cost_source=""),
    )

    errors, costs = text_of(panel(project, "errors")), text_of(panel(project, "costs"))

    assert "2 failed operations ; 1 of 10 calls , 10 %" in errors
    assert re.search(r"timeout 50.0 % 1 ", errors)
    assert re.search(r"tool_error 50.0 % 1 ", errors)
    # 8 calls at 0.2 cents, one of half a dollar, one of unknown cost.
    assert "$0.52 for 10 calls" in costs
    assert "model-b $0.50 96.9 % 1" in costs
    assert "model-a $0.02 3.1 % 8" in costs
    assert "local no price – 1" in costs
    assert "1 call without a known price" in costs


def test_every_number_leads_to_its_traces(bob, project):
    send(
        make_span(project, scores={"overall": 0.7}),
        make_span(project, status="error", error_type="timeout"),
    )

    html = unescape(bob.get("/?range=6h&model=model-a").content.decode())

    for filters in ("failed=1&error_type=timeout", "calls=1&status=error", "score=overall", "calls=1&min_ms=5000"):
        found = [link for link in re.findall(r'href="(/traces/\?[^"]+)"', html) if filters in link]
        assert found, filters
        assert any("project=default&range=6h&model=model-a" in link for link in found)
        assert all("model=model-a" in link for link in found)


def test_the_health_panel_says_what_is_missing(project):
    send(*(make_span(project) for _ in range(3)))

    words = text_of(panel(project, "health"))

    assert "No scores yet; left out of the score" in words
    assert "only 3 calls" in words
    assert "Nothing to compare with, and no budget; left out of the score" in words
    assert "How the score is made" in words


def test_health_changes_against_the_comparison(project):
    hour, day = timedelta(hours=1), timedelta(days=1)
    send(
        *(make_span(project, ago=hour, scores={"overall": 0.6}) for _ in range(30)),
        *(make_span(project, ago=hour + day, scores={"overall": 0.9}) for _ in range(30)),
    )

    words = text_of(panel(project, "health"))

    assert "Response quality 60 / 100 ▼ 30.0" in words
    assert "against same time yesterday" in words
    assert "▼ 30.0" not in text_of(panel(project, "health", compare="none"))


def test_the_comparison_is_read_once_for_a_while_and_the_present_always(project, monkeypatch):
    read = []
    monkeypatch.setattr("telemetry.series.total", lambda _, span, *__, **___: read.append(span.end) or Window())

    for _ in range(3):
        panel(project, "health")

    yesterday = [end for end in read if end < timezone.now() - timedelta(hours=23)]
    assert (len(read), len(yesterday)) == (4, 1)


def test_nothing_in_the_range_is_not_a_perfect_score(project):
    send(make_span(project, ago=timedelta(hours=3)))

    words = text_of(panel(project, "health", range="15m"))

    assert "No score: no calls and no scores in this range." in words
    assert "Nothing received in this range" in text_of(panel(project, "errors", range="15m"))


def test_the_trend_holds_every_score_and_the_comparison(project):
    minutes, day = timedelta(minutes=30), timedelta(days=1)
    send(
        make_span(project, ago=minutes, scores={"overall": 0.5, "safety": 1.0, "stars": 4.0}),
        make_span(project, ago=minutes + day, scores={"overall": 0.75}),
    )
    Change.objects.create(project=project, title="v2 <b>", at=timezone.now() - minutes)

    html = panel(project, "quality")
    figure = json.loads(re.search(r'id="quality-trend-data"[^>]*>(.*?)</script>', html, re.DOTALL).group(1))

    traces = {trace["name"]: trace for trace in figure["data"]}
    assert list(traces) == ["overall, before", "overall", "safety"]
    assert [value for value in traces["overall"]["y"] if value is not None] == [0.5]
    assert [value for value in traces["overall, before"]["y"] if value is not None] == [0.75]
    assert traces["safety"]["visible"] == "legendonly"
    known = [trace["y"].index(value) for trace, value in ((traces["overall"], 0.5), (traces["overall, before"], 0.75))]
    assert known[0] == known[1]
    assert [note["hovertext"] for note in figure["layout"]["annotations"]] == ["Deployment: v2 <b>"]


def test_the_budget_and_what_remains_of_it(project):
    Budget.objects.create(project=project, name="Daily", limit_usd="1.00", period="month")
    send(make_span(project, cost_nano=250_000_000))

    words = text_of(panel(project, "costs"))

    assert "Daily (month) ✓ $0.75 left of $1.00" in words
    assert "$0.25 spent, 25 %" in words


def test_a_model_with_a_hostile_name_stays_a_name(project):
    evil = "</script><img src=x onerror=alert(1)>"
    send(
        *(
            make_span(project, model=evil, name=evil, status="error", error_type="timeout", scores={evil: 0.5})
            for _ in range(6)
        )
    )

    for each in PANELS:
        html = panel(project, each.name)
        assert "<img" not in html
        assert "onerror=alert(1)>" not in html


def test_filters_by_user_are_said_not_to_narrow(project):
    send(make_span(project, user_id="ada"))

    assert "do not narrow this page" in text_of(panel(project, "health", user_id="ada"))


def test_a_new_project_shows_how_to_send_and_turns_by_itself(bob, project):
    page = bob.get("/").content.decode()
    assert "Waiting for the first span" in page
    assert "http://testserver/v1/traces" in page
    assert "LANGSMITH_ENDPOINT=http://testserver/api/v1" in page
    assert bob.get("/panels/first-span/").status_code == 204

    send(make_span(project))

    turned = bob.get("/panels/first-span/")
    assert turned.headers["HX-Refresh"] == "true"
    assert "panel-health" in bob.get("/").content.decode()


def test_only_the_default_project_needs_no_key(client, project, settings):
    other = Project.objects.create(slug="other", name="Other")
    alice = make_alice(project)
    alice.memberships.create(project=other, role="admin")
    client.force_login(alice)
    settings.ONWATCH_KEYLESS = True

    assert "YOUR_KEY" not in client.get("/?project=default").content.decode()
    assert "YOUR_KEY" in client.get("/?project=other").content.decode()


def test_the_toolbar_keeps_everything_in_the_address(bob, project):
    send(make_span(project))

    html = unescape(bob.get("/?range=7d&compare=week&refresh=off&model=model-a&dimension=safety").content.decode())

    assert (
        'id="range-1h" href="/?project=default&range=1h&compare=week&refresh=off&model=model-a&dimension=safety"'
        in html
    )
    assert 'id="compare-none" href="/?project=default&range=7d&compare=none&refresh=off&model=model-a' in html
    assert re.search(r'id="range-7d"[^>]*aria-current', html)
    # The chip's × removes the one filter and nothing else; a series that is shown is no filter.
    assert 'class="chip__remove" href="/?project=default&range=7d&compare=week&refresh=off&dimension=safety"' in html
    assert html.count("chip__remove") == 1


def test_live_is_offered_only_where_the_range_ends_now(bob, project):
    send(make_span(project))

    live = bob.get("/?range=1h").content.decode()
    custom = bob.get("/?from=now-2h&to=now-1h").content.decode()

    assert 'ws-connect="/ws/live/?project=default&amp;range=1h"' in live
    assert "ws-connect" not in custom
    assert 'id="refresh-live"' not in custom


def test_the_appearance_is_kept_with_the_person(bob):
    assert bob.get("/appearance/").status_code == 405

    response = bob.post("/appearance/", {"theme": "dark", "next": "/?range=1h"})

    assert response.headers["Location"] == "/?range=1h"
    assert '<html lang="en" data-theme="dark">' in bob.get("/").content.decode()


def test_the_appearance_goes_back_to_this_site_alone(bob):
    assert bob.post("/appearance/", {"theme": "dark", "next": "https://evil.example/"}).headers["Location"] == "/"
    assert bob.post("/appearance/", {"theme": "neon"}).status_code == 400


def test_panels_are_pushed_no_more_often_than_their_pause():
    pushed = Pushed()
    names = [[each.name for each in pushed.take_due(PANELS, now)] for now in (5.0, 6.0, 8.5, 15.5)]

    assert names[0] == [each.name for each in PANELS]
    assert "issues" not in names[1] and "costs" not in names[1] and "health" in names[1]
    assert "issues" not in names[2] and "costs" in names[2]
    assert "issues" in names[3]
