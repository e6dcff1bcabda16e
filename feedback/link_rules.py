"""Which customer and which account the fields of a document lead to, by the rules of its source (5.5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Lower

from accounts.models import Account
from audit.models import Source
from core.arrays import AnyOf, array_of
from core.json import dumps
from core.text import problem
from customers.identifying import Identity, identity
from customers.models import Customer, Identifier
from customers.suppressing import among
from feedback.models import LinkRule
from properties.models import Definition
from properties.values import VALUE_LIMIT, cast

RULES_LIMIT = 20  # of one source
VALUES_LIMIT = 5  # of one field of one document
ROOTS = ("metadata", "custom_fields", "author", "external_id", "status", "title")
READABLE = (Customer.State.ACTIVE, Customer.State.DELETED)  # what arrives for somebody deleted is kept with them (6.1)
# One look into the GIN index for each value, which stops at the second holder. Planned for itself, as if it did not
# stop: else two rows are hoped to come soon in a walk along the table, and what nobody holds is looked for everywhere
_HOLDERS = """
    SELECT wanted.place, held.ids FROM unnest(%s::text[]) WITH ORDINALITY AS wanted (value, place)
    CROSS JOIN LATERAL (
        WITH every AS MATERIALIZED (
            SELECT id FROM {table} WHERE properties @> wanted.value::jsonb AND state = ANY(%s)
        )
        SELECT array_agg(id) AS ids FROM (SELECT id FROM every LIMIT 2) two
    ) held
"""
_TABLES = {LinkRule.Subject.CUSTOMER: "customers_customer", LinkRule.Subject.ACCOUNT: "accounts_account"}
_IDENTIFIERS = {LinkRule.By.EMAIL, LinkRule.By.PHONE, LinkRule.By.USER_ID, LinkRule.By.HANDLE}

Value = str | int | bool | Decimal


class Said(Protocol):
    """What of a document rules may look at: one that arrives (`receiving.Incoming`) or one that is here."""

    title: str
    status: str
    external_id: str | None
    author: Any
    custom_fields: Any
    metadata: Any


@dataclass(slots=True)
class Ruled:
    """What the rules make of one document. `is_suppressed` says that the first field that names anybody names somebody
    who was permanently deleted."""

    customer_id: int | None = None
    account_id: int | None = None
    suppressed: set[Identity] = field(default_factory=set)
    is_suppressed: bool = False


class Rules:
    """The rules of one source, in their order."""

    def __init__(self, rules: Sequence[LinkRule]) -> None:
        self.rules = rules

    @classmethod
    def of(cls, source: Source) -> "Rules":
        return cls(list(LinkRule.objects.filter(source=source)))

    def __bool__(self) -> bool:
        return bool(self.rules)

    def identities(self, said: Said) -> list[Identity]:
        """The identifiers that the rules would look for."""
        return [one for rule in self.rules if rule.by in _IDENTIFIERS for one in _identities(rule, said)]

    def looks_for(self, said: Said) -> set[object]:
        """What an item that comes before, in the same batch, may make known: identities, account IDs, property keys."""
        wanted: set[object] = set(self.identities(said))
        for rule in self.rules:
            if rule.by == LinkRule.By.EXTERNAL_ID:
                wanted |= {("account", str(value).strip()) for value in values_at(said, rule.path)}
            elif rule.by == LinkRule.By.PROPERTY and values_at(said, rule.path):
                wanted.add(rule.key.lower())
        return wanted

    def find(self, documents: Sequence[Said]) -> list[Ruled]:
        """What the rules make of each document: a question or two to the database a rule, however many there are."""
        found = [Ruled() for _ in documents]
        for rule in self.rules:
            if rule.subject == LinkRule.Subject.ACCOUNT:
                owners = _by_account_id if rule.by == LinkRule.By.EXTERNAL_ID else _by_property
                for ruled, ids in zip(found, owners(rule, documents), strict=True):
                    ruled.account_id = ruled.account_id or next(iter(ids), None)
            elif rule.by == LinkRule.By.PROPERTY:
                for ruled, ids in zip(found, _by_property(rule, documents), strict=True):
                    if not ruled.is_suppressed:
                        ruled.customer_id = ruled.customer_id or next(iter(ids), None)
            else:
                _by_identifier(rule, documents, found)
        return found


def values_at(said: Said, path: str) -> list[Value]:
    """The values of the field: of a list its first few, none of an object. A key may itself hold dots."""
    root, _, rest = path.partition(".")
    if root.startswith("cf_"):
        root, rest = "custom_fields", path[3:]
    value = getattr(said, root) if root in ROOTS else None
    if rest:
        value = _within(value, rest)
    several = value if isinstance(value, list) else [value]
    kept = [one for one in several[:VALUES_LIMIT] if isinstance(one, str | int | bool | Decimal)]
    return [one for one in kept if not isinstance(one, str) or (one.strip() and not problem(one, limit=VALUE_LIMIT))]


def _within(value: Any, path: str) -> Any:
    while path:
        if not isinstance(value, Mapping):
            return None
        if path in value:
            return value[path]
        key, _, path = path.partition(".")
        value = value.get(key)
    return None


def _identities(rule: LinkRule, said: Said) -> Iterator[Identity]:
    for value in values_at(said, rule.path):
        if isinstance(value, bool):
            continue
        try:
            yield identity(rule.by, str(value))
        except ValidationError:
            continue  # it is nobody's


def _by_identifier(rule: LinkRule, documents: Sequence[Said], found: list[Ruled]) -> None:
    named = [list(_identities(rule, said)) for said in documents]
    every = {one for several in named for one in several}
    owners, suppressed = _owners(rule.by, every), among(every)
    for ruled, several in zip(found, named, strict=True):
        for one in several:
            if one in suppressed:
                ruled.suppressed.add(one)
                ruled.is_suppressed = ruled.is_suppressed or ruled.customer_id is None
            elif len(owners.get(one.normalized, ())) == 1 and not ruled.is_suppressed:
                ruled.customer_id = ruled.customer_id or owners[one.normalized][0]


def _owners(kind: str, identities: Iterable[Identity]) -> dict[str, list[int]]:
    owners: dict[str, list[int]] = {}
    wanted = sorted({one.normalized for one in identities})
    if wanted:
        held = Identifier.objects.filter(AnyOf("normalized", wanted), kind=kind, customer__state__in=READABLE)
        for normalized, customer_id in held.order_by("id").values_list("normalized", "customer_id"):
            owners.setdefault(normalized, []).append(customer_id)
    return owners


def _by_account_id(rule: LinkRule, documents: Sequence[Said]) -> list[list[int]]:
    named = [
        [str(value).strip()[:200] for value in values_at(said, rule.path) if not isinstance(value, bool)]
        for said in documents
    ]
    every = sorted({one for several in named for one in several})
    held = Account.objects.filter(AnyOf("external_id", every), state=Account.State.ACTIVE) if every else []
    ids = {account.external_id: account.pk for account in held}
    return [[ids[one] for one in several if one in ids] for several in named]


def _by_property(rule: LinkRule, documents: Sequence[Said]) -> list[list[int]]:
    """For each document the ids that exactly one holder of a value has."""
    definition = Definition.objects.annotate(lower=Lower("key")).filter(subject=rule.subject, lower=rule.key.lower())
    known = definition.first()
    if known is None:
        return [[] for _ in documents]
    named = [list(_wanted(known, values_at(said, rule.path))) for said in documents]
    wanted = sorted({one for several in named for one in several})
    holders: dict[str, int] = {}
    if wanted:
        states = list(READABLE) if rule.subject == LinkRule.Subject.CUSTOMER else [Account.State.ACTIVE]
        with connection.cursor() as cursor:
            sql = _HOLDERS.format(table=_TABLES[LinkRule.Subject(rule.subject)])
            cursor.execute(sql, [array_of(wanted), [str(state) for state in states]])
            holders = {wanted[place - 1]: ids[0] for place, ids in cursor.fetchall() if ids and len(ids) == 1}
    return [[holders[one] for one in several if one in holders] for several in named]


def _wanted(definition: Definition, values: Iterable[Value]) -> Iterator[str]:
    """Each value as JSON that contains it the way records hold it."""
    for value in values:
        try:
            yield dumps({definition.key: [cast(definition.type, value)]})
        except ValidationError:
            continue  # no record can hold it
