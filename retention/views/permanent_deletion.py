"""A customer permanently deleted by hand: what goes and what stays, counted; confirmed by typing the name (6.2)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from core import htmx
from customers.models import Customer
from retention import purging
from retention.previewing import Preview, preview
from retention.purge_forms import PermanentDeletionForm
from staff.permissions import requires


@requires("customers.view", "customers.purge")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    customers = Customer.objects.visible_to(request.user).exclude(state__in=["merged", "purging"])
    customer = get_object_or_404(customers, pk=pk)
    found = preview(customer)
    if found.refusal:
        return _show(request, customer, found, PermanentDeletionForm(customer=customer), status=409)
    if request.method == "GET":
        return _show(request, customer, found, PermanentDeletionForm(customer=customer))
    form = PermanentDeletionForm(request.POST, customer=customer)
    if not form.is_valid():
        return _show(request, customer, found, form, status=422)
    purge = purging.start(
        [customer.pk], actor=Actor.of_staff(request.user), documents=form.cleaned_data["documents"],
        suppress=not form.cleaned_data["allow"], reason=form.reason,
    )  # fmt: skip
    return htmx.redirect(request, "retention:receipt", purge.pk)


def _show(
    request: HttpRequest, customer: Customer, found: Preview, form: PermanentDeletionForm, status: int = 200
) -> HttpResponse:
    context = {"customer": customer, "preview": found, "form": form}
    return htmx.page(request, "retention/permanent_deletion.html", context, status=status)
