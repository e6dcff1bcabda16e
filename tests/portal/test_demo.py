"""Customers of the demo directory who sign in (contracts.md 8)."""

import re

import pytest
from django.core.management import call_command
from django.test import Client

from config.supervisor import CUSTOMERS
from customers.models import Login
from staff.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_three_customers_sign_in_to_a_portal_that_shows_something(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed", customers=150, demo=True, seed=7)
    printed = re.findall(r"\w+@customer\.example", capsys.readouterr().out)
    assert printed == ["owner@customer.example", "member@customer.example", "alone@customer.example"]
    assert all(email.partition("@")[0] in CUSTOMERS for email in printed)
    for email in printed:
        client = Client()
        assert client.post("/sign-in/", {"login": email, "password": "roster-demo"})["Location"] == "/portal/"
        page = client.get("/portal/").content.decode()
        assert page.count("/portal/feedback/") > 2, "their feedback"
        assert ("You are the owner" in page) == (email == "owner@customer.example")
    assert Login.objects.get(user__email="member@customer.example").customer.memberships.exists()


def test_nobody_signs_in_where_no_logins_were_asked_for() -> None:
    call_command("seed", customers=50, demo=False, verbosity=0)
    assert not User.objects.exists()
