"""What an import must not spend its time on; how much it takes is for bin/bench to say."""

import gc
import json
import sys
from typing import Any

import pytest
from django.db import connection

from audit.models import Entry, Source
from core.arrays import array_of
from feedback import receiving_many
from integrations.importing import running
from integrations.importing.kinds import documents
from tests.integrations.test_import_running import imported, tickets

pytestmark = pytest.mark.django_db


def stored(source: Source, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_document (title, body, body_format, channel, external_id, author, author_email, link,"
            " custom_fields, metadata, status, state, occurred_at, tag_ids, source_id)"
            " SELECT 'x', '', 'text', 'api', n::text, '{}', '', 'none', '{}', '{}', '', 'active', now(), '{}', %s"
            " FROM generate_series(1, %s) n",
            [source.pk, number],
        )


def scans(plan: dict[str, Any]) -> list[dict[str, Any]]:
    below = [found for part in plan.get("Plans", ()) for found in scans(part)]
    return [plan, *below] if plan.get("Relation Name") == "feedback_document" else below


def test_looking_rows_up_reads_no_other_document_of_a_source_that_the_statistics_do_not_know() -> None:
    old, new = (Source.objects.create(name=name, kind="import") for name in ("old", "new"))
    stored(old, 3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_document")
    stored(new, 3_000)
    with connection.cursor() as cursor:
        wanted = array_of([f"{number}" for number in range(2_501, 3_501)])
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {receiving_many._KNOWN}", [wanted, new.pk])
        [told] = cursor.fetchone()
    [scan] = scans((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
    assert "external_id" in scan["Index Cond"]
    assert scan.get("Rows Removed by Filter", 0) == 0
    found = receiving_many._known(new, [str(number) for number in range(2_501, 3_501)])
    assert sorted(map(int, found)) == list(range(2_501, 3_001))


def test_a_batch_is_left_in_peace_and_leaves_the_process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = gc.isenabled(), sys.getswitchinterval()
    during = list[tuple[bool, bool]]()

    def look(*args: Any, **options: Any) -> Any:
        during.append((gc.isenabled(), sys.getswitchinterval() < before[1]))
        return receiving_many.receive_many(*args, **options)

    monkeypatch.setattr(documents, "receive_many", look)
    assert imported(tickets(3)).created_count == 3
    assert during == [(False, True)]
    assert (gc.isenabled(), sys.getswitchinterval()) == before


def test_batches_are_as_large_as_their_identifiers_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_IDENTIFIERS", 10)
    names = "ID,Mail,Phone,T,Note\n"
    rest = [f"{n},a{n}@ex.test,,x,hello\n" for n in range(10)]  # a note is nobody's identity
    two = [f"b{n},b{n}@ex.test,+3460011122{n},x,hello\n" for n in range(6)]
    specs = ("external_id=ID", "author.email=Mail", "author.phone=Phone", "title=T", "metadata.note=Note")
    assert imported(names + "".join(rest + two), *specs).created_count == 16
    entries = Entry.objects.filter(verb="import.batch").order_by("id")
    assert [entry.facts["rows"] for entry in entries] == [10, 5, 1]
