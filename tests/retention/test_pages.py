"""The pages of permanent deletion: counted before, confirmed by name, a receipt after; suppressions; the export."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from core import clock, jobs
from customers import suppressing
from customers.deleting import delete
from customers.holding import hold
from customers.identifying import identities
from customers.models import Customer, Note, Suppression
from retention.models import Purge
from tests.customers.people import mina, signed_in
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return signed_in("admin")


@pytest.fixture
def gone() -> Customer:
    customer = CustomerFactory(
        name="Ana Ruiz", email=["ana@ex.test", "a@ex.test"], tags=["beta"], account=AccountFactory(name="Ex Ltd")
    )
    Note.objects.create(customer=customer, body="Prefers mornings")
    for _ in range(3):
        DocumentFactory(customer=customer)
    delete(customer, actor=mina())
    customer.refresh_from_db()
    return customer


def url(customer: Customer) -> str:
    return f"/customers/{customer.pk}/permanent-deletion/"


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_page_counts_what_goes_and_what_stays(ada: Client, gone: Customer) -> None:
    answer = ada.get(url(gone))
    assert answer.status_code == 200
    preview = answer.context["preview"]
    assert dict(preview.goes)["Emails, phones, user IDs and handles"] == 2
    assert dict(preview.goes)["Notes"] == 1
    assert preview.documents == 3
    assert "This cannot be undone" in text(answer)


def test_the_banner_of_a_deleted_customer_leads_there(ada: Client, gone: Customer) -> None:
    assert url(gone) in text(ada.get(f"/customers/{gone.pk}/"))


def test_another_name_deletes_nothing(ada: Client, gone: Customer) -> None:
    answer = ada.post(url(gone), {"documents": "delete", "name": "Ana"})
    assert answer.status_code == 422
    assert "Type “Ana Ruiz”. Nothing was deleted." in text(answer)
    assert not Purge.objects.exists()


def test_the_name_typed_begins_it_and_the_receipt_says_what_was_done(ada: Client, gone: Customer) -> None:
    answer = ada.post(url(gone), {"documents": "anonymise", "name": " ana  ruiz ", "requested": "on"})
    purge = Purge.objects.get()
    assert answer["Location"] == f"/retention/receipts/{purge.pk}/"
    assert (purge.documents, purge.suppress, purge.reason) == ("anonymise", True, "request")
    assert "waiting for a worker" in text(ada.get(answer["Location"]))
    assert ada.get(f"{answer['Location']}download/").status_code == 404
    jobs.run(Purge, purge.pk)
    page = text(ada.get(answer["Location"]))
    assert "1 permanently deleted, and checked" in page
    assert "Documents kept, anonymised" in page
    receipt = ada.get(f"{answer['Location']}download/")
    said = json.loads(receipt.content)
    assert [one["number"] for one in said["customers"]] == [gone.pk]
    assert (said["why"], said["counts"]["documents_anonymised"]) == ("Asked for by the person", 3)
    assert "ruiz" not in receipt.content.decode().lower()
    assert "ruiz" not in text(ada.get("/retention/receipts/")).lower()
    assert ada.get(url(gone)).status_code == 404


def test_re_import_can_be_allowed(ada: Client, gone: Customer) -> None:
    ada.post(url(gone), {"documents": "delete", "name": "Ana Ruiz", "allow": "on"})
    assert Purge.objects.get().suppress is False


def test_what_is_not_deleted_or_held_says_why(ada: Client, gone: Customer) -> None:
    bo = CustomerFactory(name="Bo")
    answer = ada.post(url(bo), {"documents": "delete", "name": "Bo"})
    assert answer.status_code == 409
    assert "Delete the customer first" in text(answer)
    hold(gone, "Case 17", actor=mina())
    answer = ada.post(url(gone), {"documents": "delete", "name": "Ana Ruiz"})
    assert answer.status_code == 409
    assert "Case 17" in text(answer)
    assert not Purge.objects.exists()


def test_one_that_was_set_aside_can_go_on(ada: Client, gone: Customer) -> None:
    ada.post(url(gone), {"documents": "delete", "name": "Ana Ruiz"})
    Purge.objects.update(status="quarantined", error="Its workers died.")
    purge = Purge.objects.get()
    assert "Its workers died" in text(ada.get(f"/retention/receipts/{purge.pk}/"))
    ada.post(f"/retention/receipts/{purge.pk}/again/")
    jobs.run(Purge, purge.pk)
    assert not Customer.objects.exists()


def suppress(*pairs: tuple[str, str]) -> None:
    suppressing.suppress(identities(pairs), clock.now())


def test_suppressions_are_counted_and_lifted_by_typing(ada: Client) -> None:
    suppress(("email", "ana@ex.test"), ("user_id", "p-1"))
    Suppression.objects.filter(kind="email").update(kept_out=7)
    page = text(ada.get("/retention/suppressions/"))
    assert "7 kept out" in page
    assert "ana@" not in page
    answer = ada.post("/retention/suppressions/", {"kind": "email", "value": "ANA@ex.test"})
    assert answer.status_code == 303
    assert list(Suppression.objects.values_list("kind", flat=True)) == ["user_id"]
    assert Entry.objects.filter(verb="suppression.lifted").exists()


def test_a_lift_of_what_was_never_suppressed_says_so(ada: Client) -> None:
    answer = ada.post("/retention/suppressions/", {"kind": "email", "value": "bo@ex.test"})
    assert answer.status_code == 422
    assert "This is not suppressed" in text(answer)


def test_everything_about_one_customer_can_be_handed_over(gone: Customer) -> None:
    answer = signed_in("support").get(f"/customers/{gone.pk}/export/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        names = set(file.namelist())
        data = json.loads(file.read("customer.json"))
        documents = file.read("feedback_document.csv").decode("utf-8-sig").splitlines()
    assert {"customer.json", "customers_customer.csv", "customers_identifier.csv", "customers_note.csv"} <= names
    assert data["customers_customer"][0]["name"] == "Ana Ruiz"
    assert {row["value"] for row in data["customers_identifier"]} == {"ana@ex.test", "a@ex.test"}
    assert len(data["feedback_document"]) == len(documents) - 1 == 3
    assert Entry.objects.filter(verb="customer.data_exported", subject_id=gone.pk).exists()
    assert f"/customers/{gone.pk}/export/"


def test_the_profile_offers_the_export() -> None:
    bo = CustomerFactory(name="Bo")
    assert f"/customers/{bo.pk}/export/" in text(signed_in("support").get(f"/customers/{bo.pk}/"))
    assert f"/customers/{bo.pk}/export/" not in text(signed_in("viewer").get(f"/customers/{bo.pk}/"))
