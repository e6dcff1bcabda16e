"""Where somebody is signed in: sessions in PostgreSQL, found by a lookup that every page can pay, and told to people.

A session's row says whose it is, with which browser and from where, so that they can be listed and ended (8.1). When
it was last seen is written at most every ten minutes: a page costs no write.
"""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from allauth.core.internal.httpkit import get_client_ip
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.dateparse import parse_datetime

from core.lookup import by_key

SEEN_EVERY = timedelta(minutes=10)
SIGNED_IN = "signed_in"  # in the session: when, from where and with what it began
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS X": "macOS",
    "CrOS": "ChromeOS", "Linux": "Linux",
}  # fmt: skip


class Session(AbstractBaseSession):
    """One browser in which somebody is signed in, or somebody unknown is about to."""

    user = models.ForeignKey("staff.User", null=True, on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(max_length=60, blank=True)
    address = models.GenericIPAddressField(null=True)
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(default=timezone.now)

    @classmethod
    def get_session_store_class(cls) -> "type[SessionStore]":
        return SessionStore

    @property
    def handle(self) -> str:
        """What pages call it by: the key itself signs in."""
        return salted_hmac("staff.sessions", self.session_key, algorithm="sha256").hexdigest()[:32]


class SessionStore(DatabaseSessions):
    """The engine that `SESSION_ENGINE` names."""

    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def _get_session_from_db(self) -> Any:
        found = by_key(Session, self.session_key)
        now = timezone.now()
        if found is None or found.expire_date <= now:
            self._session_key = None
            return None
        if now - found.seen_at > SEEN_EVERY:
            Session.objects.filter(pk=found.pk).update(seen_at=now)
        return found

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        session: Session = super().create_model_instance(data)  # type: ignore[assignment]
        about = data.get(SIGNED_IN) or {}
        session.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        session.device = about.get("device", "")
        session.address = about.get("address") or None
        session.began_at = parse_datetime(about["at"]) if about.get("at") else None
        session.seen_at = timezone.now()
        return session


class Shown(NamedTuple):
    handle: str
    device: str
    address: str
    began_at: datetime | None
    seen_at: datetime
    here: bool


def remember_device(sender: Any, request: HttpRequest, **_: Any) -> None:
    """Receiver of `user_logged_in`."""
    address = get_client_ip(request) if request.META else None
    about = {"at": timezone.now().isoformat(), "address": address or "", "device": device_of(request)}
    request.session[SIGNED_IN] = about


def device_of(request: HttpRequest) -> str:
    """ "Firefox on Linux": enough to know one's own again, and less than the header tells."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    browser = next((name for word, name in BROWSERS.items() if f"{word}/" in agent), "")
    system = next((name for word, name in SYSTEMS.items() if re.search(rf"\b{word}\b", agent)), "")
    return " on ".join(filter(None, [browser or "A browser", system])) if browser or system else ""


def sessions_of(user: Any, *, here: str | None = None) -> list[Shown]:
    """Where `user` is signed in, the latest seen first. `here` is the session of whoever asks."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at", "session_key")
    return [
        Shown(
            row.handle, row.device or "An unknown browser", row.address or "", row.began_at, row.seen_at,
            row.session_key == here,
        )
        for row in rows
    ]  # fmt: skip


def end_session(user: Any, handle: str) -> bool:
    """Signs `user` out in one browser; False when there is no such session any more."""
    for row in Session.objects.filter(user=user):
        if constant_time_compare(row.handle, handle):
            return bool(Session.objects.filter(pk=row.pk).delete()[0])
    return False


def end_sessions(user: Any, *, but: str | None = None) -> int:
    """Signs `user` out everywhere, or everywhere but in the session `but`; in how many browsers."""
    return Session.objects.filter(user=user).exclude(session_key=but or "").delete()[0]
