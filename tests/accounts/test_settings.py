"""Keys, people, settings and the audit log of a project."""

import re

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, AuditEntry, Membership, User
from accounts.sign_in_link import make_token
from tests.people import make_alice, make_bob, make_charlie, make_rosa

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(project, client):
    alice = make_alice(project)
    client.force_login(alice)
    return alice


def issued_key(response) -> str:
    return re.search(r'id="issued-key">([^<]+)<', response.content.decode())[1]


def accepted(key: str, scope: str) -> bool:
    keys.forget_cached()
    try:
        keys.identify({"x-api-key": key}, scope=scope)
    except keys.KeyRefused:
        return False
    return True


def test_a_key_is_shown_once_and_works_with_its_scopes_alone(client, alice):
    made = client.post("/settings/keys/", {"name": "checkout", "scopes": ["ingest"]})
    key = issued_key(made)
    assert accepted(key, "ingest") and not accepted(key, "read")
    assert key not in client.get("/settings/keys/").content.decode()
    assert not ApiKey.objects.filter(digest=key).exists()


def test_a_revoked_key_stops(client, alice):
    key = issued_key(client.post("/settings/keys/", {"name": "old", "scopes": ["read"]}))
    client.post(f"/settings/keys/{ApiKey.objects.get(name='old').pk}/revoke/")
    assert not accepted(key, "read")


def test_a_rotated_key_goes_on_for_a_day(client, alice):
    old = issued_key(client.post("/settings/keys/", {"name": "svc", "scopes": ["read"]}))
    new = issued_key(client.post(f"/settings/keys/{ApiKey.objects.get(name='svc').pk}/rotate/"))
    assert new != old and accepted(old, "read") and accepted(new, "read")
    ApiKey.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now())
    assert not accepted(old, "read") and accepted(new, "read")


def test_a_key_wants_a_name_and_a_scope(client, alice):
    answer = client.post("/settings/keys/", {"name": ""})
    assert answer.status_code == 400
    assert {"name", "scopes"} <= set(answer.context["form"].errors)


def test_somebody_invited_makes_an_account_and_joins_once(project, client, alice):
    page = client.post("/settings/people/", {"role": "responder", "note": "Rosa"}).content.decode()
    link = re.search(r"http://testserver(/join/[^<]+)<", page)[1]
    client.logout()
    joined = client.post(
        link, {"username": "rosa", "password1": "a long enough pass", "password2": "a long enough pass"}
    )
    assert joined.status_code == 302
    assert Membership.objects.get(user__username="rosa").role == "responder"
    client.logout()
    used = client.get(link)
    assert used.status_code == 403 and "used already" in used.content.decode()


def test_a_withdrawn_or_damaged_link_says_so(project, client, alice):
    page = client.post("/settings/people/", {"role": "viewer"}).content.decode()
    link = re.search(r"http://testserver(/join/[^<]+)<", page)[1]
    client.post(f"/settings/invitations/{project.invitations.get().pk}/withdraw/")
    assert "withdrawn" in client.get(link).content.decode()
    assert "not complete" in client.get("/join/1:nonsense/").content.decode()


def test_an_admin_changes_roles_but_not_their_own(project, client, alice):
    bob = make_bob(project)
    client.post(f"/settings/people/{bob.memberships.get().pk}/", {"role": "responder"})
    assert bob.memberships.get().role == "responder"
    client.post(f"/settings/people/{alice.memberships.get().pk}/", {"role": "viewer"})
    assert alice.memberships.get().role == "admin"
    client.post(f"/settings/people/{bob.memberships.get().pk}/", {"remove": "1"})
    assert not bob.memberships.exists()


def test_the_audit_log_tells_who_changed_what(project, client, alice):
    client.post("/settings/keys/", {"name": "checkout", "scopes": ["ingest"]})
    form = client.get("/settings/").context["form"]
    values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    client.post("/settings/", values | {"name": "Renamed", "time_zone": "Europe/Berlin"})
    page = client.get("/settings/audit/").content.decode()
    assert "key.made" in page and "project.changed" in page and "alice" in page
    assert "key.made" not in client.get("/settings/audit/?q=project.changed").content.decode()
    assert AuditEntry.objects.filter(project=project).count() == 2


def test_a_wrong_time_zone_is_named(client, alice):
    answer = client.post("/settings/", {"name": "x", "time_zone": "Europe/Nowhere"})
    assert answer.status_code == 400 and "time_zone" in answer.context["form"].errors


def test_business_hours_must_end_after_they_begin(client, alice):
    form = client.get("/settings/").context["form"]
    values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    answer = client.post("/settings/", values | {"business_start": "17:00", "business_end": "09:00"})
    assert answer.status_code == 400 and "business_end" in answer.context["form"].errors


def test_an_address_that_somebody_has_is_not_given_twice(project, client, alice):
    User.objects.filter(pk=alice.pk).update(email="alice@example.org")
    page = client.post("/settings/people/", {"role": "viewer"}).content.decode()
    link = re.search(r"http://testserver(/join/[^<]+)<", page)[1]
    client.logout()
    password = "a long enough pass"
    form = {"username": "al", "email": "Alice@example.org", "password1": password, "password2": password}
    answer = client.post(link, form)
    assert answer.status_code == 400 and "sign in instead" in answer.content.decode()


@pytest.mark.parametrize("page", ["/settings/", "/settings/keys/", "/settings/people/", "/settings/audit/"])
def test_only_admins_enter(project, client, page):
    for person, status in ((make_rosa(project), 403), (make_bob(project), 403), (make_charlie(), 404)):
        client.force_login(person)
        assert client.get(page).status_code == status
    client.logout()
    assert client.get(page).status_code == 302


def test_the_first_link_signs_in_once(project, client):
    admin = User.objects.create_superuser("admin", password="a long enough password")
    token = make_token(admin)
    # A program that looks whether the link is good does not use it up.
    assert client.head(f"/accounts/link/{token}/").status_code == 405
    assert client.get(f"/accounts/link/{token}/").status_code == 302
    assert client.get("/settings/").status_code == 200
    client.logout()
    assert client.get(f"/accounts/link/{token}/").status_code == 403


def test_whoever_came_by_the_first_link_is_told_to_choose_a_password_and_needs_no_old_one(project, client):
    admin = User.objects.create_superuser("admin")
    told = client.get(f"/accounts/link/{make_token(admin)}/", follow=True).content.decode()
    assert "Choose a password under Account" in told
    page = client.get("/accounts/password/change/", follow=True).content.decode()
    assert "Current Password" not in page
    client.post("/accounts/password/set/", {"password1": "a long enough pass", "password2": "a long enough pass"})
    client.logout()
    assert client.login(username="admin", password="a long enough pass")


def test_a_forgotten_password_is_not_mailed_and_the_page_says_who_helps(client):
    assert "changepassword" in client.get("/accounts/password/reset/").content.decode()
    assert client.post("/accounts/password/reset/", {"email": "rosa@example.org"}).status_code == 302
