"""Single sign-on against an OpenID provider: who comes in, and who does not."""

import re
import urllib.error
import urllib.request

import pytest
from django.test import Client

from accounts import invitations
from accounts.models import Membership, User
from tests.accounts.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider, running
from tests.people import make_alice, make_rosa

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    with running() as provider:
        yield provider


@pytest.fixture
def provider(server: Provider, settings) -> Provider:
    app = {
        "provider_id": "oidc",
        "name": "Example SSO",
        "client_id": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "settings": {"server_url": server.url, "email_authentication": True},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    server.refusals.clear()
    return server


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def sign_in(client: Client, provider: Provider, *, next_page: str = "/", **person):
    """Go to the provider and back as a browser does; returns the console's last answer."""
    provider.person = {"sub": "u-1", "email_verified": True} | person
    away = client.get(f"/accounts/oidc/oidc/login/?process=login&next={next_page}")
    assert away.status_code == 302 and away.url.startswith(f"{provider.url}/authorize?")
    try:
        urllib.request.build_opener(NoRedirect).open(away.url)
        pytest.fail("the provider did not send the browser back")
    except urllib.error.HTTPError as answer:
        back = answer.headers["Location"]
    assert back.startswith("http://testserver/accounts/oidc/oidc/login/callback/?")
    answer = client.get(back.removeprefix("http://testserver"))
    assert provider.refusals == []
    return answer


def user_of(client: Client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def test_a_member_with_a_verified_address_comes_in_and_is_known_from_then_on(project, client, provider):
    rosa = make_rosa(project)
    User.objects.filter(pk=rosa.pk).update(email="Rosa@example.org")
    page = client.get("/accounts/login/").content.decode()
    assert "Example SSO" in page
    assert sign_in(client, provider, email="rosa@example.org").status_code == 302
    assert user_of(client) == rosa
    assert client.get("/").status_code == 200

    # The provider's own id counts from now on, whatever happens to the address.
    client.logout()
    sign_in(client, provider, email="rosa@elsewhere.example", email_verified=False)
    assert user_of(client) == rosa


def test_an_address_that_nobody_verified_opens_nothing(project, client, provider):
    rosa = make_rosa(project)
    User.objects.filter(pk=rosa.pk).update(email="rosa@example.org")
    answer = sign_in(client, provider, email="rosa@example.org", email_verified=False)
    assert user_of(client) is None and "not known here" in answer.content.decode()


def test_an_address_that_two_people_claim_opens_nothing(project, client, provider):
    make_alice(project), make_rosa(project)
    User.objects.update(email="shared@example.org")
    sign_in(client, provider, email="shared@example.org")
    assert user_of(client) is None


def test_a_stranger_is_told_to_ask_for_an_invitation(project, client, provider):
    answer = sign_in(client, provider, email="mallory@example.org", preferred_username="mallory")
    page = answer.content.decode()
    assert "invitation" in page
    assert user_of(client) is None and not User.objects.exists()


def test_who_was_invited_comes_by_single_sign_on_and_joins(project, client, provider):
    alice = make_alice(project)
    link = f"/join/{invitations.invite(project, 'responder', actor=alice).token}/"
    page = client.get(link).content.decode()
    assert "Continue with Example SSO" in page
    assert re.search(r'href="/accounts/oidc/oidc/login/\?[^"]*next=', page)
    answer = sign_in(client, provider, email="rosa@example.org", preferred_username="rosa", next_page=link)
    assert answer.status_code == 302 and answer.url == link
    rosa = user_of(client)
    assert (rosa.username, rosa.email) == ("rosa", "rosa@example.org")
    assert not rosa.has_usable_password()
    assert not Membership.objects.filter(user=rosa).exists()
    client.post(link)
    assert Membership.objects.get(user=rosa).role == "responder"


def test_a_withdrawn_invitation_makes_no_account(project, client, provider):
    alice = make_alice(project)
    made = invitations.invite(project, "admin", actor=alice)
    client.get(f"/join/{made.token}/")
    project.invitations.update(withdrawn_at=made.invitation.made_at)
    sign_in(client, provider, email="late@example.org", preferred_username="late")
    assert user_of(client) is None and User.objects.count() == 1


def test_a_forged_answer_is_refused(project, client, provider):
    make_rosa(project)
    client.get("/accounts/oidc/oidc/login/?process=login")
    client.get("/accounts/oidc/oidc/login/callback/?code=made-up&state=made-up")
    assert user_of(client) is None


def test_it_is_off_until_it_is_configured(project, client):
    page = client.get("/accounts/login/").content.decode()
    assert "oidc" not in page
    assert client.get("/accounts/oidc/oidc/login/").status_code == 404
