"""Triggers that keep customers true to their documents, and documents findable."""

import pgtrigger
from django.db import models

from core.triggers import OLD_AND_NEW

# Counts, dates, channels and sources of customers, from their documents. A customer without documents has been seen
# when it came to exist.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION feedback_refresh_customers(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM customers_lock(ids);
    UPDATE customers_customer c
    SET feedback_count = s.feedback_count, first_seen_at = s.first_seen_at, last_seen_at = s.last_seen_at,
        channels = s.channels, source_ids = s.source_ids,
        last_linked_at = CASE WHEN s.feedback_count > c.feedback_count THEN clock_timestamp() ELSE c.last_linked_at END
    FROM (
        SELECT w.id, count(d.id) AS feedback_count,
            coalesce(min(d.occurred_at), w.created_at) AS first_seen_at,
            coalesce(max(d.occurred_at), w.created_at) AS last_seen_at,
            coalesce(array_agg(DISTINCT d.channel ORDER BY d.channel) FILTER (WHERE d.id IS NOT NULL), '{}') AS channels,
            coalesce(array_agg(DISTINCT d.source_id::int ORDER BY d.source_id::int) FILTER (WHERE d.source_id IS NOT NULL),
                     '{}') AS source_ids
        FROM customers_customer w
        LEFT JOIN feedback_document d ON d.customer_id = w.id AND d.state = 'active'
        WHERE w.id = ANY(ids)
        GROUP BY w.id
    ) s
    WHERE c.id = s.id
      AND (c.feedback_count, c.first_seen_at, c.last_seen_at, c.channels::text[], c.source_ids)
          IS DISTINCT FROM (s.feedback_count, s.first_seen_at, s.last_seen_at, s.channels::text[], s.source_ids);
END $$;
"""

SEARCH_VECTOR = """
CREATE OR REPLACE FUNCTION feedback_search_vector() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := setweight(to_tsvector('simple', NEW.title), 'A')
        || to_tsvector('simple', left(NEW.body, 100000));
    RETURN NEW;
END $$;
"""

# When a customer gains an email, unassigned documents of that author join them, except those that staff unlinked, and so
# do those that the email had led to somebody else before: documents of one email are always at one customer (5.2).
# It sits on the identifiers' table, so that no way of adding an email can forget it.
ADOPTION = """
CREATE OR REPLACE FUNCTION feedback_adopt_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE feedback_document d SET customer_id = n.customer_id, link = 'matched'
    FROM new_rows n
    WHERE n.kind = 'email' AND d.author_email = n.normalized AND d.author_email <> ''
      AND (d.link = 'none' OR d.link = 'matched' AND d.customer_id <> n.customer_id
                              AND coalesce(d.author ->> 'user_id', '') = '');
    RETURN NULL;
END $$;

CREATE TRIGGER feedback_adopt_on_insert AFTER INSERT ON customers_identifier
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION feedback_adopt_documents();
CREATE TRIGGER feedback_adopt_on_update AFTER UPDATE ON customers_identifier
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION feedback_adopt_documents();
"""

_REFRESH = """
    ids := ARRAY(SELECT DISTINCT q.customer_id FROM ({rows}) q WHERE q.customer_id IS NOT NULL ORDER BY 1);
    IF cardinality(ids) > 0 THEN
        PERFORM feedback_refresh_customers(ids);
    END IF;
    RETURN NULL;
"""


def keep_customers() -> list[pgtrigger.Trigger]:
    """Counts, dates, channels and sources of the customers whose documents a statement touched."""
    changed = f"""
        SELECT unnest(ARRAY[o.customer_id, n.customer_id]) AS customer_id FROM {OLD_AND_NEW}
        WHERE (o.customer_id, o.state, o.occurred_at, o.channel, o.source_id)
              IS DISTINCT FROM (n.customer_id, n.state, n.occurred_at, n.channel, n.source_id)
    """
    events = (
        ("insert", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), "SELECT customer_id FROM new_rows"),
        ("update", pgtrigger.Update, pgtrigger.Referencing(old="old_rows", new="new_rows"), changed),
        ("delete", pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"), "SELECT customer_id FROM old_rows"),
    )
    return [
        pgtrigger.Trigger(
            name=f"customers_{event}", level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
            referencing=referencing, declare=[("ids", "bigint[]")], func=_REFRESH.format(rows=rows),
        )
        for event, operation, referencing, rows in events
    ]  # fmt: skip


class _SearchVector(pgtrigger.Trigger):
    """Calls a function of its own: what pgtrigger puts before a body costs a document more than finding its words."""

    def render_execute(self, model: models.Model) -> str:
        return "feedback_search_vector()"


def search_vector() -> pgtrigger.Trigger:
    """Words of title and body, as 'simple': feedback comes in many languages. Tags of HTML are not words."""
    return _SearchVector(
        name="search_vector",
        level=pgtrigger.Row,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("title", "body"),
        func="RETURN NEW;",
    )
