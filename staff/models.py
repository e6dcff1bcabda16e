import math
from typing import ClassVar

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from core.triggers import audited
from staff.lockout import FailedSignIn as FailedSignIn
from staff.sessions import Session as Session


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A user who signs in by `email`; without a password the account cannot sign in until one is set."""
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_superuser=True, is_staff=True, role=Role.ADMIN, **fields)

    def with_email(self, email: str | None) -> "models.QuerySet[User]":
        """Whoever signs in with this email, in whatever case, by the index that keeps it unique."""
        return self.alias(folded=Lower("email")).filter(folded=Lower(models.Value(email or "")))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.with_email(username).get()


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    SUPPORT = "support", "Support"
    ADMIN = "admin", "Admin"
    PORTAL = "portal", "Customer, in the portal"


class Theme(models.TextChoices):
    SYSTEM = "system", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Times(models.TextChoices):
    RELATIVE = "relative", "Relative (3 hours ago)"
    EXACT = "exact", "Exact (17 Sep 2026, 14:27)"


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in: staff with a role (8.2), or a customer who uses the portal (9)."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=20, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the Django admin", default=False)
    team_ids = ArrayField(
        models.BigIntegerField(), null=True, blank=True, editable=False,
        help_text="The teams that limit what this user sees; empty: nothing does. Kept by triggers of accounts.",
    )  # fmt: skip
    joined_at = models.DateTimeField(auto_now_add=True)

    theme = models.CharField(max_length=10, choices=Theme, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=64, default="UTC")
    times = models.CharField(max_length=10, choices=Times, default=Times.RELATIVE)
    shortcuts = models.BooleanField("single-key shortcuts", default=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="staff_user_email_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="staff_user_role_known"),
        ]
        triggers = audited(hidden=("password", "last_login", "team_ids"))

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def home(self) -> str:
        """The address of the page where they begin."""
        return "/portal/" if self.role == Role.PORTAL else "/"

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Impersonation(models.Model):
    """A member of staff in the portal as one of its users, for a while and a reason (8.3). Their own session stays."""

    class Mode(models.TextChoices):
        LOOK = "look", "Look only"
        ACT = "act", "Act for them"

    staff = models.ForeignKey(User, on_delete=models.PROTECT, related_name="impersonations")
    target = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="impersonated")
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.LOOK)
    reason = models.CharField(max_length=300)
    session_digest = models.CharField(max_length=64, editable=False)
    return_to = models.CharField(max_length=500, editable=False)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(mode__in=["look", "act"]), name="staff_impersonation_mode_known"),
            models.UniqueConstraint(
                "staff", condition=models.Q(ended_at=None), name="staff_impersonation_one_at_a_time"
            ),
        ]
        indexes = [models.Index("target", models.F("started_at").desc(), name="staff_impersonation_of")]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.staff_id} as {self.target_id}"

    @property
    def minutes_left(self) -> int:
        """Minutes until it ends by itself, counting the one that has begun."""
        return max(0, math.ceil((self.ends_at - timezone.now()).total_seconds() / 60))


class SignInRules(models.Model):
    """What an admin asks of everybody who signs in: one row (8.1)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    two_factor_required = models.BooleanField("two-factor authentication for all staff", default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="staff_signinrules_one_row")]
        triggers = audited()

    def __str__(self) -> str:
        return "Rules for signing in"


class SecondFactor(Authenticator):
    """allauth's table of authenticator apps, passkeys and recovery codes, here to be in the audit log (8.5)."""

    class Meta:
        proxy = True
        triggers = audited(hidden=("data", "last_used_at"))  # data holds secrets


class SingleSignOn(SocialAccount):
    """allauth's table of who is who at the OpenID Connect provider, here to be in the audit log (8.5)."""

    class Meta:
        proxy = True
        triggers = audited(hidden=("extra_data", "last_login"))
