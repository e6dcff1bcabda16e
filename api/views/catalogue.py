"""What records are described by: properties, tags, segments."""

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router

from api.finding import absent
from api.openapi import paging
from api.paging import limit_of, page_of
from api.rest import ApiRequest, actor_of, call, reply
from api.schemas.catalogue import (
    ChangedOut,
    MembersIn,
    PropertyIn,
    PropertyOut,
    PropertyPage,
    SegmentIn,
    SegmentOut,
    SegmentPage,
    TagIn,
    TagOut,
    TagPage,
)
from api.schemas.common import BIGGEST
from core.paging import Sort, keyset
from customers import segmenting, tag_admin
from customers.models import Customer, Segment, Tag
from integrations.answers import Refused, invalid
from properties import defining
from properties.models import Definition, label_of
from staff.permissions import teams_of

router = Router(tags=["Properties, tags, segments"])
READ, WRITE = "customers:read", "customers:write"


@call(
    router, "GET", "/properties", READ, answers={200: PropertyPage}, name="properties", summary="List properties",
    openapi_extra=paging({}),
)  # fmt: skip
def properties(request: HttpRequest) -> HttpResponse:
    return _page(request, Definition.objects.all(), Sort("id", "id"), _property)


@call(router, "POST", "/properties", WRITE, answers={201: PropertyOut}, name="properties", summary="Define a property")
def define(request: HttpRequest, body: PropertyIn) -> HttpResponse:
    """A property also defines itself when it is sent for the first time. 409 `taken` when there is one with the key."""
    asked = cast(ApiRequest, request)
    if teams_of(asked.key) is not None:
        raise Refused(403, "limited_key", "Properties are everybody's: a key bound to a team cannot define them.")
    try:
        wanted = defining.Wanted(body.label or label_of(body.key), body.type, body.choices, body.personal)
        made = defining.define(body.key, body.subject, wanted, actor=actor_of(asked))
    except ValidationError as error:
        raise invalid(error) from None
    except defining.KeyTaken as taken:
        raise Refused(409, "taken", "There is a property with this key.", facts={"id": taken.definition.pk}) from None
    return reply(_property(made), 201)


@call(
    router, "GET", "/tags", READ, answers={200: TagPage}, name="tags", summary="List tags", openapi_extra=paging({})
)  # fmt: skip
def tags(request: HttpRequest) -> HttpResponse:
    return _page(request, Tag.objects.all(), Sort("name", "folded"), _tag)


@call(router, "POST", "/tags", WRITE, answers={200: TagOut, 201: TagOut}, name="tags", summary="Add a tag")
def add_tag(request: HttpRequest, body: TagIn) -> HttpResponse:
    """The tag of this name in any letter case: 201 when it is new, 200 when there is one."""
    try:
        made = tag_admin.create(body.name, actor=actor_of(cast(ApiRequest, request)))
    except tag_admin.NameTaken as taken:
        return reply(_tag(taken.tag))
    except ValidationError as error:
        raise invalid(error, "name.") from None
    return reply(_tag(made), 201)


@call(
    router, "GET", "/segments", READ, "segments:read", answers={200: SegmentPage}, name="segments",
    summary="List segments", openapi_extra=paging({}),
)  # fmt: skip
def segments(request: HttpRequest) -> HttpResponse:
    """Who is in one: `GET /customers?segment=<id>`."""
    return _page(request, Segment.objects.all(), Sort("name", "folded"), _segment)


@call(
    router, "POST", "/segments", WRITE, "segments:write", answers={201: SegmentOut}, name="segments",
    summary="Add a segment",
)  # fmt: skip
def add_segment(request: HttpRequest, body: SegmentIn) -> HttpResponse:
    """Static without `query`, dynamic with one. 409 `taken` when there is one with the name."""
    try:
        made = segmenting.create(body.name, body.query.removeprefix("?"), actor=actor_of(cast(ApiRequest, request)))
    except segmenting.NameTaken:
        raise Refused(409, "taken", "There is a segment with this name.") from None
    except ValidationError as error:
        raise invalid(error) from None
    return reply(_segment(made), 201)


@call(
    router, "PUT", "/segments/{int:segment_id}/customers", WRITE, "segments:write", answers={200: ChangedOut},
    name="segment_customers", summary="Put customers into a segment",
)  # fmt: skip
def put_in(request: HttpRequest, segment_id: int, body: MembersIn) -> HttpResponse:
    """Those who are in already stay. 409 `not_static` for a dynamic segment."""
    return _move(request, segment_id, body, segmenting.put_in)


@call(
    router, "DELETE", "/segments/{int:segment_id}/customers", WRITE, "segments:write", answers={200: ChangedOut},
    name="segment_customers", summary="Take customers out of a segment",
)  # fmt: skip
def take_out(request: HttpRequest, segment_id: int, body: MembersIn) -> HttpResponse:
    return _move(request, segment_id, body, segmenting.take_out)


def _move(request: HttpRequest, segment_id: int, body: MembersIn, command: Any) -> HttpResponse:
    asked = cast(ApiRequest, request)
    segment = Segment.objects.filter(pk=min(segment_id, BIGGEST)).first()
    if segment is None:
        raise absent("segment")
    wanted = set(body.customer_ids)
    seen = set(Customer.objects.visible_to(asked.key).active().filter(pk__in=wanted).values_list("pk", flat=True))
    if wanted - seen:
        fields = {f"customer_ids.{place}": ["There is no such customer."]
                  for place, pk in enumerate(body.customer_ids) if pk not in seen}  # fmt: skip
        raise Refused(422, "invalid", "customer_ids: There is no such customer.", fields)
    try:
        return reply({"changed": command(segment, sorted(wanted), actor=actor_of(asked)).number})
    except segmenting.NotStatic:
        raise Refused(409, "not_static", "Who is in it follows from its filter.") from None
    except Segment.DoesNotExist:
        raise absent("segment") from None


def _page(request: HttpRequest, rows: QuerySet[Any], sort: Sort, shown: Any) -> HttpResponse:
    size = limit_of(request.GET)
    page = page_of(lambda cursor: keyset(rows, sort, cursor, size), rows, sort, request.GET)
    return reply({"items": [shown(row) for row in page.rows], "next": page.next})


def _property(one: Definition) -> dict[str, Any]:
    return {
        "id": one.pk, "key": one.key, "subject": one.subject, "label": one.label, "type": one.type,
        "choices": [str(choice) for choice in one.choices], "personal": one.personal, "key_property": one.is_key,
    }  # fmt: skip


def _tag(one: Tag) -> dict[str, Any]:
    return {"id": one.pk, "name": one.name, "hue": one.hue}


def _segment(one: Segment) -> dict[str, Any]:
    return {"id": one.pk, "name": one.name, "kind": one.kind}
