"""Signing in by OpenID Connect (8.1), with a provider that signs real tokens, on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client

from audit.models import Change, Entry
from staff.models import SignInRules, User
from tests.staff.provider import CLIENT, SECRET, Provider, running

pytestmark = pytest.mark.django_db
BEGIN = "/sign-in/single-sign-on/"
PAGE = "/settings/preferences/"
ANA = {"sub": "81", "email": "ana@roster.example", "email_verified": True, "name": "Ana Ruiz"}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    cache.clear()
    with running() as one:
        settings.OIDC_NAME = "Example ID"
        settings.OIDC_DOMAINS = {"roster.example"}
        app = {"provider_id": "sso", "name": "Example ID", "client_id": CLIENT, "secret": SECRET}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [{**app, "settings": {"server_url": one.url}}]}
        }
        one.person = dict(ANA)
        yield one


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("Ana@roster.example", "roster-demo", name="Ana", role="support")


def come(provider: Provider, client: Client, onward: str = "") -> Any:
    """Presses the button, consents there, and comes back."""
    begun = client.get(BEGIN, {"next": onward} if onward else {})
    assert begun.status_code == 302, begun.content.decode()
    return client.get(provider.consent(begun["Location"]))


def test_a_colleague_comes_in_by_the_email_that_is_vouched_for(provider: Provider, ana: User, client: Client) -> None:
    assert b"Sign in with Example ID" in client.get("/sign-in/").content
    assert come(provider, client, f"{PAGE}?a=1")["Location"] == f"{PAGE}?a=1"
    assert client.get(PAGE).context["user"] == ana
    known = SocialAccount.objects.get()
    assert (known.user, known.uid, known.extra_data) == (ana, "81", {})
    assert not SocialToken.objects.exists()


def test_afterwards_they_are_known_by_the_providers_own_name(provider: Provider, ana: User, client: Client) -> None:
    come(provider, client)
    provider.person = {**ANA, "email": "ana.ruiz@elsewhere.example"}
    again = Client()
    assert come(provider, again).status_code == 302
    assert again.get(PAGE).context["user"] == ana
    assert User.objects.count() == 1


def test_somebody_new_of_an_allowed_domain_comes_in_with_the_role_that_is_set(
    provider: Provider, client: Client, settings: Any
) -> None:
    settings.OIDC_ROLE = "support"
    provider.person = {**ANA, "sub": "82", "email": "new@Roster.Example", "name": "New\tBie"}
    assert come(provider, client).status_code == 302
    new = client.get(PAGE).context["user"]
    assert (new.email.casefold(), new.name, new.role) == ("new@roster.example", "New Bie", "support")
    assert (new.is_staff, new.is_superuser) == (False, False)
    assert not new.has_usable_password()
    change = Change.objects.get(table="staff_user", operation="insert", row_id=new.pk)
    entry = Entry.objects.get(pk=change.entry_id)
    assert (entry.verb, entry.actor_id) == ("user.signed_in_by_single_sign_on", new.pk)


@pytest.mark.parametrize(
    "person",
    [
        {**ANA, "email": "x@elsewhere.example"}, {**ANA, "email": "x@roster.example.evil.example"},
        {**ANA, "email_verified": False}, {"sub": "81", "email": "ana@roster.example"}, {"sub": "81"},
        {**ANA, "email": ""},
    ],
)  # fmt: skip
def test_nobody_else_comes_in(provider: Provider, ana: User, client: Client, person: Any) -> None:
    provider.person = person
    answer = come(provider, client)
    assert answer.status_code == 403
    assert b"Not signed in" in answer.content
    assert client.get(PAGE).status_code == 302
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_a_provider_may_be_trusted_to_own_its_emails(
    provider: Provider, ana: User, client: Client, settings: Any
) -> None:
    settings.OIDC_EMAILS_VERIFIED = True
    provider.person = {"sub": "81", "email": "ana@roster.example"}
    assert come(provider, client).status_code == 302


@pytest.mark.parametrize("state", [{"is_active": False}, {"role": "portal"}])
def test_customers_and_deactivated_colleagues_do_not_come_in(
    provider: Provider, ana: User, client: Client, state: Any
) -> None:
    User.objects.filter(pk=ana.pk).update(**state)
    assert come(provider, client).status_code == 403
    User.objects.filter(pk=ana.pk).update(is_active=True, role="support")
    assert come(provider, client).status_code == 302
    User.objects.filter(pk=ana.pk).update(**state)
    assert come(provider, Client()).status_code == 403


@pytest.mark.parametrize("changes", [{"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}, {"sub": "82"}])
def test_a_token_that_is_not_for_us_is_refused(
    provider: Provider, ana: User, client: Client, changes: dict[str, Any]
) -> None:
    provider.changes = changes
    assert come(provider, client).status_code == 502
    assert client.get(PAGE).status_code == 302


def test_a_token_that_another_key_signed_is_refused(provider: Provider, ana: User, client: Client) -> None:
    provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert come(provider, client).status_code == 502
    assert client.get(PAGE).status_code == 302


def test_the_way_back_works_once_and_only_in_the_browser_that_began(
    provider: Provider, ana: User, client: Client
) -> None:
    way = provider.consent(client.get(BEGIN)["Location"])
    assert Client().get(way).status_code == 502
    assert client.get(way).status_code == 302
    other = Client()
    other.get(BEGIN)
    assert other.get(way).status_code == 502


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=x", "?error=access_denied&state=x", "?code=%F0%9F"])
def test_a_made_up_way_back_leads_nowhere(provider: Provider, client: Client, query: str) -> None:
    assert client.get(f"{BEGIN}sso/{query}").status_code == 502
    assert client.get(f"{BEGIN}other/{query}").status_code == 404


def test_a_provider_that_is_away_is_said_so(provider: Provider, client: Client, settings: Any) -> None:
    provider.server.server_close()
    answer = client.get(BEGIN)
    assert answer.status_code == 502
    assert b"did not answer as it should" in answer.content


def test_who_comes_by_it_answers_to_their_own_second_factor_and_need_not_set_one_up(
    provider: Provider, ana: User, client: Client
) -> None:
    SignInRules.objects.create(two_factor_required=True)
    assert come(provider, client)["Location"] == "/"
    Authenticator.objects.create(user=ana, type="totp", data={"secret": "x"})
    again = Client()
    assert come(provider, again)["Location"] == "/sign-in/code/"
    assert again.get(PAGE).status_code == 302


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example"])
def test_it_never_leads_to_another_site(provider: Provider, ana: User, client: Client, elsewhere: str) -> None:
    assert come(provider, client, elsewhere)["Location"] == "/"


def test_without_settings_there_is_no_such_way(client: Client) -> None:
    assert b"single-sign-on" not in client.get("/sign-in/").content
    assert client.get(BEGIN).status_code == 404
    assert client.get(f"{BEGIN}sso/").status_code == 404
