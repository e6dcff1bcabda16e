"""Feedback that a customer writes in the portal: received like any other, and theirs for certain."""

from datetime import datetime

from django.db import transaction

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from customers.models import Customer, Identifier
from feedback import linking
from feedback.models import Document
from feedback.receiving import Incoming, receive

SOURCE = "Customer portal"
# By what a customer is recognised first; a phone may be shared, and says less
KNOWN_BY = (Identifier.Kind.EMAIL, Identifier.Kind.USER_ID, Identifier.Kind.HANDLE)


@retrying
def send(
    customer: Customer, *, title: str, body: str, account: Account | None = None, token: str, actor: Actor,
    now: datetime | None = None,
) -> Document:  # fmt: skip
    """The document, linked to the customer who wrote it and in the account they chose. The same `token` again sends
    nothing more. Raises ValidationError and IntakeStopped."""
    source, _ = Source.objects.get_or_create(kind=Source.Kind.FEEDBACK, name=SOURCE)
    incoming = Incoming(
        title=title, body=body, channel=Document.Channel.WIDGET, external_id=f"{customer.pk}:{token}",
        author=author_of(customer),
    )  # fmt: skip
    with transaction.atomic():
        document = receive(incoming, source=source, actor=actor, now=now).document
        if document.customer_id != customer.pk:  # nothing recognises them, or an identifier went to another meanwhile
            linking.link(document, customer, actor=actor, as_=Document.Link.MATCHED, now=now)
        if account and document.account_id != account.pk:
            with recorded(actor, "document.account_set", document, now=now):
                Document.objects.filter(pk=document.pk).update(account=account)
    return Document.objects.get(pk=document.pk)


def author_of(customer: Customer) -> dict[str, str]:
    """The author as received: the name, and one identifier that they hold, so that nobody new is made."""
    author = {"name": customer.name} if customer.name else {}
    held = {row.kind: row.value for row in customer.identifiers.order_by("primary", "-pk")}
    for kind in KNOWN_BY:
        if kind in held:
            return author | {kind.value: held[kind]}
    return author
