"""Pages and downloads of the costs area."""

from django.urls import path

from costs import views

app_name = "costs"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("budgets.csv", views.budgets_table, name="budgets_table"),
    path("unpriced.csv", views.unpriced_table, name="unpriced_table"),
    path("<slug:key>.csv", views.table, name="table"),
]
