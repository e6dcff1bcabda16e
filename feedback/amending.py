"""What another system corrects of one document: several fields at once, in one command with its audit entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core.retrying import retrying
from core.text import fold, problem, tidy
from customers.matching import lock_customers
from customers.models import Tag
from customers.models.tag import hue_of
from feedback.editing import MOST_TAGS, NAME_LIMIT
from feedback.models import Document, DocumentTag
from feedback.receiving import TITLE_LIMIT

BODY_LIMIT = 1_000_000


class NotActive(Exception):
    """The document is deleted, so nothing of it is corrected."""


@dataclass(frozen=True)
class Amendment:
    """New values; what is None stays. `tags` take the place of those there are; `account` does, where it is told."""

    title: str | None = None
    body: str | None = None
    status: str | None = None
    tags: Sequence[str] | None = None
    account: Account | None = None
    tells_account: bool = False


@retrying
def amend(document: Document, wanted: Amendment, *, actor: Actor, now: datetime | None = None) -> Document:
    """Corrects the document. Raises ValidationError by field, and NotActive."""
    values = _cleaned(wanted)
    with recorded(actor, "document.updated", document, now=now) as entry:
        owner = Document.objects.filter(pk=document.pk).values_list("customer_id", flat=True).first()
        lock_customers([owner] if owner else [])
        locked = Document.objects.select_for_update().filter(pk=document.pk).first()
        if locked is None or not locked.is_active:
            raise NotActive
        changed: dict[str, Any] = {name: value for name, value in values.items() if getattr(locked, name) != value}
        if wanted.tells_account and locked.account_id != (wanted.account.pk if wanted.account else None):
            changed["account"] = wanted.account
        for name, value in changed.items():
            setattr(locked, name, value)
        if not (locked.title or locked.body):
            raise ValidationError({"body": "A document needs a title or a body."})
        if changed:
            locked.content_digest = None  # what its source sends again is compared anew
            locked.save(update_fields=[*changed, "content_digest"])
        retagged = wanted.tags is not None and _tag(locked, wanted.tags)
        if not (changed or retagged):
            entry.discard()
        return locked


def _cleaned(wanted: Amendment) -> dict[str, str]:
    limits = {"title": TITLE_LIMIT, "body": BODY_LIMIT, "status": NAME_LIMIT}
    given = {name: getattr(wanted, name) for name in limits if getattr(wanted, name) is not None}
    faults = {name: fault for name, text in given.items() if (fault := problem(text, limit=limits[name]))}
    for tag in wanted.tags or ():
        if problem(tag, limit=NAME_LIMIT) or not tidy(tag):
            faults["tags"] = f"Each must be text of 1 to {NAME_LIMIT} characters."
    if len(wanted.tags or ()) > MOST_TAGS:
        faults["tags"] = f"A document has at most {MOST_TAGS} tags."
    if faults:
        raise ValidationError(faults)
    return {name: text.strip() if name == "body" else tidy(text) for name, text in given.items()}


def _tag(document: Document, names: Sequence[str]) -> bool:
    """Gives the document these tags and no others. Whether that is different."""
    wanted = {fold(name): tidy(name) for name in names if fold(name)}
    new = [Tag(name=name, folded=folded, hue=hue_of(folded)) for folded, name in wanted.items()]
    Tag.objects.bulk_create(new, ignore_conflicts=True)
    tags = {tag.pk: tag for tag in Tag.objects.filter(folded__in=wanted)}
    held = set(DocumentTag.objects.filter(document=document).values_list("tag_id", flat=True))
    DocumentTag.objects.filter(document=document, tag__in=held - tags.keys()).delete()
    added = [DocumentTag(document=document, tag=tag) for pk, tag in tags.items() if pk not in held]
    DocumentTag.objects.bulk_create(added, ignore_conflicts=True)
    return held != tags.keys()
