"""Receipts of permanent deletions: how far one is, and afterwards what it did, without anything personal (6.5)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from core.htmx import page, redirect
from core.json import dumps
from core.paging import Sort, keyset
from retention.models import Purge
from retention.receipts import receipt, words
from staff.permissions import requires

NEWEST = Sort("started", "created_at", descending=True)


@requires("customers.purge")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    purges = Purge.visible_to(request.user).select_related("actor").defer("ids", "skipped_why")
    rows = keyset(purges, NEWEST, request.GET.get("cursor"))
    return page(request, "retention/receipts.html", {"rows": rows}, partials=("results",))


@requires("customers.purge")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    purge = get_object_or_404(Purge.visible_to(request.user).select_related("actor"), pk=pk)
    context = {"purge": purge, "counts": words(purge.counts), "skipped": purge.skipped_why}
    return page(request, "retention/receipt.html", context, partials=("progress",))


@requires("customers.purge")
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    purge = get_object_or_404(Purge.visible_to(request.user).select_related("actor"), pk=pk)
    if not purge.is_finished:
        raise Http404
    response = HttpResponse(dumps(receipt(purge)), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="roster-receipt-{purge.pk}.json"'
    return response


@requires("customers.purge")
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes on with one that failed or was set aside: what was claimed is never given back."""
    purge = get_object_or_404(Purge.visible_to(request.user), pk=pk)
    purge.again()
    return redirect(request, "retention:receipt", pk)
