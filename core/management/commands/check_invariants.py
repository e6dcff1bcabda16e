from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.invariants import findings


class Command(BaseCommand):
    help = "Checks on live data what must always hold: a line a rule; ends with an error when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for finding in findings():
            broken += bool(finding.broken)
            self.stdout.write(finding.line, self.style.ERROR if finding.broken else None)
        if broken:
            raise CommandError(f"{broken} rule{' is' if broken == 1 else 's are'} broken.")
