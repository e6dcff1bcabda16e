"""Words for what lies below the audit log: colleagues and sources."""

from typing import Any

from django.apps import apps

from audit.history import Named, Wording, names, verbs, words
from audit.models import Source


def load_users(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {user.pk: Named(str(user)) for user in apps.get_model("staff", "User").objects.filter(pk__in=ids)}


def load_sources(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {pk: Named(name) for pk, name in Source.objects.filter(pk__in=ids).values_list("pk", "name")}


words(
    "staff_user",
    Wording(thing="colleague", kind="user", labels={"is_active": "May sign in", "is_staff": "Django admin"}),
)
names("user", load_users)
names("source", load_sources)
verbs({"database.changed": "changed rows", "preferences.changed": "changed the preferences of"})
