"""How what belongs to a customer in this app follows a merge, and comes back when it is undone."""
# ruff: noqa: S608  names of tables come from the models

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from core.json import dumps, loads
from customers import suppressing
from customers.identifying import Identity
from customers.merge_rules import AsOther, Log, Relation, Stays, insert_again, query, register
from customers.models import (
    Customer,
    CustomerTag,
    CustomerValue,
    DuplicateCandidate,
    Identifier,
    Login,
    Membership,
    Merge,
    Note,
    SegmentMember,
)
from properties import provenance

# Of what a customer has one that comes first: (model, condition on its rows)
PRIMARIES: dict[str, tuple[type[models.Model], dict[str, str]]] = {
    "primary_email": (Identifier, {"kind": "email"}),
    "primary_phone": (Identifier, {"kind": "phone"}),
    "primary_account": (Membership, {}),
}


OF_MEMBERSHIP = ["contact", "key_contact", "owner", "properties", "provenance"]


class _WithPrimary(Relation):
    """Rows of which one comes first: none does on arrival, and it is chosen when all have arrived."""

    def carry(self, survivor_id: int, source_id: int) -> Log:
        primary = [
            pk for (pk,) in query(f'SELECT id FROM {self.table} WHERE customer_id = %s AND "primary"', [source_id])
        ]
        return super().carry(survivor_id, source_id) | ({"primary": primary} if primary else {})

    def move(self, survivor_id: int, source_id: int) -> list[int]:
        sql = f'UPDATE {self.table} SET customer_id = %s, "primary" = false WHERE customer_id = %s RETURNING id'
        return sorted(pk for (pk,) in query(sql, [survivor_id, source_id]))

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        query(
            f"""UPDATE {self.table} SET customer_id = %s, "primary" = (id = ANY(%s))
                WHERE id = ANY(%s) AND customer_id = %s RETURNING id""",
            [source_id, log.get("primary", []), log.get("moved", []), survivor_id],
        )
        insert_again(self.model, log.get("removed", []))
        for name, (model, _) in PRIMARIES.items():
            if model is self.model:
                give_a_primary(name, source_id)


class Identifiers(_WithPrimary):
    """What recognises somebody. A shared phone that was suppressed since does not come back (6.3)."""

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        kept_out = suppressing.among(removed_identities({self.key: log}))
        rows = [row for row in log.get("removed", []) if _identity_of(row) not in kept_out]
        super().bring_back(survivor_id, source_id, {**log, "removed": rows})


@dataclass(frozen=True)
class Memberships(_WithPrimary):
    """Two places in one account become one: a contact if either was, attributes as the stronger provenance says."""

    def carry(self, survivor_id: int, source_id: int) -> Log:
        held = {row.account_id: row for row in Membership.objects.filter(customer_id=survivor_id)}
        changed, owned = [], []
        for row in Membership.objects.filter(customer_id=source_id, account_id__in=held):
            kept = held[row.account_id]
            before = _of_membership(kept)
            kept.contact, kept.key_contact = kept.contact or row.contact, kept.key_contact or row.key_contact
            kept.properties, kept.provenance = combined([kept, row])
            if row.owner:  # an account has one owner at a time
                Membership.objects.filter(pk=row.pk).update(owner=False)
                kept.owner = True
                owned.append(row.pk)
            if _of_membership(kept) != before:
                kept.save(update_fields=OF_MEMBERSHIP)
                changed.append({"id": kept.pk, "before": before, "after": _of_membership(kept)})
        log = super().carry(survivor_id, source_id)
        return log | ({"changed": changed} if changed else {}) | ({"owned": owned} if owned else {})

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        super().bring_back(survivor_id, source_id, log)
        for change in log.get("changed", []):
            row = Membership.objects.filter(pk=change["id"], customer_id=survivor_id).first()
            if row is None:
                continue
            now, before, after = _of_membership(row), change["before"], change["after"]
            if (now["contact"], now["key_contact"]) == (after["contact"], after["key_contact"]):
                row.contact, row.key_contact = before["contact"], before["key_contact"]
            gives_back = now["owner"] and not before.get("owner", False) and bool(log.get("owned"))
            row.owner = row.owner and not gives_back
            row.properties, row.provenance = reverted(now, before, after)
            row.save(update_fields=OF_MEMBERSHIP)
            if gives_back:
                owned = Membership.objects.filter(pk__in=log["owned"], account_id=row.account_id)
                owned.update(owner=True)


class Candidates(Relation):
    """A pair of survivor and source is settled; the source's pairs with others become the survivor's."""

    def carry(self, survivor_id: int, source_id: int) -> Log:
        removed = query(
            f"DELETE FROM {self.table} t WHERE first_id = %s OR second_id = %s RETURNING to_jsonb(t)::text",
            [source_id, source_id],
        )
        rows = [loads(row) for (row,) in removed]
        made = []
        for row in rows:
            other = row["second_id"] if row["first_id"] == source_id else row["first_id"]
            if other == survivor_id:
                continue
            made += query(
                f"""INSERT INTO {self.table}
                        (first_id, second_id, evidence, score, found_at, dismissed_at, dismissed_by_id)
                    SELECT least(%s, %s), greatest(%s, %s), evidence, score, found_at, dismissed_at, dismissed_by_id
                    FROM jsonb_populate_record(NULL::{self.table}, %s::jsonb)
                    ON CONFLICT DO NOTHING RETURNING id, dismissed_at IS NOT NULL""",
                [survivor_id, other, survivor_id, other, dumps(row)],
            )
        return {"removed": rows, "made": [list(pair) for pair in made]} if rows else {}

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        for pk, was_dismissed in log.get("made", []):
            found = DuplicateCandidate.objects.filter(pk=pk)  # unless it was dismissed since: that is a decision
            (found if was_dismissed else found.filter(dismissed_at=None)).delete()
        insert_again(self.model, log.get("removed", []))


def combined(rows: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Properties and provenance of several records as one, each key from where it wins; the first wins a tie."""
    values: dict[str, Any] = {}
    marks: dict[str, Any] = {}
    for key in {key: None for row in rows for key in (*row.properties, *row.provenance)}:
        winner = winner_of([(row.properties.get(key), row.provenance.get(key)) for row in rows])
        if key in rows[winner].properties:
            values[key] = rows[winner].properties[key]
        mark = mark_of([row.provenance.get(key) for row in rows], [row.properties.get(key) for row in rows], winner)
        if mark:
            marks[key] = mark
    return values, marks


def winner_of(sides: Sequence[tuple[Any, dict[str, Any] | None]]) -> int:
    """Which of the (value, provenance) wins: staff over API over sync, then the latest, then the first (2.7).

    What nobody ever set loses against a value, and against a removal that somebody decided.
    """

    def strength(position: int) -> tuple[bool, int, str, int]:
        value, mark = sides[position]
        rank = provenance.RANKS.get(mark["by"], 0) if mark else 0
        return bool(value) or bool(mark), rank, (mark or {}).get("at", ""), -position

    return max(range(len(sides)), key=strength)


def mark_of(marks: Sequence[dict[str, Any] | None], values: Sequence[Any], winner: int) -> dict[str, Any] | None:
    """The winner's provenance; where a person or the API decided, with what a sync sent to any of the others."""
    mark = dict(marks[winner] or {})
    if mark and mark["by"] != "sync" and "synced" not in mark:
        for other, value in zip(marks, values, strict=True):
            if other and other["by"] == "sync" and value:
                return {**mark, "synced": value}
    return mark or None


def reverted(
    now: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Properties and provenance as they were before a merge, except those that were changed since."""
    values, marks = dict(now["properties"]), dict(now["provenance"])
    for key in {*before["properties"], *after["properties"], *before["provenance"], *after["provenance"]}:
        if _side(now, key) == _side(after, key):
            for held, name in ((values, "properties"), (marks, "provenance")):
                held.pop(key, None)
                if key in before[name]:
                    held[key] = before[name][key]
    return values, marks


def primary_of(name: str, customer_id: int) -> int | None:
    model, condition = PRIMARIES[name]
    rows: Any = model._base_manager.filter(customer_id=customer_id, primary=True, **condition)
    return rows.values_list("pk", flat=True).first()


def make_primary(name: str, customer_id: int, row_id: int | None) -> None:
    """Makes this row the one that comes first, if it is the customer's; None: no row does."""
    model, condition = PRIMARIES[name]
    rows: Any = model._base_manager.filter(customer_id=customer_id, **condition)
    if row_id is None or rows.filter(pk=row_id).exists():
        rows.filter(primary=True).exclude(pk=row_id).update(primary=False)
        rows.filter(pk=row_id, primary=False).update(primary=True)


def give_a_primary(name: str, customer_id: int) -> None:
    """The oldest comes first where none does; an account need not."""
    model, condition = PRIMARIES[name]
    rows: Any = model._base_manager.filter(customer_id=customer_id, **condition)
    if condition and not rows.filter(primary=True).exists():
        oldest = rows.order_by("pk").values_list("pk", flat=True).first()
        rows.filter(pk=oldest).update(primary=True)


def removed_identities(logs: Mapping[str, Log]) -> set[Identity]:
    """The identities that undoing a merge inserts again."""
    return {_identity_of(row) for row in logs.get("customers.Identifier.customer", {}).get("removed", [])}


def _identity_of(row: Mapping[str, Any]) -> Identity:
    return Identity(row["kind"], row["normalized"], row["value"])


def _of_membership(row: Membership) -> dict[str, Any]:
    return {
        "contact": row.contact, "key_contact": row.key_contact, "owner": row.owner,
        "properties": dict(row.properties), "provenance": dict(row.provenance),
    }  # fmt: skip


def _side(record: dict[str, Any], key: str) -> tuple[Any, Any]:
    mark = {name: value for name, value in (record["provenance"].get(key) or {}).items() if name != "synced"}
    return record["properties"].get(key), mark


register(
    Relation(Customer, "merged_into"),
    Identifiers(Identifier, "customer", "Contact details", once=("kind", "normalized")),
    Memberships(Membership, "customer", "Accounts", once=("account_id",)),
    Relation(CustomerTag, "customer", "Tags", once=("tag_id",)),
    Relation(SegmentMember, "customer", "Segments", once=("segment_id",)),
    Relation(Login, "customer", "Logins"),
    Relation(Note, "customer", "Notes", once=("body", "author_id")),
    Candidates(DuplicateCandidate, "first"),
    AsOther(DuplicateCandidate, "second", other="customers.DuplicateCandidate.first"),
    Stays(CustomerValue, "customer", why="Follows the properties, by triggers"),
    Stays(Merge, "survivor", why="Is undone at whom it was done to, after a later merge is"),
)
