from typing import Any

from django.contrib.auth.backends import ModelBackend

from core.lookup import by_key
from staff.models import User
from staff.standing import stands


class StaffBackend(ModelBackend):
    """Signs in by email and password; finds whoever is signed in by a lookup that every page can pay."""

    def get_user(self, user_id: Any) -> User | None:
        user = by_key(User, user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Asked at sign-in and again for every page, so that whoever is deactivated or deleted is out at once."""
        return super().user_can_authenticate(user) and stands(user)
