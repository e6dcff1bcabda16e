"""manage.py personal_data: what Roster keeps of people, as a table for whoever answers for it."""

from typing import Any

from django.core.management.base import BaseCommand

from retention import inventory
from retention.inventory import Kind

HEAD = """# Personal data

Every field that holds something about a person, and what a permanent deletion of a customer does to it. This page is
written by `manage.py personal_data`; `manage.py check` fails for a field that is not declared
(`retention/inventory.py`).
Derived fields are computed from personal ones, in the same transaction.
"""


class Command(BaseCommand):
    help = "Writes the inventory of personal data as Markdown."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(text(), ending="")


def text() -> str:
    return "".join([HEAD, *(_section(label) for label in sorted(inventory.TABLES) if _holds(label)), _others()])


def _holds(label: str) -> bool:
    table = inventory.TABLES[label]
    return bool(table.personal or table.derived)


def _section(label: str) -> str:
    rows = [line for line in inventory.lines() if line.model == label and line.kind != Kind.PLAIN]
    if not rows:
        return ""
    body = "".join(f"| `{line.field}` | {line.kind} |\n" for line in rows)
    return (
        f"\n## {rows[0].table}\n\nPermanent deletion: {inventory.TABLES[label].purge}.\n\n"
        f"| field | holds |\n| --- | --- |\n{body}"
    )


def _others() -> str:
    plain = [label for label in sorted(inventory.TABLES) if not _holds(label)]
    return f"\n## Tables without personal data\n\n{''.join(f'- {label}{chr(10)}' for label in plain)}"
