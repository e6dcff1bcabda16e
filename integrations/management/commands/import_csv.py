import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actor import Actor
from core import clock, jobs
from core.jobs import JobFailed, LeaseLost, Status
from integrations.importing.keeping import SHOWN, FileProblem
from integrations.importing.kinds import KINDS, checked
from integrations.importing.mapping import MappingProblem, Plan, Use
from integrations.importing.previewing import preview
from integrations.importing.reading import DELIMITERS
from integrations.importing.reporting import error_lines
from integrations.importing.starting import discard, plan_of_specs, save_mapping, source_name_for, start, upload
from integrations.models import Import, ImportMapping

SYSTEM = Actor.of_system("command")


class Command(BaseCommand):
    help = (
        "Imports a CSV file: documents and their authors, customers, accounts, memberships, usage or survey answers. "
        "Running it again changes nothing. Each --map is TARGET=COLUMN; docs/importing.md lists the targets of each "
        "kind of rows, and a wrong one is answered with those that there are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=list(KINDS), help="what the rows are (default: found out by the columns)")
        parser.add_argument("--map", action="append", default=[], metavar="TARGET=COLUMN", dest="specs")
        parser.add_argument(
            "--guess", action="store_true", help="guess the columns that no --map names (default without --map)"
        )
        parser.add_argument("--mapping", metavar="NAME", help="use the saved mapping of this name")
        parser.add_argument("--save-mapping", metavar="NAME", help="save the mapping under this name")
        parser.add_argument("--source", metavar="NAME", help="source of the documents (default: the file's name)")
        parser.add_argument("--channel", help="channel of rows without one (default: import)")
        parser.add_argument(
            "--channel-value", action="append", default=[], metavar="WORD=CHANNEL", dest="channel_values"
        )
        parser.add_argument("--keep-rest", action="store_true", help="keep columns without a use in the metadata")
        parser.add_argument(
            "--preview", action="store_true", help="say what the first rows would do, and change nothing"
        )
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="write the rows that were left out to this CSV file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as stream:
                job = upload(stream, path.name, user=None, actor=SYSTEM, kind=self._kind(options))
        except OSError as problem:
            raise CommandError(f"{path} cannot be read: {problem.strerror}.") from None
        except (FileProblem, MappingProblem) as problem:
            raise CommandError(str(problem)) from None
        delimiter = DELIMITERS[job.layout["delimiter"]]
        self.stdout.write(
            f"{job.total:,} rows, {len(job.layout['columns'])} columns, {SHOWN[job.encoding]}, {delimiter}."
        )
        try:
            self._go(job, options)
        except MappingProblem as problem:
            raise CommandError(str(problem)) from None
        finally:
            job.refresh_from_db()
            if job.is_draft:
                discard(job, actor=SYSTEM)

    def _go(self, job: Import, options: dict[str, Any]) -> None:
        plan = self._plan(job, options)
        if options["kind"] is None and not options["mapping"]:
            self.stdout.write(f"  --kind {plan.kind}")
        for use in plan.uses:
            self.stdout.write(f"  --map '{use.spec}'")
        if options["preview"]:
            found = preview(job, plan)
            self.stdout.write(
                f"Of the first {found.rows:,} rows {found.created:,} would be new {KINDS[plan.kind].things},"
                f" {found.updated:,} updated, {found.unchanged:,} unchanged, {found.failed:,} left out;"
                f" {found.new_customers:,} new customers."
            )
            for number, fault in found.errors[:20]:
                self.stdout.write(f"  Row {number}: {fault.column + ': ' if fault.column else ''}{fault.message}")
            return
        if options["save_mapping"]:
            save_mapping(options["save_mapping"], checked(plan), actor=SYSTEM)
        start(job, plan, actor=SYSTEM)
        self._run(job)
        job.refresh_from_db()
        if options["errors"]:
            options["errors"].write_text("".join(error_lines(job)), encoding="utf-8")
        if job.status != Status.DONE:
            raise CommandError(f"The import ended as '{job.get_status_display()}' at row {job.row:,}. {job.error}")
        self.stdout.write(
            f"{job.created_count:,} created, {job.updated_count:,} updated, {job.unchanged_count:,} unchanged, "
            f"{job.failed_count:,} left out."
        )
        for error in job.errors.all()[:20]:
            self.stdout.write(f"  Row {error.row}: {error.column + ': ' if error.column else ''}{error.message}")

    def _kind(self, options: dict[str, Any]) -> str:
        """What the rows are; when nobody says, the targets of --map may: else the columns."""
        if options["kind"] or not options["specs"]:
            return options["kind"] or ""
        targets = {Use.of_spec(spec).target for spec in options["specs"]}
        fitting = [name for name, kind in KINDS.items() if targets <= set(kind.targets())]
        return fitting[0] if len(fitting) == 1 else ""

    def _plan(self, job: Import, options: dict[str, Any]) -> Plan:
        if options["mapping"]:
            kept = ImportMapping.objects.filter(name=options["mapping"]).first()
            if kept is None:
                names = ", ".join(ImportMapping.objects.values_list("name", flat=True)) or "none"
                raise CommandError(f"There is no saved mapping '{options['mapping']}'. Saved: {names}.")
            base = Plan.of_json(kept.plan)
        elif options["guess"] or not options["specs"]:
            base = Plan.of_json(job.plan)
        else:
            guessed = Plan.of_json(job.plan)
            base = Plan(channel_values=guessed.channel_values, kind=guessed.kind)
        plan = plan_of_specs(options["specs"], base=base)
        plan.source = options["source"] or plan.source or source_name_for(job.name)
        plan.channel = options["channel"] or plan.channel
        plan.keep_rest = options["keep_rest"] or plan.keep_rest
        for pair in options["channel_values"]:
            word, equals, channel = pair.partition("=")
            if not equals:
                raise CommandError(f"'{pair}' must be WORD=CHANNEL, such as 'Social media=social'.")
            plan.channel_values[word.strip()] = channel.strip()
        return plan.fit(job.layout["columns"])

    def _run(self, job: Import) -> None:
        """Works here; when a worker has taken the job meanwhile, watches it."""
        began, told = time.monotonic(), 0.0
        while True:
            claimed = Import.claim(job.pk, clock.now())
            try:
                while claimed is not None and jobs.one_batch(claimed):
                    if time.monotonic() - told > 1:
                        told = time.monotonic()
                        self._tell(job, began)
            except LeaseLost:
                pass
            except JobFailed as problem:
                assert claimed is not None
                claimed.end(Status.FAILED, clock.now(), error=str(problem))
            job.refresh_from_db()
            if job.is_finished:
                self._tell(job, began)
                return
            time.sleep(0.5)

    def _tell(self, job: Import, began: float) -> None:
        job.refresh_from_db()
        speed = job.done / max(time.monotonic() - began, 0.001)
        self.stderr.write(f"  {job.done:,} of {job.total:,} rows, {speed:,.0f} a second")
