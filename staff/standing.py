"""Whether a user still stands for somebody who may sign in: apps above know of whom, and answer (9)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from staff.models import User

Answer = Callable[["User"], bool]


def _nobody(user: "User") -> bool:
    return False


_answer: Answer = _nobody


def answered_by(answer: Answer) -> None:
    """From now on `answer(user)` says whether a customer's login may be used."""
    global _answer
    _answer = answer


def stands(user: "User") -> bool:
    """Colleagues always do; a customer as long as their record does."""
    return user.role != "portal" or _answer(user)
