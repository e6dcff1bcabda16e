from django.urls import path

from portal.views import activity, data, feedback, home, organisations, preferences, profile

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("profile/", profile.profile, name="profile"),
    path("profile/emails/", profile.add_email, name="add_email"),
    path("profile/emails/<str:token>/", profile.confirm_email, name="confirm_email"),
    path("profile/contact-details/<int:pk>/remove/", profile.remove, name="remove_detail"),
    path("profile/contact-details/<int:pk>/first/", profile.make_primary, name="make_primary"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("password/", preferences.password, name="password"),
    path("security/", preferences.security, name="security"),
    path("organisations/", organisations.index, name="organisations"),
    path("organisations/<int:pk>/", organisations.detail, name="organisation"),
    path("organisations/<int:pk>/invitations/", organisations.invite, name="invite"),
    path("organisations/<int:pk>/members/<int:customer_id>/remove/", organisations.remove, name="remove_member"),
    path("feedback/", feedback.index, name="feedback"),
    path("feedback/new/", feedback.new, name="new_feedback"),
    path("feedback/<int:pk>/", feedback.detail, name="feedback_detail"),
    path("activity/", activity.activity, name="activity"),
    path("data/", data.data, name="data"),
    path("data/export/", data.export, name="export"),
    path("data/deletion/", data.ask_for_deletion, name="ask_for_deletion"),
    path("data/deletion/waiting/", data.waiting, name="leaving"),
    path("data/deletion/cancel/", data.cancel, name="cancel_deletion"),
]
