"""Properties that a file names and nobody defined yet."""

from django.db.models.functions import Lower

from core.spreadsheets import split
from integrations.importing.mapping import PROPERTIES, Plan, Use
from integrations.importing.reading import DISTINCT_LIMIT, Layout
from properties.models import Definition, label_of


def define(plan: Plan, layout: Layout, subject: str) -> None:
    """Makes them with the types that the mapping says, choices with the values of the file (2.7)."""
    uses = {use.name: use for use in plan.of(*PROPERTIES)}
    if not uses:
        return
    there = Definition.objects.filter(subject=subject).annotate(folded=Lower("key"))
    known = set(there.filter(folded__in=[key.lower() for key in uses]).values_list("folded", flat=True))
    Definition.objects.bulk_create(
        Definition(
            subject=subject, key=use.name, label=label_of(use.name), type=use.type or Definition.Type.TEXT,
            choices=_choices(use, layout) if use.type == Definition.Type.CHOICE else [],
        )
        for name, use in uses.items()
        if name.lower() not in known
    )  # fmt: skip


def _choices(use: Use, layout: Layout) -> list[str]:
    """None when there are more than a choice has."""
    cells = layout.distinct.get(use.column, [])
    values = dict.fromkeys(one for cell in cells for one in ([cell] if use.target == "property" else split(cell)))
    return list(values) if len(values) <= DISTINCT_LIMIT else []
