import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from zeal import zeal_ignore

from customers.editing import set_property
from customers.models import Customer
from properties.models import Definition
from tests.customers.people import mina, part, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def values_of(customer: Customer) -> dict[str, list[Any]]:
    customer.refresh_from_db()
    return customer.properties


@pytest.mark.parametrize(
    ("type_", "typed", "stored"),
    [
        ("text", ["Team"], ["Team"]),
        ("text", ["Croatian\nEnglish", "", "Deutsch"], ["Croatian", "English", "Deutsch"]),
        ("text", ["مرحبا 🎉"], ["مرحبا 🎉"]),
        ("number", ["1,204.50"], [Decimal("1204.5")]),
        ("date", ["2027-02-03"], ["2027-02-03"]),
        ("boolean", ["yes"], [True]),
        ("url", ["https://ex.test/a"], ["https://ex.test/a"]),
    ],
)
def test_a_new_key_defines_itself_with_the_type_chosen(
    support: Client, type_: str, typed: list[str], stored: list[Any]
) -> None:
    ana = person()
    data = {"key": "fresh", "type": type_, "values": typed}
    answer = support.post(f"/customers/{ana.pk}/properties/", data, **part("properties"))
    assert answer.status_code == 200
    assert values_of(ana) == {"fresh": stored}
    assert Definition.objects.get(key="fresh").type == type_
    assert 'id="property-fresh"' in text_of(answer)


def test_a_known_property_keeps_its_type_and_spelling_whatever_is_chosen(support: Client) -> None:
    ana = person()
    Definition.objects.create(key="Plan", label="Current plan", type="text")
    support.post(f"/customers/{ana.pk}/properties/", {"key": "plan", "type": "number", "values": "Team"})
    assert values_of(ana) == {"Plan": ["Team"]}


def test_a_property_may_be_named_by_its_label(support: Client) -> None:
    ana = person()
    Definition.objects.create(key="plan", label="Current plan", type="text")
    support.post(f"/customers/{ana.pk}/properties/", {"key": "current plan", "values": "Team"})
    assert values_of(ana) == {"plan": ["Team"]}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"key": "", "values": "x"}, "Type a property"),
        ({"key": "no spaces", "values": "x"}, "A property key has 1 to 100"),
        ({"key": "k" * 101, "values": "x"}, "A property key has 1 to 100"),
        ({"key": "..", "values": "x"}, "more than dots"),
        ({"key": "a\x00", "values": "x"}, "ull character"),
        ({"key": "seats", "type": "number", "values": "many"}, "Must be a number"),
        ({"key": "seats", "type": "colour", "values": "red"}, "Select a valid choice"),
        ({"key": "fresh", "values": ""}, "Type a value."),
        ({"key": "fresh", "values": "a\x00b"}, "NUL"),
        ({"key": "fresh", "values": "x" * 2_001}, "Must be at most 2,000 characters"),
        ({"key": "fresh", "values": [str(n) for n in range(51)]}, "At most 50 values"),
        ({"key": "site", "type": "url", "values": "javascript:alert(1)"}, "Must be a web address"),
        ({"key": "held", "values": "again"}, "has Held already"),
    ],
)
def test_wrong_input_is_refused_beside_the_field_and_defines_nothing(
    support: Client, data: dict[str, Any], error: str
) -> None:
    ana = person(held=["yes"])
    answer = support.post(f"/customers/{ana.pk}/properties/", data, **part("properties"))
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)
    assert values_of(ana) == {"held": ["yes"]}
    assert list(Definition.objects.values_list("key", flat=True)) == ["held"]


def test_a_property_is_edited_in_place_and_as_a_page(support: Client) -> None:
    ana = person(Plan=["Team", "Pro"])
    for answer in (
        support.get(f"/customers/{ana.pk}/properties/plan/", **part("properties")),
        support.get(f"/customers/{ana.pk}/properties/plan/"),
    ):
        assert 'name="values" value="Team"' in text_of(answer)
        assert 'name="values" value="Pro"' in text_of(answer)
    support.post(f"/customers/{ana.pk}/properties/Plan/", {"values": ["Scale", ""]}, **part("properties"))
    assert values_of(ana) == {"Plan": ["Scale"]}


@pytest.mark.parametrize(
    "path", ["properties/missing/", "properties/no spaces/", "properties/%00/", "properties/%F0%9F%8E%89/"]
)
def test_a_property_that_nobody_has_is_not_there(support: Client, path: str) -> None:
    answer = support.get(f"/customers/{person().pk}/{path}")
    assert answer.status_code in {400, 404}


def test_choices_are_offered_and_nothing_else_is_taken(support: Client) -> None:
    ana = person()
    Definition.objects.create(key="plan", label="Plan", type="choice", choices=["Free", "Team"])
    support.post(f"/customers/{ana.pk}/properties/", {"key": "plan", "values": "Free"})
    form = text_of(support.get(f"/customers/{ana.pk}/properties/plan/", **part("properties")))
    assert form.count('type="checkbox"') == 2
    answer = support.post(f"/customers/{ana.pk}/properties/plan/", {"values": "Gold"}, **part("properties"))
    assert answer.status_code == 422
    assert "Choose one of: Free, Team." in text_of(answer)
    support.post(f"/customers/{ana.pk}/properties/plan/", {"values": ["Free", "Team"]}, **part("properties"))
    assert values_of(ana) == {"plan": ["Free", "Team"]}


def test_yes_or_no_is_a_choice_with_neither(support: Client) -> None:
    ana = person()
    support.post(f"/customers/{ana.pk}/properties/", {"key": "beta", "type": "boolean", "values": "no"})
    form = text_of(support.get(f"/customers/{ana.pk}/properties/beta/", **part("properties")))
    assert '<option value="no" selected>No</option>' in form
    support.post(f"/customers/{ana.pk}/properties/beta/", {"values": ""}, **part("properties"))
    assert values_of(ana) == {}


def test_another_value_adds_an_input_and_saves_nothing(support: Client) -> None:
    ana = person(Plan=["Team"])
    data = {"values": ["Team", "Pro"], "more": "1", "version": 1, "was": '["Team"]'}
    form = text_of(support.post(f"/customers/{ana.pk}/properties/Plan/", data, **part("properties")))
    assert form.count('name="values"') == 3
    assert 'value="Pro"' in form
    assert values_of(ana) == {"Plan": ["Team"]}


def test_a_removed_property_comes_back_with_undo(support: Client) -> None:
    ana = person(Plan=["Team", "Pro"])
    answer = support.post(f"/customers/{ana.pk}/properties/Plan/remove/", **part("properties"))
    assert f"/customers/{ana.pk}/properties/Plan/restore/" in answer["HX-Trigger"]
    assert values_of(ana) == {}
    assert support.post(f"/customers/{ana.pk}/properties/Plan/restore/").status_code == 303
    assert values_of(ana) == {"Plan": ["Team", "Pro"]}


def test_a_stale_form_shows_both_values_and_overwrites_nothing(support: Client) -> None:
    ana = person(Plan=["Team"])
    set_property(ana, "Plan", ["Theirs"], actor=mina())
    data = {"values": "Mine", "version": 1, "was": '["Team"]'}
    answer = support.post(f"/customers/{ana.pk}/properties/Plan/", data, **part("properties"))
    page = text_of(answer)
    assert answer.status_code == 409
    assert "<bdi>Theirs</bdi>" in page
    assert "<bdi>Mine</bdi>" in page
    assert "Keep mine" in page
    assert values_of(ana) == {"Plan": ["Theirs"]}
    again = {"values": "Mine", "version": ana.version, "was": json.dumps(["Theirs"])}
    assert support.post(f"/customers/{ana.pk}/properties/Plan/", again, **part("properties")).status_code == 200
    assert values_of(ana) == {"Plan": ["Mine"]}


def test_a_change_of_another_property_is_no_conflict(support: Client) -> None:
    ana = person(Plan=["Team"])
    set_property(ana, "Seats", ["12"], actor=mina())
    data = {"values": "Scale", "version": 1, "was": '["Team"]'}
    with zeal_ignore():  # tries a second time, on the version that there is now
        assert support.post(f"/customers/{ana.pk}/properties/Plan/", data, **part("properties")).status_code == 200
    assert values_of(ana) == {"Plan": ["Scale"], "Seats": ["12"]}


def test_a_company_property_added_among_the_others_has_its_own_part_refetched(support: Client) -> None:
    ana = person()
    answer = support.post(
        f"/customers/{ana.pk}/properties/", {"key": "company.size", "values": "210"}, **part("properties")
    )
    assert "company-changed" in answer["HX-Trigger"]
    assert 'id="property-company.size"' not in text_of(answer)
    assert 'id="property-company.size"' in text_of(support.get(f"/customers/{ana.pk}/", **part("company")))


def test_values_that_a_definition_no_longer_fits_stay_readable(support: Client) -> None:
    ana = person(Plan=["Team"])
    Definition.objects.filter(key="Plan").update(type="number")
    assert "Team" in text_of(support.get(f"/customers/{ana.pk}/", **part("properties")))


def test_links_are_followed_only_to_the_web(support: Client) -> None:
    ana = person(site=["javascript:alert(1)"])
    Definition.objects.filter(key="site").update(type="url")
    assert 'href="javascript' not in text_of(support.get(f"/customers/{ana.pk}/"))
