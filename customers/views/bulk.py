from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.html import format_html_join
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from audit.models import Entry
from core import clock, htmx
from core.ui import number_text
from customers import segmenting, setting_many, undoing
from customers.bulk import CUSTOMERS
from customers.filter_forms import TAGS_OFFERED
from customers.models import BulkEdit, Customer, Segment, Tag
from customers.views.selecting import BulkPages
from properties.models import Definition
from staff.permissions import requires

BULK_OF = {"customer": "customers:bulk", "account": "accounts:bulk"}
PAGES = BulkPages(
    CUSTOMERS, BulkEdit, "customers:list", "customers:bulk_edit", "customers:undo_bulk", "customers:undo_delete",
    "customer-changed",
)  # fmt: skip


@require_POST
@requires("customers.view", "customers.edit")
def act(request: HttpRequest) -> HttpResponse:
    """Changes the selected customers: at once when a page holds them, otherwise in the background."""
    return PAGES.act(request)


@require_POST
@requires("customers.view", "customers.edit")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Takes back what `act` did at once; the audit log says on whom it changed something."""
    actor = Actor.of_staff(request.user)
    try:
        put_back = setting_many.put_back(Customer, entry_id, actor=actor, now=clock.now())
        if put_back:
            return _undone(request, f"property “{put_back[0]}”", len(put_back[1]))
        if Entry.objects.filter(pk=entry_id, verb__startswith="segment.").exists():
            moved = undoing.undo_segmenting(entry_id, actor=actor)
            return _undone(request, f"segment “{moved.segment.name}”", moved.number)
        tagged = undoing.undo_tagging(entry_id, actor=actor)
    except (undoing.NothingToUndo, Segment.DoesNotExist, segmenting.NotStatic):
        raise Http404 from None
    return _undone(request, f"tag “{tagged.tag.name}”", tagged.number)


def _undone(request: HttpRequest, what: str, number: int) -> HttpResponse:
    people = f"{number_text(number)} customer{'' if number == 1 else 's'}"
    return htmx.back(request, "customers:list", toast=f"Undone: {what} on {people}.")


@require_safe
@requires("customers.view", "customers.edit")
def tag_options(request: HttpRequest) -> HttpResponse:
    """Names of tags, for the browser to suggest."""
    names = Tag.objects.values_list("name", flat=True)[:TAGS_OFFERED]
    return HttpResponse(format_html_join("", '<option value="{}"></option>', ((name,) for name in names)))


@require_safe
@requires("customers.view", "customers.edit")
def property_form(request: HttpRequest, subject: str) -> HttpResponse:
    """What to set or remove, asked for when somebody opens the menu: lists stay small without it."""
    if subject not in BULK_OF:
        raise Http404
    keys = Definition.objects.filter(subject=subject).order_by("key").values_list("key", "label")
    context = {"noun": subject, "keys": keys, "bulk_url": resolve_url(BULK_OF[subject])}
    return render(request, "customers/bulk_property.html", context)


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a bulk edit is, and what it left out; POST stops it."""
    return PAGES.progress(request, pk)
