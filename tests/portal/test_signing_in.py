"""Customers sign in where staff do, and come to their portal."""

import pytest
from django.test import Client

from customers.models import Customer
from tests.portal.cast import ana

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Customer:
    return ana()


def test_a_customer_signs_in_and_comes_to_the_portal(person: Customer) -> None:
    answer = Client().post("/sign-in/", {"login": "ana@lumen.test", "password": "roster-demo-1"})
    assert answer["Location"] == "/portal/"


def test_the_page_that_asked_for_the_sign_in_comes_back_when_it_is_of_the_portal(person: Customer) -> None:
    stranger = Client()
    assert stranger.get("/portal/feedback/")["Location"] == "/sign-in/?next=/portal/feedback/"
    said = {"login": "ana@lumen.test", "password": "roster-demo-1"}
    assert stranger.post("/sign-in/", said | {"next": "/portal/feedback/"})["Location"] == "/portal/feedback/"
    assert Client().post("/sign-in/", said | {"next": "/customers/"})["Location"] == "/portal/"
