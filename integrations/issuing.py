"""Keys for other systems: made, shown once."""

from datetime import datetime

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from integrations.models import ApiKey, Integration

# What a key of each kind may do when nothing else is said; REST keys name their scopes.
SCOPES = {
    "customers:read", "customers:write", "customers:delete", "documents:read", "documents:write", "documents:delete",
    "accounts:read", "accounts:write", "accounts:delete", "segments:read", "segments:write", "usage:write",
    "contacts:reveal",
}  # fmt: skip


@retrying
def issue_key(
    *, kind: str, name: str, scopes: list[str], actor: Actor, now: datetime | None = None
) -> tuple[ApiKey, str]:
    """A key for the source of this kind and name, made if need be, and its text. Raises ValueError for other scopes."""
    unknown = sorted(set(scopes) - SCOPES)
    if unknown:
        raise ValueError(f"No such scope: {', '.join(unknown)}. There are: {', '.join(sorted(SCOPES))}.")
    with recorded(actor, "key.issued", now=now, facts={"kind": kind, "scopes": sorted(scopes)}) as entry:
        source, _ = Source.objects.get_or_create(kind=kind, name=name)
        Integration.objects.get_or_create(source=source)
        key, text = ApiKey.objects.issue(kind=kind, name=name, scopes=sorted(scopes), source=source)
        entry.about(key)
        return key, text
