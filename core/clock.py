"""The database's clock, the only one that decides anything (reliability 8)."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The moment by the database, time-zone aware. Called once a command and passed on as `now`; tests replace it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
