"""Nothing of a person is kept without a decision: the inventory names every field."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from retention import inventory
from retention.checks import every_field_is_declared
from retention.inventory import TABLES, Fate


def test_every_field_and_every_relation_is_declared() -> None:
    assert [str(problem.msg) for problem in every_field_is_declared()] == []


def test_a_field_that_nobody_declared_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    short = replace(TABLES["customers.Note"], personal="")
    monkeypatch.setitem(TABLES, "customers.Note", short)
    assert [problem.msg for problem in every_field_is_declared()] == ["The field customers.Note.body is not declared."]


def test_a_table_that_nobody_declared_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TABLES, "customers.Note")
    assert [problem.msg for problem in every_field_is_declared()] == ["The table customers.Note is not declared."]


def test_a_relation_to_a_customer_without_a_fate_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "customers.Note", replace(TABLES["customers.Note"], fates={}))
    [problem] = every_field_is_declared()
    assert problem.msg == "The relation customers.Note.customer leads to customers.Customer: decide its fate."


def test_a_declared_field_that_is_gone_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "customers.Tag", replace(TABLES["customers.Tag"], personal="shoe_size"))
    [problem] = every_field_is_declared()
    assert problem.msg == "The field customers.Tag.shoe_size is declared and does not exist."


def test_a_declared_table_that_is_gone_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "customers.Shoe", TABLES["customers.Tag"])
    [problem] = every_field_is_declared()
    assert problem.msg == "The table customers.Shoe is declared and does not exist."


def test_parts_of_a_customer_are_found_by_their_fate() -> None:
    parts = {(model.__name__, name) for model, name in inventory.relations("customers.Customer", Fate.DELETED)}
    assert {("Identifier", "customer"), ("Note", "customer"), ("DuplicateCandidate", "second")} <= parts


def test_the_page_for_the_officer_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("personal_data")
    page = (Path(settings.BASE_DIR) / "docs/personal-data.md").read_text()
    assert capsys.readouterr().out == page, "Run manage.py personal_data > docs/personal-data.md"
    assert "| `body` | personal |" in page
