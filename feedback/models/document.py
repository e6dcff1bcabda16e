from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from accounts.models import Account
from audit.models import Source
from core.json import ExactJSONField
from core.triggers import audited
from customers.models import Customer, Tag
from customers.triggers import keep_tag_ids
from feedback.triggers import keep_customers, search_vector
from feedback.visibility import Shown
from staff.permissions import permissions_of, teams_of

AUTHORED = (
    "title", "body", "body_format", "channel", "source", "external_id", "author", "author_email", "customer", "link",
    "account", "custom_fields", "metadata", "status", "state", "occurred_at", "content_digest",
    "anonymised_at",
)  # fmt: skip


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, viewer: Any) -> Self:
        """The documents that `viewer` may see: for limited staff those of a visible account, or of no account and a
        visible customer; every one for others, none for who is not staff (3.5). Always the first call."""
        if not permissions_of(viewer):
            return self.none()
        teams = teams_of(viewer)
        if teams is None:
            return self
        return self.filter(Shown(teams))

    def active(self) -> Self:
        return self.filter(state=Document.State.ACTIVE)

    def unassigned(self) -> Self:
        return self.filter(customer=None)

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(customer=customer)


class Document(models.Model):
    """One piece of feedback: a ticket, email, chat, call, survey comment, note from research (5.1).

    `author` is the identity as received: {"name", "email", "phone", "user_id", "handle"}, each optional;
    `author_email` its email, normalized, so that documents find their customer when somebody gains that email.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        DELETED = "deleted", "Deleted"
        PURGING = "purging", "Being permanently deleted"

    class Channel(models.TextChoices):
        WIDGET = "widget", "Widget"
        EMAIL = "email", "Email"
        API = "api", "API"
        VOICE = "voice", "Voice"
        CHAT = "chat", "Chat"
        SURVEY = "survey", "Survey"
        SOCIAL = "social", "Social"
        IMPORT = "import", "Import"

    class Link(models.TextChoices):
        """How the document came to have its customer, or none. What staff decided, no sync undoes (5.3)."""

        NONE = "none", "Nobody recognised"
        MATCHED = "matched", "Recognised by the author's details"
        RULE = "rule", "Found by a link rule"
        STAFF = "staff", "Chosen by staff"
        REMOVED = "removed", "Removed by staff"

    class BodyFormat(models.TextChoices):
        TEXT = "text", "Plain text"
        HTML = "html", "HTML"

    title = models.CharField(max_length=500, blank=True)
    body = models.TextField(blank=True)
    body_format = models.CharField(max_length=4, choices=BodyFormat, default=BodyFormat.TEXT)
    channel = models.CharField(max_length=20, choices=Channel)
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.PROTECT, related_name="documents", db_index=False
    )
    external_id = models.CharField(max_length=200, null=True, blank=True)
    author = models.JSONField(default=dict, blank=True)
    author_email = models.CharField(max_length=320, db_collation="C", blank=True, default="", editable=False)
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="documents", db_index=False
    )
    link = models.CharField(max_length=10, choices=Link, default=Link.NONE)
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="documents", db_index=False
    )
    custom_fields = ExactJSONField(default=dict, blank=True)
    metadata = ExactJSONField(default=dict, blank=True)
    status = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    content_digest = models.BinaryField(max_length=32, null=True, editable=False)

    # Kept by triggers
    tag_ids = ArrayField(models.IntegerField(), default=list, blank=True, editable=False)
    search_vector = SearchVectorField(null=True, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("source", "external_id", name="feedback_document_once_a_source"),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "deleted", "purging"]), name="feedback_document_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    channel__in=["widget", "email", "api", "voice", "chat", "survey", "social", "import"]
                ),
                name="feedback_document_channel_known",
            ),
            models.CheckConstraint(
                condition=models.Q(customer__isnull=True, link__in=["none", "removed"])
                | models.Q(customer__isnull=False, link__in=["matched", "rule", "staff"]),
                name="feedback_document_link_agrees",
            ),
            models.CheckConstraint(condition=~models.Q(title="", body=""), name="feedback_document_says_something"),
        ]
        indexes = [
            models.Index(models.F("occurred_at").desc(), models.F("id").desc(), name="feedback_by_time"),
            models.Index(
                "customer", models.F("occurred_at").desc(), models.F("id").desc(), name="feedback_by_customer",
            ),
            models.Index(
                "account", models.F("occurred_at").desc(), models.F("id").desc(),
                condition=models.Q(account__isnull=False), name="feedback_by_account",
            ),
            models.Index(
                models.F("occurred_at").desc(), models.F("id").desc(),
                condition=models.Q(customer__isnull=True), name="feedback_unassigned",
            ),
            models.Index("channel", models.F("occurred_at").desc(), models.F("id").desc(), name="feedback_by_channel"),
            models.Index("status", models.F("occurred_at").desc(), models.F("id").desc(), name="feedback_by_status"),
            models.Index("source", models.F("occurred_at").desc(), models.F("id").desc(), name="feedback_by_source"),
            models.Index("occurred_at", condition=~models.Q(state="active"), name="feedback_not_active"),
            models.Index("deleted_at", "id", condition=models.Q(state="deleted"), name="feedback_by_deletion"),
            models.Index("author_email", condition=~models.Q(author_email=""), name="feedback_author_email"),
            GinIndex(fields=["search_vector"], name="feedback_search_vector"),
            GinIndex(fields=["tag_ids"], name="feedback_tag_ids"),
        ]  # fmt: skip
        triggers = [
            search_vector(),
            *keep_customers(),
            *audited(
                hidden=("search_vector", "tag_ids", "updated_at", "received_at", "content_digest", "author_email"),
                brief=("title", "body", "author", "custom_fields", "metadata"),
                document="id",
                customer="customer_id",
            ),
        ]

    def __str__(self) -> str:
        return self.display_title

    def save(self, **kwargs: Any) -> None:
        """Saves what people and systems author; the columns kept by triggers are never written over."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = AUTHORED
        super().save(**kwargs)

    @property
    def display_title(self) -> str:
        """The title, else the beginning of the body."""
        return self.title or " ".join(self.body.split())[:80]

    @property
    def is_active(self) -> bool:
        return self.state == Document.State.ACTIVE


class DocumentTag(models.Model):
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="document_tags", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="document_tags")

    class Meta:
        constraints = [models.UniqueConstraint("document", "tag", name="feedback_documenttag_once")]
        triggers = [*keep_tag_ids("document", "feedback_document"), *audited(document="document_id")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.document_id}"
