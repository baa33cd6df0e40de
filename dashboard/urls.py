"""The dashboard is the front page."""

from django.urls import path

from dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("panels/first-span/", views.first_span, name="first_span"),
    path("panels/<slug:name>/", views.panel, name="panel"),
    path("appearance/", views.theme, name="theme"),
]
