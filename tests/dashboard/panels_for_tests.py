"""Panels whose renderings can be counted."""

from dataclasses import dataclass, field

from telemetry import series


@dataclass
class Counting:
    """Shows the number of calls in the range."""

    name: str
    rendered: list[str] = field(default_factory=list)
    pause: float = 0.0

    def render(self, scope, *, oob=False, reading=None) -> str:
        calls = series.total(scope.project.pk, scope.span, scope.filters).calls
        html = f'<section id="panel-{self.name}" hx-swap-oob="true">{calls} calls</section>'
        self.rendered.append(html)
        return html


@dataclass
class Still(Counting):
    """Never changes."""

    def render(self, scope, *, oob=False, reading=None) -> str:
        html = f'<section id="panel-{self.name}" hx-swap-oob="true">still</section>'
        self.rendered.append(html)
        return html
