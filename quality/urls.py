"""Pages and downloads of the quality area."""

from django.urls import path

from quality import views

app_name = "quality"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("table.csv", views.table, name="table"),
]
