"""What the cases ask for, looked up in the database: people, tags and terms that are common, rare or missing."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row


@dataclass(frozen=True)
class Facts:
    customers: int
    documents: int
    middle: Any  # a customer in the middle of everything: email, phone, user ID and two names
    busy: int  # a customer with many documents
    reached: int  # a customer whom campaigns reached
    user: int  # a customer who used something
    document: int  # one with a customer
    unassigned: int
    account: int
    members: int
    tags: dict[str, int]
    definitions: dict[str, int]
    deep: dict[str, Any]  # by sort column, the row before a page in the middle of the list


def look_up(connection: "psycopg.Connection[Any]") -> Facts:
    cursor = connection.cursor(row_factory=namedtuple_row)

    def one(sql: str, *parameters: object) -> Any:
        return cursor.execute(sql, parameters).fetchone()

    customers = one("SELECT count(*) AS n FROM customers_customer").n
    middle = one(
        """
        SELECT c.*, (
            SELECT normalized FROM customers_identifier WHERE customer_id = c.id AND kind = 'user_id' LIMIT 1
        ) AS user_id
        FROM customers_customer c
        WHERE c.id >= (SELECT min(id) FROM customers_customer) + %s AND c.state = 'active'
          AND c.primary_email ~ '^[a-z.]{9,}@' AND c.primary_phone <> '' AND c.name ~ '^[A-Za-z]{4,} [A-Za-z]{5,}$'
          AND EXISTS (SELECT FROM customers_identifier WHERE customer_id = c.id AND kind = 'user_id')
        ORDER BY c.id LIMIT 1
        """,
        customers // 2,
    )
    account = one("SELECT account_id, count(*) AS n FROM customers_membership GROUP BY 1 ORDER BY 2 DESC LIMIT 1")
    deep = {}
    for column in ("last_seen_at", "first_seen_at", "feedback_count"):
        deep[column] = one(
            f"SELECT id, {column} AS value FROM customers_customer WHERE state = 'active'"
            f" ORDER BY {column} DESC, id DESC OFFSET %s LIMIT 1", customers // 2,
        )  # fmt: skip
    deep["sort_name"] = one(
        "SELECT id, sort_name AS value FROM customers_customer WHERE state = 'active'"
        " ORDER BY sort_name, id OFFSET %s LIMIT 1",
        customers // 2,
    )
    return Facts(
        customers=customers,
        documents=one("SELECT count(*) AS n FROM feedback_document").n,
        middle=middle,
        busy=one("SELECT id FROM customers_customer ORDER BY feedback_count DESC, id OFFSET 20 LIMIT 1").id,
        reached=one("SELECT max(customer_id) AS id FROM engagement_delivery").id,
        user=one(
            "SELECT customer_id AS id, count(*) FROM engagement_usageevent WHERE customer_id IS NOT NULL"
            " GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
        ).id,
        document=one("SELECT max(id) AS id FROM feedback_document WHERE customer_id IS NOT NULL").id,
        unassigned=one("SELECT max(id) AS id FROM feedback_document WHERE customer_id IS NULL").id,
        account=account.account_id,
        members=account.n,
        tags={row.name: row.id for row in cursor.execute("SELECT name, id FROM customers_tag")},
        definitions={
            f"{row.subject}.{row.key}": row.id
            for row in cursor.execute("SELECT subject, key, id FROM properties_definition")
        },
        deep=deep,
    )
