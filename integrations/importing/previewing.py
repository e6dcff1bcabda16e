"""What an import would do: its first rows for real, in a transaction that is then taken back."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from audit.recording import recorded
from core import clock
from core.retrying import retrying
from customers.models import Customer
from integrations.importing.kind import Fault, Kind, Meaning, Outcome, actor_of
from integrations.importing.kinds import checked
from integrations.importing.mapping import MappingProblem, Plan
from integrations.importing.reading import Layout, rows
from integrations.importing.running import BATCH_BYTES, BATCH_IDENTIFIERS, kind_at_work, write
from integrations.importing.starting import source_of
from integrations.models import Import
from properties.models import Definition

PREVIEW_ROWS = 200
SHOWN_ROWS = 10


@dataclass(slots=True)
class Shown:
    """One row as it would come in. `customer` is the name, `is_new` whether the import would make them."""

    number: int
    status: str
    cells: list[Any]
    customer: str = ""
    is_new: bool = False
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class Preview:
    """What the first `rows` rows would do. `definitions` are the properties that would be made."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    failed: int = 0
    unassigned: int = 0
    new_customers: int = 0
    known_customers: int = 0
    definitions: list[Definition] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    errors: list[tuple[int, Fault]] = field(default_factory=list)


@retrying
def preview(job: Import, plan: Plan) -> Preview:
    """Nothing is kept, whatever happens. Raises MappingProblem."""
    fitting = checked(plan.fit(job.layout["columns"]))
    with transaction.atomic():
        found = _tried(job, fitting)
        transaction.set_rollback(True)
    return found


def _tried(job: Import, plan: Plan) -> Preview:
    now = clock.now()
    source = source_of(plan.source)
    trial = Import(layout=job.layout, plan=plan.as_json(), source=source, uploaded_by_id=job.uploaded_by_id)
    kind = kind_at_work(trial)
    known_definitions = set(Definition.objects.values_list("pk", flat=True))
    batch = _first_rows(kind, job)
    last = Customer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    actor = actor_of(trial, type(kind), source)
    with recorded(actor, "import.previewed", now=now):
        outcomes = write(trial, batch, kind, source=source, actor=actor, now=now)
    found = Preview(rows=len(batch))
    found.definitions = [one for one in Definition.objects.all() if one.pk not in known_definitions]
    ids = {outcome.customer_id for outcome in outcomes if isinstance(outcome, Outcome) and outcome.customer_id}
    names = {customer.pk: customer for customer in Customer.objects.filter(pk__in=ids)}
    found.new_customers = sum(pk > last for pk in ids)
    found.known_customers = len(ids) - found.new_customers
    for meaning, outcome in zip(batch, outcomes, strict=True):
        shown = Shown(meaning.row.number, "failed", kind.shown(meaning.item))
        if isinstance(outcome, Outcome):
            shown.status = outcome.status
            customer = names.get(outcome.customer_id or 0)
            found.unassigned += customer is None
            if customer:
                shown.customer, shown.is_new = customer.display_name, customer.pk > last
        else:
            shown.faults = outcome
            found.errors += [(meaning.row.number, fault) for fault in outcome]
        setattr(found, shown.status, getattr(found, shown.status) + 1)
        if len(found.shown) < SHOWN_ROWS:
            found.shown.append(shown)
    return found


def _first_rows(kind: Kind, job: Import) -> list[Meaning]:
    batch: list[Meaning] = []
    identifiers = 0
    try:
        for row in rows(job.path, Layout(**job.layout)):
            meaning = kind.meaning(row)
            identifiers += kind.weigh(meaning.item)
            if batch and identifiers > BATCH_IDENTIFIERS:
                break
            batch.append(meaning)
            if len(batch) == PREVIEW_ROWS or row.position > BATCH_BYTES:
                break
    except FileNotFoundError:
        raise MappingProblem([(None, "The file is not kept any more. Upload it again.")]) from None
    return batch
