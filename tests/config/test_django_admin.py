"""The Django admin (8.6): every model, for superusers, and no way past the rules of the dashboard."""

import re

import pytest
import zeal
from django.apps import apps
from django.conf import settings
from django.contrib.admin.sites import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.actor import Actor
from audit.models import Entry
from core import clock
from customers import creating, editing, holding
from customers.identifying import identity
from customers.models import Customer
from feedback.models import Document
from staff.models import User

pytestmark = pytest.mark.django_db
MODELS = sorted(apps.get_models(), key=lambda model: model._meta.label)


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root@roster.example", "roster-demo", name="Root")


@pytest.fixture
def superuser(client: Client, root: User) -> Client:
    client.force_login(root)
    return client


@pytest.fixture
def ana(root: User) -> Customer:
    draft = creating.Draft("Ana Kovač", [identity("email", "ana@lumen.example")])
    return creating.create(draft, actor=Actor.of_staff(root))


def of(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_has_a_list_with_search(superuser: Client, ana: Customer, model: type) -> None:
    assert site.is_registered(model)
    for query in ("", "?q=ana", "?q=%22%27%25"):
        assert superuser.get(of(model, "changelist") + query).status_code == 200, query


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_model_can_be_added_to_changed_or_deleted_past_the_commands(
    superuser: Client, ana: Customer, model: type
) -> None:
    assert superuser.post(of(model, "add"), {}).status_code == 403
    row = model._base_manager.first()
    if row is None:
        return
    before = model._base_manager.filter(pk=row.pk).values().get()
    with zeal.zeal_ignore():  # Django asks for some rows of its own twice
        assert superuser.get(of(model, "change", row.pk)).status_code == 200
        assert superuser.post(of(model, "change", row.pk), {"name": "Changed"}).status_code == 403
        assert superuser.post(of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        assert superuser.get(of(model, "history", row.pk)).status_code == 200
    assert model._base_manager.filter(pk=row.pk).values().get() == before


def test_no_secret_is_shown(superuser: Client, root: User) -> None:
    html = superuser.get(of(User, "change", root.pk)).content.decode()
    assert root.email in html
    assert root.password not in html
    assert "argon2" not in html


def test_the_history_of_a_customer_is_that_of_the_audit_log(superuser: Client, ana: Customer, root: User) -> None:
    editing.rename(ana, "Ana Ruiz", actor=Actor.of_staff(root))
    html = superuser.get(of(Customer, "history", ana.pk)).content.decode()
    assert "Renamed" in html
    assert "changed from Ana Kovač to Ana Ruiz" in html


def act(superuser: Client, model: type, action: str, *ids: int) -> str:
    data = {"action": action, "_selected_action": [str(pk) for pk in ids]}
    response = superuser.post(of(model, "changelist"), data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_customers_are_deleted_and_restored_by_the_same_commands(superuser: Client, ana: Customer, root: User) -> None:
    assert "1 deleted" in act(superuser, Customer, "delete_them", ana.pk)
    ana.refresh_from_db()
    assert ana.state == "deleted"
    entry = Entry.objects.get(verb="customer.deleted")
    assert (entry.actor_id, entry.via) == (root.pk, "admin")
    act(superuser, Customer, "restore_them", ana.pk)
    ana.refresh_from_db()
    assert ana.state == "active"


def test_a_legal_hold_holds_here_too(superuser: Client, ana: Customer, root: User) -> None:
    holding.hold(ana, "Case 7", actor=Actor.of_staff(root))
    html = act(superuser, Customer, "delete_them", ana.pk)
    assert "0 deleted" in html
    assert "Case 7" in html
    ana.refresh_from_db()
    assert ana.state == "active"


def test_merging_and_permanent_deletion_lead_to_their_pages(superuser: Client, ana: Customer, root: User) -> None:
    other = creating.create(creating.Draft("Anna Kovač", []), actor=Actor.of_staff(root))
    first, second = sorted([ana.pk, other.pk], reverse=True)
    data = {"action": "merge_them", "_selected_action": [ana.pk, other.pk]}
    answer = superuser.post(of(Customer, "changelist"), data)
    assert answer["Location"] == f"/customers/{first}/merge/?with={second}"
    assert superuser.get(answer["Location"]).status_code == 200
    data = {"action": "delete_them_permanently", "_selected_action": [ana.pk]}
    assert superuser.post(of(Customer, "changelist"), data)["Location"] == f"/customers/{ana.pk}/permanent-deletion/"


def test_documents_are_deleted_by_the_same_command(superuser: Client) -> None:
    document = Document.objects.create(title="Broken", channel="email", occurred_at=clock.now())
    act(superuser, Document, "delete_them", document.pk)
    document.refresh_from_db()
    assert document.state == "deleted"


def test_a_list_is_the_same_queries_for_one_and_for_25(superuser: Client, ana: Customer) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            superuser.get(of(Customer, "changelist"))
        return len(found)

    few = queries()
    Customer.objects.bulk_create(Customer(name=f"C{n}", sort_name=f"c{n}") for n in range(25))
    assert queries() == few <= 10


def test_admins_who_are_no_superusers_are_refused_and_strangers_sign_in(client: Client) -> None:
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=")
    client.force_login(User.objects.create_user("eve@roster.example", role="admin", is_staff=True))
    assert client.get("/admin/", follow=True).status_code == 403


def test_pages_keep_the_content_security_policy(superuser: Client, ana: Customer) -> None:
    html = superuser.get(of(Customer, "change", ana.pk)).content.decode()
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", html)
    assert "unsafe-inline" not in superuser.get("/admin/")["Content-Security-Policy"]


def test_the_apps_of_the_house_are_all_there(superuser: Client) -> None:
    html = superuser.get("/admin/").content.decode()
    for name in settings.ROSTER_APPS:
        if list(apps.get_app_config(name).get_models()):
            assert f"/admin/{name}/" in html
