"""Delete and Restore of documents as pages; documents of deleted customers."""

from datetime import timedelta

import pytest
from django.test import Client

from audit.actor import Actor
from core import clock
from customers import deleting as customers_deleting
from customers.holding import hold
from customers.models import Customer
from feedback.deleting import delete
from feedback.models import Document
from staff.models import User
from tests.customers.people import STAFF
from tests.feedback.conftest import write

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_it_leads_to_the_list_where_a_toast_offers_undo(mina: Client, document: Document) -> None:
    assert mina.post(f"/documents/{document.pk}/delete/")["Location"] == "/documents/"
    page = text_of(mina, "/documents/")
    assert "Deleted “Export fails”. Kept for 30 days." in page
    entry = page.split('action="/documents/deletions/')[1].split('"')[0]
    assert mina.post(f"/documents/deletions/{entry}").status_code == 303
    assert Document.objects.get().is_active
    assert mina.post(f"/documents/deletions/{entry}").status_code == 404


def test_a_deleted_document_is_read_only_until_it_is_restored(mina: Client, ana: Customer) -> None:
    document = write(customer=ana)
    mina.post(f"/documents/{document.pk}/delete/")
    page = text_of(mina, f"/documents/{document.pk}/")
    assert "Deleted by Mina Support" in page
    assert ">in 30 days</time>" in page
    assert "Ana Kovač" in page
    for changing in ("status/", "tags/", "customer/add/", "customer/remove/", "delete/"):
        assert f'"/documents/{document.pk}/{changing}' not in page
    assert mina.post(f"/documents/{document.pk}/status/", {"status": "x"}).status_code == 404
    assert mina.post(f"/documents/{document.pk}/restore/")["Location"] == f"/documents/{document.pk}/"
    assert mina.post(f"/documents/{document.pk}/restore/").status_code == 409
    assert "Ana Kovač" in text_of(mina, f"/documents/{document.pk}/")


def test_viewers_read_and_cannot(vera: Client, document: Document) -> None:
    assert "/delete/" not in text_of(vera, f"/documents/{document.pk}/")
    for what in ("delete", "restore"):
        assert vera.post(f"/documents/{document.pk}/{what}/").status_code == 403
    delete(document, actor=STAFF)
    assert "/restore/" not in text_of(vera, f"/documents/{document.pk}/")
    assert "/restore/" not in text_of(vera, "/documents/?deleted=true")


def test_the_deleted_list_says_by_whom_and_the_day_each_goes(mina: Client) -> None:
    user = User.objects.get()
    kept, gone, older = write(title="Kept"), write(title="Gone"), write(title="Older")
    delete(gone, actor=Actor.of_staff(user), now=clock.now() - timedelta(days=3))
    delete(older, actor=Actor.of_staff(user), now=clock.now() - timedelta(days=20))
    page = text_of(mina, "/documents/?deleted=true")
    assert page.index("Gone") < page.index("Older")
    assert "Kept</a>" not in page
    assert ">in 27 days</time>" in page
    assert ">in 10 days</time>" in page
    assert page.count(f"{user.name}</td>") == 2
    assert f'formaction="/documents/{gone.pk}/restore/"' in page
    back = text_of(mina, "/documents/?deleted=true&sort=deleted")
    assert back.index("Older") < back.index("Gone")
    usual = text_of(mina, "/documents/")
    assert "Kept</a>" in usual
    assert "Gone</a>" not in usual
    assert kept.pk


def test_the_deleted_list_pages_and_its_filters_apply(mina: Client, settings: object) -> None:
    settings.PAGE_SIZE = 2  # type: ignore[attr-defined]
    for number in range(5):
        delete(
            write(title=f"Number {number}", channel="chat" if number % 2 else "email"), actor=STAFF,
            now=clock.now() - timedelta(hours=number),
        )  # fmt: skip
    page = text_of(mina, "/documents/?deleted=true")
    assert "Number 1" in page
    assert "Number 2" not in page
    following = page.split('id="page-next"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Number 2" in text_of(mina, f"/documents/{following}")
    chats = text_of(mina, "/documents/?deleted=true&channel=chat")
    assert "Number 3" in chats
    assert "Number 2" not in chats


def test_nothing_deleted_says_so(mina: Client, document: Document) -> None:
    assert "No deleted documents" in text_of(mina, "/documents/?deleted=true")


def test_a_hold_is_named(mina: Client, ana: Customer) -> None:
    document = write(customer=ana)
    hold(ana, "Case 17", actor=STAFF)
    answer = mina.post(f"/documents/{document.pk}/delete/")
    assert answer.status_code == 409
    assert "On legal hold: Case 17" in answer.content.decode()
    assert Document.objects.get().is_active


def test_documents_of_a_deleted_customer_stay_listed(mina: Client, ana: Customer) -> None:
    document = write(customer=ana)
    customers_deleting.delete(ana, actor=STAFF)
    assert "Deleted customer" in text_of(mina, "/documents/")
    page = text_of(mina, f"/documents/{document.pk}/")
    assert "Deleted customer" in page
    assert "Add Customer" not in page


def test_create_new_customer_offers_to_restore_whoever_has_the_email(mina: Client, ana: Customer) -> None:
    document = write()
    customers_deleting.delete(ana, actor=STAFF)
    answer = mina.post(f"/documents/{document.pk}/customer/new/", {"email": "ana@ex.test", "name": "Ana"})
    assert answer.status_code == 409
    assert f'formaction="/customers/{ana.pk}/restore/"' in answer.content.decode()
    answer = mina.post(f"/customers/{ana.pk}/restore/", {"next": f"/documents/{document.pk}/"})
    assert answer["Location"] == f"/documents/{document.pk}/"
    assert Customer.objects.get().is_active
