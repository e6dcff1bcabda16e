from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core.json import dumps, loads
from properties.models import Definition
from properties.values import as_input, cast, cast_all, shown


@pytest.mark.parametrize(
    ("type_", "raw", "stored"),
    [
        ("text", "  Ana   Ruiz ", "Ana Ruiz"),
        ("text", "مرحبا 👋🏽", "مرحبا 👋🏽"),
        ("number", "12,480.50", Decimal("12480.5")),
        ("number", "3.0", 3),
        ("number", Decimal("12345678901234567.89"), Decimal("12345678901234567.89")),
        ("number", "-7", -7),
        ("date", "2026-02-03", "2026-02-03"),
        ("date", "2026-02-03T14:30:00+02:00", "2026-02-03T12:30:00Z"),
        ("date", 1730419200, "2024-11-01T00:00:00Z"),
        ("date", 1730419200000, "2024-11-01T00:00:00Z"),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("url", "https://ex.test/a?b=1", "https://ex.test/a?b=1"),
    ],
)
def test_a_value_is_stored_as_its_type(type_: str, raw: object, stored: object) -> None:
    value = cast(type_, raw)
    assert (value, type(value)) == (stored, type(stored))
    assert cast(type_, as_input(value)) == value


@pytest.mark.parametrize(
    ("type_", "raw"),
    [
        ("number", "twelve"), ("number", ""), ("number", "1" * 40), ("number", "NaN"), ("number", float("inf")),
        ("number", True), ("date", "2026-02-30"), ("date", "yesterday"), ("date", 10**30),
        ("date", "9999-99-99T00:00:00Z"),
        ("boolean", "maybe"), ("url", "javascript:alert(1)"), ("url", "ftp://ex.test"), ("text", "a\x00b"),
        ("text", "\ud800"), ("text", "x" * 3000), ("text", {"a": 1}),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_with_a_sentence(type_: str, raw: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        cast(type_, raw)
    assert refusal.value.messages[0].endswith(".")


def test_blank_and_repeated_values_are_left_out() -> None:
    assert cast_all(Definition(type="text"), ["Pro", "", " Pro ", None, "Team"]) == ["Pro", "Team"]


def test_a_choice_is_one_of_the_choices() -> None:
    plan = Definition(type="choice", choices=["Free", "Pro"])
    assert cast_all(plan, ["Pro"]) == ["Pro"]
    with pytest.raises(ValidationError, match="Free, Pro"):
        cast_all(plan, ["Platinum"])


def test_decimals_pass_through_json_without_rounding() -> None:
    text = '{"a": [12345678901234567.89, 0.1, 3]}'
    assert dumps(loads(text)) == text


def test_json_that_is_no_json_is_refused() -> None:
    for text in ("NaN", "[Infinity]", "{"):
        with pytest.raises(ValueError):
            loads(text)


def test_values_read_as_people_write_them() -> None:
    assert [shown(True), shown(12480), shown(Decimal("0.50")), shown("2026-02-03", "date")] == [
        "Yes", "12,480", "0.50", "3 Feb 2026",
    ]  # fmt: skip


@pytest.mark.django_db
def test_new_keys_define_themselves_once_in_any_letter_case(django_assert_max_num_queries) -> None:
    Definition.objects.create(key="Plan", label="Plan", type="choice")
    with django_assert_max_num_queries(3):
        found = Definition.objects.for_keys({"plan": "text", "age": "number", "team": "text"})
    assert {key: (row.key, row.type) for key, row in found.items()} == {
        "plan": ("Plan", "choice"), "age": ("age", "number"), "team": ("team", "text"),
    }  # fmt: skip
    with pytest.raises(ValidationError) as refusal:
        Definition.objects.for_keys({"fine": "text", "a b": "text"})
    assert list(refusal.value.message_dict) == ["a b"]
    assert not Definition.objects.filter(key="fine").exists()
