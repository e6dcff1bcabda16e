"""No table and no verb without words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from lucide import IconDoesNotExist

from audit.history import ICONS, TABLES, VERBS
from core import ui

APPS = [Path(settings.BASE_DIR) / name for name in settings.ROSTER_APPS]


def audited_tables() -> list[str]:
    return [
        model._meta.db_table
        for model in apps.get_models()
        if any(trigger.name == "audit_insert" for trigger in getattr(model._meta, "triggers", ()))
    ]


def verbs_in(tree: ast.AST) -> Iterator[str]:
    """Text like 'thing.done' that `recorded` gets, that is assigned to `verb`, or passed as `verb`."""
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            values += [word.value for word in node.keywords if word.arg == "verb"]
            if name in {"recorded", "edited", "_edited"}:
                values += node.args[1:2]
        elif isinstance(node, ast.Assign) and any(
            getattr(target, "id", getattr(target, "attr", "")) == "verb" for target in node.targets
        ):
            values.append(node.value)
        for value in values:
            for part in ast.walk(value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                    yield part.value


def verbs_of_the_code() -> set[str]:
    files = [file for app in APPS for file in app.rglob("*.py") if "migrations" not in file.parts]
    return {verb for file in files for verb in verbs_in(ast.parse(file.read_text()))}


@pytest.mark.parametrize("table", audited_tables())
def test_every_audited_table_has_words(table: str) -> None:
    assert table in TABLES, f"Say in the app's history.py how changes of {table} read."


def test_every_verb_has_words() -> None:
    assert sorted(verbs_of_the_code() - VERBS.keys()) == []


def test_every_icon_of_the_history_exists() -> None:
    for name in [*ICONS.values(), "pencil"]:
        try:
            ui.icon(name)
        except IconDoesNotExist:
            pytest.fail(name)
