"""What is known of a person anywhere: their names and identifiers, now and before (6.2)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from audit.models import Change
from core.arrays import AnyOf
from customers.models import Customer, Identifier
from feedback.anonymising import Known
from feedback.models import Document
from properties.provenance import NAME

AUTHOR_KINDS = ("email", "phone", "user_id", "handle")


def gather(ids: Iterable[int], absorbed: dict[int, int]) -> dict[int, Known]:
    """Names and identifiers of each customer, of those merged into them, from history and from their own feedback.

    What another customer holds by now is theirs, and left out.
    """
    wanted = list(ids)
    every = [*wanted, *absorbed]
    names: dict[int, set[str]] = {pk: set() for pk in wanted}
    identifiers: dict[int, set[tuple[str, str]]] = {pk: set() for pk in wanted}

    def owner(pk: int) -> int:
        return absorbed.get(pk, pk)

    for pk, name, marks in Customer.objects.filter(AnyOf("pk", every)).values_list("pk", "name", "provenance"):
        names[owner(pk)] |= {name, *_synced(marks)}
    for pk, kind, value, normalized in Identifier.objects.filter(AnyOf("customer_id", every)).values_list(
        "customer_id", "kind", "value", "normalized"
    ):
        identifiers[owner(pk)] |= {(kind, value), (kind, normalized)}
    tables = [Customer._meta.db_table, Identifier._meta.db_table]
    history = Change.objects.filter(AnyOf("customer_id", every), table__in=tables)
    for about, table, before, after in history.values_list("customer_id", "table", "before", "after"):
        pk = owner(about or 0)
        for row in filter(None, (before, after)):
            if table == tables[0]:
                names[pk] |= {row.get("name") or "", *_synced(row.get("provenance") or {})}
            elif value := row.get("value"):
                identifiers[pk].add((row.get("kind") or ("email" if "@" in value else "user_id"), value))
    authors = Document.objects.filter(AnyOf("customer_id", every)).exclude(author={}).distinct()
    for holder, author, link in authors.values_list("customer_id", "author", "link").order_by():
        pk = holder or 0
        found = {(kind, author[kind]) for kind in AUTHOR_KINDS if isinstance(author.get(kind), str)}
        folded = {text.casefold() for _, text in identifiers[owner(pk)]}
        if link == Document.Link.MATCHED or any(text.casefold() in folded for _, text in found):
            identifiers[owner(pk)] |= found
            names[owner(pk)].add(str(author.get("name") or ""))
    taken = _of_others({text for pairs in identifiers.values() for _, text in pairs}, every)
    return {
        pk: Known(names[pk], {(kind, text) for kind, text in identifiers[pk] if text.casefold() not in taken})
        for pk in wanted
    }


def _synced(marks: dict[str, Any]) -> list[str]:
    """The name that a sync sent and staff overruled."""
    said = (marks.get(NAME) or {}).get("synced") or []
    return [str(one) for one in (said if isinstance(said, list) else [said])]


def _of_others(texts: set[str], every: list[int]) -> set[str]:
    """Those of `texts` that identify somebody else. Phones have an index of their own, and so have all others."""
    wanted = {text.casefold() for text in texts} | texts
    phone = Identifier.Kind.PHONE
    found = set[str]()
    for kinds in (Q(kind=phone), ~Q(kind=phone) & Q(kind__in=[kind for kind in Identifier.Kind if kind != phone])):
        held = Identifier.objects.filter(kinds, AnyOf("normalized", wanted)).exclude(customer_id__in=every)
        found |= set(held.exclude(customer__state="purging").values_list("normalized", flat=True))
    return {text.casefold() for text in found}
