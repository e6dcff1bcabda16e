"""manage.py replay_erasures: after a backup was restored, before Roster takes anything in."""

from typing import Any

from django.core.management.base import BaseCommand

from retention.replaying import replay


class Command(BaseCommand):
    help = "Erases again whom the ledger of erasures names and this database still has or does not know of."

    def handle(self, *args: Any, **options: Any) -> None:
        number = replay()
        self.stdout.write(f"{number:,} erasures done again." if number else "The database knows every erasure.")
