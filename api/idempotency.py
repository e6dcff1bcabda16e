"""A POST that is sent again with the same Idempotency-Key is not done again, but answered as the first time.

A row claims the key before anything is done, so that of two requests at once one is told to wait. The answer is kept in
the transaction that made the change, and only where something was done: what was refused may be sent again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from api.models import Answer
from api.presenting.customers import presented_one
from core import clock
from core.json import dumps, loads
from core.retrying import retrying
from customers.models import Customer
from integrations.answers import Refused, answer
from integrations.models import ApiKey

KEPT = timedelta(hours=24)
ANSWERING = timedelta(minutes=2)  # a request that has not ended by then was killed
HEADER = "Idempotency-Key"
LIMIT = 200


def once(view: Callable[..., HttpResponse], request: HttpRequest, **arguments: Any) -> HttpResponse:
    """The answer of `view`, or of the first request with the same Idempotency-Key. Raises Refused."""
    given = request.headers.get(HEADER)
    if given is None:
        return view(request, **arguments)
    asked = cast(Any, request)
    if not (0 < len(given) <= LIMIT and given.isascii() and given.isprintable()):
        raise Refused(422, "invalid", f"{HEADER}: Must be 1 to {LIMIT} printable ASCII characters.")
    digest = hashlib.sha256(f"{request.get_full_path()} {dumps(getattr(asked, 'json', None))}".encode()).digest()
    claimed, known = _claim(asked.key.pk, given, digest, clock.now())
    if known:
        return _again(known, asked.key)
    try:
        return _done(view, request, claimed, arguments)
    except BaseException:
        claimed.delete()
        raise


def _done(
    view: Callable[..., HttpResponse], request: HttpRequest, claimed: QuerySet[Answer], arguments: dict[str, Any]
) -> HttpResponse:
    if getattr(view, "in_parts", False):  # more than one transaction may change: each of its records is idempotent
        response = view(request, **arguments)
        _keep(claimed, response)
        return response
    return _at_once(view, request, claimed, arguments)


@retrying
def _at_once(
    view: Callable[..., HttpResponse], request: HttpRequest, claimed: QuerySet[Answer], arguments: dict[str, Any]
) -> HttpResponse:
    with transaction.atomic():
        response = view(request, **arguments)
        _keep(claimed, response)
        return response


def _keep(claimed: QuerySet[Answer], response: HttpResponse) -> None:
    about = getattr(response, "about_customer", None)
    body = getattr(response, "kept_body", response.content.decode())
    kept = claimed.update(status=response.status_code, body=body, customer_id=about)
    if not kept:  # taken over by a later request, which found this one too slow
        raise Refused(409, "in_progress", "Another request with this Idempotency-Key took over.")


def _again(known: Answer, key: ApiKey) -> HttpResponse:
    """The first answer. Of a merge the customer is told as they are now: what was theirs may be somebody else's."""
    body = loads(known.body)
    if known.customer_id and body.get("customer", "") is None:
        if not Customer.objects.visible_to(key).filter(pk=known.customer_id).exists():
            raise Refused(404, "not_found", "There is no such customer.")
        body["customer"] = presented_one(known.customer_id, key, now=clock.now())
    return answer(body, known.status or 200, {"Idempotency-Replayed": "true"})


@retrying
def _claim(key_id: int, given: str, digest: bytes, now: datetime) -> tuple[QuerySet[Answer], Answer | None]:
    """The claim for this request, and the answer that there is already. Raises Refused."""
    with transaction.atomic():
        mine = Answer.objects.filter(key_id=key_id, idempotency_key=given)
        mine.filter(begun_at__lte=now - KEPT).delete()
        row = Answer(key_id=key_id, idempotency_key=given, digest=digest, begun_at=now)
        Answer.objects.bulk_create([row], ignore_conflicts=True)
        held = mine.select_for_update().get()
        claim = Answer.objects.filter(pk=held.pk, begun_at=now, status=None)
        if bytes(held.digest) != digest:
            raise Refused(409, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
        if held.status is not None:
            return claim, held
        if held.begun_at != now:
            if held.begun_at > now - ANSWERING:
                raise Refused(409, "in_progress", "The first request is still being answered.", Retry_After="1")
            mine.update(begun_at=now)
        return claim, None


def forget(now: datetime) -> int:
    """Deletes what has been kept for a day."""
    return Answer.objects.filter(begun_at__lte=now - KEPT).delete()[0]
