"""The rows of a customer list, finished in Python: fifty rows of template logic cost more than the query for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from core.schedules import due_at
from core.ui import Reading, avatar, number_text
from customers.deleting import deleted_by
from customers.filters import CHANNELS
from customers.models import Customer
from customers.models.customer import NAMED_COMPANY
from staff.permissions import teams_of

COLUMNS = (
    "id", "name", "primary_email", "primary_phone", "tag_ids", "channels", "feedback_count", "first_seen_at",
    "last_seen_at", "sort_name",
)  # fmt: skip
COMPANIES = """
    SELECT membership.customer_id, account.id, account.name
    FROM customers_membership membership JOIN accounts_account account ON account.id = membership.account_id
    WHERE membership.customer_id = ANY(%s) AND membership."primary" AND account.state = 'active'
"""
VISIBLE = """
    AND EXISTS (SELECT FROM accounts_visibleaccount v WHERE v.account_id = account.id AND v.team_id = ANY(%s::bigint[]))
"""
TAGS = "SELECT id, name, hue FROM customers_tag WHERE id = ANY(%s)"
TAGS_SHOWN, CHANNELS_SHOWN = 3, 2
DETAIL = 0  # stands in the address of the profile until the id is known


@dataclass(frozen=True)
class Beside:
    """What the rows of one page refer to: ids and names of companies by customer, names and hues of tags by tag."""

    companies: dict[int, tuple[int, str]]
    tags: dict[int, tuple[str, int]]


def columns(customers: QuerySet[Customer]) -> QuerySet[Any]:
    return customers.annotate(named_company=NAMED_COMPANY).values_list(*COLUMNS, "named_company", named=True)


def columns_of_deleted(customers: QuerySet[Customer]) -> QuerySet[Any]:
    named = customers.annotate(named_company=NAMED_COMPANY)
    return named.values_list(*COLUMNS, "deleted_at", "legal_hold", "named_company", named=True)


def beside(rows: Sequence[Any], viewer: Any) -> Beside:
    """Two questions whose SQL never changes: as a part of the list's own they took three times as long."""
    teams = teams_of(viewer)
    with connection.cursor() as cursor:
        asked = (COMPANIES, [[row.id for row in rows]])
        if teams is not None:
            asked = (COMPANIES + VISIBLE, [[row.id for row in rows], teams])
        found = cursor.execute(*asked).fetchall() if rows else []
        companies = {pk: (account_id, name) for pk, account_id, name in found}
        ids = {tag_id for row in rows for tag_id in row.tag_ids}
        tags = cursor.execute(TAGS, [list(ids)]).fetchall() if ids else []
    return Beside(companies, {pk: (name, hue) for pk, name, hue in tags})


def finished(rows: Iterable[Any], beside: Beside, reading: Reading) -> list[tuple[Any, ...]]:
    """(id, name, address, avatar, second line, company, tags, channels, feedback, first, last seen) of each row."""
    address = reverse("customers:detail", args=[DETAIL]).split(f"/{DETAIL}/")
    account = reverse("accounts:detail", args=[DETAIL]).split(f"/{DETAIL}/")
    return [
        (
            row.id,
            name := row.name or row.primary_email or row.primary_phone or f"Customer {row.id}",
            f"{address[0]}/{row.id}/{address[1]}",
            avatar(name, row.id),
            (row.primary_email if row.name else "") or (row.primary_phone if row.name or row.primary_email else ""),
            _company(*beside.companies[row.id], account) if row.id in beside.companies else row.named_company or "",
            _tags(row.tag_ids, beside.tags),
            _channels(row.channels),
            number_text(row.feedback_count),
            reading.text(row.first_seen_at),
            reading.time(row.last_seen_at),
        )
        for row in rows
    ]


def finished_deleted(rows: Sequence[Any], beside: Beside, reading: Reading) -> list[tuple[Any, ...]]:
    """(id, name, address, avatar, second line, company, feedback, deleted, by whom, the day it goes, restore address)
    of each row of a list of deleted customers."""
    authors = deleted_by(row.deleted_at for row in rows)
    usual = finished(rows, beside, reading)
    return [
        (
            *(pk, name, url, face, sub, company, feedback),
            reading.time(row.deleted_at),
            authors.get(row.deleted_at, ""),
            "On legal hold" if row.legal_hold else goes("customers", row.deleted_at, reading),
            f"{url}restore/",
        )
        for row, (pk, name, url, face, sub, company, _, _, feedback, _, _) in zip(rows, usual, strict=True)
    ]


def goes(kind: str, deleted_at: datetime | None, reading: Reading) -> str:
    """The day that something deleted is permanently deleted."""
    due = due_at(kind, deleted_at)
    return "At the next run" if due and due <= reading.now else reading.time(due, "Not scheduled")


def _company(pk: int, name: str, address: list[str]) -> SafeString:
    return SafeString(f'<a href="{address[0]}/{pk}/{address[1]}">{escape(name)}</a>')  # name is escaped


def _tags(ids: list[int], tags: Mapping[int, tuple[str, int]]) -> SafeString:
    known = [tags[tag_id] for tag_id in ids if tag_id in tags]
    shown = " ".join(f'<span class="tag hue-{hue}">{escape(name)}</span>' for name, hue in known[:TAGS_SHOWN])
    more = known[TAGS_SHOWN:]
    if more:
        shown += f' <span class="muted" title="{escape(", ".join(name for name, _ in more))}">+{len(more)}</span>'
    return SafeString(shown)  # names are escaped


def _channels(channels: list[str]) -> str:
    names = [CHANNELS.get(channel, channel) for channel in channels]
    more = len(names) - CHANNELS_SHOWN
    return ", ".join(names[:CHANNELS_SHOWN]) + (f" +{more}" if more > 0 else "")
