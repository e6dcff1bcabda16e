"""Importing a file in the browser: upload, map, preview, watch it come in."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from core import jobs
from feedback.models import Document
from integrations.importing import running
from integrations.models import Import
from tests.integrations.test_import_running import imported, tickets, uploaded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(tickets(40).replace("person9@example.com", "nobody"), encoding="utf-8")
    return path


def work(pk: int) -> None:
    """A worker, in a thread of its own as in life it is a process."""

    def run() -> None:
        try:
            jobs.run(Import, pk)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)


def test_a_file_is_uploaded_mapped_previewed_and_imported(
    page_as: Callable[..., Page], csv_file: Path, monkeypatch: pytest.MonkeyPatch, axe: Callable[[Page], None]
) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 20)
    page = page_as("support")
    page.goto("/imports/")
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_label("CSV file").set_input_files(csv_file)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_role("heading", name="What do the columns mean?")).to_be_visible()
    expect(page.get_by_label("Use Customer Email as", exact=True)).to_have_value("author.email")
    expect(page.get_by_label("Social media", exact=True)).to_have_value("social")
    age = page.get_by_label("Name for Customer Age", exact=True)
    expect(age).to_have_value("age")
    page.get_by_label("Use Customer Age as", exact=True).select_option("")
    expect(age).to_be_hidden()
    page.get_by_label("Use Customer Age as", exact=True).select_option("property")
    expect(age).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", name="What the import would do")).to_be_visible()
    expect(page.get_by_text("Must be an email address").first).to_be_visible()
    assert Document.objects.count() == 0
    axe(page)
    page.get_by_role("button", name="Import 40 rows").click()

    expect(page.get_by_text("waiting for a worker")).to_be_visible()
    axe(page)
    work(Import.objects.get().pk)
    expect(page.get_by_text("Done, some left out")).to_be_visible()
    expect(page.locator("#announce")).to_contain_text("Import done: 40 of 40 rows.")
    expect(page.get_by_role("cell", name="Customer Email")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert "Must be an email address" in Path(download.value.path()).read_text(encoding="utf-8")
    assert Document.objects.count() == 39


def test_it_works_without_script(page_as: Callable[..., Page], csv_file: Path) -> None:
    page = page_as("support", java_script_enabled=False)
    page.goto("/imports/new/")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Choose a file.").first).to_be_visible()
    page.get_by_label("CSV file").set_input_files(csv_file)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Import 40 rows").click()
    work(Import.objects.get().pk)
    page.reload()
    expect(page.get_by_text("Done, some left out")).to_be_visible()


def test_every_page_of_imports_looks_right(page_as: Callable[..., Page], looks_right: Callable[..., None]) -> None:
    page: Any = page_as("support")
    looks_right(page, "/imports/")
    imported(tickets(30).replace("person9@example.com", "nobody"))
    draft = uploaded(tickets(30))
    for path in ("", "new/", f"{Import.objects.earliest('pk').pk}/", f"{draft.pk}/map/", f"{draft.pk}/preview/"):
        looks_right(page, f"/imports/{path}")


def test_a_viewer_is_offered_no_imports(page_as: Callable[..., Page]) -> None:
    page = page_as("viewer")
    page.goto("/customers/")
    expect(page.get_by_role("link", name="Imports")).to_have_count(0)
