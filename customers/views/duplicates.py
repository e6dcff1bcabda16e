"""The page of probable duplicates (2.10)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from audit.actor import Actor
from core import htmx
from core.paging import Sort, capped_count, keyset
from customers import duplicates
from customers.duplicates import candidates_for, words_of
from customers.models import Customer
from staff.permissions import requires

BEST = Sort("score", "score", descending=True)


@require_safe
@requires("customers.view", "customers.merge")
def show(request: HttpRequest) -> HttpResponse:
    """The open pairs, the likeliest first."""
    found = candidates_for(request.user)
    page = keyset(found, BEST, request.GET.get("cursor"))
    ids = {pk for pair in page.rows for pk in (pair.first_id, pair.second_id)}
    people: Any = Customer.objects.filter(pk__in=ids).with_company(request.user).in_bulk()
    pairs = [
        {
            "pk": pair.pk, "customers": [people[pair.first_id], people[pair.second_id]],
            "evidence": ", ".join(words_of(pair.evidence)).capitalize(), "percent": round(pair.score * 100),
            "tone": "tone-bad" if pair.score >= 0.9 else "tone-warn" if pair.score >= 0.7 else "tone-none",
        }
        for pair in page.rows if pair.first_id in people and pair.second_id in people
    ]  # fmt: skip
    context = {"pairs": pairs, "page": page, "count": capped_count(found)}
    return htmx.page(request, "customers/duplicates.html", context, partials=(htmx.RESULTS,))


@require_POST
@requires("customers.view", "customers.merge")
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    pair = get_object_or_404(candidates_for(request.user).select_related("first", "second"), pk=pk)
    duplicates.dismiss(pair, actor=Actor.of_staff(request.user))
    text = f"{pair.first.display_name} and {pair.second.display_name} are two people: they are not suggested again."
    return htmx.redirect(request, "customers:duplicates", toast=text)
