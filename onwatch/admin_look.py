"""How the admin looks: the console's name and colour, and the areas in which people have something to decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _icon(_: HttpRequest) -> str:
    return static("img/favicon.svg")


def _may_see(model: str) -> Callable[[HttpRequest], bool]:
    return lambda request: admin.site.get_model_admin(apps.get_model(model)).has_module_permission(request)


def _area(title: str, *links: tuple[str, str, str]) -> dict[str, Any]:
    """Each link is a title, a Material symbol and a model; only what a person may see is listed."""
    items = [
        {
            "title": name,
            "icon": icon,
            "link": reverse_lazy(f"admin:{model.lower().replace('.', '_')}_changelist"),
            "permission": _may_see(model),
        }
        for name, icon, model in links
    ]
    return {"title": title, "separator": True, "items": items}


#: Blue of the same hue as ``--accent`` in static/css/tokens.css, from light to dark.
_STEPS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
_LIGHTNESS = (97, 93, 88, 81, 71, 62, 52, 45, 38, 32, 24)
PRIMARY = {
    name: f"oklch({lightness}% {min(0.17, (100 - lightness) / 250):.3f} 256)"
    for name, lightness in zip(_STEPS, _LIGHTNESS, strict=True)
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Onwatch",
    "SITE_HEADER": "Onwatch",
    "SITE_SUBHEADER": "Administration",
    "SITE_URL": "/",
    "SITE_ICON": _icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "COLORS": {"primary": PRIMARY},
    "SIDEBAR": {
        "navigation": [
            {"title": "", "items": [{"title": "Back to the console", "icon": "arrow_back", "link": "/"}]},
            _area("Costs", ("Budgets", "savings", "costs.Budget"), ("Prices", "sell", "costs.Price")),
            _area(
                "Quality and response",
                ("Alert rules", "notifications", "alerts.Rule"),
                ("Playbooks", "checklist", "incidents.Playbook"),
                ("Quality snapshots", "monitoring", "quality.QualitySnapshot"),
            ),
            _area("What happened", ("Changes", "deployed_code", "telemetry.Change")),
        ],
    },
}
