"""A customer's legal hold, set and lifted with a reason (6.4)."""

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from core import htmx
from customers import holding
from customers.models import Customer
from staff.permissions import requires

PAGE = "customers/legal_hold.html"
State = Customer.State


class HoldForm(forms.Form):
    reason = forms.CharField(
        label="Reason", max_length=holding.REASON_LIMIT,
        error_messages={"required": "Enter the reason."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )  # fmt: skip


@requires("customers.view", "holds.manage")
@require_http_methods(["GET", "POST"])
def legal_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Sets a hold where there is none, otherwise lifts it; `held` in the form says which of both was meant."""
    visible = Customer.objects.visible_to(request.user).readable()
    customer = get_object_or_404(visible, pk=pk)
    if request.method == "GET":
        return _show(request, customer, HoldForm())
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _show(request, customer, form, status=422)
    lifting = request.POST.get("held") == "yes"
    command = holding.lift if lifting else holding.hold
    try:
        command(customer, form.cleaned_data["reason"], actor=Actor.of_staff(request.user))
    except ValidationError as error:
        form.add_error("reason", error)
        return _show(request, customer, form, status=422)
    except holding.NotThere:
        raise Http404 from None
    text = "Legal hold lifted" if lifting else f"{customer.display_name} is on legal hold"
    return htmx.redirect(request, "customers:detail", pk, toast=text)


def _show(request: HttpRequest, customer: Customer, form: HoldForm, status: int = 200) -> HttpResponse:
    context = {"customer": customer, "form": form}
    return htmx.page(request, PAGE, context, partials=("dialog",), status=status)
