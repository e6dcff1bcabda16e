from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, Now

from core.json import ExactJSONField
from core.schedules import due_at
from core.text import fold
from core.triggers import audited
from customers.triggers import before_customer_update, keep_values
from customers.visibility import Belongs
from properties.models import Definition
from staff.permissions import permissions_of, teams_of

NAME_LIMIT = 300
AUTHORED = (
    "name", "sort_name", "state", "origin", "properties", "provenance", "created_elsewhere_at", "last_imported_at",
)  # fmt: skip

# Customers without feedback may all be long unseen: a walk in any order would pass by everybody else first
SILENT_ORDERS: dict[str, tuple[Any, ...]] = {
    "last_seen": (models.F("last_seen_at").desc(), models.F("id").desc()),
    "first_seen": (models.F("first_seen_at").desc(), models.F("id").desc()),
    "name": ("sort_name", "id"),
}


NAMED_COMPANY = KeyTextTransform(0, KeyTransform("company.name", "properties"))


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, viewer: Any) -> Self:
        """The customers that `viewer` may see: those of visible accounts for limited staff, every one for others, none
        for who is not staff (3.5). Always the first call."""
        if not permissions_of(viewer):
            return self.none()
        teams = teams_of(viewer)
        if teams is None:
            return self
        return self.filter(Belongs(teams))

    def active(self) -> Self:
        return self.filter(state=Customer.State.ACTIVE)

    def readable(self) -> Self:
        """Active and deleted ones: whoever is being permanently deleted, or was merged away, has no page."""
        return self.filter(state__in=[Customer.State.ACTIVE, Customer.State.DELETED])

    def deleted(self) -> Self:
        return self.filter(state=Customer.State.DELETED)

    def with_company(self, viewer: Any) -> Self:
        """Adds `company`: the primary account's name if `viewer` may see it, else the `company.name` property, else
        None (2.1, 3.5)."""
        from customers.models.membership import Membership

        primary = Membership.objects.filter(customer=models.OuterRef("pk"), primary=True, account__state="active")
        teams = teams_of(viewer)
        if teams is not None:
            primary = primary.filter(account__visible_to_teams__team__in=teams)
        name = models.Subquery(primary.values("account__name")[:1])
        return self.annotate(company=Coalesce(name, NAMED_COMPANY, output_field=models.TextField()))


class Customer(models.Model):
    """A person who has interacted with the product (2.1).

    Counts, dates, channels, tags, primary contact details and `search_text` are kept by triggers in the same
    transaction as what they follow from, so no code path can forget them. 'Seen' is the time of an interaction; before
    there is any, the moment the customer came to exist.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        DELETED = "deleted", "Deleted"
        PURGING = "purging", "Being permanently deleted"
        MERGED = "merged", "Merged"

    class Origin(models.TextChoices):
        HAND = "hand", "Added by hand"
        DOCUMENT = "document", "Came with feedback"
        SYNC = "sync", "Synced"
        IMPORT = "import", "Imported"
        API = "api", "REST API"
        PORTAL = "portal", "Portal"

    name = models.CharField(max_length=NAME_LIMIT, blank=True)
    sort_name = models.CharField(max_length=NAME_LIMIT, db_collation="C", editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.HAND)
    properties = ExactJSONField(default=dict, blank=True)
    provenance = ExactJSONField(default=dict, blank=True)
    created_elsewhere_at = models.DateTimeField(null=True, blank=True)
    last_imported_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.IntegerField(db_default=1, editable=False)

    # Facts beside the state (6.6)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    deletion_requested_at = models.DateTimeField(null=True, blank=True)
    legal_hold = models.CharField("reason of the legal hold", max_length=300, blank=True, default="", db_default="")
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="absorbed", db_index=False
    )

    # Kept by triggers
    primary_email = models.CharField(max_length=320, blank=True, default="", editable=False)
    primary_phone = models.CharField(max_length=64, blank=True, default="", editable=False)
    search_text = models.TextField(db_collation="C", blank=True, default="", editable=False)
    tag_ids = ArrayField(models.IntegerField(), default=list, blank=True, editable=False)
    channels = ArrayField(models.CharField(max_length=20), default=list, blank=True, editable=False)
    source_ids = ArrayField(models.IntegerField(), default=list, blank=True, editable=False)
    feedback_count = models.IntegerField(default=0, editable=False)
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    last_linked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "deleted", "purging", "merged"]),
                name="customers_customer_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(origin__in=["hand", "document", "sync", "import", "api", "portal"]),
                name="customers_customer_origin_known",
            ),
            models.CheckConstraint(
                condition=models.Q(feedback_count__gte=0), name="customers_customer_count_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(state="merged", merged_into__isnull=False)
                | ~models.Q(state="merged") & models.Q(merged_into=None),
                name="customers_customer_merged_into_somebody",
            ),
        ]
        indexes = [
            models.Index(models.F("last_seen_at").desc(), models.F("id").desc(), name="customers_by_last_seen"),
            models.Index(models.F("first_seen_at").desc(), models.F("id").desc(), name="customers_by_first_seen"),
            models.Index(models.F("feedback_count").desc(), models.F("id").desc(), name="customers_by_feedback_count"),
            models.Index("sort_name", "id", name="customers_by_name"),
            models.Index(models.F("created_at").desc(), name="customers_by_created"),
            *(
                models.Index(*order, condition=models.Q(feedback_count=0), name=f"customers_silent_by_{name}")
                for name, order in SILENT_ORDERS.items()
            ),
            GinIndex(OpClass("search_text", "gin_trgm_ops"), name="customers_search_text"),
            GinIndex(fields=["properties"], opclasses=["jsonb_path_ops"], name="customers_properties"),
            GinIndex(fields=["tag_ids"], name="customers_tag_ids"),
            GinIndex(fields=["channels"], name="customers_channels"),
            GinIndex(fields=["source_ids"], name="customers_source_ids"),
            models.Index("id", condition=~models.Q(state="active"), name="customers_not_active"),
            models.Index("deleted_at", "id", condition=models.Q(state="deleted"), name="customers_by_deletion"),
            models.Index(
                "created_at",
                "id",
                condition=models.Q(origin="document", feedback_count=0, state="active"),
                name="customers_orphans",
            ),
            models.Index("merged_into", condition=models.Q(merged_into__isnull=False), name="customers_merged_into"),
        ]
        triggers = [
            before_customer_update(),
            *keep_values(),
            *audited(
                hidden=(
                    "sort_name", "search_text", "primary_email", "primary_phone", "tag_ids", "channels", "source_ids",
                    "feedback_count", "first_seen_at", "last_seen_at", "last_linked_at", "last_imported_at",
                    "updated_at", "version", "provenance",
                ),
                customer="id",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.display_name

    def save(self, **kwargs: Any) -> None:
        """Saves what people and systems author; the columns kept by triggers are never written over."""
        self.sort_name = sort_key(self.name)
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = AUTHORED
        super().save(**kwargs)

    @property
    def display_name(self) -> str:
        """What the customer is called on screen: the name, else the primary email, phone, or number."""
        return self.name or self.primary_email or self.primary_phone or f"Customer {self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state == Customer.State.ACTIVE

    def orphan_due_at(self) -> datetime | None:
        """When this customer is permanently deleted for having lost its last document; None when it is not (5.4)."""
        if self.origin != Customer.Origin.DOCUMENT or self.feedback_count:
            return None
        latest = max(at for at in (self.last_linked_at, self.last_imported_at, self.created_at) if at)
        return due_at("orphans", latest)


def sort_key(name: str) -> str:
    """What names are ordered and searched by."""
    return fold(name)[:NAME_LIMIT]


class CustomerValue(models.Model):
    """A number or date property as a row of its own, because a GIN index cannot serve ranges. Kept by triggers.

    Dates stand as seconds since 1970, UTC.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    definition = models.ForeignKey(Definition, on_delete=models.CASCADE, related_name="+", db_index=False)
    value = models.DecimalField(max_digits=40, decimal_places=10)

    class Meta:
        indexes = [
            models.Index("definition", "value", "customer", name="customers_value_range"),
            models.Index("customer", name="customers_value_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.definition_id}: {self.value}"
