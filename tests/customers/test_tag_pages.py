"""Settings › Tags: the list, its dialogs, and who may do what (2.8)."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actor import Actor
from customers import creating, tag_admin, tagging
from customers.models import Tag
from staff.models import User

pytestmark = pytest.mark.django_db

LIST = "/settings/tags/"
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}
ACTOR = Actor.of_system("command")


@pytest.fixture
def as_role(client: Client) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        user = User.objects.create_user(f"{role}@roster.example", name=f"Mina {role.title()}", role=role)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def vip() -> Tag:
    return tag_admin.create("VIP", 5, actor=ACTOR)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def seen(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', page))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("", {"viewer", "support", "admin"}), ("new/", {"support", "admin"}), ("{}/edit/", {"admin"}),
        ("{}/merge/", {"admin"}), ("{}/delete/", {"admin"}),
    ],
)  # fmt: skip
def test_who_may_do_what(as_role: Callable[[str], Client], vip: Tag, address: str, allowed: set[str]) -> None:
    for role in ("viewer", "support", "admin"):
        response = as_role(role).get(LIST + address.format(vip.pk))
        assert response.status_code == (200 if role in allowed else 403), role


def test_the_list_counts_and_links(as_role: Callable[[str], Client], vip: Tag) -> None:
    customer = creating.create(creating.Draft("Ana"), actor=ACTOR)
    tagging.add_tag([customer.pk], "VIP", actor=ACTOR)
    page = as_role("viewer").get(LIST).content.decode()
    assert "VIP Teal 1 customers with VIP 0" in text_of(page)
    assert f'href="/customers/?tag={vip.pk}"' in page


def test_support_makes_a_tag(as_role: Callable[[str], Client]) -> None:
    client = as_role("support")
    assert client.post(f"{LIST}new/", {"name": " Beta  tester ", "hue": "7"}, headers=DIALOG).status_code == 204
    tag = Tag.objects.get()
    assert (tag.name, tag.hue) == ("Beta tester", 7)
    assert "Made the tag “Beta tester”." in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"hue": "1"}, "Enter a name."),
        ({"name": "x" * 61, "hue": "1"}, "at most 60 characters"),
        ({"name": "vip", "hue": "1"}, "There is a tag “VIP” already."),
        ({"name": "New", "hue": "9"}, "Choose one of the colours."),
        ({"name": "New", "hue": "red"}, "Choose one of the colours."),
        ({"name": "New"}, "Choose a colour."),
        ({"name": "a\0b", "hue": "1"}, "ull characters are not allowed"),
    ],
)
def test_a_wrong_field_says_so_beside_itself(
    as_role: Callable[[str], Client], vip: Tag, data: dict[str, str], told: str
) -> None:
    response = as_role("admin").post(f"{LIST}new/", data, headers=DIALOG)
    assert response.status_code == 422
    assert told in response.content.decode()
    assert Tag.objects.count() == 1


def test_without_javascript_the_form_is_a_page(as_role: Callable[[str], Client], vip: Tag) -> None:
    client = as_role("admin")
    page = client.get(f"{LIST}{vip.pk}/edit/").content.decode()
    assert "<!doctype html>" in page
    response = client.post(f"{LIST}{vip.pk}/edit/", {"name": "Gold", "hue": "2", **seen(page)})
    assert (response.status_code, response["Location"]) == (303, LIST)


def test_what_somebody_else_changed_meanwhile_is_not_written_over(as_role: Callable[[str], Client], vip: Tag) -> None:
    client = as_role("admin")
    address = f"{LIST}{vip.pk}/edit/"
    before = seen(client.get(address, headers=DIALOG).content.decode())
    tag_admin.edit(vip, "Gold", 2, actor=ACTOR)
    response = client.post(address, {"name": "Silver", "hue": "1", **before}, headers=DIALOG)
    page = response.content.decode()
    assert response.status_code == 422
    assert "it is now “Gold”, orange" in page
    assert client.post(address, {"name": "Silver", "hue": "1", **seen(page)}, headers=DIALOG).status_code == 204


def test_merging_and_deleting_say_first_what_they_touch(as_role: Callable[[str], Client], vip: Tag) -> None:
    gold = tag_admin.create("Gold", actor=ACTOR)
    customer = creating.create(creating.Draft("Ana"), actor=ACTOR)
    tagging.add_tag([customer.pk], "VIP", actor=ACTOR)
    client = as_role("admin")
    assert "1 customer and 0 documents have VIP" in text_of(client.get(f"{LIST}{vip.pk}/merge/").content.decode())
    for target in ("", str(vip.pk), "x", "9" * 30):
        assert client.post(f"{LIST}{vip.pk}/merge/", {"target": target}, headers=DIALOG).status_code == 422
    client.post(f"{LIST}{vip.pk}/merge/", {"target": gold.pk}, headers=DIALOG)
    assert "Merged “VIP” into “Gold”: 1 customer had it." in client.get(LIST).content.decode()
    assert "taken off 1 customer and 0 documents" in text_of(client.get(f"{LIST}{gold.pk}/delete/").content.decode())
    client.post(f"{LIST}{gold.pk}/delete/", headers=DIALOG)
    customer.refresh_from_db()
    assert customer.tag_ids == []


def test_what_is_gone_answers_404(as_role: Callable[[str], Client]) -> None:
    client = as_role("admin")
    for address in ("99/edit/", "99/merge/", "99/delete/", "99999999999999999999/edit/"):
        assert client.get(LIST + address).status_code == 404


def test_a_long_list_goes_on_at_the_next_page(as_role: Callable[[str], Client]) -> None:
    for number in range(130):
        Tag.objects.create(name=f"tag {number:03}", hue=1)
    client = as_role("viewer")
    page = client.get(LIST).content.decode()
    assert page.count('scope="row"') == 100
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert client.get(LIST + following[1]).content.decode().count('scope="row"') == 30


def test_takes_as_many_queries_for_25_as_for_one(as_role: Callable[[str], Client], vip: Tag) -> None:
    client = as_role("admin")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    few = queries()
    for number in range(25):
        Tag.objects.create(name=f"tag {number}", hue=1)
    assert queries() == few <= 6
