"""Invitations by link: signed, for one project and role, good for a week and one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Invitation, Membership, Project, User

GOOD_FOR = timedelta(days=7)
_signer = signing.Signer(salt="accounts.invitation")


class NotInvited(Exception):
    """The link is not ours, too old, used or withdrawn; the message says which."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A fresh invitation and the token for its link, which is not kept."""

    invitation: Invitation
    token: str


def invite(project: Project, role: str, *, actor: User, note: str = "") -> Invited:
    """Make an invitation; whoever has the link can use it once."""
    made = Invitation.objects.create(
        project=project, role=role, invited_by=actor, note=note, expires_at=timezone.now() + GOOD_FOR
    )
    audit.record("invitation.made", note or made.pk, user=actor, project=project, role=role)
    return Invited(made, _signer.sign(str(made.pk)))


def read(token: str) -> Invitation:
    """The open invitation behind a token. Raises NotInvited."""
    try:
        pk = _signer.unsign(token)
    except signing.BadSignature:
        raise NotInvited("This link is not complete. Copy it again from where you got it.") from None
    found = Invitation.objects.select_related("project", "invited_by").filter(pk=pk).first()
    if found is None or found.withdrawn_at:
        raise NotInvited("This invitation was withdrawn.")
    if found.used_at:
        raise NotInvited("This invitation was used already. Sign in instead.")
    if found.expires_at < timezone.now():
        raise NotInvited("This invitation is older than a week. Ask for a new one.")
    return found


@transaction.atomic
def accept(token: str, user: User) -> Membership:
    """Make the person a member. An invitation never lowers a role. Raises NotInvited."""
    invitation = read(token)
    if not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now(), used_by=user):
        raise NotInvited("This invitation was used already. Sign in instead.")
    membership, fresh = Membership.objects.get_or_create(
        user=user, project=invitation.project, defaults={"role": invitation.role}
    )
    ranks = list(Membership.Role.values)
    if not fresh and ranks.index(invitation.role) > ranks.index(membership.role):
        membership.role = invitation.role
        membership.save(update_fields=["role"])
    audit.record("member.joined", user, user=user, project=invitation.project, role=membership.role)
    return membership
