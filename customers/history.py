"""How changes of customers and of what belongs to them read."""

from typing import Any

from audit.history import Book, Line, Named, Wording, address, fields, joined, names, plain, verbs, words
from audit.models import Change
from customers.models import Customer, Identifier, Note, Segment, Tag
from properties.history import value_lines

ABSORBED_TOLD = 20
KINDS = dict(Identifier.Kind.choices)


def load_customers(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Customer.objects.visible_to(viewer).filter(pk__in=ids).only("name", "primary_email", "primary_phone")
    return {customer.pk: Named(customer.display_name, address("customers:detail", customer.pk)) for customer in found}


def survivor_of(customer_id: int, viewer: Any) -> int | None:
    into = Customer.objects.filter(pk=customer_id, state=Customer.State.MERGED).values_list("merged_into_id", flat=True)
    return Customer.objects.visible_to(viewer).filter(pk__in=into).values_list("pk", flat=True).first()


def absorbed_by(customer_id: int, viewer: Any) -> list[int]:
    """Who was merged into this customer, the latest first."""
    parts = Customer.objects.visible_to(viewer).filter(merged_into=customer_id, state=Customer.State.MERGED)
    return list(parts.order_by("-pk").values_list("pk", flat=True)[:ABSORBED_TOLD])


def load_tags(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {
        pk: Named(name, address("tags:list")) for pk, name in Tag.objects.filter(pk__in=ids).values_list("pk", "name")
    }


def load_segments(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {pk: Named(name, address("segments:detail", pk))
            for pk, name in Segment.objects.filter(pk__in=ids).values_list("pk", "name")}  # fmt: skip


def load_identifiers(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Identifier.objects.filter(pk__in=ids, customer__in=Customer.objects.visible_to(viewer))
    return {pk: Named(value) for pk, value in found.values_list("pk", "value")}


def load_notes(ids: set[int], viewer: Any) -> dict[int, Named]:
    visible = Note.objects.filter(pk__in=ids, customer__in=Customer.objects.visible_to(viewer))
    return {pk: Named(f"“{plain(body)[:60]}”", address("customers:detail", owner))
            for pk, owner, body in visible.values_list("pk", "customer_id", "body")}  # fmt: skip


def of_customer(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if change.operation == Change.Operation.DELETE:
        return [Line("Customer", text=f"{before.get('name') or 'without a name'} permanently deleted")]
    if change.operation == Change.Operation.INSERT:
        origin = dict(Customer.Origin.choices).get(after.get("origin", ""), "").lower()
        lines = [
            Line("Customer", text=" ".join(part for part in (after.get("name"), "came to exist:", origin) if part))
        ]
        return lines + value_lines({}, after.get("properties"), "customer", book)
    lines = fields(change, CUSTOMER, book, skip=("properties",))
    return lines + value_lines(before.get("properties"), after.get("properties"), "customer", book)


def of_identifier(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    row = after or before
    if change.operation != Change.Operation.UPDATE:
        label, done = KINDS.get(str(row.get("kind")), "Identifier"), "removed" if before else "added"
        first = " as primary" if after.get("primary") else ""
        return [Line(label, text=f"{row.get('value')} {done}{first}")]
    named = book.find("identifier", change.row_id)
    label = named.text if named else "A contact detail"
    if "value" in after:
        return [Line("Contact detail", before=plain(before.get("value")), after=plain(after.get("value")))]
    if "customer_id" in after:
        return [Line(label, text=_moved(before, after, book))]
    if "primary" in after:  # that another one lost its place goes without saying
        return [Line(label, text="made primary")] if after["primary"] else []
    if "verified" in after:
        return [Line(label, text="verified" if after["verified"] else "no longer verified")]
    return fields(change, IDENTIFIER, book)


def of_membership(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    about_account = bool(book.about and book.about[0] == "account")
    if about_account:
        named, label = book.name("customer", change.customer_id), "Customer"
    else:
        named, label = book.name("account", change.account_id), "Account"
    if change.operation != Change.Operation.UPDATE:
        return [Line(label, text=f"{named.text} {'added' if after else 'removed'}", url=named.url)]
    moved = [Line("Account", text=_moved(before, after, book))] if "customer_id" in after else []
    lines = moved + fields(change, MEMBERSHIP, book, skip=("properties", "customer_id"))
    lines += value_lines(before.get("properties"), after.get("properties"), "membership", book)
    return [Line(f"{named.text}: {line.label}", line.before, line.after, line.text, named.url) for line in lines]


def of_note(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if "customer_id" in after and change.operation == Change.Operation.UPDATE:
        return [Line("Note", text=_moved(before, after, book))]
    if change.operation == Change.Operation.UPDATE:
        return fields(change, NOTE, book)
    return [Line("Note", before=plain(before.get("body")), after=plain(after.get("body")))]


def of_customer_tag(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if "customer_id" in after and change.operation == Change.Operation.UPDATE:
        return [Line("Tag", text=_moved(before, after, book))]
    old, new = book.name("tag", before.get("tag_id")).text, book.name("tag", after.get("tag_id")).text
    if change.operation == Change.Operation.UPDATE:  # its tag was merged
        return [Line("Tag", before=old, after=new)]
    return [Line("Tag", text=f"{new} added" if after else f"{old} removed")]


def of_segment_member(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if change.operation == Change.Operation.UPDATE:
        return [Line("Segment", text=_moved(before, after, book))] if "customer_id" in after else []
    named = book.name("segment", (after or before).get("segment_id"))
    return [Line("Segment", text=f"{'added to' if after else 'taken out of'} {named.text}", url=named.url)]


def of_login(change: Change, book: Book) -> list[Line]:
    before, after = change.before or {}, change.after or {}
    if change.operation == Change.Operation.UPDATE:
        return [Line("Login", text=_moved(before, after, book))] if "customer_id" in after else []
    return [Line("Login", text="may sign in to the portal" if after else "may no longer sign in to the portal")]


def of_tag(change: Change, book: Book) -> list[Line]:
    if change.operation == Change.Operation.UPDATE:
        return fields(change, TAG, book)
    row = change.after or change.before or {}
    return [Line("Tag", text=f"{row.get('name')} {'made' if change.after else 'deleted'}")]


def of_candidate(change: Change, book: Book) -> list[Line]:
    row = change.after or change.before or {}
    if change.operation == Change.Operation.UPDATE:
        return [Line("Possible duplicate", text="dismissed" if row.get("dismissed_at") else "looked at again")]
    ids = (row.get("first_id"), row.get("second_id"))
    here = book.about[1] if book.about and book.about[0] == "customer" else None
    others = [book.name("customer", identity) for identity in ids if identity != here]
    done = "found" if change.after else "settled"
    return [
        Line("Possible duplicate", text=f"{' and '.join(other.text for other in others)} {done}", url=others[0].url)
    ]


def _moved(before: dict[str, Any], after: dict[str, Any], book: Book) -> str:
    """What a merge or its undo did to a row, in the words that fit the page."""
    old, new = before.get("customer_id"), after.get("customer_id")
    if book.about == ("customer", new):
        return f"taken over from {book.name('customer', old).text}"
    return f"moved to {book.name('customer', new).text}"


CUSTOMER = Wording(
    thing="customer",
    labels={"created_elsewhere_at": "Created in its own system", "origin": "Came from", "legal_hold": "Legal hold"},
    refers={"merged_into_id": "customer"},
    values={"state": dict(Customer.State.choices), "origin": dict(Customer.Origin.choices)},
    hidden=frozenset({"created_at", "deleted_at"}),
    describe=of_customer,
)
IDENTIFIER = Wording(
    thing="contact detail", kind="identifier", refers={"customer_id": "customer"}, describe=of_identifier
)
MEMBERSHIP = Wording(
    thing="account",
    labels={"primary": "Primary account", "key_contact": "Key contact"},
    refers={"customer_id": "customer"},
    describe=of_membership,
)
NOTE = Wording(
    thing="note",
    labels={"body": "Note"},
    refers={"customer_id": "customer"},
    hidden=frozenset({"edited_at"}),
    describe=of_note,
)
TAG = Wording(thing="tag", labels={"hue": "Colour"}, kind="tag", hidden=frozenset({"created_at"}), describe=of_tag)

words("customers_customer", CUSTOMER)
words("customers_identifier", IDENTIFIER)
words("customers_membership", MEMBERSHIP)
words("customers_note", NOTE)
words("customers_tag", TAG)
words(
    "customers_login", Wording(thing="login", refers={"user_id": "user", "customer_id": "customer"}, describe=of_login)
)
words(
    "customers_segment",
    Wording(thing="segment", kind="segment", labels={"query": "Filter"}, hidden=frozenset({"created_at"})),
)
words(
    "customers_segmentmember",
    Wording(thing="segment", refers={"segment_id": "segment", "customer_id": "customer"}, describe=of_segment_member),
)
words(
    "customers_customertag",
    Wording(thing="tag", refers={"tag_id": "tag", "customer_id": "customer"}, describe=of_customer_tag),
)
words(
    "customers_duplicatecandidate",
    Wording(thing="duplicate", refers={"first_id": "customer", "second_id": "customer"}, describe=of_candidate),
)
names("customer", load_customers)
joined("customer", survivor_of, absorbed_by)
names("tag", load_tags)
names("segment", load_segments)
names("identifier", load_identifiers)
names("note", load_notes)
verbs({
    "customer.created": "added",
    "customer.edited": "edited",
    "customer.renamed": "renamed",
    "customer.deleted": "deleted",
    "customer.restored": "restored",
    "customer.held": "set a legal hold on",
    "customer.hold_lifted": "lifted the legal hold of",
    "customer.merged": "merged other records into",
    "customer.unmerged": "took a merge apart for",
    "customer.tagged": "tagged",
    "customer.untagged": "removed a tag from",
    "customer.identifier_added": "added a contact detail to",
    "customer.identifier_changed": "corrected a contact detail of",
    "customer.identifier_removed": "removed a contact detail from",
    "customer.identifier_made_primary": "changed the primary contact detail of",
    "customer.property_set": "set a property of",
    "customer.property_removed": "removed a property from",
    "customer.property_reset": "gave a property back to the syncs for",
    "customer.identifier_restored": "put a contact detail back on",
    "duplicate.dismissed": "said to be two people, one of them",
    "duplicates.found": "looked for duplicates",
    "customers.exported": "exported customers",
    "memberships.exported": "exported who belongs to accounts",
    "suppression.lifted": "lifted the suppression of an identifier",
    "membership.added": "added an account to",
    "membership.removed": "removed an account from",
    "membership.made_primary": "changed the primary account of",
    "membership.made_key_contact": "made a key contact of",
    "membership.made_contact": "made a contact of",
    "membership.made_member": "took the role of contact from",
    "membership.made_owner": "made the owner of an account of",
    "membership.no_owner": "took the ownership of an account from",
    "contact.added": "added as a contact of an account",
    "membership.attribute_set": "set an attribute of an account of",
    "membership.attribute_cleared": "cleared an attribute of an account of",
    "login.given": "gave a login for the portal to",
    "login.taken": "took the login for the portal from",
    "note.restored": "put a note back on",
    "note.added": "wrote a note on",
    "note.edited": "edited a note on",
    "note.pinned": "pinned a note on",
    "note.unpinned": "unpinned a note on",
    "note.deleted": "deleted a note on",
    "tag.created": "made the tag",
    "tag.edited": "changed the tag",
    "tag.merged": "merged another tag into",
    "tag.deleted": "deleted the tag",
    "tag.replaced": "put another tag in the place of",
    "tag.taken_off": "took off everything the tag",
    "segment.created": "made the segment",
    "segment.renamed": "renamed the segment",
    "segment.deleted": "deleted the segment",
    "segment.customers_added": "added customers to the segment",
    "segment.customers_removed": "took customers out of the segment",
})  # fmt: skip
