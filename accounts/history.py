"""How changes of accounts read."""

from typing import Any

from accounts.models import Account, Team
from audit.history import Book, Line, Named, Wording, address, fields, names, verbs, words
from audit.models import Change
from properties.history import value_lines


def load(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Account.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: Named(name, address("accounts:detail", pk)) for pk, name in found}


def load_teams(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {pk: Named(name) for pk, name in Team.objects.filter(pk__in=ids).values_list("pk", "name")}


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
words("accounts_team", Wording(thing="team", kind="team", hidden=frozenset({"created_at"})))
words("accounts_teamaccount", Wording(thing="account of a team", refers={"team_id": "team", "account_id": "account"}))
words("accounts_teammember", Wording(thing="member of a team", refers={"team_id": "team", "user_id": "user"}))
names("account", load)
verbs(
    {
        "team.created": "made the team",
        "team.edited": "changed what the team may view",
        "team.deleted": "deleted the team",
        "team.account_added": "chose an account for the team",
        "team.account_removed": "took an account from the team",
        "team.member_added": "put a colleague into the team",
        "team.member_removed": "took a colleague out of the team",
    }
)
names("team", load_teams)
verbs(
    {
        "account.created": "added the account",
        "account.edited": "edited the account",
        "account.renamed": "renamed the account",
        "account.property_set": "set a property of the account",
        "account.property_removed": "removed a property from the account",
        "account.property_reset": "gave a property back to the syncs for the account",
        "account.held": "set a legal hold on the account",
        "account.hold_lifted": "lifted the legal hold of the account",
        "account.deleted": "deleted the account",
        "account.restored": "restored the account",
        "account.purge_asked": "asked for the permanent deletion of the account",
        "account.purged": "permanently deleted the account",
        "accounts.exported": "exported accounts",
        "organisation.added": "added the organisation",
    }
)
