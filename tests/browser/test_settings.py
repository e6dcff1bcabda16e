"""Settings › Properties and › Tags, and the history panel, as people use them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from audit.actor import Actor
from audit.recording import recorded
from customers import creating, editing, noting, tag_admin, tagging
from customers.identifying import identity
from customers.models import Customer, Tag, TagRewrite
from properties.models import Definition, PropertyRewrite

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = Actor.of_system("command")
LOOKS = [("light", 1440), ("dark", 390)]


@pytest.fixture
def ana() -> Customer:
    with recorded(ACTOR, "property.defined"):
        Definition.objects.create(
            key="plan", label="Plan", position=1, type="choice", choices=["Pro", "Scale"], is_key=True
        )
        Definition.objects.create(
            key="company.a_rather_long_key_of_some_system", label="Employees", type="number", position=2
        )
        Definition.objects.create(key="region", label="Region", subject="account")
    ana = creating.create(creating.Draft("Ana Kovač", [identity("email", "ana@lumen.example")]), actor=ACTOR)
    editing.set_property(ana, "plan", ["Pro"], actor=ACTOR)
    tagging.add_tag([ana.pk], "VIP", actor=ACTOR)
    tagging.add_tag([ana.pk], "A rather long tag that somebody made in a hurry", actor=ACTOR)
    noting.add_note(ana, "Prefers a call.", actor=ACTOR)
    editing.rename(ana, "Ana Ruiz", actor=ACTOR)
    return ana


@pytest.mark.parametrize("path", ["/settings/properties/", "/settings/tags/"])
def test_the_lists_look_right_in_both_themes_wide_and_narrow(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: Customer, path: str
) -> None:
    looks_right(page_as("admin"), path)


@pytest.mark.parametrize("path", ["/settings/properties/", "/settings/tags/"])
def test_empty_lists_look_right(page_as: Callable[..., Page], looks_right: Callable[..., None], path: str) -> None:
    looks_right(page_as("admin"), path, LOOKS)


def test_forms_as_pages_look_right(
    page_as: Callable[..., Page], looks_right: Callable[..., None], ana: Customer
) -> None:
    page = page_as("admin")
    plan, tag = Definition.objects.get(key="plan"), Tag.objects.get(name="VIP")
    for path in ("properties/new/", f"properties/{plan.pk}/edit/", f"properties/{plan.pk}/merge/",
                 f"properties/{plan.pk}/delete/", "tags/new/", f"tags/{tag.pk}/edit/", f"tags/{tag.pk}/merge/",
                 f"tags/{tag.pk}/delete/"):  # fmt: skip
        looks_right(page, f"/settings/{path}", LOOKS)


def test_the_history_looks_right(page_as: Callable[..., Page], looks_right: Callable[..., None], ana: Customer) -> None:
    page = page_as("viewer")
    looks_right(page, f"/audit/history/customer/{ana.pk}/")
    expect(page.get_by_text("changed from Ana Kovač to Ana Ruiz")).to_be_attached()


def test_older_history_comes_below_and_keeps_the_focus(page_as: Callable[..., Page], ana: Customer) -> None:
    for number in range(25):
        editing.rename(ana, f"Ana {number}", actor=ACTOR)
    page = page_as("viewer")
    page.goto(f"/audit/history/customer/{ana.pk}/")
    expect(page.locator("article")).to_have_count(20)
    page.get_by_role("link", name="Show older").click()
    expect(page.locator("article")).to_have_count(20 + 11)
    expect(page.get_by_text("Email")).to_be_visible()


def test_an_admin_adds_a_tag_and_is_told_when_there_is_one(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    page = page_as("admin")
    page.goto("/settings/tags/")
    page.get_by_role("link", name="Add tag").click()
    page.get_by_label("Name").fill("vip")
    page.get_by_role("dialog").get_by_role("button", name="Add tag").click()
    expect(page.get_by_role("dialog").get_by_text("There is a tag “VIP” already.").first).to_be_visible()
    axe(page)
    page.get_by_label("Name").fill("Beta")
    page.get_by_label("Violet").check()
    page.get_by_role("dialog").get_by_role("button", name="Add tag").click()
    expect(page.get_by_role("region", name="Messages").get_by_text("Made the tag “Beta”.")).to_be_visible()
    expect(page.locator(".tag.hue-7", has_text="Beta")).to_be_visible()


def test_an_admin_retypes_moves_and_deletes_a_property(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    page = page_as("admin")
    page.goto("/settings/properties/")
    page.get_by_role("button", name="Move Plan down").click()
    expect(page.locator("tr[id^=property-] th").first).to_contain_text("Employees")
    expect(page.get_by_role("button", name="Move Plan down")).to_be_focused()
    page.get_by_role("link", name="Edit Plan").click()
    expect(page.get_by_label("Label")).to_be_focused()
    axe(page)
    page.get_by_role("combobox", name="Type").select_option("number")
    page.get_by_role("button", name="Save property").click()
    expect(page.get_by_text("1 record has a value that does not fit and keeps it").first).to_be_visible()
    page.get_by_role("link", name="Delete Plan").click()
    expect(page.get_by_text("The values of 1 customer are removed with it")).to_be_visible()
    page.get_by_role("button", name="Delete property").click()
    expect(page.get_by_role("region", name="Messages").get_by_text("Deleted “Plan”.")).to_be_visible()
    expect(page.get_by_role("link", name="Edit Plan")).to_have_count(0)


def test_background_work_shows_its_progress_until_it_ends(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    job = PropertyRewrite.objects.create(
        action="merge", label="Plan", definition=Definition.objects.get(key="plan"), done=40, total=100,
        into=Definition.objects.get(label="Employees"),
    )  # fmt: skip
    page = page_as("admin")
    page.goto("/settings/properties/")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "40")
    axe(page)
    PropertyRewrite.objects.filter(pk=job.pk).update(status="done", changed=7)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_text("7 records changed")).to_be_visible()


def test_merging_a_large_tag_shows_its_progress_and_then_the_list_without_it(
    page_as: Callable[..., Page], ana: Customer, axe: Callable[[Page], None]
) -> None:
    vip = Tag.objects.get(name="VIP")
    other = Tag.objects.exclude(pk=vip.pk).get()
    job = TagRewrite.objects.create(tag=vip, into=other, merging=True, name="VIP", done=4_000, total=10_000)
    page = page_as("admin")
    page.goto("/settings/tags/")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "40")
    expect(page.locator("#working")).to_contain_text("4,000 of 10,000 records")
    axe(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 900})
    axe(page)
    TagRewrite.objects.filter(pk=job.pk).update(status="done")
    tag_admin.delete(vip, actor=ACTOR)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("link", name="Edit VIP")).to_have_count(0)
    expect(page.locator("#results")).to_have_count(1)
