"""The page of one document: what was said, by whom, and its status and tags, edited in place."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_POST

from audit.actor import Actor
from core import htmx
from customers.models import Tag
from feedback.appearance import CHANNEL_ICONS, CHANNEL_TONES, author_of, facts_of, status_tone
from feedback.choices import known_statuses
from feedback.editing import add_tag, remove_tag, set_status
from feedback.models import Document
from feedback.sanitising import body_of
from feedback.views.deleting import deletion_of
from feedback.views.finding import document_for, is_visible
from staff.permissions import may, requires

PAGE = "documents/detail.html"
TAGS_OFFERED = 200
READABLE = (Document.State.ACTIVE, Document.State.DELETED)


@requires("documents.view")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, read-only for a deleted document."""
    document = document_for(request, pk, states=READABLE)
    return htmx.page(request, PAGE, context_of(request, document, **deletion_of(request, document)))


@requires("documents.view", "documents.edit")
@require_POST
def status(request: HttpRequest, pk: int) -> HttpResponse:
    document = document_for(request, pk)
    try:
        document = set_status(document, request.POST.get("status", ""), actor=Actor.of_staff(request.user))
    except ValidationError as error:
        return _answer(request, document, "document-status", status_error=" ".join(error.messages))
    return _answer(request, document, "document-status", said=f"Status: {document.status or 'none'}")


@requires("documents.view", "documents.edit")
@require_POST
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    document = document_for(request, pk)
    try:
        added, _ = add_tag(document, request.POST.get("tag", ""), actor=Actor.of_staff(request.user))
    except ValidationError as error:
        return _answer(request, document, "document-tags", tag_error=" ".join(error.messages))
    return _answer(request, document, "document-tags", said=f"Added the tag {added.name}")


@requires("documents.view", "documents.edit")
@require_POST
def untag(request: HttpRequest, pk: int, tag_id: int) -> HttpResponse:
    document = document_for(request, pk)
    removed = get_object_or_404(Tag, pk=tag_id)
    remove_tag(document, removed, actor=Actor.of_staff(request.user))
    return _answer(request, document, "document-tags", said=f"Removed the tag {removed.name}")


def context_of(request: HttpRequest, document: Document, **more: Any) -> dict[str, Any]:
    """What the page shows. Parts that a request does not render are not computed: the values are functions."""
    hidden = document.customer is not None and not is_visible(request, document.customer)
    return {
        "document": document,
        "customer": None if hidden else document.customer,
        "customer_hidden": hidden,
        "author": author_of(document),
        "body": lambda: body_of(document, whole="whole" in request.GET),
        "channel_icon": CHANNEL_ICONS[Document.Channel(document.channel)],
        "channel_tone": CHANNEL_TONES[Document.Channel(document.channel)],
        "status_tone": status_tone(document.status),
        "custom_fields": lambda: facts_of(document.custom_fields),
        "metadata": lambda: facts_of(document.metadata),
        "tags": lambda: list(Tag.objects.filter(document_tags__document=document)),
        "tags_offered": lambda: list(Tag.objects.values_list("name", flat=True)[:TAGS_OFFERED]),
        "statuses": lambda: known_statuses(request.user) if may(request.user, "documents.edit") else [],
        **more,
    }


def _answer(request: HttpRequest, document: Document, part: str, said: str = "", **errors: str) -> HttpResponse:
    if not errors and not htmx.wanted(request, {part}):
        return htmx.redirect(request, "documents:detail", document.pk)
    context = context_of(request, document, **errors)
    response = htmx.page(request, PAGE, context, partials={part}, status=422 if errors else 200)
    if said:
        htmx.announce(response, said)
        htmx.trigger(response, "document-changed")
    return response
