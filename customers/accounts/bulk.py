"""One change to many accounts (3.1): how `customers.selecting` changes them."""

from collections.abc import Collection
from datetime import datetime

from django.http import QueryDict

from accounts.models import Account
from audit.actor import Actor
from customers import setting_many
from customers.accounts import deleting
from customers.accounts.filters import AccountsFilter
from customers.selecting import Applied, Kind
from customers.setting_many import SETTING
from properties.models import Definition


class Accounts(Kind):
    model = Account
    filter_class = AccountsFilter
    noun = "account"
    may_edit = "accounts.edit"
    may_delete = "accounts.delete"
    actions = ("delete", "restore", *SETTING)
    gone = {
        Account.State.ACTIVE: "Not deleted",
        Account.State.DELETED: "Deleted",
        Account.State.PURGING: "Being permanently deleted",
    }

    def typed(self, action: str, posted: QueryDict) -> str:
        if action not in SETTING:
            return super().typed(action, posted)
        return setting_many.asked(action, posted.get("key", ""), posted.get("value", ""), Definition.Subject.ACCOUNT)

    def named(self, action: str, typed: str) -> str:
        return typed if action in SETTING else super().named(action, typed)

    def said(self, action: str, name: str, numbers: str) -> str:
        return setting_many.said(action, name, numbers) if action in SETTING else super().said(action, name, numbers)

    def apply(self, action: str, tag_name: str, ids: Collection[int], *, actor: Actor, now: datetime) -> Applied:
        if action in SETTING:
            changed, entry_id = setting_many.change(Account, tag_name, ids, actor=actor, now=now)
            return Applied(len(changed), entry_id)
        command = deleting.restore_many if action == "restore" else deleting.delete_many
        done = command(sorted(ids), actor=actor, now=now)
        return Applied(len(done.changed), done.entry_id, done.skipped)


ACCOUNTS = Accounts()
