"""Links by mail with which somebody chooses a password: an invitation (8.1), or because the old one is forgotten."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import base36_to_int, urlsafe_base64_decode, urlsafe_base64_encode

from core import clock
from staff.models import User
from staff.standing import stands


class Links(PasswordResetTokenGenerator):
    """Tokens that work once, for a while, and not for another purpose: setting a password or signing in ends them."""

    def __init__(self, purpose: str, lasts: timedelta) -> None:
        super().__init__()
        self.key_salt = f"staff.links.{purpose}"
        self.lasts = lasts

    def check_token(self, user: Any, token: str | None) -> bool:
        try:
            made = base36_to_int((token or "").partition("-")[0])
        except ValueError:
            return False
        age = self._num_seconds(self._now()) - made
        return age <= self.lasts.total_seconds() and super().check_token(user, token)

    def _now(self) -> datetime:
        return clock.now().replace(tzinfo=None)


INVITATIONS = Links("invitation", timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT))
RESETS = Links("reset", timedelta(hours=1))


def invite(user: User, *, base_url: str, inviter: User | None = None, now: datetime | None = None) -> None:
    """Mails `user`, staff or customer, a link to choose a password and sign in; sent after the commit.

    `base_url` is where Roster answers (`request.build_absolute_uri("/")`).
    """
    link = base_url.rstrip("/") + address_of(user, INVITATIONS)
    name = " ".join(str(inviter).split()) if inviter else ""  # it stands in the subject, which is one line
    about = {"user": user, "inviter": inviter, "inviter_name": name, "link": link, "days": INVITATIONS.lasts.days}
    _send(user, "staff/mail/invitation.txt", about)


def send_reset(user: User, *, base_url: str) -> None:
    """Mails `user` a link to choose another password; sent after the commit."""
    link = base_url.rstrip("/") + address_of(user, RESETS)
    _send(user, "staff/mail/reset.txt", {"user": user, "link": link})


def address_of(user: User, links: Links) -> str:
    token = links.make_token(user)
    return reverse("staff:choose_password", args=[urlsafe_base64_encode(str(user.pk).encode()), token])


def user_of(encoded: str, token: str) -> User | None:
    """Whose link this is; None when it is old, used, made up, or of somebody who may not sign in any more."""
    try:
        pk = int(urlsafe_base64_decode(encoded).decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first() if 0 < pk < 2**63 else None
    if user is None or not stands(user) or not any(links.check_token(user, token) for links in (INVITATIONS, RESETS)):
        return None
    return user


def _send(user: User, template: str, about: dict[str, Any]) -> None:
    subject, _, body = render_to_string(template, about).strip().partition("\n")
    message = EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[user.email])
    transaction.on_commit(message.send)
