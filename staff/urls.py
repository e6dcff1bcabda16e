from django.urls import path

from staff.views import preferences, signing_in

app_name = "staff"

urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("settings/preferences/", preferences.preferences, name="preferences"),
    path("settings/preferences/theme/", preferences.theme, name="theme"),
]
