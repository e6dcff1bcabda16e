"""What a permanent deletion would take and what it would leave, counted before anybody confirms it (6.2)."""

from dataclasses import dataclass, field

from django.db.models import Q

from audit.models import Change
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
    absorbed = list(Customer.objects.filter(merged_into=customer).values_list("pk", flat=True))
    every = [customer.pk, *absorbed]
    of_theirs = Q(customer_id__in=every)
    goes = [
        ("Profile, with its properties", 1),
        ("Profiles merged into it", len(absorbed)),
        ("Emails, phones, user IDs and handles", Identifier.objects.filter(of_theirs).count()),
        ("Places in accounts", Membership.objects.filter(of_theirs).count()),
        ("Notes", Note.objects.filter(of_theirs).count()),
        ("Tags on the profile", CustomerTag.objects.filter(of_theirs).count()),
        ("Values in the history", Change.objects.filter(of_theirs).count()),
    ]
    stays = [("Survey scores, without the person and the comment", SurveyResponse.objects.filter(of_theirs).count())]
    return Preview(
        goes=[(what, number) for what, number in goes if number],
        stays=[(what, number) for what, number in stays if number],
        documents=Document.objects.filter(of_theirs).count(),
        refusal=refusal(customer),
    )


def refusal(customer: Customer) -> str:
    """Why this customer cannot be permanently deleted now, as a sentence that says what to do; or ''."""
    if customer.state == Customer.State.ACTIVE:
        return "Only what is deleted can be permanently deleted. Delete the customer first."
    if customer.state != Customer.State.DELETED:
        return f"{IN_THE_WAY[customer.state]}."
    held = holds_on([customer.pk]) | held_by_documents([customer.pk])
    return f"{held[customer.pk]}. Lift the legal hold first." if held else ""
