"""What admins do with endpoints: add, edit, rotate the secret, pause, replay, delete. Each is in the audit log."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from outgoing.models import TEST, Delivery, Endpoint
from outgoing.models.endpoint import new_secret


@retrying
def add(*, name: str, url: str, events: list[str], actor: Actor, now: datetime | None = None) -> tuple[Endpoint, str]:
    """The endpoint and its secret, which is shown once. It is told of everything that changes from now on."""
    with recorded(actor, "webhook.added", now=now) as entry:
        secret = new_secret()
        endpoint = Endpoint.objects.create(name=name, url=url, events=events, secret=secret)
        entry.about(endpoint)
        return endpoint, secret


@retrying
def edit(endpoint: Endpoint, values: dict[str, Any], *, actor: Actor, now: datetime | None = None) -> None:
    """Another address is tried at once, whatever the one before had done."""
    with recorded(actor, "webhook.edited", endpoint, now=now) as entry:
        locked = _locked(endpoint)
        if all(getattr(locked, name) == value for name, value in values.items()):
            entry.discard()
            return
        if values.get("url", locked.url) != locked.url:
            values = values | {"failures": 0, "resting_until": None}
        Endpoint.objects.filter(pk=endpoint.pk).update(**values)


@retrying
def rotate(endpoint: Endpoint, *, actor: Actor, now: datetime | None = None) -> str:
    """A new secret, shown once. For a day both sign, so that the receiver can change it without losing anything."""
    with recorded(actor, "webhook.rotated", endpoint, now=now) as entry:
        locked, secret = _locked(endpoint), new_secret()
        until = entry.at + timedelta(hours=settings.WEBHOOK_SECRET_OVERLAP_HOURS)
        fresh = {"secret": secret, "old_secret": locked.secret, "old_secret_until": until}
        Endpoint.objects.filter(pk=endpoint.pk).update(**fresh)
        return secret


@retrying
def pause(endpoint: Endpoint, *, actor: Actor, now: datetime | None = None) -> None:
    """Nothing is sent until it is resumed; what happens meanwhile waits."""
    with recorded(actor, "webhook.paused", endpoint, now=now) as entry:
        if not Endpoint.objects.filter(pk=endpoint.pk, paused_at=None).update(paused_at=entry.at):
            entry.discard()


@retrying
def resume(endpoint: Endpoint, *, actor: Actor, now: datetime | None = None) -> None:
    with recorded(actor, "webhook.resumed", endpoint, now=now) as entry:
        fresh = {"paused_at": None, "failures": 0, "resting_until": None}
        if not Endpoint.objects.filter(pk=endpoint.pk).exclude(paused_at=None).update(**fresh):
            entry.discard()


@retrying
def send_test(endpoint: Endpoint, *, actor: Actor, now: datetime | None = None) -> Delivery:
    """Sends an event that says nothing but that it is one."""
    with recorded(actor, "webhook.tested", endpoint, now=now) as entry:
        _rested(endpoint)
        return Delivery.objects.create(endpoint=endpoint, event=TEST, created_at=entry.at, next_attempt_at=entry.at)


@retrying
def replay(endpoint: Endpoint, pk: int | None = None, *, actor: Actor, now: datetime | None = None) -> int:
    """Sends one delivery again, whatever became of it, or all that were given up; how many. Each keeps its id."""
    with recorded(actor, "webhook.replayed", endpoint, now=now) as entry:
        rows = Delivery.objects.filter(endpoint=endpoint)
        rows = rows.failed() if pk is None else rows.filter(pk=pk)
        again = {"status": Delivery.Status.PENDING, "retry_since": None, "finished_at": None}
        count = rows.update(**again, next_attempt_at=entry.at)
        _rested(endpoint)
        entry.facts["deliveries"] = count
        if not count:
            entry.discard()
        return count


@retrying
def delete(endpoint: Endpoint, *, actor: Actor, now: datetime | None = None) -> None:
    """It is told nothing any more, and its log goes with it."""
    with recorded(actor, "webhook.deleted", endpoint, now=now):
        _locked(endpoint)
        Endpoint.objects.filter(pk=endpoint.pk).delete()


def _locked(endpoint: Endpoint) -> Endpoint:
    return Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)


def _rested(endpoint: Endpoint) -> None:
    """Somebody wants to know now."""
    Endpoint.objects.filter(pk=endpoint.pk).update(resting_until=None)
