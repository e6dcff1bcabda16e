"""What a person leaves beside their own rows: values in the audit log, in imports, in jobs (6.2)."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.db.models import Q

from core.arrays import AnyOf
from core.jobs import Status
from customers.models import AccountBulkEdit, BulkEdit, DuplicateCandidate, Segment
from customers.selecting import without_its_search
from customers.setting_many import key_of
from feedback.anonymising import Known
from feedback.models import DocumentEdit
from integrations.models import Import, RowError
from retention import delivered
from retention.words import SPLIT, Words

REMOVED = "The values of this row were removed: it named somebody who was permanently deleted."

# Numbers of records and words of ours stay, so that history says what happened; every other value goes
_EMPTY = """
    UPDATE audit_change SET
        before = (SELECT jsonb_object_agg(key, {kept}) FROM jsonb_each(before)),
        after = (SELECT jsonb_object_agg(key, {kept}) FROM jsonb_each(after))
    WHERE {which}
""".replace(
    "{kept}",
    "CASE WHEN key IN ('id', 'state', 'channel', 'link', 'kind')"
    " OR key LIKE '%%\\_id' AND jsonb_typeof(value) = 'number' THEN value ELSE 'null' END",
)
_VALUES = """
    SELECT 1 FROM audit_change c WHERE customer_id = ANY(%s) AND EXISTS (
        SELECT 1 FROM jsonb_each(coalesce(before, '{}') || coalesce(after, '{}'))
        WHERE jsonb_typeof(value) <> 'null' AND key IN ('name', 'value', 'body', 'properties', 'provenance', 'evidence')
    ) LIMIT 1
"""


def empty_changes(
    *, customer_ids: Sequence[int] = (), document_ids: Sequence[int] = (), account_ids: Sequence[int] = ()
) -> None:
    """Empties the values that the audit log has of these customers, documents or accounts; who did what when stays.

    So does, of what other systems sent about them, that it came.
    """
    for column, ids in (("customer_id", customer_ids), ("document_id", document_ids), ("account_id", account_ids)):
        if ids:
            with connection.cursor() as cursor:
                cursor.execute(_EMPTY.replace("{which}", f"{column} = ANY(%s)"), [list(ids)])
            delivered.empty_of(column, ids)


def empty_rows(table: str, ids: Sequence[int]) -> None:
    """Empties the values in the audit log of these rows of a table."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY.replace("{which}", '"table" = %s AND row_id = ANY(%s)'), [table, list(ids)])


def values_of(customer_ids: Sequence[int]) -> bool:
    """Whether the audit log still holds values of these customers."""
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, [list(customer_ids)])
        return cursor.fetchone() is not None


def forget(customer_ids: Sequence[int], known: dict[int, Known]) -> None:
    """Removes every trace of these customers beside their own rows and documents."""
    empty_changes(customer_ids=customer_ids)
    _candidates(customer_ids)
    words = Words(known.values())
    _row_errors(words)
    delivered.empty_naming(words)
    _imports(words)
    _bulk_edits(words)
    _set_values(words)
    _segments(words)
    _admin_log(customer_ids)


def _candidates(ids: Sequence[int]) -> None:
    """Changes of pairs in which they come second belong to whoever comes first."""
    rows = DuplicateCandidate.objects.filter(AnyOf("second_id", ids)).values_list("pk", "first_id")
    pairs = dict(rows)
    if pairs:
        table = DuplicateCandidate._meta.db_table
        which = 'customer_id = ANY(%s) AND "table" = %s AND row_id = ANY(%s)'
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY.replace("{which}", which), [list(set(pairs.values())), table, list(pairs)])


def _row_errors(words: Words) -> None:
    """Rows that an import left out and that name them: cells and messages go."""
    if not RowError.objects.exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            r"""
            UPDATE integrations_rowerror e SET cells = '[]', message = %s
            FROM (
                SELECT DISTINCT r.job_id, r."row" FROM integrations_rowerror r,
                    jsonb_array_elements_text(r.cells) AS c(cell)
                WHERE lower(btrim(cell)) = ANY(%s)
                   OR length(cell) < 40 AND regexp_replace(cell, '\D', '', 'g') = ANY(%s)
                   OR length(cell) < 10000 AND regexp_split_to_array(lower(cell), %s) && %s
            ) found
            WHERE e.job_id = found.job_id AND e."row" = found."row"
            """,
            [REMOVED, list(words.whole), list(words.digits), SPLIT.pattern, list(words.parts)],
        )


def _imports(words: Words) -> None:
    """Values sampled from files that name them, and the files of imports that have ended."""
    for job in Import.objects.filter(file_deleted_at=None).only("layout", "plan", "status", "file"):
        ended = job.status in (Status.DONE, Status.CANCELLED)
        changed: dict[str, Any] = {}
        if ended or words.are_in_data({**job.layout, "columns": []}):
            changed["layout"] = {**job.layout, "samples": {}, "distinct": {}}
        if words.are_in_data(job.plan) and ended:
            changed["plan"] = {}
        if changed:
            Import.objects.filter(pk=job.pk).update(**changed)
        if ended:
            transaction.on_commit(lambda path=job.path: path.unlink(missing_ok=True))  # type: ignore[misc]


def _bulk_edits(words: Words) -> None:
    """Searches by which many were changed, when they name them. One under way goes on with the numbers it has left."""
    for model in (AccountBulkEdit, BulkEdit, DocumentEdit):
        searches = model.objects.exclude(query=None).exclude(query="").values_list("pk", "query")
        for pk, query in list(searches):
            if not _says(query or "", words):
                continue
            job = model.objects.select_for_update().get(pk=pk)  # waits for its batch to end
            if job.is_finished:
                model.objects.filter(pk=pk).update(query="")
            elif job.query:
                without_its_search(job)


def _set_values(words: Words) -> None:
    """Values that somebody meant to set on many, where the job ended before its time: one that ends well keeps none."""
    for model in (AccountBulkEdit, BulkEdit):
        for job in model.objects.filter(action="set_property", tag_name__contains=" = "):
            if job.is_finished and words.are_in(job.tag_name):
                model.objects.filter(pk=job.pk).update(tag_name=key_of(job.tag_name))


def _says(query: str, words: Words) -> bool:
    """Whether a list's address names them, as a search or as the value of a property (`p.contact=is:ana@…`)."""
    values = [value for _, value in parse_qsl(query)]
    return any(words.are_in(text) for value in values for text in (value, value.partition(":")[2]) if text)


def _segments(words: Words) -> None:
    """Saved filters that name them, and what history says of such a segment. Nobody is in it any more."""
    filters = Segment.objects.exclude(query="").values_list("pk", "query")
    naming = [pk for pk, query in filters if _says(query, words)]
    if naming:
        Segment.objects.filter(pk__in=naming).update(query="")
        empty_rows(Segment._meta.db_table, naming)


def _admin_log(ids: Sequence[int]) -> None:
    """What Django's admin noted about them."""
    types = apps.get_model("contenttypes", "ContentType")
    about = types.objects.filter(Q(app_label="customers", model="customer"))
    LogEntry.objects.filter(content_type__in=about, object_id__in=[str(pk) for pk in ids]).delete()
