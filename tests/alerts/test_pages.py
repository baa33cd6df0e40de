"""The pages of alerts as the people who use them see them."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Project
from alerts.evaluate import Evaluator
from alerts.models import Alert, Rule
from telemetry.store import StoreUnavailable
from tests.alerts.factories import NOW, make_alert, make_rule, send
from tests.people import make_alice, make_bob, make_charlie, make_rosa, make_user

pytestmark = pytest.mark.usefixtures("stores")

LIST = "/alerts/"


@pytest.fixture
def alice(client, project):
    client.force_login(make_alice(project))
    return client


@pytest.fixture
def rosa(client, project):
    user = make_rosa(project)
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def bob(client, project):
    client.force_login(make_bob(project))
    return client


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def titles(answer) -> list[str]:
    return re.findall(r'<th scope="row" class="wrap-anywhere"><a href="[^"]+">([^<]+)</a>', answer.content.decode())


def fired(project: Project, **changes) -> Alert:
    """An alert as the evaluator makes it."""
    rule = make_rule(project, name="Errors", scope={"feature": "search"}, **changes)
    send(project, NOW, good=1, bad=9, feature="search")
    Evaluator(clock=lambda: NOW).step()
    return Alert.objects.get(rule=rule)


def test_bob_sees_firing_alerts_first(bob, project):
    make_alert(project, title="new but over", state="resolved", fired_at=NOW, resolved_at=NOW)
    make_alert(project, title="old and firing", fired_at=NOW - timedelta(days=3), severity="SEV1")
    make_alert(project, title="older and over", state="resolved", fired_at=NOW - timedelta(days=4), resolved_at=NOW)
    page = bob.get(LIST)
    assert titles(page) == ["old and firing", "new but over", "older and over"]
    assert "Firing now: 1 SEV1" in text_of(page)
    assert "Acknowledge" not in text_of(page)


def test_charlie_sees_nothing(client, project):
    alert, rule = make_alert(project), make_rule(project)
    client.force_login(make_charlie())
    for url in (LIST, "/alerts/rules/", alert.get_absolute_url(), rule.get_absolute_url()):
        assert client.get(url).status_code == 404
    assert client.post(reverse("alerts:acknowledge", args=[alert.pk])).status_code == 404


def test_strangers_of_a_project_do_not_learn_what_it_has(bob, project):
    other = Project.objects.create(slug="other", name="Other")
    theirs, rule = make_alert(other, title="secret"), make_rule(other)
    assert bob.get(theirs.get_absolute_url()).status_code == 404
    assert bob.get(rule.get_absolute_url()).status_code == 404
    assert bob.get(f"/alerts/{theirs.pk + 999}/").status_code == 404
    assert "secret" not in text_of(bob.get(LIST))
    assert bob.get(f"{LIST}?project=other").status_code == 404


def test_who_is_not_signed_in_is_asked_to(client, project):
    alert = make_alert(project)
    for url in (LIST, alert.get_absolute_url(), "/alerts/rules/"):
        answer = client.get(url)
        assert (answer.status_code, urlsplit(answer.url).path) == (302, "/accounts/login/")


def test_filters_are_in_the_address(bob, project):
    rule = make_rule(project)
    make_alert(project, rule, title="of the rule", severity="SEV2")
    make_alert(project, title="slow answers", severity="SEV3")
    make_alert(project, title="slow and over", severity="SEV3", state="resolved", resolved_at=NOW)
    make_alert(project, title="slow and seen", severity="SEV3", acknowledged_at=NOW)

    def shown(query: str) -> set[str]:
        return set(titles(bob.get(f"{LIST}?{query}")))

    assert shown("state=resolved") == {"slow and over"}
    assert shown("state=unacknowledged") == {"of the rule", "slow answers"}
    assert shown("severity=SEV2") == {"of the rule"}
    assert shown(f"rule={rule.pk}") == {"of the rule"}
    assert shown("q=SLOW&state=firing") == {"slow answers", "slow and seen"}
    assert "No alert matches" in text_of(bob.get(f"{LIST}?q=nothing"))


@pytest.mark.parametrize(
    "query", ["state=broken", "severity=SEV9", "rule=x", "rule=99999999999999999999", "cursor=x", "cursor=firing.1.x",
              "cursor=firing.999999999999999999.1", "range=never"],
)  # fmt: skip
def test_an_address_that_means_nothing_says_so(bob, query):
    answer = bob.get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.content.decode()


def test_pages_go_back_without_gaps_or_repetitions(bob, project, monkeypatch):
    monkeypatch.setattr("alerts.views.PAGE", 3)
    for number in range(8):
        make_alert(
            project,
            title=f"alert {number}",
            # Several of one moment: the cursor must not lose any of them.
            fired_at=NOW - timedelta(minutes=number // 3),
            **({} if number % 4 else {"state": "resolved", "resolved_at": NOW}),
        )
    seen, url = [], LIST
    while url:
        page = bob.get(url)
        seen += titles(page)
        older = re.search(r'href="([^"]+)">Older<', page.content.decode())
        url = older[1].replace("&amp;", "&") if older else ""
    assert seen == ["alert 2", "alert 1", "alert 5", "alert 3", "alert 7", "alert 6", "alert 0", "alert 4"]


def test_the_list_alone_is_answered_to_htmx(bob, project):
    make_alert(project, title="swapped")
    answer = bob.get(LIST, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert titles(answer) == ["swapped"]


def test_the_address_keeps_what_is_asked_for_alone(bob, project):
    answer = bob.get(f"{LIST}?state=firing&severity=&rule=&q=", headers={"HX-Request": "true"})
    assert parse_qs(urlsplit(answer["HX-Push-Url"]).query) == {"project": [project.slug], "state": ["firing"]}
    assert "HX-Push-Url" not in bob.get(f"{LIST}?state=firing", headers={"HX-Request": "true"})


def test_titles_are_text_not_markup(bob, project):
    alert = make_alert(project, title="<script>alert(1)</script>")
    for url in (LIST, alert.get_absolute_url()):
        assert "<script>alert(1)" not in bob.get(url).content.decode()


def test_an_empty_list_says_why(alice, project):
    assert "Make the first one" in text_of(alice.get(LIST))
    make_rule(project)
    assert "1 rule watches this project" in text_of(alice.get(LIST))


def test_the_page_of_an_alert_shows_its_evidence(bob, project):
    alert = fired(project)
    page = bob.get(alert.get_absolute_url())
    text = text_of(page)
    assert "Errors: 90 %, above 10 %" in text
    assert "Error rate of calls over 10 min above 10 %" in text
    assert "feature: search" in text
    assert "10 calls" in text
    assert "timeout" in text
    content = page.content.decode()
    assert 'id="evidence-data"' in content
    for example in alert.evidence["examples"]:
        assert f"/traces/{example['trace_id']}/" in content
    link = next(part for part in re.findall(r'href="([^"]+)"', content) if "status=error" in part)
    query = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    assert query["feature"] == ["search"]
    assert query["from"] == [alert.evidence["start"]]
    assert query["calls"] == ["1"]


def test_an_alert_without_evidence_still_has_a_page(bob, project):
    assert bob.get(make_alert(project).get_absolute_url()).status_code == 200


def test_the_same_problem_before_is_shown(bob, project):
    rule = make_rule(project)
    before = make_alert(
        project, rule, state="resolved", fired_at=NOW - timedelta(days=2), resolved_at=NOW - timedelta(days=2)
    )
    alert = make_alert(project, rule)
    assert before.get_absolute_url() in bob.get(alert.get_absolute_url()).content.decode()


def test_rosa_acknowledges_and_everybody_sees_it(rosa, project):
    alert = make_alert(project)
    assert "Acknowledge" in text_of(rosa.get(alert.get_absolute_url()))
    answer = rosa.post(reverse("alerts:acknowledge", args=[alert.pk]), follow=True)
    alert.refresh_from_db()
    assert alert.acknowledged_by == rosa.user
    assert "seen by rosa" in text_of(answer)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.user, entry.project) == ("alert.acknowledged", rosa.user, project)


def test_the_second_to_acknowledge_learns_who_was_first(rosa, project):
    alert = make_alert(project, acknowledged_by=make_user("dora"), acknowledged_at=NOW)
    answer = rosa.post(reverse("alerts:acknowledge", args=[alert.pk]), follow=True)
    assert "dora has acknowledged it already" in text_of(answer)
    over = make_alert(project, state="resolved", resolved_at=NOW)
    answer = rosa.post(reverse("alerts:acknowledge", args=[over.pk]), follow=True)
    assert "resolved meanwhile" in text_of(answer)


@pytest.mark.parametrize(("target", "ends_at"), [("/alerts/?state=firing", "/alerts/"), ("https://evil.test/", None)])
def test_acknowledging_goes_back_to_where_one_was_on_this_site(rosa, project, target, ends_at):
    alert = make_alert(project)
    answer = rosa.post(reverse("alerts:acknowledge", args=[alert.pk]), {"next": target})
    assert urlsplit(answer.url).path == (ends_at or alert.get_absolute_url())
    assert urlsplit(answer.url).netloc == ""


def test_bob_may_look_but_not_acknowledge(bob, project):
    alert = make_alert(project)
    assert bob.post(reverse("alerts:acknowledge", args=[alert.pk])).status_code == 403
    assert bob.get(reverse("alerts:acknowledge", args=[alert.pk])).status_code == 405
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def test_a_role_elsewhere_is_no_role_here(client, project):
    """Rosa responds in one project and only looks in the other; which one she looked at last changes nothing."""
    other = Project.objects.create(slug="other", name="Other")
    user = make_rosa(project)
    user.memberships.create(project=other, role="viewer")
    client.force_login(user)
    client.get(f"{LIST}?project={project.slug}")
    alert = make_alert(other)
    assert client.post(reverse("alerts:acknowledge", args=[alert.pk])).status_code == 403
    assert "Acknowledge" not in text_of(client.get(alert.get_absolute_url()))


def test_the_overview_shows_what_every_rule_sees(bob, project):
    enough = make_rule(project, name="Enough", minimum_sample=5)
    few = make_rule(project, name="Few", minimum_sample=60)
    off = make_rule(project, name="Switched off", enabled=False)
    send(project, NOW, good=18, bad=5)
    evaluator = Evaluator(clock=lambda: NOW)
    while evaluator.step():
        pass
    page = bob.get("/alerts/rules/")
    text = text_of(page)
    assert "23 calls" in text and "21.7 %" in text
    assert "not enough evidence yet (n = 23 of 60)" in text
    assert re.search(r"Switched off .* Off", text)
    for rule in (enough, few, off):
        assert rule.get_absolute_url() in page.content.decode()
    assert "Edit" not in text


def test_alice_is_led_to_the_admin(alice, project):
    rule = make_rule(project)
    page = alice.get("/alerts/rules/").content.decode()
    assert reverse("admin:alerts_rule_change", args=[rule.pk]) in page
    assert reverse("admin:alerts_rule_add") in page


def test_the_page_of_a_rule_plays_it_over_the_past(bob, project):
    rule = make_rule(project, name="Errors", keep_firing_minutes=5)
    send(project, NOW - timedelta(hours=5), good=5, bad=5)
    send(project, NOW - timedelta(hours=4), good=20)
    text = text_of(bob.get(rule.get_absolute_url()))
    assert "it would have fired once in these 24 hours" in text
    assert "at 50 %" in text
    assert "It has never fired" in text
    assert bob.get(f"{rule.get_absolute_url()}?hours=6").status_code == 200
    assert bob.get(f"{rule.get_absolute_url()}?hours=7").status_code == 400


def test_a_rule_that_saw_nothing_says_so(bob, project):
    assert "Nothing to see in these 24 hours" in text_of(bob.get(make_rule(project).get_absolute_url()))


def test_the_page_of_a_rule_stands_while_the_store_is_away(bob, project, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("gone")

    monkeypatch.setattr("alerts.readings.telemetry_series.windows", away)
    rule = make_rule(project)
    answer = bob.get(rule.get_absolute_url())
    assert answer.status_code == 200
    assert "The telemetry store does not answer" in text_of(answer)


@pytest.mark.parametrize(
    "fields",
    [
        {"series": "score", "direction": "below", "threshold": 0.7},
        {"series": "latency_p99", "threshold": 1000},
        {"series": "failures", "subject": "timeout", "threshold": 3},
        {"series": "calls", "direction": "below", "threshold": 1},
        {"series": "tokens", "threshold": 1000},
        {"series": "cost", "condition": "change", "threshold": 200, "floor": 1},
        {"series": "budget", "threshold": 80},
        {"series": "score", "condition": "change", "direction": "below", "threshold": 15, "certain": True},
    ],
)
def test_every_kind_of_rule_has_a_page(bob, project, fields):
    rule = make_rule(project, **fields)
    send(project, NOW, good=3, bad=1)
    Evaluator(clock=lambda: NOW).step()
    assert bob.get(rule.get_absolute_url()).status_code == 200
    assert bob.get("/alerts/rules/").status_code == 200
    assert Rule.objects.get().last_error == ""


def test_a_list_of_any_length_takes_the_same_queries(bob, project, django_assert_max_num_queries):
    for _ in range(40):
        rule = make_rule(project)
        make_alert(project, rule, acknowledged_by=None)
    with django_assert_max_num_queries(14):
        bob.get(LIST)
    with django_assert_max_num_queries(12):
        bob.get("/alerts/rules/")
