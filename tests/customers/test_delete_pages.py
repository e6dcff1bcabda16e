"""Delete, Restore and legal hold as pages: what roles may do, what is said, and that nothing else happens."""

import pytest
from django.test import Client

from customers.deleting import delete
from customers.holding import hold
from customers.models import Customer
from tests.customers.people import mina, person, signed_in
from tests.factories import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


class TestDelete:
    def test_it_leads_to_the_list_where_a_toast_offers_undo(self) -> None:
        ana, client = person(), signed_in("support")
        answer = client.post(f"/customers/{ana.pk}/delete/")
        assert (answer.status_code, answer["Location"]) == (303, "/customers/")
        page = text_of(client, "/customers/")
        assert "Deleted Ana Kovač. Kept for 30 days." in page
        address = page.split('action="/customers/deletions/')[1].split('"')[0]
        answer = client.post(f"/customers/deletions/{address}", {"next": f"/customers/{ana.pk}/"})
        assert (answer.status_code, answer["Location"]) == (303, f"/customers/{ana.pk}/")
        assert "Restored Ana Kovač" in text_of(client, f"/customers/{ana.pk}/")

    def test_only_whoever_deleted_undoes_and_only_once(self) -> None:
        ana = person()
        done = delete(ana, actor=mina())
        assert signed_in("admin").post(f"/customers/deletions/{done.entry_id}/undo/").status_code == 404
        assert signed_in("support").post(f"/customers/deletions/{done.entry_id}/undo/").status_code == 303
        assert signed_in("support").post(f"/customers/deletions/{done.entry_id}/undo/").status_code == 404

    def test_viewers_neither_see_nor_can(self) -> None:
        ana, client = person(), signed_in("viewer")
        page = text_of(client, f"/customers/{ana.pk}/")
        assert "/delete/" not in page
        assert "legal-hold" not in page
        for what in ("delete", "restore", "legal-hold"):
            assert client.post(f"/customers/{ana.pk}/{what}/").status_code == 403
        assert Customer.objects.get().is_active

    def test_a_get_deletes_nobody(self) -> None:
        ana = person()
        assert signed_in("support").get(f"/customers/{ana.pk}/delete/").status_code == 405

    def test_a_hold_is_named(self) -> None:
        ana = person()
        hold(ana, "Case <17>", actor=mina())
        answer = signed_in("support").post(f"/customers/{ana.pk}/delete/")
        assert answer.status_code == 409
        assert "Ana Kovač was not deleted. On legal hold: Case &lt;17&gt;" in answer.content.decode()
        assert Customer.objects.get().is_active

    def test_twice_is_404(self) -> None:
        ana, client = person(), signed_in("support")
        client.post(f"/customers/{ana.pk}/delete/")
        assert client.post(f"/customers/{ana.pk}/delete/").status_code == 404


class TestTheDeletedPage:
    def test_it_is_read_only_and_says_who_when_and_the_day(self) -> None:
        ana = person(plan=["Pro"])
        delete(ana, actor=mina())
        page = text_of(signed_in("support"), f"/customers/{ana.pk}/")
        assert "Deleted by Mina Okafor" in page
        assert ">in 30 days</time>" in page
        assert f'action="/customers/{ana.pk}/restore/"' in page
        assert "ana@ex.test" in page
        assert "Pro" in page
        for changing in ("/edit/", "/tags/", "/notes/", "/identifiers/", "/memberships/", "/delete/", "/properties/"):
            assert f"/customers/{ana.pk}{changing}" not in page

    def test_its_parts_answer_and_its_forms_do_not(self) -> None:
        ana, client = person(), signed_in("support")
        delete(ana, actor=mina())
        for panel in (f"/documents/of/{ana.pk}/", f"/surveys/of/{ana.pk}/", f"/audit/history/customer/{ana.pk}/"):
            answer = client.get(panel)
            assert answer.status_code == 200, panel
        assert client.get(f"/customers/{ana.pk}/edit/").status_code == 404
        assert client.post(f"/customers/{ana.pk}/notes/", {"body": "x"}).status_code == 404

    def test_restore_leads_back_to_the_profile(self) -> None:
        ana, client = person(), signed_in("support")
        delete(ana, actor=mina())
        assert client.post(f"/customers/{ana.pk}/restore/")["Location"] == f"/customers/{ana.pk}/"
        assert "Restored Ana Kovač" in text_of(client, f"/customers/{ana.pk}/")
        answer = client.post(f"/customers/{ana.pk}/restore/")
        assert answer.status_code == 409
        assert "Ana Kovač was not restored: Not deleted." in answer.content.decode()

    def test_viewers_read_it_without_restore(self) -> None:
        ana = person()
        delete(ana, actor=mina())
        page = text_of(signed_in("viewer"), f"/customers/{ana.pk}/")
        assert "Deleted by Mina Okafor" in page
        assert "/restore/" not in page


class TestLegalHold:
    def test_an_admin_sets_and_lifts_it_with_a_reason(self) -> None:
        ana, admin = person(), signed_in("admin")
        address = f"/customers/{ana.pk}/legal-hold/"
        assert "Put on legal hold" in text_of(admin, address)
        assert "Enter the reason." in admin.post(address, {"reason": ""}).content.decode()
        assert admin.post(address, {"reason": "Case 17"})["Location"] == f"/customers/{ana.pk}/"
        page = text_of(admin, f"/customers/{ana.pk}/")
        assert "<b>On legal hold:</b> <bdi>Case 17</bdi>" in page
        assert (
            "Lift the legal hold"
            in admin.get(address, headers={"HX-Request": "true", "HX-Target": "dialog"}).content.decode()
        )
        assert admin.post(address, {"reason": "Closed", "held": "yes"}).status_code == 303
        assert Customer.objects.get().legal_hold == ""
        assert "Legal hold lifted: Closed" in text_of(admin, f"/customers/{ana.pk}/")

    def test_support_see_it_and_cannot_change_it(self) -> None:
        ana = person()
        hold(ana, "Case 17", actor=mina())
        client = signed_in("support")
        page = text_of(client, f"/customers/{ana.pk}/")
        assert "<bdi>Case 17</bdi>" in page
        assert "legal-hold" not in page
        assert client.post(f"/customers/{ana.pk}/legal-hold/", {"reason": "x", "held": "yes"}).status_code == 403

    def test_a_form_to_set_one_never_lifts_one(self) -> None:
        ana = person()
        hold(ana, "Case 17", actor=mina())
        signed_in("admin").post(f"/customers/{ana.pk}/legal-hold/", {"reason": "Case 18"})
        assert Customer.objects.get().legal_hold == "Case 18"

    def test_that_of_an_account_is_shown_too(self) -> None:
        ana = CustomerFactory(account=AccountFactory(name="Acme", legal_hold="Audit"))
        page = text_of(signed_in("support"), f"/customers/{ana.pk}/")
        assert "The account Acme is on legal hold: Audit. Nothing of this customer can be deleted." in page


def test_adding_somebody_who_is_deleted_answers_409_and_offers_restore() -> None:
    ana, client = person(), signed_in("support")
    delete(ana, actor=mina())
    answer = client.post("/customers/new/", {"email": "ana@ex.test", "name": "Ana"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f'<a href="/customers/{ana.pk}/">customer {ana.pk}</a>, who is deleted' in page
    assert f'action="/customers/{ana.pk}/restore/"' in page
    assert Customer.objects.count() == 1


def test_the_search_offers_delete_to_those_who_may_and_comes_back() -> None:
    ana, client = person(), signed_in("support")
    address = f"/customers/{ana.pk}/delete/"
    assert address not in text_of(signed_in("viewer"), "/search?q=ana")
    assert f'formaction="{address}"' in text_of(client, "/search?q=ana")
    assert client.post(address, {"next": "/search?q=ana"})["Location"] == "/search?q=ana"
    page = text_of(client, "/search?q=ana")
    assert "Deleted Ana Kovač. Kept for 30 days." in page
    assert "/customers/deletions/" in page
    assert address not in page
