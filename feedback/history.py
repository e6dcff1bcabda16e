"""How changes of documents read, on their own page and on that of their customer."""

from typing import Any

from django.db.models.functions import Left

from audit.history import Book, Line, Named, Wording, address, fields, names, verbs, words
from audit.models import Change
from feedback.models import Document, LinkRule

LABELS = {
    "occurred_at": "Time",
    "custom_fields": "Custom fields",
    "external_id": "External ID",
    "body_format": "Format",
}


def load(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Document.objects.visible_to(viewer).filter(pk__in=ids).annotate(start=Left("body", 80))
    return {
        pk: Named(f"“{title or ' '.join(start.split())}”", address("documents:detail", pk))
        for pk, title, start in found.values_list("pk", "title", "start")
    }


def load_rules(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {rule.pk: Named(str(rule)) for rule in LinkRule.objects.filter(pk__in=ids)}


def of_document(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if book.about != ("document", change.row_id):
        return _seen_from_customer(change, before, after, book)
    if change.operation == Change.Operation.UPDATE:
        return fields(change, DOCUMENT, book, skip=("link",) if "customer_id" in after else ())
    if change.operation == Change.Operation.DELETE:
        return [Line("Feedback", text="permanently deleted")]
    owner = after.get("customer_id")
    lines = [Line("Feedback", text="received")]
    return lines + ([Line("Customer", after=book.name("customer", owner).text)] if owner else [])


def _seen_from_customer(change: Change, before: dict[str, Any], after: dict[str, Any], book: Book) -> list[Line]:
    named = book.name("document", change.row_id)
    here = book.about[1] if book.about and book.about[0] == "customer" else None
    if change.operation != Change.Operation.UPDATE:
        return [Line("Feedback", text=f"{named.text} {'received' if after else 'deleted'}", url=named.url)]
    if "customer_id" not in after:
        lines = fields(change, DOCUMENT, book)
        return [Line(f"{named.text}: {line.label}", line.before, line.after, line.text, named.url) for line in lines]
    old, new = before.get("customer_id"), after.get("customer_id")
    if here and new == here:
        came = f" from {book.name('customer', old).text}" if old else ""
        return [Line("Feedback", text=f"{named.text} linked{came}", url=named.url)]
    gone = f" and linked to {book.name('customer', new).text}" if new else ""
    return [Line("Feedback", text=f"{named.text} removed{gone}", url=named.url)]


def of_document_tag(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    old, new = book.name("tag", before.get("tag_id")).text, book.name("tag", after.get("tag_id")).text
    if change.operation == Change.Operation.UPDATE:  # its tag was merged
        return [Line("Tag", before=old, after=new)]
    return [Line("Tag", text=f"{new} added" if after else f"{old} removed")]


DOCUMENT = Wording(
    thing="feedback",
    kind="document",
    labels=LABELS,
    refers={"customer_id": "customer", "account_id": "account", "source_id": "source"},
    values={
        "state": dict(Document.State.choices), "channel": dict(Document.Channel.choices),
        "link": dict(Document.Link.choices), "body_format": dict(Document.BodyFormat.choices),
    },
    hidden=frozenset({"deleted_at"}),
    describe=of_document,
)  # fmt: skip
words("feedback_document", DOCUMENT)
words("feedback_documenttag", Wording(thing="tag", refers={"tag_id": "tag"}, describe=of_document_tag))
words("feedback_linkrule", Wording(
    thing="link rule", kind="linkrule", labels={"by": "Matched with", "key": "Property", "path": "Field"},
    refers={"source_id": "source"},
    values={"subject": dict(LinkRule.Subject.choices), "by": dict(LinkRule.By.choices)},
))  # fmt: skip
names("document", load)
names("linkrule", load_rules)
verbs({
    "document.created": "recorded feedback",
    "documents.exported": "exported feedback",
    "document.received": "sent feedback",
    "document.updated": "updated feedback",
    "document.edited": "edited feedback",
    "document.linked": "gave a customer to",
    "document.unlinked": "removed the customer of",
    "document.relinked": "changed the customer of",
    "document.linked_by_rule": "let link rules find customers and accounts of",
    "linkrule.added": "added the link rule",
    "linkrule.removed": "removed the link rule",
    "linkrule.applied": "applied the link rules to all feedback of",
    "document.deleted": "deleted",
    "document.restored": "restored",
    "document.status_set": "set the status of",
    "document.tagged": "tagged",
    "document.untagged": "removed a tag from",
})  # fmt: skip
