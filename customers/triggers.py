"""Triggers that keep what lists search, sort and show on the customer's own row, and the SQL functions they call.

All are statement level. Each first locks the customers it will write, in id order, in a statement of its own: under READ
COMMITTED the next statement then sees what concurrent transactions committed, so that no count is lost.
"""

import pgtrigger

from core.triggers import OLD_AND_NEW

FUNCTIONS = """
CREATE OR REPLACE FUNCTION customers_search_text(wanted bigint, sort_name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(sort_name, '') || coalesce(
        (SELECT string_agg(' ' || lower(i.normalized COLLATE "C"), '' ORDER BY i.kind, i.normalized)
         FROM customers_identifier i WHERE i.customer_id = wanted), '')
$$;

CREATE OR REPLACE FUNCTION customers_lock(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM customers_customer WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;
END $$;

CREATE OR REPLACE FUNCTION customers_refresh_contact_details(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM customers_lock(ids);
    UPDATE customers_customer c
    SET search_text = s.search_text, primary_email = s.email, primary_phone = s.phone,
        version = c.version + 1, updated_at = clock_timestamp()
    FROM (
        SELECT w.id, w.sort_name || coalesce(i.words, '') AS search_text, coalesce(i.email, '') AS email,
            coalesce(i.phone, '') AS phone
        FROM customers_customer w
        CROSS JOIN LATERAL (
            SELECT string_agg(' ' || lower(i.normalized COLLATE "C"), '' ORDER BY i.kind, i.normalized) AS words,
                max(i.value) FILTER (WHERE i.kind = 'email' AND i."primary") AS email,
                max(i.value) FILTER (WHERE i.kind = 'phone' AND i."primary") AS phone
            FROM customers_identifier i WHERE i.customer_id = w.id
        ) i
        WHERE w.id = ANY(ids)
    ) s
    WHERE c.id = s.id
      AND (c.search_text, c.primary_email, c.primary_phone) IS DISTINCT FROM (s.search_text, s.email, s.phone);
END $$;

CREATE OR REPLACE FUNCTION properties_number_of(type text, value jsonb) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF type = 'number' AND jsonb_typeof(value) = 'number' THEN
        RETURN round(value::numeric, 10);
    ELSIF type = 'date' AND jsonb_typeof(value) = 'string' THEN
        RETURN properties_seconds_of(value #>> '{}');
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION properties_seconds_of(moment text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN extract(epoch FROM moment::timestamp);
EXCEPTION WHEN others THEN
    RETURN NULL;  -- a value that is not of the type stays readable on the page, but no range finds it
END $$;

CREATE OR REPLACE FUNCTION customers_refresh_values(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM customers_customervalue v WHERE v.customer_id = ANY(ids);
    INSERT INTO customers_customervalue (customer_id, definition_id, value)
    SELECT v.customer_id, v.definition_id, v.value
    FROM (
        SELECT c.id AS customer_id, d.id AS definition_id, properties_number_of(d.type, item) AS value
        FROM customers_customer c
        CROSS JOIN LATERAL jsonb_each(c.properties) AS p(key, items)
        JOIN properties_definition d
            ON lower(d.key) = lower(p.key) AND d.subject = 'customer' AND d.type IN ('number', 'date')
        CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(p.items) WHEN 'array' THEN p.items ELSE '[]' END) AS item
        WHERE c.id = ANY(ids)
        OFFSET 0  -- or the function runs once to be compared and once more to be stored
    ) v
    WHERE v.value IS NOT NULL;
END $$;
"""

_EACH_CHANGE = (
    ("insert", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), "SELECT {id} FROM new_rows"),
    (
        "update",
        pgtrigger.Update,
        pgtrigger.Referencing(old="old_rows", new="new_rows"),
        "SELECT {id} FROM old_rows UNION SELECT {id} FROM new_rows",
    ),
    ("delete", pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"), "SELECT {id} FROM old_rows"),
)


def after_each_change(name: str, *, column: str, call: str) -> list[pgtrigger.Trigger]:
    """Triggers that run `call`, an SQL expression of `ids`, for the rows that any statement touched."""
    return [
        pgtrigger.Trigger(
            name=f"{name}_{event}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            declare=[("ids", "bigint[]")],
            func=f"""
                ids := ARRAY(SELECT q.{column} FROM ({rows.format(id=column)}) q WHERE q.{column} IS NOT NULL ORDER BY 1);
                IF cardinality(ids) > 0 THEN
                    PERFORM {call};
                END IF;
                RETURN NULL;
            """,
        )
        for event, operation, referencing, rows in _EACH_CHANGE
    ]


def before_customer_update() -> pgtrigger.Trigger:
    """Counts the version on and keeps `search_text` true to a new name."""
    return pgtrigger.Trigger(
        name="before_update",
        level=pgtrigger.Row,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange("name", "sort_name", "state", "properties"),
        func="""
            NEW.version := OLD.version + 1;
            NEW.updated_at := clock_timestamp();
            IF NEW.sort_name IS DISTINCT FROM OLD.sort_name THEN
                NEW.search_text := customers_search_text(NEW.id, NEW.sort_name);
            END IF;
            RETURN NEW;
        """,
    )


def keep_contact_details() -> list[pgtrigger.Trigger]:
    """Primary email, primary phone and search text follow the identifiers."""
    return after_each_change("contact_details", column="customer_id", call="customers_refresh_contact_details(ids)")


def keep_tag_ids(subject: str, table: str) -> list[pgtrigger.Trigger]:
    """`tag_ids` on the subject's row follows its tags."""
    return after_each_change(f"{subject}_tag_ids", column=f"{subject}_id", call=f"{table}_refresh_tag_ids(ids)")


def tag_ids_function(subject: str, table: str, link_table: str) -> str:
    """The SQL that `keep_tag_ids` calls."""
    return f"""
CREATE OR REPLACE FUNCTION {table}_refresh_tag_ids(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM {table} WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE {table} t SET tag_ids = s.tag_ids
    FROM (SELECT w.id, ARRAY(SELECT l.tag_id::int FROM {link_table} l WHERE l.{subject}_id = w.id ORDER BY 1) AS tag_ids
          FROM {table} w WHERE w.id = ANY(ids)) s
    WHERE t.id = s.id AND t.tag_ids IS DISTINCT FROM s.tag_ids;
END $$;
"""


def keep_values() -> list[pgtrigger.Trigger]:
    """The narrow table of number and date values follows the `properties` column."""
    run = """
        IF EXISTS (SELECT 1 FROM properties_definition WHERE subject = 'customer' AND type IN ('number', 'date')) THEN
            ids := ARRAY({rows});
            IF cardinality(ids) > 0 THEN
                PERFORM customers_refresh_values(ids);
            END IF;
        END IF;
        RETURN NULL;
    """
    changed = f"SELECT n.id FROM {OLD_AND_NEW} WHERE n.properties IS DISTINCT FROM o.properties"
    return [
        pgtrigger.Trigger(
            name="values_insert", level=pgtrigger.Statement, when=pgtrigger.After, operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"), declare=[("ids", "bigint[]")],
            func=run.format(rows="SELECT n.id FROM new_rows n WHERE n.properties <> '{}'"),
        ),
        pgtrigger.Trigger(
            name="values_update", level=pgtrigger.Statement, when=pgtrigger.After, operation=pgtrigger.Update,
            referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"), declare=[("ids", "bigint[]")],
            func=run.format(rows=changed),
        ),
    ]  # fmt: skip


def refuse_suppressed() -> list[pgtrigger.Trigger]:
    """No identifier that was permanently deleted comes back, whatever statement brings it (reliability 13)."""
    return [
        pgtrigger.Trigger(
            name=f"suppressed_{event}", level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
            referencing=pgtrigger.Referencing(new="new_rows"),
            func="""
                IF EXISTS (SELECT 1 FROM new_rows n JOIN customers_suppression s ON s.digest = n.digest) THEN
                    RAISE EXCEPTION 'A suppressed identifier cannot come back' USING
                        ERRCODE = 'check_violation', CONSTRAINT = 'customers_identifier_not_suppressed',
                        TABLE = 'customers_identifier';
                END IF;
                RETURN NULL;
            """,
        )
        for event, operation in (("insert", pgtrigger.Insert), ("update", pgtrigger.Update))
    ]  # fmt: skip
