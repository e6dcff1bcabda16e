"""Many documents tagged, deleted and restored: at once for a page, as a job for more."""

import json
from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from core import jobs
from core.jobs import Status
from customers import selecting
from customers.holding import hold
from customers.models import Customer, Tag
from feedback import editing
from feedback.deleting import delete_many
from feedback.models import Document, DocumentEdit, DocumentTag
from properties.models import Definition
from staff.models import User
from tests.customers.people import STAFF
from tests.factories import CustomerFactory, DefinitionFactory, DocumentFactory, UserFactory
from tests.feedback.conftest import write

pytestmark = pytest.mark.django_db
BULK = "/documents/bulk/"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def poked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bulk edits that a worker was told of; none runs by itself."""
    told: list[int] = []
    monkeypatch.setattr(jobs, "poke", lambda label, pks: told.extend(pks))
    return told


def tagged(name: str) -> set[int]:
    return set(DocumentTag.objects.filter(tag__name=name).values_list("document_id", flat=True))


def toast_of(response: Any) -> dict[str, str]:
    assert response.status_code == 204, response.content
    return json.loads(response["HX-Trigger"])["toast"]


def run(job: DocumentEdit) -> DocumentEdit:
    jobs.run(DocumentEdit, job.pk)
    job.refresh_from_db()
    return job


class TestAtOnce:
    def test_a_tag_is_put_on_those_that_lack_it_and_a_toast_undoes_exactly_that(self, mina: Client) -> None:
        had, lacked, other = write(title="a"), write(title="b"), write(title="c")
        editing.add_tag(had, "VIP", actor=STAFF)
        told = toast_of(mina.post(BULK, {"action": "add_tag", "tag": "vip", "id": [had.pk, lacked.pk]}, headers=HTMX))
        assert told["text"] == "Added tag “vip” on 1 of 2."
        assert tagged("VIP") == {had.pk, lacked.pk}
        assert Document.objects.get(pk=lacked.pk).tag_ids == [Tag.objects.get().pk]
        assert Entry.objects.latest("pk").subject_id == lacked.pk
        assert mina.post(told["undo"]).status_code == 303
        assert tagged("VIP") == {had.pk}
        assert other.pk not in tagged("VIP")

    def test_a_tag_is_taken_off_and_put_back(self, mina: Client) -> None:
        one, two = write(title="a"), write(title="b")
        for document in (one, two):
            editing.add_tag(document, "VIP", actor=STAFF)
        told = toast_of(mina.post(BULK, {"action": "remove_tag", "tag": "VIP", "id": one.pk}, headers=HTMX))
        assert tagged("VIP") == {two.pk}
        mina.post(told["undo"])
        assert tagged("VIP") == {one.pk, two.pk}

    def test_only_whoever_did_it_undoes_it_and_only_while_the_tag_is_there(self, mina: Client, client: Client) -> None:
        one = write()
        undo = toast_of(mina.post(BULK, {"action": "add_tag", "tag": "VIP", "id": one.pk}, headers=HTMX))["undo"]
        client.force_login(UserFactory())
        assert client.post(undo).status_code == 404
        Tag.objects.all().delete()
        assert mina.post(undo).status_code == 404

    def test_one_that_has_as_many_tags_as_there_may_be_is_left_out_and_said(
        self, mina: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feedback.tagging.MOST_TAGS", 1)
        full, free = write(title="a"), write(title="b")
        editing.add_tag(full, "other", actor=STAFF)
        sent = {"action": "add_tag", "tag": "VIP", "id": [full.pk, free.pk]}
        assert toast_of(mina.post(BULK, sent, headers=HTMX))["text"] == (
            "Added tag “VIP” on 1 of 2. Has 1 tags already."
        )
        assert tagged("VIP") == {free.pk}

    def test_for_how_long_they_are_kept_is_what_documents_are(
        self, mina: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.schedules.kept_days", lambda what: {"customers": 30, "documents": 7}[what])
        told = toast_of(mina.post(BULK, {"action": "delete", "id": write().pk}, headers=HTMX))
        assert told["text"] == "Deleted 1 of 1. Kept for 7 days."

    def test_the_selected_are_deleted_but_for_those_on_legal_hold_and_a_toast_undoes_it(self, mina: Client) -> None:
        held = CustomerFactory()
        hold(held, "Case 17", actor=STAFF)
        one, two, kept = write(title="a"), write(title="b"), write(title="c", customer=held)
        sent = {"action": "delete", "id": [one.pk, two.pk, kept.pk]}
        told = toast_of(mina.post(BULK, sent, headers=HTMX))
        assert told["text"] == "Deleted 2 of 3. Kept for 30 days. On legal hold: Case 17."
        assert list(Document.objects.active()) == [kept]
        assert mina.post(told["undo"]).status_code == 303
        assert Document.objects.active().count() == 3

    def test_the_selected_of_the_deleted_list_are_restored(self, mina: Client) -> None:
        delete_many([write(title="a").pk, write(title="b").pk], actor=STAFF)
        response = mina.post(BULK, {"action": "restore", "matching": "true", "query": "deleted=true"})
        assert response["Location"] == "/documents/?deleted=true"
        assert Document.objects.active().count() == 2

    @pytest.mark.parametrize(
        "sent",
        [
            {"action": "erase", "id": "1"}, {"action": "delete"}, {"action": "add_tag", "tag": " ", "id": "1"},
            {"action": "delete", "id": "one"}, {"action": "delete", "id": "-1"}, {"action": "delete", "id": "9" * 40},
            {"action": "delete", "matching": "true", "query": "channel=fax"},
            {"action": "delete", "matching": "true", "query": "time=fax"},
            {"action": "delete", "matching": "true", "query": "q=%00"},
            {"action": "remove_tag", "tag": "never seen", "id": "1"},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused_and_changes_nothing(self, mina: Client, sent: dict[str, Any]) -> None:
        write()
        for headers in ({}, HTMX):
            assert mina.post(BULK, sent, headers=headers).status_code == 422
        assert Document.objects.get().is_active

    def test_viewers_may_not(self, vera: Client) -> None:
        one = write()
        assert vera.post(BULK, {"action": "delete", "id": one.pk}).status_code == 403
        assert "data-all" not in vera.get("/documents/").content.decode()


class TestInTheBackground:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(selecting, "BATCH", 10)

    @pytest.fixture
    def many(self) -> list[Document]:
        return [DocumentFactory(customer=customer) for customer in CustomerFactory.create_batch(60)]

    def begin(self, client: Client, **sent: Any) -> DocumentEdit:
        response = client.post(BULK, sent)
        assert response.status_code == 303, response.content
        job = DocumentEdit.objects.latest("pk")
        assert response["Location"] == f"{BULK}{job.pk}/"
        return job

    def test_all_that_match_are_deleted_and_what_is_not_is_named_with_why(
        self, mina: Client, many: list[Document]
    ) -> None:
        assert many[7].customer
        hold(many[7].customer, "Case 17", actor=STAFF)
        job = self.begin(mina, action="delete", matching="true", query=f"channel={many[0].channel}")
        same = [document for document in many if document.channel == many[0].channel]
        assert Document.objects.active().count() == 60
        run(job)
        assert (job.status, job.done, job.changed) == (Status.DONE, len(same), len(same) - (many[7] in same))
        page = mina.get(f"{BULK}{job.pk}/").content.decode()
        assert f"{job.changed} deleted" in page
        if many[7] in same:
            assert job.skipped_why == [[many[7].pk, "On legal hold: Case 17"]]
            assert f"Document {many[7].pk}" in page
        again = run(self.begin(mina, action="restore", matching="true", query="deleted=true"))
        assert (again.changed, Document.objects.active().count()) == (job.changed, 60)

    @pytest.mark.django_db(transaction=True)
    def test_ticked_ones_on_several_pages_and_why_some_were_skipped(
        self, mina: Client, many: list[Document], poked: list[int]
    ) -> None:
        delete_many([many[0].pk], actor=STAFF)
        job = self.begin(mina, action="add_tag", tag="VIP", id=[*[one.pk for one in many], 99_999_999])
        assert poked == [job.pk]
        run(job)
        assert (job.status, job.done, job.changed, job.skipped, job.unchanged) == (Status.DONE, 61, 59, 2, 0)
        assert job.skipped_why == [[many[0].pk, "Deleted"], [99_999_999, "No longer there"]]
        assert len(tagged("VIP")) == 59

    def test_a_filter_that_means_nothing_any_more_stops_it(self, mina: Client, many: list[Document]) -> None:
        DefinitionFactory(key="plan")
        for document in many:
            assert document.customer
            Customer.objects.filter(pk=document.customer_id).update(properties={"plan": ["Pro"]})
        job = self.begin(mina, action="delete", matching="true", query="cp.plan=is:Pro")
        Definition.objects.all().delete()
        assert run(job).status == Status.FAILED
        assert Document.objects.active().count() == 60

    def test_whoever_lost_the_right_meanwhile_changes_nothing(self, mina: Client, many: list[Document]) -> None:
        job = self.begin(mina, action="delete", matching="true", query="")
        User.objects.update(role="viewer")
        assert "may not delete documents any more" in run(job).error
        assert Document.objects.active().count() == len(many)

    def test_it_can_be_stopped(self, mina: Client, many: list[Document]) -> None:
        job = self.begin(mina, action="delete", matching="true", query="")
        assert "every 1s" in mina.get(f"{BULK}{job.pk}/").content.decode()
        assert mina.post(f"{BULK}{job.pk}/").status_code == 303
        assert (run(job).status, Document.objects.active().count()) == (Status.CANCELLED, len(many))


def test_the_deleted_list_says_what_is_on_legal_hold(mina: Client) -> None:
    customer = CustomerFactory()
    delete_many([write(title="Held", customer=customer).pk, write(title="Free").pk], actor=STAFF)
    hold(customer, "Case 17", actor=STAFF)
    page = mina.get("/documents/?deleted=true").content.decode()
    assert page.count("<td>On legal hold</td>") == 1
    assert page.count(">in 30 days</time>") == 1
