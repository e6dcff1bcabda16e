"""Bulk and single arrival are one rule: the same items leave the same directory, whichever way they came."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account
from audit.actor import Actor
from audit.models import Change, Source
from audit.recording import recorded
from customers import editing
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer, DuplicateCandidate, Membership
from feedback.linking import link, unlink
from feedback.models import Document, LinkRule
from feedback.prepared import Kept, Prepared
from feedback.receiving import Incoming, receive
from feedback.receiving_many import receive_many
from properties.models import Definition
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINA = Actor(via="page", rank="staff")


@pytest.fixture
def file() -> Source:
    return Source.objects.create(name="tickets.csv", kind="import")


def actor_of(source: Source) -> Actor:
    return Actor.of_source(source, via="import")


def one_by_one(items: list[Incoming], source: Source) -> list[str]:
    statuses = []
    for item in items:
        try:
            statuses.append(receive(item, source=source, actor=actor_of(source), now=NOW).status)
        except ValidationError as error:
            statuses.append(f"refused {sorted(error.message_dict)}")
    return statuses


def at_once(items: list[Incoming], source: Source, size: int = 1_000) -> list[str]:
    statuses = []
    for start in range(0, len(items), size):
        with recorded(actor_of(source), "import.batch", now=NOW):
            told = [Prepared.of(item) for item in items[start : start + size]]
            outcomes = receive_many(told, source=source, actor=actor_of(source), now=NOW)
        statuses += [
            outcome.status if isinstance(outcome, Kept) else f"refused {sorted(outcome.message_dict)}"
            for outcome in outcomes
        ]
    return statuses


def state() -> dict[str, Any]:
    """Everything that somebody could see, with people named by their identifiers and name instead of their ids."""
    people = {
        customer.pk: (
            customer.name, customer.sort_name, customer.search_text, customer.primary_email, customer.primary_phone,
            sorted(customer.channels), customer.source_ids, customer.feedback_count, customer.first_seen_at,
            customer.last_seen_at, customer.origin, customer.state, customer.last_linked_at is not None,
            repr(sorted(customer.properties.items())),
            repr(sorted((key, sorted(mark.items())) for key, mark in customer.provenance.items())),
            sorted(
                (one.kind, one.value, one.normalized, one.primary, one.verified, one.source_id)
                for one in customer.identifiers.all()
            ),
        )
        for customer in Customer.objects.prefetch_related("identifiers")
    }  # fmt: skip
    names = {None: None, **people}
    return {
        "people": sorted(people.values()),
        "documents": sorted(
            (
                document.title, document.body, document.channel, document.external_id or "",
                sorted(document.author.items()),
                document.author_email, repr(names[document.customer_id]), document.link, str(document.account),
                repr(sorted(document.custom_fields.items())), repr(sorted(document.metadata.items())), document.status,
                document.occurred_at, bytes(document.content_digest or b""), document.source_id,
                sorted(one.tag.folded for one in document.document_tags.all()), len(document.tag_ids),
                document.search_vector,
            )
            for document in Document.objects.select_related("account").prefetch_related("document_tags__tag")
        ),
        "members": sorted(
            (repr(names[one.customer_id]), one.account.external_id or "", one.primary)
            for one in Membership.objects.select_related("account")
        ),
        "accounts": sorted(Account.objects.values_list("external_id", "name", "sort_name")),
        "pairs": sorted(
            [*sorted([repr(names[pair.first_id]), repr(names[pair.second_id])]), repr(pair.evidence)]
            for pair in DuplicateCandidate.objects.all()
        ),
        "definitions": sorted(Definition.objects.values_list("key", "type", "label")),
        "people changed": sorted(
            {repr(names.get(change.customer_id)) for change in Change.objects.exclude(customer_id=None)}
        ),
    }  # fmt: skip


def compared(items: list[Incoming], source: Source, *, size: int = 1_000) -> tuple[list[str], dict[str, Any]]:
    """What both ways leave behind, which must be the same."""
    found = []
    for way in (one_by_one, lambda items, source: at_once(items, source, size)):
        with transaction.atomic():
            found.append((way(items, source), state()))
            transaction.set_rollback(True)
    single, bulk = found
    assert bulk[0] == single[0]
    for what in single[1]:
        assert bulk[1][what] == single[1][what], what
    return bulk


def some_item(dice: random.Random, number: int) -> Incoming:
    def perhaps(share: float, *choices: Any) -> Any:
        return dice.choice(choices) if dice.random() < share else ""

    author = {
        "name": perhaps(0.7, "Ana Kovač", "ana kovac", "Bo", "Chen Wei", "Dé", "Ana\x00"),
        "email": perhaps(0.6, "ana@ex.test", "ANA@ex.test", "bo@ex.test", "chen@ex.test", "d@ex.test", "not an email"),
        "phone": perhaps(0.4, "+34 600 111 222", "+34600111222", "+34 600 111 333", "12"),
        "user_id": perhaps(0.3, "p-1", "p-2", "P-1"),
        "handle": perhaps(0.2, "twitter:ana", "Twitter:Ana", "github:bo"),
    }
    properties: dict[str, list[Any]] = {}
    if dice.random() < 0.5:
        properties["age"] = [dice.choice(["31", "32", "old", 33])]
    if dice.random() < 0.4:
        properties[dice.choice(["plan", "Plan"])] = [dice.choice(["Pro", "Team", ""])]
    metadata = {"userEmail": "bo@ex.test", "name": "Bo"} if dice.random() < 0.1 else {}
    return Incoming(
        title=f"Ticket {number}", body=perhaps(0.8, "It fails", "Why?\n\nSays who"),
        channel=dice.choice(["email", "chat", "voice"]), author=author, properties=properties, metadata=metadata,
        external_id=perhaps(0.8, *(f"z-{n}" for n in range(30))) or None,
        occurred_at=perhaps(0.8, datetime(2026, 3, dice.randint(1, 28), tzinfo=UTC)) or None,
        account_external_id=perhaps(0.3, "org-1", "org-2"), status=perhaps(0.5, "open", "closed"),
        tags=dice.sample(["billing", "Billing", "vip", "  "], dice.randint(0, 3)),
        custom_fields={"team": dice.choice(["Scale", "Pro"])} if dice.random() < 0.3 else {},
        verified=dice.random() < 0.9,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_any_mixture_of_items_leaves_the_same_directory_as_single_commands_do(file: Source, seed: int) -> None:
    dice = random.Random(seed)
    age = Definition.objects.for_key("age", type_="number")
    assert age.type == "number"
    ana = create(
        draft_of(name="Ana", identities=identities([("email", "ana@ex.test"), ("phone", "+34600111222")])), actor=MINA
    )
    bo = create(draft_of(name="Bo", identities=identities([("user_id", "p-1")])), actor=MINA)
    create(draft_of(name="Chen", identities=identities([("phone", "+34600111222")])), actor=MINA)
    editing.set_property(ana, "plan", ["Scale"], actor=MINA)
    one_by_one(
        [Incoming(title=f"Old {n}", external_id=f"z-{n}", author={"email": "old@ex.test"}) for n in range(6)], file
    )
    if seed % 2:
        rules = [
            ("customer", "metadata.userEmail", "email", ""),
            ("customer", "custom_fields.team", "property", "plan"),
        ]
        for subject, path, by, key in [*rules, ("account", "status", "external_id", "")]:
            LinkRule.objects.create(source=file, subject=subject, path=path, by=by, key=key)
        AccountFactory(external_id="closed")
    link(Document.objects.get(external_id="z-1"), bo, actor=MINA)
    unlink(Document.objects.get(external_id="z-2"), actor=MINA)
    items = [some_item(dice, number) for number in range(50)]
    statuses, _ = compared(items, file, size=dice.choice([7, 25, 1_000]))
    assert {"created", "updated"} <= set(statuses)


def test_a_customer_with_many_documents_has_true_counts(file: Source) -> None:
    items = [
        Incoming(
            title=f"Ticket {n}",
            external_id=str(n),
            author={"email": f"{n % 3}@ex.test"},
            channel=["chat", "email"][n % 2],
        )
        for n in range(20)
    ]
    compared(items, file, size=6)


def test_the_same_items_again_change_nothing(file: Source, django_assert_max_num_queries: Any) -> None:
    items = [Incoming(title=f"Ticket {n}", external_id=str(n), author={"email": f"{n}@ex.test"}) for n in range(50)]
    assert set(at_once(items, file)) == {"created"}
    changes = Change.objects.count()
    with django_assert_max_num_queries(9):
        assert set(at_once(items, file)) == {"unchanged"}
    assert Change.objects.count() == changes


def test_hundreds_of_items_take_a_few_statements(file: Source, django_assert_max_num_queries: Any) -> None:
    items = [
        Incoming(
            title=f"Ticket {n}", external_id=str(n), author={"name": f"Person {n}", "email": f"{n}@ex.test"},
            tags=["new"], account_external_id="org-1",
        )
        for n in range(300)
    ]  # fmt: skip
    with django_assert_max_num_queries(30):
        assert set(at_once(items, file)) == {"created"}
    assert Customer.objects.filter(feedback_count=1).count() == 300
