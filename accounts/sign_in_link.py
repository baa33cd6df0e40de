"""One-time sign-in links: signed, short-lived, and dead once their person has signed in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User


class SignInTokens(PasswordResetTokenGenerator):
    """The token holds the last sign-in and the password's hash, so it dies with the first sign-in."""

    key_salt = "accounts.sign_in_link"


tokens = SignInTokens()


def make_token(user: User) -> str:
    return f"{user.pk}-{tokens.make_token(user)}"


@require_http_methods(["GET"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the person whom the token names; 403 with a way on when it is used or too old.

    Whoever only asks for the head, as programs do that look whether a link is good, does not use it up.
    """
    pk, _, rest = token.partition("-")
    user = User.objects.filter(pk=pk).first() if pk.isdecimal() else None
    if user is None or not tokens.check_token(user, rest):
        return render(request, "account/link_expired.html", status=403)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    if not user.has_usable_password():
        messages.info(request, "This link worked once. Choose a password under Account, or you cannot sign in again.")
    return redirect("/")
