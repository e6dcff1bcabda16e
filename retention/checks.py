"""System checks: no field and no relation without a decision about people's data (reliability 10)."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from retention import inventory


@register("models")
def every_field_is_declared(**_: Any) -> list[CheckMessage]:
    return [
        Error(problem, hint="Say in retention/inventory.py what it holds of people.", obj=label, id="retention.E001")
        for label, problem in inventory.problems()
    ]
