import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from accounts.models.team import Team, TeamAccount, TeamMember
from audit.models import Entry, Source
from customers.editing import add_identifier, set_property
from customers.joining import join, leave, make_primary_account, set_attribute
from customers.models import Customer, Membership
from customers.noting import add_note
from customers.tagging import add_tag
from engagement.models import Survey, SurveyResponse
from feedback.models import Document
from properties.models import Definition
from tests.customers.people import mina, part, person, signed_in, sync, synced
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
QUERIES, QUERIES_OF_A_PART = 9, 12


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_title_is_the_name_and_the_header_has_the_primary_contact_details(support: Client) -> None:
    ana = person()
    add_identifier(ana, "phone", "+34 600 111 222", actor=mina())
    page = text_of(support.get(f"/customers/{ana.pk}/"))
    assert "<title>Ana Kovač · Customers · Roster</title>" in page
    assert 'data-copy="ana@ex.test"' in page
    assert 'href="tel:+34 600 111 222"' in page


def test_a_customer_without_a_name_is_called_by_the_email(support: Client) -> None:
    ana = person(name="")
    assert "<title>ana@ex.test · Customers" in text_of(support.get(f"/customers/{ana.pk}/"))


@pytest.mark.parametrize(("state", "status"), [("deleted", 200), ("purging", 404)])
def test_whoever_is_not_active_is_read_at_most(support: Client, state: str, status: int) -> None:
    ana = person()
    Customer.objects.filter(pk=ana.pk).update(state=state)
    assert support.get(f"/customers/{ana.pk}/").status_code == status
    assert support.post(f"/customers/{ana.pk}/edit/", {"name": "Ana"}).status_code == 404


@pytest.mark.parametrize("number", [0, 999_999, 2**63, 10**30])
def test_an_unknown_number_is_not_there(support: Client, number: int) -> None:
    assert support.get(f"/customers/{number}/").status_code == 404


def test_strangers_sign_in_first() -> None:
    answer = Client().get(f"/customers/{person().pk}/")
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in/")


def test_a_viewer_sees_everything_and_no_control() -> None:
    ana = person(Plan=["Team"])
    add_note(ana, "Prefers a call.", actor=mina())
    add_tag([ana.pk], "vip", actor=mina())
    page = text_of(signed_in("viewer").get(f"/customers/{ana.pk}/"))
    assert "Prefers a call." in page
    assert "Team" in page
    assert "vip" in page
    for control in ("Edit", "Add note", "Remove", "Delete", "Pin<", "Link account"):
        assert control not in page, control


CHANGES = [
    "edit/", "identifiers/", "properties/", "properties/Plan/", "properties/Plan/remove/", "properties/Plan/reset/",
    "tags/", "notes/", "memberships/",
]  # fmt: skip


@pytest.mark.parametrize("path", CHANGES)
def test_a_viewer_changes_nothing(path: str) -> None:
    ana = person(Plan=["Team"])
    data = {"name": "Eve", "values": "Free", "key": "Plan", "kind": "email", "value": "e@ex.test", "body": "x"}
    assert signed_in("viewer").post(f"/customers/{ana.pk}/{path}", data).status_code == 403
    ana.refresh_from_db()
    assert (ana.name, ana.properties, ana.version) == ("Ana Kovač", {"Plan": ["Team"]}, 1)


def test_nobody_may_add_customers_but_those_who_edit() -> None:
    assert signed_in("viewer").get("/customers/new/").status_code == 403
    assert signed_in("viewer").post("/customers/new/", {"email": "x@ex.test"}).status_code == 403


def test_key_properties_stand_in_the_header_in_the_order_that_the_admin_chose(support: Client) -> None:
    ana = person(Plan=["Team"], Seats=["12"], Region=["EMEA"])
    Definition.objects.filter(key="Seats").update(is_key=True, position=1)
    Definition.objects.filter(key="Plan").update(is_key=True, position=2)
    header = text_of(support.get(f"/customers/{ana.pk}/", **part("customer-header")))
    assert header.index("Seats") < header.index("Plan")
    assert "EMEA" not in header


def test_company_properties_stand_last_without_their_prefix(support: Client) -> None:
    ana = person(**{"company.domain": ["ex.test"], "Plan": ["Team"]})
    page = text_of(support.get(f"/customers/{ana.pk}/"))
    assert page.index('id="property-Plan"') < page.index('id="property-company.domain"')
    assert '<dt class="mono">domain</dt>' in page


def test_the_company_is_the_primary_account_else_the_property(support: Client) -> None:
    ana = person(**{"company.name": ["Lumen d.o.o."]})
    assert "Lumen d.o.o." in text_of(support.get(f"/customers/{ana.pk}/", **part("customer-header")))
    join(ana, Account.objects.create(name="Lumenworks"), actor=mina())
    header = text_of(support.get(f"/customers/{ana.pk}/", **part("customer-header")))
    assert "Lumenworks" in header
    assert "Lumen d.o.o." not in header


def test_a_key_contact_anywhere_wears_a_crown(support: Client) -> None:
    ana = person()
    membership = join(ana, Account.objects.create(name="Lumenworks"), actor=mina())
    assert "crown" not in text_of(support.get(f"/customers/{ana.pk}/", **part("customer-header")))
    type(membership).objects.filter(pk=membership.pk).update(contact=True, key_contact=True)
    assert "crown" in text_of(support.get(f"/customers/{ana.pk}/", **part("customer-header")))


def test_the_header_has_the_latest_score_of_each_survey_and_accounts_their_own(support: Client) -> None:
    ana = person()
    account = Account.objects.create(name="Lumenworks")
    join(ana, account, actor=mina())
    nps = Survey.objects.create(name="NPS spring", kind="nps")
    for score, days, where in ((9, 2, None), (3, 9, None), (4, 1, account)):
        SurveyResponse.objects.create(
            survey=nps, customer=ana, account=where, score=score, answered_at=timezone.now() - timedelta(days=days)
        )
    header = text_of(support.get(f"/customers/{ana.pk}/", **part("customer-header")))
    assert "9 <span>Promoter</span>" in header
    assert ">3" not in header
    assert "NPS spring 4" in text_of(support.get(f"/customers/{ana.pk}/", **part("accounts")))


def test_limited_staff_see_the_accounts_of_their_team_alone(client: Client) -> None:
    ana, vera = person(), UserFactory(role="viewer")
    accounts = [Account.objects.create(name=name) for name in ("Lumenworks", "Hidden")]
    Membership.objects.bulk_create(Membership(customer=ana, account=account) for account in accounts)
    client.force_login(vera)
    assert "Hidden" in text_of(client.get(f"/customers/{ana.pk}/"))
    team = Team.objects.create(name="Lumen")
    TeamAccount.objects.create(team=team, account=accounts[0])
    TeamMember.objects.create(team=team, user=vera)
    page = text_of(client.get(f"/customers/{ana.pk}/"))
    assert "Lumenworks" in page
    assert "Hidden" not in page


def test_an_orphan_says_when_it_goes(support: Client) -> None:
    ana = person()
    assert "permanently deleted" not in text_of(support.get(f"/customers/{ana.pk}/"))
    Customer.objects.filter(pk=ana.pk).update(origin="document")
    assert "it is permanently deleted" in text_of(support.get(f"/customers/{ana.pk}/"))


def test_panels_of_other_apps_are_loaded_by_their_address(support: Client) -> None:
    ana = person()
    page = text_of(support.get(f"/customers/{ana.pk}/"))
    for address in ("/documents/of/", "/audit/history/customer/"):
        assert f'hx-get="{address}{ana.pk}/"' in page
        assert f'<noscript><a class="btn btn--sm" href="{address}{ana.pk}/">' in page


def test_what_people_typed_is_text_on_the_page(support: Client) -> None:
    ana = person(name="<b>Ana</b> مرحبا 🎉", Plan=["<script>x</script>"])
    add_note(ana, "<img src=x>", actor=mina())
    page = text_of(support.get(f"/customers/{ana.pk}/"))
    assert "<bdi>&lt;b&gt;Ana&lt;/b&gt; مرحبا 🎉</bdi>" in page
    assert "<script>x" not in page
    assert "<img src=x" not in page


def test_what_there_is_nothing_of_is_not_asked_for(support: Client) -> None:
    ana = person()
    page = text_of(support.get(f"/customers/{ana.pk}/"))
    assert "No campaign has reached this customer." in page
    assert "has not used anything yet" in page
    assert f'hx-get="/campaigns/of/{ana.pk}/"' not in page
    assert f'hx-get="/usage/of/{ana.pk}/"' not in page


@pytest.mark.parametrize("count", [1, 25])
def test_the_page_costs_the_same_queries_whatever_there_is(
    support: Client, count: int, django_assert_max_num_queries: Any
) -> None:
    ana = full(count)
    with django_assert_max_num_queries(QUERIES):
        page = support.get(f"/customers/{ana.pk}/")
    assert page.status_code == 200
    assert len(page.content) < 30_000 + count * 7_000


PARTS = ["customer-header", "contact-details", "properties", "company", "accounts", "notes"]


@pytest.mark.parametrize("name", PARTS)
def test_a_part_costs_a_few_queries_of_its_own(support: Client, name: str, django_assert_max_num_queries: Any) -> None:
    ana = full(3)
    with django_assert_max_num_queries(QUERIES_OF_A_PART):
        answer = text_of(support.get(f"/customers/{ana.pk}/", **part(name)))
    assert f'id="{name}"' in answer
    assert "<html" not in answer


def full(count: int) -> Customer:
    """A customer with this many of everything."""
    ana = synced(**{f"synced_{n}": [f"value {n}"] for n in range(count)})
    survey = Survey.objects.create(name="NPS", kind="nps")
    for n in range(count):
        set_property(ana, f"typed_{n}", [f"value {n}", "second"], actor=mina())
        set_property(ana, f"company.fact_{n}", [f"value {n}"], actor=mina())
        add_identifier(ana, "email", f"ana{n}@ex.test", actor=mina())
        add_tag([ana.pk], f"tag {n}", actor=mina())
        add_note(ana, f"Note {n}", actor=mina())
        account = Account.objects.create(name=f"Account {n}")
        membership = join(ana, account, actor=mina())
        set_attribute(membership, f"attribute_{n}", ["x"], actor=sync())
        SurveyResponse.objects.create(
            survey=survey, customer=ana, account=account, score=n % 10, answered_at=timezone.now()
        )
        source = Source.objects.create(kind="feedback", name=f"Inbox {n}")
        Document.objects.create(
            title="Export fails",
            channel="email",
            source=source,
            customer=ana,
            link="matched",
            occurred_at=timezone.now(),
        )
    return ana


def test_accounts_are_linked_by_name_and_left_again(support: Client) -> None:
    ana, lumen = person(), Account.objects.create(name="Lumenworks")
    answer = support.post(
        f"/customers/{ana.pk}/memberships/", {"name": "lumenworks", "account": ""}, **part("accounts")
    )
    assert answer.status_code == 200
    membership = ana.memberships.get()
    assert (membership.account, membership.primary) == (lumen, True)
    answer = support.post(f"/customers/{ana.pk}/memberships/{membership.pk}/remove/")
    assert answer.status_code == 303
    assert not ana.memberships.exists()


@pytest.mark.parametrize(("typed", "error"), [("", "Type the account’s name"), ("Nobody", "No account has this name")])
def test_an_account_that_does_not_exist_is_refused_beside_the_field(support: Client, typed: str, error: str) -> None:
    ana = person()
    answer = support.post(f"/customers/{ana.pk}/memberships/", {"name": typed}, **part("accounts"))
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)


def test_another_membership_becomes_primary_when_the_primary_one_goes() -> None:
    ana = person()
    first, second = (join(ana, Account.objects.create(name=name), actor=mina()) for name in ("One", "Two"))
    leave(first, actor=mina())
    assert ana.memberships.get().primary
    third = join(ana, Account.objects.create(name="Three"), actor=mina())
    make_primary_account(third, actor=mina())
    assert [row.pk for row in ana.memberships.all()] == [third.pk, second.pk]


def test_contacts_and_key_contacts_are_told_apart_and_a_key_contact_is_a_contact(support: Client) -> None:
    ana = person()
    membership = join(ana, Account.objects.create(name="Lumenworks"), actor=mina())
    address = f"/customers/{ana.pk}/memberships/{membership.pk}/contact/"
    steps = [
        ("key_contact", (True, True), "Key contact"), ("contact", (True, False), "Contact"),
        ("member", (False, False), "Member"), ("contact", (True, False), "Contact"),
    ]  # fmt: skip
    for role, flags, shown in steps:
        answer = support.post(address, {"role": role}, **part("accounts"))
        membership.refresh_from_db()
        assert (membership.contact, membership.key_contact) == flags
        assert f'<span class="person__sub">{shown}' in text_of(answer)
        pressed = re.findall(r'value="(\w+)" aria-pressed="(\w+)"', text_of(answer))
        assert pressed == [
            ("member" if flags[0] else "contact", str(flags[0]).lower()),
            ("contact" if flags[1] else "key_contact", str(flags[1]).lower()),
        ]
    assert membership.provenance["@contact"]["by"] == "staff"
    history = support.get(f"/audit/history/customer/{ana.pk}/").content.decode()
    for text in (
        "made a key contact of",
        "made a contact of",
        "took the role of contact from",
        "Lumenworks: Key contact",
    ):
        assert text in history


def test_a_role_that_is_none_or_is_there_already_changes_nothing(support: Client) -> None:
    ana = person()
    membership = join(ana, Account.objects.create(name="Lumenworks"), actor=mina())
    address = f"/customers/{ana.pk}/memberships/{membership.pk}/contact/"
    before = Entry.objects.count()
    assert support.post(address, {"role": "boss"}).status_code == 422
    assert support.post(address, {"role": "member"}).status_code == 303
    assert Entry.objects.count() == before


def test_only_those_who_may_edit_see_and_use_the_toggles() -> None:
    ana = person()
    membership = join(ana, Account.objects.create(name="Lumenworks"), actor=mina())
    address = f"/customers/{ana.pk}/memberships/{membership.pk}/contact/"
    viewer = signed_in("viewer")
    assert "aria-pressed" not in text_of(viewer.get(f"/customers/{ana.pk}/", **part("accounts")))
    assert viewer.post(address, {"role": "contact"}).status_code == 403
    support = signed_in("support")
    assert support.post(f"/customers/{person('Bo', 'bo@ex.test').pk}/memberships/{membership.pk}/contact/",
                        {"role": "contact"}).status_code == 404  # fmt: skip
    membership.refresh_from_db()
    assert not membership.contact


def test_attributes_of_a_membership_are_added_edited_and_cleared(support: Client) -> None:
    ana = person()
    membership = join(ana, Account.objects.create(name="Lumenworks"), actor=mina())
    base = f"/customers/{ana.pk}/memberships/{membership.pk}/attributes/"
    answer = support.post(base, {"key": "seats", "type": "number", "values": "46"}, **part("accounts"))
    assert answer.status_code == 200
    membership.refresh_from_db()
    assert membership.properties == {"seats": [46]}
    assert Definition.objects.get(subject="membership").type == "number"
    wrong = support.post(f"{base}seats/", {"values": "many", "was": '["46"]'}, **part("accounts"))
    assert wrong.status_code == 422
    assert "Must be a number" in text_of(wrong)
    support.post(f"{base}seats/", {"values": ["47", "48"], "was": '["46"]'}, **part("accounts"))
    membership.refresh_from_db()
    assert membership.properties == {"seats": [47, 48]}
    stale = support.post(f"{base}seats/", {"values": "50", "was": '["46"]'}, **part("accounts"))
    assert stale.status_code == 409
    assert "47, 48" in text_of(stale)
    support.post(f"{base}seats/clear/", **part("accounts"))
    membership.refresh_from_db()
    assert membership.properties == {}


def test_accounts_are_suggested_as_one_types(support: Client) -> None:
    Account.objects.create(name="Lumenworks")
    Account.objects.create(name="Lumen deleted", state="deleted")
    answer = text_of(support.get("/customers/accounts/?company=LÚMEN"))
    assert "Lumenworks" in answer
    assert "deleted" not in answer
