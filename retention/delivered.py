"""What other systems sent about somebody, in the log of deliveries: it goes with them (6.2, 10.8)."""

import json
import re
from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from integrations.models import DeliveryRecord
from retention.words import Words

_EMPTY = "UPDATE integrations_deliveryrecord SET body = NULL, external_id = '', message = '' WHERE {which}"
_NO_DIGIT = re.compile(r"\D+")
_CHUNK = 1_000


def empty_of(column: str, ids: Sequence[int]) -> None:
    """Empties the records about these: `column` is customer_id, document_id or account_id."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY.replace("{which}", f"{column} = ANY(%s)"), [list(ids)])


def empty_naming(words: Words) -> None:
    """Empties the records about nobody that name one of these people: what was rejected, above all.

    What others' records say of them is what those others' rows say, too.
    """
    about_nobody = DeliveryRecord.objects.filter(customer_id=None, account_id=None, document_id=None)
    kept = about_nobody.filter(Q(body__isnull=False) | ~Q(external_id="")).order_by()
    rows = kept.annotate(text=Cast("body", TextField())).values_list("pk", "external_id", "text").iterator(_CHUNK)
    written = [json.dumps(word, ensure_ascii=False)[1:-1] for word in words.whole]
    likely = [pk for pk, sent, text in rows if _may_name(f"{sent} {text or ''}".lower(), written, words.digits)]
    looked_at = DeliveryRecord.objects.filter(pk__in=likely).values_list("pk", "external_id", "body")
    empty_of("id", [pk for pk, *sent in looked_at.iterator(_CHUNK) if words.are_in_data(sent)])


def _may_name(text: str, written: Sequence[str], phones: Collection[str]) -> bool:
    """A quick look, which most records do not pass."""
    if any(word in text for word in written):
        return True
    digits = _NO_DIGIT.sub("", text) if phones else ""
    return any(phone in digits for phone in phones)
