"""From a file that somebody has to an import that runs."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from audit.actor import Actor
from audit.models import Source
from audit.recording import recorded
from core.jobs import Status
from core.text import problem, tidy
from integrations.importing.keeping import keep
from integrations.importing.kinds import checked, guess, kind_of
from integrations.importing.mapping import MappingProblem, Plan, Use
from integrations.importing.reading import Layout, layout_of
from integrations.models import Import, ImportMapping
from staff.models import User

SOURCE_LIMIT = 120


def upload(stream: BinaryIO, name: str, *, user: User | None, actor: Actor, kind: str = "") -> Import:
    """Keeps the file and looks at it: a draft with a guessed mapping, for rows of `kind` or of the kind that they look
    like. Raises FileProblem; nothing is kept then."""
    path = Path(settings.MEDIA_ROOT) / "imports" / f"{uuid.uuid4().hex}.csv"
    encoding = keep(stream, path)
    try:
        layout = layout_of(path)
        with recorded(actor, "import.uploaded") as entry:
            plan = guess(layout, kind)
            plan.source = source_name_for(name)
            job = Import.objects.create(
                name=tidy(name)[:200] or "file.csv", file=path.name, file_bytes=path.stat().st_size, encoding=encoding,
                layout=_storable(layout), total=layout.rows, plan=plan.as_json(), kind=plan.kind, uploaded_by=user,
            )  # fmt: skip
            entry.about(job, rows=layout.rows)
            return job
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def start(job: Import, plan: Plan, *, actor: Actor, now: datetime | None = None) -> bool:
    """Sets the draft going. False when somebody started it before. Raises MappingProblem. The caller enqueues it."""
    fitting = checked(plan.fit(job.layout["columns"]))
    with recorded(actor, "import.started", job, now=now, facts={"rows": job.layout["rows"]}):
        locked = Import.objects.select_for_update().get(pk=job.pk)
        if not locked.is_draft:
            return False
        locked.plan, locked.kind = fitting.as_json(), fitting.kind
        locked.source = source_of(fitting.source)
        locked.status = Status.QUEUED
        locked.save()
    job.refresh_from_db()
    return True


def source_of(name: str) -> Source:
    """The source of the rows: under the same name, the same external ID is the same document. Raises MappingProblem."""
    cleaned = tidy(name)
    fault = problem(name, limit=SOURCE_LIMIT) or (None if cleaned else "Give the source a name.")
    if fault:
        raise MappingProblem([(None, f"Source: {fault}")])
    return Source.objects.get_or_create(kind=Source.Kind.IMPORT, name=cleaned)[0]


def source_name_for(file_name: str) -> str:
    """What a source is called when nobody says: the file's name without its ending."""
    return tidy(PurePath(file_name).stem)[:SOURCE_LIMIT] or "Import"


def save_mapping(name: str, plan: Plan, *, actor: Actor) -> ImportMapping:
    """Keeps the mapping under a name, in place of one of the same name and kind. Raises MappingProblem."""
    cleaned = tidy(name)
    if not cleaned or problem(name, limit=120):
        raise MappingProblem([(None, "A mapping's name has 1 to 120 characters.")])
    if ImportMapping.objects.filter(name=cleaned).exclude(pk__in=mappings_of(plan.kind)).exists():
        raise MappingProblem([(None, f"A mapping for other rows is called '{cleaned}'. Choose another name.")])
    with recorded(actor, "mapping.saved") as entry:
        kept, _ = ImportMapping.objects.update_or_create(name=cleaned, defaults={"plan": plan.as_json()})
        entry.about(kept)
        return kept


def mappings_of(kind: str) -> QuerySet[ImportMapping]:
    """The saved mappings for rows of this kind. Those saved before there were kinds are for documents."""
    of_kind = Q(plan__kind=kind)
    return ImportMapping.objects.filter(of_kind | Q(plan__kind=None) if kind == Plan().kind else of_kind)


def plan_of_specs(specs: Sequence[str], *, base: Plan | None = None) -> Plan:
    """A plan from `target=Column` texts, added to `base`: a spec takes the place of what its column or target was."""
    uses = [Use.of_spec(spec) for spec in specs]
    plan = base or Plan()
    said = {use.column.casefold() for use in uses}
    targets = {use.target for use in uses if not use.name and use.target not in kind_of(plan).many}
    kept = [use for use in plan.uses if use.column.casefold() not in said and use.target not in targets]
    return replace(plan, uses=[*kept, *uses])


def discard(job: Import, *, actor: Actor) -> None:
    """Removes a draft and its file."""
    with recorded(actor, "import.discarded", job):
        gone, _ = Import.objects.filter(pk=job.pk, status="draft").delete()
        if gone:
            transaction.on_commit(lambda: job.path.unlink(missing_ok=True))


def _storable(layout: Layout) -> dict[str, object]:
    """JSON columns hold no NUL."""
    kept = asdict(layout)
    for name in ("distinct", "samples"):
        kept[name] = {column: [value.replace("\x00", "") for value in values] for column, values in kept[name].items()}
    return kept
