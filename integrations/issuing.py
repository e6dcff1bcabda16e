"""Keys for other systems: made and shown once, rotated with an overlap, limited, renamed, revoked (10.1)."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team
from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from integrations.models import ApiKey, Integration

# What a REST key may be for, and what that lets it do. Keys of the other kinds open their own address only.
MEANINGS = {
    "customers:read": "See and export customers",
    "customers:write": "Create and change customers, tags and properties",
    "customers:delete": "Delete, restore and merge customers",
    "documents:read": "See documents",
    "documents:write": "Create, change and link documents",
    "documents:delete": "Delete documents",
    "accounts:read": "See accounts and their members",
    "accounts:write": "Create and change accounts and memberships",
    "accounts:delete": "Delete accounts",
    "segments:read": "See segments",
    "segments:write": "Create segments and change who is in them",
    "usage:write": "Report usage, survey answers and campaign deliveries",
    "contacts:reveal": "See emails and phones in full over MCP",
}
SCOPES = set(MEANINGS)
OVERLAP = timedelta(hours=24)  # for how long the old key of a rotation still works


class KeyGone(Exception):
    """The key was revoked, rotated or expired meanwhile."""


@retrying
def issue_key(
    *, kind: str, name: str, scopes: list[str], actor: Actor, team: Team | None = None, rate_limit: int | None = None,
    expires_at: datetime | None = None, source: Source | None = None, now: datetime | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A key and its text, for `source` or for the source of this kind and name, which is made if need be.

    Raises ValueError for scopes that there are not.
    """
    _check(scopes)
    with recorded(actor, "key.issued", now=now, facts={"kind": kind, "scopes": sorted(scopes)}) as entry:
        if source is None:
            source, _ = Source.objects.get_or_create(kind=kind, name=name)
        Integration.objects.get_or_create(source=source)
        key, text = ApiKey.objects.issue(
            kind=kind, name=name, scopes=sorted(scopes), source=source, team=team, rate_limit=rate_limit,
            expires_at=expires_at,
        )  # fmt: skip
        entry.about(key)
        return key, text


@retrying
def rotate(key: ApiKey, *, actor: Actor, now: datetime | None = None) -> tuple[ApiKey, str]:
    """A new key that may do what the old one may, and its text; the old one ends in a day. Raises KeyGone."""
    with recorded(actor, "key.rotated", key, now=now) as entry:
        old = _usable(key, entry.at)
        if old.replaced_by.filter(revoked_at=None).exists():
            raise KeyGone
        lasts = old.expires_at - old.created_at if old.expires_at else None
        new, text = ApiKey.objects.issue(
            kind=old.kind, name=old.name, scopes=old.scopes, source=old.source, team=old.team,
            rate_limit=old.rate_limit, expires_at=entry.at + lasts if lasts else None, replaces=old,
        )  # fmt: skip
        old.expires_at = min(entry.at + OVERLAP, old.expires_at or entry.at + OVERLAP)
        old.save(update_fields=["expires_at"])
        entry.facts |= {"new_key_id": new.pk}
        return new, text


@retrying
def limit(
    key: ApiKey, *, scopes: list[str], team: Team | None, rate_limit: int | None, expires_at: datetime | None,
    actor: Actor, now: datetime | None = None,
) -> ApiKey:  # fmt: skip
    """What the key may do from now on. Raises KeyGone, and ValueError for scopes that there are not."""
    _check(scopes)
    wanted = {"scopes": sorted(scopes), "team": team, "rate_limit": rate_limit, "expires_at": expires_at}
    return _changed(key, "key.limited", wanted, actor=actor, now=now)


@retrying
def rename_key(key: ApiKey, name: str, *, actor: Actor, now: datetime | None = None) -> ApiKey:
    return _changed(key, "key.renamed", {"name": name}, actor=actor, now=now)


@retrying
def revoke(key: ApiKey, *, actor: Actor, now: datetime | None = None) -> bool:
    """Ends the key at once; False when it had ended before."""
    with recorded(actor, "key.revoked", key, now=now) as entry:
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=entry.at):
            entry.discard()
            return False
        return True


def _changed(key: ApiKey, verb: str, wanted: dict[str, Any], *, actor: Actor, now: datetime | None) -> ApiKey:
    with recorded(actor, verb, key, now=now) as entry:
        locked = _usable(key, entry.at)
        if all(getattr(locked, name) == value for name, value in wanted.items()):
            entry.discard()
            return locked
        for name, value in wanted.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(wanted))
        return locked


def _usable(key: ApiKey, now: datetime) -> ApiKey:
    """The key as it is now, locked."""
    found = ApiKey.objects.filter(pk=key.pk, revoked_at=None).select_for_update(no_key=True, of=("self",)).first()
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        raise KeyGone
    return found


def _check(scopes: list[str]) -> None:
    unknown = sorted(set(scopes) - SCOPES)
    if unknown:
        raise ValueError(f"No such scope: {', '.join(unknown)}. There are: {', '.join(sorted(SCOPES))}.")
