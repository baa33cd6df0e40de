"""The dashboard page, its panels one by one, and the appearance switch."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import User


@login_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the person's choice of light, dark or as the system; back to where they were."""
    choice = request.POST.get("theme", "")
    if choice not in User.Theme.values:
        return HttpResponseBadRequest(f"theme: {choice!r} is not one of {', '.join(User.Theme.values)}")
    request.user.theme = choice
    request.user.save(update_fields=["theme"])
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "/")
