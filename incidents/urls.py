from django.urls import path

from incidents import views

app_name = "incidents"

urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.declare, name="declare"),
    path("now/", views.now, name="now"),
    path("from-alert/<int:pk>/", views.from_alert, name="from_alert"),
    path("playbooks/", views.playbooks, name="playbooks"),
    path("playbooks/<slug:slug>/", views.playbook, name="playbook"),
    path("playbooks/<slug:slug>.yaml", views.playbook_file, name="playbook_file"),
    path("<str:ref>/", views.detail, name="detail"),
    path("<str:ref>/live/", views.live, name="live"),
    path("<str:ref>/older/<int:before>/", views.older, name="older"),
    path("<str:ref>/edit/", views.edit, name="edit"),
    path("<str:ref>/state/", views.change_state, name="state"),
    path("<str:ref>/severity/", views.change_severity, name="severity"),
    path("<str:ref>/roles/", views.assign, name="roles"),
    path("<str:ref>/respond/", views.take_response, name="respond"),
    path("<str:ref>/notes/", views.add_note, name="notes"),
    path("<str:ref>/notes/<int:entry>/", views.correct_note, name="note"),
    path("<str:ref>/merge/", views.merge, name="merge"),
    path("<str:ref>/traces/", views.link_trace, name="traces"),
    path("<str:ref>/playbooks/", views.start_playbook, name="start_playbook"),
    path("<str:ref>/runs/<int:run>/branch/", views.choose_branch, name="branch"),
    path("<str:ref>/runs/<int:run>/items/", views.settle_item, name="item"),
]
