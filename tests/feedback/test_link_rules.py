"""Link rules (5.5): which field of a document says whose it is."""

from typing import Any

import pytest

from accounts.models import Account
from audit.actor import Actor
from audit.models import Entry, Source
from audit.recording import recorded
from core import clock, jobs
from customers.identifying import identity
from customers.models import Customer, Suppression
from customers.suppressing import suppress
from feedback import applying_rules, linking
from feedback.link_rules import Rules, values_at
from feedback.models import Document, Linking, LinkRule
from feedback.prepared import Prepared
from feedback.receiving import Incoming, receive
from feedback.receiving_many import receive_many
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory

pytestmark = pytest.mark.django_db
STAFF = Actor.of_system("page")


@pytest.fixture
def source() -> Source:
    return Source.objects.create(kind="feedback", name="Tickets")


def rule(source: Source, path: str = "metadata.userEmail", by: str = "email", **more: Any) -> LinkRule:
    return applying_rules.add(source, path=path, by=by, actor=STAFF, **{"subject": "customer", **more})


def one(source: Source, incoming: Incoming) -> Document:
    return receive(incoming, source=source, actor=Actor.of_source(source)).document


def many(source: Source, incoming: Incoming) -> Document:
    actor = Actor.of_source(source)
    with recorded(actor, "import.batch") as entry:
        outcome = receive_many([Prepared.of(incoming)], source=source, actor=actor, now=entry.at)[0]
    assert not isinstance(outcome, Exception), outcome
    return Document.objects.get(pk=outcome.document_id)


both_doors = pytest.mark.parametrize("door", [one, many], ids=["one", "many"])


@both_doors
def test_the_field_that_a_rule_names_decides_and_the_author_is_not_made_a_customer(source: Source, door: Any) -> None:
    ana = CustomerFactory(email="ana@ex.test")
    rule(source, "metadata.requester.mail")
    metadata = {"requester": {"mail": "ANA@ex.test"}}
    document = door(source, Incoming(body="x", author={"email": "agent@desk.test"}, metadata=metadata))
    assert (document.customer, document.link) == (ana, "rule")
    assert Customer.objects.count() == 1


@both_doors
def test_who_is_found_by_no_rule_is_recognised_by_the_author(source: Source, door: Any) -> None:
    rule(source, "metadata.who")
    document = door(source, Incoming(body="x", author={"email": "bo@ex.test"}, metadata={"who": "nobody@ex.test"}))
    assert (document.link, document.customer.primary_email) == ("matched", "bo@ex.test")


@both_doors
def test_a_property_leads_to_its_only_holder_and_to_nobody_when_two_hold_it(source: Source, door: Any) -> None:
    DefinitionFactory(key="crm_id", type="number")
    ana = CustomerFactory(properties={"crm_id": [1007]})
    CustomerFactory(properties={"crm_id": [5]})
    CustomerFactory(properties={"crm_id": [5]})
    rule(source, "custom_fields.crm", by="property", key="CRM_id")
    assert door(source, Incoming(body="x", custom_fields={"crm": "1007"})).customer == ana
    assert door(source, Incoming(body="x", custom_fields={"crm": 5})).customer is None


@both_doors
def test_accounts_are_found_by_their_id_and_by_a_property(source: Source, door: Any) -> None:
    DefinitionFactory(key="domain", subject="account")
    lumen = AccountFactory(external_id="org-7")
    orbit = AccountFactory(properties={"domain": ["orbit.test"]})
    rule(source, "metadata.org", subject="account", by="external_id")
    rule(source, "metadata.domain", subject="account", by="property", key="domain")
    assert door(source, Incoming(body="x", metadata={"org": "org-7", "domain": "orbit.test"})).account == lumen
    assert door(source, Incoming(body="x", metadata={"org": 9, "domain": "orbit.test"})).account == orbit
    assert door(source, Incoming(body="x", metadata={"org": "new"})).account is None
    assert Account.objects.count() == 2


@both_doors
def test_what_staff_linked_or_removed_stays_when_it_is_sent_again(source: Source, door: Any) -> None:
    ana, bo = CustomerFactory(email="ana@ex.test"), CustomerFactory(email="bo@ex.test")
    rule(source)
    linked, removed = (
        door(source, Incoming(body="x", external_id=str(number), metadata={"userEmail": "ana@ex.test"}))
        for number in range(2)
    )
    linking.link(linked, bo, actor=STAFF)
    linking.unlink(removed, actor=STAFF)
    for number in range(2):
        door(source, Incoming(body="y", external_id=str(number), metadata={"userEmail": "ana@ex.test"}))
    assert list(Document.objects.order_by("pk").values_list("customer", "link")) == [
        (bo.pk, "staff"),
        (None, "removed"),
    ]
    assert ana.documents.count() == 0


@both_doors
def test_the_field_of_a_rule_brings_nobody_back_who_was_permanently_deleted(source: Source, door: Any) -> None:
    with recorded(STAFF, "customer.purged"):
        suppress([identity("email", "gone@ex.test")], clock.now())
    rule(source, "metadata.who.mail")
    metadata = {"who": {"mail": "Gone@ex.test"}}
    document = door(source, Incoming(body="Ask gone@ex.test", author={"email": "agent@ex.test"}, metadata=metadata))
    assert (document.customer, document.author, document.body) == (None, {}, "Ask [removed]")
    assert document.metadata == {"who": {"mail": "[removed]"}}
    assert Suppression.objects.get().kept_out == 1
    assert not Customer.objects.exists()


@both_doors
def test_a_soft_deleted_customer_keeps_what_a_rule_finds_for_them(source: Source, door: Any) -> None:
    gus = CustomerFactory(email="gus@ex.test", state="deleted")
    rule(source, "metadata.mail")
    assert door(source, Incoming(body="x", metadata={"mail": "gus@ex.test"})).customer == gus


def test_fields_are_found_by_their_path() -> None:
    said = Incoming(
        title="T", author={"email": "a@ex.test"}, custom_fields={"team": "Ops"},
        metadata={"a.b": {"c": 1}, "a": {"b": {"c": 2}}, "ids": ["x", None, {}, True], "none": None},
    )  # fmt: skip
    found = {path: values_at(said, path) for path in (
        "author.email", "cf_team", "metadata.a.b.c", "metadata.ids", "metadata.none", "metadata", "body", "__class__",
        "title.x", "metadata.a.b.c.d",
    )}  # fmt: skip
    assert found == {
        "author.email": ["a@ex.test"], "cf_team": ["Ops"], "metadata.a.b.c": [2], "metadata.ids": ["x", True],
        "metadata.none": [], "metadata": [], "body": [], "__class__": [], "title.x": [], "metadata.a.b.c.d": [],
    }  # fmt: skip


@pytest.mark.parametrize("value", ["\0", "x" * 5_000, "\ud800", "9" * 4_000, {"a": 1}, [[]], True, "@", " "])
@pytest.mark.parametrize("by", ["email", "phone", "user_id", "handle", "property", "external_id"])
def test_no_value_of_a_field_is_an_error(source: Source, by: str, value: Any) -> None:
    subject = "account" if by == "external_id" else "customer"
    DefinitionFactory(key="crm", type="number")
    rule(source, "metadata.v", by=by, subject=subject, key="crm" if by == "property" else "")
    found = Rules.of(source).find([Incoming(metadata={"v": value})])
    assert (found[0].customer_id, found[0].account_id) == (None, None)


# Apply to existing


@pytest.fixture
def papers(source: Source) -> list[Document]:
    """Three that name Ana in their metadata: nobody's, Bo's by its author, and one that staff took from her."""
    told = [{}, {"email": "bo@ex.test"}, {}]
    found = [
        one(source, Incoming(body=str(number), author=author, metadata={"mail": "ana@ex.test"}))
        for number, author in enumerate(told)
    ]
    ana = CustomerFactory(email="ana@ex.test")
    linking.link(found[2], ana, actor=STAFF)
    linking.unlink(found[2], actor=STAFF)
    return found


def test_the_preview_counts_what_would_be_linked_and_changes_nothing(source: Source, papers: list[Document]) -> None:
    before = list(Document.objects.order_by("pk").values_list("customer", "link"))
    rule(source, "metadata.mail")
    found = applying_rules.preview(source, Rules.of(source))
    assert (found.looked_at, found.linked, found.moved, found.kept, found.more) == (3, 1, 1, 1, False)
    assert {document.pk for document, _ in found.samples} == {papers[0].pk, papers[1].pk}
    assert list(Document.objects.order_by("pk").values_list("customer", "link")) == before


def test_applying_links_in_the_background_and_leaves_alone_what_staff_decided(
    source: Source, papers: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying_rules, "BATCH", 1)
    rule(source, "metadata.mail")
    job = applying_rules.start(source, actor=STAFF, user_id=None)
    assert applying_rules.start(source, actor=STAFF, user_id=None) == job
    jobs.run(Linking, job.pk)
    job.refresh_from_db()
    ana = Customer.objects.get(primary_email="ana@ex.test")
    assert (job.status, job.done, job.total, job.linked, job.moved) == ("done", 3, 3, 1, 1)
    assert list(Document.objects.order_by("pk").values_list("customer", "link")) == [
        (ana.pk, "rule"), (ana.pk, "rule"), (None, "removed"),
    ]  # fmt: skip
    assert ana.__class__.objects.get(pk=ana.pk).feedback_count == 2
    assert Entry.objects.filter(verb="document.linked_by_rule", source=source).count() == 2


def test_applying_again_changes_nothing(source: Source, papers: list[Document]) -> None:
    rule(source, "metadata.mail")
    for _ in range(2):
        jobs.run(Linking, applying_rules.start(source, actor=STAFF, user_id=None).pk)
    assert Entry.objects.filter(verb="document.linked_by_rule").count() == 1
    assert Linking.objects.order_by("pk").values_list("linked", "moved")[1] == (0, 0)


def test_applying_gives_a_deleted_customer_nothing(source: Source, papers: list[Document]) -> None:
    Customer.objects.filter(primary_email="ana@ex.test").update(state="deleted")
    rule(source, "metadata.mail")
    jobs.run(Linking, applying_rules.start(source, actor=STAFF, user_id=None).pk)
    assert not Document.objects.filter(link="rule").exists()


def test_a_source_has_so_many_rules_at_most_and_each_once(source: Source) -> None:
    assert rule(source) == rule(source)
    for number in range(applying_rules.RULES_LIMIT - 1):
        rule(source, f"metadata.m{number}")
    with pytest.raises(applying_rules.TooMany):
        rule(source, "metadata.more")
