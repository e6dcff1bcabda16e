"""Documents read: lists and one."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from api.finding import document_for, states_of
from api.openapi import filters_of, paging
from api.paging import limit_of, page_of, sort_of, understood
from api.presenting.documents import columns, presented, presented_one
from api.rest import ApiRequest, call, reply
from api.schemas.documents import DocumentOut, DocumentPage
from core import clock
from core.paging import Page
from feedback import listing
from feedback.filters import DocumentFilter
from feedback.models import Document

router = Router(tags=["Documents"])
READ = "documents:read"


@call(
    router, "GET", "/documents", READ, answers={200: DocumentPage}, name="documents", summary="List documents",
    openapi_extra=paging({"time": ""}, filters_of(DocumentFilter, "cp.", "ap.")),
)  # fmt: skip
def documents(request: HttpRequest) -> HttpResponse:
    """Feedback, the newest first; with `deleted=true` what was deleted instead. Long bodies are cut."""
    key, data = cast(ApiRequest, request).key, request.GET
    filters = DocumentFilter(data, Document.objects.visible_to(key))
    understood(filters)
    sort = sort_of(data, lambda text: listing.sort_of(text, deleted=filters.of_deleted))
    asked, size = filters.conditions(now=clock.now()), limit_of(data)

    def find(cursor: str | None) -> Page:
        return listing.find(filters.listed(), asked, sort, cursor, shape=columns, size=size).page

    page = page_of(find, Document.objects.all(), sort, data)
    return reply({"items": presented(page.rows, key), "next": page.next})


@call(
    router, "GET", "/documents/{int:document_id}", READ, answers={200: DocumentOut}, name="document",
    summary="One document", openapi_extra=paging({}, [("deleted", "`true`: also when deleted")], pages=False),
)  # fmt: skip
def document(request: HttpRequest, document_id: int) -> HttpResponse:
    key = cast(ApiRequest, request).key
    found = document_for(key, document_id, states_of(request))
    return reply(presented_one(found.pk, key))
