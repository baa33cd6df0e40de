"""Three people for every page: Alice (admin), Bob (viewer), Charlie (stranger); and Rosa (responder)."""

from accounts.models import Membership, Project, User


def make_user(name: str, *, project: Project | None = None, role: str = "") -> User:
    user = User.objects.create_user(username=name, password="a long enough password")
    if project and role:
        Membership.objects.create(user=user, project=project, role=role)
    return user


def make_alice(project: Project) -> User:
    return make_user("alice", project=project, role=Membership.Role.ADMIN)


def make_rosa(project: Project) -> User:
    return make_user("rosa", project=project, role=Membership.Role.RESPONDER)


def make_bob(project: Project) -> User:
    return make_user("bob", project=project, role=Membership.Role.VIEWER)


def make_charlie() -> User:
    return make_user("charlie")
