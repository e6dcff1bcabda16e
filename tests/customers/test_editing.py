from typing import Any

import pytest
from django.test import Client
from zeal import zeal_ignore

from audit.models import Entry
from customers import editing
from customers.editing import add_identifier, set_property
from customers.models import Customer, Identifier
from tests.customers.people import mina, part, person, signed_in, sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def values_of(customer: Customer) -> list[tuple[str, str, bool]]:
    return [(row.kind, row.value, row.primary) for row in customer.identifiers.order_by("pk")]


# The name


def test_the_pencil_opens_a_form_in_place_and_as_a_page(support: Client) -> None:
    ana = person()
    alone = text_of(support.get(f"/customers/{ana.pk}/edit/", **part("customer-header")))
    assert "<html" not in alone
    assert 'name="name" value="Ana Kovač"' in alone
    page = text_of(support.get(f"/customers/{ana.pk}/edit/"))
    assert "<html" in page
    assert 'name="name" value="Ana Kovač"' in page


def test_a_new_name_is_saved_and_the_pencil_gets_the_focus_back(support: Client) -> None:
    ana = person()
    answer = support.post(
        f"/customers/{ana.pk}/edit/", {"name": " Ana  Ruiz ", "version": 1}, **part("customer-header")
    )
    ana.refresh_from_db()
    assert (answer.status_code, ana.name) == (200, "Ana Ruiz")
    assert 'id="edit-name"' in text_of(answer)
    assert "data-focus>" in text_of(answer)
    assert "customer-changed" in answer["HX-Trigger"]


def test_without_scripts_saving_goes_back_to_the_page(support: Client) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/edit/", {"name": "Ana Ruiz", "version": 1})
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{ana.pk}/#customer-header")


@pytest.mark.parametrize("name", ["x" * 301, "Ana\x00"])
def test_a_wrong_name_is_refused_beside_the_field(support: Client, name: str) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/edit/", {"name": name, "version": 1}, **part("customer-header"))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text_of(answer)
    ana.refresh_from_db()
    assert ana.name == "Ana Kovač"


def test_a_stale_form_shows_both_names_and_overwrites_nothing(support: Client) -> None:
    ana = person()
    editing.rename(ana, "Ana of somebody else", actor=mina())
    mine = {"name": "Ana of mine", "version": 1, "was": "Ana Kovač"}
    answer = support.post(f"/customers/{ana.pk}/edit/", mine, **part("customer-header"))
    page = text_of(answer)
    assert answer.status_code == 409
    assert "<bdi>Ana of somebody else</bdi>" in page
    assert "<bdi>Ana of mine</bdi>" in page
    assert "Keep mine" in page
    assert "Take theirs" in page
    ana.refresh_from_db()
    assert ana.name == "Ana of somebody else"
    again = {"name": "Ana of mine", "version": ana.version, "was": ana.name}
    assert support.post(f"/customers/{ana.pk}/edit/", again, **part("customer-header")).status_code == 200
    ana.refresh_from_db()
    assert ana.name == "Ana of mine"


def test_a_change_of_something_else_is_no_conflict(support: Client) -> None:
    ana = person()
    set_property(ana, "plan", ["Team"], actor=mina())
    with zeal_ignore():  # tries a second time, on the version that there is now
        answer = support.post(f"/customers/{ana.pk}/edit/", {"name": "Ana Ruiz", "version": 1, "was": "Ana Kovač"})
    ana.refresh_from_db()
    assert (answer.status_code, ana.name, ana.properties) == (303, "Ana Ruiz", {"plan": ["Team"]})


# Contact details


@pytest.mark.parametrize(
    ("kind", "value"),
    [("email", "ana@home.test"), ("phone", "+34 600 111 222"), ("user_id", "u-1"), ("handle", "twitter:ana")],
)
def test_a_contact_detail_is_added(support: Client, kind: str, value: str) -> None:
    ana = person()
    answer = support.post(
        f"/customers/{ana.pk}/identifiers/", {"kind": kind, "value": value}, **part("contact-details")
    )
    assert answer.status_code == 200
    assert ana.identifiers.filter(kind=kind, value=value).exists()
    assert value.replace("@", "@<wbr>").partition("<wbr>")[0] in text_of(answer)


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("email", "ana", "Must be an email address"),
        ("email", "", "Type the contact detail first."),
        ("handle", "ana", "Must be network:name"),
        ("phone", "x" * 100_000, "haracters"),
        ("email", "a\x00@ex.test", "ull character"),
        ("pigeon", "x", "Select a valid choice"),
    ],
)
def test_a_wrong_contact_detail_is_refused_beside_the_field(support: Client, kind: str, value: str, error: str) -> None:
    ana = person()
    answer = support.post(
        f"/customers/{ana.pk}/identifiers/", {"kind": kind, "value": value}, **part("contact-details")
    )
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert ana.identifiers.count() == 1


def test_what_another_customer_has_is_refused_with_the_way_there(support: Client) -> None:
    ana, bo = person(), person("Bo", "bo@ex.test")
    address = f"/customers/{ana.pk}/identifiers/"
    answer = support.post(address, {"kind": "email", "value": "BO@ex.test"}, **part("contact-details"))
    assert answer.status_code == 422
    assert f'Bo already uses this email. <a href="/customers/{bo.pk}/">Open</a>' in text_of(answer)
    Customer.objects.filter(pk=bo.pk).update(state="deleted")
    answer = support.post(address, {"kind": "email", "value": "BO@ex.test"}, **part("contact-details"))
    assert answer.status_code == 409
    assert f'<a href="/customers/{bo.pk}/">customer {bo.pk}</a>, who is deleted' in text_of(answer)


def test_a_contact_detail_is_corrected_in_place(support: Client) -> None:
    ana = person()
    row = ana.identifiers.get()
    data = {"value": "ana.kovac@ex.test", "was": "ana@ex.test"}
    answer = support.post(f"/customers/{ana.pk}/identifiers/{row.pk}/", data, **part("contact-details"))
    assert answer.status_code == 200
    assert values_of(ana) == [("email", "ana.kovac@ex.test", True)]
    assert Entry.objects.filter(verb="customer.identifier_changed", subject_id=ana.pk).count() == 1


def test_a_stale_correction_shows_both_values(support: Client) -> None:
    ana = person()
    row = ana.identifiers.get()
    editing.change_identifier(row, "theirs@ex.test", actor=mina())
    data = {"value": "mine@ex.test", "was": "ana@ex.test"}
    answer = support.post(f"/customers/{ana.pk}/identifiers/{row.pk}/", data, **part("contact-details"))
    assert answer.status_code == 409
    assert "theirs@ex.test" in text_of(answer)
    assert "mine@ex.test" in text_of(answer)
    assert values_of(ana) == [("email", "theirs@ex.test", True)]


def test_another_email_is_made_primary(support: Client) -> None:
    ana = person()
    second = add_identifier(ana, "email", "home@ex.test", actor=mina())
    support.post(f"/customers/{ana.pk}/identifiers/{second.pk}/primary/", **part("contact-details"))
    ana.refresh_from_db()
    assert ana.primary_email == "home@ex.test"
    user_id = add_identifier(ana, "user_id", "u-1", actor=mina())
    assert support.post(f"/customers/{ana.pk}/identifiers/{user_id.pk}/primary/").status_code == 404


def test_a_removed_contact_detail_comes_back_with_undo(support: Client) -> None:
    ana = person()
    second = add_identifier(ana, "email", "home@ex.test", actor=mina())
    first = ana.identifiers.get(value="ana@ex.test")
    answer = support.post(f"/customers/{ana.pk}/identifiers/{first.pk}/remove/", **part("contact-details"))
    assert f"/customers/{ana.pk}/identifiers/{first.pk}/restore/" in answer["HX-Trigger"]
    ana.refresh_from_db()
    assert (ana.primary_email, ana.identifiers.count()) == ("home@ex.test", 1)
    with zeal_ignore():  # two commands in one
        assert support.post(f"/customers/{ana.pk}/identifiers/{first.pk}/restore/").status_code == 303
    ana.refresh_from_db()
    assert (ana.primary_email, ana.identifiers.count()) == ("ana@ex.test", 2)
    assert not Identifier.objects.get(pk=second.pk).primary


def test_undo_takes_nothing_from_whoever_has_it_by_now(support: Client) -> None:
    ana = person()
    row = ana.identifiers.get()
    editing.remove_identifier(row, actor=mina())
    bo = person("Bo", "ana@ex.test")
    answer = support.post(f"/customers/{ana.pk}/identifiers/{row.pk}/restore/", follow=True)
    assert "belongs to Bo by now" in text_of(answer)
    assert values_of(bo) == [("email", "ana@ex.test", True)]


def test_contact_details_of_others_cannot_be_touched(support: Client) -> None:
    ana, bo = person(), person("Bo", "bo@ex.test")
    row = bo.identifiers.get()
    for verb in ("", "remove/", "primary/", "restore/"):
        assert (
            support.post(f"/customers/{ana.pk}/identifiers/{row.pk}/{verb}", {"value": "x@ex.test"}).status_code == 404
        )
    assert values_of(bo) == [("email", "bo@ex.test", True)]


def test_what_a_browser_claimed_says_that_it_is_not_verified(support: Client) -> None:
    ana = person()
    Identifier.objects.filter(customer=ana).update(verified=False, source=sync().source_id)
    page = text_of(support.get(f"/customers/{ana.pk}/", **part("contact-details")))
    assert "Unverified" in page
    assert "From Warehouse" in page


# Tags


def test_a_tag_is_added_made_on_the_way_and_taken_off_with_undo(support: Client) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/tags/", {"name": " VIP "}, **part("customer-header"))
    assert "<bdi>VIP</bdi>" in text_of(answer)
    tag = ana.customer_tags.get().tag
    support.post(f"/customers/{ana.pk}/tags/", {"name": "vip"}, **part("customer-header"))
    assert ana.customer_tags.count() == 1
    answer = support.post(f"/customers/{ana.pk}/tags/{tag.pk}/remove/", **part("customer-header"))
    assert "<bdi>VIP</bdi>" not in text_of(answer)
    assert support.post(f"/customers/{ana.pk}/tags/{tag.pk}/restore/").status_code == 303
    assert ana.customer_tags.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00", "\u0301"])
def test_a_tag_needs_a_name_that_can_be_found_again(support: Client, name: str) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/tags/", {"name": name}, **part("customer-header"))
    assert answer.status_code == 422
    assert not ana.customer_tags.exists()


def test_tags_are_suggested_as_one_types(support: Client) -> None:
    ana = person()
    other = person("Bo", "bo@ex.test")
    for name in ("VIP", "Silver vip", "Churned"):
        support.post(f"/customers/{other.pk}/tags/", {"name": name})
    found = text_of(support.get(f"/customers/{ana.pk}/tags/suggestions/?name=vip"))
    assert found.index(">VIP<") < found.index("Silver vip")
    assert "Churned" not in found
    assert "Create" not in found
    assert "Create “<bdi>vi</bdi>”" in text_of(support.get(f"/customers/{ana.pk}/tags/suggestions/?name=vi"))
