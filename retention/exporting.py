"""All data about one customer as JSON and CSV in one zip (6.5)."""

import base64
import csv
import io
import zipfile
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import Account
from core.json import dumps
from core.spreadsheets import safe
from customers.models import Customer
from feedback.models import Document
from retention.inventory import TABLES, Fate, Kind, fields_of, relations
from staff.models import User
from staff.permissions import teams_of

LEFT_OUT = {
    "digest", "search_text", "sort_name", "normalized", "search_vector", "content_digest", "snapshot", "password",
}  # fmt: skip


def archive(customer: Customer, viewer: Any = None) -> bytes:
    """The zip: `customer.json` with everything, and a CSV file a table."""
    tables = gathered(customer, viewer)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("customer.json", dumps(tables))
        for name, rows in tables.items():
            if rows:
                file.writestr(f"{name}.csv", _csv(rows))
    return out.getvalue()


def gathered(customer: Customer, viewer: Any = None) -> dict[str, list[dict[str, Any]]]:
    """Every row about the customer by table: the profile, what is part of it, their feedback and survey answers; for
    limited staff without what belongs to accounts that they may not see (3.5)."""
    every = [customer.pk, *Customer.objects.filter(merged_into=customer).values_list("pk", flat=True)]
    found = {"customers_customer": _rows(Customer, models.Q(pk__in=every))}
    for fate in (Fate.DELETED, Fate.UNLINKED, Fate.CHOSEN):
        for model, name in relations("customers.Customer", fate):
            rows = found.setdefault(model._meta.db_table, [])
            about = models.Q(**{f"{name}__in": every}) & seen_by(viewer, model)
            rows += [row for row in _rows(model, about) if row not in rows]
    # Nobody looks: it is for the customers themselves
    visible = Document.objects.visible_to(viewer) if viewer else Document.objects.all()
    documents = visible.filter(customer_id__in=every).values("pk")
    for model, name in relations("feedback.Document", Fate.DELETED):
        found[model._meta.db_table] = _rows(model, models.Q(**{f"{name}__in": documents}))
    found[User._meta.db_table] = _rows(User, models.Q(login__customer__in=every))
    return found


def seen_by(viewer: Any, model: type[models.Model]) -> models.Q:
    """That `viewer` may see a row by the account that it names, if it names one."""
    teams = teams_of(viewer)
    names = {one.name for one in model._meta.fields}
    if teams is None or "account" not in names:
        return models.Q()
    visible = Account.objects.of_teams(teams)
    return models.Q(account=None) | models.Q(account__in=visible.values("pk"))


def _rows(model: type[models.Model], which: models.Q) -> list[dict[str, Any]]:
    kinds = TABLES[model._meta.label].kinds()
    names = [
        one.attname
        for one in fields_of(model)
        if one.concrete and not one.many_to_many and one.name not in LEFT_OUT and kinds.get(one.name) in set(Kind)
    ]
    return [
        {name: _plain(value) for name, value in row.items()}
        for row in model._base_manager.filter(which).order_by("pk").values(*names)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0])
    for row in rows:
        cells = (value if isinstance(value, str) else "" if value is None else dumps(value) for value in row.values())
        writer.writerow([safe(cell) for cell in cells])
    return "\ufeff" + out.getvalue()
