"""Lists of traces, single traces, metrics, and who sends them."""

from django.urls import path

from telemetry import trace_links, trace_views, views
from telemetry.langsmith import pages
from telemetry.metrics import views as metric_views
from telemetry.senders import views as sender_views

app_name = "traces"
urlpatterns = [
    path("traces/", views.traces, name="list"),
    # An id is whatever its sender chose, slashes included.
    path("traces/<path:trace_id>/", trace_views.trace, name="detail"),
    path("metrics-explorer/", metric_views.metric_list, name="metrics"),
    path("metrics-explorer/chart/", metric_views.metric_chart, name="metric"),
    # Addresses that LangSmith's clients make.
    path("o/<uuid:tenant>/projects/p/<uuid:session>/r/<uuid:run>", pages.run, name="langsmith_run"),
    path("o/<uuid:tenant>/projects/p/<uuid:session>", pages.session, name="langsmith_session"),
    # And those of Langfuse's.
    path("project/<slug:project>/traces/<path:trace_id>", trace_links.project_trace, name="project_trace"),
    path("trace/<path:trace_id>", trace_links.any_trace, name="any_trace"),
    path("senders/", sender_views.sender_list, name="senders"),
]
