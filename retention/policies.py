"""Policies as data: what each finds due, found by index, and what it would do now (6.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from accounts.models import Account
from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core import clock
from core.retrying import retrying
from core.statistics import rows_in
from customers.models import Customer
from engagement.models import UsageEvent
from feedback.listing import estimated
from feedback.models import Document
from integrations.models import Delivery, Import
from retention.models import Policy

Kind = Policy.Kind
SAMPLE = 5
COUNTED = 100_000  # the count of what is due stops here
MOST_KEPT = 36_500
# A run that would delete more waits for approval: more than a number, or more than a share when it is not just a few
BRAKE_NUMBER, BRAKE_PERCENT, FREE_NUMBER = 10_000, 10, 10

DEFAULTS: dict[str, tuple[bool, int]] = {
    Kind.DELETED_CUSTOMERS: (True, settings.DELETED_KEPT_DAYS),
    Kind.DELETED_DOCUMENTS: (True, settings.DELETED_KEPT_DAYS),
    Kind.DELETED_ACCOUNTS: (True, settings.DELETED_KEPT_DAYS),
    Kind.ORPHANS: (True, settings.ORPHAN_GRACE_DAYS),
    Kind.UNSEEN: (False, 36),
    Kind.OLD_DOCUMENTS: (False, 36),
    Kind.IMPORT_LOGS: (False, 90),
    Kind.DELIVERY_BODIES: (True, 30),
    Kind.DELIVERIES: (True, 180),
    Kind.USAGE: (False, 24),
    Kind.AUDIT: (False, 84),
}
SAYS: dict[str, str] = {
    Kind.DELETED_CUSTOMERS: "Customers that somebody deleted, once they have been kept that long.",
    Kind.DELETED_DOCUMENTS: "Documents that somebody deleted, once they have been kept that long.",
    Kind.DELETED_ACCOUNTS: "Accounts that somebody deleted, once they have been kept that long. Their feedback, usage"
    " and survey scores stay without an account; people deleted with them go by the policy for customers.",
    Kind.ORPHANS: "Customers who came only from documents and have lost the last one, counted from the later of their"
    " last link and last import. Those added by hand, synced or from the portal never go by this rule.",
    Kind.UNSEEN: "Customers whose last interaction was longer ago than that, with everything there is of them.",
    Kind.OLD_DOCUMENTS: "Documents of one channel whose time is longer ago than that. Their customers stay.",
    Kind.IMPORT_LOGS: "Finished imports with their lists of rows that failed. What they brought in stays.",
    Kind.DELIVERY_BODIES: "What other systems sent, word by word. That it came, and what became of each record, stays"
    " in the log; rejected records cannot be replayed without it.",
    Kind.DELIVERIES: "Requests of other systems and what became of each record. How much came in each hour stays.",
    Kind.USAGE: "What customers did with the product longer ago than that, and its counts by day.",
    Kind.AUDIT: "Entries of the audit log older than that, with what they changed. The log says until when it was"
    " shortened, and histories begin there.",
}
# When what is found has become what is looked for: the column that its index orders by
MOMENT: dict[str, str] = {
    Kind.DELETED_CUSTOMERS: "deleted_at", Kind.DELETED_DOCUMENTS: "deleted_at", Kind.ORPHANS: "created_at",
    Kind.DELETED_ACCOUNTS: "deleted_at",
    Kind.UNSEEN: "last_seen_at", Kind.OLD_DOCUMENTS: "occurred_at", Kind.IMPORT_LOGS: "finished_at",
    Kind.USAGE: "occurred_at", Kind.AUDIT: "at", Kind.DELIVERY_BODIES: "received_at", Kind.DELIVERIES: "received_at",
}  # fmt: skip

# Tables that a policy empties, by its kind; what hangs on their rows goes with them.
COVERED: dict[str, str] = {
    "customers.Customer": Kind.DELETED_CUSTOMERS,
    "feedback.Document": Kind.DELETED_DOCUMENTS,
    "accounts.Account": Kind.DELETED_ACCOUNTS,
    "integrations.Import": Kind.IMPORT_LOGS,
    "integrations.Delivery": Kind.DELIVERIES,
    "integrations.DeliveryRecord": Kind.DELIVERY_BODIES,
    "engagement.UsageEvent": Kind.USAGE,
    "audit.Entry": Kind.AUDIT,
}
# Tables that no policy empties, and why not. What belongs to a covered row needs no word of its own.
KEPT: dict[str, str] = {
    "accounts.Team": "configuration",
    "accounts.TeamMember": "configuration",
    "audit.Source": "configuration",
    "customers.AccountBulkEdit": "a few rows a day that hold ids and a search",
    "customers.BulkEdit": "a few rows a day that hold ids and a search",
    "customers.Erasure": "proof that somebody was permanently deleted, without their data",
    "customers.KeyProof": "one row that proves the key",
    "customers.Segment": "configuration",
    "customers.SegmentCount": "a number for each day and segment",
    "customers.Suppression": "it must outlive the person: it keeps them out",
    "customers.Tag": "configuration",
    "customers.TagRewrite": "a few rows a month without personal data",
    "engagement.Campaign": "configuration; deliveries go with their customers",
    "engagement.Message": "IDs of calls, forgotten after a month by a task of its own",
    "engagement.Survey": "configuration",
    "engagement.SurveyResponse": "scores stay with the account, without the person once that is permanently deleted",
    "feedback.DocumentEdit": "as customers.BulkEdit",
    "feedback.LinkRule": "configuration",
    "feedback.Linking": "a few rows a month without personal data",
    "integrations.ApiKey": "configuration; revoked keys stay in the history",
    "integrations.ImportMapping": "configuration",
    "integrations.Integration": "configuration",
    "integrations.DeliveryHour": "a few numbers for each hour and source",
    "outgoing.Delivery": "a task forgets it after WEBHOOK_LOG_DAYS, with its attempts; it holds no personal data",
    "outgoing.Attempt": "as its delivery",
    "outgoing.Endpoint": "configuration",
    "properties.Definition": "configuration",
    "properties.PropertyRewrite": "a few rows a month without personal data",
    "retention.Policy": "configuration",
    "retention.Purge": "the receipts of permanent deletions, without personal data",
    "retention.Run": "the history of what these policies did, without personal data",
    "staff.FailedSignIn": "sign-in empties it",
    "staff.Impersonation": "part of the audit log",
    "staff.SecondFactor": "it goes with its user, or when they remove it",
    "staff.Session": "it ends after two weeks, or with its user",
    "staff.SignInRules": "configuration",
    "staff.SingleSignOn": "it goes with its user",
    "staff.User": "colleagues are deactivated, not deleted: history names them",
}


@dataclass(frozen=True)
class Preview:
    """What a policy would do now: how many are due (`more`: at least), some of them, and when it would begin."""

    count: int
    more: bool
    sample: list[Any]
    brake: str = ""


def every() -> list[Policy]:
    """All policies, made as they are by default where they are missing."""
    from retention.policy_models import CHANNELS

    wanted: list[tuple[str, str]] = [(kind, "") for kind in Kind if kind != Kind.OLD_DOCUMENTS]
    wanted += [(Kind.OLD_DOCUMENTS, channel) for channel in CHANNELS]
    known = {(one.kind, one.channel): one for one in Policy.objects.all()}
    missing = [
        Policy(
            kind=kind,
            channel=channel,
            enabled=DEFAULTS[kind][0],
            keep=DEFAULTS[kind][1],
            suppress=kind == Kind.DELETED_CUSTOMERS,
            next_run_at=next_run(time(3), clock.now()) if DEFAULTS[kind][0] else None,
        )
        for kind, channel in wanted
        if (kind, channel) not in known
    ]
    if missing:
        with recorded(Actor.of_system(), "policy.made", facts={"policies": len(missing)}):
            Policy.objects.bulk_create(missing, ignore_conflicts=True)
        known = {(one.kind, one.channel): one for one in Policy.objects.all()}
    return [known[one] for one in wanted]


def days_of(kind: str) -> int | None:
    """For how many days `core.schedules` is told that this is kept; None when the policy is off."""
    kinds = {
        "customers": Kind.DELETED_CUSTOMERS, "documents": Kind.DELETED_DOCUMENTS, "accounts": Kind.DELETED_ACCOUNTS,
        "orphans": Kind.ORPHANS,
    }  # fmt: skip
    found = Policy.objects.filter(kind=kinds[kind], channel="").values_list("enabled", "keep").first()
    enabled, keep = found or DEFAULTS[kinds[kind]]
    return keep if enabled else None


def cutoff_of(policy: Policy, now: datetime) -> datetime:
    """What became so before this moment has been kept long enough."""
    if policy.unit == "days":
        return now - timedelta(days=policy.keep)
    months = now.year * 12 + now.month - 1 - policy.keep
    year, month = max(months // 12, 1), months % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return now.replace(year=year, month=month, day=min(now.day, last))


def due(kind: str, channel: str, cutoff: datetime) -> QuerySet[Any]:
    """What has been kept long enough, in the order of an index. Whatever is on legal hold is in it, too."""
    before = {f"{MOMENT[kind]}__lte": cutoff}
    if kind == Kind.DELETED_CUSTOMERS:
        return Customer.objects.filter(state=Customer.State.DELETED, **before)
    if kind == Kind.DELETED_DOCUMENTS:
        return Document.objects.filter(state=Document.State.DELETED, **before)
    if kind == Kind.DELETED_ACCOUNTS:
        return Account.objects.filter(state=Account.State.DELETED, **before)
    if kind == Kind.ORPHANS:
        latest = Greatest("created_at", "last_linked_at", "last_imported_at")
        orphans = Customer.objects.active().filter(
            ~Exists(Document.objects.filter(customer=OuterRef("pk"))),
            origin=Customer.Origin.DOCUMENT, feedback_count=0, **before,
        )  # fmt: skip
        return orphans.annotate(latest=latest).filter(latest__lte=cutoff)
    if kind == Kind.UNSEEN:
        return Customer.objects.active().filter(**before)
    if kind == Kind.OLD_DOCUMENTS:
        return Document.objects.active().filter(channel=channel, **before)
    if kind == Kind.USAGE:
        return UsageEvent.objects.filter(**before)
    if kind == Kind.AUDIT:
        return Entry.objects.filter(**before)
    if kind == Kind.DELIVERY_BODIES:
        return Delivery.objects.filter(bodies_gone_at=None, **before)
    if kind == Kind.DELIVERIES:
        return Delivery.objects.filter(**before)
    return Import.objects.filter(**before)


def ordered(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    return rows.order_by(MOMENT[kind], "pk")


def after(rows: QuerySet[Any], kind: str, at: datetime | None, pk: int) -> QuerySet[Any]:
    """Those beyond this place in the order."""
    if at is None:
        return rows
    moment = MOMENT[kind]
    return rows.filter(Q(**{f"{moment}__gte": at})).filter(Q(**{f"{moment}__gt": at}) | Q(pk__gt=pk))


def preview(policy: Policy, now: datetime) -> Preview:
    rows = due(policy.kind, policy.channel, cutoff_of(policy, now))
    count = rows[: COUNTED + 1].count()
    fields = rows.defer("body", "metadata", "search_vector") if policy.subject == "documents" else rows
    sample = list(ordered(fields, policy.kind)[:SAMPLE])
    return Preview(min(count, COUNTED), count > COUNTED, sample, brake_of(policy, count))


def brake_of(policy: Policy, count: int) -> str:
    """Why deleting so many has to be approved, "" when it has not."""
    if count <= FREE_NUMBER or policy.subject == "imports":
        return ""
    if policy.kind in {
        Kind.USAGE,
        Kind.AUDIT,
        Kind.DELIVERIES,
        Kind.DELIVERY_BODIES,
    }:  # they come by the million: only the share says that it is unusual
        rows = due(policy.kind, "", cutoff_of(policy, clock.now()))
        many = max(count, estimated(rows)) * 100 > rows_in(rows.model._meta.db_table) * BRAKE_PERCENT
    elif count > BRAKE_NUMBER:
        return f"It would delete more than {BRAKE_NUMBER:,} {policy.subject}."
    else:
        model = {"customers": Customer, "accounts": Account}.get(policy.subject, Document)
        many = count * 100 > model._default_manager.all()[: BRAKE_NUMBER * 20].count() * BRAKE_PERCENT
    return f"It would delete more than {BRAKE_PERCENT} % of all {policy.subject}." if many else ""


def next_run(at: time, now: datetime) -> datetime:
    """The next time that it is this time of day, UTC."""
    today = now.astimezone(UTC).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


@retrying
def change(policy: Policy, values: dict[str, Any], *, actor: Actor, now: datetime | None = None) -> Policy:
    """Saves a new schedule. Its next run is the next time that it is its time of day; none while it is off."""
    with recorded(actor, "policy.changed", policy, now=now) as entry:
        locked = Policy.objects.select_for_update().get(pk=policy.pk)
        before = _settings_of(locked)
        for name, value in values.items():
            setattr(locked, name, value)
        if _settings_of(locked) == before:
            entry.discard()
            return locked
        locked.next_run_at = next_run(locked.at, entry.at) if locked.enabled else None
        locked.save()
        return locked


def _settings_of(policy: Policy) -> Sequence[Any]:
    return policy.enabled, policy.keep, policy.at, policy.suppress, policy.documents
