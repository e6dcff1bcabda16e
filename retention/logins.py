"""A customer's login in a permanent deletion: the user goes with everything of theirs, and what was noted about it."""

from collections.abc import Sequence

from django.db import models
from django.db.models.functions import Coalesce, Least

from audit.models import Change
from core.arrays import AnyOf
from customers.models import Login
from retention import traces
from staff.models import Impersonation, Role, User

TABLE = Login._meta.db_table


def forget(customer_ids: Sequence[int]) -> int:
    """Deletes the users as whom these customers signed in, now or before: sessions, emails and second factors with
    them. Impersonations of them end and lose their reasons. How many users there were."""
    users = _users_of(customer_ids)
    if not users:
        return 0
    impersonations = Impersonation.objects.filter(AnyOf("target_id", users))
    traces.empty_rows(Impersonation._meta.db_table, list(impersonations.values_list("pk", flat=True)))
    until = Coalesce("ended_at", Least("ends_at", models.functions.Now()))
    impersonations.update(reason="", ended_at=until)
    traces.empty_rows(User._meta.db_table, users)
    for model, rows in _parts_of(users):
        traces.empty_rows(model._meta.db_table, rows)
    User.objects.filter(AnyOf("pk", users), role=Role.PORTAL).delete()
    return len(users)


def _users_of(customer_ids: Sequence[int]) -> list[int]:
    """Also those of logins that were taken away: their names and emails are in the audit log still."""
    now = Login.objects.filter(AnyOf("customer_id", customer_ids)).values_list("user_id", flat=True)
    found = set(now)
    changes = Change.objects.filter(AnyOf("customer_id", customer_ids), table=TABLE)
    for before, after in changes.values_list("before", "after"):
        found |= {side["user_id"] for side in (before, after) if side and isinstance(side.get("user_id"), int)}
    others = Login.objects.filter(AnyOf("user_id", found)).exclude(AnyOf("customer_id", customer_ids))
    return sorted(found - set(others.values_list("user_id", flat=True)))


def _parts_of(users: Sequence[int]) -> list[tuple[type[models.Model], list[int]]]:
    """The rows that go with these users, by model, as far as numbers name them."""
    found = []
    for relation in User._meta.related_objects:
        model = relation.related_model
        if relation.on_delete is models.CASCADE and isinstance(model._meta.pk, models.AutoField | models.BigAutoField):
            rows = model._base_manager.filter(**{f"{relation.field.name}__in": users})
            found.append((model, list(rows.values_list("pk", flat=True))))
    return found
