"""Merging customers: whom with whom, the preview, the merge itself, and its undo (7)."""

from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from audit.actor import Actor
from core import clock, htmx
from customers import merging
from customers.bulk import CUSTOMERS
from customers.duplicates import words_of
from customers.filters import BIGGEST_ID
from customers.merge_plan import MOST_SOURCES, Field, Plan
from customers.models import Customer, DuplicateCandidate, Merge
from customers.selecting import Selection
from customers.suggesting import search
from customers.views.profile import customer_for, url_of
from staff.models import User
from staff.permissions import requires

PAGE, SEARCH = "customers/merge.html", "customers/merge_search.html"
PICK = "pick."


@requires("customers.view", "customers.merge")
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Merges the customers of `with` into this one; GET shows what that would do, and without `with` asks for whom."""
    sources = [found for text in request.GET.getlist("with") if (found := _number(text))]
    if not sources:
        return _search(request, pk)
    picks = _picks(request.POST if request.method == "POST" else request.GET)
    try:
        if request.method == "GET":
            return _page(request, merging.preview(pk, sources, viewer=request.user, picks=picks))
        if swapped := _number(request.POST.get("keep", "")):
            others = [one for one in (pk, *sources) if one != swapped]
            return htmx.redirect(request, address_of(swapped, others, picks))
        done = merging.merge(
            pk, sources, actor=Actor.of_staff(request.user), viewer=request.user, picks=picks,
            fingerprint=request.POST.get("fingerprint", ""),
        )  # fmt: skip
    except Customer.DoesNotExist:
        raise Http404 from None
    except merging.Refused as refused:
        return _page(request, refused.plan, status=409)
    except merging.Changed as changed:
        return _page(request, changed.plan, changed=True, status=409)
    names = ", ".join(one.display_name for one in Customer.objects.filter(pk__in=done.source_ids).order_by("pk"))
    return htmx.redirect(request, "customers:detail", pk, toast=f"Merged {names} into this profile.")


@require_POST
@requires("customers.view", "customers.merge")
def selected(request: HttpRequest) -> HttpResponse:
    """From the selected rows of the list to the preview; the one with the most feedback is proposed to be kept."""
    try:
        chosen = Selection.of(request.POST, CUSTOMERS).rows(cast(User, request.user), clock.now())
        chosen = chosen.filter(state=Customer.State.ACTIVE)
        found = list(chosen.order_by("-feedback_count", "pk").values_list("pk", flat=True)[: MOST_SOURCES + 2])
        if not 2 <= len(found) <= MOST_SOURCES + 1:
            raise ValidationError(f"Select 2 to {MOST_SOURCES + 1} customers who are one person.")
    except ValidationError as error:
        return render(request, "customers/refused.html", {"text": error.messages[0]}, status=422)
    return htmx.redirect(request, address_of(found[0], found[1:], {}))


@require_POST
@requires("customers.view", "customers.merge")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a merge apart; 409 with the reason when it cannot be."""
    done = get_object_or_404(Merge, pk=pk)
    survivor = get_object_or_404(Customer.objects.visible_to(request.user), pk=done.survivor_id)
    try:
        merging.undo(done, actor=Actor.of_staff(request.user), viewer=request.user)
    except merging.CannotUndo as problem:
        context = {"text": str(problem), "back": url_of(survivor), "back_to": "the profile"}
        return render(request, "customers/refused.html", context, status=409)
    names = ", ".join(one.display_name for one in Customer.objects.filter(pk__in=done.source_ids).order_by("pk"))
    verb = "has" if len(done.source_ids) == 1 else "have"
    return htmx.redirect(request, url_of(survivor), toast=f"Undone: {names} {verb} a profile again.")


def address_of(keep: int, sources: list[int], picks: dict[str, int]) -> str:
    """The preview's address, which holds every decision: it can be sent to a colleague."""
    query = [("with", pk) for pk in sources] + [(f"{PICK}{key}", pk) for key, pk in picks.items()]
    return f"{reverse('customers:merge', args=[keep])}?{urlencode(query)}"


def _search(request: HttpRequest, pk: int) -> HttpResponse:
    customer = customer_for(request, pk)
    typed = "".join(c for c in request.GET.get("q", "")[:200] if c != "\0" and not "\ud800" <= c <= "\udfff").strip()
    context = {
        "customer": customer,
        "typed": typed,
        "found": search(typed, request.user, leave_out=pk) if typed else [],
        "candidates": [] if typed else _candidates(request, customer),
    }
    return htmx.page(request, SEARCH, context, partials={"found"})


def _candidates(request: HttpRequest, customer: Customer) -> list[Customer]:
    pairs = DuplicateCandidate.objects.filter(Q(first=customer) | Q(second=customer), dismissed_at=None)
    ids = {pk for pair in pairs.order_by("-score")[:8].values_list("first_id", "second_id") for pk in pair}
    visible: Any = Customer.objects.visible_to(request.user).active().with_company(request.user)
    return list(visible.filter(pk__in=ids - {customer.pk}))


def _page(request: HttpRequest, plan: Plan, *, changed: bool = False, status: int = 200) -> HttpResponse:
    single = plan.fields
    sources = [source.pk for source in plan.sources]
    picks = {one.key: one.chosen for one in single if one.chosen != one.by_itself}
    context = {
        "plan": plan,
        "survivor": plan.survivor,
        "one_source": plan.sources[0] if len(plan.sources) == 1 else None,
        "action": address_of(plan.survivor.pk, sources, {}),
        "differing": [_row(plan, one) for one in single if one.differs],
        "one_sided": [_row(plan, one) for one in single if not one.differs and not one.same],
        "identical": [_row(plan, one) for one in single if one.same and one.result.text],
        "counts": plan.counts,
        "feedback": next((count.after for count in plan.counts if count.label == "Feedback"), 0),
        "changed": changed,
        "picked": picks,
        "days": settings.MERGE_UNDO_DAYS,
        "undo_until": timezone.now() + timedelta(days=settings.MERGE_UNDO_DAYS),
        "evidence": _evidence(plan),
    }
    return htmx.page(request, PAGE, context, status=status)


def _row(plan: Plan, one: Field) -> dict[str, Any]:
    cells = [
        {
            "pk": customer.pk, "name": customer.display_name, "text": one.values[customer.pk].text,
            "checked": one.chosen == customer.pk,
            "pickable": bool(one.values[customer.pk].raw) or one.values[customer.pk].mark is not None,
        }
        for customer in plan.customers
    ]  # fmt: skip
    return {"key": f"{PICK}{one.key}", "label": one.label, "cells": cells, "result": one.result.text}


def _evidence(plan: Plan) -> list[str]:
    pairs = DuplicateCandidate.objects.filter(first_id__in=plan.ids, second_id__in=plan.ids)
    return list(dict.fromkeys(text for pair in pairs for text in words_of(pair.evidence)))


def _picks(data: QueryDict) -> dict[str, int]:
    return {
        key.removeprefix(PICK): pk
        for key, text in list(data.items())[:500]
        if key.startswith(PICK) and (pk := _number(str(text)))
    }


def _number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return number if number <= BIGGEST_ID else 0
