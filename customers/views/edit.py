"""A customer's name, edited in place."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from customers.editing import NotActive, Stale, rename
from customers.forms import NameForm
from customers.models import Customer
from customers.views.profile import Opened, customer_for, done, show, unless_changed
from staff.permissions import requires


@requires("customers.view", "customers.edit")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    customer = customer_for(request, pk)
    if request.method == "GET":
        form = NameForm(initial={"name": customer.name, "version": customer.version, "was": customer.name})
        return show(request, customer, opened=Opened("name", form))
    form = NameForm(request.POST)
    if not form.is_valid():
        return show(request, customer, opened=Opened("name", form), status=422)
    name, was = form.cleaned_data["name"], form.cleaned_data["was"]

    def act(version: int | None) -> Customer:
        return rename(customer, name, actor=Actor.of_staff(request.user), version=version)

    try:
        unless_changed(act, version=form.cleaned_data["version"], was=was, now_stands=lambda now: now.name)
    except Stale as stale:
        return _conflict(request, stale.customer, name)
    except ValidationError as error:
        form.add_error("name", error)
        return show(request, customer, opened=Opened("name", form), status=422)
    except NotActive:
        raise Http404 from None
    return done(request, customer, "Name saved", part="customer-header", focus="edit-name")


def _conflict(request: HttpRequest, now: Customer, mine: str) -> HttpResponse:
    data = {"name": mine, "version": now.version, "was": now.name}
    opened = Opened("name", NameForm(data), theirs=now.name, mine=mine)
    return show(request, now, opened=opened, status=409)
