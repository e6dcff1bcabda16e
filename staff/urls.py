from django.urls import path

from staff.views import passwords, preferences, signing_in

app_name = "staff"

urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("forgotten-password/", passwords.forgotten, name="forgotten"),
    path("forgotten-password/sent/", passwords.forgotten_sent, name="forgotten_sent"),
    path("choose-password/<str:encoded>/<str:token>/", passwords.choose_password, name="choose_password"),
    path("settings/preferences/", preferences.preferences, name="preferences"),
    path("settings/preferences/theme/", preferences.theme, name="theme"),
]
