"""What the database refuses whatever the code does: each constraint by its name (rule 6 of the house style)."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Account
from audit.models import Source
from customers.models import Customer, CustomerTag, DuplicateCandidate, Identifier, Membership, Tag
from feedback.models import Document
from integrations.models import ApiKey
from properties.models import Definition
from staff.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Customer:
    return Customer.objects.create(name="Ana")


@pytest.fixture
def bo() -> Customer:
    return Customer.objects.create(name="Bo")


def refused(constraint: str, write: Callable[[], object]) -> None:
    """`write` breaks exactly this constraint."""

    def attempt() -> None:
        with transaction.atomic():
            write()
            connection.check_constraints()

    with pytest.raises(IntegrityError) as refusal:
        attempt()
    assert refusal.value.__cause__ is not None
    assert refusal.value.__cause__.diag.constraint_name == constraint  # type: ignore[attr-defined]


def identifier(customer: Customer, kind: str = "email", normalized: str = "ana@ex.test", **more: object) -> Identifier:
    return Identifier.objects.create(
        customer=customer, kind=kind, value=normalized, normalized=normalized, digest=b"", **more
    )


def document(**more: object) -> Document:
    return Document.objects.create(**{"title": "Hi", "channel": "chat", "occurred_at": timezone.now(), **more})


@pytest.mark.parametrize("kind", ["email", "user_id", "handle", "anonymous_id"])
def test_an_identifier_has_one_owner(ana: Customer, bo: Customer, kind: str) -> None:
    identifier(ana, kind)
    refused("customers_identifier_one_owner", lambda: identifier(bo, kind))


def test_a_phone_may_have_two_owners_but_not_one_twice(ana: Customer, bo: Customer) -> None:
    identifier(ana, "phone", "+34600111222")
    identifier(bo, "phone", "+34600111222")
    refused("customers_identifier_once_a_customer", lambda: identifier(bo, "phone", "+34600111222"))


def test_identifiers_keep_their_shape(ana: Customer) -> None:
    identifier(ana, primary=True)
    refused("customers_identifier_one_primary", lambda: identifier(ana, normalized="b@ex.test", primary=True))
    refused("customers_identifier_primary_ranked", lambda: identifier(ana, "user_id", "p-1", primary=True))
    refused("customers_identifier_kind_known", lambda: identifier(ana, "fax", "1"))
    refused("customers_identifier_not_empty", lambda: identifier(ana, normalized=""))


def test_customers_keep_their_shape(ana: Customer) -> None:
    mine = Customer.objects.filter(pk=ana.pk)
    refused("customers_customer_state_known", lambda: mine.update(state="gone"))
    refused("customers_customer_origin_known", lambda: mine.update(origin="magic"))
    refused("customers_customer_count_not_negative", lambda: mine.update(feedback_count=-1))


def test_memberships_keep_their_shape(ana: Customer) -> None:
    one, two = (Account.objects.create(name=name) for name in ("One", "Two"))
    Membership.objects.create(customer=ana, account=one, primary=True)
    refused("customers_membership_once", lambda: Membership.objects.create(customer=ana, account=one))
    refused(
        "customers_membership_one_primary", lambda: Membership.objects.create(customer=ana, account=two, primary=True)
    )
    refused(
        "customers_membership_key_is_contact",
        lambda: Membership.objects.create(customer=ana, account=two, key_contact=True),
    )


def test_tags_and_pairs_keep_their_shape(ana: Customer, bo: Customer) -> None:
    beta = Tag.objects.named("Beta")
    assert Tag.objects.named("BETA") == beta
    CustomerTag.objects.create(customer=ana, tag=beta)
    refused("customers_customertag_once", lambda: CustomerTag.objects.create(customer=ana, tag=beta))
    refused("customers_tag_hue_of_palette", lambda: Tag.objects.filter(pk=beta.pk).update(hue=9))
    refused("customers_tag_not_empty", lambda: Tag.objects.create(name=" "))
    DuplicateCandidate.objects.create(first=ana, second=bo)
    refused("customers_duplicatecandidate_once", lambda: DuplicateCandidate.objects.create(first=ana, second=bo))
    refused("customers_duplicatecandidate_ordered", lambda: DuplicateCandidate.objects.create(first=bo, second=ana))


def test_documents_keep_their_shape(ana: Customer) -> None:
    inbox = Source.objects.create(name="Inbox", kind="feedback")
    kept = document(source=inbox, external_id="z-1")
    mine = Document.objects.filter(pk=kept.pk)
    refused("feedback_document_once_a_source", lambda: document(source=inbox, external_id="z-1"))
    refused("feedback_document_link_agrees", lambda: mine.update(customer=ana))
    refused("feedback_document_link_agrees", lambda: mine.update(link="staff"))
    refused("feedback_document_state_known", lambda: mine.update(state="lost"))
    refused("feedback_document_channel_known", lambda: mine.update(channel="pigeon"))
    refused("feedback_document_says_something", lambda: mine.update(title="", body=""))


def test_accounts_definitions_sources_users_and_keys_keep_their_shape() -> None:
    Account.objects.create(name="One", external_id="o-1")
    refused("accounts_account_external_id_once", lambda: Account.objects.create(name="Two", external_id="o-1"))
    refused("accounts_account_state_known", lambda: Account.objects.update(state="lost"))
    Definition.objects.create(key="plan", label="Plan")
    refused("properties_definition_key_once", lambda: Definition.objects.create(key="PLAN", label="Plan"))
    refused("properties_definition_key_shape", lambda: Definition.objects.create(key="a b", label="Plan"))
    refused("properties_definition_type_known", lambda: Definition.objects.update(type="colour"))
    source = Source.objects.create(name="Inbox", kind="feedback")
    refused("audit_source_name_once", lambda: Source.objects.create(name="Inbox", kind="feedback"))
    User.objects.create_user("Mina@ex.test", name="Mina")
    refused("staff_user_email_once", lambda: User.objects.create(email="MINA@EX.test", name="Other"))
    refused("staff_user_role_known", lambda: User.objects.update(role="owner"))
    refused(
        "integrations_apikey_kind_known",
        lambda: ApiKey.objects.create(kind="magic", name="x", source=source, secret_hash=b""),
    )


def test_a_customer_with_documents_is_not_removed_by_accident(ana: Customer) -> None:
    document(customer=ana, link="staff")
    with connection.cursor() as cursor:
        refused(
            "feedback_document_customer_id_7af45cfd_fk_customers_customer_id",
            lambda: cursor.execute("DELETE FROM customers_customer WHERE id = %s", [ana.pk]),
        )


def test_columns_kept_by_triggers_are_never_saved_over(ana: Customer) -> None:
    stale = Customer.objects.get(pk=ana.pk)
    document(customer=ana, link="staff")
    stale.name = "Ana Ruiz"
    stale.save()
    stale.refresh_from_db()
    assert (stale.name, stale.feedback_count, stale.channels) == ("Ana Ruiz", 1, ["chat"])
