"""Which customers limited staff may see: those with a membership in an account that one of their teams may view (3.5).

Asked of one row at a time it costs some microseconds and suits a walk; asked for everybody it suits teams that see few.
The planner would choose by itself, and hash every membership there is; so `customers.listing` chooses.
"""

from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet

from core.statistics import kept_a_while

# OFFSET 0 keeps the planner from making a join of it
ONE = """EXISTS (SELECT FROM customers_membership seen_by JOIN accounts_visibleaccount shown
    ON shown.account_id = seen_by.account_id
    WHERE seen_by.customer_id = {id} AND shown.team_id = ANY(%s::bigint[]) OFFSET 0)"""
EVERYBODY = """SELECT seen_by.customer_id FROM accounts_visibleaccount shown JOIN customers_membership seen_by
    ON seen_by.account_id = shown.account_id WHERE shown.team_id = ANY(%s::bigint[])"""


class Belongs(Func):
    """Whether the customer of this id belongs to an account that one of the teams may view, asked row by row."""

    output_field = BooleanField()
    sql = ONE

    def __init__(self, teams: list[int], column: str = "pk") -> None:
        super().__init__(F(column))
        self.teams = list(teams)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        return self.sql.format(id=column), [*params, self.teams]


class Known(Belongs):
    """The same, asked row by row of everybody looked up once: for long walks, where teams see few."""

    sql = f"({{id}} IN ({EVERYBODY})) IS TRUE"


class Gathered(Belongs):
    """The same, asked for everybody beforehand: the rows are then found by their ids."""

    sql = f"{{id}} = ANY (ARRAY ({EVERYBODY}))"


def parted(customers: QuerySet[Any]) -> tuple[QuerySet[Any], Belongs | None]:
    """`customers` as if everybody were visible, and the limit that was taken off; None where there is none."""
    asked = next(
        (one for one in customers.query.where.children if isinstance(getattr(one, "lhs", None), Belongs)), None
    )
    if asked is None:
        return customers, None
    free = customers.all()
    free.query.where.children.remove(asked)
    return free, asked.lhs  # type: ignore[union-attr]


def number_seen(teams: list[int]) -> float:
    """About how many customers these teams may see, as the planner thinks; asked again every minute."""
    return kept_a_while(("customers", *teams), lambda: _estimate(teams))


def _estimate(teams: list[int]) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT json) {EVERYBODY}", [teams])
        plan = cursor.fetchone()[0]
    return float(plan[0]["Plan"]["Plan Rows"])


def limited(teams: list[int] | None, column: str = "pk") -> Q:
    """The condition for rows whose `column` names a customer."""
    return Q() if teams is None else Q(Belongs(teams, column))
