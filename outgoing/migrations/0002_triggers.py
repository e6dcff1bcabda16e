"""Statement triggers that write an outgoing delivery for every endpoint that wants to know, in the transaction of the
change. While no endpoint wants to know, they cost one look at an empty table a statement.

They stand on tables of other apps, below this one, so they are no part of those apps' models.
"""

from django.db import migrations

# The audit entry of the change, or less than 0: one command tells of a record's update once.
CAUSE = """
CREATE FUNCTION outgoing_cause() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(nullif(current_setting('roster.entry', true), '')::bigint, -(pg_current_xact_id()::text::bigint))
$$;
CREATE FUNCTION outgoing_wanted(kinds text[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
    RETURN EXISTS (SELECT FROM outgoing_endpoint WHERE events::text[] && kinds);  -- planned once a session
END $$;
"""

# Tells of these customers as updated, unless the same command has told so, or that they came to exist. Only active ones:
# who is deleted changes in silence.
UPDATED = """
CREATE FUNCTION outgoing_customers_updated(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    this bigint := outgoing_cause();
BEGIN
    INSERT INTO outgoing_delivery (endpoint_id, event, subject, subject_id, cause)
    SELECT e.id, 'customer.updated', 'customer', c.id, this
    FROM (SELECT DISTINCT unnest(ids) AS id) changed
    JOIN customers_customer c ON c.id = changed.id AND c.state = 'active'
    JOIN outgoing_endpoint e ON 'customer.updated' = ANY(e.events)
    WHERE NOT EXISTS (
        SELECT FROM outgoing_delivery d
        WHERE d.subject_id = c.id AND d.subject = 'customer' AND d.endpoint_id = e.id AND d.status = 'pending'
          AND d.cause = this AND d.event IN ('customer.created', 'customer.updated'))
    ORDER BY c.id;
END $$;
"""

CUSTOMER_INSERT = """
    IF outgoing_wanted(ARRAY['customer.created']) THEN
        INSERT INTO outgoing_delivery (endpoint_id, event, subject, subject_id, cause)
        SELECT e.id, 'customer.created', 'customer', n.id, outgoing_cause()
        FROM new_rows n JOIN outgoing_endpoint e ON 'customer.created' = ANY(e.events)
        WHERE n.state = 'active' ORDER BY n.id;
    END IF;
"""

# The full join is hashed whatever the first statement of a session was; a nested loop would be kept for ever
CUSTOMER_UPDATE = """
    IF outgoing_wanted(ARRAY['customer.updated', 'customer.merged', 'customer.deleted']) THEN
        INSERT INTO outgoing_delivery (endpoint_id, event, subject, subject_id, facts, cause)
        SELECT e.id, c.event, 'customer', c.id, c.facts, outgoing_cause()
        FROM (
            SELECT n.id,
                CASE WHEN n.state = 'merged' THEN 'customer.merged'
                     WHEN n.state = 'deleted' AND o.state = 'active' THEN 'customer.deleted'
                     WHEN n.state = 'active' THEN 'customer.updated' END AS event,
                CASE WHEN n.state = 'merged' THEN jsonb_build_object('merged_into', n.merged_into_id)
                     WHEN n.state = 'active' THEN '{"restored": true}'::jsonb ELSE '{}'::jsonb END AS facts
            FROM new_rows n FULL JOIN old_rows o ON o.id = n.id
            WHERE n.state IS DISTINCT FROM o.state
        ) c JOIN outgoing_endpoint e ON c.event = ANY(e.events)
        ORDER BY c.id;
        PERFORM outgoing_customers_updated(array_agg(n.id))
        FROM new_rows n FULL JOIN old_rows o ON o.id = n.id
        WHERE n.state = 'active' AND o.state = 'active'
          AND ROW(n.name, n.properties, n.search_text, n.primary_email, n.primary_phone, n.tag_ids)
              IS DISTINCT FROM ROW(o.name, o.properties, o.search_text, o.primary_email, o.primary_phone, o.tag_ids)
        HAVING count(*) > 0;
    END IF;
"""

CUSTOMER_DELETE = """
    IF outgoing_wanted(ARRAY['customer.purged']) THEN
        INSERT INTO outgoing_delivery (endpoint_id, event, subject, subject_id, cause)
        SELECT e.id, 'customer.purged', 'customer', o.id, outgoing_cause()
        FROM old_rows o JOIN outgoing_endpoint e ON 'customer.purged' = ANY(e.events) ORDER BY o.id;
    END IF;
"""

PART = """
    IF outgoing_wanted(ARRAY['customer.updated']) THEN
        PERFORM outgoing_customers_updated(array_agg(c.customer_id)) FROM ({rows}) c HAVING count(*) > 0;
    END IF;
"""
NEW, OLD = "SELECT customer_id FROM new_rows", "SELECT customer_id FROM old_rows"

DOCUMENT_INSERT = """
    IF outgoing_wanted(ARRAY['document.created', 'document.linked']) THEN
        INSERT INTO outgoing_delivery (endpoint_id, event, subject, subject_id, facts, cause)
        SELECT e.id, kind.event, 'document', n.id, jsonb_build_object('customer_id', n.customer_id), outgoing_cause()
        FROM new_rows n
        CROSS JOIN (VALUES (1, 'document.created'), (2, 'document.linked')) AS kind (place, event)
        JOIN outgoing_endpoint e ON kind.event = ANY(e.events)
        WHERE n.state = 'active' AND (kind.place = 1 OR n.customer_id IS NOT NULL)
        ORDER BY n.id, kind.place;
    END IF;
"""

DOCUMENT_UPDATE = """
    IF outgoing_wanted(ARRAY['document.linked']) THEN
        INSERT INTO outgoing_delivery (endpoint_id, event, subject, subject_id, facts, cause)
        SELECT e.id, 'document.linked', 'document', n.id, jsonb_build_object('customer_id', n.customer_id), outgoing_cause()
        FROM new_rows n FULL JOIN old_rows o ON o.id = n.id
        JOIN outgoing_endpoint e ON 'document.linked' = ANY(e.events)
        WHERE n.state = 'active' AND n.customer_id IS DISTINCT FROM o.customer_id
        ORDER BY n.id;
    END IF;
"""

REFERENCING = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
}

BODIES = [
    ("customers_customer", "insert", CUSTOMER_INSERT),
    ("customers_customer", "update", CUSTOMER_UPDATE),
    ("customers_customer", "delete", CUSTOMER_DELETE),
    ("feedback_document", "insert", DOCUMENT_INSERT),
    ("feedback_document", "update", DOCUMENT_UPDATE),
]
for part in ("customers_identifier", "customers_membership"):
    BODIES += [
        (part, "insert", PART.format(rows=NEW)),
        (part, "update", PART.format(rows=f"{NEW} UNION {OLD}")),
        (part, "delete", PART.format(rows=OLD)),
    ]
BODIES += [
    ("customers_customertag", "insert", PART.format(rows=NEW)),
    ("customers_customertag", "delete", PART.format(rows=OLD)),
]


def made(table, operation, body):
    name = f"outgoing_{table}_{operation}"
    return f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$;
        CREATE TRIGGER {name} AFTER {operation.upper()} ON {table} {REFERENCING[operation]}
            FOR EACH STATEMENT EXECUTE FUNCTION {name}();
    """


def dropped(table, operation):
    name = f"outgoing_{table}_{operation}"
    return f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();"


class Migration(migrations.Migration):
    dependencies = [
        ("outgoing", "0001_initial"),
        ("customers", "0020_shorter_index_name"),
        ("feedback", "0009_links_by_rule"),
    ]

    operations = [
        migrations.RunSQL(
            CAUSE + UPDATED,
            "DROP FUNCTION outgoing_customers_updated(bigint[]); DROP FUNCTION outgoing_wanted(text[]);"
            " DROP FUNCTION outgoing_cause();",
        ),
        *[migrations.RunSQL(made(*one), dropped(*one[:2])) for one in BODIES],
    ]
