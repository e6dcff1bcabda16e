"""Words for what lies below the audit log: colleagues and sources."""

from typing import Any

from django.apps import apps

from audit.history import Book, Line, Named, Wording, names, verbs, words
from audit.models import Change, Source


def load_users(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {user.pk: Named(str(user)) for user in apps.get_model("staff", "User").objects.filter(pk__in=ids)}


def load_sources(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {pk: Named(name) for pk, name in Source.objects.filter(pk__in=ids).values_list("pk", "name")}


FACTORS = {"totp": "Authenticator app", "webauthn": "Passkey", "recovery_codes": "Recovery codes"}


def of_second_factor(change: Change, book: Book) -> list[Line]:
    row = change.after or change.before or {}
    if change.operation == Change.Operation.UPDATE:
        return []
    return [Line(FACTORS.get(row.get("type", ""), "Second factor"), text="added" if change.after else "removed")]


words(
    "staff_user",
    Wording(thing="colleague", kind="user", labels={"is_active": "May sign in", "is_staff": "Django admin"}),
)
words(
    "staff_impersonation",
    Wording(
        thing="impersonation",
        refers={"staff_id": "user", "target_id": "user"},
        hidden=frozenset({"session_digest", "return_to"}),
    ),
)
words("staff_signinrules", Wording(thing="rules for signing in"))
words("mfa_authenticator", Wording(thing="second factor", describe=of_second_factor))
words(
    "socialaccount_socialaccount",
    Wording(thing="single sign-on", refers={"user_id": "user"}, hidden=frozenset({"uid"})),
)
names("user", load_users)
names("source", load_sources)
verbs(
    {
        "database.changed": "changed rows",
        "preferences.changed": "changed the preferences of",
        "audit.exported": "exported the audit log",
    }
)
