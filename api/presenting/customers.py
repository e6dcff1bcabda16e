"""Customers as JSON. What a page refers to is asked for in one message whose SQL never changes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from api.presenting.segments import segments_of
from core.json import loads
from customers.dealings import as_seen
from customers.models import Customer
from staff.permissions import teams_of

COLUMNS = (
    "id", "name", "primary_email", "primary_phone", "properties", "tag_ids", "channels", "feedback_count",
    "first_seen_at", "last_seen_at", "sort_name", "created_at", "updated_at", "state", "deleted_at",
)  # fmt: skip
LISTS = {"email": "emails", "phone": "phones", "user_id": "user_ids", "handle": "handles"}
NOTES_SHOWN = 100
_IDENTIFIERS = """
    SELECT customer_id, kind, value FROM customers_identifier
    WHERE customer_id = ANY(%s) AND kind <> 'anonymous_id' ORDER BY "primary" DESC, id
"""
_MEMBERSHIPS = """
    SELECT m.customer_id, m."primary", a.id, a.name, a.external_id, m.contact, m.key_contact, m.properties::text
    FROM customers_membership m JOIN accounts_account a ON a.id = m.account_id
    WHERE m.customer_id = ANY(%s) AND a.state = 'active' {visible}
    ORDER BY m."primary" DESC, m.id
"""
_VISIBLE = """
    AND EXISTS (SELECT FROM accounts_visibleaccount v WHERE v.account_id = a.id AND v.team_id = ANY(%s::bigint[]))
"""
_TAGS = "SELECT id, name FROM customers_tag WHERE id = ANY(%s)"
_MERGED = "SELECT merged_into_id, id FROM customers_customer WHERE merged_into_id = ANY(%s) ORDER BY id"
_NOTES = """
    SELECT n.customer_id, n.id, n.body, n.pinned, n.created_at, u.name FROM customers_note n
    LEFT JOIN staff_user u ON u.id = n.author_id
    WHERE n.customer_id = ANY(%s) ORDER BY n.pinned DESC, n.id DESC LIMIT %s
"""


@dataclass
class Beside:
    """What the rows of one page refer to, by customer; tags by their ids."""

    identifiers: dict[int, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    memberships: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    companies: dict[int, str] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    merged: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    segments: dict[int, list[str]] = field(default_factory=dict)


def columns(customers: QuerySet[Customer]) -> QuerySet[Any]:
    return customers.values_list(*COLUMNS, named=True)


def presented(rows: Sequence[Any], viewer: Any, *, now: datetime) -> list[dict[str, Any]]:
    """The customers of these `columns`, in order."""
    rows = as_seen(rows, viewer)
    more = _beside(rows, viewer, now)
    return [_one(row, more) for row in rows]


def presented_one(customer_id: int, viewer: Any, *, now: datetime) -> dict[str, Any]:
    """One customer whom `viewer` may see."""
    return presented(list(columns(Customer.objects.filter(pk=customer_id))), viewer, now=now)[0]


def said(moment: datetime | None) -> str | None:
    """A moment as every answer says it (contracts 'Common')."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _one(row: Any, more: Beside) -> dict[str, Any]:
    named = row.properties.get("company.name")
    lists = more.identifiers.get(row.id, {})
    found = {
        "id": row.id,
        "name": row.name,
        "primary_email": row.primary_email or None,
        "primary_phone": row.primary_phone or None,
        **{name: lists.get(kind, []) for kind, name in LISTS.items()},
        "company": more.companies.get(row.id) or (str(named[0]) if named else None),
        "tags": [more.tags[pk] for pk in row.tag_ids if pk in more.tags],
        "properties": row.properties,
        "channels": row.channels,
        "segments": more.segments.get(row.id, []),
        "feedback_count": row.feedback_count,
        "first_seen": said(row.first_seen_at),
        "last_seen": said(row.last_seen_at),
        "notes": more.notes.get(row.id, []),
        "memberships": more.memberships.get(row.id, []),
        "merged_ids": more.merged.get(row.id, []),
        "created_at": said(row.created_at),
        "updated_at": said(row.updated_at),
    }
    if row.state == Customer.State.DELETED:
        found |= {"deleted": True, "deleted_at": said(row.deleted_at)}
    return found


def _beside(rows: Sequence[Any], viewer: Any, now: datetime) -> Beside:
    found = Beside()
    ids = [row.id for row in rows]
    if not ids:
        return found
    teams = teams_of(viewer)
    places = _MEMBERSHIPS.format(visible="" if teams is None else _VISIBLE)
    identifiers, memberships, tags, merged, notes = _together(
        (_IDENTIFIERS, [ids]),
        (places, [ids] if teams is None else [ids, teams]),
        (_TAGS, [_distinct(row.tag_ids for row in rows)]),
        (_MERGED, [ids]),
        (_NOTES, [ids, NOTES_SHOWN]),
    )
    for customer_id, kind, value in identifiers:
        found.identifiers[customer_id][kind].append(value)
    for customer_id, primary, pk, name, external_id, contact, key_contact, properties in memberships:
        found.memberships[customer_id].append(
            {"account_id": pk, "account": name, "external_id": external_id, "contact": contact,
             "key_contact": key_contact, "properties": loads(properties)}
        )  # fmt: skip
        if primary:
            found.companies[customer_id] = name
    found.tags = dict(tags)
    for survivor, pk in merged:
        found.merged[survivor].append(pk)
    for customer_id, pk, body, pinned, at, author in notes:
        found.notes[customer_id].append(
            {"id": pk, "body": body, "author": author, "pinned": pinned, "created_at": said(at)}
        )
    found.segments = segments_of(ids, viewer, now=now)
    return found


def _together(*questions: tuple[str, list[Any]]) -> list[list[tuple[Any, ...]]]:
    """The answers to these, in one message to the database and back."""
    answers: list[list[tuple[Any, ...]]] = []
    with connection.cursor() as cursor:
        cursor.execute(";".join(sql for sql, _ in questions), [one for _, asked in questions for one in asked])
        for _ in questions:
            answers.append(cursor.fetchall())
            cursor.nextset()
    return answers


def _distinct(lists: Iterable[Sequence[int]]) -> list[int]:
    return list({pk for ids in lists for pk in ids})
