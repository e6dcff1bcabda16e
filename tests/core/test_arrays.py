"""Arrays as text: what the database reads is what was meant, whatever characters it holds."""

from typing import Any

import pytest
from django.db import connection

from core.arrays import AnyOf, array_of
from customers.models import Identifier
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

AWKWARD = ['"', "\\", '","', "a,b", "{}", "", "NULL", " x ", "'", "%s", "é✓\U0001f600", "line\nbreak", '\\"', "plain"]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (AWKWARD, "text"),
        (["plain", "words"], "text"),
        (['say "hi"'], "text"),
        ([1, -2, 9_007_199_254_740_993], "bigint"),
        ([b"", b"\x00\xff", b'"\\'], "bytea"),
        ([True, False], "boolean"),
        (["mixed", None], "text"),
        ([], "text"),
    ],
)
def test_the_database_reads_the_values_that_were_given(values: list[Any], type_: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{type_}[]", [array_of(values)])
        [read] = cursor.fetchone()
    assert read == values


def test_any_of_finds_the_rows_with_one_of_the_values() -> None:
    person = CustomerFactory(name="Ana", email='"odd\\ one"@ex.test')
    found = Identifier.objects.filter(AnyOf("normalized", ['"odd\\ one"@ex.test', "other@ex.test"]))
    assert [one.customer for one in found] == [person]
    assert not Identifier.objects.filter(AnyOf("normalized", [])).exists()
