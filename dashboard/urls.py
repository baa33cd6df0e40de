"""The dashboard is the front page."""

from django.urls import path

from dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("appearance/", views.theme, name="theme"),
]
