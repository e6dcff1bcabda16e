from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from core.triggers import audited
from staff.lockout import FailedSignIn as FailedSignIn


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A user who signs in by `email`; without a password the account cannot sign in until one is set."""
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_superuser=True, is_staff=True, role=Role.ADMIN, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    SUPPORT = "support", "Support"
    ADMIN = "admin", "Admin"


class Theme(models.TextChoices):
    SYSTEM = "system", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Times(models.TextChoices):
    RELATIVE = "relative", "Relative (3 hours ago)"
    EXACT = "exact", "Exact (17 Sep 2026, 14:27)"


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in: staff, with a role (8.2)."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=20, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the Django admin", default=False)
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
        triggers = audited(hidden=("password", "last_login"))

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email
