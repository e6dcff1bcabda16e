"""What the pages of one account show, read only when a part asks for it (3.1)."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from accounts.models import Account
from audit.models import Change, Source
from core.addresses import address
from customers.facts import Fact, Origin, fact_of, marked, origin_of, values_before
from customers.models import Customer, Membership
from properties import provenance
from properties.models import Definition
from staff.models import User

EMPTY_SHOWN = 20
CHANGES_READ = 200  # the latest ones, to say what a value was before
PROPERTIES_SUGGESTED = 200
KEY_CONTACTS_SHOWN = 6
PERSON = ("owner", "key_contact", "customer__name", "customer__primary_email", "customer__primary_phone")
COUNTS = """
    SELECT
        (SELECT count(*) FROM (SELECT FROM customers_membership m JOIN customers_customer c ON c.id = m.customer_id
            WHERE m.account_id = %(pk)s AND c.state = 'active' LIMIT %(most)s) x),
        (SELECT count(*) FROM (SELECT FROM customers_membership m JOIN customers_customer c ON c.id = m.customer_id
            WHERE m.account_id = %(pk)s AND m.contact AND c.state = 'active' LIMIT %(most)s) x),
        (SELECT count(*) FROM (SELECT FROM {documents} d
            WHERE d.account_id = %(pk)s AND d.state = 'active' LIMIT %(most)s) x)
"""


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool
    count: int | None = None


class AccountPage:
    """One account as `viewer` may see it; `tab` is the part of its pages that is shown."""

    def __init__(self, account: Account, viewer: Any, tab: str = "overview") -> None:
        self.account = account
        self.viewer = viewer
        self.tab = tab

    @cached_property
    def tabs(self) -> list[Tab]:
        """Those whose pages exist: the apps that know feedback and usage serve theirs."""
        known = [
            ("overview", "Overview", "accounts:detail", None),
            ("contacts", "Contacts", "accounts:contacts", self.contact_count),
            ("customers", "Customers", "accounts:customers", self.member_count),
            ("feedback", "Feedback", "account_feedback:list", self.document_count),
            ("usage", "Usage", "usage:of_account", None),
            ("activity", "Activity", "accounts:activity", None),
        ]
        found = [(key, label, address(name, self.account.pk), count) for key, label, name, count in known]
        return [Tab(label, url, key == self.tab, count) for key, label, url, count in found if url]

    # Counts

    @cached_property
    def members(self) -> QuerySet[Membership]:
        """The places of customers who are not deleted."""
        return self.account.memberships.filter(customer__state=Customer.State.ACTIVE)

    @property
    def member_count(self) -> int:
        return self._counts[0]

    @property
    def contact_count(self) -> int:
        return self._counts[1]

    @property
    def document_count(self) -> int:
        return self._counts[2]

    @cached_property
    def _counts(self) -> tuple[int, int, int]:
        """Customers, contacts and documents, each counted to the cap, in one question whose SQL never changes."""
        documents = Account._meta.get_field("documents").related_model._meta.db_table  # stands above customers
        with connection.cursor() as cursor:
            asked = {"pk": self.account.pk, "most": settings.COUNT_LIMIT + 1}
            found: tuple[int, int, int] = cursor.execute(COUNTS.format(documents=documents), asked).fetchone()
        return found

    # People

    @property
    def owner(self) -> Customer | None:
        return next((one.customer for one in self._people if one.owner), None)

    @property
    def key_contacts(self) -> list[Customer]:
        return [one.customer for one in self._people if one.key_contact]

    @cached_property
    def _people(self) -> list[Membership]:
        """The owner, and the first key contacts."""
        found = self.members.filter(contact=True).filter(Q(owner=True) | Q(key_contact=True))
        return list(found.select_related("customer").only(*PERSON).order_by("-owner", "pk")[: KEY_CONTACTS_SHOWN + 1])

    @property
    def contacts(self) -> QuerySet[Membership]:
        """Contacts and key contacts, these first, each with its customer (3.3). `place` is what they are sorted by."""
        contacts = self.members.filter(contact=True).select_related("customer")
        return contacts.annotate(place=Concat(_rank(), "customer__sort_name"))

    # Properties

    @cached_property
    def properties(self) -> list[Fact]:
        return [fact for fact in self._facts if fact.values]

    @cached_property
    def key_facts(self) -> list[Fact]:
        return [fact for fact in self.properties if fact.definition.is_key]

    @cached_property
    def removed(self) -> list[Fact]:
        """Those that somebody took away although a sync sends them."""
        return [fact for fact in self._facts if fact.can_reset and not fact.values]

    @cached_property
    def empty(self) -> list[Fact]:
        """Those that other accounts have."""
        return [fact for fact in self._facts if not (fact.values or fact.can_reset)][:EMPTY_SHOWN]

    def fact(self, key: str) -> Fact | None:
        """The property with this key, in any letter case, whether or not the account has a value."""
        return next((fact for fact in self._facts if fact.key.lower() == key.lower()), None)

    @cached_property
    def name_origin(self) -> Origin | None:
        return origin_of(self.account.provenance.get(provenance.NAME), self)

    @cached_property
    def _facts(self) -> list[Fact]:
        """Every property of accounts in the order of their definitions; keys without one come last."""
        account, before = self.account, values_before(self._edits)
        held = {key.lower(): (key, values) for key, values in account.properties.items()}
        facts = []
        for definition in Definition.objects.filter(subject=Definition.Subject.ACCOUNT):
            key, values = held.pop(definition.key.lower(), (definition.key, []))
            facts.append(fact_of(definition, key, values, account.provenance, self, was=before.get(key)))
        return facts + [fact_of(None, key, values, account.provenance, self) for key, values in sorted(held.values())]

    @cached_property
    def _edits(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        latest = Change.objects.of("account", self.account.pk).order_by("-id").values("pk")[:CHANGES_READ]
        edits = Change.objects.filter(
            pk__in=latest, table=Account._meta.db_table, operation=Change.Operation.UPDATE, before__has_key="properties"
        )
        return [(one or {}, other or {}) for one, other in edits.order_by("-id").values_list("before", "after")]

    # Whom provenance names

    @cached_property
    def users(self) -> dict[int, User]:
        ids = marked(self.account.provenance.values(), "actor_id")
        return User.objects.in_bulk(ids) if ids else {}

    @cached_property
    def sources(self) -> dict[int, str]:
        ids = marked(self.account.provenance.values(), "source_id")
        return dict(Source.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def _rank() -> Any:
    return Case(When(Q(key_contact=True), then=Value("0")), default=Value("1"))
