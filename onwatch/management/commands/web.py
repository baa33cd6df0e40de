from django.core.management.base import BaseCommand, CommandError

from onwatch.private_redis import NoRedisServer
from onwatch.processes import EmbeddedEngine, PortTaken, Roles, run


class Command(BaseCommand):
    help = "Pages and receivers; background work is done by workers."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            run(Roles(web=True, work=False))
        except (EmbeddedEngine, PortTaken, NoRedisServer) as error:
            raise CommandError(str(error)) from error
