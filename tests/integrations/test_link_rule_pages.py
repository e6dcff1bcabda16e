"""The page of link rules (5.5): add, try, apply to what is here."""

from typing import Any

import pytest
from django.test import Client

from audit.actor import Actor
from core import jobs
from customers.models import Customer
from feedback.models import Document, Linking, LinkRule
from feedback.receiving import Incoming, receive
from integrations.models import Integration
from staff.models import User
from tests.factories import CustomerFactory, DefinitionFactory
from tests.integrations.intake_doors import an_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    made = an_integration()
    for number in range(3):
        incoming = Incoming(title=f"Paper {number}", metadata={"who": {"mail": "ana@ex.test"}, "n": number})
        receive(incoming, source=made.source, actor=Actor.of_source(made.source))
    return made


@pytest.fixture
def ana() -> Customer:
    return CustomerFactory(name="Ana", email="ana@ex.test")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada@roster.example", name="Ada", role="admin"))
    return client


RULE = {"path": "metadata.who.mail", "target": "customer:email"}


def page_of(integration: Integration) -> str:
    return f"/integrations/{integration.pk}/link-rules/"


def test_a_rule_is_tried_before_it_is_stored(admin: Client, integration: Integration, ana: Customer) -> None:
    tried = admin.post(page_of(integration), {**RULE, "preview": "1"})
    assert (tried.context["preview"].linked, len(tried.context["samples"])) == (3, 3)
    assert "Nothing is stored yet" in tried.content.decode()
    assert not LinkRule.objects.exists()
    assert not ana.documents.exists()


def test_a_rule_counts_from_now_on_and_for_what_is_here_once_it_is_applied(
    admin: Client, integration: Integration, ana: Customer
) -> None:
    assert admin.post(page_of(integration), RULE).status_code == 303
    assert not ana.documents.exists()
    assert admin.post(page_of(integration) + "apply/").status_code == 303
    jobs.run(Linking, Linking.objects.get().pk)
    assert ana.documents.filter(link="rule").count() == 3
    assert "3 documents looked at" in admin.get(page_of(integration)).content.decode()


def test_removing_a_rule_leaves_what_it_linked(admin: Client, integration: Integration, ana: Customer) -> None:
    admin.post(page_of(integration), RULE)
    admin.post(page_of(integration) + "apply/")
    jobs.run(Linking, Linking.objects.get().pk)
    admin.post(f"{page_of(integration)}{LinkRule.objects.get().pk}/remove/")
    assert (LinkRule.objects.count(), ana.documents.count()) == (0, 3)


def test_the_fields_that_documents_have_are_suggested(admin: Client, integration: Integration) -> None:
    DefinitionFactory(key="crm_id", label="CRM ID")
    answer = admin.get(page_of(integration))
    assert answer.context["paths"] == ["metadata.n", "metadata.who.mail"]
    assert "customer:property:crm_id" in answer.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"path": "body"}, {"path": "__class__"}, {"path": "metadataX"}, {"target": "customer:external_id"}, {"path": ""},
     {"path": "metadata." + "x" * 300}, {"target": "account:property:none"}, {"path": "metadata.\0"}],
)  # fmt: skip
def test_what_is_no_field_or_no_target_is_422(admin: Client, integration: Integration, wrong: dict[str, str]) -> None:
    assert admin.post(page_of(integration), {**RULE, **wrong}).status_code == 422
    assert not LinkRule.objects.exists()


def test_a_running_job_can_be_stopped_and_the_rules_of_others_cannot_be_removed(
    admin: Client, integration: Integration
) -> None:
    admin.post(page_of(integration), RULE)
    admin.post(page_of(integration) + "apply/")
    admin.post(page_of(integration) + "stop/")
    assert Linking.objects.get().status == "cancelled"
    other = an_integration("Other")
    assert admin.post(f"{page_of(other)}{LinkRule.objects.get().pk}/remove/").status_code == 404


def test_only_feedback_has_link_rules(admin: Client) -> None:
    users: Any = an_integration("Users")
    users.source.kind = "user"
    users.source.save()
    assert admin.get(page_of(users)).status_code == 404


def test_the_secret_for_signed_feedback_is_shown_once(admin: Client, integration: Integration) -> None:
    answer = admin.post(f"/integrations/{integration.pk}/signing/")
    assert (answer.status_code, "whsec_" in answer.content.decode()) == (201, True)
    assert "whsec_" not in admin.get(f"/integrations/{integration.pk}/").content.decode()
    assert Document.objects.count() == 3
