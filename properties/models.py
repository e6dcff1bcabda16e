import re
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from audit.actor import Actor
from audit.recording import recorded
from core.jobs import Job, JobFailed
from core.triggers import audited

KEY = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.]{1,100}")  # dots alone would be no part of an address
KEY_FAULT = "A property key has 1 to 100 letters, digits, _ or . and nothing else, and more than dots."


class DefinitionManager(models.Manager["Definition"]):
    def for_key(self, key: str, *, subject: str = "customer", type_: str = "text") -> "Definition":
        """The definition of `key`, in any letter case; a key never seen defines itself with `type_`.

        Raises ValidationError when the key has a wrong shape.
        """
        _check(key)
        return self.for_keys({key: type_}, subject=subject)[key]

    def for_keys(self, types: Mapping[str, str], *, subject: str = "customer") -> dict[str, "Definition"]:
        """The definition of every key of {key: type if new}, in three statements at most. Raises by key."""
        known = self._known(types, subject)
        new = {key.lower(): key for key in types if key not in known}
        for key in new.values():
            try:
                _check(key)
            except ValidationError as error:
                raise ValidationError({key: error}) from None
        if new:
            rows = [Definition(subject=subject, key=key, label=label_of(key), type=types[key]) for key in new.values()]
            self.bulk_create(rows, ignore_conflicts=True)
            known = self._known(types, subject)
        return known

    def _known(self, types: Mapping[str, str], subject: str) -> dict[str, "Definition"]:
        rows = (
            self.filter(subject=subject).annotate(lower=Lower("key")).filter(lower__in={key.lower() for key in types})
        )
        by_lower = {row.key.lower(): row for row in rows}
        return {key: by_lower[key.lower()] for key in types if key.lower() in by_lower}

    def expected(self, key: str, *, subject: str = "customer", type_: str = "text") -> "Definition":
        """The definition that `for_key` would give, not yet saved when the key is new. Raises ValidationError."""
        _check(key)
        known = self.filter(subject=subject, key__iexact=key).first()
        return known or Definition(subject=subject, key=key, label=label_of(key), type=type_)


def _check(key: str) -> None:
    if not KEY.fullmatch(key):
        raise ValidationError(KEY_FAULT, code="invalid_key")


class Definition(models.Model):
    """A property that customers, memberships or accounts can have (2.7)."""

    class Subject(models.TextChoices):
        CUSTOMER = "customer", "Customers"
        ACCOUNT = "account", "Accounts"
        MEMBERSHIP = "membership", "Memberships"

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        BOOLEAN = "boolean", "Yes or no"
        CHOICE = "choice", "Choice"
        URL = "url", "Link"

    subject = models.CharField(max_length=12, choices=Subject, default=Subject.CUSTOMER)
    key = models.CharField(max_length=100, help_text="Letters, digits, _ and . – it cannot be changed later.")
    label = models.CharField(max_length=120)
    type = models.CharField(max_length=10, choices=Type, default=Type.TEXT)
    choices = models.JSONField(default=list, blank=True)
    personal = models.BooleanField("personal data", default=True)
    is_key = models.BooleanField("shown in the profile's header", default=False)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DefinitionManager()

    class Meta:
        ordering = ("position", "label", "id")
        constraints = [
            models.UniqueConstraint("subject", Lower("key"), name="properties_definition_key_once"),
            models.CheckConstraint(
                condition=models.Q(key__regex=r"^[A-Za-z0-9_.]{1,100}$"), name="properties_definition_key_shape"
            ),
            models.CheckConstraint(
                condition=models.Q(type__in=["text", "number", "date", "boolean", "choice", "url"]),
                name="properties_definition_type_known",
            ),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.label

    @property
    def of_company(self) -> bool:
        """Whether it describes the customer's organisation (shown together, at the bottom of the profile)."""
        return self.key.lower().startswith("company.")


def label_of(key: str) -> str:
    """What a property is called until somebody renames it: 'company.size' is 'Size', 'lastOrder_at' 'Last order at'."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key.split(".", 1)[-1] if key.lower().startswith("company.") else key)
    words = re.sub(r"[_.\s]+", " ", words).strip() or key
    return words[:1].upper() + (words[1:] if words.isupper() else words[1:].lower())


class PropertyRewrite(Job):
    """Changes stored values in the background, because a definition was retyped, merged or deleted.

    Walks along the records' ids: `done` is the id reached, `total` the highest one. What arrives behind it meanwhile is
    found by walking again.
    """

    BATCH = 2_000
    MOST_WALKS = 3
    VERBS = {
        "recast": "property.values_recast", "merge": "property.values_merged", "remove": "property.values_removed",
    }  # fmt: skip

    action = models.CharField(max_length=6, choices=[("recast", "Retype"), ("merge", "Merge"), ("remove", "Delete")])
    definition = models.ForeignKey(Definition, null=True, on_delete=models.SET_NULL, related_name="rewrites")
    into = models.ForeignKey(Definition, null=True, on_delete=models.SET_NULL, related_name="rewrites_into")
    label = models.CharField(max_length=120)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed = models.BigIntegerField(default=0)
    unfit = models.BigIntegerField(default=0)
    walks = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.label}"

    def batch(self, now: datetime) -> bool:
        """The next ids, in one audit entry of whoever asked for it."""
        from properties import rewriting

        definition = self.definition
        if definition is None or (self.action == rewriting.Action.MERGE and self.into is None):
            raise JobFailed("The property is gone.")
        rows = rewriting.model_of(definition.subject)._default_manager
        if self.total is None or self.done == 0:
            self.total = rows.aggregate(last=models.Max("pk"))["last"] or 0
        ids = list(rows.filter(pk__gt=self.done).order_by("pk").values_list("pk", flat=True)[: self.BATCH])
        with recorded(self._actor, self.VERBS[self.action], definition, now=now) as entry:
            outcome = rewriting.rewrite(ids, definition, self.action, self.into)
            entry.facts |= {"changed": outcome.changed, "unfit": outcome.unfit}
            if not outcome.changed:
                entry.discard()
        self.changed += outcome.changed
        self.unfit += outcome.unfit if self.walks == 0 else 0
        self.done = ids[-1] if ids else self.done
        return len(ids) == self.BATCH or self._walk_again(definition)

    def after(self, now: datetime) -> None:
        definition = self.definition
        if self.action != "recast" and definition is not None:
            with recorded(self._actor, "property.deleted", definition, now=now):
                definition.delete()

    @property
    def _actor(self) -> Actor:
        """Whoever asked for it, through a worker."""
        return Actor(via="task", rank="staff", user_id=self.actor_id)

    def _walk_again(self, definition: Definition) -> bool:
        from properties import rewriting

        self.walks += 1
        if self.action == "recast" or self.walks >= self.MOST_WALKS or not rewriting.holders(definition, most=1):
            return False
        self.done = 0
        return True
