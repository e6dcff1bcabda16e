"""The database's clock, moved: every moment that a transaction asks for is later, in triggers and defaults as well."""

from datetime import timedelta

from django.db import connection

_SHADOWS = """
    CREATE SCHEMA moved_clock;
    CREATE FUNCTION moved_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT pg_catalog.clock_timestamp() + current_setting('moved_clock.by')::interval $$;
    CREATE FUNCTION moved_clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT pg_catalog.statement_timestamp() + current_setting('moved_clock.by')::interval $$;
    SET LOCAL search_path = moved_clock, pg_catalog, public;
"""


class MovingClock:
    """To be made within a transaction that is taken back at the end: all of it goes with that."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL moved_clock.by = '0'")
            cursor.execute(_SHADOWS)
        self.by = timedelta()

    def move(self, days: int) -> None:
        self.by += timedelta(days=days)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('moved_clock.by', %s, true)", [f"{self.by.days} days"])
