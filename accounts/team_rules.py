"""What a rule of a team asks of an account, and whom it would let the team see (3.5)."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, QuerySet, Value

from accounts.models import Account, Team
from core.text import problem
from properties.models import Definition
from properties.values import VALUE_LIMIT, cast, shown

Operator = Team.Operator
WITHOUT_VALUE = (Operator.EMPTY, Operator.NOT_EMPTY)
_TEXT = (Operator.IS, Operator.IS_NOT, Operator.CONTAINS, *WITHOUT_VALUE)
OPERATORS_OF: dict[str, tuple[str, ...]] = {
    "text": _TEXT,
    "url": _TEXT,
    "choice": _TEXT,
    "boolean": (Operator.IS, Operator.IS_NOT, *WITHOUT_VALUE),
    "number": (Operator.IS, Operator.IS_NOT, Operator.GREATER, Operator.LESS, *WITHOUT_VALUE),
    "date": (Operator.IS, Operator.IS_NOT, Operator.BEFORE, Operator.AFTER, *WITHOUT_VALUE),
}
SAMPLE = 5


class Meets(Func):
    """Whether an account meets a rule, as the triggers ask it."""

    function = "accounts_meets"
    output_field = BooleanField()
    arity = 4


@dataclass(frozen=True)
class Reach:
    """How many accounts a team would see, and the first of them by name."""

    number: int
    sample: list[Account] = field(default_factory=list)


def understood(definition: Definition, operator: str, raw: str) -> Any:
    """The value to compare with, by the property's type. Raises ValidationError."""
    if operator not in OPERATORS_OF[definition.type]:
        may = ", ".join(Operator(one).label for one in OPERATORS_OF[definition.type])
        raise ValidationError({"operator": f"{definition.label} cannot be compared like this. Choose among: {may}."})
    if operator in WITHOUT_VALUE:
        return None
    try:
        if operator != Operator.CONTAINS:
            return cast(definition.type, raw)
        fault = problem(raw, limit=VALUE_LIMIT) or ("" if raw.strip() else "Enter a value.")
    except ValidationError as error:
        raise ValidationError({"value": error}) from None
    if fault:
        raise ValidationError({"value": fault})
    return raw.strip()


def reach_of(team: Team) -> Reach:
    """What the team would see now, were it saved like this."""
    accounts = _accounts(team).active().order_by("sort_name", "pk")
    return Reach(accounts.count(), list(accounts[:SAMPLE]))


def _accounts(team: Team) -> Any:
    if team.reach == Team.Reach.ALL:
        return Account.objects.all()
    if team.reach == Team.Reach.LIST:
        return Account.objects.filter(pk__in=team.chosen.values("account")) if team.pk else Account.objects.none()
    assert team.definition is not None
    value = Value(team.value, output_field=Team._meta.get_field("value"))
    return Account.objects.filter(Meets(F("properties"), Value(team.definition.key), Value(team.operator), value))


def sentence(team: Team) -> str:
    """What the team may view: 'Accounts whose Region is EMEA'."""
    if team.reach == Team.Reach.ALL:
        return "All accounts"
    if team.reach == Team.Reach.LIST:
        return "Chosen accounts"
    assert team.definition is not None
    value = "" if team.operator in WITHOUT_VALUE else f" {shown(team.value, team.definition.type)}"
    return f"Accounts whose {team.definition.label} {Operator(team.operator).label}{value}"


def accounts_like(text: str, team: Team) -> "QuerySet[Account]":
    """Accounts to choose for the team: those whose name or ID has this in it and that are not chosen yet."""
    return (
        Account.objects.active().search(text).exclude(pk__in=team.chosen.values("account")).order_by("sort_name", "pk")
    )
