from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from core.json import ExactJSONField
from core.triggers import append_only


class Source(models.Model):
    """A configured way in: an integration, an import, a widget (1, 10.1)."""

    class Kind(models.TextChoices):
        FEEDBACK = "feedback", "Feedback"
        USER = "user", "Users"
        ACCOUNT = "account", "Accounts"
        CENSUS = "census", "Census"
        TRACKING = "tracking", "Tracking"
        API = "api", "REST API"
        IMPORT = "import", "File import"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind)
    created_at = models.DateTimeField(auto_now_add=True)
    last_received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("kind", "name", name="audit_source_name_once")]

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """One command that somebody gave: who, through what, on what. Holds no personal data, so it outlives the person."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,  # history outlives the user, and is append-only
        related_name="+",
        db_constraint=False,
    )
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    on_behalf_of = models.ForeignKey(  # whom the actor was impersonating (8.4)
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    via = models.CharField(max_length=20)
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index("subject_type", "subject_id", models.F("id").desc(), name="audit_entry_subject"),
            models.Index(models.F("at").desc(), models.F("id").desc(), name="audit_entry_newest"),
            models.Index(
                "actor",
                models.F("at").desc(),
                models.F("id").desc(),
                condition=models.Q(actor__isnull=False),
                name="audit_entry_of_actor",
            ),
            models.Index("verb", models.F("at").desc(), models.F("id").desc(), name="audit_entry_of_verb"),
            models.Index(
                "on_behalf_of",
                models.F("id").desc(),
                condition=models.Q(on_behalf_of__isnull=False),
                name="audit_entry_on_behalf_of",
            ),
        ]
        triggers = [append_only()]

    discarded = False

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor or self.via}"

    def about(self, subject: models.Model, **facts: Any) -> None:
        """Names what the command was about, before the entry is written, and adds facts."""
        self.subject_type, self.subject_id = subject._meta.model_name or "", subject.pk
        self.facts |= facts

    def discard(self) -> None:
        """Nothing changed, so there is nothing to record; ignored when a trigger saw a change after all."""
        self.discarded = True


class ChangeQuerySet(models.QuerySet["Change"]):
    def of(self, kind: str, identity: int) -> Self:
        """What happened to this customer, document or account, and to what belongs to it."""
        return self.filter(**{f"{kind}_id": identity})

    def left(self, *customer_ids: int) -> Self:
        """The documents that were taken from these customers."""
        before = Cast(KT("before__customer_id"), models.BigIntegerField())
        updates = self.filter(table="feedback_document", operation="update", before__has_key="customer_id")
        return updates.annotate(left_id=before).filter(left_id__in=customer_ids)


class Change(models.Model):
    """What one entry did to one row, before and after; written by the tables' own triggers and emptied by a purge."""

    class Operation(models.TextChoices):
        INSERT = "insert"
        UPDATE = "update"
        DELETE = "delete"

    entry = models.ForeignKey(
        Entry, on_delete=models.CASCADE, related_name="changes", db_constraint=False, db_index=False
    )
    table = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    operation = models.CharField(max_length=6, choices=Operation)
    before = ExactJSONField(null=True)
    after = ExactJSONField(null=True)
    customer_id = models.BigIntegerField(null=True)
    document_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                "customer_id",
                models.F("id").desc(),
                condition=models.Q(customer_id__isnull=False),
                name="audit_change_customer",
            ),
            models.Index(
                "document_id",
                models.F("id").desc(),
                condition=models.Q(document_id__isnull=False),
                name="audit_change_document",
            ),
            models.Index(
                "account_id",
                models.F("id").desc(),
                condition=models.Q(account_id__isnull=False),
                name="audit_change_account",
            ),
            models.Index("entry", name="audit_change_entry"),
            # A document's change belongs to the customer it has now; this finds it for the one it was taken from too
            models.Index(
                Cast(KT("before__customer_id"), models.BigIntegerField()),
                models.F("id").desc(),
                condition=models.Q(table="feedback_document", operation="update", before__has_key="customer_id"),
                name="audit_change_left_customer",
            ),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.operation} {self.table} {self.row_id}"

    def fields(self) -> list[tuple[str, Any, Any]]:
        """(column, value before, value after) for every column that this change touched."""
        before, after = self.before or {}, self.after or {}
        return [(name, before.get(name), after.get(name)) for name in {**before, **after}]
