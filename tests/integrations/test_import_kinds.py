"""Files of customers, accounts, memberships, usage and survey answers: what comes in, once, and what is left out."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import Account
from audit.actor import Actor
from audit.models import Change, Entry
from core import clock, jobs
from customers import editing
from customers.identifying import identity
from customers.models import Customer, Membership, Tag
from customers.suppressing import suppress
from engagement.models import SurveyResponse, UsageEvent
from integrations.importing.kinds import customers, guess, likely
from integrations.importing.mapping import MappingProblem, Plan
from integrations.importing.previewing import preview
from integrations.importing.reading import Layout
from integrations.importing.reporting import error_lines
from integrations.importing.starting import plan_of_specs, save_mapping, start, upload
from integrations.models import Import
from properties.models import Definition
from tests.factories import AccountFactory, CustomerFactory, UserFactory
from tests.integrations.test_import_running import counts

pytestmark = pytest.mark.django_db
STAFF = Actor(via="page", rank="staff")
PEOPLE = (
    "Name,Email,User ID,Account ID,Plan,Seats,Tags\nAna,ana@ex.test,P-1,org-1,Pro,5,vip\nBo,bo@ex.test,P-2,,Team,7,\n"
)
ACCOUNTS = "Account ID,Name,ARR\norg-1,Acme,1200\norg-2,Globex,80.5\n"
PLACES = "Account ID,Email,Contact,Key contact,Role\norg-1,ana@ex.test,yes,yes,Owner\norg-1,bo@ex.test,no,,User\n"
EVENTS = (
    "Event ID,Module,Activity,Account ID,User ID,Time\n"
    "e1,Reports,Exported,org-1,P-1,2026-03-01 12:00\n"
    "e2,Admin,Opened,org-1,,\n"
)
ANSWERS = "ID,Survey,Kind,Score,Comment,Email,Time\na1,Relationship,nps,9,Fast,ana@ex.test,2026-03-01\n"
TABLES = (Customer, Account, Membership, UsageEvent, SurveyResponse, Definition)


def imported(text: str, kind: str = "", *specs: str, by: Any = None, source: str = "File") -> Import:
    job = upload(io.BytesIO(text.encode()), "file.csv", user=by, actor=STAFF, kind=kind)
    plan = plan_of_specs(specs, base=Plan(kind=kind) if specs else Plan.of_json(job.plan))
    plan.source = source
    assert start(job, plan, actor=STAFF)
    jobs.run(Import, job.pk)
    job.refresh_from_db()
    assert job.status == "done", job.error
    return job


def faults(job: Import) -> list[tuple[int, str, str]]:
    return list(job.errors.values_list("row", "column", "message"))


@pytest.fixture
def ana() -> Customer:
    return CustomerFactory(name="Ana", email="ana@ex.test", user_id="P-1")


def test_customers_come_with_identifiers_accounts_properties_and_tags() -> None:
    job = imported(PEOPLE)
    assert (job.kind, counts(job)) == ("customers", (2, 0, 0, 0))
    ana = Customer.objects.get(name="Ana")
    assert sorted(ana.identifiers.values_list("kind", "value")) == [("email", "ana@ex.test"), ("user_id", "P-1")]
    assert (ana.primary_email, ana.origin) == ("ana@ex.test", "import")
    assert ana.properties == {"plan": ["Pro"], "seats": [5]}
    assert dict(Definition.objects.values_list("key", "type")) == {"plan": "choice", "seats": "number"}
    assert ana.memberships.get().account.external_id == "org-1"
    assert list(Tag.objects.filter(pk__in=ana.tag_ids).values_list("name", flat=True)) == ["vip"]


@pytest.mark.parametrize("text", [PEOPLE, ACCOUNTS, PLACES])
def test_the_same_file_again_writes_nothing(text: str) -> None:
    first = imported(text)
    changes, entries = Change.objects.count(), Entry.objects.filter(verb="import.batch").count()
    again = imported(text)
    assert counts(again) == (0, 0, first.created_count + first.updated_count, 0)
    assert (Change.objects.count(), Entry.objects.filter(verb="import.batch").count()) == (changes, entries)


def test_a_changed_row_updates_its_customer(ana: Customer) -> None:
    imported("Email,Name,City\nANA@ex.test,Ana Kovač,Split\n")
    ana.refresh_from_db()
    assert (ana.name, ana.properties) == ("Ana Kovač", {"city": ["Split"]})
    assert Customer.objects.count() == 1


def test_first_and_last_names_make_one_and_an_empty_cell_changes_nothing(ana: Customer) -> None:
    job = imported("Last name,First name,Email,City\nKovač,Ana,ana@ex.test,\n,,bo@ex.test,Rome\n")
    ana.refresh_from_db()
    assert (ana.name, ana.properties, counts(job)) == ("Ana Kovač", {}, (1, 1, 0, 0))
    imported("Email,City\nbo@ex.test,\n")
    assert Customer.objects.get(primary_email="bo@ex.test").properties == {"city": ["Rome"]}


def test_a_file_of_a_command_leaves_what_staff_set_and_a_file_of_staff_does_not(ana: Customer) -> None:
    editing.rename(ana, "Ana of staff", actor=STAFF)
    imported("Email,Name\nana@ex.test,Ana of a file\n", "customers")
    ana.refresh_from_db()
    assert ana.name == "Ana of staff"
    imported("Email,Name\nana@ex.test,Ana of a colleague\n", "customers", by=UserFactory())
    ana.refresh_from_db()
    assert ana.name == "Ana of a colleague"


def test_who_was_permanently_deleted_is_kept_out_of_every_kind() -> None:
    AccountFactory(name="Acme", external_id="org-1")
    suppress([identity("email", "ana@ex.test")], clock.now())
    job = imported("Email,Name\nana@ex.test,Ana\nbo@ex.test,Bo\n")
    assert (job.suppressed_count, counts(job)) == (1, (1, 0, 0, 0))
    assert not Customer.objects.filter(name="Ana").exists()
    job = imported("Account ID,Email,Contact\norg-1,ana@ex.test,yes\n")
    assert (job.suppressed_count, Membership.objects.count()) == (1, 0)
    job = imported("Module,Activity,Account ID,Email\nReports,Opened,org-1,ana@ex.test\nReports,Opened,,ana@ex.test\n")
    assert (job.suppressed_count, counts(job)) == (2, (0, 0, 0, 0))
    event = UsageEvent.objects.get()  # it stays with the account
    assert (event.account.external_id, event.customer) == ("org-1", None)


def test_a_row_that_names_two_customers_is_left_out_with_the_reason(ana: Customer) -> None:
    CustomerFactory(email="bo@ex.test", user_id="P-2")
    job = imported("User ID,Email\nP-1,bo@ex.test\n")
    assert counts(job) == (0, 0, 0, 1)
    assert faults(job)[0][0] == 2
    assert "bo@ex.test" not in faults(job)[0][2]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("Email,Name\nnobody,Ana\n", "Email", "Must be an email address"),
        ("Email,Name\n,Ana\n", "", "nothing recognises the customer"),
        ("Email,Phone\na@ex.test,1\n", "Phone", "Must be a phone number"),
        (f"Email,Name\na@ex.test,{'x' * 301}\n", "Name", "at most 300"),
        ("Email,Tags\na@ex.test," + "t" * 61 + "\n", "Tags", "1 to 60"),
        ("Email,Created at\na@ex.test,2026-13-45 x\n", "Created at", "Must be a time"),
        ("Email,Name\na@ex.test,b,c\n", "", "Has 3 cells"),
        ("Account ID,Name\n,Acme\n", "Account ID", "Must not be empty"),
        (f"Account ID,Name\norg-1,{'x' * 301}\n", "Name", "at most 300"),
        (f"Account ID,Name\n{'o' * 201},Acme\n", "Account ID", "at most 200"),
        ("Account ID,Email,Contact\norg-1,a@ex.test,perhaps\n", "Contact", "yes or no"),
        ("Account ID,Email,Contact\n,a@ex.test,yes\n", "Account ID", "Must not be empty"),
        ("Account ID,Email,Contact\norg-1,,yes\n", "", "nothing recognises"),
        ("Module,Account ID\n,org-1\n", "Module", "Must not be empty"),
        ("Module,Account ID\nReports,\n", "", "neither an account nor a customer"),
        ("Module,Account ID\nReports,org-9\n", "Account ID", "No account has this"),
        ("Module,Email\nReports,nobody@ex.test\n", "Email", "No customer has this"),
        ("Module,Email,Time\nReports,a@ex.test,2026-02-30 1\n", "Time", "Must be a time"),
        ("Survey,Score,Email\nCSAT,high,a@ex.test\n", "Score", "Must be a score"),
        ("Survey,Score,Email\n,4,a@ex.test\n", "Survey", "Must not be empty"),
        ("Survey,Score,Email\nCSAT,,a@ex.test\n", "Score", "Must not be empty"),
        ("Survey,Score,Email,Kind\nCSAT,4,a@ex.test,stars\n", "Kind", "Must be one of"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_says_why_and_stops_no_other(text: str, column: str, message: str) -> None:
    job = imported(text)
    assert (job.status, job.failed_count) == ("done", 1)
    ((row, found, said),) = faults(job)
    assert (row, found) == (2, column)
    assert message in said
    assert text.splitlines()[1].split(",")[0] in "".join(error_lines(job))


def test_a_value_that_its_property_cannot_have_names_the_column(ana: Customer) -> None:
    Definition.objects.create(key="seats", label="Seats", type="number")
    job = imported("Email,Seats\nana@ex.test,many\nbo@ex.test,3\n")
    assert (counts(job), faults(job)[0][:2]) == ((1, 0, 0, 1), (2, "Seats"))
    assert "Must be a number" in faults(job)[0][2]


def test_a_score_outside_its_survey_names_the_column(ana: Customer) -> None:
    imported(ANSWERS)
    job = imported(ANSWERS.replace("a1,Relationship,nps,9", "a2,Relationship,nps,11"))
    assert (counts(job), faults(job)) == ((0, 0, 0, 1), [(2, "Score", "A score of this survey is from 0 to 10.")])


@pytest.mark.parametrize(
    ("kind", "spec", "sentence"),
    [
        ("customers", "name=A", "recognises a customer"), ("accounts", "name=A", "account's ID"),
        ("memberships", "email=A", "which account"), ("memberships", "account_id=A", "recognises the customer"),
        ("usage", "email=A", "the module"), ("usage", "module=A", "account or the customer"),
        ("surveys", "survey=A", "the score"), ("customers", "title=A", "nothing a column can be"),
        ("documents", "emails=A", "nothing a column can be"),
    ],
)  # fmt: skip
def test_a_mapping_that_lacks_a_column_is_refused(kind: str, spec: str, sentence: str) -> None:
    job = upload(io.BytesIO(b"A,B\n1,2\n"), "x.csv", user=None, actor=STAFF, kind=kind)
    plan = plan_of_specs([spec], base=Plan(kind=kind, source="X"))
    with pytest.raises(MappingProblem, match=sentence):
        start(job, plan, actor=STAFF)


def test_rows_that_come_twice_in_a_file_count_once(ana: Customer) -> None:
    assert counts(imported("Email\nbo@ex.test\nBo@ex.test\n", "customers")) == (1, 0, 1, 0)
    assert counts(imported("Account ID,Name\norg-1,A\norg-1,A\n")) == (1, 0, 1, 0)
    twice = "Module,Email\nReports,ana@ex.test\nReports,ana@ex.test\n"
    assert counts(imported(twice)) == (1, 0, 1, 0)
    assert UsageEvent.objects.count() == 1


def test_accounts_come_with_their_properties() -> None:
    job = imported(ACCOUNTS)
    assert (job.kind, counts(job)) == ("accounts", (2, 0, 0, 0))
    found = {one.external_id: (one.name, one.properties) for one in Account.objects.all()}
    assert found == {"org-1": ("Acme", {"arr": [1200]}), "org-2": ("Globex", {"arr": [Decimal("80.5")]})}
    assert Definition.objects.get(key="arr").subject == "account"


def test_memberships_say_who_is_a_contact_of_which_account() -> None:
    AccountFactory(name="Acme", external_id="org-1")
    job = imported(PLACES)
    assert (job.kind, counts(job)) == ("memberships", (2, 0, 0, 0))
    places = {
        one.customer.primary_email: (one.account.name, one.contact, one.key_contact, one.properties)
        for one in Membership.objects.select_related("customer", "account")
    }
    assert places == {
        "ana@ex.test": ("Acme", True, True, {"role": ["Owner"]}),
        "bo@ex.test": ("Acme", False, False, {"role": ["User"]}),
    }
    assert Definition.objects.get(key="role").subject == "membership"


def test_usage_and_answers_are_recorded_once(ana: Customer) -> None:
    acme = AccountFactory(external_id="org-1")
    for expected in ((2, 0, 0, 0), (0, 0, 2, 0)):
        job = imported(EVENTS)
        assert (job.kind, counts(job)) == ("usage", expected)
    events = UsageEvent.objects.order_by("external_id").values_list("module", "account", "customer")
    assert list(events) == [("Reports", acme.pk, ana.pk), ("Admin", acme.pk, None)]
    for expected in ((1, 0, 0, 0), (0, 0, 1, 0)):
        job = imported(ANSWERS)
        assert (job.kind, counts(job)) == ("surveys", expected)
    answer = SurveyResponse.objects.get()
    assert (answer.survey.kind, answer.score, answer.comment, answer.customer) == ("nps", 9, "Fast", ana)


@pytest.mark.parametrize("text", [PEOPLE, ACCOUNTS, PLACES, EVENTS, ANSWERS])
def test_a_preview_of_any_kind_changes_nothing(text: str, ana: Customer) -> None:
    AccountFactory(external_id="org-1")
    before = [model.objects.count() for model in TABLES]
    job = upload(io.BytesIO(text.encode()), "file.csv", user=None, actor=STAFF)
    found = preview(job, Plan.of_json(job.plan))
    assert found.failed == 0
    assert len(found.shown[0].cells) > 1
    after = [model.objects.count() for model in TABLES]
    assert after == before


def test_a_preview_counts_the_suppressed() -> None:
    suppress([identity("email", "ana@ex.test")], clock.now())
    job = upload(io.BytesIO(b"Email,Subject\nana@ex.test,Fails\n"), "file.csv", user=None, actor=STAFF)
    assert preview(job, Plan.of_json(job.plan)).suppressed == 1


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("Ticket ID,Subject,Email", "documents"), ("ID,Mail,Subject,Via", "documents"),
        ("Name,Email,Plan", "customers"), ("id,email", "customers"), ("First name,Last name,E-mail", "customers"),
        ("Account ID,Name,ARR", "accounts"), ("Company ID,Company", "accounts"),
        ("Account ID,Email,Key contact", "memberships"), ("Module,Activity,User ID", "usage"),
        ("event,user_id,timestamp", "usage"), ("Survey,Score,Comment,Email", "surveys"),
        ("Email,Comment,Score", "documents"), ("a,b", "documents"),
    ],
)  # fmt: skip
def test_what_the_rows_are_is_guessed_from_the_columns(columns: str, kind: str) -> None:
    names = columns.split(",")
    layout = Layout(",", names, 0, 1, {}, {name: [] for name in names})
    assert likely(layout) == kind
    assert guess(layout).kind == kind


def test_mappings_are_saved_for_one_kind() -> None:
    job = upload(io.BytesIO(PEOPLE.encode()), "people.csv", user=None, actor=STAFF)
    plan = Plan.of_json(job.plan)
    save_mapping("Mine", plan, actor=STAFF)
    save_mapping("Mine", plan, actor=STAFF)
    with pytest.raises(MappingProblem, match="other rows"):
        save_mapping("Mine", Plan(kind="accounts"), actor=STAFF)


def test_the_pages_ask_what_the_rows_are(client: Client) -> None:
    client.force_login(UserFactory(role="support"))
    page = client.get("/imports/new/").content.decode()
    assert "Find out from the columns" in page
    client.post("/imports/new/", {"file": SimpleUploadedFile("x.csv", PEOPLE.encode()), "kind": ""})
    job = Import.objects.get()
    assert job.kind == "customers"
    other = client.get(f"/imports/{job.pk}/map/?kind=accounts").content.decode()
    assert '<option value="accounts" selected>' in other
    assert "Account ID" in other
    assert Import.objects.get().kind == "customers"  # looking changes nothing
    sent = {"target-1": "email", "target-0": "name", "source": "People"}
    response = client.post(f"/imports/{job.pk}/map/?kind=customers", sent)
    assert response.status_code == 303, response.content.decode()
    preview_page = client.get(f"/imports/{job.pk}/preview/").content.decode()
    assert "New customers" in preview_page
    assert "ana@ex.test" in preview_page
    client.post(f"/imports/{job.pk}/preview/")
    jobs.run(Import, job.pk)
    page = client.get(f"/imports/{job.pk}/").content.decode()
    assert "See the customers" in page
    assert Customer.objects.filter(provenance__icontains="staff").count() == 2  # staff's own file ranks as staff


def test_switching_the_kind_of_a_draft_keeps_the_new_kind(client: Client) -> None:
    client.force_login(UserFactory(role="support"))
    job = upload(io.BytesIO(b"A,B\n1,Acme\n"), "x.csv", user=None, actor=STAFF)
    sent = {"target-0": "account_id", "target-1": "name", "source": "X"}
    assert client.post(f"/imports/{job.pk}/map/?kind=accounts", sent).status_code == 303
    job.refresh_from_db()
    assert (job.kind, job.plan["kind"]) == ("accounts", "accounts")


def test_one_command_imports_any_kind(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    call_command("import_csv", str(path), "--preview")
    assert "2 would be new customers" in capsys.readouterr().out
    assert not Customer.objects.exists()
    call_command("import_csv", str(path), "--kind", "customers", "--errors", str(tmp_path / "errors.csv"))
    assert "2 created, 0 updated, 0 unchanged, 0 left out." in capsys.readouterr().out
    call_command("import_csv", str(path), "--map", "user_id=User ID", "--map", "first_name=Name", "--kind", "customers")
    assert "2 unchanged" in capsys.readouterr().out


def test_a_batch_that_the_database_refuses_goes_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    real = customers.upsert_many

    def refuse(items: Any, **options: Any) -> Any:
        if any(item.name == "Bo" for item in items):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        return real(items, **options)

    monkeypatch.setattr(customers, "upsert_many", refuse)
    job = imported(PEOPLE)
    assert counts(job) == (1, 0, 0, 1)
    assert "database refused" in faults(job)[0][2]


def test_wrong_rows_can_be_downloaded_corrected_and_imported() -> None:
    job = imported("Email,Name\nnobody,=Ana\nbo@ex.test,Bo\n", "customers")
    rows = list(csv.reader(io.StringIO("".join(error_lines(job)).lstrip("\ufeff"))))
    assert rows[0] == ["Row", "Error", "Email", "Name"]
    corrected = io.StringIO()
    csv.writer(corrected).writerows([rows[0], [*rows[1][:2], "ana@ex.test", rows[1][3]]])
    assert counts(imported(corrected.getvalue(), "customers", "email=Email", "name=Name")) == (1, 0, 0, 0)
    assert Customer.objects.get(primary_email="ana@ex.test").name == "=Ana"
