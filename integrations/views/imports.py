"""Imports: upload, map, preview, watch (10.7)."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.htmx import announce, page, redirect
from core.paging import Sort, keyset
from integrations.forms import MapForm, UploadForm, with_source
from integrations.importing.keeping import SHOWN, FileProblem
from integrations.importing.kinds import KINDS, guess
from integrations.importing.mapping import MappingProblem, Plan
from integrations.importing.previewing import preview
from integrations.importing.reading import DELIMITERS, Layout
from integrations.importing.reporting import error_lines
from integrations.importing.starting import discard, mappings_of, save_mapping, source_name_for, start, upload
from integrations.models import Import, ImportMapping
from staff.permissions import requires

ERRORS_SHOWN = 50
MILESTONES = (25, 50, 75)
NEWEST = Sort("uploaded", "created_at", descending=True)


@requires("imports.run")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    imports = Import.visible_to(request.user).select_related("source", "uploaded_by")
    rows = keyset(imports.defer("layout", "plan"), NEWEST, request.GET.get("cursor"))
    return page(request, "imports/list.html", {"rows": rows}, partials=("results",))


@requires("imports.run")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = upload(file, file.name, user=request.user, actor=_actor(request), kind=form.cleaned_data["kind"])  # type: ignore[arg-type]
        except FileProblem as problem:
            form.add_error("file", str(problem))
        else:
            return redirect(request, "imports:map", job.pk)
    return page(request, "imports/new.html", {"form": form}, status=422 if form.errors else 200)


@requires("imports.run")
@require_http_methods(["GET", "POST"])
def map_columns(request: HttpRequest, pk: int) -> HttpResponse:
    job = _import(request, pk)
    if not job.is_draft:
        return redirect(request, "imports:detail", job.pk)
    plan, lacking = _plan(request, job)
    form = MapForm(request.POST if request.method == "POST" else None, layout=Layout(**job.layout), plan=plan)
    if request.method == "POST" and form.is_valid():
        try:
            if form.cleaned_data["save_as"]:
                save_mapping(form.cleaned_data["save_as"], form.chosen, actor=_actor(request))
        except MappingProblem as problem:
            form.add_error("save_as", str(problem))
        else:
            with recorded(_actor(request), "import.mapped", job):
                drafts = Import.objects.filter(pk=job.pk, status="draft")
                drafts.update(plan=form.chosen.as_json(), kind=form.chosen.kind)
            return redirect(request, "imports:preview", job.pk)
    context = {
        **_about(job), "form": form, "lacking": lacking, "mappings": mappings_of(plan.kind)[:100], "kind": plan.kind,
        "kinds": Import.Kind.choices,
        "sources": Source.objects.filter(kind=Source.Kind.IMPORT).order_by("name")[:100],
    }  # fmt: skip
    return page(request, "imports/map.html", context, status=422 if form.errors else 200)


@requires("imports.run")
@require_http_methods(["GET", "POST"])
def preview_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """What the first rows would do; POST starts the import."""
    job = _import(request, pk)
    if not job.is_draft:
        return redirect(request, "imports:detail", job.pk)
    plan = Plan.of_json(job.plan)
    try:
        if request.method == "POST":
            if start(job, plan, actor=_actor(request)):
                job.enqueue()
            return redirect(request, "imports:detail", job.pk, toast="Import started")
        found = preview(job, plan)
    except MappingProblem as problem:
        return redirect(request, "imports:map", job.pk, toast=str(problem))
    return page(request, "imports/preview.html", {**_about(job), "preview": found, "plan": plan})


@requires("imports.run")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The import as it is now. Polled with `seen`: 204 when nothing is new, 286 (the last time) when it has ended."""
    job = _import(request, pk)
    if job.is_draft:
        return redirect(request, "imports:map", job.pk)
    seen = request.GET.get("seen", "")
    polled = bool(seen) and bool(request.htmx)  # type: ignore[attr-defined]
    state = f"{job.status}.{job.done}"
    if polled and seen == state:
        return HttpResponse(status=204)
    context = {
        **_about(job), "state": state, "errors": job.errors.all()[:ERRORS_SHOWN],
        "more_errors": max(0, job.errors.count() - ERRORS_SHOWN) if job.failed_count else 0,
    }  # fmt: skip
    status = 286 if polled and not job.is_under_way else 200
    response = page(request, "imports/detail.html", context, partials=("progress",), status=status)
    if polled and (text := _milestone(job, seen)):
        announce(response, text)
    return response


@requires("imports.run")
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = _import(request, pk)
    if job.is_draft:
        discard(job, actor=_actor(request))
        return redirect(request, "imports:list", toast=f"{job.name} removed")
    with recorded(_actor(request), "import.cancelled", job) as entry:
        cancelled = job.cancel(entry.at)
        if not cancelled:
            entry.discard()
    said = "Import cancelled. What came in before stays." if cancelled else "The import had ended already."
    return redirect(request, "imports:detail", job.pk, toast=said)


@requires("imports.run")
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes on where an import that failed stopped."""
    job = _import(request, pk)
    with recorded(_actor(request), "import.continued", job) as entry:
        going = job.again()
        if not going:
            entry.discard()
    return redirect(request, "imports:detail", job.pk, toast="Import goes on" if going else "")


@requires("imports.run")
@require_safe
def errors(request: HttpRequest, pk: int) -> HttpResponse:
    job = _import(request, pk)
    name = f"{source_name_for(job.name)} errors.csv"
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name)}
    answer = StreamingHttpResponse(error_lines(job), content_type="text/csv; charset=utf-8", headers=headers)
    return cast(HttpResponse, answer)


def _import(request: HttpRequest, pk: int) -> Import:
    visible = Import.visible_to(request.user).select_related("source", "uploaded_by")
    return get_object_or_404(visible, pk=pk)


def _actor(request: HttpRequest) -> Actor:
    return Actor.of_staff(request.user)


def _about(job: Import) -> dict[str, Any]:
    layout = job.layout
    return {
        "job": job, "encoding": SHOWN.get(job.encoding, job.encoding), "delimiter": DELIMITERS[layout["delimiter"]],
        "rows_in_all": layout["rows"], "column_count": len(layout["columns"]), "what": KINDS[job.kind],
    }  # fmt: skip


def _plan(request: HttpRequest, job: Import) -> tuple[Plan, str]:
    """The draft's own mapping, or the saved one that the address names, or a guess for the kind of rows that it names;
    with what of a saved one the file lacks."""
    chosen, kind = request.GET.get("mapping", ""), request.GET.get("kind", "")
    kept = (
        ImportMapping.objects.filter(pk=int(chosen)).first()
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 10
        else None
    )
    if kept is None and kind in KINDS and kind != job.kind:
        return with_source(guess(Layout(**job.layout), kind), source_name_for(job.name)), ""
    if kept is None:
        return Plan.of_json(job.plan), ""
    plan = with_source(Plan.of_json(kept.plan), source_name_for(job.name))
    try:
        return plan.fit(job.layout["columns"]), ""
    except MappingProblem as problem:
        spelled = {column.casefold() for column in job.layout["columns"]}
        plan.uses = [use for use in plan.uses if use.column.casefold() in spelled]
        return plan.fit(job.layout["columns"]), str(problem)


def _milestone(job: Import, seen: str) -> str:
    """What screen readers hear: the quarters, and the end."""
    if not job.is_under_way:
        return f"Import {job.get_status_display().lower()}: {job.done:,} of {job.total or 0:,} rows."
    before = (
        int(digits) if (digits := seen.rpartition(".")[2]).isascii() and digits.isdigit() and len(digits) < 15 else 0
    )
    share = 100 * before / max(job.total or 1, 1)
    reached = [mark for mark in MILESTONES if share < mark <= (job.percent or 0)]
    return f"{reached[-1]} per cent imported." if reached else ""
