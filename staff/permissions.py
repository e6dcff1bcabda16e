"""Who may do what (8.2): one table that pages, actions and tests read."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]

VIEWER = frozenset({
    "overview.view", "customers.view", "accounts.view", "documents.view", "search.view", "usage.view", "campaigns.view",
    "preferences.edit",
})  # fmt: skip
SUPPORT = VIEWER | {
    "customers.edit", "customers.delete", "customers.merge", "documents.edit", "documents.delete", "tags.create",
    "accounts.edit", "accounts.delete", "segments.edit", "imports.run", "exports.run",
}  # fmt: skip
ADMIN = SUPPORT | {
    "tags.manage", "properties.manage", "holds.manage", "customers.purge", "suppressions.manage", "retention.manage",
    "accounts.purge", "teams.manage", "staff.manage", "audit.view", "impersonate",
    "integrations.manage",
}  # fmt: skip

PERMISSIONS: dict[str, frozenset[str]] = {"viewer": VIEWER, "support": SUPPORT, "admin": ADMIN, "portal": frozenset()}
EVERY_PERMISSION = ADMIN

PUBLIC = "public"
BY_KEY = "by key"
IN_PORTAL = "in the portal"  # customers, and whoever impersonates one (portal/access.py)

# What shows or changes everybody's records, so that nobody may do it whom a team limits (3.5)
UNLIMITED = frozenset({
    "audit.view", "imports.run", "tags.manage", "properties.manage", "customers.purge", "accounts.purge",
    "suppressions.manage", "retention.manage", "teams.manage", "staff.manage", "integrations.manage",
})  # fmt: skip


def permissions_of(user: Any) -> frozenset[str]:
    """What `user` may do; nothing for anonymous and deactivated ones, everything for superusers."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return EVERY_PERMISSION
    held = PERMISSIONS.get(user.role, frozenset())
    return held if teams_of(user) is None else held - UNLIMITED


def teams_of(viewer: Any) -> list[int] | None:
    """The teams whose accounts are all that `viewer` may see; None when nothing limits them (3.5)."""
    return None if getattr(viewer, "is_superuser", False) else getattr(viewer, "team_ids", None)


def may(user: Any, permission: str) -> bool:
    if permission not in EVERY_PERMISSION:
        raise ValueError(f"No such permission: {permission}")
    return permission in permissions_of(user)


def requires(*permissions: str, post: Iterable[str] = ()) -> Callable[[View], View]:
    """A page for those who hold every one of `permissions`, and for unsafe methods also those of `post`.

    Anonymous visitors are sent to sign in; others get 403.
    """
    unknown = ({*permissions} | {*post}) - EVERY_PERMISSION
    if unknown:
        raise ValueError(f"No such permission: {sorted(unknown)}")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            held = permissions_of(request.user)
            needed = {*permissions} if request.method in {"GET", "HEAD", "OPTIONS"} else {*permissions, *post}
            if not needed <= held:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.requires = {"any": frozenset(permissions), "post": frozenset(post)}  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: View) -> View:
    """A page that anybody may open, signed in or not."""
    view.requires = PUBLIC  # type: ignore[attr-defined]
    return view


def by_key(view: View) -> View:
    """An endpoint that checks a key of its own and ignores cookies (reliability 17)."""
    view.requires = BY_KEY  # type: ignore[attr-defined]
    return view
