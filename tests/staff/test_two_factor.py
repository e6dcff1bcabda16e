"""Two-factor authentication (8.1): authenticator apps and recovery codes, and rules that an admin sets."""

import re
import time
from typing import Any
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value
from django.core.cache import cache
from django.test import Client, override_settings

from audit.models import Change, Entry
from customers.models import Login
from staff.models import SignInRules, User
from staff.second_factor import TwoFactorAdapter, accepted
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db
PAGE = "/settings/preferences/"
SECURITY = "/settings/security/"
PASSWORD = "roster-demo"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> None:
    cache.clear()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", PASSWORD, name="Ana Ruiz", role="support")


def code_of(secret: str, *, steps: int = 0) -> str:
    return f"{hotp_value(secret.replace(' ', ''), int(time.time()) // 30 + steps):06}"


def sign_in(client: Client, **more: str) -> Any:
    return client.post("/sign-in/", {"login": "ana@roster.example", "password": PASSWORD, **more})


def confirmed(client: Client, path: str) -> Any:
    """Opens a page that wants the password once more."""
    answer = client.get(path)
    assert answer["Location"] == f"/sign-in/again/?next={quote(path, safe='')}"
    return client.post(answer["Location"], {"password": PASSWORD})


def secret_in(answer: Any) -> str:
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', answer.content.decode())
    assert found
    return found[1]


def codes_in(answer: Any) -> list[str]:
    return re.findall(r"<li>(\d{8})</li>", answer.content.decode())


def enrolled(client: Client) -> tuple[str, list[str]]:
    """Adds an authenticator app to whoever is signed in; its secret and the recovery codes."""
    path = f"{SECURITY}app/"
    assert confirmed(client, path)["Location"] == path
    secret = secret_in(client.get(path))
    answer = client.post(path, {"code": code_of(secret, steps=-1)})
    assert answer["Location"] == f"{SECURITY}codes/"
    return secret, codes_in(client.get(answer["Location"]))


@pytest.fixture
def app(client: Client, ana: User) -> tuple[str, list[str]]:
    sign_in(client)
    return enrolled(client)


def test_an_app_is_added_with_a_picture_and_its_codes_are_then_asked_for(app: Any) -> None:
    secret, _ = app
    phone = Client()
    assert sign_in(phone, next=f"{PAGE}?a=1")["Location"] == "/sign-in/code/"
    assert phone.get(PAGE)["Location"].startswith("/sign-in/")  # not signed in yet
    assert phone.get("/sign-in/code/").status_code == 200
    assert phone.post("/sign-in/code/", {"code": code_of(secret)})["Location"] == f"{PAGE}?a=1"
    assert phone.get(PAGE).status_code == 200


def test_the_picture_holds_what_an_app_needs_and_nothing_inline(client: Client, ana: User) -> None:
    sign_in(client)
    confirmed(client, f"{SECURITY}app/")
    page = client.get(f"{SECURITY}app/").content.decode()
    picture = page[page.index("<svg ", page.index("code-picture")) :]
    assert "style=" not in picture[: picture.index("</svg>")]
    assert picture.count("<path") == 1


def test_a_wrong_code_is_told_with_422_and_the_same_secret(client: Client, ana: User) -> None:
    sign_in(client)
    confirmed(client, f"{SECURITY}app/")
    secret = secret_in(client.get(f"{SECURITY}app/"))
    for nonsense in ("", "123", "😀", "\0", "9" * 5_000):
        answer = client.post(f"{SECURITY}app/", {"code": nonsense})
        assert (answer.status_code, secret_in(answer)) == (422, secret)
    assert not Authenticator.objects.exists()


def test_a_code_is_accepted_once(app: Any, ana: User) -> None:
    secret, _ = app
    code = code_of(secret)
    assert accepted(ana, code) is not None
    assert accepted(ana, code) is None
    assert accepted(ana, code_of(secret, steps=-1)) is None  # older than one that was used
    assert accepted(ana, code_of(secret, steps=1)) is not None
    assert accepted(ana, code_of(secret, steps=2)) is None


def test_a_recovery_code_signs_in_once(app: Any) -> None:
    _, codes = app
    assert len(set(codes)) == 10
    for expected in (302, 422):
        phone = Client()
        sign_in(phone)
        assert phone.post("/sign-in/code/", {"code": codes[0]}).status_code == expected


def test_recovery_codes_are_shown_once_and_new_ones_end_the_old(client: Client, app: Any, ana: User) -> None:
    _, codes = app
    again = client.get(f"{SECURITY}codes/")
    assert again.status_code == 200
    assert codes_in(again) == []
    assert not any(code in again.content.decode() for code in codes)
    made = client.post(f"{SECURITY}codes/new/")
    fresh = codes_in(client.get(made["Location"]))
    assert not set(fresh) & set(codes)
    assert accepted(ana, codes[1]) is None
    assert accepted(ana, fresh[1]) is not None


def test_guessing_codes_ends_after_five_also_from_elsewhere(app: Any) -> None:
    secret, _ = app
    for _ in range(5):
        phone = Client()
        sign_in(phone)
        assert phone.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    phone = Client(REMOTE_ADDR="203.0.113.77")
    sign_in(phone)
    answer = phone.post("/sign-in/code/", {"code": code_of(secret)})
    assert answer.status_code == 429
    assert b"Too many attempts" in answer.content


def test_the_password_is_asked_again_before_factors_change_and_guessing_it_ends(client: Client, ana: User) -> None:
    sign_in(client)
    for path in ("app/", "passkeys/add/"):
        assert client.get(SECURITY + path)["Location"].startswith("/sign-in/again/"), path
    for _ in range(5):
        assert client.post("/sign-in/again/", {"password": "wrong"}).status_code == 422
    assert client.post("/sign-in/again/", {"password": PASSWORD}).status_code in {422, 429}


def test_removing_the_app_ends_the_recovery_codes_too(client: Client, app: Any) -> None:
    assert client.get(f"{SECURITY}app/remove/").status_code == 200
    assert client.post(f"{SECURITY}app/remove/")["Location"] == SECURITY
    assert not Authenticator.objects.exists()
    assert sign_in(Client())["Location"] == "/"


def test_what_changes_is_in_the_audit_log_without_secrets(client: Client, app: Any, ana: User) -> None:
    client.post(f"{SECURITY}app/remove/")
    changes = Change.objects.filter(table="mfa_authenticator").order_by("pk")
    assert [(one.operation, (one.after or one.before or {})["type"]) for one in changes] == [
        ("insert", "totp"), ("insert", "recovery_codes"), ("delete", "totp"), ("delete", "recovery_codes"),
    ]  # fmt: skip
    entries = Entry.objects.filter(pk__in=changes.values("entry"))
    assert {(entry.actor_id, entry.verb) for entry in entries} == {(ana.pk, "user.second_factor_changed")}
    assert all("data" not in (one.after or one.before or {}) for one in changes)


def test_a_copy_of_the_database_holds_no_secret_that_makes_codes(app: Any) -> None:
    secret, codes = app
    stored = " ".join(str(factor.data) for factor in Authenticator.objects.all())
    assert secret.replace(" ", "") not in stored
    assert not any(code in stored for code in codes)


def test_secrets_outlive_a_change_of_the_key_that_is_named_and_a_lost_key_lets_nobody_in(app: Any, ana: User) -> None:
    from django.conf import settings

    secret, codes = app
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert accepted(ana, code_of(secret)) is not None
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        assert accepted(ana, code_of(secret, steps=1)) is None
        assert accepted(ana, codes[0]) is None
    assert TwoFactorAdapter().decrypt(TwoFactorAdapter().encrypt("words")) == "words"


def test_where_it_is_required_nobody_comes_in_without(client: Client, ana: User) -> None:
    SignInRules.objects.create(two_factor_required=True)
    assert sign_in(client, next=PAGE)["Location"] == "/sign-in/two-factor/"
    for path in (PAGE, "/", SECURITY, f"{SECURITY}app/"):
        assert client.get(path).status_code == 302, path
        assert client.get(path)["Location"].startswith("/sign-in/"), path
    page = client.get("/sign-in/two-factor/")
    secret = secret_in(page)
    assert client.post("/sign-in/two-factor/", {"code": "000000"}).status_code == 422
    answer = client.post("/sign-in/two-factor/", {"code": code_of(secret, steps=-1)})
    assert answer["Location"] == f"{SECURITY}codes/?next={PAGE}"
    codes = client.get(answer["Location"])
    assert len(codes_in(codes)) == 10
    assert f'href="{PAGE}"' in codes.content.decode()
    assert client.get(PAGE).status_code == 200
    phone = Client()
    assert sign_in(phone)["Location"] == "/sign-in/code/"
    assert phone.post("/sign-in/code/", {"code": code_of(secret)}).status_code == 302


def test_where_it_is_required_the_last_factor_stays(client: Client, app: Any) -> None:
    SignInRules.objects.create(two_factor_required=True)
    page = client.get(f"{SECURITY}app/remove/")
    assert b"Your team requires two-factor authentication" in page.content
    assert client.post(f"{SECURITY}app/remove/").status_code == 422
    assert Authenticator.objects.filter(type="totp").exists()


def test_customers_are_not_asked_for_what_staff_must_have(client: Client, ana: User) -> None:
    SignInRules.objects.create(two_factor_required=True)
    User.objects.filter(pk=ana.pk).update(role="portal")
    Login.objects.create(customer=CustomerFactory(), user=ana)
    assert sign_in(client, next=PAGE)["Location"] == "/portal/"


def test_the_pages_between_password_and_factor_open_for_nobody_else(client: Client, ana: User) -> None:
    for path in ("/sign-in/code/", "/sign-in/two-factor/"):
        assert client.get(path)["Location"] == "/sign-in/"
        assert client.post(path, {"code": "123456"})["Location"] == "/sign-in/"


def test_who_is_deactivated_between_password_and_factor_does_not_come_in(app: Any, ana: User) -> None:
    phone = Client()
    sign_in(phone)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    phone.post("/sign-in/code/", {"code": code_of(app[0])})
    assert phone.get(PAGE).status_code == 302


@pytest.mark.parametrize(
    "credential",
    ["", "x", "{}", "[]", "null", '{"id": 1}', '{"id":"AA","rawId":"AA","type":"public-key","response":{}}'],
)
def test_what_is_no_passkey_is_refused_with_the_form(client: Client, ana: User, credential: str) -> None:
    client.get("/sign-in/passkey/", headers={"Accept": "application/json"})
    assert client.post("/sign-in/passkey/", {"credential": credential}).status_code == 422
    sign_in(client)
    confirmed(client, f"{SECURITY}passkeys/add/")
    client.get(f"{SECURITY}passkeys/add/")
    assert client.post(f"{SECURITY}passkeys/add/", {"credential": credential, "name": "x"}).status_code == 422


def test_security_costs_ordinary_pages_nothing(client: Client, app: Any, django_assert_num_queries: Any) -> None:
    SignInRules.objects.create(two_factor_required=True)
    client.get(PAGE)
    with django_assert_num_queries(2):  # the session, the user
        client.get(PAGE)
