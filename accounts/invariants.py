"""What must hold of accounts."""

from collections.abc import Iterator

from audit.invariants import every_row_recorded
from core.invariants import by_python, by_sql, stream
from core.text import fold

every_row_recorded("accounts", "every account was recorded when it was made", "accounts_account", "accounts")


@by_python("accounts", "accounts are sorted by their names")
def _sort_names() -> Iterator[int]:
    for pk, name, sort_name in stream("SELECT id, name, sort_name FROM accounts_account"):
        if fold(name)[:300] != sort_name:
            yield pk


by_sql(
    "accounts",
    "an account that is deleted is so since a moment, and only such",
    "SELECT id FROM accounts_account WHERE (state = 'active') <> (deleted_at IS NULL)",
)
