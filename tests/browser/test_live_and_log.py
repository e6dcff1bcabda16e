"""Usage as it happens, campaigns, and the audit log, as people use them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core import clock
from customers import editing
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer, Membership
from engagement import campaigns, usage
from staff.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="App", kind="tracking")


@pytest.fixture
def ana(source: Source) -> Customer:
    mina = User.objects.create_user("mina@roster.example", name="Mina Okafor", role="admin")
    ana = create(
        draft_of(name="Ana Kovač", identities=identities([("email", "ana@lumen.example")])), actor=Actor.of_staff(mina)
    )
    Membership.objects.create(customer=ana, account=Account.objects.create(name="Lumen Logistics"), primary=True)
    editing.rename(ana, "Ana Ruiz", actor=Actor.of_staff(mina))
    sent = clock.now() - timedelta(days=1)
    campaigns.record(
        [campaigns.Reached("Spring release", ana.pk, sent_at=sent, viewed_at=clock.now())],
        source=source,
        actor=Actor.of_source(source),
    )
    return ana


def happens(source: Source, ana: Customer, activity: str) -> None:
    event = usage.Event("Reports", activity, clock.now(), ana.memberships.get().account_id, ana.pk)
    usage.record([event], source=source, actor=Actor.of_source(source))


def test_what_is_used_appears_by_itself_also_after_the_connection_was_gone(
    page_as: Callable[..., Page], source: Source, ana: Customer
) -> None:
    page = page_as("viewer", expected=("Failed to load resource", "htmx:sendError"))
    page.goto(f"/accounts/{ana.memberships.get().account_id}/usage/")
    stream = page.locator("#usage-stream")
    expect(stream).to_contain_text("Nothing has been used yet")
    happens(source, ana, "Opened the first report")
    expect(stream).to_contain_text("Opened the first report")

    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        route.abort("internetdisconnected")

    page.route("**/usage/stream/**", lose)
    happens(source, ana, "Opened the second report")
    page.wait_for_timeout(4_000)
    expect(stream).not_to_contain_text("second report")
    page.unroute("**/usage/stream/**")
    expect(stream).to_contain_text("Opened the second report")
    assert lost


def test_a_paused_stream_stands_still(page_as: Callable[..., Page], source: Source, ana: Customer) -> None:
    page = page_as("viewer")
    happens(source, ana, "Opened a report")
    page.goto("/usage/")
    page.get_by_role("link", name="Pause").click()
    expect(page.locator("#usage-stream")).to_contain_text("Paused")
    happens(source, ana, "Exported a report")
    page.wait_for_timeout(4_000)
    expect(page.locator("#usage-stream")).not_to_contain_text("Exported a report")
    page.get_by_role("link", name="Resume").click()
    expect(page.locator("#usage-stream")).to_contain_text("Exported a report")
    expect(page.locator("#usage-stream")).to_contain_text("Live")


def test_the_profile_shows_campaigns_and_usage_further_down(
    page_as: Callable[..., Page], source: Source, ana: Customer
) -> None:
    happens(source, ana, "Opened a report")
    page = page_as("support")
    page.goto(f"/customers/{ana.pk}/")
    page.get_by_role("navigation", name="Sections of the profile").get_by_role("link", name="Usage").click()
    expect(page.locator("#usage")).to_contain_text("Opened a report")
    expect(page.locator("#campaigns")).to_contain_text("Spring release")


def test_an_admin_reads_the_log_filters_it_and_opens_an_entry(page_as: Callable[..., Page], ana: Customer) -> None:
    page = page_as("admin")
    page.goto("/audit/")
    results = page.locator("#results")
    expect(results).to_contain_text("Recorded deliveries of campaigns")
    page.get_by_role("button", name="Action").click()
    page.get_by_role("radio", name="Customer", exact=True).check()
    expect(results).not_to_contain_text("Recorded deliveries")
    expect(page).to_have_url("/audit/?action=customer")
    page.keyboard.press("Escape")
    results.get_by_role("link", name="Renamed Ana Ruiz").click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("Ana Kovač")
    expect(drawer).to_contain_text("customer.renamed")
    drawer.get_by_text("Columns as stored").click()
    expect(drawer.get_by_role("rowheader", name="name", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Remove filter: action").click()
    expect(results).to_contain_text("Recorded deliveries of campaigns")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename.startswith("audit-")


@pytest.mark.parametrize("path", ["/usage/", "/campaigns/", "/campaigns/{campaign}/", "/audit/", "/audit/{entry}/"])
def test_the_pages_look_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], source: Source, ana: Customer, path: str
) -> None:
    from audit.models import Entry
    from engagement.models import Campaign

    happens(source, ana, "Opened a report")
    entry = Entry.objects.get(verb="customer.renamed").pk
    looks_right(page_as("admin"), path.format(campaign=Campaign.objects.get().pk, entry=entry))
