from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from audit.models import Entry
from customers.models import Customer
from properties.models import Definition
from tests.customers.people import part, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def add(client: Client, **data: Any) -> Any:
    return client.post("/customers/new/", data)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_customer_is_added_and_shown(support: Client) -> None:
    answer = add(support, email="Ana@Ex.test", name="Ana Kovač", phone="+34 600 111 222")
    ana = Customer.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{ana.pk}/")
    assert (ana.name, ana.primary_email, ana.primary_phone) == ("Ana Kovač", "Ana@Ex.test", "+34 600 111 222")
    assert (ana.origin, ana.state) == ("hand", "active")
    assert "Added Ana Kovač" in text_of(support.get(answer["Location"]))
    entry = Entry.objects.get(verb="customer.created")
    assert (entry.actor.name, entry.subject_id) == ("Mina Okafor", ana.pk)  # type: ignore[union-attr]


@pytest.mark.parametrize("data", [{"name": "Ana"}, {"email": "a@ex.test"}, {"phone": "600 111 222"}])
def test_a_name_an_email_or_a_phone_is_enough(support: Client, data: dict[str, str]) -> None:
    assert add(support, **data).status_code == 303
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("data", [{}, {"name": "  ", "email": ""}, {"company": "Lumenworks"}])
def test_one_of_them_is_needed(support: Client, data: dict[str, str]) -> None:
    answer = add(support, **data)
    assert answer.status_code == 422
    assert "one of them is needed" in text_of(answer)
    assert "<title>Error: Add customer" in text_of(answer)
    assert not Customer.objects.exists()


def test_an_email_that_somebody_has_is_refused_with_the_way_to_them(support: Client) -> None:
    ana = person()
    answer = add(
        support, email="ANA@ex.test", name="Someone", property_key="new_one", property_type="text", property_value="x"
    )
    assert answer.status_code == 422
    link = f'Ana Kovač already uses this email. <a href="/customers/{ana.pk}/">Open</a>'
    assert f"<ul><li>{link}</li></ul>" in text_of(answer)
    assert text_of(answer).count(link) == 2
    assert Customer.objects.count() == 1
    assert not Definition.objects.filter(key="new_one").exists()


def test_an_email_of_a_deleted_customer_says_so_with_its_number(support: Client) -> None:
    ana = person()
    Customer.objects.filter(pk=ana.pk).update(state="deleted")
    answer = add(support, email="ana@ex.test")
    assert answer.status_code == 409
    said = f'This email belongs to <a href="/customers/{ana.pk}/">customer {ana.pk}</a>, who is deleted.'
    assert said in text_of(answer)


def test_a_phone_may_be_shared(support: Client) -> None:
    add(support, name="Ana", phone="+34600111222")
    assert add(support, name="Bo", phone="+34 600 111 222").status_code == 303


WRONG = [
    ({"email": "ana"}, "Must be an email address"),
    ({"email": "a\x00@ex.test"}, "NUL"),
    ({"email": "a" * 300 + "@ex.test"}, "Must be at most"),
    ({"name": "x" * 301}, "Must be at most 300 characters"),
    ({"name": "Ana\x00"}, "NUL"),
    ({"phone": "none"}, "Must be a phone number"),
    ({"name": "Ana", "company": "x" * 301}, "Must be at most 300 characters"),
    ({"name": "Ana", "company": "a\x00b"}, "haracter"),
]


@pytest.mark.parametrize(("data", "error"), WRONG)
def test_wrong_input_is_refused_beside_its_field(support: Client, data: dict[str, str], error: str) -> None:
    answer = add(support, **data)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)
    assert not Customer.objects.exists()


@pytest.mark.parametrize("name", ["مريم الحسن", "Zoë 🎉", "李雷", "O'Brien <b>", "é" * 300])
def test_names_of_every_script_are_kept_as_typed(support: Client, name: str) -> None:
    add(support, name=name, email="x@ex.test")
    assert Customer.objects.get().name == name


def test_ten_megabytes_are_refused_before_anything_reads_them(support: Client) -> None:
    body = "name=" + "x" * 10_000_000
    answer = support.post("/customers/new/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert not Customer.objects.exists()


def test_a_company_becomes_the_account_of_that_name(support: Client) -> None:
    lumen = Account.objects.create(name="Lumenworks")
    add(support, name="Ana", company="lumenworks")
    ana = Customer.objects.get()
    assert (ana.memberships.get().account, ana.memberships.get().primary) == (lumen, True)
    assert ana.properties == {}


def test_of_two_accounts_with_one_name_the_picked_one_is_taken(support: Client) -> None:
    Account.objects.create(name="Lumenworks")
    second = Account.objects.create(name="Lumenworks")
    add(support, name="Ana", company="Lumenworks", account=str(second.pk))
    assert Customer.objects.get().memberships.get().account == second


def test_a_company_that_is_no_account_becomes_the_property(support: Client) -> None:
    lumen = Account.objects.create(name="Lumenworks")
    add(support, name="Ana", company="Somewhere else", account=str(lumen.pk))
    ana = Customer.objects.get()
    assert ana.properties == {"company.name": ["Somewhere else"]}
    assert not ana.memberships.exists()


def rows(*found: tuple[str, str, str]) -> dict[str, list[str]]:
    keys, types, values = zip(*found, strict=True)
    return {"property_key": list(keys), "property_type": list(types), "property_value": list(values)}


def test_properties_come_with_the_customer_and_a_new_key_defines_itself(support: Client) -> None:
    Definition.objects.create(key="Plan", label="Plan", type="text")
    add(support, name="Ana", **rows(("plan", "number", "Team"), ("seats", "number", "12.5"), ("", "text", "")))
    ana = Customer.objects.get()
    assert {key: [str(value) for value in values] for key, values in ana.properties.items()} == {
        "Plan": ["Team"], "seats": ["12.5"],
    }  # fmt: skip
    assert Definition.objects.get(key="seats").type == "number"
    assert ana.provenance["seats"]["by"] == "staff"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (("seats", "number", "many"), "Must be a number"),
        (("no spaces", "text", "x"), "A property key has 1 to 100"),
        (("", "text", "lonely"), "Type the property’s key."),
        (("x", "colour", "red"), "Choose a type."),
        (("x\x00", "text", "red"), "A property key has 1 to 100"),
        (("x", "text", "r\x00d"), "NUL"),
    ],
)
def test_a_wrong_property_is_refused_and_nothing_is_written(
    support: Client, row: tuple[str, str, str], error: str
) -> None:
    answer = add(support, name="Ana", **rows(("fine", "text", "fine"), row))
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert not Customer.objects.exists()
    assert not Definition.objects.exists()


def test_another_row_keeps_what_was_typed(support: Client) -> None:
    answer = add(support, name="Ana", more="1", **rows(("plan", "text", "Team")))
    assert answer.status_code == 200
    page = text_of(answer)
    assert page.count('name="property_key"') == 2
    assert 'value="Ana"' in page
    assert 'value="Team"' in page
    assert not Customer.objects.exists()


def test_the_dialog_is_the_form_alone_and_a_saved_one_opens_the_profile(support: Client) -> None:
    form = text_of(support.get("/customers/new/", **part("dialog")))
    assert "<html" not in form
    assert "Add customer</h2>" in form
    wrong = support.post("/customers/new/", {"email": "ana"}, **part("dialog"))
    assert wrong.status_code == 422
    assert "<html" not in text_of(wrong)
    saved = support.post("/customers/new/", {"email": "ana@ex.test"}, **part("dialog"))
    assert (saved.status_code, saved["HX-Redirect"]) == (204, f"/customers/{Customer.objects.get().pk}/")
