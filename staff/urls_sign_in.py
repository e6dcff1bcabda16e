"""Pages of signing in that allauth finds by names of its own."""

from django.urls import path

from staff.views import passwords, security, signing_in, single_sign_on, two_factor

urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="account_login"),
    path("sign-in/code/", two_factor.second_factor, name="mfa_authenticate"),
    path("sign-in/passkey/", two_factor.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("sign-in/single-sign-on/", single_sign_on.begin, name="single_sign_on"),
    path("sign-in/single-sign-on/<str:provider_id>/", single_sign_on.back, name="openid_connect_callback"),
    path("sign-in/two-factor/", two_factor.enrol, name="two_factor_enrol"),
    path("sign-in/again/", two_factor.password_again, name="account_reauthenticate"),
    path("sign-in/again/code/", two_factor.code_again, name="mfa_reauthenticate"),
    path("sign-in/again/passkey/", two_factor.passkey_again, name="mfa_reauthenticate_webauthn"),
    path("settings/security/", security.security, name="mfa_index"),
    path("settings/security/password/", passwords.change, name="account_change_password"),
    path("settings/security/app/", two_factor.add_app, name="mfa_activate_totp"),
    path("settings/security/app/remove/", two_factor.remove_app, name="mfa_deactivate_totp"),
    path("settings/security/codes/", two_factor.recovery_codes, name="mfa_view_recovery_codes"),
    path("settings/security/codes/new/", two_factor.new_recovery_codes, name="mfa_generate_recovery_codes"),
    path("settings/security/passkeys/add/", two_factor.add_passkey, name="mfa_add_webauthn"),
    path("settings/security/passkeys/<int:pk>/", two_factor.rename_passkey, name="mfa_edit_webauthn"),
    path("settings/security/passkeys/<int:pk>/remove/", two_factor.remove_passkey, name="mfa_remove_webauthn"),
    path("settings/security/sessions/end/", security.end_one, name="end_session"),
    path("settings/security/sessions/end-others/", security.end_others, name="end_other_sessions"),
]
