"""Where every page is."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path

from accounts.project_admin import may_enter
from accounts.sign_in_link import sign_in
from onwatch import health
from onwatch.api import api, docs

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.has_permission = may_enter  # type: ignore[method-assign]

urlpatterns = [
    # What browsers ask for on pages that name no icon.
    path("favicon.ico", lambda request: redirect(static("img/favicon.svg"), permanent=True)),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.prometheus, name="metrics"),
    path("accounts/link/<str:token>/", sign_in, name="sign_in_link"),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("incidents/", include("incidents.urls")),
    path("admin/", admin.site.urls),
    path("costs/", include("costs.urls")),
    path("quality/", include("quality.urls")),
    path("alerts/", include("alerts.urls")),
    path("api/v1/docs", docs, name="api_docs"),
    path("api/v1/", api.urls),
    path("", include("telemetry.urls")),
    path("", include("dashboard.urls")),
]

handler404 = "onwatch.api.not_found"
