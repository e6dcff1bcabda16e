"""How what admins do with colleagues reads in the audit log."""

from typing import Any

from audit.history import Named, address, names, verbs
from staff.models import Role, User
from staff.permissions import may


def load_users(ids: set[int], viewer: Any) -> dict[int, Named]:
    """Colleagues and customers who sign in; for those who manage staff, colleagues lead to their page."""
    manages = may(viewer, "staff.manage")
    return {
        user.pk: Named(str(user), address("colleagues:detail", user.pk) if manages and user.role != Role.PORTAL else "")
        for user in User.objects.filter(pk__in=ids)
    }


names("user", load_users)
verbs(
    {
        "colleague.invited": "invited",
        "colleague.invited_again": "invited again",
        "colleague.changed": "changed",
        "colleague.deactivated": "deactivated",
        "colleague.reactivated": "reactivated",
        "colleague.second_factors_reset": "reset the two-factor authentication of",
        "colleague.signed_out": "signed out",
        "rules.changed": "changed the rules for signing in",
    }
)
