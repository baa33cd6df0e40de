from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("settings/", views.project, name="project"),
    path("settings/keys/", views.keys, name="keys"),
    path("settings/keys/<int:pk>/revoke/", views.revoke_key, name="revoke_key"),
    path("settings/keys/<int:pk>/rotate/", views.rotate_key, name="rotate_key"),
    path("settings/people/", views.people, name="people"),
    path("settings/people/<int:pk>/", views.change_role, name="change_role"),
    path("settings/invitations/<int:pk>/withdraw/", views.withdraw_invitation, name="withdraw"),
    path("settings/audit/", views.audit_log, name="audit"),
    path("join/<str:token>/", views.join, name="join"),
]
