import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actor import Actor
from audit.models import Source
from core import clock
from engagement.reporting import KINDS, Report, lines_of, take

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Brings in usage events, survey answers or campaign deliveries, one JSON object a line (engagement/README.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=KINDS)
        parser.add_argument("file", help="a file of JSON lines, or - for standard input")
        parser.add_argument("--source", required=True, help="the name of the system that reports; made when new")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["source"].strip()
        if not 1 <= len(name) <= 120:
            raise CommandError("The source's name must have 1 to 120 characters.")
        source, _ = Source.objects.get_or_create(name=name, kind=Source.Kind.TRACKING)
        actor = Actor.of_source(source, via="command")
        try:
            if options["file"] == "-":
                report = take(options["kind"], lines_of(sys.stdin), source=source, actor=actor, now=clock.now())
            else:
                with Path(options["file"]).open(encoding="utf-8") as file:
                    report = take(options["kind"], lines_of(file), source=source, actor=actor, now=clock.now())
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"The file cannot be read: {problem}") from problem
        self._tell(report)

    def _tell(self, report: Report) -> None:
        for number, why in sorted(report.refused.items())[:SHOWN]:
            self.stderr.write(f"Line {number}: {why}")
        if len(report.refused) > SHOWN:
            self.stderr.write(f"… and {len(report.refused) - SHOWN:,} more.")
        self.stdout.write(
            f"{report.written:,} written, {report.unchanged:,} unchanged, {len(report.refused):,} left out."
        )
