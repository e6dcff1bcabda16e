"""An integration from its first page to a record that is replayed: the key that is shown really opens the door."""

import re
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from audit.actor import Actor
from core import clock
from customers.models import Customer
from integrations import issuing
from integrations.deliveries import Verdict, log, log_refused
from integrations.models import ApiKey, Delivery, Integration

pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = [("light", 1440), ("dark", 390)]
ACTOR = Actor.of_system("command")


def run(command: str) -> str:
    """What a shell says that ran the command as it was copied."""
    done = subprocess.run(["bash", "-c", f"{command} -sS"], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def copied(page: Page, button: str) -> str:
    page.locator(button).click()
    expect(page.locator(f"{button}[data-copied]")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_webhook_is_added_used_by_curl_and_what_failed_is_replayed(page_as: Callable[..., Page]) -> None:
    page = page_as("admin", permissions=["clipboard-read", "clipboard-write"])
    page.goto("/integrations/")
    page.get_by_role("link", name="Add Integration").first.click()
    page.locator("#add-user").click()
    page.get_by_label("Name").fill("Warehouse")
    page.get_by_role("button", name="Create key").click()
    key = copied(page, "#copy-key")
    assert re.fullmatch(r"roster_\d+_[\w-]{43}", key)
    command = copied(page, "#copy-command")
    assert key in command
    assert '"status": "created"' in run(command)
    ana = Customer.objects.get(name="Ana Ruiz")

    page.get_by_role("link", name="I have stored it").click()
    expect(page.locator(".state").first).to_have_text("Connected")
    expect(page.locator("main")).not_to_contain_text(key.rpartition("_")[2])
    assert '"status": "rejected"' in run(command.replace('["ana@ex.test"]', '["ana at home"]'))

    page.locator("#all-deliveries").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("External ID or reference").fill("p-1007")
    page.wait_for_url("**q=p-1007**")
    page.locator("#b-status").click()
    page.locator("#m-status").get_by_text("Every record refused").click()
    page.locator("#b-status").press("Escape")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody .name").click()
    expect(page.locator("details.fold")).to_contain_text("Email: Must be an email address")

    integration = Integration.objects.get()
    page.goto(f"/integrations/{integration.pk}/fields/")
    page.get_by_label("Email").fill("Mail")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("row", name="Email ana at home")).to_contain_text("Property")
    page.get_by_role("button", name="Save fields").click()
    page.goto("/integrations/deliveries/?status=failed")
    page.locator("tbody .name").click()
    page.locator("#replay-0").click()
    expect(page.locator(".record")).to_contain_text("Replay of")
    expect(page.locator(".record .state")).to_have_text("Done")
    ana.refresh_from_db()
    assert ana.properties["Email"] == ["ana at home"]
    assert Delivery.objects.filter(replay_of__status="failed", updated_count=1).count() == 1


def test_a_key_is_rotated_and_revoked_in_dialogs(page_as: Callable[..., Page], axe: Callable[[Page], None]) -> None:
    key, _ = issuing.issue_key(kind="feedback", name="Support inbox", scopes=[], actor=ACTOR)
    page = page_as("admin")
    page.goto(f"/integrations/{Integration.objects.get().pk}/")
    page.locator(f"#b-key-{key.pk}").click()
    page.locator(f"#rotate-{key.pk}").click()
    expect(page.locator("#dialog")).to_contain_text("works for 24 hours more")
    axe(page)
    page.locator("#dialog").get_by_role("button", name="Rotate key").click()
    expect(page.locator("#key")).to_contain_text(re.compile(r"roster_\d+_"))
    page.get_by_role("link", name="I have stored it").click()
    page.locator(f"#b-key-{key.pk}").click()
    page.locator(f"#revoke-{key.pk}").click()
    expect(page.locator("#dialog")).to_contain_text(f"Requests with {key.shown} fail at once")
    axe(page)
    page.locator("#dialog").get_by_role("button", name="Revoke key").click()
    expect(page.locator("#toasts")).to_contain_text("Revoked Support inbox")
    expect(page.get_by_role("row", name=key.shown)).to_contain_text("Revoked")
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_an_integration_is_added_without_scripts(page_as: Callable[..., Page]) -> None:
    page = page_as("admin", java_script_enabled=False)
    page.goto("/integrations/new/")
    page.locator("#add-api").click()
    page.get_by_label("Name").fill("Billing sync")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator(".errors")).to_contain_text("Choose at least one")
    page.get_by_label("See and export customers").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#mcp-url")).to_contain_text("/mcp")


@pytest.fixture
def world() -> Integration:
    """One of each kind, one that fails, one that is closed, and deliveries of every outcome."""
    for kind in ApiKey.Kind.values:
        scopes = ["customers:read", "documents:write"] if kind == "api" else []
        issuing.issue_key(kind=kind, name=f"{ApiKey.Kind(kind).label} of a source", scopes=scopes, actor=ACTOR)
    ApiKey.objects.filter(kind="account").update(created_at=clock.now() - timedelta(days=400))
    one = Integration.objects.select_related("source").get(source__kind="user")
    for hour in range(20):
        verdicts = [Verdict("created", f"p-{number}", customer_id=number) for number in range(hour % 7 + 1)]
        bad = Verdict(
            "rejected", "p-99", code="invalid_attribute", field="attributes.Seats", message="Seats: expected a number",
            body={"id": "p-99", "attributes": {"Seats": {"n": ["many"]}, "Email": {"s": ["ana@ex.test"]}}},
        )  # fmt: skip
        sent = [*verdicts, bad, Verdict("suppressed", "p", body={"id": "p"})] if hour % 5 == 0 else verdicts
        at = clock.now() - timedelta(hours=20 - hour)
        log(sent, source=one.source, key=one.source.keys.first(), via="webhook", operation="users", now=at, took_ms=42)
    broken = Integration.objects.select_related("source").get(source__kind="feedback")
    log_refused(
        source=broken.source, key=None, via="intake", now=clock.now(), code="malformed", message="The body is not JSON."
    )
    issuing.revoke(ApiKey.objects.get(kind="census"), actor=ACTOR)
    return one


def test_every_page_looks_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], world: Integration
) -> None:
    page = page_as("admin")
    feedback = Integration.objects.get(source__kind="feedback")
    failed = Delivery.objects.filter(status="partly").latest("pk")
    key = ApiKey.objects.get(kind="api")
    rest = Integration.objects.get(source=key.source)
    for path in (
        "", "new/", "new/api/", f"{world.pk}/", f"{feedback.pk}/", f"{world.pk}/fields/", "deliveries/",
        f"deliveries/{failed.pk}/", f"{rest.pk}/keys/{key.pk}/limit/", "deliveries/?status=odd", "deliveries/?q=none",
    ):  # fmt: skip
        looks_right(page, f"/integrations/{path}", LOOKS)
