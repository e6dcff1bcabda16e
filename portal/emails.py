"""An email that a customer adds is theirs once they open the link sent to it: else they would be given what others
wrote from it."""

from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from customers.identifying import identity
from customers.models import Customer, Identifier

SALT = "portal.emails"
LASTS_SECONDS = 24 * 3600


def send_link(customer: Customer, email: str, *, base_url: str) -> None:
    """Mails a link to `email`, whosever it is; the page says nothing about that. Raises ValidationError."""
    typed = identity(Identifier.Kind.EMAIL, email).value
    token = signing.dumps([customer.pk, typed], salt=SALT)
    about = {"customer": customer, "link": base_url.rstrip("/") + reverse("portal:confirm_email", args=[token])}
    subject, _, body = render_to_string("portal/mail/email.txt", about).strip().partition("\n")
    message = EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[typed])
    transaction.on_commit(message.send)


def email_of(customer: Customer, token: str) -> str | None:
    """The email that this link was sent to; None when it is old, made up, or somebody else's."""
    try:
        pk, email = signing.loads(token, salt=SALT, max_age=LASTS_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return email if pk == customer.pk and isinstance(email, str) else None
