"""The one record that an address names, as the holder of the key may see it. What is not visible is absent."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Account
from api.schemas.common import BIGGEST
from customers.models import Customer, Merge
from feedback.models import Document
from integrations.answers import Refused
from integrations.models import ApiKey

ANY = ("active", "deleted")


class Moved(Exception):
    """The customer was merged into another one, whom the key may see."""

    def __init__(self, customer_id: int, survivor_id: int) -> None:
        super().__init__(f"Customer {customer_id} was merged into {survivor_id}")
        self.customer_id, self.survivor_id = customer_id, survivor_id

    @property
    def address(self) -> str:
        return reverse("api:customer", args=[self.survivor_id])


def states_of(request: HttpRequest) -> tuple[str, ...]:
    """What may be found: deleted records only where the address says so."""
    return ANY if request.GET.get("deleted") == "true" else ("active",)


def customer_for(key: ApiKey, pk: int, states: tuple[str, ...] = ("active",)) -> Customer:
    """Raises Refused 404, and Moved for one who was merged away."""
    found = Customer.objects.visible_to(key).filter(pk=pk, state__in=states).first() if pk <= BIGGEST else None
    if found:
        return found
    survivor_id = Customer.objects.filter(pk=min(pk, BIGGEST)).values_list("merged_into_id", flat=True).first()
    if survivor_id and Customer.objects.visible_to(key).filter(pk=survivor_id, state__in=ANY).exists():
        raise Moved(pk, survivor_id)
    raise absent("customer")


def customer_to_change(key: ApiKey, pk: int, states: tuple[str, ...] = ("active",)) -> Customer:
    """Raises Refused 404, and 409 `merged` with `merged_into`."""
    try:
        return customer_for(key, pk, states)
    except Moved as moved:
        raise merged(moved.survivor_id) from None


def document_for(key: ApiKey, pk: int, states: tuple[str, ...] = ("active",)) -> Document:
    return _found(Document.objects.visible_to(key), pk, states, "document")


def account_for(key: ApiKey, pk: int, states: tuple[str, ...] = ("active",)) -> Account:
    return _found(Account.objects.visible_to(key), pk, states, "account")


def merge_for(key: ApiKey, pk: int) -> Merge:
    seen = Customer.objects.visible_to(key).filter(state__in=[*ANY, "merged"])
    found = Merge.objects.filter(pk=pk, survivor__in=seen).first() if pk <= BIGGEST else None
    if found is None:
        raise absent("merge")
    return found


def _found(rows: Any, pk: int, states: tuple[str, ...], what: str) -> Any:
    found = rows.filter(pk=pk, state__in=states).first() if pk <= BIGGEST else None
    if found is None:
        raise absent(what)
    return found


def absent(what: str) -> Refused:
    return Refused(404, "not_found", f"There is no such {what}.")


def merged(survivor_id: int) -> Refused:
    message = f"This customer was merged into customer {survivor_id}."
    return Refused(409, "merged", message, facts={"merged_into": survivor_id})
