import functools
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.actor import Actor
from core import clock, htmx
from properties import defining
from properties.forms import DefinitionForm, MergeForm, NewDefinitionForm
from properties.models import Definition, PropertyRewrite
from properties.rewriting import coverage, holders
from staff.permissions import requires, teams_of

RECENT = 5
NOUNS = {
    "customer": ("customer", "customers"),
    "account": ("account", "accounts"),
    "membership": ("membership", "memberships"),
}
BUSY = "The values of this property are still being changed in the background. Wait until that has ended."


def _gone_is_404(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Somebody else deleted it between the lookup and the lock."""

    @functools.wraps(view)
    def checked(request: HttpRequest, pk: int) -> HttpResponse:
        try:
            return view(request, pk)
        except ObjectDoesNotExist:
            raise Http404 from None

    return checked


@dataclass(frozen=True)
class Row:
    definition: Definition
    has: int
    share: int
    job: PropertyRewrite | None
    first: bool
    last: bool


@dataclass(frozen=True)
class Group:
    """The definitions of one kind of record. `about`: the counts are estimates."""

    subject: str
    title: str
    rows: list[Row]
    about: bool


@requires("customers.edit")
@require_GET
def definitions(request: HttpRequest) -> HttpResponse:
    """Every property that records can have (2.7), in the order of the profile."""
    return _list(request)


def _list(request: HttpRequest) -> HttpResponse:
    working = list(PropertyRewrite.objects.unfinished().select_related("definition", "into"))
    recent = PropertyRewrite.objects.exclude(pk__in=[job.pk for job in working]).order_by("-pk")[:RECENT]
    counted = teams_of(request.user) is None  # the numbers are of everybody's records
    context = {
        "groups": _groups(working, counted=counted),
        "counted": counted,
        "working": working,
        "recent": recent,
        "types": dict(Definition.Type.choices),
    }
    return htmx.page(request, "properties/list.html", context, partials=("results",))


@requires("properties.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = NewDefinitionForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = defining.define(
                form.cleaned_data["key"],
                form.cleaned_data["subject"],
                form.wanted(),
                actor=Actor.of_staff(request.user),
            )
        except ValidationError as error:
            form.refuse(error)
        except defining.KeyTaken as taken:
            form.add_error("key", f"“{taken.definition.label}” has the key {taken.definition.key} already.")
        else:
            return htmx.redirect(request, "properties:list", toast=f"Added the property “{made.label}”.")
    return _page(request, "properties/form.html", {"form": form, "definition": None}, invalid=form.is_bound)


@requires("properties.manage")
@require_http_methods(["GET", "POST"])
@_gone_is_404
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything but the key. Another type recasts the values that are stored."""
    definition = get_object_or_404(Definition, pk=pk)
    form = DefinitionForm(_posted(request), definition=definition)
    if request.method == "POST" and form.is_valid():
        try:
            done = defining.edit(definition, form.wanted(), actor=Actor.of_staff(request.user))
        except ValidationError as error:
            form.refuse(error)
        except defining.Busy:
            form.add_error(None, BUSY)
        else:
            return htmx.redirect(
                request, "properties:list", toast=f"Saved the property “{done.definition.label}”{_told(done)}."
            )
    context = {"form": form, "definition": definition, "has": _count(definition)}
    return _page(request, "properties/form.html", context, invalid=form.is_bound)


@requires("properties.manage")
@require_http_methods(["GET", "POST"])
@_gone_is_404
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what merging would touch; POST merges."""
    definition = get_object_or_404(Definition, pk=pk)
    form = MergeForm(_posted(request), definition=definition)
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["target"]
        try:
            done = defining.merge(definition, target, actor=Actor.of_staff(request.user))
        except defining.Busy:
            form.add_error(None, BUSY)
        else:
            toast = f"Merged “{definition.label}” into “{target.label}”{_told(done)}."
            return htmx.redirect(request, "properties:list", toast=toast)
    context = {"form": form, "definition": definition, "has": _count(definition), "nouns": NOUNS[definition.subject]}
    return _page(request, "properties/merge.html", context, invalid=form.is_bound)


@requires("properties.manage")
@require_http_methods(["GET", "POST"])
@_gone_is_404
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what deleting would touch; POST deletes."""
    definition = get_object_or_404(Definition, pk=pk)
    problem = ""
    if request.method == "POST":
        try:
            done = defining.delete(definition, actor=Actor.of_staff(request.user))
        except defining.Busy:
            problem = BUSY
        else:
            toast = (
                f"Deleting “{definition.label}” in the background."
                if done.job
                else f"Deleted “{definition.label}”{_told(done)}."
            )
            return htmx.redirect(request, "properties:list", toast=toast)
    context = {
        "definition": definition,
        "has": _count(definition),
        "nouns": NOUNS[definition.subject],
        "problem": problem,
    }
    return _page(request, "properties/delete.html", context, invalid=bool(problem))


@requires("properties.manage")
@require_POST
@_gone_is_404
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """One place up or down in the order of the profile."""
    definition = get_object_or_404(Definition, pk=pk)
    way = request.POST.get("way")
    if way not in ("up", "down"):
        return HttpResponse("Say way=up or way=down.", status=422, content_type="text/plain")
    moved = defining.move(definition, by=-1 if way == "up" else 1, actor=Actor.of_staff(request.user))
    if not request.htmx:  # type: ignore[attr-defined]
        return htmx.redirect(request, "properties:list")
    return htmx.announce(
        _list(request),
        f"{definition.label} moved {way}." if moved else f"{definition.label} cannot move further {way}.",
    )


@requires("properties.manage")
@require_POST
def rewrite(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops background work before its next step, or tries failed work again."""
    job = get_object_or_404(PropertyRewrite, pk=pk)
    if request.POST.get("do") == "again":
        done = "Trying again." if job.again() else "This work has not failed."
    else:
        done = (
            "Stopped. What was changed already stays changed."
            if job.cancel(clock.now())
            else "This work had ended before."
        )
    return htmx.redirect(request, "properties:list", toast=done)


def _groups(working: list[PropertyRewrite], *, counted: bool) -> list[Group]:
    jobs = {job.definition_id: job for job in working} | {job.into_id: job for job in working if job.into_id}
    by_subject: dict[str, list[Definition]] = {subject: [] for subject in Definition.Subject.values}
    for definition in Definition.objects.all():
        by_subject[definition.subject].append(definition)
    groups = []
    for subject, found in by_subject.items():
        if found:
            numbers, rows_in_all, about = coverage(subject) if counted else ({}, 0, False)
            has = {key.lower(): number for key, number in numbers.items()}
            rows = []
            for one in found:
                number = has.get(one.key.lower(), 0)
                share = _percent(number, rows_in_all)
                rows.append(Row(one, number, share, jobs.get(one.pk), first=one is found[0], last=one is found[-1]))
            groups.append(Group(subject, Definition.Subject(subject).label, rows, about))
    return groups


def _percent(part: int, whole: int) -> int:
    """In whole percent; something is never 0 and not quite all never 100."""
    if not part or not whole:
        return 0
    return 100 if part >= whole else min(max(round(100 * part / whole), 1), 99)


def _told(done: defining.Done) -> str:
    """What happened to the values, for the toast."""
    if done.job:
        return "; its values are being changed in the background"
    if done.outcome.unfit:
        number = done.outcome.unfit
        told = "1 record has a value that does not fit and keeps it"
        return f"; {told if number == 1 else f'{number:,} records have a value that does not fit and keep it'}"
    return ""


def _count(definition: Definition) -> int:
    return len(holders(definition, most=settings.COUNT_LIMIT + 1))


def _page(request: HttpRequest, template: str, context: dict[str, object], *, invalid: bool) -> HttpResponse:
    return htmx.page(request, template, context, partials=("dialog",), status=422 if invalid else 200)


def _posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, empty or not; None when the form is only asked for."""
    return request.POST if request.method == "POST" else None
