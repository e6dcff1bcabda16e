"""The figures of the overview for limited staff: of the accounts that their teams may view, and their people (3.5).

Teams that see few are counted along the accounts' and the people's own indexes; for others each record of the period is
asked.
"""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDate

from customers.models import Customer
from customers.visibility import EVERYBODY, Belongs
from feedback.listing import GATHERED_AT_MOST
from feedback.models import Document
from feedback.visibility import Shown, number_shown

_ACCOUNTS = "SELECT account_id FROM accounts_visibleaccount WHERE team_id = ANY(%(teams)s::bigint[])"
_PERIOD = "d.state = 'active' AND d.occurred_at >= %(start)s AND d.occurred_at < %(end)s"
_OF_FEW = f"""
    SELECT d.channel, d.occurred_at FROM feedback_document d
    WHERE d.account_id = ANY (ARRAY ({_ACCOUNTS})) AND {_PERIOD}
    UNION ALL SELECT d.channel, d.occurred_at FROM feedback_document d
    WHERE d.account_id IS NULL AND d.customer_id = ANY (ARRAY ({EVERYBODY.replace("%s", "%(teams)s")})) AND {_PERIOD}
"""  # noqa: S608
_PER_DAY = "SELECT channel, (occurred_at AT TIME ZONE %(zone)s)::date, count(*) FROM ({rows}) d GROUP BY 1, 2"
_TOP = f"""
    SELECT d.account_id, count(*) FROM feedback_document d
    WHERE d.account_id = ANY (ARRAY ({_ACCOUNTS})) AND {_PERIOD} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""  # noqa: S608
_TOP_OF_MANY = f"""
    SELECT d.account_id, count(*) FROM feedback_document d
    WHERE d.account_id IN ({_ACCOUNTS}) AND {_PERIOD} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""  # noqa: S608
_UNASSIGNED = f"""
    SELECT count(*) FROM (
        SELECT FROM feedback_document d
        WHERE d.account_id = ANY (ARRAY ({_ACCOUNTS})) AND d.customer_id IS NULL AND d.state = 'active' LIMIT %(most)s
    ) few
"""  # noqa: S608


def feedback_per_day(period: dict[str, Any], teams: list[int]) -> list[tuple[str, date, int]]:
    """(channel, day, documents)."""
    parameters = {**period, "teams": teams}
    if _are_few(teams):
        return _rows(_PER_DAY.format(rows=_OF_FEW), parameters)
    found = Document.objects.active().filter(
        Shown(teams), occurred_at__gte=period["start"], occurred_at__lt=period["end"]
    )
    of_each = found.annotate(day=TruncDate("occurred_at", tzinfo=ZoneInfo(period["zone"]))).order_by()
    return list(of_each.values_list("channel", "day").annotate(Count("pk")))


def first_seen(period: dict[str, Any], teams: list[int]) -> list[tuple[date, int]]:
    """(day, customers)."""
    within = {"first_seen_at__gte": period["start"], "first_seen_at__lt": period["end"]}
    found = Customer.objects.active().filter(Belongs(teams), **within).order_by()
    of_each = found.annotate(day=TruncDate("first_seen_at", tzinfo=ZoneInfo(period["zone"])))
    return list(of_each.values_list("day").annotate(Count("pk")))


def top_accounts(period: dict[str, Any], teams: list[int]) -> list[tuple[int, int]]:
    return _rows(_TOP if _are_few(teams) else _TOP_OF_MANY, {**period, "teams": teams})


def unassigned(most: int, teams: list[int]) -> int:
    [(number,)] = _rows(_UNASSIGNED, {"most": most, "teams": teams})
    return int(number)


def _are_few(teams: list[int]) -> bool:
    return number_shown(teams) < GATHERED_AT_MOST


def _rows(sql: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
