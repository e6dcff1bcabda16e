"""A customer added by hand: a page, and a dialog from anywhere (2.5)."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from core import htmx
from customers.creating import Taken, create_by_hand
from customers.forms import CustomerForm
from customers.models import Customer
from customers.suppressing import IntakeStopped, Suppressed
from customers.views.identifiers import is_hidden, taken_text
from properties.models import Definition
from staff.permissions import requires

PAGE = "customers/create.html"


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _show(request, CustomerForm(viewer=request.user))
    if "more" in request.POST:
        return _show(request, _with_more_rows(request))
    form = CustomerForm(request.POST, viewer=request.user)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        customer = create_by_hand(
            name=form.cleaned_data["name"], identities=form.identities, properties=dict(form.properties),
            types=form.types, account=form.cleaned_data["found"], actor=Actor.of_staff(request.user),
        )  # fmt: skip
    except Taken as taken:
        form.add_error(taken.identity.kind, taken_text(taken, request.user))
        if taken.customer.is_active or is_hidden(taken.customer, request.user):
            return _show(request, form, status=422)
        return _show(request, form, status=409, deleted=taken.customer)
    except IntakeStopped as stopped:
        form.add_error(None, str(stopped))
        return _show(request, form, status=503)
    except Suppressed as refused:
        form.add_error(refused.identity.kind if refused.identity.kind in form.fields else None, refused.text)
        return _show(request, form, status=409)
    except ValidationError as error:
        form.refuse(error.message_dict if hasattr(error, "error_dict") else {"": error.messages})
        return _show(request, form, status=422)
    return htmx.redirect(request, "customers:detail", customer.pk, toast=f"Added {customer.display_name}")


def _with_more_rows(request: HttpRequest) -> CustomerForm:
    """What was typed so far, not judged yet, and one more line for a property."""
    form = CustomerForm(viewer=request.user, initial=request.POST.dict())
    form.rows = CustomerForm(request.POST, viewer=request.user).rows
    form.more_rows()
    return form


def _show(request: HttpRequest, form: CustomerForm, status: int = 200, deleted: Customer | None = None) -> HttpResponse:
    """`deleted` is who has what was typed, and can be restored instead."""
    context = {
        "form": form,
        "deleted": deleted,
        "types": Definition.Type.choices,
        "keys": lambda: Definition.objects.filter(subject="customer").values_list("key", "label")[:200],
        "rows_open": any(row["key"] or row["value"] or row["error"] for row in form.rows) or len(form.rows) > 1,
    }
    return htmx.page(request, PAGE, context, partials=("dialog",), status=status)
