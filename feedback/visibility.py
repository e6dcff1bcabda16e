"""Which documents limited staff may see: those of a visible account, or of no account and a visible customer (3.5).

As for customers (customers.visibility): asked row by row in a walk, or gathered by index for teams that see few.
"""

from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet

from core.statistics import kept_a_while
from customers.visibility import EVERYBODY, ONE

_ACCOUNT = """EXISTS (SELECT FROM accounts_visibleaccount shown_to
    WHERE shown_to.account_id = {account} AND shown_to.team_id = ANY(%s::bigint[]) OFFSET 0)"""
_ACCOUNTS = "SELECT account_id FROM accounts_visibleaccount WHERE team_id = ANY(%s::bigint[])"
_EVERY = f"""SELECT of_account.id FROM accounts_visibleaccount shown_to JOIN feedback_document of_account
        ON of_account.account_id = shown_to.account_id WHERE shown_to.team_id = ANY(%s::bigint[])
    UNION ALL SELECT of_person.id FROM feedback_document of_person
        WHERE of_person.account_id IS NULL AND of_person.customer_id IN ({EVERYBODY})"""  # noqa: S608


class Shown(Func):
    """Whether one of the teams may view the document, asked row by row."""

    output_field = BooleanField()

    def __init__(self, teams: list[int]) -> None:
        super().__init__(F("pk"), F("account_id"), F("customer_id"))
        self.teams = list(teams)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        _pk, account, customer = (compiler.compile(one)[0] for one in self.source_expressions)
        sql = f"({_ACCOUNT} OR {{account}} IS NULL AND {ONE})"
        return sql.format(account=account, id=customer), [self.teams, self.teams]


class OfAccounts(Shown):
    """Whether the document is of an account that one of the teams may view: found by the index of accounts."""

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        account, _params = compiler.compile(self.source_expressions[1])
        return f"{account} = ANY (ARRAY ({_ACCOUNTS}))", [self.teams]


class OfPeople(Shown):
    """Whether it is of no account and of a customer whom the teams see: found by the index of customers."""

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        _pk, account, customer = (compiler.compile(one)[0] for one in self.source_expressions)
        return f"({account} IS NULL AND {customer} = ANY (ARRAY ({EVERYBODY})))", [self.teams]


def parted(documents: QuerySet[Any]) -> tuple[QuerySet[Any], Shown | None]:
    """`documents` as if each were visible, and the limit that was taken off; None where there is none."""
    asked = next((one for one in documents.query.where.children if isinstance(getattr(one, "lhs", None), Shown)), None)
    if asked is None:
        return documents, None
    free = documents.all()
    free.query.where.children.remove(asked)
    return free, asked.lhs  # type: ignore[union-attr]


def number_shown(teams: list[int]) -> float:
    """About how many documents these teams may see, as the planner thinks; asked again every minute."""
    return kept_a_while(("documents", *teams), lambda: _estimate(teams))


def _estimate(teams: list[int]) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT json) {_EVERY}", [teams, teams])
        plan = cursor.fetchone()[0]
    return float(plan[0]["Plan"]["Plan Rows"])
