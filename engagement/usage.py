"""Usage of the product: recording it, following it live, counting it (3.4)."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.arrays import array_of
from core.retrying import retrying
from customers.models import Customer
from engagement.models import UsageDay, UsageEvent
from staff.permissions import teams_of

STREAM = 20  # events of a live stream
DAYS = 30
TOP_MODULES = 6
KEPT_SECONDS = 24 * 3600  # a stream's last version; after that any poll gets the stream again
STREAMS = 100  # so many at once are told of each by itself
_SALT, _EVERY = "usage stream", "usage:every"
MODULE_LIMIT, ACTIVITY_LIMIT, ID_LIMIT = 100, 200, 200


@dataclass(frozen=True)
class Event:
    """Something somebody did with the product, as a system reports it. `external_id` makes a repeat harmless."""

    module: str
    activity: str
    occurred_at: datetime
    account_id: int | None = None
    customer_id: int | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How many were `recorded`, and how many were here already; `new` are the external IDs of the former."""

    recorded: int
    repeated: int
    new: frozenset[str] = field(default=frozenset(), compare=False)


@retrying
def record(events: Sequence[Event], *, source: Source, actor: Actor, now: datetime | None = None) -> Outcome:
    """Writes events that this source has not reported before, in one statement. Texts are cut to their limits.

    Raises IntegrityError for an account or customer that is not there.
    """
    if not events:
        return Outcome(0, 0)
    with recorded(actor, "usage.recorded", now=now) as entry:
        # In one order, so that two batches with the same events do not wait for each other
        rows = sorted((_row(event) for event in events), key=lambda row: row[0] or "")
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [source.pk, *map(_array, zip(*rows, strict=True))])
            written = cursor.fetchall()
        if not written:
            entry.discard()
            return Outcome(0, len(events))
        entry.about(source, events=len(written), repeated=len(events) - len(written))
        touched = {("account", account) for account, *_ in written if account}
        touched |= {("customer", customer) for _, customer, _ in written if customer}
        transaction.on_commit(lambda: moved(touched))
        new = frozenset(external_id for *_, external_id in written if external_id)
        return Outcome(len(written), len(events) - len(written), new)


_INSERT = """
    INSERT INTO engagement_usageevent (source_id, external_id, account_id, customer_id, module, activity, occurred_at)
    SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING account_id, customer_id, external_id
"""


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.external_id and event.external_id[:ID_LIMIT], event.account_id, event.customer_id,
        event.module[:MODULE_LIMIT], event.activity[:ACTIVITY_LIMIT], event.occurred_at.isoformat(),
    )  # fmt: skip


def _array(column: tuple[Any, ...]) -> Any:
    """The values of a column as one array; the driver would look at each for itself."""
    if None not in column:
        return array_of(column)
    if all(value is None or isinstance(value, int) for value in column):
        return f"{{{','.join('NULL' if value is None else str(value) for value in column)}}}"
    return list(column)


def moved(streams: Iterable[tuple[str, int]]) -> None:
    """Tells whoever follows these streams, and the one of everything, that there is something new."""
    names = [_key(kind, pk) for kind, pk in [*streams, ("all", 0)]]
    names = names if len(names) <= STREAMS else [_EVERY]  # few look: cheaper than a name for each that nobody follows
    cache.set_many(dict.fromkeys(names, time.time_ns()), timeout=KEPT_SECONDS)


def _key(kind: str, pk: int) -> str:
    return f"usage:{kind}:{pk}"


def token_of(viewer: Any, kind: str, pk: int) -> str:
    """What a page that shows a stream now sends with its next poll. Taken before the stream is read."""
    return signing.dumps([viewer.pk, kind, pk, _version(kind, pk, 0)], salt=_SALT)


def is_quiet(token: str, viewer: Any, kind: str, pk: int) -> bool:
    """Whether nothing came since the token was made, for whoever it was made for. Asks the database nothing."""
    try:
        *whose, version = signing.loads(token, salt=_SALT, max_age=KEPT_SECONDS)
    except (signing.BadSignature, ValueError):
        return False
    return whose == [viewer.pk, kind, pk] and version == _version(kind, pk, -1 if version else 0)


def _version(kind: str, pk: int, unknown: int) -> int:
    """When something last came to this stream, or to so many that this may be one of them."""
    return max(cache.get_many([_key(kind, pk), _EVERY]).values(), default=unknown)


def seen_by(viewer: Any) -> QuerySet[UsageEvent]:
    """The events that `viewer` may see: for limited staff those of visible accounts (3.5)."""
    events = UsageEvent.objects.all()
    if teams_of(viewer) is None:
        return events
    return events.filter(Exists(Account.objects.visible_to(viewer).filter(pk=OuterRef("account"))))


def latest(events: QuerySet[UsageEvent], *, size: int = STREAM) -> list[UsageEvent]:
    return list(events.select_related("customer", "account").order_by("-occurred_at", "-id")[:size])


@dataclass(frozen=True)
class Counts:
    """`days`, the modules by how much they were used, and for each the events of each day; the last one is the rest."""

    days: list[date]
    modules: list[tuple[str, list[int]]]
    total: int


def counts(*, until: date, account: Account | None = None, viewer: Any = None, days: int = DAYS) -> Counts:
    """Usage of one account, or of all that `viewer` may see, day by day (UTC)."""
    first = until - timedelta(days=days - 1)
    rows = UsageDay.objects.filter(on__gte=first, on__lte=until)
    if account is not None:
        rows = rows.filter(account=account)
    elif teams_of(viewer) is not None:
        rows = rows.filter(Exists(Account.objects.visible_to(viewer).filter(pk=OuterRef("account"))))
    found = rows.order_by().values_list("module", "on").annotate(Sum("count"))
    return _arranged(found, [first + timedelta(days=number) for number in range(days)])


def of_customer(customer: Customer, viewer: Any, *, since: datetime) -> list[tuple[str, str, int]]:
    """(account, module, events) of one person, for accounts the viewer may see, most used first (2.4)."""
    events = seen_by(viewer).filter(customer=customer, occurred_at__gte=since)
    found = events.order_by().values_list("account__name", "module").annotate(number=Count("pk"))
    return sorted(((name or "", module, number) for name, module, number in found), key=lambda row: (row[0], -row[2]))


def _arranged(found: Iterable[tuple[str, date, int]], days: list[date]) -> Counts:
    each: dict[str, dict[date, int]] = {}
    for module, day, number in found:
        each.setdefault(module, {})[day] = number
    ranked = sorted(each, key=lambda module: (-sum(each[module].values()), module))
    modules = [(module, [each[module].get(day, 0) for day in days]) for module in ranked[:TOP_MODULES]]
    rest = [sum(each[module].get(day, 0) for module in ranked[TOP_MODULES:]) for day in days]
    if any(rest):
        modules.append(("Others", rest))
    return Counts(days, modules, sum(sum(values) for _, values in modules))
