"""Who the callers are: user IDs and anonymous IDs resolved for many calls at once (contracts 3, 5.2).

An anonymous ID is a browser, which several people may use. So it recognises somebody on its own or for a user ID that
nobody has yet, but it never speaks against a user ID, and never gives one person the user ID of another.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from core.arrays import AnyOf
from customers.identifying import Identity, identity
from customers.models import Customer, Identifier
from customers.suppressing import among
from integrations.tracking.calls import Call, Wrong

USER, ANONYMOUS = Identifier.Kind.USER_ID, Identifier.Kind.ANONYMOUS_ID


class Identities:
    """Makes identities of IDs, each once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Identity] = {}

    def of(self, call: Call) -> tuple[Identity | None, Identity | None]:
        """The user and the browser that a call names. Raises Wrong."""
        return self.one(USER, call.user_id, "userId"), self.one(ANONYMOUS, call.anonymous_id, "anonymousId")

    def one(self, kind: str, text: str, field: str) -> Identity | None:
        if not text:
            return None
        made = self._made.get((kind, text))
        if made is None:
            try:
                made = self._made[kind, text] = identity(kind, text)
            except ValidationError as error:
                raise Wrong(field, error.messages[0]) from None
        return made


class Known:
    """Whose user IDs and anonymous IDs are; the identities are locked."""

    def __init__(self, identities: Iterable[Identity], viewer: Any = None) -> None:
        self._identities, self._viewer = set(identities), viewer
        self._claimed: dict[Identity, Identity] = {}
        self.look()

    def look(self) -> None:
        """Asks the database, again after somebody was added."""
        wanted = sorted({one.normalized for one in self._identities})
        held = Identifier.objects.filter(AnyOf("normalized", wanted), kind__in=[USER, ANONYMOUS])
        rows = list(held.values_list("kind", "normalized", "customer_id")) if wanted else []
        self._owners = {(kind, normalized): customer_id for kind, normalized, customer_id in rows}
        free = [one for one in self._identities if (one.kind, one.normalized) not in self._owners]
        self.suppressed = among(free)
        browsers = {customer_id for kind, _, customer_id in rows if kind == ANONYMOUS}
        with_user = Identifier.objects.filter(AnyOf("customer_id", sorted(browsers)), kind=USER) if browsers else None
        self._users = set(with_user.values_list("customer_id", flat=True)) if with_user is not None else set()
        self._hidden = self._hidden_among({customer_id for *_, customer_id in rows})

    def owner(self, one: Identity | None) -> int | None:
        return self._owners.get((one.kind, one.normalized)) if one else None

    def is_hidden(self, customer_id: int | None) -> bool:
        """Whether the key's team may not see this customer."""
        return customer_id in self._hidden

    def known_as(self, user: Identity | None, browser: Identity | None) -> list[Identity]:
        """What the call may be recognised by, the browser left out where it is somebody else's."""
        if user is None or browser is None:
            return [one for one in (user, browser) if one]
        whose, owner = self.owner(browser), self.owner(user)
        foreign = whose is not None and (whose != owner if owner else whose in self._users)
        if foreign or self._claimed.setdefault(browser, user) != user:
            return [user]
        return [user, browser]

    def _hidden_among(self, customer_ids: set[int]) -> set[int]:
        if getattr(self._viewer, "team_ids", None) is None or not customer_ids:
            return set()
        seen = Customer.objects.visible_to(self._viewer).filter(AnyOf("pk", customer_ids))
        return customer_ids - set(seen.values_list("pk", flat=True))
