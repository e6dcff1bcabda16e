"""A customer's profile beside one of their documents: facts, properties, all their feedback (5.3)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from audit.actor import Actor
from core import htmx
from customers.dealings import as_seen
from customers.editing import NotActive, set_property
from customers.models import Customer, Identifier, Tag
from feedback.models import Document
from feedback.rows import Row, rows_of
from feedback.views.finding import document_for, is_visible
from properties.models import Definition
from properties.values import shown
from staff.permissions import requires

PAGE = "documents/drawer.html"
LATEST = 10
VALUES_SHOWN = 20


@requires("documents.view", "customers.view")
@require_GET
def drawer(request: HttpRequest, pk: int) -> HttpResponse:
    document = document_for(request, pk)
    return htmx.page(request, PAGE, _context(request, document), partials={"drawer"})


@requires("documents.view", "customers.view", "customers.edit")
@require_POST
def properties(request: HttpRequest, pk: int) -> HttpResponse:
    """Assigns a property to the document's customer; no value removes it."""
    document = document_for(request, pk)
    customer = _customer_of(request, document)
    key, values = request.POST.get("key", "").strip(), request.POST.getlist("value")
    fault = "" if key else "Choose a property."
    try:
        if key:
            customer = set_property(customer, key, values, actor=Actor.of_staff(request.user))
    except ValidationError as error:
        fault = " ".join(error.messages)
    except NotActive:
        raise Http404 from None
    if not fault and not htmx.wanted(request, {"drawer-properties"}):
        return htmx.redirect(request, "documents:customer", pk)
    document.customer = customer
    context = _context(request, document, fault=fault, typed={"key": key, "value": " ".join(values)} if fault else {})
    status = 422 if fault else 200
    response = htmx.page(request, PAGE, context, partials={"drawer-properties"}, status=status)
    if fault:
        return response
    htmx.announce(response, "Property saved" if any(values) else "Property removed")
    return htmx.trigger(response, "customer-changed")


def _customer_of(request: HttpRequest, document: Document) -> Customer:
    """The document's customer, or 404: a document of a visible account may be from somebody who is not visible."""
    if document.customer is None or not document.customer.is_active:
        raise Http404
    if not is_visible(request, document.customer):
        raise Http404
    return document.customer


def _context(request: HttpRequest, document: Document, **more: Any) -> dict[str, Any]:
    [customer] = as_seen([_customer_of(request, document)], request.user)

    def feedback() -> list[Row]:
        visible = Document.objects.visible_to(request.user).active().of_customer(customer)
        return rows_of(request, visible.order_by("-occurred_at", "-id")[:LATEST])

    return {
        "document": document,
        "customer": customer,
        "identifiers": lambda: list(customer.identifiers.all()[:50]),
        "kinds": dict(Identifier.Kind.choices),
        "company": lambda: _company(customer, request.user),
        "tags": lambda: list(Tag.objects.filter(pk__in=customer.tag_ids)),
        "facts": lambda: _facts(customer),
        "definitions": lambda: list(Definition.objects.filter(subject="customer")[:500]),
        "feedback": feedback,
        **more,
    }


def _company(customer: Customer, viewer: Any) -> str | None:
    named: Any = Customer.objects.with_company(viewer).get(pk=customer.pk)
    company: str | None = named.company
    return company


def _facts(customer: Customer) -> list[dict[str, str]]:
    """The properties with their labels, those of the company last."""
    known = {each.key: each for each in Definition.objects.filter(subject="customer", key__in=customer.properties)}
    facts = []
    for key, values in customer.properties.items():
        definition = known.get(key)
        values = values if isinstance(values, list) else [values]
        text = ", ".join(shown(value, definition.type if definition else "text") for value in values[:VALUES_SHOWN])
        label = definition.label if definition else key
        label = f"Company: {label}" if definition and definition.of_company else label
        facts.append({"key": key, "label": label, "text": text})
    order = {key: (each.position, each.label) for key, each in known.items()}
    return sorted(
        facts, key=lambda fact: (fact["key"].startswith("company."), order.get(fact["key"], (0, fact["label"])))
    )
