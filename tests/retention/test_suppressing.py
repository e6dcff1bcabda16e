"""What was permanently deleted does not come back, whatever way it arrives, and whoever sends it is told."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from audit.actor import Actor
from audit.models import Entry, Source
from core import clock, jobs
from core.views import health
from core.writing_many import insert_rows
from customers import editing, ledger, suppressing
from customers.creating import create, create_by_hand, draft_of
from customers.identifying import identities, identity
from customers.matching import lock
from customers.models import Customer, Identifier, KeyProof, Suppression
from customers.suppressing import IntakeStopped, Suppressed
from feedback.linking import create_and_link
from feedback.models import Document
from feedback.receiving import Incoming, receive
from feedback.receiving_many import Prepared, receive_many
from integrations.importing.mapping import Plan
from integrations.importing.starting import plan_of_specs, start, upload
from integrations.models import ApiKey, Import, RowError
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db
MINA = Actor(via="page", rank="staff")


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.ERASURE_LEDGER = tmp_path / "erasures.jsonl"
    suppressing.forget_checks()
    yield
    suppressing.forget_checks()


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="Helpdesk", kind="feedback")


def suppress(*pairs: tuple[str, str]) -> None:
    with transaction.atomic():
        found = identities(pairs)
        lock(found, exclusive=True)
        suppressing.suppress(found, clock.now())


def received(source: Source, **said: Any) -> Any:
    return receive(Incoming(**said), source=source, actor=Actor.of_source(source, via="intake"))


def test_intake_keeps_the_document_without_the_identity_and_says_so(source: Source) -> None:
    suppress(("email", "ana@ex.test"))
    done = received(
        source, external_id="z-1", title="Ana Ruiz cannot export", body="Write to ANA@ex.test or call Ruiz.",
        author={"name": "Ana Ruiz", "email": "Ana@Ex.test", "phone": "+34600111222"},
        metadata={"userEmail": "ana@ex.test", "page": "/export", "by": ["Ana"]}, custom_fields={"who": "ana%40ex.test"},
    )  # fmt: skip
    document = Document.objects.get()
    assert (done.status, done.customer, document.customer_id, document.author, document.author_email) == (
        "suppressed", None, None, {}, "",
    )  # fmt: skip
    assert document.title == "[removed] cannot export"
    assert document.body == "Write to [removed] or call [removed]."
    assert document.metadata == {"userEmail": "[removed]", "page": "/export", "by": ["[removed]"]}
    assert document.custom_fields == {"who": "[removed]"}
    assert not Customer.objects.exists()
    assert Suppression.objects.get().kept_out == 1


def test_the_same_document_again_stays_as_it_was_kept(source: Source) -> None:
    suppress(("email", "ana@ex.test"))
    sent: dict[str, Any] = {"external_id": "z-1", "title": "Ana", "author": {"name": "Ana", "email": "ana@ex.test"}}
    received(source, **sent)
    assert received(source, **sent).status == "suppressed"
    assert received(source, **{**sent, "title": "Ana again"}).status == "suppressed"
    assert Document.objects.get().title == "[removed]"


def test_whoever_comes_first_in_the_order_of_matching_decides(source: Source) -> None:
    bo = CustomerFactory(name="Bo", user_id="p-7", phone="+34600111222")
    suppress(("email", "ana@ex.test"))
    linked = received(source, title="Hi", author={"user_id": "p-7", "email": "ana@ex.test", "name": "Bo"})
    assert (linked.status, linked.customer) == ("created", bo)
    assert linked.document.author == {"user_id": "p-7", "name": "Bo"}
    assert not bo.identifiers.filter(kind="email").exists()
    kept = received(source, title="Hi", author={"phone": "+34 600 111 222", "email": "ana@ex.test"})
    assert (kept.status, kept.customer) == ("suppressed", None)


def test_what_staff_linked_stays_linked_and_loses_the_identity(source: Source) -> None:
    sent: dict[str, Any] = {"external_id": "z-1", "author": {"email": "ana@ex.test"}}
    first = received(source, title="Hello", **sent).document
    bo = CustomerFactory(name="Bo")
    Customer.objects.exclude(pk=bo.pk)
    Document.objects.filter(pk=first.pk).update(customer=bo, link="staff")
    Identifier.objects.filter(kind="email").delete()
    suppress(("email", "ana@ex.test"))
    received(source, title="Hello again", **sent)
    document = Document.objects.get()
    assert (document.customer, document.title, document.author, document.author_email) == (bo, "Hello again", {}, "")


def test_a_batch_loses_nothing_else_and_is_as_single_commands_are(source: Source) -> None:
    suppress(("email", "ana@ex.test"), ("user_id", "p-1"))
    told = [
        Incoming(title="Ana asks", external_id="1", author={"name": "Ana", "email": "ana@ex.test"}),
        Incoming(title="Bo asks", external_id="2", author={"name": "Bo", "email": "bo@ex.test"}),
        Incoming(title="p-1 asks", external_id="3", author={"user_id": "p-1", "email": "bo@ex.test"}),
    ]
    actor = Actor.of_source(source, via="import")
    with transaction.atomic():
        kept = receive_many([Prepared.of(one) for one in told], source=source, actor=actor, now=clock.now())
    assert [one.status for one in kept] == ["suppressed", "created", "suppressed"]
    assert list(Document.objects.order_by("external_id").values_list("title", "author")) == [
        ("[removed] asks", {}), ("Bo asks", {"name": "Bo", "email": "bo@ex.test"}), ("[removed] asks", {}),
    ]  # fmt: skip
    assert [customer.name for customer in Customer.objects.all()] == ["Bo"]
    assert dict(Suppression.objects.values_list("kind", "kept_out")) == {"email": 1, "user_id": 1}
    many = list(Document.objects.order_by("external_id").values("title", "body", "author", "author_email", "link"))
    other = Source.objects.create(name="Other", kind="feedback")
    for one in told:
        receive(one, source=other, actor=actor)
    single = Document.objects.filter(source=other).order_by("external_id")
    assert list(single.values("title", "body", "author", "author_email", "link")) == many
    with transaction.atomic():
        again = receive_many([Prepared.of(one) for one in told], source=source, actor=actor, now=clock.now())
    assert [one.status for one in again] == ["suppressed", "unchanged", "suppressed"]


def test_an_import_counts_whom_it_kept_out() -> None:
    suppress(("email", "ana@ex.test"))
    text = "ID,Mail,T\n1,ana@ex.test,Slow\n2,bo@ex.test,Fine\n"
    job = upload(io.BytesIO(text.encode()), "t.csv", user=None, actor=MINA)
    plan = plan_of_specs(("external_id=ID", "author.email=Mail", "title=T"), base=Plan())
    plan.source = "Tickets"
    assert start(job, plan, actor=MINA)
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    assert (job.status, job.created_count, job.suppressed_count, job.failed_count) == ("done", 1, 1, 0)
    assert not RowError.objects.exists()
    assert Document.objects.count() == 2


def test_by_hand_nobody_gets_it_and_the_attempt_is_counted() -> None:
    suppress(("email", "ana@ex.test"))
    bo = CustomerFactory(name="Bo", email="bo@ex.test")
    for attempt in (
        lambda: create(draft_of(identities=identities([("email", "Ana@ex.test")])), actor=MINA),
        lambda: create_by_hand(name="Ana", identities=[identity("email", "ana@ex.test")], actor=MINA),
        lambda: editing.add_identifier(bo, "email", "ana@ex.test", actor=MINA),
        lambda: editing.change_identifier(bo.identifiers.get(), "ana@ex.test", actor=MINA),
        lambda: create_and_link(DocumentFactory(), email="ana@ex.test", name="Ana", actor=MINA),
    ):
        with pytest.raises(Suppressed, match="suppressed email"):
            attempt()  # type: ignore[operator]
    assert Suppression.objects.get().kept_out == 5
    assert Customer.objects.count() == 1


def test_the_pages_say_why(admin_client: Client) -> None:
    suppress(("email", "ana@ex.test"))
    answer = admin_client.post("/customers/new/", {"name": "Ana", "email": "ana@ex.test"})
    assert answer.status_code == 409
    assert "belonged to somebody who was permanently deleted" in answer.content.decode()


@pytest.mark.parametrize("way", ["insert", "copy", "update"])
def test_the_database_refuses_it_whatever_way_it_arrives(way: str) -> None:
    bo = CustomerFactory(name="Bo", email="bo@ex.test")
    suppress(("email", "ana@ex.test"))
    one = identity("email", "ana@ex.test")

    def arrive() -> None:
        if way == "update":
            Identifier.objects.update(normalized=one.normalized, digest=one.digest)
        elif way == "insert":
            Identifier.objects.create(customer=bo, kind="email", value=one.value, normalized=one.normalized,
                                      digest=one.digest)  # fmt: skip
        else:
            names = ("customer", "kind", "value", "normalized", "digest", "primary", "verified", "created_at")
            row = (bo.pk, "email", one.value, one.normalized, one.digest, False, True, "2026-01-01")
            insert_rows(Identifier, names, [row])

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        arrive()
    error: Any = refused.value.__cause__
    assert error.diag.constraint_name == "customers_identifier_not_suppressed"


def test_an_admin_lifts_it_by_typing_the_identifier(source: Source) -> None:
    suppress(("email", "ana@ex.test"))
    suppressing.lift("email", "ANA@ex.test", actor=MINA)
    assert received(source, title="Hi", author={"email": "ana@ex.test"}).status == "created"
    assert Entry.objects.get(verb="suppression.lifted").facts == {"kind": "email", "kept_out": 0}
    assert [type(line).__name__ for line in ledger.entries()] == ["Lifted"]


def test_what_was_never_suppressed_cannot_be_lifted() -> None:
    with pytest.raises(ValidationError, match="not suppressed"):
        suppressing.lift("email", "ana@ex.test", actor=MINA)


def test_a_wrong_key_stops_the_intake_and_readyz_says_so(source: Source, settings: Any, client: Client) -> None:
    suppress(("email", "ana@ex.test"))
    assert KeyProof.objects.count() == 1
    settings.SUPPRESSION_KEY = "another key"
    suppressing.forget_checks()
    with pytest.raises(IntakeStopped, match="not the one"):
        received(source, title="Hi", author={"email": "ana@ex.test"})
    with pytest.raises(IntakeStopped):
        create(draft_of(name="Ana"), actor=MINA)
    assert client.get("/readyz").json()["intake"] == suppressing.WRONG_KEY
    assert health.PARTS["intake"]() == suppressing.WRONG_KEY
    _, secret = ApiKey.objects.issue(kind="feedback", name="Inbox", scopes=[], source=source)
    sent = client.post(
        "/intake/feedback", {"title": "Hi"}, "application/json", headers={"Authorization": f"Bearer {secret}"}
    )
    assert (sent.status_code, sent.json()["error"]["code"]) == (503, "intake_stopped")
    assert not Document.objects.exists()


def test_with_a_wrong_key_nobody_is_added_by_hand_and_the_page_says_why(admin_client: Client, settings: Any) -> None:
    suppress(("email", "ana@ex.test"))
    settings.SUPPRESSION_KEY = "another key"
    suppressing.forget_checks()
    answer = admin_client.post("/customers/new/", {"name": "Bo", "email": "bo@ex.test"})
    assert answer.status_code == 503
    assert "suppression key is not the one" in answer.content.decode()
    data = {"email": "bo@ex.test", "name": "Bo"}
    answer = admin_client.post(f"/documents/{DocumentFactory().pk}/customer/new/", data)
    assert answer.status_code == 503
    assert not Customer.objects.exists()


def test_a_proof_that_is_gone_stops_the_intake_too(source: Source) -> None:
    suppress(("email", "ana@ex.test"))
    KeyProof.objects.all().delete()
    suppressing.forget_checks()
    with pytest.raises(IntakeStopped, match="is gone"):
        received(source, title="Hi")


def test_a_database_older_than_the_ledger_stops_the_intake(source: Source) -> None:
    token = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    line = ledger.Erased(token, 1, "2026-01-01", "2026-02-01", "delete")
    ledger.append([line])
    assert list(ledger.entries()) == [line]
    with pytest.raises(IntakeStopped, match="replay_erasures"):
        received(source, title="Hi")
