"""The benchmark's own people come in as everybody does, and nothing is left of them."""

from typing import Any

import pytest
from django.db import connection

from bench import cohort, plans
from customers.deleting import delete_many
from customers.models import Customer
from feedback.models import Document
from tests.customers.people import STAFF
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db


def rows() -> dict[str, Any]:
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            if table != "audit_entry":
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                found[table] = cursor.fetchall()
        return found


def test_they_are_gone_afterwards_and_everybody_else_is_as_before() -> None:
    DocumentFactory(customer=CustomerFactory(email="ana@ex.test"))
    before = rows()
    with cohort.taken_away():
        ids = cohort.people(3, documents=2, key="here")
        assert Customer.objects.filter(pk__in=ids, feedback_count=2).count() == 3
        delete_many(ids[:1], actor=STAFF)
        assert Document.objects.count() == 7
    assert rows() == before


def test_rows_that_a_plan_reads_are_counted_with_those_thrown_away() -> None:
    CustomerFactory.create_batch(7)
    plan = plans.analysed("SELECT id FROM customers_customer WHERE name = 'Nobody'")["Plan"]
    assert plans.touched(plan) == 7
