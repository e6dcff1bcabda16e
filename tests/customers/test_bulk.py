"""Tags on many customers: at once for a page, as a job for more."""

import json
from typing import Any

import pytest
from django.test import Client

from audit.actor import Actor
from audit.models import Entry
from core import clock, jobs
from core.jobs import Status
from customers import bulk, selecting
from customers.deleting import delete_many
from customers.holding import hold
from customers.models import BulkEdit, Customer, CustomerTag, Tag
from properties.models import Definition
from staff.models import User
from tests.customers.people import STAFF
from tests.customers.test_list import many
from tests.factories import CustomerFactory, DefinitionFactory, UserFactory

BULK = "/customers/bulk/"


@pytest.fixture
def mina(db: None) -> User:
    return UserFactory()


@pytest.fixture
def support(client: Client, mina: User) -> Client:
    client.force_login(mina)
    return client


@pytest.fixture(autouse=True)
def poked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bulk edits that a worker was told of; none runs by itself."""
    told: list[int] = []
    monkeypatch.setattr(jobs, "poke", lambda label, pks: told.extend(pks))
    return told


def tagged(name: str) -> set[int]:
    return set(CustomerTag.objects.filter(tag__name=name).values_list("customer_id", flat=True))


class TestAtOnce:
    def test_a_tag_is_made_and_put_on_those_who_lack_it(self, support: Client, mina: User) -> None:
        ana, bo, cy = CustomerFactory(tags=["VIP"]), CustomerFactory(), CustomerFactory()
        response = support.post(BULK, {"action": "add_tag", "tag": "vip", "id": [ana.pk, bo.pk], "query": "q=customer"})
        assert (response.status_code, response["Location"]) == (303, "/customers/?q=customer")
        assert tagged("VIP") == {ana.pk, bo.pk}
        assert Customer.objects.get(pk=bo.pk).tag_ids == [Tag.objects.get().pk]
        assert cy.pk not in tagged("VIP")
        entry = Entry.objects.get(verb="customer.tagged")
        assert (entry.actor_id, entry.via, entry.subject_id) == (mina.pk, "page", bo.pk)

    def test_htmx_gets_a_toast_and_the_list_refetches(self, support: Client) -> None:
        ana = CustomerFactory()
        response = support.post(BULK, {"action": "add_tag", "tag": "New", "id": ana.pk}, headers={"HX-Request": "true"})
        assert response.status_code == 204
        for event in ("toast", "selection-clear", "customer-changed", "on 1 of 1"):
            assert event in response["HX-Trigger"]

    def test_a_tag_is_taken_off(self, support: Client) -> None:
        ana, bo = CustomerFactory(tags=["VIP"]), CustomerFactory(tags=["VIP"])
        support.post(BULK, {"action": "remove_tag", "tag": "VIP", "id": ana.pk})
        assert tagged("VIP") == {bo.pk}

    def test_all_that_match_on_one_page_needs_no_job(self, support: Client) -> None:
        ana = CustomerFactory(name="Ana")
        CustomerFactory(name="Bo")
        support.post(BULK, {"action": "add_tag", "tag": "VIP", "matching": "true", "query": "q=ana"})
        assert tagged("VIP") == {ana.pk}
        assert not BulkEdit.objects.exists()

    @pytest.mark.parametrize(("action", "back"), [("add_tag", "ana"), ("remove_tag", "ana bo")])
    def test_undo_gives_back_exactly_what_was_there(self, support: Client, mina: User, action: str, back: str) -> None:
        ana, bo, cy = CustomerFactory(tags=["VIP"]), CustomerFactory(), CustomerFactory()
        if action == "remove_tag":
            CustomerTag.objects.create(customer=bo, tag=Tag.objects.get())
        names = {"ana": ana.pk, "bo": bo.pk}
        sent = {"action": action, "tag": "VIP", "id": [ana.pk, bo.pk]}
        response = support.post(BULK, sent, headers={"HX-Request": "true"})
        address = json.loads(response["HX-Trigger"])["toast"]["undo"]
        response = support.post(address, {"next": "/customers/?q=x"})
        assert (response.status_code, response["Location"]) == (303, "/customers/?q=x")
        assert tagged("VIP") == {names[name] for name in back.split()}
        assert cy.pk not in tagged("VIP")
        assert "Undone: tag “VIP” on" in support.get("/customers/").content.decode()
        assert support.post(address, {"next": "https://evil.test/"})["Location"] == "/customers/"

    def test_what_changed_nobody_offers_no_undo(self, support: Client) -> None:
        ana = CustomerFactory(tags=["VIP"])
        sent = {"action": "add_tag", "tag": "VIP", "id": ana.pk}
        response = support.post(BULK, sent, headers={"HX-Request": "true"})
        assert json.loads(response["HX-Trigger"])["toast"]["undo"] == ""

    def test_only_whoever_did_it_undoes_it_and_only_while_the_tag_is_there(
        self, support: Client, client: Client, mina: User
    ) -> None:
        ana = CustomerFactory()
        tag = bulk.apply("add_tag", "VIP", [ana.pk], actor=Actor.of_staff(mina), now=clock.now())
        assert tag is not None
        address = f"{BULK}{tag.entry_id}/undo/"
        assert support.post(f"{BULK}{tag.entry_id + 1}/undo/").status_code == 404
        client.force_login(UserFactory())
        assert client.post(address).status_code == 404
        client.force_login(UserFactory(role="viewer"))
        assert client.post(address).status_code == 403
        assert tagged("VIP") == {ana.pk}
        Tag.objects.all().delete()
        client.force_login(mina)
        assert client.post(address).status_code == 404

    def test_deleted_customers_are_left_alone(self, support: Client) -> None:
        gone = CustomerFactory(state="deleted")
        support.post(BULK, {"action": "add_tag", "tag": "VIP", "id": gone.pk})
        assert tagged("VIP") == set()

    @pytest.mark.parametrize(
        "sent",
        [
            {"action": "erase", "tag": "x", "id": "1"}, {"tag": "x", "id": "1"}, {"action": "add_tag", "id": "1"},
            {"action": "add_tag", "tag": "  ", "id": "1"}, {"action": "add_tag", "tag": "x" * 61, "id": "1"},
            {"action": "add_tag", "tag": "a\0b", "id": "1"}, {"action": "add_tag", "tag": "\u0301", "id": "1"},
            {"action": "remove_tag", "tag": "never seen", "id": "1"}, {"action": "add_tag", "tag": "x"},
            {"action": "add_tag", "tag": "x", "id": "one"}, {"action": "add_tag", "tag": "x", "id": "²"},
            {"action": "add_tag", "tag": "x", "id": "9" * 40}, {"action": "add_tag", "tag": "x", "id": "-1"},
            {"action": "add_tag", "tag": "x", "matching": "true", "query": "channel=fax"},
            {"action": "add_tag", "tag": "x", "matching": "true", "query": "q=" + "x" * 6_000},
            {"action": "add_tag", "tag": "x", "matching": "true", "query": "q=%00"},
            {"action": "add_tag", "tag": "<script>alert(1)</script>", "id": "one"},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused_and_changes_nothing(self, support: Client, sent: dict[str, Any]) -> None:
        CustomerFactory()
        for headers in ({}, {"HX-Request": "true"}):
            response = support.post(BULK, sent, headers=headers)
            assert response.status_code == 422
            assert "<script>alert" not in response.content.decode()
        assert not CustomerTag.objects.exists()

    def test_a_selection_query_cannot_smuggle_a_header(self, support: Client) -> None:
        ana = CustomerFactory()
        response = support.post(BULK, {"action": "add_tag", "tag": "x", "id": ana.pk, "query": "a=1\r\nX-Evil: 1"})
        assert response.status_code == 303
        assert "X-Evil" not in response.headers


@pytest.mark.django_db
class TestDeleteAndRestore:
    def test_the_selected_are_deleted_and_a_toast_undoes_it(self, support: Client) -> None:
        ana, bo, cy = (CustomerFactory() for _ in range(3))
        hold(cy, "Case 17", actor=STAFF)
        sent = {"action": "delete", "id": [ana.pk, bo.pk, cy.pk]}
        response = support.post(BULK, sent, headers={"HX-Request": "true"})
        told = json.loads(response["HX-Trigger"])["toast"]
        assert told["text"] == "Deleted 2 of 3. Kept for 30 days. On legal hold: Case 17."
        assert set(Customer.objects.active()) == {cy}
        assert support.post(told["undo"], {"next": "/customers/"}).status_code == 303
        assert Customer.objects.active().count() == 3

    def test_the_selected_of_the_deleted_list_are_restored(self, support: Client) -> None:
        ana, bo = CustomerFactory(), CustomerFactory()
        delete_many([ana.pk, bo.pk], actor=STAFF)
        response = support.post(BULK, {"action": "restore", "matching": "true", "query": "deleted=true"})
        assert response["Location"] == "/customers/?deleted=true"
        assert Customer.objects.active().count() == 2

    def test_all_that_match_are_deleted_in_the_background_and_who_is_not_is_named(
        self, support: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(selecting, "BATCH", 10)
        people = many(60)
        hold(people[7], "Case 17", actor=STAFF)
        support.post(BULK, {"action": "delete", "matching": "true", "query": "q=customer"})
        job = BulkEdit.objects.get()
        jobs.run(BulkEdit, job.pk)
        job.refresh_from_db()
        assert (job.status, job.done, job.total, job.changed, job.skipped) == (Status.DONE, 60, 60, 59, 1)
        assert job.skipped_why == [[people[7].pk, "On legal hold: Case 17"]]
        assert list(Customer.objects.active()) == [people[7]]
        page = support.get(f"{BULK}{job.pk}/").content.decode()
        assert "59 deleted" in page
        assert "On legal hold: Case 17" in page
        support.post(BULK, {"action": "restore", "matching": "true", "query": "deleted=true&q=customer"})
        again = BulkEdit.objects.latest("pk")
        jobs.run(BulkEdit, again.pk)
        again.refresh_from_db()
        assert (again.changed, Customer.objects.active().count()) == (59, 60)
        assert "59 restored" in support.get(f"{BULK}{again.pk}/").content.decode()

    def test_ticked_ones_who_are_deleted_already_are_named(self, support: Client) -> None:
        people = many(60)
        delete_many([people[0].pk], actor=STAFF)
        support.post(BULK, {"action": "delete", "id": [one.pk for one in people]})
        job = BulkEdit.objects.get()
        jobs.run(BulkEdit, job.pk)
        job.refresh_from_db()
        assert (job.changed, job.skipped_why) == (59, [[people[0].pk, "Deleted"]])

    def test_viewers_may_not(self, client: Client) -> None:
        client.force_login(UserFactory(role="viewer"))
        ana = CustomerFactory()
        assert client.post(BULK, {"action": "delete", "id": ana.pk}).status_code == 403
        assert Customer.objects.get().is_active


class TestInTheBackground:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(selecting, "BATCH", 10)

    def begin(self, client: Client, **sent: Any) -> BulkEdit:
        response = client.post(BULK, {"action": "add_tag", "tag": "VIP", **sent})
        assert response.status_code == 303, response.content
        job = BulkEdit.objects.latest("pk")
        assert response["Location"] == f"{BULK}{job.pk}/"
        return job

    def run(self, job: BulkEdit) -> BulkEdit:
        jobs.run(BulkEdit, job.pk)
        return BulkEdit.objects.get(pk=job.pk)

    @pytest.mark.django_db(transaction=True)
    def test_more_than_a_page_becomes_a_job_that_a_worker_is_told_of(self, support: Client, poked: list[int]) -> None:
        many(60)
        job = self.begin(support, matching="true", query="q=customer&channel=email")
        assert poked == [job.pk]
        assert tagged("VIP") == set()
        job = self.run(job)
        assert (job.status, job.done, job.total, job.changed, job.skipped) == (Status.DONE, 60, 60, 60, 0)
        assert len(tagged("VIP")) == 60
        assert Entry.objects.filter(verb="customer.tagged", via="task").count() == 6

    @pytest.mark.django_db
    def test_ticked_customers_and_why_some_were_skipped(self, support: Client) -> None:
        ids = [customer.pk for customer in many(60)]
        Customer.objects.filter(pk=ids[0]).update(state="deleted")
        Customer.objects.filter(pk=ids[1]).update(state="merged", merged_into=ids[2])
        CustomerFactory()
        job = self.run(self.begin(support, id=[*ids, 99_999_999]))
        assert (job.done, job.total, job.changed, job.skipped, job.unchanged) == (61, 61, 58, 3, 0)
        assert job.skipped_why == [
            [ids[0], "Deleted"],
            [ids[1], "Merged into another customer"],
            [99_999_999, "No longer there"],
        ]
        page = support.get(f"{BULK}{job.pk}/").content.decode()
        assert "58 changed" in page
        assert "Merged into another customer" in page

    @pytest.mark.django_db
    def test_a_filter_that_the_change_itself_makes_untrue_still_reaches_everybody(self, support: Client) -> None:
        many(60)
        job = self.run(self.begin(support, matching="true", query="tag=none"))
        assert (job.status, job.changed) == (Status.DONE, 60)

    @pytest.mark.django_db(transaction=True)
    def test_a_worker_killed_in_the_middle_leaves_nothing_undone_and_nothing_done_twice(
        self, support: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many(60)
        job = self.begin(support, matching="true", query="")
        batches, apply = [], bulk.apply

        def killed(*args: Any, **named: Any) -> int:
            batches.append(args[2])
            if len(batches) == 4:
                apply(*args, **named)  # done, but the transaction never ends
                raise SystemExit
            return apply(*args, **named)

        monkeypatch.setattr(bulk, "apply", killed)
        with pytest.raises(SystemExit):
            jobs.run(BulkEdit, job.pk)
        assert len(tagged("VIP")) == 30
        assert BulkEdit.objects.get(pk=job.pk).done == 30

        monkeypatch.setattr(bulk, "apply", apply)
        later = clock.now() + jobs.timedelta(seconds=jobs.LEASE_SECONDS + 5)
        monkeypatch.setattr(clock, "now", lambda: later)
        job = self.run(job)
        assert (job.status, job.done, job.changed) == (Status.DONE, 60, 60)
        assert CustomerTag.objects.filter(tag__name="VIP").count() == 60

    @pytest.mark.django_db
    def test_a_filter_that_means_nothing_any_more_stops_it_instead_of_meaning_everybody(self, support: Client) -> None:
        DefinitionFactory(key="plan")
        many(60, properties={"plan": ["Pro"]})
        job = self.begin(support, matching="true", query="p.plan=is:Pro")
        Definition.objects.all().delete()
        job = self.run(job)
        assert job.status == Status.FAILED
        assert "A property of this selection is gone" in job.error
        assert tagged("VIP") == set()

    @pytest.mark.django_db
    def test_whoever_lost_the_right_meanwhile_changes_nothing(self, support: Client, mina: User) -> None:
        many(60)
        job = self.begin(support, matching="true", query="")
        User.objects.filter(pk=mina.pk).update(role="viewer")
        assert self.run(job).status == Status.FAILED
        assert tagged("VIP") == set()

    @pytest.mark.django_db
    def test_it_can_be_stopped_and_says_how_far_it_came(self, support: Client) -> None:
        many(60)
        job = self.begin(support, matching="true", query="")
        waiting = support.get(f"{BULK}{job.pk}/").content.decode()
        assert "every 1s" in waiting
        assert support.post(f"{BULK}{job.pk}/").status_code == 303
        job = self.run(job)
        assert (job.status, job.done) == (Status.CANCELLED, 0)
        part = support.get(f"{BULK}{job.pk}/", headers={"HX-Request": "true", "HX-Target": "progress"}).content.decode()
        assert "<html" not in part
        assert "every 1s" not in part
        assert "Cancelled" in part

    @pytest.mark.django_db
    def test_viewers_do_not_see_it(self, support: Client, client: Client) -> None:
        many(60)
        job = self.begin(support, matching="true", query="")
        client.force_login(UserFactory(role="viewer"))
        assert client.get(f"{BULK}{job.pk}/").status_code == 403


def test_tag_names_are_offered(support: Client) -> None:
    Tag.objects.named("VIP & more")
    assert support.get(f"{BULK}tags/").content.decode() == '<option value="VIP &amp; more"></option>'
