"""Documents written: received, corrected, linked, deleted, restored."""

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from ninja import Body

from api import receiving
from api.bulk import Sender, answered
from api.deleting import delete_permanently, held
from api.finding import ANY, absent, account_for, customer_to_change, document_for
from api.openapi import paging
from api.presenting.documents import presented_one
from api.rest import ApiRequest, actor_of, call, reply
from api.schemas.customers import PurgeOut, VerdictsOut
from api.schemas.documents import DocumentBulk, DocumentIn, DocumentOut, DocumentPatch, LinkIn, ReceivedOut
from api.views.documents import router
from audit.actor import Actor
from customers.holding import Held
from customers.models import Customer
from feedback import deleting, linking
from feedback.amending import Amendment, NotActive, amend
from integrations.answers import Refused, invalid
from retention.models import Purge

WRITE, DELETE = "documents:write", "documents:delete"


def as_feedback(request: ApiRequest) -> Actor:
    """What feedback says of its author ranks as every feedback does, however it came."""
    return Actor.of_source(request.key.source, via="api")


@call(
    router, "POST", "/documents", WRITE, answers={200: ReceivedOut, 201: ReceivedOut}, name="documents",
    summary="Send feedback",
)  # fmt: skip
def add(request: HttpRequest, body: Body[DocumentIn]) -> HttpResponse:
    """As the feedback intake takes it: its author is found or made. 201 for a new document, 200 for one that is known
    by its `external_id`."""
    asked = cast(ApiRequest, request)
    try:
        done = receiving.received(body, key=asked.key, actor=as_feedback(asked))
    except ValidationError as error:
        raise invalid(error) from None
    customer = done.customer
    said: dict[str, Any] = {
        "id": done.document.pk, "status": done.status, "customer_id": customer.pk if customer else None,
    }  # fmt: skip
    if (customer and not customer.is_active) or not done.document.is_active:
        said["deleted"] = True
    return reply(said, 201 if done.status == "created" else 200)


@call(
    router, "POST", "/documents/bulk", WRITE, answers={200: VerdictsOut}, name="bulk_documents",
    summary="Send up to 1,000 pieces of feedback",
)  # fmt: skip
def bulk(request: HttpRequest, body: DocumentBulk) -> HttpResponse:
    """A verdict for each, in order; send an `external_id` with each, so that the same again changes nothing."""
    asked = cast(ApiRequest, request)
    sender = Sender(asked.key.source, as_feedback(asked), asked.key)
    return answered(*receiving.received_all(body.documents, sender))


bulk.in_parts = True  # type: ignore[attr-defined]


@call(
    router, "PATCH", "/documents/{int:document_id}", WRITE, answers={200: DocumentOut}, name="document",
    summary="Change a document",
)  # fmt: skip
def change(request: HttpRequest, document_id: int, body: DocumentPatch) -> HttpResponse:
    asked = cast(ApiRequest, request)
    found, given = document_for(asked.key, document_id), body.model_fields_set
    texts = {name: getattr(body, name) or "" for name in ("title", "body", "status") if name in given}
    account = account_for(asked.key, body.account_id) if body.account_id else None
    wanted = Amendment(
        **texts, tags=(body.tags or []) if "tags" in given else None, account=account,
        tells_account="account_id" in given,
    )  # fmt: skip
    try:
        amend(found, wanted, actor=actor_of(asked))
    except ValidationError as error:
        raise invalid(error) from None
    except NotActive:
        raise absent("document") from None
    return _shown(asked, document_id)


@call(
    router, "PUT", "/documents/{int:document_id}/customer", WRITE, answers={200: DocumentOut},
    name="document_customer", summary="Link a document to a customer",
)  # fmt: skip
def link(request: HttpRequest, document_id: int, body: LinkIn) -> HttpResponse:
    """In place of whom it had. No sync undoes it."""
    asked = cast(ApiRequest, request)
    found = document_for(asked.key, document_id)
    customer = customer_to_change(asked.key, body.customer_id)
    if found.customer_id != customer.pk or found.link != found.Link.STAFF:
        try:
            linking.link(found, customer, actor=actor_of(asked))
        except Customer.DoesNotExist:
            raise absent("customer") from None
    return _shown(asked, document_id)


@call(
    router, "DELETE", "/documents/{int:document_id}/customer", WRITE, answers={204: None}, name="document_customer",
    summary="Take a document’s customer away",
)  # fmt: skip
def unlink(request: HttpRequest, document_id: int) -> HttpResponse:
    """204, also where there was nobody. No sync links it again."""
    asked = cast(ApiRequest, request)
    linking.unlink(document_for(asked.key, document_id), actor=actor_of(asked))
    return HttpResponse(status=204)


@call(
    router, "DELETE", "/documents/{int:document_id}", DELETE, answers={204: None, 202: PurgeOut}, name="document",
    summary="Delete a document",
    openapi_extra=paging({}, [("permanent", "`true`: a deleted document for good")], pages=False),
)  # fmt: skip
def delete(request: HttpRequest, document_id: int) -> HttpResponse:
    """204, also the second time; it can be restored. With `permanent` 202, or 409 `not_deleted`."""
    asked = cast(ApiRequest, request)
    found = document_for(asked.key, document_id, ANY)
    if request.GET.get("permanent") == "true":
        return delete_permanently(asked, found, Purge.Subject.DOCUMENT)
    try:
        deleting.delete(found, actor=actor_of(asked))
    except Held as error:
        raise held(asked.key, str(error)) from None
    except deleting.NotActive:
        document_for(asked.key, document_id, ANY)
    return HttpResponse(status=204)


@call(
    router, "POST", "/documents/{int:document_id}/restore", DELETE, answers={200: ReceivedOut},
    name="restore_document", summary="Restore a deleted document",
)  # fmt: skip
def restore(request: HttpRequest, document_id: int) -> HttpResponse:
    asked = cast(ApiRequest, request)
    found = document_for(asked.key, document_id, ANY)
    try:
        deleting.restore(found, actor=actor_of(asked))
    except deleting.NotDeleted:
        document_for(asked.key, document_id, ANY)
        raise Refused(409, "not_deleted", "This document is not deleted.") from None
    back = presented_one(found.pk, asked.key)  # of what is answered to a POST nothing personal may be kept
    return reply({"id": found.pk, "status": "restored", "customer_id": back["customer_id"]})


def _shown(request: ApiRequest, document_id: int) -> HttpResponse:
    return reply(presented_one(document_for(request.key, document_id).pk, request.key))
