import hashlib
import secrets
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from audit.models import Source
from core.triggers import audited

USED_EVERY = timedelta(minutes=1)  # how exact `last_used_at` is: a write a minute, not one a request


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> Self:
        """Neither revoked nor expired, and its integration not closed."""
        unexpired = self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))
        return unexpired.filter(source__integration__closed_at=None)


class ApiKeyManager(models.Manager.from_queryset(ApiKeyQuerySet)["ApiKey"]):  # type: ignore[misc]
    def issue(self, *, kind: str, name: str, scopes: list[str], source: Source, **options: Any) -> tuple["ApiKey", str]:
        """A new key and its secret text, which is shown once and never again."""
        secret = secrets.token_urlsafe(32)
        key = self.create(kind=kind, name=name, scopes=scopes, source=source, secret_hash=_hash(secret), **options)
        return key, f"roster_{key.pk}_{secret}"

    def of_secret(self, text: str, now: datetime) -> "ApiKey | None":
        """The usable key with this text, compared in constant time."""
        prefix, _, rest = text.partition("_")
        number, _, secret = rest.partition("_")
        if prefix != "roster" or not (number.isascii() and number.isdigit() and len(number) < 18):
            return None
        key = self.usable(now).select_related("source").filter(pk=int(number)).first()
        return key if key and compare_digest(bytes(key.secret_hash), _hash(secret)) else None


class ApiKey(models.Model):
    """What another system shows to be let in (10.1). The secret is kept as SHA-256 only."""

    class Kind(models.TextChoices):
        API = "api", "REST API"
        USER = "user", "Users webhook"
        ACCOUNT = "account", "Accounts webhook"
        FEEDBACK = "feedback", "Feedback"
        CENSUS = "census", "Census"
        TRACKING = "tracking", "Tracking"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="keys")
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    team = models.ForeignKey(  # sees and changes what the team may see (reliability 17); goes with it
        "accounts.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="keys"
    )
    rate_limit = models.PositiveIntegerField("requests a minute", null=True, blank=True)  # None: as the setting says
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced_by")
    secret_hash = models.BinaryField(max_length=32, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyManager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["api", "user", "account", "feedback", "census", "tracking"]),
                name="integrations_apikey_kind_known",
            )
        ]
        triggers = audited(hidden=("secret_hash", "last_used_at"))

    def __str__(self) -> str:
        return f"{self.name} ({self.shown})"

    # What permissions and `visible_to` ask of whoever looks

    is_authenticated, is_active, is_superuser = True, True, False
    role = "viewer"  # what it may do stands in its scopes

    @property
    def team_ids(self) -> list[int] | None:
        return None if self.team_id is None else [self.team_id]

    @property
    def shown(self) -> str:
        """The part of the key that may be seen again."""
        return f"roster_{self.pk}_…"

    def used(self, now: datetime) -> None:
        """Remembers that the key was used, about now."""
        if self.last_used_at is None or now - self.last_used_at > USED_EVERY:
            ApiKey.objects.filter(pk=self.pk).update(last_used_at=now)
            Source.objects.filter(pk=self.source_id).update(last_received_at=now)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
