"""How allauth behaves here: people come by invitation; single sign-on lets in whom we know or whom we invited."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from accounts import invitations
from accounts.invitations import NotInvited
from accounts.models import User

#: Session key: the token of the invitation whose page was opened in this session.
INVITED = "invitation"


def is_invited(request: HttpRequest) -> bool:
    """Whether this session opened an invitation that is still open."""
    try:
        invitations.read(request.session.get(INVITED, ""))
    except NotInvited:
        return False
    return True


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up unasked; an invitation has a page of its own for that."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class KnownOrInvited(DefaultSocialAccountAdapter):
    """Single sign-on makes an account only for somebody who came through an open invitation."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ANN401
        return is_invited(request)

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:  # noqa: ANN401
        """The one person who has an address that the provider says is verified; nobody where two have it.

        Addresses here are what people typed, so an address that several claim proves nothing.
        """
        for address in sociallogin.email_addresses:
            if not (address.verified and self.can_authenticate_by_email(sociallogin, address.email)):
                continue
            found = list(User.objects.filter(email__iexact=address.email)[:2])
            if len(found) == 1 and found[0].is_active:
                return found[0], address.email
        return None
