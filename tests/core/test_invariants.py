"""`manage.py check_invariants` tells of each broken rule: every one is broken here behind the triggers' backs."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core import clock
from core.invariants import RULES, findings
from customers import creating, tagging
from customers.identifying import identity
from customers.models import Customer
from engagement.models import Survey, SurveyResponse
from feedback.models import Document
from integrations.deliveries import Verdict, log
from integrations.issuing import issue_key
from properties.models import Definition

pytestmark = pytest.mark.django_db

ACTOR = Actor.of_system("command")


@pytest.fixture
def cast() -> dict[str, int]:
    """Ana with everything that rules look at; Bo with another email."""
    Definition.objects.create(key="seats", label="Seats", type="number")
    ana = creating.create(
        creating.Draft(
            "Ana", [identity("email", "ana@lumen.example"), identity("phone", "+34600111222")], {"seats": [5]}
        ),
        actor=ACTOR,
    )
    bo = creating.create(creating.Draft("Bo", [identity("email", "bo@lumen.example")]), actor=ACTOR)
    tag = tagging.add_tag([ana.pk], "VIP", actor=ACTOR).tag
    with recorded(ACTOR, "document.received"):
        Account.objects.create(name="Lumen")
        papers = [
            Document.objects.create(
                title=f"Paper {number}", channel="chat", occurred_at=clock.now(), author={"email": "ana@lumen.example"},
                author_email="ana@lumen.example", customer=ana, link="matched",
            )
            for number in range(2)
        ]  # fmt: skip
        survey = Survey.objects.create(name="NPS", kind="nps")
        SurveyResponse.objects.create(survey=survey, customer=ana, score=9, answered_at=clock.now())
    key, _ = issue_key(kind="user", name="Warehouse", scopes=[], actor=ACTOR)
    verdict = Verdict("created", "p-1", customer_id=ana.pk, body={"id": "p-1"})
    delivery = log([verdict], source=key.source, key=key, via="webhook", now=clock.now())
    return {
        "ana": ana.pk, "bo": bo.pk, "tag": tag.pk, "paper": papers[0].pk, "key": key.pk, "delivery": delivery.pk,
        "record": delivery.records.get().pk,
    }  # fmt: skip


def broken() -> dict[str, list[object]]:
    return {finding.rule.name: finding.first for finding in findings() if finding.broken}


def test_nothing_is_broken_by_what_commands_do(cast: dict[str, int]) -> None:
    assert broken() == {}


BREAKS = {
    "customers are sorted by their names": ("UPDATE customers_customer SET sort_name = 'zz' WHERE id = {ana}", "ana"),
    "primary contact details on the customer's row are those of the identifiers": (
        "UPDATE customers_customer SET primary_email = 'x@y.example' WHERE id = {ana}", "ana",
    ),
    "the search text follows the name and the identifiers": (
        "UPDATE customers_customer SET search_text = 'nobody' WHERE id = {ana}", "ana",
    ),
    "the tags on the customer's row are the customer's tags": (
        "UPDATE customers_customer SET tag_ids = '{{}}' WHERE id = {ana}", "ana",
    ),
    "the sources on the customer's row exist": (
        "UPDATE customers_customer SET source_ids = '{{77}}' WHERE id = {ana}", "ana",
    ),
    "number and date properties stand in the table that ranges are found by": (
        "UPDATE customers_customervalue SET value = 6 WHERE customer_id = {ana}", "ana",
    ),
    "properties are lists of values, each under a defined key": (
        """UPDATE customers_customer SET properties = '{{"nobody_knows": [1]}}' WHERE id = {bo}""", "bo",
    ),
    "whoever has emails or phones has one primary one of them": (
        """UPDATE customers_identifier SET "primary" = false WHERE customer_id = {bo}""", "bo",
    ),
    "each identifier carries the digest of what it is": (
        r"UPDATE customers_identifier SET digest = '\x00' WHERE customer_id = {bo}", None,
    ),
    "one owner for each email, user ID, handle and anonymous ID": (
        "DROP INDEX customers_identifier_one_owner;"
        "UPDATE customers_identifier SET normalized = 'ana@lumen.example' WHERE customer_id = {bo}", None,
    ),
    "no identifier that is suppressed belongs to anybody": (
        "INSERT INTO customers_suppression (digest, kind, since, kept_out)"
        " SELECT digest, kind, now(), 0 FROM customers_identifier WHERE customer_id = {ana} AND kind = 'email'", None,
    ),
    "whoever is being permanently deleted has a deletion that is not done, and nobody else has": (
        "UPDATE customers_customer SET state = 'purging' WHERE id = {ana}", "ana",
    ),
    "counts, dates, channels and sources of customers are those of their documents": (
        "UPDATE customers_customer SET feedback_count = 9 WHERE id = {ana}", "ana",
    ),
    "documents matched by one email are at one customer": (
        "UPDATE feedback_document SET customer_id = {bo} WHERE id = {paper}", "paper",
    ),
    "no document waits for a customer whose email is known, unless staff took the customer away": (
        "UPDATE feedback_document SET customer_id = NULL, link = 'none' WHERE id = {paper}", "paper",
    ),
    "how a document came to its customer agrees with whether it has one": (
        "ALTER TABLE feedback_document DROP CONSTRAINT feedback_document_link_agrees;"
        "UPDATE feedback_document SET link = 'removed' WHERE id = {paper}", "paper",
    ),
    "a document found by a link rule came through a source, as rules belong to sources": (
        "UPDATE feedback_document SET link = 'rule' WHERE id = {paper}", "paper",
    ),
    "no document is left at a customer who was merged into another": (
        "UPDATE customers_customer SET state = 'merged', merged_into_id = {bo} WHERE id = {ana}", "paper",
    ),
    "nothing hangs on a customer who was merged into another": (
        "UPDATE customers_customer SET state = 'merged', merged_into_id = {bo} WHERE id = {ana}", "ana",
    ),
    "who was merged leads straight to somebody who was not": (
        "UPDATE customers_customer SET state = 'merged', merged_into_id = id", "ana",
    ),
    "no answer is left at a customer who was merged into another": (
        "UPDATE customers_customer SET state = 'merged', merged_into_id = {bo} WHERE id = {ana}", None,
    ),
    "the tags on the document's row are the document's tags": (
        "UPDATE feedback_document SET tag_ids = '{{{tag}}}' WHERE id = {paper}", "paper",
    ),
    "every document can be searched": ("UPDATE feedback_document SET search_vector = NULL WHERE id = {paper}", "paper"),
    "whoever is deleted has been so since a moment, and nobody else": (
        "UPDATE customers_customer SET state = 'deleted' WHERE id = {ana}", "ana",
    ),
    "whatever is deleted has been so since a moment, and nothing else": (
        "UPDATE feedback_document SET deleted_at = now() WHERE id = {paper}", "paper",
    ),
    "no NPS answer lies outside 0 to 10": ("UPDATE engagement_surveyresponse SET score = 11", None),
    "accounts are sorted by their names": ("UPDATE accounts_account SET sort_name = 'zz'", None),
    "an account that is deleted is so since a moment, and only such": (
        "UPDATE accounts_account SET deleted_at = now()", None,
    ),
    "who owns an account is a contact of it": (
        "INSERT INTO customers_membership (customer_id, account_id, \"primary\", contact, key_contact, owner,"
        " properties, provenance, created_at) SELECT {ana}, id, false, false, false, true,"
        " '{{{{}}}}', '{{{{}}}}', now() FROM accounts_account", None,
    ),
    "the usage of each day is counted as its events are": (
        "INSERT INTO engagement_usageevent (customer_id, module, activity, occurred_at)"
        " VALUES ({ana}, 'a', 'b', now())", None,
    ),
    "every customer was recorded when it was made": (
        "DELETE FROM audit_change WHERE row_id = {ana} AND \"table\" = 'customers_customer'", "ana",
    ),
    "every document was recorded when it was made": (
        "DELETE FROM audit_change WHERE row_id = {paper} AND \"table\" = 'feedback_document'", "paper",
    ),
    "every account was recorded when it was made": (
        "DELETE FROM audit_change WHERE \"table\" = 'accounts_account'", None,
    ),
    "a key opens the door of its own source's kind": (
        "UPDATE integrations_apikey SET kind = 'api' WHERE id = {key}", "key",
    ),
    "a delivery counts the records that it has": (
        "UPDATE integrations_delivery SET record_count = 2 WHERE id = {delivery}", "delivery",
    ),
    "nothing that was sent about somebody permanently deleted is kept": (
        "INSERT INTO customers_erasure (token, customer_id, begun_at, done_at)"
        " VALUES (gen_random_uuid(), {ana}, now(), now())", "record",
    ),
    "every change belongs to an entry": ("DELETE FROM audit_entry WHERE verb = 'customer.created'", None),
    "every entry names who or what gave the command": ("UPDATE audit_entry SET via = 'page'", None),
    "every trigger of the models stands in the database, switched on": (
        "ALTER TABLE customers_note DISABLE TRIGGER ALL", None,
    ),
    "every change of a customer or document can be told to webhooks": (
        "ALTER TABLE feedback_document DISABLE TRIGGER outgoing_feedback_document_update", None,
    ),
    "what was delivered or given up has ended, and nothing that waits has": (
        "INSERT INTO outgoing_endpoint (name, url, events, secret, old_secret, created_at, failures)"
        " VALUES ('x', 'x', '{{{{}}}}', '', '', now(), 0);"
        "INSERT INTO outgoing_delivery (endpoint_id, event, finished_at) SELECT id, 'x', now() FROM outgoing_endpoint",
        None,
    ),
    "no constraint and no index is left half-made": (
        "ALTER TABLE customers_note ADD CONSTRAINT half CHECK (body <> 'x') NOT VALID", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_told_with_the_rows_that_break_it(cast: dict[str, int], name: str) -> None:
    sql, breaker = BREAKS[name]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET session_replication_role = replica")
        cursor.execute(sql.format(**cast).replace("{{", "{").replace("}}", "}"))
        cursor.execute("SET session_replication_role = DEFAULT")
    found = broken()
    assert name in found
    if breaker:
        assert cast[breaker] in found[name]


def test_every_rule_is_broken_by_a_test(cast: dict[str, int]) -> None:
    list(findings())
    assert {rule.name for rule in RULES} == BREAKS.keys()


def test_the_command_prints_a_line_a_rule_and_fails_for_a_broken_one(cast: dict[str, int]) -> None:
    out = StringIO()
    call_command("check_invariants", stdout=out)
    assert len(out.getvalue().splitlines()) == len(RULES)
    Customer.objects.filter(pk=cast["ana"]).update(search_text="nobody")
    out = StringIO()
    with pytest.raises(CommandError, match="1 rule is broken"):
        call_command("check_invariants", stdout=out)
    assert (
        f"BROKEN customers: the search text follows the name and the identifiers: 1 ({cast['ana']})" in out.getvalue()
    )


def test_demo_data_is_recorded_by_its_entry_alone(cast: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM audit_change WHERE \"table\" = 'customers_customer'")
        cursor.execute("SET session_replication_role = DEFAULT")
    with recorded(Actor.of_system("seed"), "demo.seeded", facts={"customers": 2}):
        pass
    assert "every customer was recorded when it was made" not in broken()
