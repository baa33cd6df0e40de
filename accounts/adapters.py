"""How allauth behaves here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """People come by invitation or single sign-on; nobody signs up unasked."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
