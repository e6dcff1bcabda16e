from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.actor import Actor
from core import clock, htmx
from core.jobs import Status
from core.paging import Sort, keyset
from customers import tag_admin
from customers.models import Tag, TagRewrite
from customers.tag_forms import MergeForm, TagForm
from staff.permissions import requires, teams_of

SIZE = 100
SHOWN_CAP = 1_000  # in the list; a confirmation counts further
ENDED = [Status.DONE, Status.CANCELLED]
BUSY = "A tag is still being merged or deleted in the background. Wait until that has ended."


@requires("customers.view")
@require_GET
def tags(request: HttpRequest) -> HttpResponse:
    """Every tag with its colour and how many records have it (2.8)."""
    page = keyset(Tag.objects.all(), Sort("name", "folded"), request.GET.get("cursor"), SIZE)
    counted = teams_of(request.user) is None  # the numbers are of everybody's records
    reach = tag_admin.reach_of(page.rows, cap=SHOWN_CAP) if counted else {}
    rows = [(tag, tag_admin.COLOURS[tag.hue], reach.get(tag.pk)) for tag in page.rows]
    jobs = list(TagRewrite.objects.exclude(status__in=ENDED).filter(tag__isnull=False).select_related("into"))
    working = [job for job in jobs if not job.is_finished]
    stuck = [job for job in jobs if job.is_finished]
    context = {"page": page, "rows": rows, "counted": counted, "cap": SHOWN_CAP, "working": working, "stuck": stuck}
    return htmx.page(request, "tags/list.html", context, partials=("results", "working"))


@requires("tags.create")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = TagForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            tag = tag_admin.create(
                form.cleaned_data["name"], form.cleaned_data["hue"], actor=Actor.of_staff(request.user)
            )
        except tag_admin.NameTaken as taken:
            form.add_error("name", _taken(taken.tag))
        else:
            return htmx.redirect(request, "tags:list", toast=f"Made the tag “{tag.name}”.")
    return _form(request, form, None)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name or colour."""
    tag = get_object_or_404(Tag, pk=pk)
    form = TagForm(_posted(request), tag=tag)
    if request.method == "POST" and form.is_valid():
        try:
            tag = tag_admin.edit(
                tag, form.cleaned_data["name"], form.cleaned_data["hue"], actor=Actor.of_staff(request.user)
            )
        except Tag.DoesNotExist:
            raise Http404 from None
        except tag_admin.NameTaken as taken:
            form.add_error("name", f"{_taken(taken.tag)} To join the two, merge them.")
        else:
            return htmx.redirect(request, "tags:list", toast=f"Saved the tag “{tag.name}”.")
    return _form(request, form, tag)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what merging would touch; POST merges."""
    tag = get_object_or_404(Tag, pk=pk)
    form = MergeForm(_posted(request), tag=tag)
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["target"]
        try:
            done = tag_admin.merge(tag, target, actor=Actor.of_staff(request.user))
        except Tag.DoesNotExist:
            raise Http404 from None
        except tag_admin.Busy:
            form.add_error(None, BUSY)
        else:
            names = f"“{tag.name}” into “{target.name}”"
            told = f"Merging {names} in the background." if done.job else f"Merged {names}: {said(done.reach)}."
            return htmx.redirect(request, "tags:list", toast=told)
    return _page(request, "tags/merge.html", {"form": form, "tag": tag, "reach": _reach(tag)}, form.is_bound)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what deleting would touch; POST deletes."""
    tag = get_object_or_404(Tag, pk=pk)
    problem = ""
    if request.method == "POST":
        try:
            done = tag_admin.delete(tag, actor=Actor.of_staff(request.user))
        except Tag.DoesNotExist:
            raise Http404 from None
        except tag_admin.Busy:
            problem = BUSY
        else:
            what = f"the tag “{tag.name}”"
            told = f"Deleting {what} in the background." if done.job else f"Deleted {what}: {said(done.reach)}."
            return htmx.redirect(request, "tags:list", toast=told)
    return _page(request, "tags/delete.html", {"tag": tag, "reach": _reach(tag), "problem": problem}, bool(problem))


@requires("tags.manage")
@require_POST
def rewrite(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops background work before its next step, or tries failed work again."""
    job = get_object_or_404(TagRewrite, pk=pk)
    if request.POST.get("do") == "again":
        told = "Trying again." if job.again() else "This work has not failed."
    else:
        stopped = job.cancel(clock.now())
        told = "Stopped. What was changed already stays changed." if stopped else "This work had ended before."
    return htmx.redirect(request, "tags:list", toast=told)


def said(reach: tag_admin.Reach) -> str:
    """ "12 customers and 1 document had it"."""
    if reach.nothing:
        return "nothing had it"
    parts = [(reach.customers, "customer"), (reach.documents, "document")]
    return " and ".join(f"{n:,} {noun}{'' if n == 1 else 's'}" for n, noun in parts if n) + " had it"


def _form(request: HttpRequest, form: TagForm, tag: Tag | None) -> HttpResponse:
    return _page(request, "tags/form.html", {"form": form, "tag": tag}, form.is_bound)


def _page(request: HttpRequest, template: str, context: dict[str, object], invalid: bool) -> HttpResponse:
    return htmx.page(request, template, context, partials=("dialog",), status=422 if invalid else 200)


def _reach(tag: Tag) -> tag_admin.Reach:
    return tag_admin.reach_of([tag], cap=settings.COUNT_LIMIT)[tag.pk]


def _taken(tag: Tag) -> str:
    return f"There is a tag “{tag.name}” already."


def _posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, empty or not; None when the form is only asked for."""
    return request.POST if request.method == "POST" else None
