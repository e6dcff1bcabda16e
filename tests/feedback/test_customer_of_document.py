"""A document's customer, by hand: Add Customer, Create New Customer, Change, Remove, the drawer (5.3, 5.4)."""

import json
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer
from feedback.models import Document
from properties.models import Definition
from tests.feedback.conftest import htmx, person, write

pytestmark = pytest.mark.django_db


def toast(response: Any) -> dict[str, str]:
    return json.loads(response["HX-Trigger"])["toast"]


def picker(client: Client, document: Document, typed: str = "") -> str:
    response = client.get(f"/documents/{document.pk}/customer/add/", {"q": typed}, headers=htmx("picker-list"))
    assert response.status_code == 200
    return response.content.decode()


def create(client: Client, document: Document, **fields: Any) -> Any:
    return client.post(f"/documents/{document.pk}/customer/new/", fields, headers=htmx("customer"))


def test_a_document_without_customer_offers_add_customer(mina: Client, document: Document) -> None:
    text = mina.get(f"/documents/{document.pk}/").content.decode()
    assert "Add Customer" in text
    assert 'id="doc-customer"' in text


def test_a_document_with_a_customer_offers_change_and_remove_instead(mina: Client, ana: Customer) -> None:
    text = mina.get(f"/documents/{write(customer=ana).pk}/").content.decode()
    assert "Add Customer" not in text
    assert "Ana Kovač" in text
    assert 'id="change-customer"' in text
    assert 'id="remove-customer"' in text


def test_a_deleted_customer_stands_in_place_of_add_customer(mina: Client, ana: Customer) -> None:
    document = write(customer=ana)
    ana.state = "deleted"
    ana.save()
    text = mina.get(f"/documents/{document.pk}/").content.decode()
    assert "Deleted customer" in text
    assert "Add Customer" not in text
    assert mina.get(f"/documents/{document.pk}/customer/").status_code == 404


def test_the_picker_finds_by_name_and_by_email_and_ends_with_create(
    mina: Client, document: Document, ana: Customer
) -> None:
    person("Bo Berg", "bo@ex.test")
    for typed in ("ana", "KOVAC", "ana@ex", "ana@ex.test"):
        text = picker(mina, document, typed)
        assert "Ana Kovač" in text, typed
        assert "Bo Berg" not in text, typed
    assert text.rstrip().endswith("</li>")
    assert text.index("Create New Customer “ana@ex.test”") > text.index("Ana Kovač")


def test_the_picker_offers_eight_at_most_and_no_deleted_ones(mina: Client, document: Document) -> None:
    for number in range(12):
        person(f"Ana {number}")
    Customer.objects.filter(name="Ana 11").update(state="deleted")
    text = picker(mina, document, "ana")
    assert text.count('role="option"') == 9
    assert "Ana 11" not in text


def test_the_authors_details_are_suggested_first(mina: Client, ana: Customer) -> None:
    person("Ana Kovač of another company")
    document = write(author={"name": "Ana Kovač", "email": "ANA@ex.test"})
    response = mina.get(f"/documents/{document.pk}/customer/add/", headers=htmx("dialog"))
    text = response.content.decode()
    assert f'id="pick-{ana.pk}"' in text
    assert text.index(f'id="pick-{ana.pk}"') < text.index("another company")
    assert "Suggested by the author" in text


@pytest.mark.parametrize(
    "typed", ["%", "_", "\\", "'", "a" * 5000, "🙂", "\u202e", " ".join("abcdefghijkl"), "é@", "@", "@@", "+34 (0)6"]
)
def test_whatever_is_typed_the_picker_answers(mina: Client, document: Document, ana: Customer, typed: str) -> None:
    assert "Create New Customer" in picker(mina, document, typed)


def test_choosing_links_at_once_with_undo(mina: Client, document: Document, ana: Customer) -> None:
    response = mina.post(f"/documents/{document.pk}/customer/add/", {"customer": ana.pk}, headers=htmx("customer"))
    document.refresh_from_db()
    assert (response.status_code, document.customer, document.link) == (200, ana, "staff")
    assert 'id="doc-customer"' in response.content.decode()
    assert "<html" not in response.content.decode()
    mina.post(toast(response)["undo"], {"next": f"/documents/{document.pk}/"})
    document.refresh_from_db()
    assert document.customer is None


@pytest.mark.parametrize("bad", ["", "0", "-1", "x", "99999999999999999999", "1\0", "٣"])
def test_choosing_nobody_is_said_in_the_dialog(mina: Client, document: Document, bad: str) -> None:
    response = mina.post(f"/documents/{document.pk}/customer/add/", {"customer": bad}, headers=htmx("customer"))
    assert (response.status_code, response["HX-Retarget"]) == (409, "#dialog")
    assert "not there any more" in response.content.decode()


def test_change_replaces_the_customer_and_undo_gives_the_first_one_back(mina: Client, ana: Customer) -> None:
    bo, document = person("Bo"), write(customer=ana)
    response = mina.post(f"/documents/{document.pk}/customer/add/", {"customer": bo.pk}, headers=htmx("customer"))
    document.refresh_from_db()
    assert document.customer == bo
    undone = mina.post(toast(response)["undo"], {"next": "https://evil.test/"})
    document.refresh_from_db()
    assert document.customer == ana
    assert (undone.status_code, undone["Location"]) == (303, f"/documents/{document.pk}/")


def test_remove_unlinks_at_once_with_undo(mina: Client, ana: Customer) -> None:
    document = write(customer=ana)
    response = mina.post(f"/documents/{document.pk}/customer/remove/", headers=htmx("customer"))
    document.refresh_from_db()
    assert (document.customer, document.link) == (None, "removed")
    assert toast(response)["text"] == "Removed Ana Kovač."
    assert "Add Customer" in response.content.decode()
    mina.post(toast(response)["undo"], {})
    document.refresh_from_db()
    assert document.customer == ana


@pytest.mark.parametrize("was", ["matched", "staff"])
def test_undoing_a_removal_restores_how_the_document_was_linked(mina: Client, ana: Customer, was: str) -> None:
    document = write(customer=ana)
    Document.objects.filter(pk=document.pk).update(link=was)
    removed = mina.post(f"/documents/{document.pk}/customer/remove/", headers=htmx("customer"))
    mina.post(toast(removed)["undo"], {})
    document.refresh_from_db()
    assert (document.customer, document.link) == (ana, was)


def test_undoing_the_first_link_leaves_the_document_open_to_recognition(
    mina: Client, document: Document, ana: Customer
) -> None:
    linked = mina.post(f"/documents/{document.pk}/customer/add/", {"customer": ana.pk}, headers=htmx("customer"))
    mina.post(toast(linked)["undo"], {})
    document.refresh_from_db()
    assert (document.customer, document.link) == (None, "none")


def test_removing_the_last_document_of_somebody_born_of_documents_says_what_follows(
    mina: Client, document: Document
) -> None:
    create(mina, document, email="bo@ex.test", name="Bo")
    response = mina.post(f"/documents/{document.pk}/customer/remove/", headers=htmx("customer"))
    assert "permanently deleted on" in toast(response)["text"]
    assert "will be permanently deleted" in response.content.decode()


def test_removing_twice_is_no_error(mina: Client, document: Document) -> None:
    assert mina.post(f"/documents/{document.pk}/customer/remove/", headers=htmx("customer")).status_code == 200


def test_what_was_typed_goes_into_email_or_name(mina: Client, document: Document) -> None:
    url = f"/documents/{document.pk}/customer/new/"
    as_email = mina.get(url, {"q": "bo@ex.test"}, headers=htmx("dialog")).content.decode()
    as_name = mina.get(url, {"q": "Bo Berg"}, headers=htmx("dialog")).content.decode()
    assert 'name="email" value="bo@ex.test"' in as_email
    assert 'name="name" value="Bo Berg"' in as_name


def test_creating_makes_a_customer_with_properties_and_links_it(mina: Client, document: Document) -> None:
    Definition.objects.create(key="plan", label="Plan")  # and team defines itself
    response = create(
        mina, document, email="Bo@Ex.test", name="Bo Berg", key=["plan", "", "team"], value=["pro", "", "Ops"]
    )
    document.refresh_from_db()
    customer = document.customer
    assert response.status_code == 200
    assert customer is not None
    assert (customer.name, customer.primary_email, customer.origin) == ("Bo Berg", "Bo@Ex.test", "document")
    assert customer.properties == {"plan": ["pro"], "team": ["Ops"]}
    assert "dialog-close" in response["HX-Trigger"]


def test_an_email_that_exists_is_said_before_saving(mina: Client, document: Document, ana: Customer) -> None:
    response = mina.get(
        f"/documents/{document.pk}/customer/new/known/", {"email": "ANA@ex.test"}, headers=htmx("email-note")
    )
    assert "This email is Ana Kovač’s" in response.content.decode()
    silent = mina.get(
        f"/documents/{document.pk}/customer/new/known/", {"email": "not an email"}, headers=htmx("email-note")
    )
    assert "banner" not in silent.content.decode()


def test_creating_with_an_email_that_exists_updates_the_name_and_says_so(
    mina: Client, document: Document, ana: Customer
) -> None:
    response = create(mina, document, email="ANA@ex.test", name="Ana K. Novak")
    document.refresh_from_db()
    ana.refresh_from_db()
    assert (document.customer, ana.name, Customer.objects.count()) == (ana, "Ana K. Novak", 1)
    assert toast(response)["text"] == "The email was Ana Kovač’s: renamed to Ana K. Novak and linked."


def test_the_email_of_a_deleted_customer_is_refused_with_its_id(
    mina: Client, document: Document, ana: Customer
) -> None:
    ana.state = "deleted"
    ana.save()
    response = create(mina, document, email="ana@ex.test", name="Ana")
    assert (response.status_code, response["HX-Retarget"]) == (409, "#dialog")
    assert f"customer {ana.pk}, who is deleted" in response.content.decode()
    document.refresh_from_db()
    assert document.customer is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "", "name": "Bo"}, "Enter an email address"),
        ({"email": "bo", "name": "Bo"}, "Must be an email address"),
        ({"email": "bo@ex.test", "name": " "}, "Enter a name"),
        ({"email": "bo@ex.test", "name": "B" * 301}, "at most 300 characters"),
        ({"email": "bo@ex.test", "name": "Bo", "key": "a b!", "value": "x"}, "A property key has"),
        ({"email": "bo@ex.test", "name": "Bo", "key": "plan", "value": ""}, "Enter a value"),
        ({"email": "bo@ex.test", "name": "Bo", "key": "", "value": "x"}, "Choose which property"),
        ({"email": "b\0o@ex.test", "name": "Bo"}, "field__error"),
        ({"email": "bo@ex.test", "name": "B\0o"}, "field__error"),
        ({"email": "bo@ex.test", "name": "Bo", "key": "plan", "value": "a\0b"}, "field__error"),
        ({"email": "a" * 300 + "@ex.test", "name": "Bo"}, "field__error"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field_and_what_was_typed_stays(
    mina: Client, document: Document, fields: dict[str, str], said: str
) -> None:
    response = create(mina, document, **fields)
    assert (response.status_code, response["HX-Retarget"]) == (422, "#dialog")
    text = response.content.decode()
    assert said in text
    assert "field__error" in text
    assert Customer.objects.count() == 0


@pytest.mark.parametrize("name", ["שלום כהן", "👩‍👩‍👧 Family", "Ана Ковач", "O'Neil <b>"])
def test_names_of_any_script_are_kept(mina: Client, document: Document, name: str) -> None:
    create(mina, document, email="bo@ex.test", name=name)
    assert Customer.objects.get().name == name


def test_another_row_for_properties_loses_nothing_and_saves_nothing(mina: Client, document: Document) -> None:
    fields = {"email": "bo@", "name": "Bo", "key": ["plan"], "value": ["pro"], "more": "1"}
    response = mina.post(f"/documents/{document.pk}/customer/new/", fields, headers=htmx("dialog"))
    text = response.content.decode()
    assert response.status_code == 200
    assert text.count('name="key"') == 2
    assert 'value="pro"' in text
    assert 'value="bo@"' in text
    assert Customer.objects.count() == 0


def test_everything_works_without_javascript(mina: Client, document: Document, ana: Customer) -> None:
    url = f"/documents/{document.pk}/customer/"
    assert f'value="{ana.pk}"' in mina.get(f"{url}add/?q=ana").content.decode()
    assert mina.post(f"{url}add/", {"customer": ana.pk})["Location"] == f"/documents/{document.pk}/"
    assert "<html" in mina.get(url).content.decode()
    assert mina.post(f"{url}properties/", {"key": "plan", "value": "pro"})["Location"] == url
    assert mina.post(f"{url}remove/")["Location"] == f"/documents/{document.pk}/"
    assert "Create New Customer" in mina.get(f"{url}new/").content.decode()
    assert mina.post(f"{url}new/", {"email": "x", "name": ""}).status_code == 422
    assert mina.post(f"{url}new/", {"email": "bo@ex.test", "name": "Bo"}).status_code == 303


def test_the_drawer_shows_the_person_and_all_their_feedback(mina: Client) -> None:
    bo = person("Bo Berg", "bo@ex.test", plan="pro")
    document = write(title="This one", customer=bo)
    for number in range(12):
        write(title=f"Other {number}", customer=bo, hours=2 + number)
    text = mina.get(f"/documents/{document.pk}/customer/", headers=htmx("drawer")).content.decode()
    assert "<html" not in text
    for part in (
        "Bo Berg",
        "bo@<wbr>ex<wbr>.test",
        "pro",
        "This one",
        "this document",
        "Other 8",
        "All 13 documents",
        "Change",
        "Remove",
    ):
        assert part in text
    assert "Other 9<" not in text


def test_properties_are_assigned_and_removed_in_the_drawer(mina: Client, ana: Customer) -> None:
    document = write(customer=ana)
    url = f"/documents/{document.pk}/customer/properties/"
    assigned = mina.post(url, {"key": "plan", "value": "pro"}, headers=htmx("drawer-properties"))
    ana.refresh_from_db()
    assert (assigned.status_code, ana.properties) == (200, {"plan": ["pro"]})
    assert "pro" in assigned.content.decode()
    removed = mina.post(url, {"key": "plan"}, headers=htmx("drawer-properties"))
    ana.refresh_from_db()
    assert (removed.status_code, ana.properties) == (200, {})


@pytest.mark.parametrize(
    ("key", "value"), [("", "x"), ("a b", "x"), ("plan", "x" * 3000), ("plan", "a\0b"), ("\0", "x")]
)
def test_a_property_that_cannot_be_is_said_beside_its_field(mina: Client, ana: Customer, key: str, value: str) -> None:
    url = f"/documents/{write(customer=ana).pk}/customer/properties/"
    response = mina.post(url, {"key": key, "value": value}, headers=htmx("drawer-properties"))
    assert response.status_code == 422
    assert "property-error" in response.content.decode()


def test_a_viewer_reads_the_drawer_but_changes_nothing(vera: Client, ana: Customer) -> None:
    document = write(customer=ana)
    text = vera.get(f"/documents/{document.pk}/customer/").content.decode()
    assert "Ana Kovač" in text
    assert "property-assign" not in text
    assert "Remove" not in text
    assert vera.post(f"/documents/{document.pk}/customer/properties/", {"key": "a", "value": "b"}).status_code == 403


def test_the_picker_takes_few_queries(mina: Client, document: Document, django_assert_max_num_queries: Any) -> None:
    for number in range(25):
        person(f"Ana {number}")
    picker(mina, document, "ana")
    with django_assert_max_num_queries(6):
        picker(mina, document, "ana")
