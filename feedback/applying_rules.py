"""The link rules of a source on the documents that are here already (5.5): what they would do, and doing it."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q, QuerySet

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.retrying import retrying
from feedback.link_rules import RULES_LIMIT, Ruled, Rules
from feedback.linking import link_by_rules
from feedback.models import Document, Linking, LinkRule

BATCH = 500
LOOKED_AT = 2_000  # documents that a preview reads
SAMPLES = 10
OPEN = (Document.Link.NONE, Document.Link.MATCHED, Document.Link.RULE)  # what staff linked or removed stays so
_NEWEST = (F("occurred_at").desc(), F("id").desc())


class TooMany(Exception):
    """The source has as many rules as one may have."""


@dataclass
class Preview:
    """What the rules would do to the newest documents of their source; `more` says that there are older ones."""

    looked_at: int = 0
    more: bool = False
    linked: int = 0
    moved: int = 0
    filed: int = 0
    kept: int = 0
    samples: list[tuple[Document, Ruled]] = field(default_factory=list)


@retrying
def add(
    source: Source, *, subject: str, path: str, by: str, key: str = "", actor: Actor, now: datetime | None = None
) -> LinkRule:
    """A rule after the others. Raises TooMany; one that exists already is given back as it is."""
    with recorded(actor, "linkrule.added", now=now) as entry:
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        rules = LinkRule.objects.filter(source=source)
        same = rules.filter(subject=subject, path=path, by=by, key=key).first()
        if same:
            entry.discard()
            return same
        if rules.count() >= RULES_LIMIT:
            raise TooMany
        rule = LinkRule.objects.create(source=source, subject=subject, path=path, by=by, key=key)
        entry.about(rule)
        return rule


@retrying
def remove(rule: LinkRule, *, actor: Actor, now: datetime | None = None) -> None:
    """What the rule linked stays linked."""
    with recorded(actor, "linkrule.removed", rule, now=now):
        rule.delete()


def preview(source: Source, rules: Rules) -> Preview:
    """What `rules` would do to the newest `LOOKED_AT` documents, with samples."""
    found = Preview()
    newest = list(_of(source).order_by(*_NEWEST).select_related("customer", "account")[: LOOKED_AT + 1])
    found.more, newest = len(newest) > LOOKED_AT, newest[:LOOKED_AT]
    found.looked_at = len(newest)
    for document, ruled in zip(newest, rules.find(newest), strict=True):
        decided = document.link not in OPEN
        customer = not decided and ruled.customer_id and ruled.customer_id != document.customer_id
        account = document.account_id is None and ruled.account_id
        found.kept += bool(decided and ruled.customer_id and ruled.customer_id != document.customer_id)
        found.linked += bool(customer and document.customer_id is None)
        found.moved += bool(customer and document.customer_id is not None)
        found.filed += bool(account)
        if (customer or account) and len(found.samples) < SAMPLES:
            found.samples.append((document, ruled))
    return found


@retrying
def start(source: Source, *, actor: Actor, user_id: int | None, now: datetime | None = None) -> Linking:
    """Applies the rules in the background; the run that is under way already, if there is one."""
    with recorded(actor, "linkrule.applied", source, now=now) as entry:
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        running = Linking.objects.filter(source=source, status__in=["queued", "running"]).first()
        if running:
            entry.discard()
            return running
        job = Linking.objects.create(source=source, actor_id=user_id)
        job.enqueue()
        return job


def next_batch(job: Linking, now: datetime) -> bool:
    """The next documents, in the job's transaction; whether there are more."""
    documents = _of(job.source)
    if job.total is None:
        job.total = documents.count()
    if job.position_at is not None:
        documents = documents.filter(
            Q(occurred_at__lt=job.position_at) | Q(occurred_at=job.position_at, id__lt=job.position_id),
            occurred_at__lte=job.position_at,
        )
    batch = list(documents.order_by(*_NEWEST)[:BATCH])
    if not batch:
        return False
    rules = Rules.of(job.source)
    found = {one.pk: ruled for one, ruled in zip(batch, rules.find(batch), strict=True)}
    actor = Actor(via="task", rank="sync", user_id=job.actor_id, source_id=job.source_id)
    done = link_by_rules(found, actor=actor, now=now)
    job.done += len(batch)
    job.linked, job.moved, job.filed = job.linked + done.linked, job.moved + done.moved, job.filed + done.filed
    job.position_at, job.position_id = batch[-1].occurred_at, batch[-1].pk
    return len(batch) == BATCH


def _of(source: Source) -> QuerySet[Document]:
    return Document.objects.filter(source=source, state=Document.State.ACTIVE).defer("body", "search_vector")
