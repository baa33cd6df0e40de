"""Who may go on watching a project over a WebSocket, and with which codes a socket is refused."""

from __future__ import annotations

from accounts.access import may
from accounts.models import Membership, Project, User

# Codes of our own (4000–4999) are given after accepting, because a browser sees nothing of a refused handshake and
# htmx would try for ever; on these it stops.
NOT_SIGNED_IN = 4401
NOT_FOUND = 4404

#: How long a person who was removed from a project may go on watching.
RECHECK_SECONDS = 60.0


def may_watch(user: User, project_id: int) -> bool:
    """Whether the person is still there and still a member."""
    project = Project.objects.filter(pk=project_id).first()
    user = User.objects.filter(pk=user.pk, is_active=True).first()
    return bool(project and user and may(user, project, Membership.Role.VIEWER))
