"""Several customers or documents permanently deleted by hand: counted, confirmed by typing, held ones named (6.2)."""

from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from core import clock, htmx
from customers.selecting import Selection
from retention import purging
from retention.previewing_many import CUSTOMER, DOCUMENT, MOST, PreviewOfMany, Subject
from retention.purge_forms import ManyForm
from staff.models import User
from staff.permissions import requires

PAGE = "retention/permanent_deletion_of_many.html"


@requires("customers.view", "customers.purge")
@require_http_methods(["GET", "POST"])
def customers(request: HttpRequest) -> HttpResponse:
    """The selected customers; of one alone the name is typed."""
    return _confirm(request, CUSTOMER)


@requires("documents.view", "documents.delete", "customers.purge")
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest) -> HttpResponse:
    return _confirm(request, DOCUMENT)


def _confirm(request: HttpRequest, subject: Subject) -> HttpResponse:
    """Without `ids`: what would happen to a selection of the list. With them: it happens, when it is confirmed."""
    user = cast(User, request.user)
    if request.method == "GET":  # the address alone selects nothing
        return htmx.redirect(request, _deleted_list(subject))
    try:
        ids = _ids(request, subject, user)
    except ValidationError as error:
        return _refused(request, subject, error.messages[0])
    if subject is CUSTOMER and len(ids) == 1 and "ids" not in request.POST:
        return htmx.redirect(request, "retention:permanent_deletion", ids[0])
    found = subject.preview(ids, user)
    if not found.ids:
        return _show(request, subject, found, None, status=409)
    words = subject.words(len(found.ids))
    if "ids" not in request.POST:
        text = ",".join(str(pk) for pk in ids)
        return _show(request, subject, found, ManyForm(words=words, initial={"ids": text}))
    form = ManyForm(request.POST, words=words)
    if not form.is_valid():
        return _show(request, subject, found, form, status=422)
    purge = purging.start(
        found.ids, actor=Actor.of_staff(user), subject=subject.subject, documents=form.cleaned_data["documents"],
        suppress=not form.cleaned_data["allow"], reason=form.reason,
    )  # fmt: skip
    return htmx.redirect(request, "retention:receipt", purge.pk)


def _ids(request: HttpRequest, subject: Subject, user: User) -> list[int]:
    """What was selected; the confirmation carries exactly what was counted. Raises ValidationError."""
    noun = subject.kind.noun
    if "ids" in request.POST:
        texts = request.POST["ids"].split(",")
        if len(texts) > MOST or not all(one.isascii() and one.isdigit() and len(one) < 12 for one in texts):
            raise ValidationError("The selection cannot be understood. Go back and select again.")
        return sorted({int(one) for one in texts})
    selection = Selection.of(request.POST, subject.kind)
    if selection.query is None:
        return list(selection.ids)
    ids = list(selection.rows(user, clock.now()).values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise ValidationError(
            f"At most {MOST:,} {noun}s can be permanently deleted at once. Narrow the list,"
            " or let a retention policy delete them."
        )
    if not ids:
        raise ValidationError(f"No {noun}s match any more.")
    return sorted(ids)


def _show(
    request: HttpRequest, subject: Subject, found: PreviewOfMany, form: ManyForm | None, status: int = 200
) -> HttpResponse:
    context = {
        "subject": subject,
        "noun": subject.kind.noun,
        "preview": found,
        "form": form,
        "of_customers": subject is CUSTOMER,
        "url": reverse(f"retention:purge_{subject.kind.noun}s"),
        "back": _deleted_list(subject),
    }
    return htmx.page(request, PAGE, context, status=status)


def _refused(request: HttpRequest, subject: Subject, text: str) -> HttpResponse:
    context = {"text": text, "back": _deleted_list(subject), "back_to": f"deleted {subject.kind.noun}s"}
    return render(request, "customers/refused.html", context, status=422)


def _deleted_list(subject: Subject) -> str:
    return f"{resolve_url(f'{subject.kind.noun}s:list')}?deleted=true"
