from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from audit.models import Source
    from staff.models import User

Rank = Literal["staff", "api", "sync"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who gives a command and through what. `rank` decides whose values win (2.7)."""

    via: str
    rank: Rank
    user_id: int | None = None
    source_id: int | None = None
    on_behalf_of_id: int | None = None  # the portal user whom `user_id` is impersonating (8.4)

    @classmethod
    def of_staff(cls, user: "User | AnonymousUser", via: str = "page") -> Self:
        """Somebody signed in: views have seen to it that `user` is."""
        return cls(via=via, rank="staff", user_id=user.pk)

    @classmethod
    def of_source(cls, source: "Source", via: str = "sync", rank: Rank = "sync") -> Self:
        return cls(via=via, rank=rank, source_id=source.pk)

    @classmethod
    def of_system(cls, via: str = "task") -> Self:
        return cls(via=via, rank="sync")
