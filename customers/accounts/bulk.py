"""One change to many accounts (3.1): how `customers.selecting` changes them."""

from collections.abc import Collection
from datetime import datetime

from accounts.models import Account
from audit.actor import Actor
from customers.accounts import deleting
from customers.accounts.filters import AccountsFilter
from customers.selecting import Applied, Kind


class Accounts(Kind):
    model = Account
    filter_class = AccountsFilter
    noun = "account"
    may_edit = "accounts.edit"
    may_delete = "accounts.delete"
    actions = ("delete", "restore")
    gone = {
        Account.State.ACTIVE: "Not deleted",
        Account.State.DELETED: "Deleted",
        Account.State.PURGING: "Being permanently deleted",
    }

    def apply(self, action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
        command = deleting.restore_many if action == "restore" else deleting.delete_many
        done = command(sorted(ids), actor=actor, now=now)
        return Applied(len(done.changed), done.entry_id, done.skipped)


ACCOUNTS = Accounts()
