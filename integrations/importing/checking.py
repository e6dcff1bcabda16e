"""What is wrong with a mapping, told before anything is tried."""

from collections.abc import Sequence

from core.text import problem
from engagement.models import Survey
from integrations.importing.kind import Kind
from integrations.importing.mapping import DATE_ORDERS, PROPERTIES, MappingProblem, Plan, Use
from properties.models import KEY, KEY_FAULT, Definition

NAME_LIMIT = 100


def check(plan: Plan, kind: type[Kind]) -> None:
    """Raises MappingProblem with everything that is wrong."""
    problems: list[tuple[int | None, str]] = [
        (place, text) for place, use in enumerate(plan.uses) for text in _faults(use, plan.uses[:place], kind)
    ]
    problems += [(None, text) for text in kind.lacks(plan)]
    if problems:
        raise MappingProblem(problems)


def _faults(use: Use, before: Sequence[Use], kind: type[Kind]) -> list[str]:
    faults = []
    targets = kind.targets()
    if use.target not in targets:
        faults.append(f"'{use.target}' is nothing a column can be. Choose one of {', '.join(targets)}.")
    elif use.target in kind.once and any(other.target == use.target for other in before):
        faults.append(f"Another column is the {kind.once[use.target].lower()} already.")
    if use.target in kind.named:
        faults += _name_faults(use, before)
    elif use.target in kind.dated and use.type not in DATE_ORDERS:
        faults.append("The order of day and month is dmy or mdy.")
    elif use.target not in kind.dated and use.type:
        faults.append(f"Only properties and surveys have a type: write {use.target}={use.column}.")
    return faults


def _name_faults(use: Use, before: Sequence[Use]) -> list[str]:
    if not use.name:
        return ["Give it a name."]
    if fault := problem(use.name, limit=NAME_LIMIT):
        return [f"Name: {fault}"]
    faults = []
    alike = PROPERTIES if use.target in PROPERTIES else (use.target,)
    if any(other.target in alike and other.name.lower() == use.name.lower() for other in before):
        faults.append(f"Another column is '{use.name}' already.")
    if use.target in PROPERTIES:
        if not KEY.fullmatch(use.name):
            faults.append(KEY_FAULT)
        if use.type and use.type not in Definition.Type.values:
            faults.append(f"'{use.type}' is no type of property. Choose one of {', '.join(Definition.Type.values)}.")
    elif use.target == "survey" and use.type and use.type not in Survey.Kind.values:
        faults.append(f"'{use.type}' is no kind of survey. Choose one of {', '.join(Survey.Kind.values)}.")
    return faults
