"""What upserts changed in memory, written with a few statements for all of them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from accounts.models import Account
from core.arrays import AnyOf, array_of
from core.json import dumps
from core.text import fold
from core.writing_many import insert_many, insert_rows, update_many
from customers.creating import search_text_of
from customers.identifying import Identity
from customers.models import Customer, CustomerTag, Identifier, Membership, Tag
from customers.models.customer import sort_key
from customers.models.tag import hue_of
from customers.suppressing import count_kept_out
from customers.upserting_known import Person
from customers.upserting_rule import Plan

_NEW = (
    "id", "name", "sort_name", "state", "origin", "properties", "provenance", "created_elsewhere_at", "created_at",
    "updated_at", "version", "primary_email", "primary_phone", "search_text", "channels", "source_ids",
    "feedback_count", "first_seen_at", "last_seen_at", "tag_ids",
)  # fmt: skip
_CHANGED = ("name", "sort_name", "origin", "properties", "provenance", "created_elsewhere_at")
_IDENTIFIER = ("customer", "kind", "value", "normalized", "digest", "primary", "verified", "source", "created_at")
_SEAT = (
    "customer", "account", "primary", "contact", "key_contact", "owner", "properties", "provenance", "created_at",
)  # fmt: skip
_SEAT_CHANGED = ("contact", "key_contact", "owner", "properties", "provenance")


def write(plan: Plan) -> None:
    """Makes true what the plan says; the definitions of properties are there already."""
    people = [plan.known.people[pk] for pk in sorted(plan.touched)]
    accounts = _accounts(plan)
    tags = _tags(plan, people)
    moment = plan.now.isoformat()
    new = [one for one in people if one.is_new]
    if new:
        insert_rows(Customer, _NEW, (_row(person, tags, moment) for person in new))
    _change_people([one for one in people if one.dirty and not one.is_new])
    _change_identifiers(plan, people, moment)
    _change_tags(people, tags)
    _change_seats(plan, people, accounts)
    _count(plan)


def _row(person: Person, tags: dict[int | str, int], now: str) -> tuple[Any, ...]:
    """The values of `_NEW`, with what the triggers would compute, so that these write nothing again."""
    email, phone = person.primary("email"), person.primary("phone")
    since = person.created_elsewhere_at
    words = search_text_of(person.name, [one.identity for one in person.held.values()])
    return (
        person.pk, person.name, sort_key(person.name), person.state, person.origin, dumps(person.properties),
        dumps(person.provenance), since.isoformat() if since else None, now, now, 1,
        email.identity.value if email else "", phone.identity.value if phone else "", words, "{}", "{}", 0, now, now,
        array_of(sorted(tags[one] for one in person.tags)),
    )  # fmt: skip


def _accounts(plan: Plan) -> dict[str | int | None, int]:
    """The ids of accounts by their own IDs; those never heard of are made, also when nobody is left in them."""
    ids: dict[str | int | None, int] = {external_id: pk for external_id, (pk, _) in plan.known.accounts.items()}
    new = sorted(plan.named_accounts - ids.keys())
    if new:
        Account.objects.bulk_create(
            [Account(external_id=one, name=one, sort_name=fold(one)[:300]) for one in new], ignore_conflicts=True
        )
        ids |= dict(Account.objects.filter(AnyOf("external_id", new)).values_list("external_id", "pk"))
    return ids


def _tags(plan: Plan, people: Iterable[Person]) -> dict[int | str, int]:
    """The id of each tag that somebody has, by itself or by the folded name of one never seen, which is made."""
    every = {tag for one in people for tag in one.tags}
    ids: dict[int | str, int] = {tag: tag for tag in every if isinstance(tag, int)}
    new = sorted(plan.new_tags)
    if new:
        rows = [Tag(name=plan.new_tags[one], folded=one, hue=hue_of(one)) for one in new]
        Tag.objects.bulk_create(rows, ignore_conflicts=True)
        ids |= dict(Tag.objects.filter(folded__in=new).values_list("folded", "pk"))
    return ids


def _change_people(people: list[Person]) -> None:
    update_many(
        [
            Customer(
                pk=one.pk, name=one.name, sort_name=sort_key(one.name), origin=one.origin, properties=one.properties,
                provenance=one.provenance, created_elsewhere_at=one.created_elsewhere_at,
            )
            for one in people
        ],
        _CHANGED,
    )  # fmt: skip


def _change_identifiers(plan: Plan, people: list[Person], now: str) -> None:
    if plan.gone_identifiers:
        Identifier.objects.filter(AnyOf("pk", sorted(plan.gone_identifiers))).delete()
    dirty = [held for one in people for held in one.held.values() if held.dirty and held.pk]
    rows = [Identifier(pk=held.pk, primary=held.primary, verified=held.verified) for held in dirty]
    for primary in (False, True):  # one at most is primary at any moment
        update_many([row for row in rows if row.primary is primary], ("primary", "verified"))
    new = [(one.pk, held, held.identity) for one in people for held in one.held.values() if held.pk is None]
    if new:
        insert_rows(
            Identifier, _IDENTIFIER,
            (
                (
                    customer_id, one.kind, one.value, one.normalized, one.digest, held.primary, held.verified,
                    held.source_id, now,
                )
                for customer_id, held, one in new
            ),
        )  # fmt: skip


def _change_tags(people: list[Person], tags: dict[int | str, int]) -> None:
    gone = {(one.pk, tag) for one in people for tag in set(one.tag_ids) - one.tags}
    if gone:
        rows = CustomerTag.objects.filter(AnyOf("customer_id", {pk for pk, _ in gone}))
        pairs = rows.values_list("pk", "customer_id", "tag_id")
        rows.filter(pk__in=[pk for pk, customer_id, tag_id in pairs if (customer_id, tag_id) in gone]).delete()
    new = [(one.pk, tags[tag]) for one in people for tag in one.tags - set(one.tag_ids)]
    if new:
        insert_rows(CustomerTag, ("customer", "tag"), sorted(new))


def _change_seats(plan: Plan, people: list[Person], accounts: dict[str | int | None, int]) -> None:
    if plan.gone_seats:
        Membership.objects.filter(AnyOf("pk", sorted(plan.gone_seats))).delete()
    seats = [(one.pk, seat) for one in people for seat in one.seats.values()]
    dirty = [seat for _, seat in seats if seat.dirty and seat.pk]
    rows = [
        Membership(
            pk=seat.pk, primary=seat.primary, contact=seat.contact, key_contact=seat.key_contact, owner=seat.owner,
            properties=seat.properties, provenance=seat.provenance,
        )
        for seat in dirty
    ]  # fmt: skip
    update_many(rows, ("primary", *_SEAT_CHANGED))
    new = [
        Membership(
            customer_id=customer_id, account_id=accounts[seat.account], primary=seat.primary, contact=seat.contact,
            key_contact=seat.key_contact, owner=seat.owner, properties=seat.properties, provenance=seat.provenance,
            created_at=plan.now,
        )
        for customer_id, seat in seats
        if seat.pk is None
    ]  # fmt: skip
    insert_many(new, _SEAT)


def _count(plan: Plan) -> None:
    """Counts what was kept out, however often each was sent."""
    times = Counter[tuple[str, str]]((one.kind, one.normalized) for one in plan.kept_out)
    kept = {(one.kind, one.normalized): one for one in plan.kept_out}
    for number in sorted(set(times.values())):
        those: list[Identity] = [kept[key] for key, many in times.items() if many == number]
        count_kept_out(those, plan.now, times=number)
