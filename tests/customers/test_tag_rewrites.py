"""Merging and deleting a tag that very many records have: a job, with progress, that a killed worker leaves whole."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core import clock, jobs
from core.jobs import Status
from customers import creating, tag_admin, tagging
from customers.models import Customer, CustomerTag, Tag, TagRewrite
from feedback.models import Document, DocumentTag
from staff.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/settings/tags/"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_admin, "AT_ONCE", 3)
    monkeypatch.setattr(TagRewrite, "BATCH", 2)


@pytest.fixture(autouse=True)
def poked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Jobs that a worker was told of; none runs by itself."""
    told: list[int] = []
    monkeypatch.setattr(jobs, "poke", lambda label, pks: told.extend(pks))
    return told


@pytest.fixture
def ada() -> User:
    return UserFactory(role="admin")


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def vip(ada: User) -> Tag:
    """On three customers, one of whom is Gold too, and on two documents."""
    actor = Actor.of_staff(ada)
    people = [creating.create(creating.Draft(name), actor=actor) for name in ("Ana", "Bo", "Cy")]
    tagging.add_tag([people[1].pk], "Gold", actor=actor)
    tag = tagging.add_tag([one.pk for one in people], "VIP", actor=actor).tag
    with recorded(actor, "document.received"):
        for title in ("Export fails", "Import fails"):
            paper = Document.objects.create(title=title, channel="chat", occurred_at=clock.now())
            DocumentTag.objects.create(document=paper, tag=tag)
    return tag


def started(done: tag_admin.Done) -> TagRewrite:
    assert done.job is not None
    return done.job


def run(job: TagRewrite) -> TagRewrite:
    jobs.run(TagRewrite, job.pk)
    return TagRewrite.objects.get(pk=job.pk)


def has(name: str) -> tuple[set[str], int]:
    """Who has the tag, and how many documents, by the tags and by `tag_ids` alike."""
    tag = Tag.objects.filter(name=name).first()
    if tag is None:
        return set(), 0
    people = set(Customer.objects.filter(customer_tags__tag=tag).values_list("name", flat=True))
    assert people == set(Customer.objects.filter(tag_ids__contains=[tag.pk]).values_list("name", flat=True))
    papers = DocumentTag.objects.filter(tag=tag).count()
    assert papers == Document.objects.filter(tag_ids__contains=[tag.pk]).count()
    return people, papers


@pytest.mark.django_db(transaction=True)
def test_many_records_wait_for_a_worker_that_is_told_of_them(vip: Tag, ada: User, poked: list[int]) -> None:
    job = started(tag_admin.delete(vip, actor=Actor.of_staff(ada)))
    assert poked == [job.pk]
    assert has("VIP") == ({"Ana", "Bo", "Cy"}, 2)
    job = run(job)
    assert (job.status, job.done, job.total, job.customers, job.documents) == (Status.DONE, 5, 5, 3, 2)
    assert list(Tag.objects.values_list("name", flat=True)) == ["Gold"]
    assert not Customer.objects.filter(tag_ids__contains=[vip.pk]).exists()


def test_few_records_are_done_at_once(vip: Tag, ada: User) -> None:
    gold = Tag.objects.get(name="Gold")
    assert tag_admin.delete(gold, actor=Actor.of_staff(ada)) == tag_admin.Done(tag_admin.Reach(1, 0))
    assert not TagRewrite.objects.exists()


def test_merging_gives_everything_the_other_tag_once(vip: Tag, ada: User) -> None:
    job = run(started(tag_admin.merge(vip, Tag.objects.get(name="Gold"), actor=Actor.of_staff(ada))))
    assert job.status == Status.DONE
    assert has("Gold") == ({"Ana", "Bo", "Cy"}, 2)
    assert not Tag.objects.filter(pk=vip.pk).exists()


def test_each_step_is_in_the_audit_log_as_done_by_whoever_asked(vip: Tag, ada: User) -> None:
    gold = Tag.objects.get(name="Gold")
    run(started(tag_admin.merge(vip, gold, actor=Actor.of_staff(ada))))
    steps = Entry.objects.filter(verb="tag.replaced").order_by("pk")
    assert [step.facts for step in steps] == [
        {"customers": 2, "documents": 0}, {"customers": 1, "documents": 1}, {"customers": 0, "documents": 1},
    ]  # fmt: skip
    assert {(step.actor_id, step.via) for step in steps} == {(ada.pk, "task")}
    last = Entry.objects.get(verb="tag.merged")
    assert (last.subject_id, last.facts) == (gold.pk, {"merged_id": vip.pk, "customers": 3, "documents": 2})


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_whole_steps_and_another_ends_the_work(
    vip: Tag, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(tag_admin.delete(vip, actor=Actor.of_staff(ada)))
    steps, take_off = [], tag_admin.take_off

    def killed(*args: Any, **named: Any) -> tag_admin.Reach:
        steps.append(take_off(*args, **named))  # done, but the second one's transaction never ends
        if len(steps) == 2:
            raise SystemExit
        return steps[-1]

    monkeypatch.setattr(tag_admin, "take_off", killed)
    with pytest.raises(SystemExit):
        jobs.run(TagRewrite, job.pk)
    assert sum(map(len, [CustomerTag.objects.filter(tag=vip), DocumentTag.objects.filter(tag=vip)])) == 3
    assert TagRewrite.objects.get(pk=job.pk).done == 2

    monkeypatch.setattr(tag_admin, "take_off", take_off)
    later = clock.now() + timedelta(seconds=jobs.LEASE_SECONDS + 5)
    monkeypatch.setattr(clock, "now", lambda: later)
    job = run(job)
    assert (job.status, job.done, job.customers, job.documents) == (Status.DONE, 5, 3, 2)
    assert has("VIP") == (set(), 0)


def test_what_gets_the_tag_meanwhile_loses_it_too(vip: Tag, ada: User) -> None:
    job = started(tag_admin.delete(vip, actor=Actor.of_staff(ada)))
    claimed = TagRewrite.claim(job.pk, clock.now())
    assert claimed is not None
    jobs.one_batch(claimed)
    dee = creating.create(creating.Draft("Dee"), actor=Actor.of_staff(ada))
    tagging.add_tag([dee.pk], "VIP", actor=Actor.of_staff(ada))
    while jobs.one_batch(claimed):
        pass
    dee.refresh_from_db()
    assert dee.tag_ids == []
    assert not Tag.objects.filter(pk=vip.pk).exists()


def test_a_tag_at_work_is_neither_merged_nor_deleted(vip: Tag, ada: User, admin: Client) -> None:
    gold = Tag.objects.get(name="Gold")
    tag_admin.merge(vip, gold, actor=Actor.of_staff(ada))
    for tag in (vip, gold):
        with pytest.raises(tag_admin.Busy):
            tag_admin.delete(tag, actor=Actor.of_staff(ada))
        response = admin.post(f"{LIST}{tag.pk}/delete/")
        assert response.status_code == 422
        assert "still being merged or deleted" in response.content.decode()
    response = admin.post(f"{LIST}{gold.pk}/merge/", {"target": vip.pk})
    assert response.status_code == 422
    assert "still being merged or deleted" in response.content.decode()


def test_the_list_shows_how_far_it_is_until_it_has_ended(vip: Tag, admin: Client) -> None:
    polled = {"headers": {"HX-Request": "true", "HX-Target": "working"}}
    assert admin.post(f"{LIST}{vip.pk}/delete/").status_code == 303
    page = admin.get(LIST).content.decode()
    assert "Deleting the tag “VIP” in the background." in page
    assert "waiting for a worker" in page
    job = TagRewrite.objects.get()
    claimed = TagRewrite.claim(job.pk, clock.now())
    assert claimed is not None
    jobs.one_batch(claimed)
    part = admin.get(LIST, **polled).content.decode()
    assert "2 of 5 records" in part
    assert 'value="40"' in part
    assert "every 2s" in part
    assert "<table" not in part
    while jobs.one_batch(claimed):
        pass
    part = admin.get(LIST, **polled).content.decode()
    assert 'hx-target="#results"' in part
    assert "every 2s" not in part
    assert 'id="working"' not in admin.get(LIST).content.decode()


def test_it_can_be_stopped_and_keeps_what_it_did(vip: Tag, ada: User, admin: Client) -> None:
    job = started(tag_admin.delete(vip, actor=Actor.of_staff(ada)))
    claimed = TagRewrite.claim(job.pk, clock.now())
    assert claimed is not None
    jobs.one_batch(claimed)
    admin.post(f"{LIST}rewrites/{job.pk}/", {"do": "cancel"})
    with pytest.raises(jobs.LeaseLost):
        jobs.one_batch(claimed)
    assert CustomerTag.objects.filter(tag=vip).count() + DocumentTag.objects.filter(tag=vip).count() == 3
    assert "Stopped." in admin.get(LIST).content.decode()


def test_work_that_was_set_aside_is_shown_and_tried_again(vip: Tag, ada: User, admin: Client) -> None:
    job = started(tag_admin.delete(vip, actor=Actor.of_staff(ada)))
    TagRewrite.objects.filter(pk=job.pk).update(status=Status.QUARANTINED, error="Its workers died.")
    assert "Its workers died." in admin.get(LIST).content.decode()
    admin.post(f"{LIST}rewrites/{job.pk}/", {"do": "again"})
    assert run(job).status == Status.DONE
    assert "Its workers died." not in admin.get(LIST).content.decode()


def test_only_admins_stop_it(vip: Tag, ada: User, client: Client) -> None:
    job = started(tag_admin.delete(vip, actor=Actor.of_staff(ada)))
    client.force_login(UserFactory(role="support"))
    assert client.post(f"{LIST}rewrites/{job.pk}/", {"do": "cancel"}).status_code == 403
    assert "Stop</button>" not in client.get(LIST).content.decode()
