"""Pages that exist only for tests: every part of the design system on a list, a record, a form and an overview."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from core import charts
from core.htmx import announce, close_dialog, page, redirect, toast, trigger
from core.paging import Sort, capped_count, keyset
from core.ui import avatar, reading_of
from staff.models import User
from staff.permissions import requires

SORTS = {"name": "name", "joined": "joined_at"}
CHANNELS = [("Email", "hue-5"), ("Chat", "hue-4"), ("Widget", "hue-6"), ("Call", "hue-2"), ("API", "hue-7")]


class PersonForm(forms.Form):
    email = forms.EmailField(
        error_messages={"invalid": "Enter an email like name@example.com", "required": "Enter an email"}
    )
    name = forms.CharField(required=False, help_text="As they call themselves.")
    roles = forms.MultipleChoiceField(
        choices=[("a", "Reader"), ("b", "Writer")], widget=forms.CheckboxSelectMultiple, required=False
    )
    about = forms.CharField(widget=forms.Textarea, required=False)


@requires("customers.view")
def listing(request: HttpRequest) -> HttpResponse:
    q, wanted = request.GET.get("q", ""), request.GET.get("sort", "-joined")
    if q == "boom":
        return HttpResponse(status=500)
    name = wanted.lstrip("-") if wanted.lstrip("-") in SORTS else "joined"
    sort = Sort(name, SORTS[name], wanted.startswith("-"))
    people = User.objects.filter(name__icontains=q)
    if role := request.GET.get("role"):
        people = people.filter(role=role)
    found = keyset(people, sort, request.GET.get("cursor"))
    reading = reading_of(request)
    rows = [(p.pk, p.name, p.email, avatar(p.name, p.pk), p.role, reading.time(p.joined_at)) for p in found]
    total = capped_count(people)
    context = {"page": found, "rows": rows, "sort": sort.text, "total": total, "q": q, "role": role}
    response = page(request, "demo/list.html", context, partials=("results",))
    if request.htmx:  # type: ignore[attr-defined]
        announce(response, f"{total} people")
    return response


@requires("customers.view")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    person = User.objects.get(pk=pk)
    now = datetime.now(UTC)
    moments = [
        now,
        now - timedelta(minutes=4),
        now - timedelta(hours=3),
        now - timedelta(days=2),
        now - timedelta(days=400),
    ]
    return page(request, "demo/detail.html", {"person": person, "moments": moments}, partials=("drawer",))


@requires("customers.edit")
def new(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(
            request, "customers:list", toast=f"Added {form.cleaned_data['email']}", undo_url="/customers/undo/"
        )
    status = 422 if request.method == "POST" else 200
    return page(request, "demo/new.html", {"form": form}, partials=("dialog",), status=status)


@requires("customers.edit")
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    return trigger(close_dialog(toast(HttpResponse(status=204), "Renamed")), "person-changed")


@requires("customers.edit")
def bulk(request: HttpRequest) -> HttpResponse:
    said = request.POST
    what = f"matching {said['query']}" if said.get("matching") else f"{len(said.getlist('id'))} people"
    return trigger(toast(HttpResponse(status=204), f"Tagged {what}"), "selection-clear")


@requires("customers.edit")
def undo(request: HttpRequest) -> HttpResponse:
    return redirect(request, request.POST["next"], toast="Undone")


@requires("overview.view")
def overview(request: HttpRequest) -> HttpResponse:
    days = [f"{day} Nov" for day in range(1, 31)]
    series = [
        charts.Series(name, tone, [(day * (at + 3)) % (13 - at) for day in range(30)])
        for at, (name, tone) in enumerate(CHANNELS)
    ]
    counts = [
        charts.Count(name, 12_480 // (at + 1), f"?channel={name}", tone, more=at == 0)
        for at, (name, tone) in enumerate(CHANNELS)
    ]
    context = {
        "chart": charts.stacked_bars(days, series, "Feedback per day by channel", unit="documents"),
        "counts": charts.counts(counts, "Documents by channel", label="Channel"),
        "spark": charts.spark([3, 5, 2, 8, 9, 4], "Rising from 3 to 9"),
    }
    return page(request, "demo/overview.html", context)


@requires("search.view")
def palette(request: HttpRequest) -> HttpResponse:
    people: Any = User.objects.filter(name__icontains=request.GET.get("q", "")).order_by("pk")[:6]
    return page(request, "demo/palette.html", {"people": people})


urlpatterns = [
    path("", include("staff.urls")),
    path("", include(([
        path("", overview, name="overview"), path("search", overview, name="search"),
        path("palette", palette, name="palette"),
    ], "dashboard"))),
    path("customers/", include(([
        path("", listing, name="list"), path("new/", new, name="new"), path("bulk/", bulk, name="bulk"),
        path("undo/", undo),
        path("<int:pk>/", detail, name="detail"), path("<int:pk>/rename/", rename, name="rename"),
    ], "customers"))),
]  # fmt: skip
handler404 = "core.views.errors.not_found"
