"""Integrations as an admin sets them up: renamed, closed, reopened; what their fields mean; their ways in (10.1)."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from integrations.models import ApiKey, Integration


class NameTaken(Exception):
    """Another integration of this kind has the name."""


@retrying
def rename(integration: Integration, name: str, *, actor: Actor, now: datetime | None = None) -> None:
    """Raises NameTaken."""
    with recorded(actor, "integration.renamed", integration, now=now) as entry:
        source = Source.objects.select_for_update(no_key=True).get(pk=integration.source_id)
        if source.name == name:
            entry.discard()
            return
        if Source.objects.filter(kind=source.kind, name=name).exists():
            raise NameTaken
        source.name = name
        source.save(update_fields=["name"])


@retrying
def close(integration: Integration, *, actor: Actor, now: datetime | None = None) -> bool:
    """Refuses whatever comes by it from now on; what came stays. False when it was closed."""
    with recorded(actor, "integration.closed", integration, now=now) as entry:
        if not Integration.objects.filter(pk=integration.pk, closed_at=None).update(closed_at=entry.at):
            entry.discard()
            return False
        return True


@retrying
def reopen(integration: Integration, *, actor: Actor, now: datetime | None = None) -> bool:
    """Lets it in again, with the keys that were not revoked. False when it was open."""
    with recorded(actor, "integration.reopened", integration, now=now) as entry:
        if not Integration.objects.filter(pk=integration.pk).exclude(closed_at=None).update(closed_at=None):
            entry.discard()
            return False
        return True


@retrying
def map_fields(integration: Integration, mapping: dict[str, str], *, actor: Actor, now: datetime | None = None) -> None:
    """Says which field carries what; what is left out is the usual one (`integrations.mapping.FIELDS`)."""
    _change(integration, "integration.mapped", {"mapping": mapping}, actor=actor, now=now)


@retrying
def allow_origins(integration: Integration, origins: list[str], *, actor: Actor, now: datetime | None = None) -> None:
    """Lets pages of these origins (`https://shop.example`) send feedback through the widget."""
    _change(integration, "integration.origins_changed", {"allowed_origins": origins}, actor=actor, now=now)


@retrying
def issue_site_key(integration: Integration, *, actor: Actor, now: datetime | None = None) -> str:
    """A new site key for the widget, which is public; pages with the one before it are refused."""
    key = f"site_{secrets.token_urlsafe(16)}"
    _change(integration, "integration.site_key_issued", {"site_key": key}, actor=actor, now=now)
    return key


@retrying
def remove_site_key(integration: Integration, *, actor: Actor, now: datetime | None = None) -> None:
    _change(integration, "integration.site_key_removed", {"site_key": None}, actor=actor, now=now)


@retrying
def issue_inbox(integration: Integration, *, actor: Actor, now: datetime | None = None) -> str:
    """The secret of a new address for emails, shown once; the address before it is refused."""
    secret = secrets.token_urlsafe(24)
    _change(integration, "integration.inbox_issued", {"inbox_hash": inbox_hash(secret)}, actor=actor, now=now)
    return secret


@retrying
def remove_inbox(integration: Integration, *, actor: Actor, now: datetime | None = None) -> None:
    _change(integration, "integration.inbox_removed", {"inbox_hash": None}, actor=actor, now=now)


def inbox_hash(secret: str) -> bytes:
    """How the secret of an inbound address is kept."""
    return hashlib.sha256(secret.encode()).digest()


def is_open_to_somebody(integration: Integration, now: datetime) -> bool:
    """Whether anything can come by it."""
    keys = ApiKey.objects.usable(now).filter(source=integration.source_id)
    ways_in = integration.site_key or integration.inbox_hash or integration.mapping.get("signing", {}).get("on")
    return integration.closed_at is None and bool(ways_in or keys.exists())


def _change(integration: Integration, verb: str, values: dict[str, Any], *, actor: Actor, now: datetime | None) -> None:
    with recorded(actor, verb, integration, now=now) as entry:
        locked = Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
        if all(getattr(locked, name) == value for name, value in values.items()):
            entry.discard()
            return
        for name, value in values.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(values))
