"""Filters by property: `p.<key>=<operator>:<value>`, several of one key allowed; a bare value means `is`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django_filters import Filter

from core.json import dumps
from core.text import problem
from customers.models import CustomerValue
from customers.search import Condition
from properties.models import Definition
from properties.values import VALUE_LIMIT, cast, shown

PREFIX = "p."
MOST = 20  # conditions by property in one address
OPERATORS = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "greater": "is greater than",
    "less": "is less than",
    "before": "is before",
    "after": "is after",
    "empty": "is empty",
    "not_empty": "is not empty",
}
LAST_SECOND = Decimal(253_402_300_799)  # of the year 9999
WITHOUT_VALUE = ("empty", "not_empty")
_TEXT = ("is", "is_not", "contains", *WITHOUT_VALUE)
OPERATORS_OF = {
    "text": _TEXT,
    "url": _TEXT,
    "choice": _TEXT,
    "boolean": ("is", "is_not", *WITHOUT_VALUE),
    "number": ("is", "is_not", "greater", "less", *WITHOUT_VALUE),
    "date": ("is", "is_not", "before", "after", *WITHOUT_VALUE),
}


@dataclass(frozen=True)
class Comparison:
    """One condition of a property, understood."""

    definition: Definition
    operator: str
    value: Any = None

    @property
    def text(self) -> str:
        """As it stands in the address."""
        return f"{self.operator}:{self.written}"

    @property
    def written(self) -> str:
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return "" if self.value is None else str(self.value)

    @property
    def sentence(self) -> tuple[str, str]:
        """('Plan is', 'Pro')."""
        value = "" if self.operator in WITHOUT_VALUE else shown(self.value, self.definition.type)
        return f"{self.definition.label} {OPERATORS[self.operator]}", value


def definitions_in(data: QueryDict) -> list[Definition]:
    """The properties of customers that the address names, in any letter case; others are ignored."""
    keys = {name.removeprefix(PREFIX).lower() for name in data if name.startswith(PREFIX)}
    wanted = [key for key in keys if 0 < len(key) <= 100 and "\0" not in key][: MOST + 1]
    if not wanted:
        return []
    known = Definition.objects.filter(subject=Definition.Subject.CUSTOMER)
    return list(known.alias(folded=Lower("key")).filter(folded__in=wanted))


class PropertyField(forms.Field):
    """Reads every value that its key has in the address, whatever the key's letter case there."""

    def __init__(self, *, definition: Definition, data: QueryDict, **options: Any) -> None:
        super().__init__(**options)
        self.definition, self.data = definition, data

    def clean(self, value: Any) -> list[Comparison]:
        name = f"{PREFIX}{self.definition.key}".lower()
        texts = [text for given, values in self.data.lists() if given.lower() == name for text in values if text]
        if len(texts) > MOST:
            raise ValidationError(f"At most {MOST} conditions.")
        return list(dict.fromkeys(understood(self.definition, text) for text in texts))


def understood(definition: Definition, text: str) -> Comparison:
    """What one parameter says. Raises ValidationError."""
    operator, colon, raw = text.partition(":")
    if not colon or operator not in OPERATORS:
        operator, raw = ("is", text) if text not in WITHOUT_VALUE else (text, "")
    if operator not in OPERATORS_OF[definition.type]:
        may = ", ".join(OPERATORS_OF[definition.type])
        raise ValidationError(f"{definition.label} cannot be compared by “{operator}”. Choose among {may}.")
    if operator in WITHOUT_VALUE:
        return Comparison(definition, operator)
    if operator == "contains":
        fault = problem(raw, limit=VALUE_LIMIT) or ("Enter a value." if not raw.strip() else None)
        if fault:
            raise ValidationError(fault)
        return Comparison(definition, operator, raw.strip())
    return Comparison(definition, operator, cast(definition.type, raw))


class PropertyFilter(Filter):
    field_class = PropertyField

    def __init__(self, definition: Definition, data: QueryDict) -> None:
        super().__init__(field_name="properties", label=definition.label, definition=definition, data=data)
        self.definition = definition

    def conditions(self, value: Any, **_: Any) -> list[Condition]:
        return [condition_of(comparison) for comparison in value]

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(*[condition_of(comparison).q for comparison in value or ()])


def condition_of(comparison: Comparison) -> Condition:
    """What the comparison asks of a customer. Who lacks the property 'is not' anything."""
    definition, value = comparison.definition, comparison.value
    match comparison.operator, definition.type:
        case "is", "date":
            return _between(definition, *_span(value))
        case "is", _:
            return Condition(Q(properties__contains={definition.key: [value]}))
        case "is_not", "date":
            return Condition(~_between(definition, *_span(value)).q, indexed=False)
        case "is_not", _:
            return Condition(~Q(properties__contains={definition.key: [value]}), indexed=False)
        case "greater", _:
            return _between(definition, over=Decimal(value))
        case "less", _:
            return _between(definition, under=Decimal(value))
        case "before", _:
            return _between(definition, under=_span(value)[0])
        case "after", _:
            return _between(definition, least=_span(value)[1])
        case "contains", _:
            return Condition(Q(_says(definition.key, value)), indexed=False)
        case "empty", _:
            return Condition(~Q(_filled(definition.key)), indexed=False)
        case _:
            return Condition(Q(_filled(definition.key)), indexed=False)


def _between(
    definition: Definition,
    least: Decimal | None = None,
    under: Decimal | None = None,
    over: Decimal | None = None,
) -> Condition:
    """Numbers and dates stand in a table of their own, with an index that serves ranges; one row is asked itself."""
    bounds = {"gte": (">=", least), "lt": ("<", under), "gt": (">", over)}
    given = {name: pair for name, pair in bounds.items() if pair[1] is not None}
    values = CustomerValue.objects.filter(
        definition=definition, **{f"value__{name}": at for name, (_, at) in given.items()}
    )
    ids = values.values("customer_id")
    is_date = definition.type == Definition.Type.DATE
    tests = [f"@ {sign} {_written(at, is_date=is_date)}" for sign, at in given.values()]
    if is_date:  # ISO dates are in the order of their letters
        tests.append('@ like_regex "^[0-9]{4}-"')
    path = f'$."{definition.key}"[*] ? ({" && ".join(tests)})'
    return Condition(Q(pk__in=ids), each=Q(PathExists("properties", Value(path))), probe=ids)


def _written(bound: Any, *, is_date: bool) -> str:
    """A bound as it stands in a JSON path."""
    if not is_date:
        return format(bound, "f")
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(bound))
    day = moment.date().isoformat()
    return f'"{day}"' if moment.time() == time() else f'"{day}T{moment:%H:%M:%S}Z"'


def _span(value: str) -> tuple[Decimal, Decimal]:
    """A day or a second, as seconds since 1970: from, and up to but not including."""
    moment = parse_datetime(value) or datetime.fromisoformat(value)
    start = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = Decimal((start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))
    return seconds, min(seconds + (1 if "T" in value else 86_400), LAST_SECOND)


class PathExists(Func):
    function = "jsonb_path_exists"
    template = "%(function)s(%(expressions)s::jsonpath)"
    output_field = BooleanField()


class OfProperty(Func):
    """A question about the list of values that a property has; VALUES in `question` stands for it, %s for `params`."""

    output_field = BooleanField()

    def __init__(self, key: str, question: str, *params: str) -> None:
        super().__init__(F("properties"))
        self.key, self.question, self.params = key, question, params

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, _params = compiler.compile(self.source_expressions[0])
        values = f"(CASE jsonb_typeof({column} -> %s) WHEN 'array' THEN {column} -> %s ELSE '[]' END)"
        own, params = iter(self.params), []
        for slot in re.findall("VALUES|%s", self.question):
            params += [self.key, self.key] if slot == "VALUES" else [next(own)]
        return self.question.replace("VALUES", values), params


def _filled(key: str) -> OfProperty:
    return OfProperty(key, "(jsonb_array_length(VALUES) > 0)")


def _says(key: str, text: str) -> OfProperty:
    """Whether a value of the property has `text` in it, in any letter case."""
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    # The list as one text first: reading it value by value costs 5 µs a row
    one_of_them = "EXISTS (SELECT 1 FROM jsonb_array_elements_text(VALUES) AS said WHERE said ILIKE %s)"
    question = f"(VALUES::text ILIKE %s AND {one_of_them})"
    in_json = dumps(text)[1:-1].replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return OfProperty(key, question, f"%{in_json}%", f"%{escaped}%")
