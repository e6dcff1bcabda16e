"""The pages of imports: who may open them, what they refuse, and that nothing happens before Import is pressed."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core import jobs
from feedback.models import Document
from integrations.models import Import, ImportMapping
from staff.models import User
from tests.factories import UserFactory
from tests.integrations.test_import_running import tickets, uploaded

pytestmark = pytest.mark.django_db

TEXT = "ID,Mail,Subject,Via\n1,ana@ex.test,Fails,Phone\n2,bo@ex.test,Why,Fax\n3,nobody,Slow,Phone\n"


@pytest.fixture
def mina() -> User:
    return UserFactory(role="support")


@pytest.fixture
def client(mina: User) -> Client:
    client = Client()
    client.force_login(mina)
    return client


def file(content: str | bytes = TEXT, name: str = "reviews.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def upload_by(client: Client, content: str | bytes = TEXT) -> Import:
    response = client.post("/imports/new/", {"file": file(content)})
    assert response.status_code == 303
    job = Import.objects.latest("pk")
    assert response["Location"] == f"/imports/{job.pk}/map/"
    return job


def mapped(job: Import, **changes: str) -> dict[str, str]:
    """What the map page would send for TEXT."""
    return {
        "target-0": "external_id", "target-1": "author.email", "target-2": "title", "target-3": "channel",
        "word-3-0": "", "word-3-1": "voice", "source": "Reviews", "channel": "import", **changes,
    }  # fmt: skip


def test_from_upload_to_end_every_step_is_a_form(client: Client, mina: User) -> None:
    job = upload_by(client)
    page = client.get(f"/imports/{job.pk}/map/").content.decode()
    assert "ana@ex.test" in page
    assert 'value="author.email" selected' in page
    response = client.post(f"/imports/{job.pk}/map/", mapped(job, **{"word-3-0": "api", "save_as": "Reviews"}))
    assert response["Location"] == f"/imports/{job.pk}/preview/"
    preview = client.get(response["Location"]).content.decode()
    assert "Must be an email address" in preview
    assert Document.objects.count() == 0
    response = client.post(f"/imports/{job.pk}/preview/")
    assert (response.status_code, response["Location"]) == (303, f"/imports/{job.pk}/")
    assert "waiting for a worker" in client.get(f"/imports/{job.pk}/").content.decode()
    jobs.run(Import, job.pk)
    page = client.get(f"/imports/{job.pk}/").content.decode()
    assert "Must be an email address" in page
    assert sorted(Document.objects.values_list("external_id", "channel")) == [("1", "voice"), ("2", "api")]
    download = client.get(f"/imports/{job.pk}/errors.csv")
    assert "attachment" in download["Content-Disposition"]
    assert b"3,nobody,Slow,Phone" in b"".join(download.streaming_content)  # type: ignore[attr-defined]
    assert ImportMapping.objects.get().name == "Reviews"
    assert (job.uploaded_by, "reviews.csv" in client.get("/imports/").content.decode()) == (mina, True)


def test_a_saved_mapping_fills_the_page_and_says_what_the_file_lacks(client: Client) -> None:
    ImportMapping.objects.create(
        name="Old", plan={"uses": [{"column": "Via", "target": "status", "name": "", "type": ""},
                                   {"column": "Gone", "target": "body", "name": "", "type": ""}], "source": "Kept"},
    )  # fmt: skip
    job = upload_by(client)
    mapping = ImportMapping.objects.get()
    page = client.get(f"/imports/{job.pk}/map/?mapping={mapping.pk}").content.decode()
    assert 'value="status" selected' in page
    assert 'value="Kept"' in page
    assert "no column &#x27;Gone&#x27;" in page
    for wrong in ("x", "99999", "9" * 30):
        assert client.get(f"/imports/{job.pk}/map/", {"mapping": wrong}).status_code == 200


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The file is empty"), ("a,a\n1,2\n", "both called"), (b"PK\x03\x04rest", "ZIP file"),
        (bytes(range(256)) * 20, "does not look like text"), ("a,b\n", "no rows below"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_imported_are_refused_beside_the_field(
    client: Client, content: str | bytes, sentence: str
) -> None:
    response = client.post("/imports/new/", {"file": file(content)})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Import.objects.exists()


def test_no_file_at_all_is_refused_beside_the_field(client: Client) -> None:
    for data in ({}, {"file": "text"}):
        response = client.post("/imports/new/", data)
        assert response.status_code == 422
        assert "Choose a file" in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target-2": ""}, "has to say something"),
        ({"target-1": "title"}, "is the document: title already"),
        ({"target-3": "property", "name-3": "a key!"}, "letters, digits"),
        ({"target-3": "property", "name-3": ""}, "Give it a name"),
        ({"target-3": "property", "name-3": "x" * 101}, "at most 100 characters"),
        ({"target-3": "property", "name-3": "x", "type-3": "colour"}, "Select a valid choice"),
        ({"target-3": "nonsense"}, "Select a valid choice"),
        ({"source": ""}, "Give the source a name"),
        ({"source": "a\x00b"}, "Null characters"),
        ({"channel": "fax"}, "Select a valid choice"),
        ({"save_as": "x" * 121}, "at most 120"),
    ],
)  # fmt: skip
def test_mappings_that_make_no_sense_are_refused_beside_the_field(
    client: Client, changes: dict[str, str], sentence: str
) -> None:
    job = upload_by(client)
    response = client.post(f"/imports/{job.pk}/map/", mapped(job, **changes))
    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    for target in re.findall(r'<a href="#(id_[^"]+)">', page):
        assert f' id="{target}"' in page


def test_a_running_import_is_polled_until_it_ends(client: Client) -> None:
    job = uploaded(tickets(3))
    Import.objects.filter(pk=job.pk).update(status="running", done=1, total=3, lease_until=None)
    htmx = {"HX-Request": "true", "HX-Target": "progress"}

    def poll(seen: str) -> Any:
        return client.get(f"/imports/{job.pk}/", {"seen": seen}, headers=htmx)

    assert poll("running.1").status_code == 204
    moved = poll("running.0")
    assert (moved.status_code, "hx-trigger" in moved.content.decode()) == (200, True)
    assert "25 per cent" in moved["HX-Trigger"]
    Import.objects.filter(pk=job.pk).update(status="done", done=3)
    ended = poll("running.1")
    assert (ended.status_code, "every 2s" in ended.content.decode()) == (286, False)
    assert "Import done: 3 of 3 rows." in ended["HX-Trigger"]
    assert poll("running." + "9" * 40).status_code == 286
    assert client.get(f"/imports/{job.pk}/").status_code == 200


def test_a_draft_can_be_removed_and_a_running_import_cancelled(client: Client) -> None:
    draft = upload_by(client)
    client.post(f"/imports/{draft.pk}/cancel/")
    assert not Import.objects.exists()
    job = upload_by(client)
    client.post(f"/imports/{job.pk}/map/", mapped(job))
    client.post(f"/imports/{job.pk}/preview/")
    client.post(f"/imports/{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.status == "cancelled"
    assert client.get(f"/imports/{job.pk}/map/").status_code == 303


def test_an_import_that_failed_goes_on_from_its_page(client: Client) -> None:
    job = uploaded(tickets(3))
    Import.objects.filter(pk=job.pk).update(status="failed", error="The disk was full.")
    assert "The disk was full." in client.get(f"/imports/{job.pk}/").content.decode()
    client.post(f"/imports/{job.pk}/again/")
    job.refresh_from_db()
    assert job.status == "queued"


def test_viewers_and_strangers_may_not_import() -> None:
    job = uploaded(tickets(3))
    viewer = Client()
    viewer.force_login(UserFactory(role="viewer"))
    for path in ("", "new/", f"{job.pk}/", f"{job.pk}/map/", f"{job.pk}/preview/", f"{job.pk}/errors.csv"):
        assert viewer.get(f"/imports/{path}").status_code == 403
        assert Client().get(f"/imports/{path}").status_code == 302
    for path in ("new/", f"{job.pk}/map/", f"{job.pk}/preview/", f"{job.pk}/cancel/", f"{job.pk}/again/"):
        assert viewer.post(f"/imports/{path}").status_code == 403


def test_an_import_that_is_not_there_is_not_found(client: Client) -> None:
    for path in ("", "map/", "preview/", "errors.csv"):
        assert client.get(f"/imports/9999/{path}").status_code == 404
