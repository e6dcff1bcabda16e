"""Customers as they were sent, as `customers.upserting` takes them."""

from typing import Any

from django.core.exceptions import ValidationError
from pydantic import ValidationError as ShapeError

from api.schemas.customers import CustomerFields, CustomerIn
from customers.identifying import Identity, identity
from customers.upserts import Place, Upsert, Upserted
from integrations.answers import Refused

LISTS = {"user_ids": "user_id", "emails": "email", "phones": "phone", "handles": "handle"}
NAMES = {kind: name for name, kind in LISTS.items()} | {"accounts": "memberships"}
STATUSES = {"identifier_conflict": 409, "ambiguous": 409, "being_deleted": 409, "not_found": 404}


def upsert_of(body: CustomerFields, *, customer_id: int | None = None) -> Upsert:
    """What was sent, for the customer with this id if given: then its lists take the place of those there are.

    Raises ValidationError by path.
    """
    given = body.model_fields_set
    found: dict[tuple[str, str], Identity] = {}
    wrong: dict[str, list[str]] = {}
    for name, kind in LISTS.items():
        for place, text in enumerate(getattr(body, name) or ()):
            try:
                one = identity(kind, text)
                found.setdefault((one.kind, one.normalized), one)
            except ValidationError as error:
                wrong[f"{name}.{place}"] = error.messages
    if wrong:
        raise ValidationError(wrong)
    lists = {*LISTS, "tags"} & given
    emptied = {name for name in (*lists, *({"memberships"} & given)) if getattr(body, name) is None}
    replaced = (lists if customer_id else emptied) | emptied
    return Upsert(
        identities=list(found.values()),
        name=(body.name or "") if "name" in given else None,
        properties=body.properties,
        tags=body.tags or [],
        places=[Place(one.external_id, one.contact, one.key_contact, one.properties) for one in body.memberships or ()],
        created_at=body.created_at,
        replace=frozenset("places" if name == "memberships" else name for name in replaced),
        customer_id=customer_id,
    )


def upsert_of_any(value: Any) -> Upsert | Upserted:
    """The upsert that one record of many is, or why it is rejected."""
    try:
        return upsert_of(CustomerIn.model_validate(value))
    except ShapeError as error:
        path, message = fault_of(error)
    except ValidationError as error:
        path, (message, *_) = next(iter(error.message_dict.items()))
    return Upserted("rejected", None, "invalid", message, path)


def fault_of(error: ShapeError) -> tuple[str, str]:
    """The path of the first thing that is wrong, and why."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(map(str, first["loc"])), f"{first['msg'].removeprefix('Value error, ')}."


def refusal_of(done: Upserted) -> Refused:
    """Why a single call is refused whose one record was rejected."""
    path = NAMES.get(done.field, done.field)
    fields = {path: [done.message]} if path else None
    return Refused(STATUSES.get(done.code, 422), done.code or "invalid", done.message, fields)
