"""The pages of accounts: found, filtered, edited in place, added with an owner, deleted (3.1 to 3.3, 6.1)."""

import csv
import io

import pytest
from django.core import mail
from django.urls import reverse

from accounts import editing
from accounts.models import Account, Team, TeamMember
from audit.actor import Actor
from core import clock
from customers.logins import give_login
from customers.models import Customer, Login, Membership
from engagement.models import Survey, SurveyResponse
from staff.models import User
from tests.factories import AccountFactory, CustomerFactory, DefinitionFactory, DocumentFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST, NEW = "/accounts/", "/accounts/new/"
PASSWORD = "correct horse battery"


@pytest.fixture
def mina(client):
    user = UserFactory(role="admin")
    client.force_login(user)
    return user


@pytest.fixture
def acme(mina):
    DefinitionFactory(key="plan", type="choice", subject="account", label="Plan", is_key=True)
    DefinitionFactory(key="ARR", type="number", subject="account", label="ARR")
    return AccountFactory(name="Acme", external_id="Org-1", properties={"plan": ["Scale"], "ARR": [90_000]})


@pytest.fixture
def cast(acme):
    """Acme with an owner, a key contact and feedback; Zeta with a contact; Bare with nothing; Gone deleted."""
    ana = CustomerFactory(name="Ana", email="ana@ex.test", account=acme)
    Membership.objects.filter(customer=ana).update(owner=True, contact=True, key_contact=True)
    DocumentFactory(account=acme, customer=ana)
    zeta = AccountFactory(name="Zeta", properties={"plan": ["Free"], "ARR": [12.5]})
    bo = CustomerFactory(name="Bo", account=zeta)
    Membership.objects.filter(customer=bo).update(contact=True)
    AccountFactory(name="Bare")
    AccountFactory(name="Gone", state="deleted", deleted_at=clock.now())
    return ana


def names(response):
    return [row[1] for row in response.context["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Acme", "Bare", "Zeta"]),
        ("sort=-name", ["Zeta", "Bare", "Acme"]),
        ("sort=created", ["Acme", "Zeta", "Bare"]),
        ("q=ac", ["Acme"]),
        ("q=ORG-1", ["Acme"]),
        ("q=%25", []),
        ("contact=key", ["Acme"]),
        ("contact=yes", ["Acme", "Zeta"]),
        ("contact=no", ["Bare"]),
        ("owner=yes", ["Acme"]),
        ("owner=no", ["Bare", "Zeta"]),
        ("owner={ana}", ["Acme"]),
        ("feedback=yes", ["Acme"]),
        ("feedback=no", ["Bare", "Zeta"]),
        ("p.plan=is:Scale", ["Acme"]),
        ("p.PLAN=is_not:Scale", ["Bare", "Zeta"]),
        ("p.ARR=greater:1000", ["Acme"]),
        ("p.ARR=less:1000", ["Zeta"]),
        ("p.plan=empty:", ["Bare"]),
        ("created=1d", ["Acme", "Bare", "Zeta"]),
        ("created_to=2001-01-01", []),
        ("deleted=true", ["Gone"]),
    ],
)
def test_filters(client, cast, query, expected):
    response = client.get(f"{LIST}?{query.format(ana=cast.pk)}")
    assert response.status_code == 200
    assert names(response) == expected
    count = client.get(f"{LIST}count/?{query.format(ana=cast.pk)}")
    assert str(len(expected)) in count.content.decode()


@pytest.mark.parametrize("query", ["contact=some", "owner=x", "created=soon", "p.ARR=greater:much", f"q={'x' * 201}"])
def test_what_cannot_be_understood_shows_nothing_and_says_why(client, cast, query):
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 422
    assert "A filter cannot be understood" in response.content.decode()
    assert not response.context["rows"]


def test_the_list_shows_owner_key_properties_and_counts(client, cast):
    page = client.get(LIST).content.decode()
    assert f'href="/customers/{cast.pk}/">Ana</a>' in page
    assert "Scale" in page


@pytest.mark.parametrize("number", [1, 25])
def test_pages_take_as_many_queries_for_many(client, acme, number, django_assert_max_num_queries):
    for _ in range(number):
        customer = CustomerFactory(account=AccountFactory())
        Membership.objects.filter(customer=customer).update(owner=True, contact=True)
        Membership.objects.create(customer=customer, account=acme, contact=True)
        DocumentFactory(account=acme, customer=customer)
    for path, most in (
        (LIST, 8), (f"{LIST}{acme.pk}/", 14), (f"{LIST}{acme.pk}/contacts/", 10), (f"{LIST}{acme.pk}/customers/", 14),
        (f"{LIST}{acme.pk}/feedback/", 13), (f"{LIST}{acme.pk}/channels/", 6), (f"/surveys/of-account/{acme.pk}/", 6),
    ):  # fmt: skip
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200, path


def test_every_tab_answers_and_a_tab_says_that_it_is_current(client, cast, acme):
    for tab in client.get(f"{LIST}{acme.pk}/").context["about"].tabs:
        page = client.get(tab.url)
        assert page.status_code == 200
        assert f'href="{tab.url}" aria-current="page"' in page.content.decode()


def test_contacts_are_contacts_and_key_contacts_only_these_first(client, acme):
    for name, contact, key in (("Aa", False, False), ("Bb", True, False), ("Cc", True, True)):
        customer = CustomerFactory(name=name, account=acme)
        Membership.objects.filter(customer=customer).update(contact=contact, key_contact=key)
    CustomerFactory(name="Dd", account=acme, state="deleted").memberships.update(contact=True)
    response = client.get(f"{LIST}{acme.pk}/contacts/")
    assert [one.customer.name for one in response.context["page"].rows] == ["Cc", "Bb"]
    assert response.content.decode().count('class="crown') == 1
    everybody = client.get(f"{LIST}{acme.pk}/customers/?sort=name")
    assert [(row[1], row[-1]) for row in everybody.context["rows"]] == [
        ("Aa", "Member"), ("Bb", "Contact"), ("Cc", "Key contact"),
    ]  # fmt: skip


def test_surveys_have_their_average_and_nps_its_score(client, acme):
    nps, csat = Survey.objects.create(name="NPS", kind="nps"), Survey.objects.create(name="Help", kind="csat")
    for survey, scores in ((nps, (10, 9, 7, 2)), (csat, (5, 4))):
        for score in scores:
            SurveyResponse.objects.create(survey=survey, account=acme, score=score, answered_at=clock.now())
    scores = {one.survey: one for one in client.get(f"/surveys/of-account/{acme.pk}/").context["scores"]}
    assert (scores["NPS"].nps, float(scores["NPS"].average), scores["NPS"].answers) == (25, 7.0, 4)
    assert (scores["Help"].nps, float(scores["Help"].average)) == (None, 4.5)


# Editing in place


def post(client, path, target="", **data):
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    return client.post(path, data, headers=headers)


def test_a_property_is_edited_in_place_and_says_where_it_comes_from(client, acme, mina):
    form = client.get(f"{LIST}{acme.pk}/properties/plan/", headers={"HX-Request": "true", "HX-Target": "properties"})
    fields = form.context["form"].initial
    sent = {"values": "Team", "version": fields["version"], "was": fields["was"]}
    response = post(client, f"{LIST}{acme.pk}/properties/plan/", "properties", **sent)
    assert response.status_code == 200
    page = response.content.decode()
    assert "Team" in page
    assert f"Set by {mina.name}" in page
    assert "was <bdi>Scale</bdi>" in page


def test_a_stale_form_shows_both_values_and_overwrites_nothing(client, acme):
    fields = client.get(f"{LIST}{acme.pk}/properties/plan/").context["form"].initial
    editing.set_property(acme, "plan", ["Free"], actor=Actor.of_system("test"))
    acme.refresh_from_db()
    other = UserFactory()
    editing.set_property(acme, "plan", ["Free"], actor=Actor.of_staff(other))
    sent = {"values": "Team", "version": fields["version"], "was": fields["was"]}
    response = post(client, f"{LIST}{acme.pk}/properties/plan/", **sent)
    assert response.status_code == 409
    assert "was changed while you were editing" in response.content.decode()
    acme.refresh_from_db()
    assert acme.properties["plan"] == ["Free"]


def test_a_change_of_another_field_does_not_make_a_form_stale(client, acme):
    fields = client.get(f"{LIST}{acme.pk}/properties/plan/").context["form"].initial
    editing.rename(acme, "Acme Ltd", actor=Actor.of_staff(UserFactory()))
    sent = {"values": "Team", "version": fields["version"], "was": fields["was"]}
    assert post(client, f"{LIST}{acme.pk}/properties/plan/", **sent).status_code == 303
    acme.refresh_from_db()
    assert (acme.name, acme.properties["plan"]) == ("Acme Ltd", ["Team"])


def test_properties_are_added_removed_and_reset(client, acme):
    path = f"{LIST}{acme.pk}/properties/"
    assert post(client, path, key="seats", type="number", values="12").status_code == 303
    acme.refresh_from_db()
    assert acme.properties["seats"] == [12]
    assert post(client, path, key="seats", type="number", values="13").status_code == 422
    assert post(client, path, key="ARR2", type="number", values="much").status_code == 422
    assert post(client, f"{path}seats/remove/").status_code == 303
    source = Actor(via="sync", rank="sync")
    editing.set_property(acme, "region", ["EMEA"], actor=source)
    assert post(client, f"{path}region/remove/").status_code == 303
    assert post(client, f"{path}region/reset/").status_code == 303
    acme.refresh_from_db()
    assert acme.properties["region"] == ["EMEA"]
    assert "seats" not in acme.properties


def test_name_and_account_id_are_edited(client, acme):
    other = AccountFactory(external_id="taken")
    assert post(client, f"{LIST}{acme.pk}/name/", name="  ").status_code == 422
    assert post(client, f"{LIST}{acme.pk}/name/", name="Ácme", was="Acme", version=acme.version).status_code == 303
    refused = post(client, f"{LIST}{acme.pk}/account-id/", external_id="taken", was="Org-1")
    assert refused.status_code == 422
    assert "Another account has this ID" in refused.content.decode()
    assert post(client, f"{LIST}{acme.pk}/account-id/", external_id="", was="Org-1").status_code == 303
    acme.refresh_from_db()
    assert (acme.name, acme.sort_name, acme.external_id) == ("Ácme", "acme", None)
    assert other.external_id == "taken"


# Adding


def organisation(client, **data):
    sent = {"organisation": "Acme", "email": "ana@ex.test", "full_name": "Ana Kovač", "way": "invite"} | data
    return client.post(NEW, sent)


def test_add_customer_always_shows_name_and_password(client, mina):
    page = client.get(NEW).content.decode()
    assert 'name="full_name"' in page
    assert 'name="password"' in page


def test_an_invitation_goes_to_the_new_owner(client, mina, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = organisation(client)
    account = Account.objects.get()
    assert response["Location"] == f"{LIST}{account.pk}/"
    assert [message.to for message in mail.outbox] == [["ana@ex.test"]]
    assert not Login.objects.get().user.has_usable_password()


def test_a_password_signs_the_owner_in_and_no_mail_is_sent(client, mina, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert organisation(client, way="password", password=PASSWORD).status_code == 303
    assert Login.objects.get().user.check_password(PASSWORD)
    assert not mail.outbox


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"full_name": ""}, "full_name"), ({"way": "password"}, "password"),
        ({"way": "password", "password": "short"}, "password"), ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"organisation": " "}, "organisation"), ({"organisation": "x" * 301}, "organisation"),
        ({"organisation": "a\0b"}, "organisation"), ({"way": "magic"}, "way"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_at_its_field_and_nothing_is_made(client, mina, data, field):
    response = organisation(client, **data)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Account.objects.exists()


def test_name_and_password_are_ignored_when_there_is_a_login(client, mina, django_capture_on_commit_callbacks):
    ana = CustomerFactory(name="Ana", email="ana@ex.test")
    give_login(ana, email="ana@ex.test", name="Ana", password=PASSWORD, actor=Actor.of_staff(mina))
    with django_capture_on_commit_callbacks(execute=True):
        assert organisation(client, full_name="", way="password", password="no").status_code == 303
    user = User.objects.get(role="portal")
    assert user.name == "Ana"
    assert user.check_password(PASSWORD)
    assert not mail.outbox


def test_a_name_that_an_account_has_already_is_warned_of_once(client, acme):
    warned = organisation(client, organisation="ACME")
    assert warned.status_code == 422
    assert "has this name already" in warned.content.decode()
    assert organisation(client, organisation="ACME", anyway="ACME").status_code == 303
    assert Account.objects.count() == 2


def test_a_colleagues_email_and_a_taken_account_id_are_refused(client, mina, acme):
    assert "email" in organisation(client, organisation="New", email=mina.email).context["form"].errors
    response = organisation(client, organisation="New", external_id="Org-1")
    assert "external_id" in response.context["form"].errors
    assert Account.objects.count() == 1


def test_a_deleted_person_is_offered_to_be_restored(client, mina):
    ana = CustomerFactory(email="ana@ex.test", state="deleted")
    response = organisation(client)
    assert response.status_code == 409
    assert reverse("customers:restore", args=[ana.pk]) in response.content.decode()


def test_a_contact_is_added_made_key_contact_and_owner_and_wears_a_crown_on_the_profile(client, acme):
    path = f"{LIST}{acme.pk}/contacts/"
    added = post(client, f"{path}new/", "contacts", email="bo@ex.test", name="Bo")
    assert added.status_code == 200
    assert "Bo" in added.content.decode()
    place = Membership.objects.get()
    assert (place.contact, place.key_contact) == (True, False)
    for role in ("key_contact", "owner"):
        assert post(client, f"{path}{place.pk}/", "contacts", role=role).status_code == 200
    place.refresh_from_db()
    assert (place.owner, place.key_contact) == (True, True)
    assert "Key contact" in client.get(f"/customers/{place.customer_id}/").content.decode()
    assert post(client, f"{path}{place.pk}/", role="member").status_code == 303
    place.refresh_from_db()
    assert (place.owner, place.contact, place.key_contact) == (False, False, False)
    assert post(client, f"{path}{place.pk}/", role="king").status_code == 422


# Deleting


def test_deleting_asks_about_who_belongs_only_there_and_undo_brings_them_back(client, cast, acme):
    dialog = client.get(f"{LIST}{acme.pk}/delete/").content.decode()
    assert "1 customer belongs only to this account" in " ".join(dialog.split())
    response = client.post(f"{LIST}{acme.pk}/delete/", {"customers": "delete"})
    assert response["Location"] == LIST
    assert Customer.objects.get(pk=cast.pk).state == "deleted"
    page = client.get(f"{LIST}{acme.pk}/").content.decode()
    assert "Everything can be read, nothing changed" in page
    assert client.get(f"{LIST}{acme.pk}/name/").status_code == 404
    assert client.post(f"{LIST}{acme.pk}/restore/").status_code == 303
    assert Customer.objects.get(pk=cast.pk).state == "active"


def test_a_held_account_is_not_deleted(client, acme):
    assert client.post(f"{LIST}{acme.pk}/legal-hold/", {"reason": "Case 9"}).status_code == 303
    refused = client.post(f"{LIST}{acme.pk}/delete/", {"customers": "keep"})
    assert refused.status_code == 409
    assert "Case 9" in refused.content.decode()
    assert client.post(f"{LIST}{acme.pk}/legal-hold/", {"reason": "Over", "held": "yes"}).status_code == 303
    acme.refresh_from_db()
    assert acme.legal_hold == ""


def test_selected_accounts_are_deleted_and_restored(client, cast, acme):
    zeta = Account.objects.get(name="Zeta")
    sent = {"action": "delete", "id": [acme.pk, zeta.pk]}
    assert client.post(f"{LIST}bulk/", sent).status_code == 303
    assert Account.objects.active().count() == 1
    sent = {"action": "restore", "matching": "true", "query": "deleted=true"}
    assert client.post(f"{LIST}bulk/", sent).status_code == 303
    assert Account.objects.active().count() == 4
    assert client.post(f"{LIST}bulk/", {"action": "add_tag", "tag": "x", "id": acme.pk}).status_code == 422


def test_permanent_deletion_asks_for_the_name(client, acme):
    path = reverse("retention:permanent_deletion_of_account", args=[acme.pk])
    assert client.get(path).status_code == 409
    client.post(f"{LIST}{acme.pk}/delete/", {"customers": "keep"})
    assert client.get(path).status_code == 200
    assert client.post(path, {"name": "Acm"}).status_code == 422
    assert "/retention/receipts/" in client.post(path, {"name": "acme"})["Location"]


def test_the_export_is_csv_with_every_property(client, cast):
    response = client.post(f"{LIST}export/", {"matching": "true", "query": "sort=-name"})
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode().removeprefix("\ufeff"))))
    assert rows[0] == ["id", "name", "account_id", "owner", "contacts", "created_at", "p.ARR:number", "p.plan:choice"]
    assert [row[1] for row in rows[1:]] == ["Zeta", "Bare", "Acme"]
    assert rows[3][2:5] == ["Org-1", "ana@ex.test", "ana@ex.test"]
    assert rows[3][6:] == ["90000", "Scale"]


# Who may


def test_viewers_read_and_change_nothing(client, acme):
    client.force_login(UserFactory(role="viewer"))
    page = client.get(f"{LIST}{acme.pk}/").content.decode()
    assert "edit-property" not in page
    assert "Add contact" not in client.get(f"{LIST}{acme.pk}/contacts/").content.decode()
    for path in ("name/", "delete/", "contacts/new/", "legal-hold/", "properties/"):
        assert client.post(f"{LIST}{acme.pk}/{path}").status_code == 403
    assert client.post(NEW).status_code == 403


def test_an_invisible_account_answers_as_one_that_is_not_there(client, acme):
    eve = UserFactory(role="admin")
    TeamMember.objects.create(team=Team.objects.create(name="North", reach="list"), user=eve)
    client.force_login(User.objects.get(pk=eve.pk))
    assert names(client.get(LIST)) == []
    for path in ("", "contacts/", "customers/", "feedback/", "channels/", "activity/", "usage/", "delete/", "name/"):
        hidden, absent = client.get(f"{LIST}{acme.pk}/{path}"), client.get(f"{LIST}{acme.pk + 999}/{path}")
        assert (hidden.status_code, absent.status_code) == (404, 404), path
    assert client.get(f"/surveys/of-account/{acme.pk}/").status_code == 404
    warned = organisation(client, organisation="Acme")
    assert "already" not in warned.content.decode()
