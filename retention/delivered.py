"""What other systems sent about somebody, in the log of deliveries: it goes with them (6.2, 10.8)."""

import json
import re
from collections.abc import Sequence

from django.db import connection

from integrations.models import DeliveryRecord
from retention.words import Words

_EMPTY = "UPDATE integrations_deliveryrecord SET body = NULL, external_id = '', message = '' WHERE {which}"
_NAMING = """
    SELECT id, external_id, body FROM integrations_deliveryrecord
    WHERE body IS NOT NULL AND lower(body::text) ~ %s OR external_id <> '' AND lower(external_id) = ANY(%s)
"""
_ELSEWHERE = re.compile(r"[^\x00-\x7f]")
_META = re.compile(r"([^\w\s])", re.ASCII)


def empty_of(column: str, ids: Sequence[int]) -> None:
    """Empties the records about these: `column` is customer_id, document_id or account_id."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY.replace("{which}", f"{column} = ANY(%s)"), [list(ids)])


def empty_naming(words: Words) -> None:
    """Empties the records that name somebody, whoever they are about: rejected ones are about nobody."""
    if not (words.whole or words.digits) or not DeliveryRecord.objects.exists():
        return
    patterns = [f"(^|[^[:alnum:]]){_written(text)}($|[^[:alnum:]])" for text in sorted(words.whole)]
    patterns += [_dialled(digits) for digits in sorted(words.digits)]
    rows = DeliveryRecord.objects.raw(_NAMING, ["|".join(patterns), sorted(words.whole)])
    naming = [row.pk for row in rows.iterator() if words.are_in_data([row.external_id, row.body])]
    empty_of("id", naming)


def _written(text: str) -> str:
    """A regular expression for text as it stands in JSON; what follows looks closer. Not every server lowers `Ä`."""
    return _META.sub(r"\\\1", _ELSEWHERE.sub("\x00", json.dumps(text, ensure_ascii=False)[1:-1])).replace("\\\x00", ".")


def _dialled(digits: str) -> str:
    """A regular expression for a phone in any notation."""
    return "[^0-9]*".join(digits)
