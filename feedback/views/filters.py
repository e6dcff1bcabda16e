"""Filters that need more room than a menu: a dialog of the list, and a page where there is no script."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import htmx
from customers.models import Segment
from customers.property_filters import OPERATORS, OPERATORS_OF, WITHOUT_VALUE, understood
from feedback.property_filters import ACCOUNT, CUSTOMER
from properties.models import Definition
from staff.permissions import requires

PAGE = "documents/filter.html"
MOST = 8
MOST_SEGMENTS = 500
PREFIXES = {"customer-property": CUSTOMER, "account-property": ACCOUNT}
TITLES = {
    "account": "Filter by account",
    "segment": "Filter by segment",
    "customer-property": "Filter by a property of the customer",
    "account-property": "Filter by a property of the account",
}
OWN = ("property", "operator", "value", "apply", "search", "cursor")


@requires("documents.view")
@require_GET
def choose(request: HttpRequest, kind: str) -> HttpResponse:
    """The form of one filter. It leads back to the list with the filter in its address."""
    if kind not in TITLES:
        raise Http404
    kept = request.GET.copy()
    for name in OWN:
        kept.pop(name, None)
    context = {"kind": kind, "title": TITLES[kind], "kept": kept, "back": _list(kept)}
    if kind == "account":
        return htmx.page(request, PAGE, {**context, **_accounts(request, kept)}, partials={"dialog", "account-choices"})
    if kind == "segment":
        return htmx.page(request, PAGE, {**context, "links": _segments(kept)}, partials={"dialog"})
    form = _property_form(request, kind)
    if "apply" in request.GET and not form["fault"]:
        kept.appendlist(f"{PREFIXES[kind]}{form['definition'].key}", form["text"])
        return htmx.redirect(request, _list(kept))
    status = 422 if "apply" in request.GET else 200
    return htmx.page(
        request, PAGE, {**context, "form": form, "fault": form["fault"]}, partials={"dialog"}, status=status
    )


def _accounts(request: HttpRequest, kept: QueryDict) -> dict[str, Any]:
    typed = request.GET.get("search", "")[:100].replace("\0", "")
    visible = Account.objects.visible_to(request.user).active()
    found = visible.search(typed).order_by("sort_name", "pk")[:MOST] if typed.strip() else visible.order_by("-pk")[:0]
    links = []
    for value, name in [*((account.pk, account.name) for account in found), ("none", "Without an account")]:
        query = kept.copy()
        query["account"] = str(value)
        links.append((name, _list(query)))
    return {"typed": typed, "links": links, "found": len(links) - 1}


def _segments(kept: QueryDict) -> list[tuple[str, str]]:
    """(name, address of the list of its customers' feedback) of every segment."""
    links = []
    for pk, name in Segment.objects.values_list("pk", "name")[:MOST_SEGMENTS]:
        query = kept.copy()
        query["segment"] = str(pk)
        links.append((name, _list(query)))
    return links


def _property_form(request: HttpRequest, kind: str) -> dict[str, Any]:
    subject = Definition.Subject.CUSTOMER if PREFIXES[kind] == CUSTOMER else Definition.Subject.ACCOUNT
    definitions = list(Definition.objects.filter(subject=subject)[:500])
    key, operator, value = (request.GET.get(name, "") for name in ("property", "operator", "value"))
    definition = next((each for each in definitions if each.key == key), definitions[0] if definitions else None)
    allowed = OPERATORS_OF[definition.type] if definition else ()
    operator = operator if operator in allowed else (allowed[0] if allowed else "")
    text, fault = "", ""
    if "apply" in request.GET and definition is not None:
        try:
            text = understood(definition, f"{operator}:{value if operator not in WITHOUT_VALUE else ''}").text
        except ValidationError as error:
            fault = " ".join(error.messages)
    return {
        "definitions": definitions,
        "definition": definition,
        "operators": [(each, OPERATORS[each]) for each in allowed],
        "operator": operator,
        "value": value,
        "text": text,
        "fault": fault or ("" if definition else "There are no properties yet."),
    }


def _list(query: QueryDict) -> str:
    for name in [name for name, values in query.lists() if not any(values)]:
        query.pop(name)
    return reverse("documents:list") + (f"?{query.urlencode()}" if query else "")
