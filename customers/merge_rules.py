"""What a merge does with every field of a customer and every relation to one: one rule each, in two tables.

`FIELDS` says what becomes of the survivor's own columns. `RELATIONS` says how the rows of other tables follow; apps
above customers register theirs in a module `merging`, which is imported when Django starts. A test fails for whatever
has no rule.

Relations are carried over and brought back with SQL that knows only table and column: rows keep their ids, so that
undoing a merge brings back exactly the rows that there were.
"""
# ruff: noqa: S608  names of tables and columns come from the models

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from audit.models import Change
from core.json import dumps, loads
from customers.models import Customer

PICKED, COMBINED, EARLIEST, LATEST, FOLLOWS, STATE, KEPT, REFUSED = (
    "One side's value, as picked; by itself the one that wins by provenance (2.7)",
    "Key by key, each as picked",
    "The earliest",
    "The latest",
    "Follows other columns or rows, by triggers",
    "Says that the source was absorbed",
    "The survivor's own",
    "Stands in the way of a merge",
)

FIELDS: dict[str, str] = {
    "id": KEPT,
    "name": PICKED,
    "sort_name": FOLLOWS,
    "state": STATE,
    "merged_into": STATE,
    "origin": "What is not 'came with feedback', if anybody's is",
    "properties": COMBINED,
    "provenance": COMBINED,
    "created_elsewhere_at": EARLIEST,
    "created_at": EARLIEST,
    "last_imported_at": LATEST,
    "last_linked_at": LATEST,
    "updated_at": FOLLOWS,
    "version": FOLLOWS,
    "deleted_at": REFUSED,
    "deletion_requested_at": REFUSED,
    "legal_hold": REFUSED,
    "primary_email": PICKED,
    "primary_phone": PICKED,
    "search_text": FOLLOWS,
    "tag_ids": FOLLOWS,
    "channels": FOLLOWS,
    "source_ids": FOLLOWS,
    "feedback_count": FOLLOWS,
    "first_seen_at": FOLLOWS,
    "last_seen_at": FOLLOWS,
}

# Columns that hold ids of customers without being relations
LOOSE: dict[str, str] = {
    "audit.Change.customer_id": "History stays where it was written: the log is append-only",
    "integrations.DeliveryRecord.customer_id": "The log says whom a record was about when it came",
    "customers.Merge.source_ids": "Whom a merge absorbed stays true",
    "customers.Erasure.customer_id": "Whom a permanent deletion was about stays true",
    "customers.AccountBulkEdit.ids": "They are accounts",
    "customers.BulkEdit.ids": "A job leaves out who is merged meanwhile, and says so",
}

Log = dict[str, Any]


@dataclass(frozen=True)
class Relation:
    """Rows that belong to a customer through `field` of `model`. `label` is what the preview calls them.

    Rows move. One that equals a row of the survivor in `once` would be there twice: it is removed, and undo inserts it
    again as it was.
    """

    model: type[models.Model]
    field: str
    label: str = ""
    once: Sequence[str] = ()

    @property
    def key(self) -> str:
        return f"{self.model._meta.label}.{self.field}"

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def column(self) -> str:
        return str(getattr(self.model._meta.get_field(self.field), "column", ""))

    def counting(self) -> list[str]:
        """SQL of the number of rows by customer, with `%(ids)s` theirs, the survivor first; then by nobody what the
        merge takes away because it would be there twice."""
        found = [f"SELECT {self.column} AS customer_id, count(*) FROM {self.table}"
                 f" WHERE {self.column} = ANY(%(ids)s) GROUP BY 1"]  # fmt: skip
        if self.once:
            found.append(
                f"""SELECT NULL::bigint, -count(*) FROM {self.table} s WHERE s.{self.column} = ANY(%(ids)s) AND EXISTS (
                    SELECT 1 FROM {self.table} k WHERE k.{self.column} = ANY(%(ids)s) AND {self._equal}
                    AND array_position(%(ids)s::bigint[], k.{self.column})
                        < array_position(%(ids)s::bigint[], s.{self.column}))"""
            )
        return found

    def carry(self, survivor_id: int, source_id: int) -> Log:
        """Gives the source's rows to the survivor. Returns what `bring_back` needs."""
        log: Log = {}
        if self.once:
            removed = query(
                f"""DELETE FROM {self.table} s USING {self.table} k
                    WHERE s.{self.column} = %s AND k.{self.column} = %s AND {self._equal}
                    RETURNING s.id, to_jsonb(s)::text""",
                [source_id, survivor_id],
            )
            log["removed"] = list({pk: loads(row) for pk, row in removed}.values())
        log["moved"] = self.move(survivor_id, source_id)
        return {name: rows for name, rows in log.items() if rows}

    def move(self, survivor_id: int, source_id: int) -> list[int]:
        sql = f"UPDATE {self.table} SET {self.column} = %s WHERE {self.column} = %s RETURNING id"
        return sorted(pk for (pk,) in query(sql, [survivor_id, source_id]))

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        """Gives the source back the rows that it had and that are still the survivor's."""
        query(
            f"UPDATE {self.table} SET {self.column} = %s WHERE id = ANY(%s) AND {self.column} = %s RETURNING id",
            [source_id, log.get("moved", []), survivor_id],
        )
        insert_again(self.model, log.get("removed", []))

    def settle(self, survivor_id: int, source_id: int, *, since: int) -> None:
        """Gives the source what arrived after the merge and is its, once all it had is back. `since` is the number of
        the last change in the audit log that the merge made."""

    @property
    def _equal(self) -> str:
        return " AND ".join(f"s.{column} IS NOT DISTINCT FROM k.{column}" for column in self.once)


@dataclass(frozen=True)
class Stays(Relation):
    """Rows that a merge leaves where they are, for the reason in `why`."""

    why: str = ""

    def carry(self, survivor_id: int, source_id: int) -> Log:
        return {}

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        return None


@dataclass(frozen=True)
class AsOther(Relation):
    """A second relation of rows that the rule of `other`, the first one, already takes care of."""

    other: str = ""

    def carry(self, survivor_id: int, source_id: int) -> Log:
        return {}

    def bring_back(self, survivor_id: int, source_id: int, log: Log) -> None:
        return None


RELATIONS: dict[str, Relation] = {}


def register(*relations: Relation) -> None:
    """Declares rules. What is declared last moves and comes back first: documents before the identifiers that they are
    matched by, so that no trigger moves them. What arrived since is settled in the order of declaration."""
    RELATIONS.update({relation.key: relation for relation in relations})


def undeclared() -> list[str]:
    """The fields of customers, the relations to them and the loose columns of ids, in any app, that have no rule."""
    own = [one.name for one in Customer._meta.get_fields() if not one.auto_created or one.concrete]
    missing = [f"customers.Customer.{name}" for name in own if name not in FIELDS]
    for model in apps.get_models():
        for one in model._meta.get_fields(include_hidden=True):
            if one.auto_created and not one.concrete:
                continue
            key = f"{model._meta.label}.{one.name}"
            if one.is_relation and one.related_model is Customer:
                missing += [key] if key not in RELATIONS else []
            elif "customer_id" in one.name or (
                model._meta.app_label == "customers" and one.name in {"ids", "source_ids"}
            ):
                missing += [key] if key not in LOOSE and model is not Customer else []
    return missing


def with_rows(customer_id: int) -> set[str]:
    """The keys of the relations in which this locked customer has rows: most people have none in most tables."""
    asked = [(one.key, one.table, one.column) for one in RELATIONS.values()]
    each = (f"SELECT '{key}' WHERE EXISTS (SELECT 1 FROM {table} WHERE {column} = %s)" for key, table, column in asked)
    return {key for (key,) in query(" UNION ALL ".join(each), [customer_id] * len(asked))}


def count_rows(relations: Sequence[Relation], ids: Sequence[int]) -> list[tuple[dict[int, int], int]]:
    """For each relation how many rows each of these customers has, the survivor first, and how many there are after
    the merge. One statement for all."""
    parts = [(place, sql) for place, relation in enumerate(relations) for sql in relation.counting()]
    together = " UNION ALL ".join(f"SELECT {place}, n.* FROM ({sql}) n" for place, sql in parts)
    found = [(dict.fromkeys(ids, 0), [0]) for _ in relations]
    for place, pk, number in query(together, {"ids": ids}):
        each, after = found[place]
        after[0] += number
        if pk is not None:
            each[pk] = number
    return [(each, after[0]) for each, after in found]


def query(sql: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def arrived(model: type[models.Model], customer_id: int, since: int) -> list[int]:
    """The ids of the rows of `model` that came to this customer after the change numbered `since`."""
    changes = Change.objects.of("customer", customer_id).filter(pk__gt=since, table=model._meta.db_table)
    came = models.Q(operation=Change.Operation.INSERT) | models.Q(after__has_key="customer_id")
    return sorted(set(changes.filter(came).values_list("row_id", flat=True)))


def insert_again(model: type[models.Model], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows as they were, ids included. What they referred to and is gone meanwhile is left empty, or takes the
    row with it where it may not be empty."""
    rows = [row for row in (_still_whole(model, row) for row in rows) if row]
    if not rows:
        return
    columns = [one.column for one in model._meta.concrete_fields if one.column in rows[0]]
    names = ", ".join(f'"{column}"' for column in columns)
    query(
        f"""INSERT INTO {model._meta.db_table} ({names})
            SELECT {names} FROM jsonb_populate_recordset(NULL::{model._meta.db_table}, %s::jsonb)
            ON CONFLICT DO NOTHING""",
        [dumps(list(rows))],
    )


def _still_whole(model: type[models.Model], row: dict[str, Any]) -> dict[str, Any] | None:
    row = dict(row)
    for one in model._meta.concrete_fields:
        if not isinstance(one, models.ForeignKey) or row.get(one.column) is None:
            continue
        if not one.related_model._base_manager.filter(pk=row[one.column]).exists():
            if not one.null:
                return None
            row[one.column] = None
    return row
