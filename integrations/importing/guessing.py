"""What the columns of a file probably mean, by their names and first values: a start for a mapping, never its end."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError

from core.text import fold
from integrations.importing.kind import Kind
from integrations.importing.mapping import Plan, Use
from integrations.importing.reading import Layout
from properties.models import Definition
from properties.values import cast


def uses_of_export(columns: Sequence[str], kind: type[Kind]) -> list[Use]:
    """What the columns of our own export mean: their names say it. Nothing when another made the file."""
    there = {column.casefold(): column for column in columns}
    if not set(kind.exported) <= set(there):
        return []
    uses = [Use.of_left(name, there[name]) for name in kind.exported]
    if "p" in kind.named:
        uses += [Use.of_left(column, column) for column in columns if column.startswith("p.")]
    return uses


def guess_by_names(layout: Layout, kind: type[Kind], *, rest: str = "") -> Plan:
    """A plan by what others call the columns of this kind; what nobody calls so is left out, or is a `rest`."""
    plan = Plan(kind=kind.name)
    for column in layout.columns:
        name, samples = plain_name(column), layout.samples.get(column, [])
        taken = {use.target for use in plan.uses}
        fitting = (
            target
            for target, words in kind.guesses.items()
            if name in words
            and (target in kind.many or target not in taken)
            and (target not in kind.dated or not samples or any(looks_like_time(sample) for sample in samples))
        )
        if target := next(fitting, ""):
            plan.uses.append(Use(column, target, type=date_order(samples) if target in kind.dated else ""))
        elif rest:
            type_ = type_of(samples, layout.distinct.get(column, []))
            plan.uses.append(Use(column, rest, _free_key(key_of(column), plan), type_))
    return plan


def _free_key(key: str, plan: Plan) -> str:
    """The key, with a number behind it when another column has it already."""
    taken = {use.name.lower() for use in plan.uses}
    return next(name for name in (key, *(f"{key[:95]}_{n}" for n in range(2, 1_000))) if name.lower() not in taken)


def type_of(samples: Sequence[str], distinct: Sequence[str]) -> str:
    """The type of property that suits these values."""
    for type_ in (Definition.Type.NUMBER, Definition.Type.DATE, Definition.Type.BOOLEAN, Definition.Type.URL):
        if samples and all(_suits(type_, sample) for sample in samples):
            return type_
    return Definition.Type.CHOICE if distinct else Definition.Type.TEXT


def key_of(column: str) -> str:
    """A property key for a column: 'Product Purchased' → 'product_purchased'."""
    ascii_only = re.sub(r"[^a-z0-9.]+", "_", fold(column)).strip("_.")
    return ascii_only[:100] or "field"


def plain_name(text: str) -> str:
    """'E-mail_Address' → 'e mail address'; 'ticketId' → 'ticket id'."""
    return " ".join(re.sub(r"[^\w]|_", " ", fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))).split())


def without_words(column: str, words: Sequence[str]) -> str:
    return " ".join(word for word in plain_name(column).split() if word not in words)


def looks_like_time(sample: str) -> bool:
    return bool(re.match(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\s*\d{10,13}\s*$", sample))


def date_order(samples: Sequence[str]) -> str:
    pairs = [
        found.groups() for sample in samples if (found := re.match(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}", sample))
    ]
    if not pairs:
        return ""
    return "dmy" if any(int(first) > 12 for first, _ in pairs) else "mdy"


def _suits(type_: str, sample: str) -> bool:
    try:
        cast(type_, sample)
    except ValidationError:
        return False
    return True
