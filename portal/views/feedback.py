"""The customer's own feedback: what they said, how far it is, and something new to say."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from core.paging import keyset
from core.ui import reading_of
from customers.suppressing import IntakeStopped
from feedback.appearance import CHANNEL_LABELS, status_tone
from feedback.listing import NEWEST
from feedback.models import Document
from feedback.sanitising import body_of, plain_text
from portal import writing
from portal.access import PortalRequest, actor_of, portal_page
from portal.forms import FeedbackForm
from portal.frame import go, places_of, show

SIZE = 20
BEGINNING = 120


@dataclass(frozen=True)
class Row:
    pk: int
    title: str
    channel: str
    status: str
    tone: str
    time: SafeString


@portal_page()
@require_GET
def index(request: PortalRequest) -> HttpResponse:
    page = keyset(own(request), NEWEST, request.GET.get("cursor"), SIZE)
    return show(request, "feedback", "feedback", rows=rows_of(request, page.rows), page=page)


@portal_page()
@require_GET
def detail(request: PortalRequest, pk: int) -> HttpResponse:
    document = get_object_or_404(own(request).select_related("account"), pk=pk)
    body = body_of(document, whole="whole" in request.GET)
    row = rows_of(request, [document])[0]
    return show(request, "feedback_detail", "feedback", document=document, row=row, body=body)


@portal_page(acting=True)
@require_http_methods(["GET", "POST"])
def new(request: PortalRequest) -> HttpResponse:
    accounts = [place.account for place in places_of(request.customer)]
    if request.method == "GET":
        return _form(request, FeedbackForm(accounts=accounts, initial={"token": uuid.uuid4()}))
    form = FeedbackForm(request.POST, accounts=accounts)
    if not form.is_valid():
        return _form(request, form, 422)
    said = form.cleaned_data
    try:
        document = writing.send(
            request.customer, title=said["title"], body=said["body"], account=form.chosen, token=str(said["token"]),
            actor=actor_of(request),
        )  # fmt: skip
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _form(request, form, 422)
    except IntakeStopped:
        form.add_error(None, "We cannot take in feedback at the moment. Try again later.")
        return _form(request, form, 503)
    messages.success(request, "Sent. Thank you!")
    return go("feedback_detail", document.pk)


def rows_of(request: PortalRequest, documents: Sequence[Document]) -> list[Row]:
    reading = reading_of(request)
    return [
        Row(document.pk, _title(document), CHANNEL_LABELS[document.channel], document.status or "Received",
            status_tone(document.status), reading.time(document.occurred_at))
        for document in documents
    ]  # fmt: skip


def own(request: PortalRequest) -> QuerySet[Document]:
    """What this customer has said, as far as it is there to be read."""
    return Document.objects.active().of_customer(request.customer).defer("search_vector", "metadata", "custom_fields")


def _title(document: Document) -> str:
    words = document.title or plain_text(document.body[:1_000], document.body_format)
    return words if len(words) <= BEGINNING else f"{words[: BEGINNING - 1].rstrip()}…"


def _form(request: PortalRequest, form: FeedbackForm, status: int = 200) -> HttpResponse:
    return show(request, "feedback_new", "feedback", form=form, status=status)
