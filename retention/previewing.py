"""What a permanent deletion would take and what it would leave, counted before anybody confirms it (6.2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import models

from audit.models import Change
from core.arrays import AnyOf
from customers.deleting import IN_THE_WAY
from customers.holding import holds_on
from customers.models import Customer, CustomerTag, Identifier, Membership, Note
from engagement.models import SurveyResponse
from feedback.models import Document
from retention.purging import held_by_documents


@dataclass(frozen=True)
class Preview:
    """(what, how many) of what goes, and of what stays without the person. `documents` go or stay as is chosen."""

    goes: list[tuple[str, int]] = field(default_factory=list)
    stays: list[tuple[str, int]] = field(default_factory=list)
    documents: int = 0
    refusal: str = ""


def preview(customer: Customer) -> Preview:
    return replace(counted([customer.pk]), refusal=refusal(customer))


def counted(ids: Sequence[int]) -> Preview:
    """What goes with these customers and what stays of them."""
    absorbed = list(Customer.objects.filter(AnyOf("merged_into_id", ids)).values_list("pk", flat=True))
    every = [*ids, *absorbed]
    one = len(ids) == 1
    goes = [
        ("Profile, with its properties" if one else "Profiles, with their properties", len(ids)),
        (f"Profiles merged into {'it' if one else 'them'}", len(absorbed)),
        ("Emails, phones, user IDs and handles", _of(Identifier, every)),
        ("Places in accounts", _of(Membership, every)),
        ("Notes", _of(Note, every)),
        (f"Tags on the profile{'' if one else 's'}", _of(CustomerTag, every)),
        ("Values in the history", _of(Change, every)),
    ]
    who = "the person" if one else "the people"
    stays = [(f"Survey scores, without {who} and the comment", _of(SurveyResponse, every))]
    return Preview(
        goes=[(what, number) for what, number in goes if number],
        stays=[(what, number) for what, number in stays if number],
        documents=_of(Document, every),
    )


def _of(model: type[models.Model], customer_ids: Sequence[int]) -> int:
    return model._base_manager.filter(AnyOf("customer_id", customer_ids)).count()


def refusal(customer: Customer) -> str:
    """Why this customer cannot be permanently deleted now, as a sentence that says what to do; or ''."""
    if customer.state == Customer.State.ACTIVE:
        return "Only what is deleted can be permanently deleted. Delete the customer first."
    if customer.state != Customer.State.DELETED:
        return f"{IN_THE_WAY[customer.state]}."
    held = holds_on([customer.pk]) | held_by_documents([customer.pk])
    return f"{held[customer.pk]}. Lift the legal hold first." if held else ""
