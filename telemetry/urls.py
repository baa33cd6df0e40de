"""Lists of traces, single traces, and who sends them."""

from django.urls import path

from telemetry import trace_views, views

app_name = "traces"
urlpatterns = [
    path("traces/", views.traces, name="list"),
    # An id is whatever its sender chose, slashes included.
    path("traces/<path:trace_id>/", trace_views.trace, name="detail"),
    path("senders/", views.sender_list, name="senders"),
]
