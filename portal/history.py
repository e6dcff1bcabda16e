"""How what happens in the portal reads in the histories that staff see."""

from audit.history import ICONS, THROUGH, verbs

THROUGH["portal"] = "in the portal"
ICONS |= {"impersonation": "venetian-mask", "portal": "log-in"}
verbs({
    "customer.deletion_requested": "asked for the deletion of",
    "customer.deletion_cancelled": "took back the request to delete",
    "document.account_set": "set the account of",
    "impersonation.ended": "left the portal of",
    "impersonation.started": "went into the portal as",
    "portal.invited": "invited to the portal",
    "portal.password_changed": "changed the password of",
    "portal.preferences_changed": "changed the portal’s preferences of",
    "portal.signed_in": "signed in to the portal of",
})  # fmt: skip
