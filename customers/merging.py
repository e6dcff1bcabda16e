"""Two or more records of one person become one, and can come apart again (7).

A merge moves rows by the rules in `merge_rules` and remembers what it moved, removed and replaced. Undoing gives every
source back what it had and the survivor what it had; what somebody changed since stays changed, what arrived since
stays where its identity says.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from audit.actor import Actor
from audit.models import Change
from audit.recording import recorded
from core.json import dumps, loads
from core.retrying import retrying
from customers.holding import holds_on
from customers.identifying import Identity
from customers.matching import LOCKS_LIMIT, lock
from customers.merge_plan import Plan, plan_of
from customers.merge_relations import (
    PRIMARIES,
    Candidates,
    give_a_primary,
    make_primary,
    primary_of,
    removed_identities,
    reverted,
)
from customers.merge_rules import RELATIONS, query, with_rows
from customers.models import Customer, Identifier, Merge

# The survivor's own columns that a merge may write
COLUMNS = (
    "name", "sort_name", "origin", "properties", "provenance", "created_at", "created_elsewhere_at", "last_imported_at",
    "last_linked_at",
)  # fmt: skip
LOCK_ATTEMPTS = 10


class Refused(Exception):
    """The customers cannot be merged; `plan.refusals` say why."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(" ".join(plan.refusals))
        self.plan = plan


class Changed(Exception):
    """One of the customers is not any more as whoever confirms the merge saw it; `plan` is how it would be now."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Changed since the preview")
        self.plan = plan


class CannotUndo(Exception):
    """The merge cannot be undone; the message says why."""


class _Again(Exception):
    """Somebody gained an identifier between reading and locking."""


def preview(
    survivor_id: int, source_ids: Sequence[int], *, viewer: Any, picks: Mapping[str, int] | None = None
) -> Plan:
    """What `merge` would do, without doing it. Raises Customer.DoesNotExist."""
    return plan_of(survivor_id, source_ids, viewer=viewer, picks=picks)


@retrying
def merge(
    survivor_id: int, source_ids: Sequence[int], *, actor: Actor, viewer: Any = None,
    picks: Mapping[str, int] | None = None, fingerprint: str | None = None, now: datetime | None = None,
) -> Merge:  # fmt: skip
    """Merges the sources into the survivor. `picks` say by field whose value it gets (`Plan.fields`).

    Raises Refused, Changed when the plan has not this `fingerprint` any more, and Customer.DoesNotExist.
    """
    with recorded(actor, "customer.merged", Customer(pk=survivor_id), now=now) as entry:
        _lock([survivor_id, *source_ids])
        plan = plan_of(survivor_id, source_ids, viewer=viewer, picks=picks)
        if plan.refusals or not plan.sources:
            raise Refused(plan)
        if fingerprint is not None and fingerprint != plan.fingerprint:
            raise Changed(plan)
        made = Merge.objects.create(
            survivor_id=survivor_id, source_ids=[source.pk for source in plan.sources], actor_id=actor.user_id,
            merged_at=entry.at, undo_until=entry.at + timedelta(days=settings.MERGE_UNDO_DAYS),
            moved={count.label: sum(count.each[1:]) for count in plan.counts if sum(count.each[1:])},
            snapshot=_carry_out(plan, actor=actor, now=entry.at),
        )  # fmt: skip
        entry.facts |= {"source_ids": made.source_ids, "merge_id": made.pk}
        return made


@retrying
def undo(merge: Merge, *, actor: Actor, viewer: Any = None, now: datetime | None = None) -> Merge:
    """Takes the merge apart again. Raises CannotUndo."""
    with recorded(actor, "customer.unmerged", Customer(pk=merge.survivor_id), now=now) as entry:
        coming = {one for source in merge.snapshot.get("sources", []) for one in removed_identities(source["logs"])}
        _lock([merge.survivor_id, *merge.source_ids], coming)
        locked = Merge.objects.select_for_update().get(pk=merge.pk)
        obstacle = obstacle_to_undo(locked, viewer=viewer, now=entry.at)
        if obstacle:
            raise CannotUndo(obstacle)
        _take_apart(locked.survivor_id, locked.snapshot)
        locked.snapshot, locked.undone_at = {}, entry.at
        locked.save(update_fields=["snapshot", "undone_at"])
        entry.facts |= {"source_ids": locked.source_ids, "merge_id": locked.pk}
        return locked


def obstacle_to_undo(merge: Merge, *, viewer: Any = None, now: datetime) -> str:
    """Why the merge cannot be undone (any more), in words; "" when it can."""
    if merge.undone_at:
        return "This merge was undone already."
    if not (merge.can_be_undone(now) and merge.snapshot):
        return f"A merge can be undone for {settings.MERGE_UNDO_DAYS} days. This one is permanent."
    survivor = Customer.objects.get(pk=merge.survivor_id)
    if survivor.state == Customer.State.MERGED:
        return "The customer was itself merged into another one since. Undo that merge first."
    if not survivor.is_active:
        return "The customer is deleted. Restore it first."
    held = holds_on([survivor.pk], told_to=getattr(viewer, "pk", None))
    if held:
        return f"A legal hold stands. {held[survivor.pk]}."
    if Merge.objects.filter(survivor=survivor, pk__gt=merge.pk, undone_at=None).exists():
        return "Another customer was merged into this one since. Undo the latest merge first."
    ids = merge.source_ids
    if Customer.objects.filter(pk__in=ids, state=Customer.State.MERGED, merged_into=survivor).count() != len(ids):
        return "One of the merged customers is not there any more."
    return ""


def survivor_of(customer_id: int) -> int | None:
    """Whom this customer was merged into; None for one that was not."""
    return Customer.objects.filter(pk=customer_id).values_list("merged_into_id", flat=True).first()


def forget_snapshots(now: datetime) -> int:
    """Empties what undoing would need where the window has closed; how many merges have become permanent by it."""
    return Merge.objects.filter(undo_until__lte=now).exclude(snapshot={}).update(snapshot={})


def _carry_out(plan: Plan, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Writes what the plan says. Returns the snapshot."""
    survivor_id, source_ids = plan.survivor.pk, [source.pk for source in plan.sources]
    after, chosen = plan.combined(actor=actor, now=now), plan.primaries()
    snapshot: dict[str, Any] = {
        "before": _columns(survivor_id),
        "primaries": {name: [primary_of(name, survivor_id), None] for name in PRIMARIES},
        "sources": [],
    }
    values = {row.pk: (row.kind, row.normalized) for row in plan.identifiers}
    places = {row.pk: row.account_id for row in plan.memberships}
    for source in plan.sources:
        logs, there = {}, with_rows(source.pk)
        for relation in reversed(RELATIONS.values()):
            if relation.key not in there and not isinstance(relation, Candidates):  # these name a customer twice
                continue
            log = relation.carry(survivor_id, source.pk)
            if log:
                logs[relation.key] = log
        linked = _columns(source.pk)["last_linked_at"]
        snapshot["sources"].append({"id": source.pk, "last_linked_at": linked, "logs": logs})
    for name, row_id in chosen.items():
        kept = _kept(name, row_id, survivor_id, values, places)
        make_primary(name, survivor_id, kept)
        snapshot["primaries"][name][1] = kept
    Customer.objects.filter(pk=survivor_id).update(**after)
    Customer.objects.filter(pk__in=source_ids).update(state=Customer.State.MERGED, merged_into_id=survivor_id)
    _see_the_silent([survivor_id, *source_ids])
    return {**snapshot, "after": _columns(survivor_id), "since": Change.objects.aggregate(last=Max("pk"))["last"] or 0}


def _take_apart(survivor_id: int, snapshot: dict[str, Any]) -> None:
    sources = list(reversed(snapshot["sources"]))
    for source in sources:
        for key, relation in reversed(RELATIONS.items()):
            relation.bring_back(survivor_id, source["id"], source["logs"].get(key, {}))
        for relation in RELATIONS.values():
            relation.settle(survivor_id, source["id"], since=snapshot["since"])
    for name, (before, after) in snapshot["primaries"].items():
        if primary_of(name, survivor_id) in {None, after}:  # nobody chose another one since
            make_primary(name, survivor_id, before)
            give_a_primary(name, survivor_id)
    now = _columns(survivor_id)
    back = {
        column: snapshot["before"][column]
        for column in COLUMNS
        if now[column] == snapshot["after"][column] and column not in {"properties", "provenance", "sort_name"}
    }
    back["properties"], back["provenance"] = reverted(now, snapshot["before"], snapshot["after"])
    if "name" in back:
        back["sort_name"] = snapshot["before"]["sort_name"]
    _write(survivor_id, back)
    ids = [source["id"] for source in sources]
    Customer.objects.filter(pk__in=ids).update(state=Customer.State.ACTIVE, merged_into=None)
    for source in sources:
        _write(source["id"], {"last_linked_at": source["last_linked_at"]})
    _see_the_silent([survivor_id, *ids])


def _kept(name: str, row_id: int, survivor_id: int, values: Mapping[int, Any], places: Mapping[int, int]) -> int:
    """The row that stands for the chosen one, which was removed where the survivor had the same already."""
    model, _ = PRIMARIES[name]
    rows: Any = model._base_manager.filter(customer_id=survivor_id)
    if rows.filter(pk=row_id).exists():
        return row_id
    if model is Identifier:
        kind, normalized = values[row_id]
        return rows.get(kind=kind, normalized=normalized).pk
    return rows.get(account_id=places[row_id]).pk


def _see_the_silent(ids: Sequence[int]) -> None:
    """Whoever has no feedback was seen when they came to exist: triggers on documents know nothing of `created_at`."""
    query(
        """UPDATE customers_customer SET first_seen_at = created_at, last_seen_at = created_at
           WHERE id = ANY(%s) AND feedback_count = 0 AND (first_seen_at, last_seen_at) <> (created_at, created_at)""",
        [list(ids)],
    )


def _columns(customer_id: int) -> dict[str, Any]:
    """The customer's own columns as JSON has them, to compare and to keep."""
    [(row,)] = query("SELECT to_jsonb(c)::text FROM customers_customer c WHERE id = %s", [customer_id])
    kept = loads(row)
    return {column: kept[column] for column in COLUMNS}


def _write(customer_id: int, columns: Mapping[str, Any]) -> None:
    names = ", ".join(columns)
    query(
        f"""UPDATE customers_customer SET ({names}) =
                (SELECT {names} FROM (SELECT (jsonb_populate_record(NULL::customers_customer, %s::jsonb)).*) kept)
            WHERE id = %s""",  # noqa: S608
        [dumps(dict(columns)), customer_id],
    )


def _lock(ids: Sequence[int], coming: Iterable[Identity] = ()) -> None:
    """Locks in the one order (reliability 2): identifiers, also those that are `coming`, then customers by id, with
    those absorbed into them."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            with transaction.atomic():  # leaving it by an exception gives the locks back
                known = _identities(ids) | {Identity(one.kind, one.normalized, one.normalized) for one in coming}
                lock(sorted(known)[:LOCKS_LIMIT], exclusive=True)
                rows = Customer.objects.filter(Q(pk__in=ids) | Q(merged_into__in=ids))
                list(rows.order_by("pk").select_for_update().values_list("pk"))
                if not _identities(ids) <= known:
                    raise _Again
                return
        except _Again:
            continue
    raise TimeoutError("The customers gain identifiers faster than they can be locked")


def _identities(ids: Sequence[int]) -> set[Identity]:
    rows = Identifier.objects.filter(customer_id__in=ids).values_list("kind", "normalized")
    return {Identity(kind, normalized, normalized) for kind, normalized in rows}
