"""Accounts as other systems describe them, many at once: made, or brought up to date where their rank lets them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Literal

from django.core.exceptions import ValidationError

from accounts.editing import EXTERNAL_ID_LIMIT, clean_external_id, clean_name
from accounts.models import Account
from audit.actor import Actor
from core.arrays import AnyOf
from core.text import fold
from core.writing_many import insert_many, next_ids, update_many
from properties import provenance
from properties.casting import Casting, Typed
from properties.models import Definition
from staff.permissions import teams_of

_NEW = (
    "id", "name", "sort_name", "external_id", "state", "properties", "provenance", "legal_hold", "created_at",
    "updated_at", "version",
)  # fmt: skip
_CHANGED = ("name", "sort_name", "properties", "provenance", "created_at")
_HIDDEN = "This key has no such account."


@dataclass(slots=True)
class AccountUpsert:
    """One account as another system describes it, by its ID there. What is None or absent was left out, and stays.

    An empty `name` is the ID again; an empty property clears. `types` are those of properties never seen. `at` is when
    all this was true at the sender: it changes nothing that the same rank has said since.
    """

    external_id: str
    name: str | None = None
    properties: dict[str, list[Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    at: datetime | None = None
    operation: Literal["upsert", "insert", "update"] = "upsert"


@dataclass(frozen=True, slots=True)
class AccountUpserted:
    """What became of one item. `code`, `message` and `field` say why it was rejected; no value is repeated in them."""

    status: Literal["created", "updated", "unchanged", "rejected", "skipped"]
    account_id: int | None = None
    code: str = ""
    message: str = ""
    field: str = ""
    deleted: bool = False  # the account is soft-deleted, and stays so


def upsert_accounts(
    items: Sequence[AccountUpsert], *, actor: Actor, now: datetime, viewer: Any = None
) -> list[AccountUpserted]:
    """What became of each, in order, as if each were a command of its own. What is the same writes nothing.

    Runs inside the caller's audit entry, in a command that is `retrying`. With `viewer`, a key bound to a team, only
    visible accounts are changed and none is made, because it would not be seen.
    """
    known = _Plan(items, actor=actor, now=now, viewer=viewer)
    found = known.run()
    if not known.touched:
        return found
    while True:
        plan = _Plan(items, actor=actor, now=now, viewer=viewer, locked=True)
        found = plan.run()
        if plan.casting.save():
            break
    plan.write()
    return found


class _Plan:
    """The items applied in order to the accounts they are about, in memory."""

    def __init__(
        self, items: Sequence[AccountUpsert], *, actor: Actor, now: datetime, viewer: Any, locked: bool = False
    ) -> None:
        self.items, self.actor, self.now = items, actor, now
        rows = Account.objects.filter(AnyOf("external_id", {item.external_id for item in items})).order_by("pk")
        rows = rows.select_for_update(no_key=True) if locked else rows
        self.accounts = {one.external_id: one for one in rows}
        teams = teams_of(viewer)
        self.visible: set[int] | None = None
        if teams is not None:
            shown = Account.objects.of_teams(teams).filter(pk__in=[one.pk for one in self.accounts.values()])
            self.visible = set(shown.values_list("pk", flat=True))
        self.casting = Casting(Definition.Subject.ACCOUNT, {key for item in items for key in item.properties})
        missing = {item.external_id for item in items} - self.accounts.keys()
        self._ids: Iterator[int] = iter(next_ids(Account, len(missing))) if locked else count(-1, -1)
        self.new: dict[int, Account] = {}
        self.changed: dict[int, Account] = {}

    @property
    def touched(self) -> bool:
        return bool(self.new or self.changed)

    def run(self) -> list[AccountUpserted]:
        return [self._take(item) for item in self.items]

    def write(self) -> None:
        insert_many(list(self.new.values()), _NEW)
        update_many([one for pk, one in sorted(self.changed.items())], _CHANGED)

    def _take(self, item: AccountUpsert) -> AccountUpserted:
        account = self.accounts.get(item.external_id)
        try:
            name = _clean_name(item)
            if len(item.external_id) > EXTERNAL_ID_LIMIT or item.external_id != clean_external_id(item.external_id):
                raise ValidationError({"external_id": "Must be 1 to 200 characters without white space around them."})
            values, new = self._cast(item)
        except ValidationError as error:
            at, messages = next(iter(error.message_dict.items()))
            return AccountUpserted("rejected", None, "invalid", messages[0], at)
        if self.visible is not None and (account is None or account.pk not in self.visible):
            return AccountUpserted("rejected", None, "unknown_account", _HIDDEN, "external_id")
        if account and account.state == Account.State.PURGING:
            return AccountUpserted("rejected", None, "being_deleted", "Being permanently deleted. Send it again later.")
        if account is None and item.operation == "update":
            return AccountUpserted("skipped")
        if account and item.operation == "insert":
            return AccountUpserted("skipped", account.pk, deleted=not account.is_active)
        self.casting.take(new)
        if account is None:
            account = self._made(item)
            self._describe(account, item, name, values)
            return AccountUpserted("created", account.pk)
        changed = self._describe(account, item, name, values)
        return AccountUpserted("updated" if changed else "unchanged", account.pk, deleted=not account.is_active)

    def _cast(self, item: AccountUpsert) -> tuple[Typed, list[Definition]]:
        try:
            return self.casting.cast(item.properties, item.types)
        except ValidationError as error:
            faults = {f"properties.{key}": messages for key, messages in error.message_dict.items()}
            raise ValidationError(faults) from None

    def _made(self, item: AccountUpsert) -> Account:
        account = Account(
            pk=next(self._ids), name=item.external_id, sort_name=fold(item.external_id)[:300],
            external_id=item.external_id, version=1, created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        self.new[account.pk] = self.accounts[item.external_id] = account
        return account

    def _describe(self, account: Account, item: AccountUpsert, name: str | None, values: Typed) -> bool:
        """Whether somebody could see a difference."""
        at = min(item.at, self.now) if item.at else None
        changed = self._name(account, name, at)
        touched = changed is not None
        for key, new in values.items():
            before = account.properties.get(key)
            if provenance.put(account.properties, account.provenance, key, new, actor=self.actor, now=self.now, at=at):
                touched = True
                changed = changed or account.properties.get(key) != before
        if item.created_at and item.created_at != account.created_at:
            account.created_at = item.created_at
            touched = changed = True
        if touched and account.pk not in self.new:
            self.changed[account.pk] = account
        return bool(changed)

    def _name(self, account: Account, name: str | None, at: datetime | None) -> bool | None:
        """Whether the account is called something else now; None when nothing about the name was to be written."""
        marks = account.provenance
        late = provenance.is_late(marks, provenance.NAME, self.actor, at)
        if name is None or late or not provenance.wins(marks, provenance.NAME, self.actor):
            return None
        held, other = marks.get(provenance.NAME), account.name != name
        again = held and held["by"] == self.actor.rank and (at is None or held["at"] == at.isoformat())
        if not other and (again or (held is None and at is None)):
            return None
        account.name, account.sort_name = name, fold(name)[:300]
        marks[provenance.NAME] = provenance.stamp(self.actor, at or self.now)
        return other


def _clean_name(item: AccountUpsert) -> str | None:
    """Raises ValidationError."""
    if item.name is None:
        return None
    try:
        return clean_name(item.name or item.external_id)
    except ValidationError as error:
        raise ValidationError({"name": error}) from None
