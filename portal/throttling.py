"""How much one customer may have the portal send: what goes to other people’s mailboxes is not without end."""

from django.core.cache import cache

MOST_AN_HOUR = 20


def too_many(what: str, user_id: int) -> bool:
    """Counts one more of `what`; whether that is too many within the hour. Counts nothing while Redis is away."""
    key = f"portal:{what}:{user_id}"
    if cache.add(key, 1, timeout=3600):
        return False
    try:
        return cache.incr(key) > MOST_AN_HOUR
    except ValueError:  # it has just ended, or nobody keeps count
        return False
