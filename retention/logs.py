"""Logs that policies empty: finished imports, deliveries, usage events, old entries of the audit log (6.4).

They are no records of their own, so nothing of them is kept in a list of deleted things. A legal hold keeps what is
about the customer, account or document that it is on.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q

from audit.actor import Actor
from audit.models import Change
from audit.recording import recorded
from engagement.models import UsageEvent
from integrations.counting import count_hours
from integrations.models import Delivery, DeliveryRecord, Import
from retention.policy_models import Policy

Skipped = dict[int, str]
Kind = Policy.Kind

_LOCK_HELD = "SELECT id FROM {table} WHERE id = ANY(%s) AND legal_hold <> '' FOR SHARE"
_LOCK_ALL = "SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR SHARE"


def forget_imports(ids: Sequence[int], cutoff: datetime, now: datetime) -> tuple[int, Skipped]:
    with recorded(Actor.of_system(), "import.forgotten", now=now, facts={"imports": len(ids)}):
        Import.objects.filter(pk__in=ids).delete()
    return len(ids), {}


def forget_bodies(ids: Sequence[int], cutoff: datetime, now: datetime) -> tuple[int, Skipped]:
    """Forgets what these deliveries held; that they came, and what became of each record, stays."""
    skipped = _deliveries_held(ids)
    gone = [pk for pk in ids if pk not in skipped]
    with recorded(Actor.of_system(), "delivery.bodies_forgotten", now=now, facts={"deliveries": len(gone)}) as entry:
        forgotten = DeliveryRecord.objects.filter(delivery__in=gone, body__isnull=False).update(body=None)
        Delivery.objects.filter(pk__in=gone).update(bodies_gone_at=now)
        if not forgotten:
            entry.discard()
    return len(gone), skipped


def forget_deliveries(ids: Sequence[int], cutoff: datetime, now: datetime) -> tuple[int, Skipped]:
    """Deletes these deliveries and their records. What came in each hour is counted before."""
    skipped = _deliveries_held(ids)
    gone = [pk for pk in ids if pk not in skipped]
    count_hours(now)
    with recorded(Actor.of_system(), "delivery.forgotten", now=now, facts={"deliveries": len(gone)}) as entry:
        Delivery.objects.filter(pk__in=gone).delete()
        if not gone:
            entry.discard()
    return len(gone), skipped


def forget_usage(ids: Sequence[int], cutoff: datetime, now: datetime) -> tuple[int, Skipped]:
    """Deletes these events, but those of an account or customer on legal hold."""
    with recorded(Actor.of_system(), "usage.forgotten", now=now) as entry:
        events = list(UsageEvent.objects.filter(pk__in=ids).values_list("pk", "account_id", "customer_id"))
        accounts = _held("accounts_account", {account for _, account, _ in events if account})
        customers = _held("customers_customer", {customer for _, _, customer in events if customer})
        skipped = {
            pk: f"{'Account' if account in accounts else 'Customer'} on legal hold"
            for pk, account, customer in events
            if account in accounts or customer in customers
        }
        gone = [pk for pk, _, _ in events if pk not in skipped]
        UsageEvent.objects.filter(pk__in=gone)._raw_delete(using="default")
        entry.facts |= {"events": len(gone)}
        if not gone:
            entry.discard()
    return len(gone), skipped


def forget_audit(ids: Sequence[int], cutoff: datetime, now: datetime) -> tuple[int, Skipped]:
    """Deletes these entries with what they changed, but those about a customer, account or document on legal hold.

    That the log was shortened, and until when, is an entry of its own: rules about its completeness go by that.
    """
    with recorded(Actor.of_system(), "audit.forgotten", now=now) as entry:
        changes = Change.objects.filter(entry__in=ids).order_by()
        about: dict[str, set[int]] = {"customer": set(), "account": set(), "document": set()}
        for kind, found in about.items():
            found |= set(changes.exclude(**{f"{kind}_id": None}).values_list(f"{kind}_id", flat=True).distinct())
        customers = _held("customers_customer", about["customer"])
        accounts = _held("accounts_account", about["account"])
        documents = _documents_held(about["document"])
        held = set(changes.filter(customer_id__in=customers).values_list("entry", flat=True))
        held |= set(changes.filter(account_id__in=accounts).values_list("entry", flat=True))
        held |= set(changes.filter(document_id__in=documents).values_list("entry", flat=True))
        gone = [pk for pk in ids if pk not in held]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('roster.erasing', 'on', true)")
            cursor.execute("DELETE FROM audit_change WHERE entry_id = ANY(%s)", [gone])
            cursor.execute("DELETE FROM audit_entry WHERE id = ANY(%s)", [gone])
            cursor.execute("SELECT set_config('roster.erasing', '', true)")
        entry.facts |= {"entries": len(gone), "until": cutoff.isoformat()}
        if not gone:
            entry.discard()
    return len(gone), dict.fromkeys(sorted(held), "About a record on legal hold")


FORGET: dict[str, Callable[[Sequence[int], datetime, datetime], tuple[int, Skipped]]] = {
    Kind.IMPORT_LOGS: forget_imports,
    Kind.DELIVERY_BODIES: forget_bodies,
    Kind.DELIVERIES: forget_deliveries,
    Kind.USAGE: forget_usage,
    Kind.AUDIT: forget_audit,
}


def _deliveries_held(ids: Sequence[int]) -> Skipped:
    """Deliveries with a record about a customer or account on legal hold."""
    about = list(
        DeliveryRecord.objects.filter(delivery__in=ids)
        .filter(Q(customer_id__isnull=False) | Q(account_id__isnull=False))
        .order_by().values_list("delivery", "customer_id", "account_id")
    )  # fmt: skip
    customers = _held("customers_customer", {customer for _, customer, _ in about if customer})
    accounts = _held("accounts_account", {account for _, _, account in about if account})
    held = {pk for pk, customer, account in about if customer in customers or account in accounts}
    return dict.fromkeys(sorted(held), "About a record on legal hold")


def _held(table: str, ids: set[int]) -> set[int]:
    """Those on legal hold. All are locked against a hold that is being put on them."""
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ALL.format(table=table), [sorted(ids)])
        cursor.execute(_LOCK_HELD.format(table=table), [sorted(ids)])
        return {pk for (pk,) in cursor.fetchall()}


def _documents_held(ids: set[int]) -> set[int]:
    """Documents of customers or accounts on legal hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.id FROM feedback_document d
            LEFT JOIN customers_customer c ON c.id = d.customer_id LEFT JOIN accounts_account a ON a.id = d.account_id
            WHERE d.id = ANY(%s) AND (coalesce(c.legal_hold, '') <> '' OR coalesce(a.legal_hold, '') <> '')
            """,
            [sorted(ids)],
        )
        return {pk for (pk,) in cursor.fetchall()}
