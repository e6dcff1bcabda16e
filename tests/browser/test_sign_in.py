"""Signing in with a second factor, invitations and the staff page, as people use them (8.1)."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Page, expect

from staff.models import SignInRules, User

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD, GOOD = "roster-demo", "a-rare-sentence-7"
LOOKS = [("light", 1440), ("dark", 390)]


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> None:
    cache.clear()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", PASSWORD, name="Ana Ruiz", role="support")


def code_of(secret: str, *, steps: int = 0) -> str:
    return f"{hotp_value(secret.replace(' ', ''), int(time.time()) // 30 + steps):06}"


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Email").fill("ana@roster.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page) -> None:
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_an_app_is_added_and_asked_for_at_the_next_sign_in(
    page_as: Callable[..., Page], ana: User, axe: Callable[[Page], None]
) -> None:
    page = page_as(None)
    sign_in(page)
    page.goto("/settings/security/")
    page.get_by_role("link", name="Add an app").click()
    confirm(page)
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    axe(page)
    page.get_by_text("Type it instead").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code that the app shows").fill("000000")
    page.get_by_role("button", name="Add app").click()
    expect(page.get_by_text("This code is not right").first).to_be_visible()
    page.get_by_label("Code that the app shows").fill(code_of(secret, steps=-1))
    page.get_by_role("button", name="Add app").click()
    codes = page.locator("#codes li")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    axe(page)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("On", exact=True)).to_be_visible()

    phone = page_as(None, width=390, theme="dark")
    sign_in(phone)
    expect(phone.get_by_role("heading", name="Second factor")).to_be_visible()
    axe(phone)
    phone.get_by_label("Code").fill(code_of(secret))
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", name="Overview")).to_be_visible()

    lost = page_as(None, java_script_enabled=False)
    sign_in(lost)
    lost.get_by_label("Code").fill(recovery)
    lost.get_by_role("button", name="Sign in").click()
    expect(lost.get_by_role("heading", name="Overview")).to_be_visible()


def test_where_it_is_required_it_is_set_up_before_anything_else(
    page_as: Callable[..., Page], ana: User, axe: Callable[[Page], None]
) -> None:
    SignInRules.objects.create(two_factor_required=True)
    page = page_as(None)
    sign_in(page)
    expect(page.get_by_role("heading", name="Set up two-factor authentication")).to_be_visible()
    axe(page)
    page.get_by_text("Type it instead").click()
    page.get_by_label("Code that the app shows").fill(code_of(page.locator("#secret").inner_text()))
    page.get_by_role("button", name="Set up and sign in").click()
    expect(page.locator("#codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_passkey_is_added_and_signs_in_by_itself_and_as_a_second_factor(
    page_as: Callable[..., Page], ana: User, axe: Callable[[Page], None]
) -> None:
    page = page_as(None)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page)
    page.goto("/settings/security/")
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    axe(page)
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.locator("#codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("My laptop").first).to_be_visible()
    assert Authenticator.objects.get(type="webauthn").user == ana

    page.goto("/sign-out/")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/sign-in/?next=/settings/preferences/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()

    page.goto("/sign-out/")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page)
    axe(page)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_an_admin_invites_a_colleague_who_chooses_a_password_and_comes(
    page_as: Callable[..., Page], axe: Callable[[Page], None]
) -> None:
    admin = page_as("admin")
    admin.goto("/settings/staff/")
    admin.get_by_role("link", name="Invite").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Email").fill("admin@roster.example")
    dialog.get_by_label("Name").fill("Mina Okafor")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(dialog.get_by_text("Somebody signs in with this email already").first).to_be_visible()
    axe(admin)
    dialog.get_by_label("Email").fill("mina@roster.example")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(admin.locator("#results").get_by_role("link", name="Mina Okafor")).to_be_visible()
    [message] = mail.outbox
    found = re.search(r"http://[^/\s]+(/choose-password/\S+)", str(message.body))
    assert found

    mina = page_as(None)
    mina.goto(found[1])
    axe(mina)
    mina.get_by_label("New password").fill("short")
    mina.get_by_role("button", name="Save password and sign in").click()
    expect(mina.get_by_text("There is a problem")).to_be_visible()
    mina.get_by_label("New password").fill(GOOD)
    mina.get_by_role("button", name="Save password and sign in").click()
    expect(mina.get_by_role("heading", name="Overview")).to_be_visible()

    admin.get_by_role("link", name="Mina Okafor").click()
    admin.get_by_label("Role", exact=True).select_option("viewer")
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator("#toasts")).to_contain_text("Saved Mina Okafor")
    admin.get_by_role("button", name="Deactivate").click()
    expect(admin.get_by_text("Deactivated", exact=True)).to_be_visible()
    mina.goto("/")
    expect(mina.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/settings/staff/", "/settings/staff/invite/", "/settings/staff/roles/", "/settings/security/"]
)
def test_the_pages_look_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: User, path: str
) -> None:
    looks_right(page_as("admin"), path, LOOKS)


def test_the_page_of_a_colleague_looks_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: User
) -> None:
    Authenticator.objects.create(user=ana, type="totp", data={"secret": "x"})
    page_as(ana).goto("/settings/preferences/")
    looks_right(page_as("admin"), f"/settings/staff/{ana.pk}/", LOOKS)


@pytest.mark.parametrize(
    "path", ["/sign-in/", "/forgotten-password/", "/forgotten-password/sent/", "/choose-password/x/y/"]
)
def test_the_pages_before_sign_in_look_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], path: str
) -> None:
    looks_right(page_as(None), path, LOOKS)


def test_a_session_elsewhere_is_ended(page_as: Callable[..., Page], ana: User) -> None:
    here, there = page_as(None), page_as(None)
    for page in (here, there):
        sign_in(page)
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    here.goto("/settings/security/")
    expect(here.get_by_text("This one")).to_be_visible()
    here.get_by_role("button", name="Sign out everywhere else").click()
    expect(here.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
    there.goto("/settings/preferences/")
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
