"""Segments: their list, who is in each, how many there were day by day (2.9)."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from core import clock, htmx
from core.charts import Series, stacked_bars
from core.paging import Sort, keyset
from core.ui import MONTHS, reading_of
from customers import listing, rows, segmenting
from customers.chips import Chip, chips
from customers.dealings import as_seen
from customers.models import Customer, Segment
from customers.segment_counts import counts_of
from customers.segment_filters import Meaning, conditions_of, meaning
from customers.segment_forms import SegmentForm
from customers.suggesting import search
from staff.permissions import may, requires, teams_of

LIST, PAGE, FORM, DELETE = "segments/list.html", "segments/detail.html", "segments/form.html", "segments/delete.html"
BY_NAME = Sort("name", "folded")
OFFERED = 500


@requires("customers.view")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every segment; how many are in each is asked for after the list is on the screen."""
    page = keyset(Segment.objects.select_related("created_by"), BY_NAME, request.GET.get("cursor"))
    return htmx.page(request, LIST, {"page": page}, partials=(htmx.RESULTS,))


@requires("customers.view")
@require_safe
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """How many customers that the reader may see are in the segment."""
    return render(request, "segments/_count.html", {"count": _number_in(_segment(pk), request.user)})


@requires("customers.view", "segments.edit")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A static segment, or a dynamic one of the customers that the address's filters find."""
    query = request.POST.get("query", "") if request.method == "POST" else request.META.get("QUERY_STRING", "")
    form = SegmentForm(request.POST if request.method == "POST" else None, query=query)
    if request.method == "POST" and form.is_valid():
        try:
            segment = segmenting.create(form.cleaned_data["name"], form.query, actor=Actor.of_staff(request.user))
        except segmenting.NameTaken:
            form.refuse_taken()
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return htmx.redirect(request, "segments:detail", segment.pk, toast=f"Made the segment “{segment.name}”.")
    return _form(request, form, None)


@requires("customers.view")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, _segment(pk))


@requires("customers.view", "segments.edit")
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    segment = _managed(request, pk)
    form = SegmentForm(request.POST if request.method == "POST" else None, segment=segment)
    if request.method == "POST" and form.is_valid():
        try:
            segment = segmenting.rename(segment, form.cleaned_data["name"], actor=Actor.of_staff(request.user))
        except Segment.DoesNotExist:
            raise Http404 from None
        except segmenting.NameTaken:
            form.refuse_taken()
        else:
            return htmx.redirect(request, "segments:detail", pk, toast=f"Saved the segment “{segment.name}”.")
    return _form(request, form, segment)


@requires("customers.view", "segments.edit")
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what goes and what stays; POST deletes."""
    segment = _managed(request, pk)
    if request.method == "POST":
        try:
            segmenting.delete(segment, actor=Actor.of_staff(request.user))
        except Segment.DoesNotExist:
            raise Http404 from None
        return htmx.redirect(request, "segments:list", toast=f"Deleted the segment “{segment.name}”.")
    context = {
        "segment": segment,
        "count": _number_in(segment, request.user),
        "users": _saved_filters_that_name(segment),
    }
    return htmx.page(request, DELETE, context, partials=("dialog",))


@requires("customers.view", "segments.edit")
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts one customer in."""
    return _move(request, pk, segmenting.put_in, "is in the segment now.", "was in the segment already.")


@requires("customers.view", "segments.edit")
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes one customer out."""
    return _move(request, pk, segmenting.take_out, "is no longer in the segment.", "was not in the segment.")


@requires("customers.view", "segments.edit")
@require_safe
def options(request: HttpRequest) -> HttpResponse:
    """Which segment the selected customers go into, with the names of static ones for the browser to suggest."""
    names = Segment.objects.filter(kind=Segment.Kind.STATIC).values_list("name", flat=True)[:OFFERED]
    return render(request, "customers/bulk_segment.html", {"names": names})


def _segment(pk: int) -> Segment:
    return get_object_or_404(Segment.objects.select_related("created_by"), pk=pk)


def _managed(request: HttpRequest, pk: int) -> Segment:
    segment = _segment(pk)
    if not segmenting.may_manage(request.user, segment):
        raise PermissionDenied
    return segment


def _move(request: HttpRequest, pk: int, command: Any, done: str, already: str) -> HttpResponse:
    segment, given = _segment(pk), request.POST.get("customer", "")
    customer = get_object_or_404(
        Customer.objects.visible_to(request.user).active(),
        pk=int(given) if given.isdecimal() and len(given) < 12 else 0,
    )
    try:
        moved = command(segment, [customer.pk], actor=Actor.of_staff(request.user))
    except (Segment.DoesNotExist, segmenting.NotStatic):
        raise Http404 from None
    text = f"{customer.display_name} {done if moved.number else already}"
    if not htmx.wanted(request, ("members",)):
        return htmx.redirect(request, "segments:detail", pk, toast=text)
    return htmx.announce(_show(request, segment), text)


def _form(request: HttpRequest, form: SegmentForm, segment: Segment | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "segment": segment}
    if segment is None and form.query:
        asked = meaning(form.query, Customer.objects.visible_to(request.user))
        context |= {"filters": _filters(asked, request.user), "fault": asked.fault}
    return htmx.page(request, FORM, context, partials=("dialog",), status=422 if form.errors else 200)


def _show(request: HttpRequest, segment: Segment) -> HttpResponse:
    dynamic = segment.kind == Segment.Kind.DYNAMIC
    customers = Customer.objects.visible_to(request.user)
    asked = meaning(segment.query, customers) if dynamic else None
    now = timezone.now()
    conditions = asked.conditions(now) if asked else conditions_of([segment.pk], customers, now)
    sort = listing.sort_of(listing.DEFAULT_SORT)
    found = listing.find(customers.active(), conditions, sort, request.GET.get("cursor"), shape=rows.columns)
    shown = as_seen(found.page.rows, request.user)
    typed = request.GET.get("q", "")[:200]
    everybody = teams_of(request.user) is None
    context = {
        "segment": segment,
        "dynamic": dynamic,
        "fault": asked.fault if asked else "",
        "filters": _filters(asked, request.user) if asked and _may_read_filter(request, segment) else None,
        "page": found.page,
        "partial_search": found.partial,
        "rows": rows.finished(shown, rows.beside(shown, request.user), reading_of(request)),
        "may_manage": segmenting.may_manage(request.user, segment),
        "may_move": not dynamic and may(request.user, "segments.edit"),
        "typed": typed,
        "found": search(typed, request.user, leave_out=None) if typed.strip() and not dynamic else [],
        "limited": not everybody,
        "chart": _chart(segment) if everybody else "",
    }
    return htmx.page(request, PAGE, context, partials=("members",))


def _may_read_filter(request: HttpRequest, segment: Segment) -> bool:
    """What somebody searched for may name those whom the reader may not see (3.5)."""
    return teams_of(request.user) is None or segment.created_by_id == request.user.pk


def _filters(asked: Meaning, viewer: Any) -> list[Chip]:
    """The saved filter in words."""
    said = list(chips(asked.filters, viewer).values())
    typed = asked.filters.form.cleaned_data.get("q")
    return [*([Chip("q", "Search", typed, "", ())] if typed else []), *said]


def _chart(segment: Segment) -> str:
    counts = counts_of(segment, clock.now().date())
    if not counts:
        return ""
    labels = [f"{day.day} {MONTHS[day.month - 1]}" for day, _ in counts]
    series = Series("Customers", "hue-5", [number for _, number in counts])
    return stacked_bars(labels, [series], "Customers by day", level=True)


def _number_in(segment: Segment, viewer: Any) -> int:
    customers = Customer.objects.visible_to(viewer)
    return listing.count(customers.active(), conditions_of([segment.pk], customers, timezone.now()))


def _saved_filters_that_name(segment: Segment) -> list[str]:
    """Dynamic segments that would find nobody without this one."""
    others = Segment.objects.filter(query__contains="segment=").exclude(pk=segment.pk)
    return [
        one.name for one in others
        if segment.pk in meaning(one.query, Customer.objects.all()).filters.named.get("segment", set())
    ]  # fmt: skip
