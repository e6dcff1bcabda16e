"""What every page asks, with its SQL made once."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from core.addresses import address, fixed
from core.lookup import Kept, KeptRecords, by_key, together
from customers.models import Customer, Note
from staff.models import Session, User
from tests.factories import CustomerFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_record_found_by_its_key_is_the_one_that_the_orm_finds() -> None:
    user = UserFactory(role="support", theme="dark")
    found = by_key(User, str(user.pk))
    assert found == User.objects.get(pk=user.pk)
    assert found is not None
    assert (found.theme, found.joined_at, found._state.adding) == ("dark", user.joined_at, False)


@pytest.mark.parametrize("key", [0, "nobody", "", "1; DROP TABLE staff_user"])
def test_a_key_that_nothing_has_finds_nothing(key: Any) -> None:
    assert by_key(User, key) is None


def test_kept_rows_are_todays_rows() -> None:
    names = Kept(lambda: User.objects.order_by("email").values_list("email", "name")[:2])
    assert names() == []
    for email in ("c@ex.test", "a@ex.test", "b@ex.test"):
        UserFactory(email=email, name=email[0])
    assert names() == [("a@ex.test", "a"), ("b@ex.test", "b")]


NOTES = KeptRecords(lambda customer_id: Note.objects.filter(customer=customer_id).select_related("author")[:2])


def test_kept_records_are_those_of_the_number_that_is_asked_with(django_assert_num_queries: Any) -> None:
    author, customers = UserFactory(name="Mina"), [CustomerFactory(), CustomerFactory()]
    for body in ("one", "two", "three"):
        Note.objects.create(customer=customers[0], author=author, body=body)
    Note.objects.create(customer=customers[1], body="of nobody")
    with django_assert_num_queries(2):
        first, second = NOTES(customers[0].pk), NOTES(customers[1].pk)
        assert [(note.body, str(note.author)) for note in first] == [("three", "Mina"), ("two", "Mina")]
        assert [(note.body, note.author) for note in second] == [("of nobody", None)]
    assert first == list(Note.objects.filter(customer=customers[0])[:2])
    assert NOTES(0) == []


def test_kept_records_read_json_and_defer_as_the_orm_does(django_assert_num_queries: Any) -> None:
    kept = KeptRecords(lambda pk: Customer.objects.filter(pk=pk).defer("provenance"))
    customer = CustomerFactory(
        properties={"share": [Decimal("0.10")], "plan": ["Pro"]}, provenance={"plan": {"by": "sync"}}
    )
    found = kept(customer.pk)[0]
    assert str(found.properties["share"][0]) == "0.10"
    assert found.get_deferred_fields() == {"provenance"}
    with django_assert_num_queries(1):
        assert found.provenance == {"plan": {"by": "sync"}}


def test_several_questions_go_to_the_database_together(django_assert_num_queries: Any) -> None:
    names = Kept(lambda: User.objects.order_by("email").values_list("email"))
    customer = CustomerFactory()
    Note.objects.create(customer=customer, author=UserFactory(email="a@ex.test"), body="100 % sure")
    with django_assert_num_queries(1):
        users, notes, nothing = together((names,), (NOTES, customer.pk), (NOTES, 0))
    assert users == [("a@ex.test",)]
    assert [note.body for note in notes] == ["100 % sure"]
    assert nothing == []


@pytest.mark.parametrize("numbers", [(), (1, 2)])
def test_a_kept_question_wants_all_its_numbers(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        NOTES(*numbers)


def test_a_session_that_has_ended_signs_nobody_in(client: Client) -> None:
    client.force_login(UserFactory(role="support"))
    assert client.get("/customers/").status_code == 200
    session = Session.objects.get()
    session.expire_date = session.expire_date.replace(year=2020)
    session.save()
    assert client.get("/customers/").status_code == 302


def test_a_deactivated_user_is_signed_out_at_the_next_page(client: Client) -> None:
    user = UserFactory(role="support")
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/customers/").status_code == 302


def test_an_address_that_does_not_exist_is_empty_or_an_error() -> None:
    assert address("customers:filter", "tag") == "/customers/filters/tag/"
    assert address("customers:nowhere") == ""
    with pytest.raises(NoReverseMatch):
        fixed("customers:nowhere")


@pytest.mark.parametrize(
    "args",
    [
        [7],
        ["7"],
        [0],
        [-1],
        [True],
        [7.5],
        ["abc"],
        ["a b"],
        ["ü"],
        ["a/b"],
        ["{}"],
        [None],
        [7, 8],
        [7, "plan"],
        [7, "company.name"],
        [7, "7"],
        [],
    ],
)
@pytest.mark.parametrize(
    "url_name", ["customers:detail", "customers:list", "customers:filter", "customers:property", "customers:nowhere"]
)
def test_an_address_is_the_one_that_django_makes(url_name: str, args: list[Any]) -> None:
    try:
        expected = reverse(url_name, args=args)
    except NoReverseMatch:
        assert address(url_name, *args) == ""
    else:
        assert fixed(url_name, *args) == fixed(url_name, *args) == expected
