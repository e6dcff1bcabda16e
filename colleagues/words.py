"""What each permission lets somebody do, as the page of roles says it."""

from dataclasses import dataclass

from staff.permissions import EVERY_PERMISSION, PERMISSIONS

WORDS = {
    "overview.view": "See the overview",
    "search.view": "Search",
    "preferences.edit": "Change their own preferences",
    "customers.view": "See customers",
    "customers.edit": "Add and edit customers, identifiers, notes and properties",
    "customers.delete": "Delete and restore customers",
    "customers.merge": "Merge customers, and undo it",
    "customers.purge": "Permanently delete customers",
    "documents.view": "See documents",
    "documents.edit": "Edit, link and unlink documents",
    "documents.delete": "Delete and restore documents",
    "accounts.view": "See accounts",
    "accounts.edit": "Add and edit accounts, their customers and contacts",
    "accounts.delete": "Delete and restore accounts",
    "accounts.purge": "Permanently delete accounts",
    "usage.view": "See usage",
    "campaigns.view": "See campaigns",
    "campaigns.edit": "Edit campaigns",
    "segments.view": "See segments",
    "segments.edit": "Make and edit segments",
    "surveys.view": "See surveys",
    "tags.create": "Make tags",
    "tags.manage": "Rename, merge and delete tags",
    "properties.manage": "Define properties",
    "imports.run": "Import files",
    "exports.run": "Export lists",
    "holds.manage": "Set and lift legal holds",
    "suppressions.manage": "See and lift suppressions",
    "retention.manage": "Set retention policies",
    "teams.manage": "Manage teams",
    "integrations.manage": "Manage integrations, keys and webhooks",
    "staff.manage": "Invite, change and deactivate colleagues",
    "audit.view": "See the audit log",
    "impersonate": "Step into the portal as a customer",
}
ROLES = ("viewer", "support", "admin")


@dataclass(frozen=True)
class Right:
    words: str
    held: list[bool]  # by each of ROLES


def table() -> list[Right]:
    """Every permission in the order of WORDS, and which roles hold it: the table that pages and actions ask."""
    known = [permission for permission in WORDS if permission in EVERY_PERMISSION]
    others = sorted(EVERY_PERMISSION - WORDS.keys())
    return [
        Right(WORDS.get(permission, permission), [permission in PERMISSIONS[role] for role in ROLES])
        for permission in [*known, *others]
    ]
