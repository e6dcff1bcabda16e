from typing import cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render, resolve_url
from django.urls import reverse
from django.utils.html import escape, format_html_join
from django.views.decorators.http import require_POST, require_safe

from audit.actor import Actor
from core import clock, htmx
from core.ui import number_text
from customers import bulk, undoing
from customers.bulk import ACTIONS, AT_ONCE, NEEDS, TAGGING, Applied, Selection
from customers.filter_forms import TAGS_OFFERED
from customers.models import BulkEdit, Tag
from customers.views.deleting import kept
from staff.models import User
from staff.permissions import may, requires


@require_POST
@requires("customers.view", "customers.edit")
def act(request: HttpRequest) -> HttpResponse:
    """Changes the selected customers: at once when a page holds them, otherwise in the background."""
    action = request.POST.get("action", "")
    now = clock.now()
    if action in NEEDS and not may(request.user, NEEDS[action]):
        raise PermissionDenied
    try:
        if action not in ACTIONS:
            raise ValidationError("Choose what to do with the selected customers.")
        selection = Selection.of(request.POST)
        user = cast(User, request.user)
        tag_name = bulk.tag_named(action, request.POST.get("tag", ""))
        chosen = selection.customers(user, now).filter(state=bulk.of_action(action))
        ids = list(chosen.values_list("pk", flat=True)[: AT_ONCE + 1])
    except ValidationError as error:
        return _refused(request, error.messages[0])
    if max(len(ids), len(selection.ids)) > AT_ONCE:
        return htmx.redirect(request, "customers:bulk_edit", _begin(user, action, tag_name, selection).pk)
    applied = bulk.apply(action, tag_name, ids, actor=Actor.of_staff(user), now=now)
    return _done(request, action, tag_name, applied, len(selection.ids) or len(ids))


@require_POST
@requires("customers.view", "customers.edit")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Takes back what `act` did at once; the audit log says on whom it changed something."""
    try:
        tagged = undoing.undo_tagging(entry_id, actor=Actor.of_staff(request.user))
    except undoing.NothingToUndo:
        raise Http404 from None
    number = f"{number_text(tagged.number)} customer{'' if tagged.number == 1 else 's'}"
    return htmx.back(request, "customers:list", toast=f"Undone: tag “{tagged.tag.name}” on {number}.")


@require_safe
@requires("customers.view", "customers.edit")
def tag_options(request: HttpRequest) -> HttpResponse:
    """Names of tags, for the browser to suggest."""
    names = Tag.objects.values_list("name", flat=True)[:TAGS_OFFERED]
    return HttpResponse(format_html_join("", '<option value="{}"></option>', ((name,) for name in names)))


@requires("customers.view", "customers.edit")
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a bulk edit is, and what it left out; POST stops it."""
    job = get_object_or_404(BulkEdit, pk=pk)
    if request.method == "POST":
        job.cancel(clock.now())
        return htmx.redirect(request, "customers:bulk_edit", pk)
    back = f"{resolve_url('customers:list')}?{job.query}" if job.query else resolve_url("customers:list")
    return htmx.page(request, "customers/bulk_edit.html", {"job": job, "back": back}, partials=("progress",))


def _begin(user: User, action: str, tag_name: str, selection: Selection) -> BulkEdit:
    filters = [] if selection.query is None else list(selection.filters(user).active())
    job = BulkEdit.objects.create(
        actor=user, action=action, tag_name=tag_name, ids=list(selection.ids), query=selection.query,
        filter_count=len(filters), total=len(selection.ids) or None,
    )  # fmt: skip
    job.enqueue()
    return job


def _done(request: HttpRequest, action: str, tag_name: str, applied: Applied, asked: int) -> HttpResponse:
    text, undo_url = _said(action, tag_name, applied, asked), None
    if applied.number and action != "restore":
        undone_by = "customers:undo_bulk" if action in TAGGING else "customers:undo_delete"
        undo_url = reverse(undone_by, args=[applied.entry_id])
    if not request.htmx:  # type: ignore[attr-defined]
        query = QueryDict(request.POST.get("query", "")[:5_000]).urlencode()
        return htmx.redirect(request, f"{resolve_url('customers:list')}?{query}", toast=text, undo_url=undo_url)
    response = HttpResponse(status=204)
    htmx.toast(response, text, undo_url)
    htmx.trigger(response, "selection-clear")
    return htmx.trigger(response, "customer-changed")


def _said(action: str, tag_name: str, applied: Applied, asked: int) -> str:
    numbers = f"{number_text(applied.number)} of {number_text(asked)}"
    if action in TAGGING:
        return f"{'Added' if action == 'add_tag' else 'Removed'} tag “{tag_name}” on {numbers}."
    if action == "restore":
        return f"Restored {numbers}."
    text = f"Deleted {numbers}. {kept() if applied.number else ''}".rstrip()
    return f"{text} {next(iter(applied.skipped.values()))}." if applied.skipped else text


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(escape(text), status=422)
    return render(request, "customers/refused.html", {"text": text}, status=422)
