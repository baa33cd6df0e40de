"""A second factor: a person turns it on, signs in with a code, and with a recovery code when the phone is lost."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache

from tests.people import make_rosa

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def nothing_used():
    """allauth remembers codes that were used, and failed attempts."""
    cache.clear()


@pytest.fixture
def rosa(project, client):
    rosa = make_rosa(project)
    sign_in(client)
    return rosa


def sign_in(client):
    return client.post("/accounts/login/", {"login": "rosa", "password": PASSWORD})


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    counters = list(yield_hotp_counters_from_time())
    now = counters[len(counters) // 2]
    return format_hotp_value(hotp_value(secret, now))


def enrol(client) -> str:
    # It changes how one signs in, so the password is asked for once more.
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked.url.startswith("/accounts/reauthenticate/")
    confirmed = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/accounts/2fa/totp/activate/"})
    page = client.get(confirmed.url)
    assert page.status_code == 200
    secret = re.search(r'value="([A-Z2-7]{16,})"', page.content.decode())[1]
    assert client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert client.post("/accounts/2fa/totp/activate/", {"code": code(secret)}).status_code == 302
    client.logout()
    # A code is good once; the next sign-in is later than this one.
    cache.clear()
    return secret


def is_signed_in(client) -> bool:
    return client.get("/").status_code == 200


def test_it_is_off_until_a_person_turns_it_on(client, rosa):
    assert is_signed_in(client)
    assert "Authenticator" in client.get("/accounts/2fa/").content.decode()


def test_from_then_on_the_password_alone_opens_nothing(client, rosa):
    secret = enrol(client)
    asked = sign_in(client)
    assert asked.status_code == 302 and asked.url.startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(client)
    client.post(asked.url, {"code": "000000"})
    assert not is_signed_in(client)
    assert client.post(asked.url, {"code": code(secret)}).status_code == 302
    assert is_signed_in(client)


def test_a_code_is_good_once(client, rosa):
    secret = enrol(client)
    now = code(secret)
    client.post(sign_in(client).url, {"code": now})
    client.logout()
    client.post(sign_in(client).url, {"code": now})
    assert not is_signed_in(client)


def test_a_recovery_code_opens_once(client, rosa):
    enrol(client)
    kept = Authenticator.objects.get(user=rosa, type=Authenticator.Type.RECOVERY_CODES).wrap()
    recovery = kept.get_unused_codes()[0]
    client.post(sign_in(client).url, {"code": recovery})
    assert is_signed_in(client)
    client.logout()
    client.post(sign_in(client).url, {"code": recovery})
    assert not is_signed_in(client)
