"""Signing in by OpenID Connect (8.1): who comes in, by settings (docs/signing-in.md).

Whoever the provider names by a verified email comes in as the colleague who has it. Somebody new comes in only from the
domains that are allowed, with the role that is set. Customers and deactivated colleagues do not.
"""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.text import problem, tidy
from core.triggers import attributed
from staff.models import Role, User
from staff.preferences import theme_of

PROVIDER = "sso"  # in addresses and in the table of who is who
NAME_LIMIT = 150
NOT_KNOWN = "You have no account here. Ask an administrator of your team to invite you."
NOT_VERIFIED = "The sign-in service does not say that your email is yours."
FAILED = "The sign-in service did not answer as it should."


class Provider(OpenIDConnectOAuth2Adapter):
    """allauth's client, that always checks the signature of the identity, and that all answers are about one person."""

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The answer has no identity.")
        login = super().complete_login(request, app, token, **kwargs)
        claims = login.account.extra_data
        if claims.get("userinfo", {}).get("sub", claims["id_token"]["sub"]) != claims["id_token"]["sub"]:
            raise OAuth2Error("The answers are about two people.")
        login.account.extra_data = {}  # nothing of it is needed any more
        return login

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Decides who it is. Raises the page that says why nobody."""
        user = sociallogin.user if sociallogin.is_existing else _known(request, sociallogin)
        if user.role == Role.PORTAL or not user.is_active:
            raise ImmediateHttpResponse(refusal(request, NOT_KNOWN, status=403))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = sociallogin.user
        user.email = data.get("email") or ""
        user.name = data.get("name") or " ".join(filter(None, [data.get("first_name"), data.get("last_name")]))
        return user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def on_authentication_error(self, request: HttpRequest, provider: Any, **_: Any) -> None:
        raise ImmediateHttpResponse(refusal(request, FAILED, status=502))


def refusal(request: HttpRequest, why: str, *, status: int) -> HttpResponse:
    context = {"why": why, "name": settings.OIDC_NAME, "theme": theme_of(request)}
    return render(request, "account/single_sign_on_refused.html", context, status=status)


def _known(request: HttpRequest, sociallogin: Any) -> User:
    """The colleague with the email that the provider vouches for, from now on known by the provider's own name."""
    address = next((one for one in sociallogin.email_addresses if one.email), None)
    if address is None or not (address.verified or settings.OIDC_EMAILS_VERIFIED):
        raise ImmediateHttpResponse(refusal(request, NOT_VERIFIED, status=403))
    user = User.objects.with_email(address.email).first()
    if user is None and not _is_allowed(address.email):
        raise ImmediateHttpResponse(refusal(request, NOT_KNOWN, status=403))
    if user is not None and (user.role == Role.PORTAL or not user.is_active):
        return user
    with attributed(user.pk if user else _next_id(), "user.signed_in_by_single_sign_on"):
        user = user or _new(address.email, sociallogin.user.name)
        account: SocialAccount = sociallogin.account
        account.user = user
        account.save()
    sociallogin.user = user
    return user


def _is_allowed(email: str) -> bool:
    return email.rpartition("@")[2].casefold() in settings.OIDC_DOMAINS and not problem(email, limit=254)


def _new(email: str, name: str) -> User:
    """Under the number that `_next_id` took, so that the audit log says who came."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT currval(pg_get_serial_sequence('staff_user', 'id'))")
        pk = cursor.fetchone()[0]
    name = "" if problem(name, limit=NAME_LIMIT) else tidy(name)
    return User.objects.create_user(email, None, pk=pk, name=name or email.partition("@")[0], role=settings.OIDC_ROLE)


def _next_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('staff_user', 'id'))")
        return int(cursor.fetchone()[0])
