"""Settings › Properties: the list, its dialogs, and who may do what."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actor import Actor
from audit.recording import recorded
from core.jobs import Status
from customers import creating
from customers.models import Customer
from properties.models import Definition, PropertyRewrite
from staff.models import User

pytestmark = pytest.mark.django_db

LIST = "/settings/properties/"
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def as_role(client: Client) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        user = User.objects.create_user(f"{role}@roster.example", name=f"Mina {role.title()}", role=role)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def plan() -> Definition:
    return Definition.objects.create(key="plan", label="Plan", position=1)


def holder(**properties: list[object]) -> Customer:
    with recorded(Actor.of_system("command"), "customer.created"):
        made = creating.create(creating.Draft("Ana"), actor=Actor.of_system("command"))
        made.properties = properties
        made.save()
    return made


def fields(page: str) -> dict[str, str]:
    """What a form of the page would send if nothing were changed."""
    return dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', page))


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def edit(client: Client, definition: Definition, **data: str) -> object:
    address = f"{LIST}{definition.pk}/edit/"
    seen = fields(client.get(address, headers=DIALOG).content.decode())
    return client.post(address, {"label": definition.label, "type": definition.type, **seen, **data}, headers=DIALOG)


ADDRESSES = ["new/", "1/edit/", "1/merge/", "1/delete/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_admins_manage(as_role: Callable[[str], Client], address: str) -> None:
    client = as_role("support")
    assert client.get(LIST).status_code == 200
    assert client.get(LIST + address).status_code == 403
    assert client.post(LIST + address).status_code == 403


def test_viewers_do_not_see_the_settings(as_role: Callable[[str], Client]) -> None:
    assert as_role("viewer").get(LIST).status_code == 403


def test_support_sees_no_buttons(as_role: Callable[[str], Client], plan: Definition) -> None:
    page = as_role("support").get(LIST).content.decode()
    assert "Plan" in page
    assert f'href="{LIST}{plan.pk}/edit/"' not in page


def test_the_list_says_how_many_records_have_each(as_role: Callable[[str], Client], plan: Definition) -> None:
    for _ in range(3):
        holder(plan=["Pro"])
    holder()
    assert "Plan plan plan Text Yes No 3 75 %" in text_of(as_role("support").get(LIST).content.decode())


def test_an_admin_adds_a_property(as_role: Callable[[str], Client]) -> None:
    client = as_role("admin")
    data = {"subject": "customer", "key": "company.tier", "label": "Tier", "type": "choice", "is_key": "on"}
    data["choices"] = "Gold\r\nSilver\r\n\r\nGold"
    response = client.post(f"{LIST}new/", data, headers=DIALOG)
    assert response.status_code == 204
    made = Definition.objects.get()
    assert (made.choices, made.personal, made.is_key) == (["Gold", "Silver"], False, True)
    assert "Added the property “Tier”." in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Enter the key"),
        ({"key": "two words", "label": "X", "type": "text", "subject": "customer"}, "1 to 100 letters"),
        ({"key": "...", "label": "X", "type": "text", "subject": "customer"}, "more than dots"),
        ({"key": "PLAN", "label": "X", "type": "text", "subject": "customer"}, "has the key plan already"),
        ({"key": "x", "label": "X", "type": "text", "subject": "planet"}, "Choose what it describes"),
        ({"key": "x", "label": "X", "type": "colour", "subject": "customer"}, "Choose one of the types"),
        ({"key": "x", "label": "X", "type": "choice", "subject": "customer"}, "at least one choice"),
        ({"key": "x", "label": "x" * 121, "type": "text", "subject": "customer"}, "at most 120 characters"),
        ({"key": "x", "label": "a\0b", "type": "text", "subject": "customer"}, "ull characters are not allowed"),
    ],
)
def test_a_wrong_field_says_so_beside_itself(
    as_role: Callable[[str], Client], plan: Definition, data: dict[str, str], told: str
) -> None:
    response = as_role("admin").post(f"{LIST}new/", data, headers=DIALOG)
    assert response.status_code == 422
    assert told in response.content.decode()
    assert 'aria-invalid="true"' in response.content.decode()
    assert Definition.objects.count() == 1


def test_the_key_cannot_be_changed(as_role: Callable[[str], Client], plan: Definition) -> None:
    edit(as_role("admin"), plan, key="tier", label="Tier")
    plan.refresh_from_db()
    assert (plan.key, plan.label) == ("plan", "Tier")


def test_what_somebody_else_changed_meanwhile_is_not_written_over(
    as_role: Callable[[str], Client], plan: Definition
) -> None:
    client = as_role("admin")
    seen = fields(client.get(f"{LIST}{plan.pk}/edit/", headers=DIALOG).content.decode())
    Definition.objects.filter(pk=plan.pk).update(label="Tier")
    data = {"label": "Level", "type": "text", **seen}
    response = client.post(f"{LIST}{plan.pk}/edit/", data, headers=DIALOG)
    page = response.content.decode()
    assert response.status_code == 422
    assert "it is now “Tier”" in page
    assert 'value="Level"' in page
    response = client.post(f"{LIST}{plan.pk}/edit/", {**data, **fields(page)}, headers=DIALOG)
    assert response.status_code == 204


def test_retyping_says_how_many_values_did_not_fit(as_role: Callable[[str], Client], plan: Definition) -> None:
    holder(plan=["many"])
    client = as_role("admin")
    assert edit(client, plan, type="number").status_code == 204  # type: ignore[attr-defined]
    assert "1 record has a value that does not fit and keeps it" in client.get(LIST).content.decode()


def test_deleting_says_first_what_it_touches(as_role: Callable[[str], Client], plan: Definition) -> None:
    holder(plan=["Pro"])
    client = as_role("admin")
    asked = client.get(f"{LIST}{plan.pk}/delete/", headers=DIALOG).content.decode()
    assert "The values of 1 customer are removed" in text_of(asked)
    assert Definition.objects.exists()
    client.post(f"{LIST}{plan.pk}/delete/", headers=DIALOG)
    assert not Definition.objects.exists()


def test_merging_says_first_what_it_touches_and_needs_a_target(
    as_role: Callable[[str], Client], plan: Definition
) -> None:
    tier = Definition.objects.create(key="tier", label="Tier")
    elsewhere = Definition.objects.create(key="tier", label="Tier of accounts", subject="account")
    holder(plan=["Pro"])
    client = as_role("admin")
    address = f"{LIST}{plan.pk}/merge/"
    page = client.get(address, headers=DIALOG).content.decode()
    assert "1 customer has a value for “Plan”" in text_of(page)
    assert "Tier of accounts" not in page
    for target in ("", str(plan.pk), str(elsewhere.pk), "x", "9" * 30):
        assert client.post(address, {"target": target}, headers=DIALOG).status_code == 422
    assert client.post(address, {"target": tier.pk}, headers=DIALOG).status_code == 204
    assert Customer.objects.get().properties == {"tier": ["Pro"]}


def test_moving_swaps_the_list_in_place(as_role: Callable[[str], Client], plan: Definition) -> None:
    Definition.objects.create(key="seats", label="Seats", position=2)
    client = as_role("admin")
    headers = {"HX-Request": "true", "HX-Target": "results"}
    page = client.post(f"{LIST}{plan.pk}/move/", {"way": "down"}, headers=headers).content.decode()
    assert page.index("Seats") < page.index("Plan")
    assert client.post(f"{LIST}{plan.pk}/move/", {"way": "sideways"}, headers=headers).status_code == 422
    assert client.post(f"{LIST}{plan.pk}/move/", {"way": "up"}).status_code == 303


class TestWorkInTheBackground:
    @pytest.fixture
    def job(self, plan: Definition) -> PropertyRewrite:
        return PropertyRewrite.objects.create(action="remove", definition=plan, label="Plan", done=30, total=100)

    def test_the_list_shows_how_far_it_is_and_asks_again(
        self, as_role: Callable[[str], Client], job: PropertyRewrite
    ) -> None:
        page = as_role("admin").get(LIST).content.decode()
        assert '<progress value="30"' in page
        assert 'hx-trigger="every 2s"' in page

    def test_a_busy_property_is_not_changed(
        self, as_role: Callable[[str], Client], plan: Definition, job: PropertyRewrite
    ) -> None:
        response = as_role("admin").post(f"{LIST}{plan.pk}/delete/", headers=DIALOG)
        assert response.status_code == 422
        assert "still being changed" in response.content.decode()

    def test_an_admin_stops_it(self, as_role: Callable[[str], Client], job: PropertyRewrite) -> None:
        client = as_role("admin")
        assert client.post(f"{LIST}rewrites/{job.pk}/", {"do": "cancel"}).status_code == 303
        job.refresh_from_db()
        assert job.status == Status.CANCELLED

    def test_a_failed_one_is_tried_again(self, as_role: Callable[[str], Client], job: PropertyRewrite) -> None:
        PropertyRewrite.objects.filter(pk=job.pk).update(status=Status.FAILED, error="It broke.")
        client = as_role("admin")
        assert "It broke." in client.get(LIST).content.decode()
        client.post(f"{LIST}rewrites/{job.pk}/", {"do": "again"})
        job.refresh_from_db()
        assert job.status == Status.QUEUED


def test_takes_as_many_queries_for_25_as_for_one(as_role: Callable[[str], Client], plan: Definition) -> None:
    client = as_role("admin")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(LIST)
        return len(seen)

    few = queries()
    for number in range(25):
        Definition.objects.create(key=f"k{number}", label=f"K {number}")
    assert queries() == few <= 10
