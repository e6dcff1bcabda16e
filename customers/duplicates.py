"""Probable duplicates: found in the background with their evidence and a score, merged or dismissed for good (2.10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Customer, DuplicateCandidate

WORDS = {
    "arrived_together": "One message named both",
    "phone": "Same phone number",
    "handle": "Same handle on two networks",
    "name_email": "Similar name, same email before the @",
    "name_company": "Similar name at the same company",
}
# What so many people share tells nobody apart
SHARED_BY = 5
MOST_PAIRS = 10_000
# Mailboxes of nobody in particular
ROLES = (
    "admin", "accounts", "billing", "care", "contact", "customer", "customerservice", "feedback", "finance", "hello",
    "help", "helpdesk", "info", "invoice", "invoices", "mail", "marketing", "me", "noreply", "no-reply", "office",
    "orders", "postmaster", "privacy", "root", "sales", "security", "service", "shop", "support", "team", "test",
    "user", "webmaster",
)  # fmt: skip

# Each rule gives pairs with a piece of evidence and how likely it alone makes them. Several pieces together say more:
# 1 - (1 - a)(1 - b). Names are alike when the last words are the same and one's first begins the other's ('A.', 'Ana').
_FIND = """
WITH person AS MATERIALIZED (
    SELECT id, sort_name, rtrim(split_part(sort_name, ' ', 1), '.') AS given,
        substring(sort_name FROM '\\s(\\S+)$') AS family, lower(properties -> 'company.name' ->> 0) AS company
    FROM customers_customer WHERE state = 'active'
), phone AS (
    SELECT normalized AS key, array_agg(customer_id) AS ids
    FROM customers_identifier JOIN person p ON p.id = customer_id
    WHERE kind = 'phone' GROUP BY 1 HAVING count(*) BETWEEN 2 AND %(shared)s
), handle AS (
    SELECT substr(normalized, strpos(normalized, ':') + 1) AS key, array_agg(DISTINCT customer_id) AS ids
    FROM customers_identifier JOIN person p ON p.id = customer_id
    WHERE kind = 'handle' AND length(normalized) - strpos(normalized, ':') >= 4
    GROUP BY 1 HAVING count(DISTINCT customer_id) BETWEEN 2 AND %(shared)s
), mailbox AS (
    SELECT key, array_agg(DISTINCT customer_id) AS ids
    FROM customers_identifier JOIN person p ON p.id = customer_id
    CROSS JOIN LATERAL (SELECT split_part(split_part(normalized, '@', 1), '+', 1) AS key) k
    WHERE kind = 'email' AND key <> ALL(%(roles)s) GROUP BY 1
    HAVING count(DISTINCT customer_id) BETWEEN 2 AND %(shared)s
), colleague AS (
    SELECT c.key, p.family, left(p.given, 1), array_agg(DISTINCT p.id) AS ids
    FROM (
        SELECT customer_id, 'a' || account_id AS key FROM customers_membership
        UNION ALL SELECT id, 'n' || company FROM person WHERE company <> ''
    ) c JOIN person p ON p.id = c.customer_id
    WHERE p.family IS NOT NULL GROUP BY 1, 2, 3 HAVING count(DISTINCT p.id) BETWEEN 2 AND %(shared)s
), together AS (
    SELECT 'phone' AS rule, 0.6 AS likely, ids FROM phone
    UNION ALL SELECT 'handle', 0.7, ids FROM handle
    UNION ALL SELECT 'name_email', 0.8, ids FROM mailbox
    UNION ALL SELECT 'name_company', 0.7, ids FROM colleague
), hint AS (
    SELECT DISTINCT a.id AS first_id, b.id AS second_id, jsonb_build_object('rule', t.rule) AS piece, t.likely
    FROM together t
    CROSS JOIN LATERAL unnest(t.ids) x(id) CROSS JOIN LATERAL unnest(t.ids) y(id)
    JOIN person a ON a.id = x.id JOIN person b ON b.id = y.id
    WHERE x.id < y.id AND (
        t.rule IN ('phone', 'handle')
        OR a.sort_name <> '' AND a.sort_name = b.sort_name
        OR a.family = b.family AND (starts_with(a.given, b.given) OR starts_with(b.given, a.given))
    )
    UNION
    SELECT d.first_id, d.second_id, piece, 0.9
    FROM customers_duplicatecandidate d CROSS JOIN LATERAL jsonb_array_elements(d.evidence) piece
    JOIN person a ON a.id = d.first_id JOIN person b ON b.id = d.second_id
    WHERE piece ->> 'rule' = 'arrived_together'
), pair AS MATERIALIZED (
    SELECT first_id, second_id, jsonb_agg(piece ORDER BY likely DESC, piece) AS evidence,
        round((1 - exp(sum(ln(1 - likely))))::numeric, 3)::float AS score
    FROM hint GROUP BY 1, 2 ORDER BY score DESC, 1, 2 LIMIT %(most)s
), gone AS (
    DELETE FROM customers_duplicatecandidate d
    WHERE d.dismissed_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM pair p WHERE p.first_id = d.first_id AND p.second_id = d.second_id
    ) AND NOT EXISTS (
        SELECT 1 FROM customers_customer c WHERE c.id IN (d.first_id, d.second_id) AND c.state IN ('deleted', 'purging')
    ) RETURNING 1
), put AS (
    INSERT INTO customers_duplicatecandidate AS d (first_id, second_id, evidence, score, found_at)
    SELECT first_id, second_id, evidence, score, %(now)s FROM pair
    ON CONFLICT (first_id, second_id) DO UPDATE SET evidence = EXCLUDED.evidence, score = EXCLUDED.score
    WHERE d.dismissed_at IS NULL AND (d.evidence, d.score) IS DISTINCT FROM (EXCLUDED.evidence, EXCLUDED.score)
    RETURNING 1
)
SELECT (SELECT count(*) FROM put), (SELECT count(*) FROM gone)
"""


@retrying
def find(*, actor: Actor, now: datetime | None = None) -> tuple[int, int]:
    """Looks through all customers for pairs that may be one person. Returns how many pairs are new or stronger, and how
    many nothing speaks for any more. Those that somebody dismissed stay so."""
    with recorded(actor, "duplicates.found", now=now) as entry, connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('duplicates', 0))")
        if not cursor.fetchone()[0]:
            entry.discard()
            return 0, 0
        about: dict[str, Any] = {"shared": SHARED_BY, "roles": list(ROLES), "most": MOST_PAIRS, "now": entry.at}
        cursor.execute(_FIND, about)
        found, gone = cursor.fetchone()
        entry.facts |= {"found": found, "gone": gone}
        if not (found or gone):
            entry.discard()
        return found, gone


@retrying
def dismiss(candidate: DuplicateCandidate, *, actor: Actor, now: datetime | None = None) -> None:
    """Says for good that these are two people."""
    with recorded(actor, "duplicate.dismissed", Customer(pk=candidate.first_id), now=now) as entry:
        open_ones = DuplicateCandidate.objects.filter(pk=candidate.pk, dismissed_at=None)
        if not open_ones.update(dismissed_at=entry.at, dismissed_by_id=actor.user_id):
            entry.discard()


def candidates_for(viewer: Any) -> QuerySet[DuplicateCandidate]:
    """The pairs that are open, of customers that `viewer` may see."""
    seen = Customer.objects.visible_to(viewer).active().values("pk")
    return DuplicateCandidate.objects.filter(dismissed_at=None, first__in=seen, second__in=seen)


def words_of(evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """The evidence in words."""
    found = [str(piece.get("rule", "")) for piece in evidence if isinstance(piece, Mapping)]
    return list(dict.fromkeys(WORDS.get(rule, rule) for rule in found if rule))
