"""All data about one customer, to hand over (6.5)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from audit.actor import Actor
from audit.recording import recorded
from customers.models import Customer
from retention.exporting import archive
from staff.permissions import requires


@requires("customers.view", "exports.run")
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    customers = Customer.objects.visible_to(request.user).filter(state__in=["active", "deleted"])
    customer = get_object_or_404(customers, pk=pk)
    with recorded(Actor.of_staff(request.user), "customer.data_exported", customer):
        content = archive(customer, request.user)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="customer-{customer.pk}.zip"'
    return response
