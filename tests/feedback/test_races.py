"""Races with real connections: each contestant has its own, and all start at one signal."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from audit.actor import Actor
from audit.models import Source
from customers.creating import Taken, create, draft_of
from customers.identifying import identities
from customers.models import Customer, Identifier
from feedback.linking import create_and_link, link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, receive

pytestmark = pytest.mark.django_db(transaction=True)

MINA = Actor(via="page", rank="staff")
ROUNDS = 8


def race(*contestants: Callable[[], object]) -> list[object]:
    """Runs all at once; returns what each returned or raised."""
    start, outcomes = threading.Barrier(len(contestants)), [None] * len(contestants)

    def run(index: int, contestant: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            outcomes[index] = contestant()
        except Exception as error:
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(contestants)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def intake(email: str, number: int = 0) -> Callable[[], object]:
    source = Source.objects.get_or_create(name="Inbox", kind="feedback")[0]
    author = {"email": email, "name": "Ana"}
    incoming = Incoming(title=f"Number {number}", author=author, external_id=f"{email}-{number}")
    return lambda: receive(incoming, source=source, actor=Actor.of_source(source, via="intake"))


def document() -> Document:
    return Document.objects.create(title="Hello", channel="chat", occurred_at=timezone.now())


def test_intakes_of_one_new_email_at_once_make_one_customer() -> None:
    for round_ in range(ROUNDS):
        email = f"ana{round_}@ex.test"
        outcomes = race(*(intake(email, number) for number in range(4)))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        customer = Customer.objects.get(identifiers__normalized=email)
        assert customer.feedback_count == 4


def test_the_same_document_twice_at_once_is_kept_once() -> None:
    for round_ in range(ROUNDS):
        outcomes = race(intake(f"a{round_}@ex.test"), intake(f"A{round_}@ex.test".lower()))
        assert sorted(outcome.status for outcome in outcomes) == ["created", "unchanged"]  # type: ignore[attr-defined]
        assert Document.objects.filter(external_id=f"a{round_}@ex.test-0").count() == 1


def test_intake_while_add_customer_creates_the_same_email_makes_one_customer() -> None:
    for round_ in range(ROUNDS):
        email, opened = f"ana{round_}@ex.test", document()
        add = lambda email=email, opened=opened: create_and_link(opened, email=email, name="Ana Ruiz", actor=MINA)  # noqa: E731
        outcomes = race(intake(email), add)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        customer = Customer.objects.get(identifiers__normalized=email)
        assert (customer.feedback_count, customer.name) == (2, "Ana Ruiz")


def test_intake_while_staff_create_the_same_email_by_hand_makes_one_customer() -> None:
    for round_ in range(ROUNDS):
        email = f"ana{round_}@ex.test"
        draft = draft_of(name="Ana Ruiz", identities=identities([("email", email)]))
        outcomes = race(intake(email), lambda draft=draft: create(draft, actor=MINA))
        assert all(isinstance(outcome, Taken) for outcome in outcomes if isinstance(outcome, Exception))
        assert Identifier.objects.filter(normalized=email).count() == 1


def test_links_and_unlinks_at_once_leave_true_counts() -> None:
    people = [create(draft_of(name=name), actor=MINA) for name in ("Ana", "Bo")]
    papers = [document() for _ in range(4)]
    for _ in range(3):
        contestants = [
            lambda paper=paper, person=person: link(paper, person, actor=MINA)
            for paper in papers[:2]
            for person in people
        ]
        outcomes = race(*contestants, lambda: unlink(papers[0], actor=MINA), intake("bo@ex.test", 1))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    for person in Customer.objects.all():
        assert person.feedback_count == person.documents.count()
