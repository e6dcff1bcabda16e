"""The OpenAPI document keeps its word: what it promises is tried with made-up requests, by no key and by two."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
import zeal
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.openapi import document
from api.rest import METHODS
from customers.models import Segment
from tests.api.client import READING, Api
from tests.factories import AccountFactory, CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
EXAMPLES, MANY = 2, 25


def test_the_document_is_of_openapi_3_1_names_every_call_and_is_open_to_all() -> None:
    answer = Client().get("/api/v1/openapi.json")
    said = answer.json()
    assert (answer.status_code, said["openapi"]) == (200, "3.1.0")
    calls = {(method, one["operationId"]) for path in said["paths"].values() for method, one in path.items()}
    assert calls == {(m.lower(), f"{m.lower()}_{name}") for name, methods in METHODS.items() for m in methods}
    for path in said["paths"].values():
        for one in path.values():
            assert {"400", "401", "403", "422", "429"} <= one["responses"].keys()
            assert one["summary"]


def test_every_call_can_be_tried_on_the_page() -> None:
    answer = Client().get("/api/v1/docs")
    text = answer.content.decode()
    assert answer.status_code == 200
    for path, calls in document()["paths"].items():
        for method in calls:
            assert f'data-method="{method.upper()}" data-path="{path}"' in text, (method, path)
    assert "<script>" not in text
    assert "style=" not in text


@pytest.mark.usefixtures("_one_connection")
def test_no_request_breaks_it_and_every_answer_is_one_that_it_declares(request: pytest.FixtureRequest) -> None:
    callers = {"nobody": {}, "a reader": bearer(Api(READING)), "everything": bearer(Api(name="All"))}
    ids = _there()
    schema: Any = schemathesis.openapi.from_dict(document())
    schema.app = get_wsgi_application()
    statuses: dict[str, Counter[int]] = {caller: Counter() for caller in callers}
    for operation in (found.ok() for found in schema.get_all_operations()):
        for number, case in enumerate(_cases(operation, MANY if request.config.getoption("--long") else EXAMPLES)):
            if number % 2 == 0 and case.path_parameters:  # somebody who is there
                case.path_parameters |= {name: ids[name] for name in case.path_parameters}
            for caller, headers in callers.items():
                own = {name: text for name, text in case.headers.items() if name != "Authorization"}
                case.headers = own | headers
                cache.clear()
                with zeal.zeal_ignore():
                    answer = case.call_and_validate(checks=CHECKS)
                statuses[caller][answer.status_code] += 1
    assert statuses["nobody"].keys() <= {400, 401, 404, 413, 415}
    assert statuses["a reader"][200] > 10
    assert statuses["a reader"][403] > 20
    assert sum(number for status, number in statuses["everything"].items() if status < 300) > 20


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Requests leave the test's connection open, as those of Django's own test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def bearer(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.text}"}


def _cases(operation: Any, number: int) -> list[Any]:
    """Made-up requests of one call."""
    found: list[Any] = []

    @hypothesis.settings(
        max_examples=number, database=None, derandomize=True, deadline=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy())
    def make(case: Any) -> None:
        found.append(case)

    make()
    return found


def _there() -> dict[str, int]:
    account = AccountFactory(external_id="org-1")
    ana = CustomerFactory(email="ana@ex.test", account=account, tags=["vip"], properties={"plan": ["Team"]})
    return {
        "customer_id": ana.pk, "account_id": account.pk, "document_id": DocumentFactory(customer=ana).pk,
        "segment_id": Segment.objects.create(name="Early").pk, "merge_id": 1,
    }  # fmt: skip
