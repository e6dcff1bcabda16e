"""A document's customer: Add Customer, Create New Customer, Change, Remove, and Undo of each (5.3, 5.4)."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from audit.actor import Actor
from core import htmx, schedules
from core.ui import day_text, reading_of
from customers.creating import Taken
from customers.models import Customer
from customers.suppressing import IntakeStopped, Suppressed
from customers.views.identifiers import is_hidden, taken_text
from feedback import linking
from feedback.forms import NewCustomerForm, Properties
from feedback.models import Document
from feedback.suggesting import owner_of, suggestions
from feedback.views.detail import PAGE, context_of
from feedback.views.finding import document_to_assign
from properties.models import Definition
from staff.permissions import requires, teams_of

ADD = "documents/add_customer.html"
NEW = "documents/new_customer.html"
TYPED_LIMIT = 200
UNSEEN = "This document has no account, so you would not see whom you create. Choose somebody, or ask an admin."
KEPT = "This document has no account: without its customer you could not see it any more. Ask an admin to remove them."
Link = Document.Link


@requires("documents.view", "documents.edit", "customers.view")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """The picker; POST links the customer picked in it."""
    document = document_to_assign(request, pk)
    if request.method == "POST":
        return _link(request, document)
    return _picker(request, document)


@requires("documents.view", "documents.edit", "customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Create New Customer. An email that exists updates that customer's name instead, and says so."""
    document = document_to_assign(request, pk)
    if request.method == "GET":
        typed = _typed(request)
        form = NewCustomerForm(initial={"email": typed} if "@" in typed else {"name": typed})
        return _form(request, document, form, Properties(rows=1), email=typed if "@" in typed else "")
    form, properties = NewCustomerForm(request.POST), Properties(request.POST)
    if "more" in request.POST:
        properties.more()
        form = NewCustomerForm(initial=request.POST.dict())
        return _form(request, document, form, properties, email=request.POST.get("email", ""))
    if not (form.is_valid() & properties.is_valid()):
        return _form(request, document, form, properties, status=422)
    if teams_of(request.user) is not None and document.account_id is None:
        form.add_error(None, UNSEEN)
        return _form(request, document, form, properties, status=422)
    before = document.link
    try:
        done = linking.create_and_link(
            document, email=form.cleaned_data["email"], name=form.cleaned_data["name"], properties=properties.values,
            actor=Actor.of_staff(request.user), viewer=request.user,
        )  # fmt: skip
    except Taken as taken:
        if is_hidden(taken.customer, request.user):
            form.add_error("email", taken_text(taken, request.user))
            return _form(request, document, form, properties, status=422)
        form.add_error(
            "email", f"This email belongs to customer {taken.customer.pk}, who is deleted. Restore them first."
        )
        return _form(request, document, form, properties, status=409, deleted=taken.customer)
    except IntakeStopped as stopped:
        form.add_error(None, str(stopped))
        return _form(request, document, form, properties, status=503)
    except Suppressed as refused:
        form.add_error("email", refused.text)
        return _form(request, document, form, properties, status=409)
    except ValidationError as error:
        _say(error, form, properties)
        return _form(request, document, form, properties, status=422)
    return _done(request, document, _created_text(done), undo_to=done.previous_id, undo_link=before)


@requires("documents.view", "documents.edit", "customers.view")
@require_GET
def known_email(request: HttpRequest, pk: int) -> HttpResponse:
    """What saving this email would do, said before it happens."""
    document = document_to_assign(request, pk)
    context = {"document": document, **_known(request, request.GET.get("email", ""))}
    return htmx.page(request, NEW, {**context, "form": NewCustomerForm(request.GET)}, partials={"email-note"})


@requires("documents.view", "documents.edit", "customers.view")
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the customer off the document; says when that leaves somebody to be permanently deleted."""
    document = document_to_assign(request, pk)
    if teams_of(request.user) is not None and document.account_id is None:
        return render(request, "customers/refused.html", _refusal(document), status=409)
    before = document.link
    customer = linking.unlink(document, actor=Actor.of_staff(request.user))
    if customer is None:
        return _done(request, document, "This document has no customer.")
    text = _removed_text(request, customer)
    return _done(request, document, text, undo_to=customer.pk, undo_link=before, removed=customer)


@requires("documents.view", "documents.edit", "customers.view")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives the document the customer back that it had before: `to`, or nobody; linked as it was then."""
    document, actor = document_to_assign(request, pk), Actor.of_staff(request.user)
    to, was = request.GET.get("to", ""), request.GET.get("link", "")
    try:
        if to:
            customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=_number(to))
            as_ = Link(was) if was in {Link.MATCHED, Link.RULE} else Link.STAFF
            linking.link(document, customer, actor=actor, as_=as_)
            text = f"{customer.display_name} is back on this document."
        elif teams_of(request.user) is not None and document.account_id is None:
            text = KEPT
        else:
            linking.unlink(document, actor=actor, as_=Link.NONE if was == Link.NONE else Link.REMOVED)
            text = "This document has no customer again."
    except Customer.DoesNotExist:
        text = "That customer was deleted meanwhile, so the document keeps what it has."
    return htmx.back(request, "documents:detail", pk, toast=text)


def _link(request: HttpRequest, document: Document) -> HttpResponse:
    chosen = Customer.objects.visible_to(request.user).filter(pk=_number(request.POST.get("customer", ""))).first()
    before = document.link
    try:
        if chosen is None:
            raise Customer.DoesNotExist
        done = linking.link(document, chosen, actor=Actor.of_staff(request.user))
    except Customer.DoesNotExist:
        return _picker(request, document, status=409, fault="This customer is not there any more. Choose another one.")
    text = f"{done.customer.display_name} is the customer of this document."
    return _done(request, document, text, undo_to=done.previous_id, undo_link=before)


def _picker(request: HttpRequest, document: Document, *, status: int = 200, fault: str = "") -> HttpResponse:
    typed = _typed(request)
    context = {
        "document": document,
        "typed": typed,
        "found": suggestions(document, typed, request.user),
        "fault": fault,
        "new_url": f"{reverse('documents:new_customer', args=[document.pk])}?{urlencode({'q': typed})}",
    }
    if status == 200:
        return htmx.page(request, ADD, context, partials={"dialog", "picker-list"})
    return _refused(request, ADD, context, status)


def _form(
    request: HttpRequest, document: Document, form: NewCustomerForm, properties: Properties, *,
    email: str | None = None, status: int = 200, deleted: Customer | None = None,
) -> HttpResponse:  # fmt: skip
    email = form.data.get("email", "") if email is None else email
    context = {
        "document": document,
        "form": form,
        "properties": properties,
        "definitions": Definition.objects.filter(subject="customer")[:500],
        "deleted": deleted,
        **({} if deleted else _known(request, email)),
    }
    if status == 200:
        return htmx.page(request, NEW, context, partials={"dialog"})
    return _refused(request, NEW, context, status)


def _refused(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """The dialog again, with what is wrong; had it worked, the document's header would have been swapped instead."""
    if not htmx.wanted(request, {"customer", "dialog"}):
        return htmx.page(request, template, context, status=status)
    response = htmx.page(request, f"{template}#dialog", {**context, "in_dialog": True}, status=status)
    return reswap(retarget(response, "#dialog"), "innerHTML")


def _known(request: HttpRequest, email: str) -> dict[str, Any]:
    owner = owner_of(email) if email else None
    if owner is None or not Customer.objects.visible_to(request.user).filter(pk=owner.pk).exists():
        return {}
    return {"known": owner} if owner.is_active else {"deleted": owner}


def _done(
    request: HttpRequest, document: Document, text: str, *, undo_to: int | None = None, undo_link: str = "",
    removed: Customer | None = None,
) -> HttpResponse:  # fmt: skip
    """The header of the document as it is now, and a toast that undoes it."""
    before = urlencode({"to": undo_to or "", "link": undo_link})
    back = f"{reverse('documents:undo_customer', args=[document.pk])}?{before}" if undo_link else None
    if not htmx.wanted(request, {"customer"}):
        return htmx.redirect(request, "documents:detail", document.pk, toast=text, undo_url=back)
    context = context_of(request, document, removed=removed, due_at=removed and removed.orphan_due_at())
    response = htmx.page(request, PAGE, context, partials={"customer"})
    htmx.close_dialog(response)
    htmx.toast(response, text, back)
    return htmx.trigger(response, "document-changed")


def _refusal(document: Document) -> dict[str, str]:
    return {"text": KEPT, "back": reverse("documents:detail", args=[document.pk]), "back_to": "the document"}


def _created_text(done: linking.Linked) -> str:
    customer = done.customer
    if done.created:
        return f"Created {customer.display_name}, the customer of this document."
    if done.renamed_from:
        return f"The email was {done.renamed_from}’s: renamed to {customer.display_name} and linked."
    return f"The email was {customer.display_name}’s already: linked."


def _removed_text(request: HttpRequest, customer: Customer) -> str:
    text = f"Removed {customer.display_name}."
    due_at = customer.orphan_due_at()
    if not due_at:
        return text
    reading = reading_of(request)
    day = day_text(due_at.astimezone(reading.zone), reading.now.astimezone(reading.zone))
    return (
        f"{text} No documents left: permanently deleted on {day}, "
        f"after {schedules.kept_days('orphans')} days, unless linked again."
    )


def _say(error: ValidationError, form: NewCustomerForm, properties: Properties) -> None:
    """Puts what a command refused beside what it refused."""
    said = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    properties.refuse(said)
    for name, messages in said.items():
        if name in form.fields:
            form.add_error(name, messages)
        elif not any(row["error"] for row in properties.rows):
            form.add_error(None, messages)


def _typed(request: HttpRequest) -> str:
    typed = request.GET.get("q", "")[:TYPED_LIMIT]
    return "".join(c for c in typed if c != "\0" and not "\ud800" <= c <= "\udfff").strip()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
