from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import resolve_url
from django.views.decorators.http import require_safe

from core import htmx
from customers.chips import address
from customers.filter_forms import FORMS
from staff.permissions import requires

OWN = ("apply", "csrfmiddlewaretoken")


@require_safe
@requires("customers.view")
def edit(request: HttpRequest, kind: str) -> HttpResponse:
    """A filter that needs more room than a menu: a dialog of the list, and a page where there is no script.

    `apply` leads back to the list with the filter in its address; without it the form is shown, its fields as chosen.
    """
    if kind not in FORMS:
        raise Http404
    form_class = FORMS[kind]
    applying = "apply" in request.GET
    chosen = "property" in request.GET
    form = form_class(request.GET if applying else None, initial=request.GET.dict() if chosen else {})
    form.viewer = request.user
    kept = _without(request.GET, [*form.fields, *OWN])
    if applying and form.is_valid():
        changes: dict[str, Any] = form.changes(kept)
        return htmx.redirect(request, resolve_url("customers:list") + address(kept, **changes))
    context = {
        "form": form,
        "kind": kind,
        "title": form.title,
        "kept": [(name, value) for name, values in kept.lists() for value in values if value and name != "cursor"],
        "back": resolve_url("customers:list") + address(kept),
    }
    status = 422 if applying else 200
    return htmx.page(request, "customers/filter.html", context, partials=("dialog",), status=status)


def _without(data: QueryDict, names: list[str]) -> QueryDict:
    kept = data.copy()
    for name in names:
        kept.pop(name, None)
    return kept
