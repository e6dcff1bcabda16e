"""How changes of accounts read."""

from typing import Any

from accounts.models import Account
from audit.history import Book, Line, Named, Wording, address, fields, names, verbs, words
from audit.models import Change
from properties.history import value_lines


def load(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Account.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: Named(name, address("accounts:detail", pk)) for pk, name in found}


def describe(change: Change, book: Book) -> list[Line]:
    if change.operation == Change.Operation.UPDATE:
        before, after = change.before or {}, change.after or {}
        lines = fields(change, WORDING, book, skip=("properties",))
        return lines + value_lines(before.get("properties"), after.get("properties"), "account", book)
    row = change.after or change.before or {}
    return [Line("Account", text=f"{row.get('name')} {'added' if change.after else 'removed'}")]


WORDING = Wording(
    thing="account",
    kind="account",
    labels={"external_id": "Account ID"},
    values={"state": dict(Account.State.choices)},
    hidden=frozenset({"provenance"}),
    describe=describe,
)
words("accounts_account", WORDING)
names("account", load)
verbs({"account.created": "added the account", "account.edited": "edited the account"})
